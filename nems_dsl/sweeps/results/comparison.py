"""Models compared on the same neurons and folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection

from ..store import schema
from .cells import check_metric, check_one_kind
from .names import Names, Neuron, natural, neuron_order, read_neurons
from .row_selection import Selection

if TYPE_CHECKING:
    import pandas as pd

_MOST_FOLDS = 2**20


@dataclass(frozen=True, eq=False)
class Comparison:
    r"""Two models, compared on the neurons that both were scored on.

    The difference is the mean over neurons of b's score minus a's; its standard error is that of
    a mean,

    .. math:: \mathrm{se} = \sqrt{\frac{1}{n (n - 1)} \sum_i (d_i - \bar d)^2}

    The p-value is that of the two-sided signed-rank test, which supposes that the differences
    are independent and symmetric, not that they are normal.

    Attributes
    ----------
    a, b : str
        The models.
    metric : str
    neurons : tuple of Neuron
        Dataset and channel of each pair of scores.
    scores_a, scores_b : (neurons,) float64 arrays
        Averaged over the folds that both models were scored on.
    difference, se : float
        b minus a; the error is NaN for one neuron.
    p : float
        NaN where no neuron is left.

    References
    ----------
    F. Wilcoxon (1945), Individual comparisons by ranking methods, Biometrics Bulletin 1, 80-83.
    """

    a: str
    b: str
    metric: str
    neurons: tuple[Neuron, ...]
    scores_a: np.ndarray
    scores_b: np.ndarray
    difference: float
    se: float
    p: float

    @property
    def n(self) -> int:
        """Number of neurons."""
        return len(self.neurons)

    def to_pandas(self) -> pd.DataFrame:
        """Give the scores, a row for each neuron."""
        import pandas as pd

        return pd.DataFrame(
            {
                "dataset": [neuron.dataset for neuron in self.neurons],
                "channel": pd.array([neuron.channel for neuron in self.neurons], dtype="Int64"),
                "a": self.scores_a,
                "b": self.scores_b,
                "difference": self.scores_b - self.scores_a,
            }
        )

    def __str__(self) -> str:
        neurons = "1 neuron" if self.n == 1 else f"{self.n} neurons"
        return (
            f"{self.metric} over {neurons}\n"
            f"  a  {self.scores_a.mean():.4f}  {self.a}\n"
            f"  b  {self.scores_b.mean():.4f}  {self.b}\n"
            f"  b - a = {self.difference:+.4f} ± {self.se:.4f} (standard error), "
            f"p = {self.p:.2g} (Wilcoxon)"
        )


def compare_scores(
    a: str,
    b: str,
    metric: str,
    neurons: Sequence[Neuron],
    group: np.ndarray,
    scores_a: np.ndarray,
    scores_b: np.ndarray,
) -> Comparison:
    """Compare two models by paired scores.

    Parameters
    ----------
    a, b, metric : str
    neurons : sequence of Neuron
    group : (rows,) int array
        Which neuron each pair of scores is of; several pairs of one are its folds.
    scores_a, scores_b : (rows,) float64 arrays
        NaN where there is none.

    Returns
    -------
    Comparison
        Of the neurons for which there is a pair.
    """
    kept = ~(np.isnan(scores_a) | np.isnan(scores_b))
    groups, place, n_folds = np.unique(group[kept], return_inverse=True, return_counts=True)
    # a fold counts only where both models have it: one that failed in the harder folds would win
    mean_a, mean_b = (
        np.bincount(place, weights=scores[kept], minlength=len(groups)) / n_folds
        for scores in (scores_a, scores_b)
    )
    differences = mean_b - mean_a
    n = len(differences)
    se = float(differences.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Comparison(
        a=a, b=b, metric=metric, neurons=tuple(neurons[g] for g in groups.tolist()),
        scores_a=mean_a, scores_b=mean_b,
        difference=float(differences.mean()) if n else float("nan"),
        se=se, p=signed_rank(differences),
    )  # fmt: skip


def signed_rank(differences: np.ndarray) -> float:
    """Give the p-value of Wilcoxon's signed-rank test, two-sided.

    Differences of exactly 0 are left out, as Wilcoxon did. If all are, nothing speaks against
    equality, and p is 1.

    Parameters
    ----------
    differences : (n,) float64 array

    Returns
    -------
    float
        NaN for no differences.

    Examples
    --------
    >>> signed_rank(np.array([0.1, 0.2, 0.15, 0.05, 0.3]))
    0.0625
    >>> signed_rank(np.zeros(5))
    1.0
    """
    if not len(differences):
        return float("nan")
    if not differences.any():
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences[differences != 0]).pvalue)


def holm(p: np.ndarray) -> np.ndarray:
    r"""Correct p-values for the number of comparisons, by Holm's method.

    With the p-values in ascending order, :math:`\tilde p_i = \max_{j \le i} (m - j + 1) p_j`, at
    most 1. The chance that any true hypothesis is rejected is then at most the level of the test,
    however the tests depend on one another.

    Parameters
    ----------
    p : (m,) float64 array
        NaN is left out and stays.

    Returns
    -------
    (m,) float64 array

    References
    ----------
    S. Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal
    of Statistics 6, 65-70.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    corrected = np.array(p, dtype=float)
    tested = np.flatnonzero(~np.isnan(corrected))
    order = tested[np.argsort(corrected[tested], kind="stable")]
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(factors * corrected[order]), 1.0)
    return corrected


