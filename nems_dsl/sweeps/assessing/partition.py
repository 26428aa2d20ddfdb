"""What came of a hypothesis with two parts: the variance that they explain, divided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..results.comparison import ScoreTable, paired_tables
from ..results.inference import (
    Clusters,
    Effect,
    estimate_effect,
    name_clusters,
    number_clusters,
    tell_sample,
    tell_test,
)
from ..results.names import Neuron
from .assessment import nothing_to_assess, tell_failures, tell_folds
from .hypothesis import Hypothesis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Partition:
    r"""What two parts of a model explain alone, and what both of them could.

    With :math:`R^2_0`, :math:`R^2_a`, :math:`R^2_b` and :math:`R^2_{ab}` the variance that is
    explained without either part, with one, and with both, on data held out,

    .. math::

       u_a = R^2_{ab} - R^2_b \qquad u_b = R^2_{ab} - R^2_a \qquad
       s = R^2_a + R^2_b - R^2_{ab} - R^2_0

    add up to what both add, :math:`R^2_{ab} - R^2_0`, by neuron and in the mean [1]_. The shared
    variance s is negative where the parts explain more together than each by itself. Variance
    explained is :math:`r |r|`, so that a prediction that is right by chance as often as wrong
    explains nothing in the mean.

    Attributes
    ----------
    pattern : str
    parts : (str, str)
        What a and b are.
    unique_a, unique_b, shared, explained : Effect
        Their sum is `explained`: what both parts add.
    base, full : Effect
        Variance explained without either, and with both.
    models : dict of tuple of bool to str
        The four models, by whether they have a and b.
    neurons : tuple of Neuron
    variances : (4, neurons) float64 array
        Variance explained by the models, as they come in `models`.
    n_folds : int
    cluster_word : str
    failures : tuple of str

    References
    ----------
    .. [1] D. R. Seibold and R. D. McPhee (1979), Commonality analysis: a method for decomposing
       explained variance in multiple regression analyses, Human Communication Research 5, 355-365.
    """

    pattern: str
    parts: tuple[str, str]
    unique_a: Effect
    unique_b: Effect
    shared: Effect
    explained: Effect
    base: Effect
    full: Effect
    models: dict[tuple[bool, ...], str]
    neurons: tuple[Neuron, ...]
    variances: np.ndarray
    n_folds: int
    cluster_word: str = "dataset"
    failures: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of neurons."""
        return len(self.neurons)

    @property
    def n_clusters(self) -> int:
        """Number of datasets, or of what clusters were given."""
        return self.explained.n_clusters

    @property
    def shares(self) -> dict[str, Effect]:
        """Unique and shared variance, and their sum, by what they are called in print."""
        a, b = self.parts
        return {
            f"unique to {a}": self.unique_a,
            f"unique to {b}": self.unique_b,
            "shared": self.shared,
            "both": self.explained,
        }

    @property
    def table(self) -> pd.DataFrame:
        """Each share with its error: ``variance``, ``se``, ``low``, ``high`` and ``p``."""
        import pandas as pd

        named = {"without either": self.base, **self.shares, "with both": self.full}
        rows = [(e.mean, e.se, *e.interval, e.p) for e in named.values()]
        return pd.DataFrame(rows, index=list(named), columns=["variance", "se", "low", "high", "p"])

    def to_pandas(self) -> pd.DataFrame:
        """Give the variance that each model explains, a row for each neuron, and the shares."""
        import pandas as pd

        none, b, a, both = self.variances
        return pd.DataFrame(
            {
                "dataset": [neuron.dataset for neuron in self.neurons],
                "channel": pd.array([neuron.channel for neuron in self.neurons], dtype="Int64"),
                **dict(zip(self.models.values(), self.variances, strict=True)),
                "unique_a": both - b,
                "unique_b": both - a,
                "shared": a + b - both - none,
                "explained": both - none,
            }
        )

    @property
    def sentence(self) -> str:
        """What was found, in a sentence for a paper."""
        a, b = self.parts
        sample = tell_sample(self.n, self.n_clusters, self.cluster_word)
        told = "; ".join(
            f"{_percent(effect.mean)} {name}{_tell_interval(effect)}"
            for name, effect in list(self.shares.items())[:3]
        )
        over = f" over {self.explained.df + 1} folds" if self.explained.unit == "folds" else ""
        intervals = f" (95 % confidence intervals{over} in brackets)" if self.explained.df else ""
        return (
            f"Together {a} and {b} explained {_percent(self.explained.mean)} of the variance of "
            f"held-out responses{_tell_interval(self.explained)} beyond "
            f"{self.models[False, False]}: {told}{intervals}; {sample}, "
            f"{tell_folds(self.n_folds)}."
        )

    def plot(self) -> Figure:
        """Draw unique and shared variance with their intervals.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ...visualization import plot_partition

        return plot_partition(self)

    def __str__(self) -> str:
        sample = tell_sample(self.n, self.n_clusters, self.cluster_word)
        test = tell_test(self.explained, self.cluster_word)
        lines = [self.pattern, f"variance explained of held-out data, {sample}"]
        lines += [
            f"  {line}" for line in self.table.to_string(float_format="{:.3g}".format).splitlines()
        ]
        if self.explained.unit != "clusters":
            lines += [f"  {line}" for line in test]
        return "\n".join([*lines, *tell_failures(self.failures)])


def partition_variance(
    hypothesis: Hypothesis,
    scores: ScoreTable,
    models: dict[tuple[bool, ...], str],
    clusters: Clusters | None,
    failures: tuple[str, ...],
) -> Partition:
    """Divide what four models explain.

    Parameters
    ----------
    hypothesis : Hypothesis
        Of two parts.
    scores : ScoreTable
        Correlations.
    models : dict
        Names in `scores` by what the model has.
    clusters : mapping, callable or None
    failures : tuple of str

    Returns
    -------
    Partition

    Raises
    ------
    ValueError
        No neuron has a score of all four; says what went wrong.
    """
    order = [(False, False), (False, True), (True, False), (True, True)]
    groups, tables = paired_tables(
        scores.group, scores.fold, *(scores.of(models[has]) for has in order)
    )
    if not len(groups):
        raise nothing_to_assess(hypothesis, failures)
    none, b, a, both = (table * np.abs(table) for table in tables)
    neurons = [scores.neurons[group] for group in groups.tolist()]
    cluster = number_clusters(name_clusters(neurons, clusters))
    first, second = hypothesis.parts

    def estimate(values: np.ndarray) -> Effect:
        return estimate_effect(values, cluster)

    return Partition(
        pattern=hypothesis.pattern, parts=(first, second),
        unique_a=estimate(both - b), unique_b=estimate(both - a),
        shared=estimate(a + b - both - none), explained=estimate(both - none),
        base=estimate(none), full=estimate(both),
        models={has: models[has] for has in order}, neurons=tuple(neurons),
        variances=np.array([np.nanmean(each, axis=1) for each in (none, b, a, both)]),
        n_folds=len(np.unique(scores.fold)),
        cluster_word="dataset" if clusters is None else "cluster", failures=failures,
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _tell_interval(effect: Effect) -> str:
    if not effect.df:
        return ""
    low, high = effect.interval
    return f" [{100 * low:.1f}, {100 * high:.1f}]"
