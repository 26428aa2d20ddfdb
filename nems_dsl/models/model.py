"""The Model: layers, composed; what a string builds, a fit returns, and users work with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from .. import compiler
from .._threads import one_blas_thread
from ..argument_names import takes_names_of_others
from ..compiler.build import bind_chain, build_layer, build_layers, tree_of
from ..compiler.strings import read_quietly
from ..data.edges import check_edges
from ..data.recording import Recording, read_recording
from ..data.trials import Data
from ..fit_options import FitArguments, FitOptions, document_options
from ..graph.evaluation import evaluate_trials, without_edges
from ..graph.reach import find_reach
from ..graph.wiring import check_signals, check_signals_of_tree, connect, needed
from ..layers.base import Layer
from ..layers.equality import same_layer
from ..metrics import get_metric
from ..preparation import Preparation
from .display.shown import Shown
from .later import LaterResults
from .layer_list import LayerList
from .meta import read_meta
from .parameters import HasParameters
from .simulation import draw_responses

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..fitting.results import FitResults
    from ..studies import CrossValidation

RULE = "~" * 64


class Model(HasParameters, Shown):
    """A chain of layers that turns a stimulus into a predicted response.

    Parameters
    ----------
    string : str, optional
        A model string, such as ``wc.18x4-fir.4x15-dexp.1``.
    dialect : str
        The language that the string is written in.
    layers : str, Layer, or list of these, optional
        Instead of `string`: the layers themselves, and strings of keywords, which may leave out
        sizes that their neighbours tell. A layer that belongs to another model is copied.
    N, R, S : int, optional
        Numbers of input, response and state channels, for symbols in the string. Those that are
        left open are bound when the model meets data.
    name : str, optional
        A name of your own; the model's identity is its string.
    meta : dict, optional
        What you want to keep with the model, such as where the cell was: anything that JSON can
        hold. Copies, fitted models and files keep it.

    Attributes
    ----------
    results : FitResults or None
        How the fit went that gave this model.

    Raises
    ------
    ModelStringError
        The string is not a model, or its layers do not fit together.
    TypeError
        JSON cannot hold something in `meta`.

    Notes
    -----
    Two models are equal if they have the same string, or the same layers where there is none, and
    the same parameters, bounds, priors, frozen flags and names. How a fit went and what was noted
    down, `results` and `meta`, are not compared. Models cannot be keys of a dict: they change.

    A copy is always independent: `copy.copy(model)` is `model.copy()`.

    Examples
    --------
    >>> import numpy as np
    >>> model = Model("wc.18x4-fir.x15-dexp")
    >>> model.string, model.parameter_count
    ('wc.18x4-fir.4x15-dexp.1', 136)
    >>> model.predict(np.zeros((100, 18))).shape
    (100, 1)
    >>> Model(layers=["wc.18x4", "fir.x15"], meta={"cell": "A1-u3"}).meta
    {'cell': 'A1-u3'}
    """

    @takes_names_of_others
    def __init__(
        self,
        string: str | None = None,
        dialect: str = "native",
        *,
        layers: str | Layer | Iterable[str | Layer] | None = None,
        N: int | None = None,
        R: int | None = None,
        S: int | None = None,
        name: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ):
        if string is not None and layers is not None:
            raise TypeError("give a model by its string or by its layers, not by both")
        self.name, self.meta = name, meta
        self._results: FitResults | LaterResults | None = None
        self.preparation: Preparation | None = None
        self._tree: compiler.BoundModel | None = None
        # a string of a dialect in which sizes may mean something else once the state is known
        self._there: tuple[str, str, dict[str, Any]] | None = None
        self._layers: LayerList | None = LayerList()
        given = [layers] if isinstance(layers, str | Layer) else list(layers or [])
        if given and all(isinstance(each, str) for each in given):
            string = "-".join(map(str, given))
        if string is not None:
            self._tree = compiler.parse(string, dialect, N=N, R=R, S=S)
            if dialect != "native" and S is None:
                self._there = string, dialect, {"N": N, "R": R}
            self._layers = None if self._tree.symbols else LayerList(build_layers(self._tree))
            return
        compiler.check_dialect(dialect)
        values = compiler.read_sizes(N=N, R=R, S=S)
        if dialect != "native" and any(isinstance(each, str) for each in given):
            raise ValueError(
                f"strings among layers are native; nems_dsl.convert(string, {dialect!r}, 'native') "
                "writes them so"
            )
        if given:
            self._append(given, values)

    @classmethod
    def from_keywords(
        cls, *keywords: str | Iterable[str], dialect: str = "native", **arguments: Any
    ) -> Model:
        """Build a model from keywords, one or several to a string, or a list of them.

        Examples
        --------
        >>> Model.from_keywords("wc.18x4", "fir.4x15-dexp.1").string
        'wc.18x4-fir.4x15-dexp.1'
        >>> Model.from_keywords(["wc.18x4", "fir.4x15"]).string
        'wc.18x4-fir.4x15'
        """
        given = [[each] if isinstance(each, str) else list(each) for each in keywords]
        return cls(
            layers=[keyword for each in given for keyword in each], dialect=dialect, **arguments
        )

    @classmethod
    def from_tree(cls, tree: compiler.BoundModel, **arguments: Any) -> Model:
        """Build a model from a tree that was read before.

        Parameters
        ----------
        tree : BoundModel
            What `nems_dsl.parse` gives.
        **arguments
            `name` and `meta`, as for a model from a string.

        Examples
        --------
        >>> from nems_dsl import parse
        >>> Model.from_tree(parse("wc.18x4-lvl")).string
        'wc.18x4-lvl.4'
        """
        model = cls(**arguments)
        model._tree = tree
        model._layers = None if tree.symbols else LayerList(build_layers(tree))
        return model

    # ---- structure ---------------------------------------------------------------------------

    @property
    def layers(self) -> LayerList:
        """The layers, by place or by name.

        Raises
        ------
        ValueError
            The string leaves sizes open that only data can tell.
        """
        if self._layers is None:
            assert self._tree is not None
            self._layers = LayerList(build_layers(self._tree))
        return self._layers

    @property
    def results(self) -> FitResults | None:
        """How the fit went; None if there was none.

        Of very many linear models that were fitted together it is worked out when it is first
        asked for; see `nems_dsl.fit`.
        """
        if isinstance(self._results, LaterResults):
            self._results = self._results.get()
        return self._results

    @results.setter
    def results(self, results: FitResults | LaterResults | None) -> None:
        self._results = results

    @property
    def has_later_results(self) -> bool:
        """Whether the model is fitted, and `results` has yet to be worked out."""
        return isinstance(self._results, LaterResults)

    @property
    def meta(self) -> dict[str, Any]:
        """What was noted down of the model.

        Raises
        ------
        TypeError
            It is set to something that JSON cannot hold.
        """
        return self._meta

    @meta.setter
    def meta(self, meta: Mapping[str, Any] | None) -> None:
        self._meta = read_meta(meta)

    def add_layers(self, *layers: Layer | str) -> None:
        """Append layers to the chain, or keywords, one or several to a string.

        A layer that belongs to another model is copied.

        Raises
        ------
        TypeError
            Something that is not a layer.
        ValueError
            A layer is in the model already, or two have the same name.
        ModelStringError
            Layers that have keywords do not fit together, or a string cannot be read.

        Examples
        --------
        >>> model = Model("wc.18x4")
        >>> model.add_layers("fir.x15", "dexp")
        >>> model.string
        'wc.18x4-fir.4x15-dexp.1'
        """
        self._append(layers)

    def _append(self, layers: Sequence[Any], values: Mapping[str, int] | None = None) -> None:
        for layer in layers:
            if not isinstance(layer, Layer | str):
                hint = " (an instance, not the class)" if isinstance(layer, type) else ""
                raise TypeError(
                    f"a model is made of layers{hint} and of strings of keywords, not of {layer!r}"
                )
        is_open = self._layers is None and all(isinstance(layer, str) for layer in layers)
        chain: list[Any] = [*([self._tree] if is_open else self.layers), *layers]
        tree, parts = bind_chain(chain, values)
        has_objects = any(isinstance(part, Layer) for part in parts)
        if tree.symbols and has_objects:
            symbols = sorted(tree.symbols)
            raise ValueError(
                f"the sizes {', '.join(symbols)} are open, and strings beside layers need all "
                f"sizes: give them, as in Model(layers=[...], {symbols[0]}=18)"
            )
        if tree.symbols:
            self._tree, self._layers = tree, None
            return
        extended = [part if isinstance(part, Layer) else build_layer(part) for part in parts]
        connect(extended)
        self._layers = LayerList(extended, successor_of=self._layers)
        has_keywords = all(layer.signature is not None for layer in extended)
        self._tree = tree if has_keywords and extended else None

    @property
    def string(self) -> str:
        """The canonical model string.

        Raises
        ------
        ValueError
            A layer has no keyword.
        """
        return self.tree.string

    @property
    def tree(self) -> compiler.BoundModel:
        """The bound tree of the string.

        Raises
        ------
        ValueError
            A layer has no keyword.
        """
        return tree_of(self.layers) if self._tree is None else self._tree

    @property
    def function_id(self) -> str:
        """Twelve hexadecimal digits that stand for what the model computes.

        They are equal for models that differ in names of inner signals alone, in the order of
        branches that commute, or in keywords that say the same.

        Examples
        --------
        >>> Model("strf.18x15-dexp.1").function_id == Model("fir.18x15-dexp.1").function_id
        True
        """
        return compiler.function_id(self.tree)

    @property
    def model_id(self) -> str:
        """Twelve hexadecimal digits that stand for the string, as a key."""
        return compiler.bound.model_id(self.string)

    @property
    def has_one_output(self) -> bool:
        """Whether the model predicts one channel; False where only data can tell."""
        if self._tree is None and any(layer.signature is None for layer in self.layers):
            return False
        return self.tree.has_one_output

    @property
    def parameter_count(self) -> int:
        """Number of parameters that a fit can move; permanent ones are left out."""
        return sum(
            parameter.size
            for layer in self.layers
            for parameter in layer.parameters.values()
            if not parameter.is_permanent
        )

    def copy(self) -> Model:
        """Give an independent copy."""
        return copy.deepcopy(self)

    def __copy__(self) -> Model:
        return self.copy()

    def __eq__(self, other: object) -> bool:
        """Compare name, preparation, string or layers, parameters with bounds and priors, names."""
        if not isinstance(other, Model):
            return NotImplemented
        if self.name != other.name or self._tree != other._tree:
            return False
        if self.preparation != other.preparation:
            return False
        if self._layers is None or other._layers is None:
            return self._layers is other._layers
        # what a tree reads and gives was compared with it
        pairs = zip(self._layers, other._layers, strict=False)
        return len(self._layers) == len(other._layers) and all(
            same_layer(one, its, wiring=self._tree is None) for one, its in pairs
        )

    # parameters change
    __hash__ = None  # type: ignore[assignment]

    def bind_data(self, x: Data, response: tuple[int, ...] | None = None) -> Model:
        """Give a model whose symbols are bound to data, and whose sizes fit them.

        Parameters
        ----------
        x : array, list or dict
            The input.
        response : tuple of int, optional
            Channels of the response.

        Returns
        -------
        Model
            This one, if nothing was open.

        Raises
        ------
        ModelStringError
            Something does not fit the data: names the keyword, what was expected, what came.
        ValueError
            The data lack a signal that a layer reads.
        """
        return self.bind_recording(read_recording(x), response)[0]

    def bind_recording(
        self, recording: Recording, response: tuple[int, ...] | None = None
    ) -> tuple[Model, Recording]:
        """Give what `bind_data` does, and the recording as its layers see it: prepared."""
        if self.preparation is not None:
            recording = self.preparation.apply(recording)
        return self._bound(recording, response), recording

    def _bound(self, recording: Recording, response: tuple[int, ...] | None) -> Model:
        if self._tree is not None:
            check_signals_of_tree(self._tree, recording.signals)
            shapes, n_bins = recording.shapes(), max(recording.lengths)
            tree = self._tree
            if self._there is not None and "state" in shapes:
                string, dialect, sizes = self._there
                tree, _ = read_quietly(string, dialect, **sizes, S=shapes["state"][0])
            bound = compiler.fit_to_data(tree, shapes, response, n_bins)
            if bound != self._tree:
                model = Model.from_tree(bound, name=self.name, meta=self.meta)
                model.preparation = self.preparation
                check_signals(connect(model.layers), recording.signals)
                return model
        if not len(self.layers):
            raise ValueError("the model has no layers; add some, or build it from a string")
        check_signals(connect(self.layers), recording.signals)
        return self

    # ---- evaluation --------------------------------------------------------------------------

    @takes_names_of_others
    def evaluate(self, x: Data, state: Data | None = None, *, return_full_data: bool = True) -> Any:
        """Transform data.

        Parameters
        ----------
        x : (T, channels) or (trials, T, channels) array, list of (T_i, channels), or dict of these
            The stimulus, or signals by name. Trials are evaluated apart: nothing leaks from one
            into the next.
        state : like `x`, optional
            The signal ``state``, where `x` does not have it.
        return_full_data : bool
            Give a dict of the input, every output that has a name, and the last as ``output``.
            Otherwise the last output alone.

        Returns
        -------
        dict, or an array or list of the form of `x`
        """
        recording = read_recording(x, state=state)
        outputs = self._outputs(recording, self.edges)
        restore, names = recording.restore, recording.names
        if not return_full_data:
            return restore(outputs["output"])
        given = {names.get(name, name): restore(t) for name, t in recording.signals.items()}
        return {**given, **{name: restore(trials) for name, trials in outputs.items()}}

    @takes_names_of_others
    def predict(self, x: Data, state: Data | None = None) -> Any:
        """Predict the response to a stimulus.

        Parameters
        ----------
        x, state : as for `evaluate`

        Returns
        -------
        (T, channels) or (trials, T, channels) array, or list of (T_i, channels) arrays
            In the form of `x`; NaN for channels from which nothing could be learnt.
        """
        return self.evaluate(x, state, return_full_data=False)

    @one_blas_thread()
    def simulate(
        self,
        x: Data,
        n_trials: int = 1,
        seed: int | None = None,
        *,
        state: Data | None = None,
    ) -> Any:
        """Draw responses to a stimulus: the prediction, and noise as the fit has found it.

        Parameters
        ----------
        x, state : as for `evaluate`
        n_trials : int
            How many times each stimulus is presented.
        seed : int, optional
            Of what is drawn; something else each time by default.

        Returns
        -------
        (n_trials, T, channels) array, or list of these
            One for each stimulus, where there are several. After a fit with the loss "poisson"
            these are counts; otherwise there is normal noise of the variance of the residuals,
            independent from bin to bin.

        Raises
        ------
        ValueError
            The model is not fitted, or its fit does not tell how much noise there is.

        Examples
        --------
        >>> from nems_dsl.datasets import simulate
        >>> data = simulate(n_times=2000, n_channels=6, n_taps=4, snr=4.0)
        >>> model = Model("fir.6x4").fit(data.stim, data.resp, verbose=0)
        >>> trials = model.simulate(data.stim, n_trials=3, seed=1)
        >>> trials.shape
        (3, 2000, 1)
        """
        recording = read_recording(x, state=state)
        bound, prepared = self.bind_recording(recording)
        predicted = self._learnt(
            evaluate_trials(connect(bound.layers), prepared, self.edges)["output"]
        )
        drawn = draw_responses(predicted, self.results, n_trials, seed)
        if self.preparation is not None:
            drawn = [np.stack(self.preparation.undo(list(trials))) for trials in drawn]
        return drawn[0] if len(drawn) == 1 else drawn

    def predict_trials(self, recording: Recording) -> list[np.ndarray]:
        """Return the predictions for a recording, trial by trial.

        Parameters
        ----------
        recording : Recording

        Returns
        -------
        list of (T_i, channels) arrays
        """
        return self._outputs(recording, self.edges)["output"]

    @property
    def edges(self) -> str:
        """What the stimulus is taken for before trials begin, as the model was fitted."""
        return "zeros" if self._results is None else self._results.edges

    def _outputs(self, recording: Recording, edges: str) -> dict[str, list[np.ndarray]]:
        bound, prepared = self.bind_recording(recording)
        outputs = evaluate_trials(connect(bound.layers), prepared, edges)
        learnt = self._learnt(outputs["output"])
        if self.preparation is not None:
            learnt = self.preparation.undo(learnt)
        return {**outputs, "output": learnt}

    def _learnt(self, prediction: list[np.ndarray]) -> list[np.ndarray]:
        if self._results is None or isinstance(self._results, LaterResults):
            return prediction
        return [self._results.without_silent(trial) for trial in prediction]

    @takes_names_of_others
    @one_blas_thread()
    def score(
        self,
        x: Data,
        y: Data | None = None,
        metric: str = "correlation",
        *,
        state: Data | None = None,
        edges: str | None = None,
    ) -> Any:
        """Compare predictions with a response, on data that the fit has not seen.

        Parameters
        ----------
        x, y, state : as for `fit`
        metric : str
            "correlation", "nmse", "mse", "r2", "explained_variance", "poisson_log_likelihood" or
            "bits_per_spike".
        edges : {"zeros", "omit", "hold"}, optional
            As for `fit`; by default as the model was fitted.

        Returns
        -------
        float or (channels,) ndarray
            nmse and mse over all channels; the others per channel (a float for one channel).
        """
        measure = get_metric(metric)
        recording = read_recording(x, y, state=state)
        edges = self.edges if edges is None else check_edges(edges)
        nodes = connect(self.bind_data(recording, (recording.n_channels,)).layers)
        prediction = self._outputs(recording, edges)["output"]
        reach = find_reach(nodes, needed(nodes, len(nodes) - 1))
        return measure(prediction, without_edges(recording, reach, edges).target)

    @takes_names_of_others
    def dstrf(
        self,
        x: Data,
        times: Any = None,
        lags: int | tuple[int, int] | None = None,
        *,
        signal: str = "stim",
        state: Data | None = None,
    ) -> Any:
        """Give the exact local receptive field at each of some times.

        It is the derivative of the output at time t by the input k bins before,
        ``d output[t, o] / d x[t - k, c]``: the receptive field, for a linear model; for any
        other, the linear model that is nearest to it for the stimulus just before t.

        Parameters
        ----------
        x : as for `predict`
        times : int, sequence of int, or one sequence per trial, optional
            Bins of the output; by default all.
        lags : int or (first, stop), optional
            How many lags, from lag 0 on, or from which to which; a lag below 0 lies ahead. By
            default all that the model remembers, and those that it looks ahead.
        signal : str
            The signal of the data to differentiate by.
        state : like `x`, optional
            The signal ``state``, where `x` does not have it.

        Returns
        -------
        (n_times, n_outputs, channels, lags) array, or one per trial in the form of `x`
            Lag 0 first. It is 0 for bins outside the trial. An output with a bank counts as
            channels times bank outputs, the bank fastest.

        Raises
        ------
        ValueError
            There is no such time or signal; or no lags are given and the model, for example one
            with `stp`, remembers without bounds.

        Notes
        -----
        The layers' own derivatives are carried back, for each time over the bins that its output
        depends on, or, for unbounded memory, over the trial up to that time. If a layer gives
        none, and the signal bears on it, the whole model is differentiated by central
        differences: each value of the signal that counts is moved a little up and down.

        Examples
        --------
        >>> import numpy as np
        >>> x = np.random.default_rng(0).random((200, 18))
        >>> Model("wc.18x4-fir.4x15-dexp.1").dstrf(x, times=[50, 120]).shape
        (2, 1, 18, 15)
        """
        from ..studies.dstrf import dstrf

        return dstrf(self, x, times, lags, signal=signal, state=state)

    # ---- fitting -----------------------------------------------------------------------------

    @document_options
    def fit(
        self,
        x: Data,
        y: Data | None = None,
        *,
        state: Data | None = None,
        mask: Any = None,
        verbose: int = 1,
        callback: Callable[[int, float], object] | None = None,
        **options: Unpack[FitArguments],
    ) -> Model:
        """Fit a copy of the model to a response.

        Parameters
        ----------
        x : (T, channels) or (trials, T, channels) array, list of (T_i, channels), or dict of these
            The stimulus, or signals by name; finite. Or a `Recording`, which has the response too.
        y : like `x`, or (T,)
            The response; NaN is left out.
        state : like `x`, optional
            The signal ``state``, where `x` does not have it.
        mask : like `y`, or without its channels, optional
            True where the response is used.
        verbose : int
            1 prints how the fit is going, 0 is silent.
        callback : callable, optional
            Called with the iteration's number and the loss; ends the search if it returns True.
        {options}

        Returns
        -------
        Model
            The fitted copy; `results` says how it went. This model stays as it is.

        Raises
        ------
        ValueError, ModelStringError
            The data cannot be fitted: says what is wrong and where, before anything runs.
        TypeError
            There is no such option.

        Notes
        -----
        Ctrl-C ends the search, and the best parameters so far are given.

        Examples
        --------
        >>> import numpy as np
        >>> x = np.random.default_rng(0).random((500, 4))
        >>> fitted = Model("wc.4x1-lvl.1").fit(x, x[:, 2] + 1, verbose=0)
        >>> fitted.results.converged
        True
        """
        from .fit import fit_model

        chosen = FitOptions.read(options, "fit")
        is_single = chosen.dtype == "float32"
        recording = read_recording(x, y, state=state, mask=mask, single=is_single)
        return fit_model(self, recording, chosen, verbose=verbose, callback=callback)

    def cross_validate(
        self, x: Data, y: Data | None = None, *, state: Data | None = None, **arguments: Any
    ) -> CrossValidation:
        """Fit copies to all of the data but a part, and predict that part; for all parts.

        Parameters
        ----------
        x, y, state : as for `fit`
        **arguments
            As for `nems_dsl.cross_validate`: `n_folds`, `by`, `gap`, `metric` and others, and
            those of `fit`.

        Returns
        -------
        CrossValidation
            Scores with standard errors, held-out predictions, and the model of each fold.

        Examples
        --------
        >>> import numpy as np
        >>> x = np.random.default_rng(0).random((500, 4))
        >>> result = Model("wc.4x1-lvl.1").cross_validate(x, x[:, 2] + 1, n_folds=5)
        >>> round(result.score, 3)
        1.0
        """
        from ..studies import cross_validate

        return cross_validate(self, x, y, state=state, **arguments)

    def start_from(self, source: Model) -> Model:
        """Give a copy whose parameters are those of another model, where keywords match.

        Parameters
        ----------
        source : Model
            Usually a fitted one, of another rank or with other keywords around.

        Returns
        -------
        Model
            To be fitted; `nems_dsl.models.take_parameters` says how keywords are matched, and
            reports what was taken.

        Examples
        --------
        >>> small = Model("wc.18x1-fir.1x10-lvl.1")
        >>> large = Model("wc.18x2-fir.2x15-dexp.1").start_from(small)
        >>> small.layers["wc"].parameters["coefficients"].values[:, 0].tolist() == (
        ...     large.layers["wc"].parameters["coefficients"].values[:, 0].tolist())
        True
        """
        from .reuse import take_parameters

        return take_parameters(self, source)[0]

    # ---- keeping -----------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the model to a JSON file: string, parameters, and how the fit went.

        Raises
        ------
        ValueError
            A layer has no keyword, so that no string can say how to build it.
        """
        from .saving import save_model

        return save_model(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> Model:
        """Read a model that `save` wrote; its predictions are the same to the last bit.

        A model that NEMS saved as JSON is read too; see `from_nems_json`.

        Raises
        ------
        ValueError
            The file is damaged, of a newer format, or names a keyword that is not known.
        """
        from .saving import is_of_nems, load_model

        if is_of_nems(Path(path)):
            return Model.from_nems_json(path)
        return load_model(Path(path), Model)

    @staticmethod
    def from_nems_json(path_or_text: str | Path, *, S: int | None = None) -> Model:
        """Read a model that NEMS (0.0.3 and later) saved as JSON; it predicts what it did there.

        Parameters
        ----------
        path_or_text : str or Path
            The file, or its text.
        S : int, optional
            Number of state channels; ``stategain`` of one row more has a constant term.

        Returns
        -------
        Model
            With the bounds, frozen flags and notes of the file, and with its priors where they
            are normal, half-normal or uniform. How its fit went is in ``meta["nems_results"]``.

        Raises
        ------
        ValueError
            The file is damaged, or has a layer, an option or a wiring that no string here says:
            names the file, the layer, and what to do.
        """
        from ..interop.nems_json import read_nems_json

        return read_nems_json(path_or_text, S=S)

    def plot(self, x: Data | None = None, y: Data | None = None, **arguments: Any) -> Figure:
        """Draw the model: receptive field, nonlinearity, and prediction against response.

        Parameters
        ----------
        x, y : as for `fit`, optional
            Data to predict and compare with.
        **arguments
            As for `nems_dsl.visualization.plot_model`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ..visualization import plot_model

        return plot_model(self, x, y, **arguments)

    def __repr__(self) -> str:
        if self._tree is not None:
            named = "" if self.name is None else f", name={self.name!r}"
            return f"Model({self._tree.text!r}{named})"
        body = "".join(f"{layer!r}\n\n" for layer in self.layers)
        return f"Model({self.name or ''})\n{RULE}\n{body}{RULE}"