def tabulate(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Give a row for each comparison, with p-values corrected for their number.

    Returns
    -------
    pandas.DataFrame
        ``a``, ``b``, ``n_neurons``, ``mean_a``, ``mean_b``, ``difference`` (b minus a), ``se``,
        ``p`` and ``p_holm``.
    """
    import pandas as pd

    def mean(scores: np.ndarray) -> float:
        return float(scores.mean()) if len(scores) else float("nan")

    return pd.DataFrame(
        {
            "a": [c.a for c in comparisons],
            "b": [c.b for c in comparisons],
            "n_neurons": [c.n for c in comparisons],
            "mean_a": [mean(c.scores_a) for c in comparisons],
            "mean_b": [mean(c.scores_b) for c in comparisons],
            "difference": [c.difference for c in comparisons],
            "se": [c.se for c in comparisons],
            "p": [c.p for c in comparisons],
            "p_holm": holm(np.array([c.p for c in comparisons], dtype=float)),
        }
    )


# ---- many models -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores of models, a row for each fold of each neuron.

    Attributes
    ----------
    metric : str
    neurons : list of Neuron
    group : (rows,) int64 array
        Place of the neuron in `neurons`.
    scores : dict of str to (rows,) float64 array
        By model; NaN where there is none.
    """

    metric: str
    neurons: list[Neuron]
    group: np.ndarray
    scores: dict[str, np.ndarray]

    @property
    def present(self) -> list[str]:
        """The models, sorted by name, numbers within names by their size."""
        return sorted(self.scores, key=natural)

    def compare(self, a: str, b: str) -> Comparison:
        """Compare two models."""
        nothing = np.full(len(self.group), np.nan)
        first, second = (self.scores.get(model, nothing) for model in (a, b))
        return compare_scores(a, b, self.metric, self.neurons, self.group, first, second)

    def all_pairs(self, reference: str | None) -> Iterator[tuple[str, str]]:
        """Give a model with each of the others, or all pairs."""
        if reference is None:
            yield from combinations(self.present, 2)
        else:
            yield from ((reference, other) for other in self.present if other != reference)

    def compare_pairs(self, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
        """Compare pairs of models; p-values are corrected for their number."""
        return tabulate([self.compare(a, b) for a, b in pairs])


def read_scores(
    connection: Connection,
    selection: Selection,
    metric: str,
    models: Names,
    only: Sequence[str] | None = None,
) -> ScoreTable:
    """Read the scores of all models, or of some.

    Raises
    ------
    ValueError
        There is no such score; or the rows should not be mixed.
    """
    check_metric(metric)
    check_one_kind(connection, selection)
    if only is not None:
        selection = selection.narrowed(models.are(only))
    jobs = schema.jobs.c
    scores_of = schema.column_of_jobs(connection, metric)
    columns = [jobs.neuron_key, jobs.fold, models.column, scores_of]
    neuron, fold, key, score = selection.read_numbers(connection, columns)
    if not len(neuron):
        return ScoreTable(metric, [], np.empty(0, int), {})
    known = read_neurons(connection)
    order = neuron_order(known)
    rank = np.zeros(int(order.max()) + 1)
    rank[order] = np.arange(len(order))
    # as one number each, which sorts much faster than pairs
    code = rank[neuron.astype(np.int64)] * _MOST_FOLDS + fold
    rows, row = np.unique(code, return_inverse=True)
    place = models.places(key)
    by_model = np.argsort(place, kind="stable")
    bounds = np.flatnonzero(np.diff(place[by_model])) + 1
    scores = {}
    for part in np.split(by_model, bounds):
        column = np.full(len(rows), np.nan)
        column[row[part]] = score[part]
        scores[models.names[place[part[0]]]] = column
    ranks, group = np.unique((rows + 1) // _MOST_FOLDS, return_inverse=True)
    neurons = [known[key] for key in order[ranks.astype(np.int64)].tolist()]
    return ScoreTable(metric, neurons, group, scores)
