"""Models compared on the same neurons and folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection

from ..._html import heading, notes, table
from ...result_columns import is_higher_better
from ..store import schema
from .cells import check_metric, check_one_kind
from .inference import (
    LEVEL,
    Clusters,
    Effect,
    estimate_effect,
    holm,
    name_clusters,
    number_clusters,
    tell_effect,
    tell_sample,
    tell_test,
)
from .names import Names, Neuron, natural, neuron_order, read_neurons
from .row_selection import Selection

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MOST_FOLDS = 2**20


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two models, compared on the neurons that both were scored on.

    Neurons of one dataset are no independent samples, so that the dataset is the unit: means,
    difference, interval and p-value are of the means over each dataset's neurons, where each
    dataset counts once. `Effect` says by which test, and what holds for one dataset.

    Attributes
    ----------
    a, b : str
        The models.
    metric : str
    neurons : tuple of Neuron
        Dataset and channel of each pair of scores.
    scores_a, scores_b : (neurons,) float64 arrays
        Averaged over the folds that both models were scored on.
    clusters : tuple of str
        Which dataset, or other cluster, each neuron is of.
    estimate : Effect
        Of b's scores minus a's.
    cluster_word : str
        What clusters are called in print.
    """

    a: str
    b: str
    metric: str
    neurons: tuple[Neuron, ...]
    scores_a: np.ndarray
    scores_b: np.ndarray
    clusters: tuple[str, ...]
    estimate: Effect
    cluster_word: str = "dataset"

    @property
    def n(self) -> int:
        """Number of neurons."""
        return len(self.neurons)

    @property
    def n_clusters(self) -> int:
        """Number of datasets, or of what clusters were given."""
        return self.estimate.n_clusters

    @property
    def effect(self) -> float:
        """B minus a: the mean over datasets of the mean over their neurons."""
        return self.estimate.mean

    @property
    def difference(self) -> float:
        """The same as `effect`."""
        return self.estimate.mean

    @property
    def se(self) -> float:
        """Standard error of the difference; NaN where there is none."""
        return self.estimate.se

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the difference; NaN where there is none."""
        return self.estimate.interval

    @property
    def p(self) -> float:
        """p-value of the t-test over datasets; over folds if there is one dataset, or NaN."""
        return self.estimate.p

    @property
    def p_signed_rank(self) -> float:
        """p-value of Wilcoxon's test over datasets; NaN if there is one."""
        return self.estimate.p_signed_rank

    @property
    def smallest_p_signed_rank(self) -> float:
        """The least that Wilcoxon's test could give with so many datasets."""
        return self.estimate.smallest_p_signed_rank

    @property
    def mean_a(self) -> float:
        """The mean score of a, each dataset counting once."""
        return _mean_of_clusters(self.scores_a, self.clusters)

    @property
    def mean_b(self) -> float:
        """The mean score of b, each dataset counting once."""
        return _mean_of_clusters(self.scores_b, self.clusters)

    @property
    def sentence(self) -> str:
        """What was found, in a sentence for a paper."""
        better = self.effect > 0 if is_higher_better(self.metric) else self.effect < 0
        verdict = "was not known to differ from"
        if self.p < LEVEL:
            verdict = "was better than" if better else "was worse than"
        return (
            f"{self.b} {verdict} {self.a} by {self.metric}: "
            f"{tell_effect(self.estimate, self.n, self.cluster_word)}."
        )

    def to_pandas(self) -> pd.DataFrame:
        """Give the scores, a row for each neuron."""
        import pandas as pd

        table = pd.DataFrame(
            {
                "dataset": [neuron.dataset for neuron in self.neurons],
                "channel": pd.array([neuron.channel for neuron in self.neurons], dtype="Int64"),
                "a": self.scores_a,
                "b": self.scores_b,
                "difference": self.scores_b - self.scores_a,
            }
        )
        if self.cluster_word != "dataset":
            table.insert(1, self.cluster_word, list(self.clusters))
        return table

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the scores of both models, a point for each neuron.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; those of a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ...visualization import plot_comparison

        return plot_comparison(self, ax)

    def __repr__(self) -> str:
        return f"<Comparison of {self.b} with {self.a}: {self.metric} {self.difference:+.4f}>"

    def _repr_html_(self) -> str:
        first, *_ = str(self).splitlines()
        low, high = self.interval
        rows = [("a", self.a, f"{self.mean_a:.4f}"), ("b", self.b, f"{self.mean_b:.4f}")]
        found = f"{self.difference:+.4f}"
        if self.estimate.df:
            found += f", 95 % interval {low:+.4f} to {high:+.4f}"
        rows.append(("b - a", "", found))
        told = tell_test(self.estimate, self.cluster_word)
        return heading(first) + table(("", "model", "mean"), rows) + notes(told)

    def __str__(self) -> str:
        low, high = self.interval
        error = f" ± {self.se:.4f} (standard error), 95 % interval {low:+.4f} to {high:+.4f}"
        test = "\n  ".join(tell_test(self.estimate, self.cluster_word))
        return (
            f"{self.metric} over {tell_sample(self.n, self.n_clusters, self.cluster_word)}\n"
            f"  a  {self.mean_a:.4f}  {self.a}\n"
            f"  b  {self.mean_b:.4f}  {self.b}\n"
            f"  b - a = {self.difference:+.4f}{error if self.estimate.df else ''}\n"
            f"  {test}"
        )


