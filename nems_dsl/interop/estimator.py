"""A model string as an estimator of scikit-learn, which alone is imported here."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self, Unpack

import numpy as np

from ..data.reading import read_signal
from ..data.recording import Recording, read_recording
from ..fit_options import FitArguments, FitOptions, document_options
from ..graph.reach import find_reach
from ..graph.wiring import connect, needed
from ..metrics import get_metric
from ..models import Model

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted
    from sklearn.utils.validation import validate_data as check_table
except ImportError as fault:
    raise ImportError(
        "EncodingModel takes scikit-learn 1.6 or newer: pip install 'nems_dsl[sklearn]'"
    ) from fault

_SMALLER_IS_BETTER = {"mse", "nmse"}
#: Checks of scikit-learn that exchange samples, or take some of them alone.
_OF_MEMORY = (
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
)


class EncodingModel(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """A model string with the manners of scikit-learn.

    Parameters
    ----------
    string : str
        A model string; ``N`` and ``R`` stand for the columns of X and of y. By default a linear
        regression.
    dialect : {{"native", "nems", "nems0"}}
        The language of the string.
    metric : str
        What `score` gives, as for `Model.score`; one of which more is better.
    {options}

    Attributes
    ----------
    model_ : Model
        Fitted; `model_.results` says how the fit went.
    string_ : str
        The canonical string, with all sizes.
    n_features_in_, n_outputs_ : int
        Columns of X, and of y.
    feature_names_in_ : array of str, one for each column
        Where X is a table whose columns have names.
    n_iter_ : int
        Iterations of the search.

    Notes
    -----
    X is (T, channels): one row is one bin, and rows follow one another in time. Give trials as an
    array (trials, T, channels), or as a list of (T_i, channels), and y likewise: searches and
    cross-validations then hold out whole trials. Cut by rows, the bins on both sides of a fold
    become neighbours.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from nems_dsl.datasets import simulate
    >>> data = simulate(n_times=1200, n_channels=4, n_taps=4, snr=4.0)
    >>> X, y = data.stim.reshape(6, 200, 4), data.resp.reshape(6, 200, 1)
    >>> grid = {{"string": ["wc.NxR-lvl.R", "wc.Nx1-fir.1x4xR-lvl.R"]}}
    >>> found = GridSearchCV(EncodingModel(), grid, cv=3).fit(X, y)
    >>> found.best_estimator_.string_
    'wc.4x1-fir.1x4-lvl.1'
    """

    @document_options
    def __init__(
        self,
        string: str = "wc.NxR-lvl.R",
        *,
        dialect: str = "native",
        metric: str = "correlation",
        **options: Unpack[FitArguments],
    ) -> None:
        """Keep the arguments as they are.

        {options}
        """
        self.string = string
        self.dialect = dialect
        self.metric = metric
        for each in fields(FitOptions):
            setattr(self, each.name, options.get(each.name, each.default))

    def fit(self, X: Any, y: Any, *, state: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : (T, channels) or (trials, T, channels) array, list of (T_i, channels), or table
            The stimulus; finite.
        y : like `X`, or (T,)
            The response; NaN is left out.
        state : like `X`, optional
            The signal ``state``; ``set_fit_request(state=True)`` routes it through searches.

        Returns
        -------
        EncodingModel
            This one.

        Raises
        ------
        ModelStringError, ValueError
            The string or the data cannot be fitted: says what is wrong and where.
        """
        if y is None:
            raise ValueError("EncodingModel requires y to be passed, but the target y is None")
        self._check_metric()
        X, y = self._read(X, y, reset=True)
        recording = read_recording(X, y, state=state, single=self.dtype == "float32")
        options = {each.name: getattr(self, each.name) for each in fields(FitOptions)}
        model = Model(self.string, dialect=self.dialect)
        self.model_ = model.fit(recording, verbose=0, **options)
        assert self.model_.results is not None
        self.string_ = self.model_.string
        self.n_outputs_ = recording.n_channels
        self.n_iter_ = self.model_.results.n_iterations
        self._is_flat = isinstance(y, np.ndarray) and y.ndim == 1
        return self

    def predict(self, X: Any, *, state: Any = None) -> Any:
        """Predict the response to a stimulus.

        Parameters
        ----------
        X, state : as for `fit`

        Returns
        -------
        (T, outputs) or (trials, T, outputs) array, or list of (T_i, outputs)
            In the form of `X`; (T,) after a fit to a response of one axis.

        Raises
        ------
        NotFittedError
            `fit` comes first.
        """
        check_is_fitted(self)
        X, _ = self._read(X, None, reset=False)
        found = self.model_.predict(X, state=state)
        flat = self._is_flat and isinstance(found, np.ndarray) and found.ndim == 2
        return found[:, 0] if flat else found

    def score(self, X: Any, y: Any, *, state: Any = None) -> float:
        """Compare predictions with a response.

        Parameters
        ----------
        X, y, state : as for `fit`

        Returns
        -------
        float
            `metric`, in the mean over channels; `model_.score` gives each channel's.
        """
        check_is_fitted(self)
        self._check_metric()
        X, y = self._read(X, y, reset=False)
        return float(np.mean(self.model_.score(X, y, self.metric, state=state)))

    @property
    def expected_failed_checks(self) -> dict[str, str]:
        """Which checks of `sklearn.utils.estimator_checks` cannot apply, and why.

        Examples
        --------
        >>> EncodingModel("wc.NxR-lvl.R").expected_failed_checks
        {}
        >>> len(EncodingModel("wc.Nx1-fir.1x5xR-lvl.R").expected_failed_checks)
        2
        """
        model = Model(self.string, dialect=self.dialect, N=2, R=1, S=1)
        nodes = connect(model.layers)
        reach = find_reach(nodes, needed(nodes, len(nodes) - 1))
        if reach.past == 0 and reach.future == 0:
            return {}
        why = "bins are predicted from their neighbours, so that their order counts"
        return dict.fromkeys(_OF_MEMORY, why)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _check_metric(self) -> None:
        get_metric(self.metric)
        if self.metric in _SMALLER_IS_BETTER:
            raise ValueError(
                f"of a score more is better, and of {self.metric!r} less; write metric='r2', or "
                "scoring='neg_mean_squared_error' of the search"
            )

    def _read(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Check tables as scikit-learn does; trials, which it does not know, as we do."""
        # a sparse matrix may be a kind of dict
        if isinstance(X, Recording) or type(X) is dict:
            raise ValueError("X is one stimulus; give a state by state=, and a response by y")
        if _is_trials(X):
            n_channels = read_signal(X, "X").trials[0].shape[1]
            if reset:
                self.n_features_in_ = n_channels
            elif n_channels != self.n_features_in_:
                raise ValueError(
                    f"X has {n_channels} features, but EncodingModel is expecting "
                    f"{self.n_features_in_} features as input"
                )
            return X, y
        least = 2 if reset else 1
        X = check_table(self, X, reset=reset, dtype=np.float64, ensure_min_samples=least)
        if y is None:
            return X, None
        y = check_array(
            y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y"
        )
        check_consistent_length(X, y)
        return X, y


def _is_trials(values: Any) -> bool:
    if isinstance(values, list | tuple):
        return any(getattr(each, "ndim", 0) == 2 for each in values)
    return getattr(values, "ndim", 0) == 3


assert EncodingModel.__doc__ is not None and EncodingModel.__init__.__doc__ is not None
_listed = EncodingModel.__init__.__doc__.split("\n\n", 1)[1].strip()
EncodingModel.__doc__ = EncodingModel.__doc__.format(options=_listed.replace("\n    ", "\n"))
