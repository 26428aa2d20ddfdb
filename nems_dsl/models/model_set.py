"""Models of one string, one for each of several response channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .._html import heading, notes, table
from .._plain import Plain
from .._threads import one_blas_thread
from ..argument_names import takes_names_of_others
from ..data.recording import read_recording
from ..data.trials import Data
from ..metrics import get_metric
from .later import LaterModels
from .model import Model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..fitting.results import FitResults

_COLUMNS = (
    "channel", "loss", "iterations", "evaluations", "seconds", "converged", "optimizer", "warnings"
)  # fmt: skip
_TOLD = (
    "loss_name", "loss", "edf", "n_parameters", "n_iterations", "n_evaluations", "seconds",
    "converged", "optimizer",
)  # fmt: skip
_MOST_SHOWN = 20
_LEFT = {"optimizer", "warnings"}


class ModelSet(Sequence["Model"]):
    """Models of one string, each for a response channel of its own; what a fit of many gives.

    The sequence does not change. Its models are as any others.

    Parameters
    ----------
    models : iterable of Model
        Of the same string, with one output each.
    channels : sequence of int, optional
        Which column of the response each model predicts; 0, 1, ... by default.
    n_columns : int, optional
        How many columns that response has; by default as many as there are models.
    labels : sequence of str, optional
        What the data call these channels, such as names of units.

    Attributes
    ----------
    channels : tuple of int
    n_columns : int
    labels : tuple of str, or None

    Raises
    ------
    ValueError
        There is no model, they differ in their strings, or the channels do not go with them.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import fit
    >>> x = np.random.default_rng(0).random((300, 4))
    >>> models = fit("wc.4x1-lvl.1", x, x[:, :3] + 1, verbose=0)
    >>> models
    ModelSet(wc.4x1-lvl.1, channels 0 to 2: 3 of 3 converged)
    >>> models.predict(x).shape, models.score(x, x[:, :3]).shape
    ((300, 3), (3,))
    >>> models[1].string
    'wc.4x1-lvl.1'
    """

    def __init__(
        self,
        models: Iterable[Model],
        channels: Sequence[int] | None = None,
        n_columns: int | None = None,
        labels: Sequence[str] | None = None,
    ):
        is_later = isinstance(models, LaterModels)
        self._models: Sequence[Model] = models if is_later else tuple(models)  # type: ignore[assignment]
        if not self._models:
            raise ValueError("a set of models needs at least one")
        alike = self._models[:1] if is_later else self._models
        strings = list(dict.fromkeys(str(model.tree) for model in alike))
        if len(strings) > 1:
            raise ValueError(f"the models of a set have one string, not {' and '.join(strings)}")
        if not self._models[0].has_one_output:
            outputs = self._models[0].tree.keywords[-1].gives
            raise ValueError(
                f"the models of a set have one output each; {strings[0]} gives "
                f"{'x'.join(map(str, outputs))}"
            )
        given = range(len(self._models)) if channels is None else channels
        self.channels = tuple(int(channel) for channel in given)
        if len(self.channels) != len(self._models) or len(set(self.channels)) < len(self.channels):
            raise ValueError(
                f"{len(self._models)} models need as many different channels, not {self.channels}"
            )
        self.n_columns = len(self._models) if n_columns is None else int(n_columns)
        if min(self.channels) < 0 or max(self.channels) >= self.n_columns:
            raise ValueError(
                f"channels {self.channels} are not all from 0 to {self.n_columns - 1}: say how "
                "many columns the response has by n_columns="
            )
        self.labels = None if labels is None else tuple(str(label) for label in labels)
        if self.labels is not None and len(self.labels) != len(self._models):
            raise ValueError(
                f"{len(self._models)} models need as many labels, not {len(self.labels)}"
            )

    # ---- a sequence --------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._models)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models)

    @overload
    def __getitem__(self, which: int) -> Model: ...
    @overload
    def __getitem__(self, which: slice) -> ModelSet: ...
    def __getitem__(self, which: int | slice) -> Model | ModelSet:
        if isinstance(which, slice):
            labels = None if self.labels is None else self.labels[which]
            return ModelSet(self._models[which], self.channels[which], self.n_columns, labels)
        return self._models[which]

    def channel(self, which: int | str) -> Model:
        """Give the model of a channel, by the number of its column in the response or its label.

        Raises
        ------
        KeyError
            No model is for that channel, or several are.
        """
        by_label = isinstance(which, str)
        names: Sequence[int | str] = (self.labels or ()) if by_label else self.channels
        if (n := names.count(which)) != 1:
            known = ", ".join(map(str, names)) if by_label and names else _listed(self.channels)
            found = f"{n} models are" if n else "no model is"
            raise KeyError(Plain(f"{found} for channel {which}; there are {known}"))
        return self._models[names.index(which)]

    # ---- what they have in common ------------------------------------------------------------

    @property
    def string(self) -> str:
        """The canonical string of all of them."""
        return self._models[0].string

    @property
    def model_id(self) -> str:
        """Twelve hexadecimal digits that stand for the string, as a key."""
        return self._models[0].model_id

    @property
    def results(self) -> tuple[FitResults | None, ...]:
        """How each fit went."""
        return tuple(model.results for model in self._models)

    @property
    def meta(self) -> tuple[dict[str, Any], ...]:
        """What was noted down of each model."""
        return tuple(model.meta for model in self._models)

    def get_parameter_values(self) -> dict[str, dict[str, np.ndarray]]:
        """Give all parameters by layer and by name, stacked: the first axis is that of models."""
        each = [model.get_parameter_values() for model in self._models]
        return {
            layer: {name: np.stack([values[layer][name] for values in each]) for name in names}
            for layer, names in each[0].items()
        }

    # ---- evaluation --------------------------------------------------------------------------

    @takes_names_of_others
    def predict(self, x: Data, state: Data | None = None) -> Any:
        """Predict the response of all channels.

        Parameters
        ----------
        x, state : as for `Model.predict`

        Returns
        -------
        (T, K) or (trials, T, K) array, or list of (T_i, K) arrays
            In the form of `x`, a column for each of the K models; NaN for one that could not be
            fitted.
        """
        recording = read_recording(x, state=state)
        columns = [model.predict_trials(recording) for model in self._models]
        return recording.restore(
            [np.concatenate(parts, axis=1) for parts in zip(*columns, strict=True)]
        )

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
    ) -> np.ndarray:
        """Compare predictions with a response, on data that the fits have not seen.

        Parameters
        ----------
        x, state : as for `predict`
        y : like `x`
            The response: all `n_columns` columns of it, of which those of `channels` are taken,
            or one column for each model.
        metric, edges : str
            As for `Model.score`.

        Returns
        -------
        (K,) ndarray
            One for each model; NaN for one that could not be fitted.

        Raises
        ------
        ValueError
            The response has another number of columns, or does not match the input.
        """
        get_metric(metric)
        recording = read_recording(x, y, state=state)
        columns = self.columns_of(recording.n_channels)
        return np.array(
            [
                np.nan
                if _is_failed(model)
                else np.asarray(
                    model.score(recording.columns([column]), metric=metric, edges=edges)
                ).item()
                for model, column in zip(self._models, columns, strict=True)
            ]
        )

    def columns_of(self, n_found: int) -> Sequence[int]:
        """Return which columns of a response of so many the models predict.

        Raises
        ------
        ValueError
            It has neither a column for each model, nor as many as the response of the fits.
        """
        if n_found == self.n_columns:
            return self.channels
        if n_found == len(self):
            return range(len(self))
        wanted = " or ".join(map(str, sorted({len(self), self.n_columns})))
        raise ValueError(
            f"the target has {n_found} channels; a response of these models has {wanted}"
        )

    # ---- keeping them ------------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write a file for each model into a folder, which is made, and one that lists them.

        Returns
        -------
        Path
            The folder.
        """
        from .saving_sets import save_set

        return save_set(self, Path(folder))

    @staticmethod
    def load(folder: str | Path) -> ModelSet:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            A file is missing or damaged, or of a newer format.
        """
        from .model import Model
        from .saving_sets import load_set

        return load_set(Path(folder), Model, ModelSet)

    # ---- printing ----------------------------------------------------------------------------

    def summary(self) -> str:
        """Give a table of how the fits went, a row for each channel."""
        cells = [_COLUMNS, *self._rows()]
        widths = [max(len(row[i]) for row in cells) for i in range(len(_COLUMNS))]
        lines = [
            "  ".join(
                text.ljust(width) if name in _LEFT else text.rjust(width)
                for name, text, width in zip(_COLUMNS, row, widths, strict=True)
            ).rstrip()
            for row in cells
        ]
        return "\n".join([repr(self), *lines])

    def _rows(self, most: int | None = None) -> list[tuple[str, ...]]:
        names = self.labels or [str(channel) for channel in self.channels]
        shown = zip(names, self._models[:most], strict=False)
        return [_row(name, model.results) for name, model in shown]

    def to_pandas(self) -> pd.DataFrame:
        """Return how the fits went, a row for each channel.

        Returns
        -------
        pandas.DataFrame
            Columns channel, label, string, loss_name, loss, edf, n_parameters, n_iterations,
            n_evaluations, seconds, converged, optimizer and warnings; missing for models that
            were not fitted.
        """
        import pandas as pd

        labels = self.labels or (None,) * len(self)
        rows: list[dict[str, Any]] = []
        for channel, label, results in zip(self.channels, labels, self.results, strict=True):
            told = {} if results is None else {name: getattr(results, name) for name in _TOLD}
            warnings = None if results is None else "; ".join(results.warnings)
            rows.append(
                {"channel": channel, "label": label, "string": self.string, **told}
                | {"warnings": warnings}
            )
        return pd.DataFrame(
            rows, columns=["channel", "label", "string", *_TOLD, "warnings"]
        ).astype({"channel": int})

    def plot(self, x: Data | None = None, y: Data | None = None, **arguments: Any) -> Figure:
        """Draw the models, a row for each channel: receptive field, nonlinearity, prediction.

        Parameters
        ----------
        x, y : as for `score`, optional
            Data to predict and compare with.
        **arguments
            As for `nems_dsl.visualization.plot_model_set`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ..visualization import plot_model_set

        return plot_model_set(self, x, y, **arguments)

    def _repr_html_(self) -> str:
        # results of very many models are made when they are asked for
        more = len(self) - _MOST_SHOWN
        shown = table(_COLUMNS, self._rows(_MOST_SHOWN))
        return heading(repr(self)) + shown + notes([f"{more:,} more"] if more > 0 else [])

    def __repr__(self) -> str:
        state = "not fitted"
        if isinstance(self._models, LaterModels):
            state = f"{self._models.n_converged} of {len(self)} converged"
        elif fitted := [results for results in self.results if results is not None]:
            state = f"{sum(each.converged for each in fitted)} of {len(self)} converged"
        return f"ModelSet({self._models[0].tree}, {_listed(self.channels)}: {state})"

    def __str__(self) -> str:
        return self.summary()


def _is_failed(model: Model) -> bool:
    if model.has_later_results:
        return False
    return model.results is not None and model.results.is_failed


def _row(name: str, results: FitResults | None) -> tuple[str, ...]:
    if results is None:
        return (name, *["-"] * (len(_COLUMNS) - 1))
    return (
        name,
        f"{results.loss_name} {results.loss:.4f}",
        str(results.n_iterations),
        str(results.n_evaluations),
        f"{results.seconds:.2f}",
        "yes" if results.converged else "no",
        results.optimizer,
        "; ".join(map(str, getattr(results, "warnings", ()))) or "-",
    )


def _listed(channels: Sequence[int]) -> str:
    if len(channels) == 1:
        return f"channel {channels[0]}"
    if list(channels) == list(range(channels[0], channels[0] + len(channels))):
        return f"channels {channels[0]} to {channels[-1]}"
    shown = ", ".join(map(str, channels[:6])) + (", ..." if len(channels) > 6 else "")
    return f"channels {shown}"