def _mean_of_clusters(scores: np.ndarray, clusters: Sequence[str]) -> float:
    if not len(scores):
        return float("nan")
    place = number_clusters(clusters)
    return float((np.bincount(place, weights=scores) / np.bincount(place)).mean())


def compare_scores(
    a: str,
    b: str,
    metric: str,
    neurons: Sequence[Neuron],
    group: np.ndarray,
    scores_a: np.ndarray,
    scores_b: np.ndarray,
    *,
    fold: np.ndarray | None = None,
    clusters: Clusters | None = None,
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
    fold : (rows,) int array, optional
        Which fold each pair is of; by default those of a neuron are numbered as they come.
    clusters : mapping or callable, optional
        Of which recording, site or animal a dataset is, by its name; by default each is its own.

    Returns
    -------
    Comparison
        Of the neurons for which there is a pair.

    Raises
    ------
    ValueError, TypeError
        `clusters` does not name a cluster for each dataset.
    """
    # a fold counts only where both models have it: one that failed in the harder folds would win
    groups, (table_a, table_b) = paired_tables(group, fold, scores_a, scores_b)
    kept = [neurons[g] for g in groups.tolist()]
    names = name_clusters(kept, clusters)
    return Comparison(
        a=a, b=b, metric=metric, neurons=tuple(kept),
        scores_a=_row_means(table_a), scores_b=_row_means(table_b), clusters=tuple(names),
        estimate=estimate_effect(table_b - table_a, number_clusters(names)),
        cluster_word="dataset" if clusters is None else "cluster",
    )  # fmt: skip


def paired_tables(
    group: np.ndarray, fold: np.ndarray | None, *scores: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Lay scores out by neuron and fold, as far as all of them are there.

    Returns
    -------
    (neurons,) int64 array
        Those that have a fold with all scores.
    list of (neurons, folds) float64 arrays
        One for each of `scores`; NaN where any is missing.
    """
    kept = ~np.isnan(np.array(scores)).any(axis=0)
    groups, row = np.unique(group[kept], return_inverse=True)
    if fold is None:
        # how many of the same group come before
        order = np.argsort(row, kind="stable")
        fold = np.empty(len(row), int)
        fold[order] = np.arange(len(row)) - np.searchsorted(row[order], row[order])
    else:
        fold = fold[kept]
    folds, column = np.unique(fold, return_inverse=True)
    tables = []
    for values in scores:
        table = np.full((len(groups), len(folds)), np.nan)
        table[row, column] = values[kept]
        tables.append(table)
    return groups, tables


def _row_means(table: np.ndarray) -> np.ndarray:
    return np.nanmean(table, axis=1) if len(table) else np.empty(0)


def tabulate(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Give a row for each comparison, with p-values corrected for their number.

    Returns
    -------
    pandas.DataFrame
        ``a``, ``b``, ``n_neurons``, ``n_datasets`` (``n_clusters`` where these were given),
        ``mean_a``, ``mean_b``, ``difference`` (b minus a), ``se``, ``low`` and ``high`` (its 95 %
        interval), ``p`` and ``p_holm``.
    """
    import pandas as pd

    of = comparisons[0].cluster_word if comparisons else "dataset"
    return pd.DataFrame(
        {
            "a": [c.a for c in comparisons],
            "b": [c.b for c in comparisons],
            "n_neurons": [c.n for c in comparisons],
            f"n_{of}s": [c.n_clusters for c in comparisons],
            "mean_a": [c.mean_a for c in comparisons],
            "mean_b": [c.mean_b for c in comparisons],
            "difference": [c.difference for c in comparisons],
            "se": [c.se for c in comparisons],
            "low": [c.interval[0] for c in comparisons],
            "high": [c.interval[1] for c in comparisons],
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
    fold : (rows,) int64 array
    scores : dict of str to (rows,) float64 array
        By model; NaN where there is none.
    """

    metric: str
    neurons: list[Neuron]
    group: np.ndarray
    fold: np.ndarray
    scores: dict[str, np.ndarray]

    @property
    def present(self) -> list[str]:
        """The models, sorted by name, numbers within names by their size."""
        return sorted(self.scores, key=natural)

    def of(self, model: str) -> np.ndarray:
        """Give the scores of a model, NaN where it has none."""
        found = self.scores.get(model)
        return np.full(len(self.group), np.nan) if found is None else found

    def compare(self, a: str, b: str, clusters: Clusters | None = None) -> Comparison:
        """Compare two models."""
        return compare_scores(
            a, b, self.metric, self.neurons, self.group, self.of(a), self.of(b),
            fold=self.fold, clusters=clusters,
        )  # fmt: skip

    def all_pairs(self, reference: str | None) -> Iterator[tuple[str, str]]:
        """Give a model with each of the others, or all pairs."""
        if reference is None:
            yield from combinations(self.present, 2)
        else:
            yield from ((reference, other) for other in self.present if other != reference)

    def compare_pairs(
        self, pairs: Sequence[tuple[str, str]], clusters: Clusters | None = None
    ) -> pd.DataFrame:
        """Compare pairs of models; p-values are corrected for their number."""
        return tabulate([self.compare(a, b, clusters) for a, b in pairs])


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
        return ScoreTable(metric, [], np.empty(0, int), np.empty(0, int), {})
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
    folds = (rows - ranks[group] * _MOST_FOLDS).astype(np.int64)
    return ScoreTable(metric, neurons, group, folds, scores)
