"""What came of a cross-validation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._html import heading, notes, table
from ..data.folds import Fold
from ..models import Model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MOST_ROWS = 20


@dataclass(frozen=True, repr=False)
class CrossValidation:
    """Models fitted to parts of a recording, and what they predict of the rest.

    Attributes
    ----------
    score : float, or (channels,) ndarray
        Of held-out predictions; how `method` says. A float for one channel.
    standard_error : float, or (channels,) ndarray
        Of `score`.
    score_fit : float, or (channels,) ndarray
        Mean over folds of each model's score on the data of its own fit.
    scores, scores_fit : (n_folds, channels) ndarray
        Of each fold: on what was held out, and on what was fitted.
    prediction : array or list, in the form of the input
        Each bin predicted by the model that has not seen it.
    models : list
        One fitted `Model` for each fold; or, where each channel has a model of its own, a list of
        these for each fold.
    folds : list of Fold
        What was fitted and what was held out.
    method : {"pooled", "kfold"}
    metric : str
    by : {"trials", "time"}
        What was held out.
    gap : int
        Bins between blocks of time and what was fitted.
    candidates : list of str
        The models that there were to choose from; one if there was no choice.
    choices : (n_folds, n_models) ndarray of int
        Which candidate was chosen in each fold, for each channel that has a model of its own.
    inner_scores : (n_folds, n_models, n_candidates) ndarray
        What the choice was made by; NaN if there was none.
    labels : tuple of str, or None
        What the data call the channels, such as names of units.
    """

    score: Any
    standard_error: Any
    score_fit: Any
    scores: np.ndarray
    scores_fit: np.ndarray
    prediction: Any
    models: list[Any]
    folds: list[Fold]
    method: str
    metric: str
    by: str
    gap: int
    candidates: list[str]
    choices: np.ndarray
    inner_scores: np.ndarray
    labels: tuple[str, ...] | None = None

    def summary(self) -> str:
        """Give a table of the scores as text."""
        return "\n".join([*self._head(), "", *self._table(), *self._tail()])

    def to_pandas(self) -> pd.DataFrame:
        """Return the scores, a row for each channel and fold.

        Returns
        -------
        pandas.DataFrame
            Columns channel, label, fold, test and fit: the scores on what was held out, and on
            what was fitted.
        """
        import pandas as pd

        n_folds, n_channels = self.scores.shape
        labels = self.labels or (None,) * n_channels
        return pd.DataFrame(
            {
                "channel": np.repeat(np.arange(n_channels), n_folds),
                "label": np.repeat(np.array(labels, dtype=object), n_folds),
                "fold": np.tile(np.arange(n_folds), n_channels),
                "test": self.scores.T.ravel(),
                "fit": self.scores_fit.T.ravel(),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the scores of channels on held-out data, of all folds and of each.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; those of a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ..visualization import plot_cross_validation

        return plot_cross_validation(self, ax)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the scores of each channel."""
        values = np.column_stack([np.atleast_1d(v) for v in self._columns()])
        names = self.labels or tuple(map(str, range(len(values))))
        rows = [
            (name, *(f"{value:.3f}" for value in row))
            for name, row in zip(names, values, strict=True)
        ]
        return (
            heading(*self._head())
            + table(("channel", "test", "se", "fit"), rows)
            + notes(line for line in self._tail() if line)
        )

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        n_channels = self.scores.shape[1]
        return (
            f"<CrossValidation of {self._title()}: {len(self.folds)} folds by {self.by}, "
            f"{n_channels} channel{'s' * (n_channels != 1)}, mean {self.metric} "
            f"{_mean(np.atleast_1d(self.score)):.3f}>"
        )

    def _title(self) -> str:
        more = len(self.candidates) - 1
        return self.candidates[0] + (f" and {more} other{'s' * (more > 1)}" if more else "")

    def _head(self) -> Iterator[str]:
        yield self._title()
        gap = "" if self.by == "trials" else f", with gaps of {self.gap} bins"
        yield f"{self.metric}, {self.method} over {len(self.folds)} folds by {self.by}{gap}"

    def _table(self) -> Iterator[str]:
        columns = ("test", "se", "fit")
        rows = np.column_stack([np.atleast_1d(v) for v in self._columns()])
        names = [*(self.labels or map(str, range(len(rows))))][:_MOST_ROWS]
        wide = max(map(len, ["channel", *names]))
        yield f"{'channel':>{wide}}" + "".join(f"{name:>9}" for name in columns)
        for name, row in zip(names, rows, strict=False):
            yield f"{name:>{wide}}" + "".join(f"{value:>9.3f}" for value in row)
        if len(rows) > _MOST_ROWS:
            yield f"{f'({len(rows) - _MOST_ROWS} more)':>{wide}}"
        if len(rows) > 1:
            # the mean of standard errors is not that of a mean
            means = f"{_mean(rows[:, 0]):>9.3f}{'':9}{_mean(rows[:, 2]):>9.3f}"
            yield f"{'mean':>{wide}}{means}"

    def _columns(self) -> tuple[Any, Any, Any]:
        return self.score, self.standard_error, self.score_fit

    def _tail(self) -> Iterator[str]:
        if len(self.candidates) > 1:
            yield ""
            counts = Counter(int(choice) for choice in self.choices.ravel())
            for choice, count in counts.most_common():
                yield f"chosen {count} of {self.choices.size} times: {self.candidates[choice]}"
        fits = [model.results for model in self._flat() if model.results is not None]
        failed = sum(results.is_failed for results in fits)
        short = sum(not results.converged for results in fits) - failed
        for n, what in ((short, "did not converge"), (failed, "found nothing to be learnt")):
            if n:
                yield ""
                yield f"{n} of {len(fits)} fits {what}"

    def _flat(self) -> Iterator[Model]:
        for models in self.models:
            yield from models if isinstance(models, list) else [models]


def _mean(scores: np.ndarray) -> float:
    """Return the mean of the channels that have a score."""
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if known.size else math.nan
