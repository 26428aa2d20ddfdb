"""What came of a hypothesis with one part: an effect, with its error and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..results.comparison import Comparison, ScoreTable
from ..results.inference import LEVEL, Clusters, tell_effect
from .hypothesis import Hypothesis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_WORDS = {"r_test": "the correlation with held-out data", "r_fit": "the correlation with the data"}


@dataclass(frozen=True, eq=False)
class Assessment:
    """What one part of a model is worth: two models compared on the same neurons and folds.

    Attributes
    ----------
    pattern : str
    part : str
        What is in doubt, as ``stp.2``.
    change : str
        What is done, as ``adding stp.2``.
    comparison : Comparison
        Of the model without it, a, and the model with it, b.
    n_folds : int
        1 where one part of the data was held out.
    failures : tuple of str
        What went wrong in jobs of either model; folds of these are left out.
    """

    pattern: str
    part: str
    change: str
    comparison: Comparison
    n_folds: int
    failures: tuple[str, ...] = ()

    @property
    def effect(self) -> float:
        """How much the score changes: the mean over datasets of the mean over their neurons."""
        return self.comparison.effect

    @property
    def se(self) -> float:
        """Standard error of the effect; NaN where there is none."""
        return self.comparison.se

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the effect."""
        return self.comparison.interval

    @property
    def p(self) -> float:
        """p-value over datasets; over folds if there is one dataset; NaN if that has one fold."""
        return self.comparison.p

    @property
    def n_clusters(self) -> int:
        """Number of datasets, or of what clusters were given."""
        return self.comparison.n_clusters

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.comparison.n

    @property
    def table(self) -> pd.DataFrame:
        """The scores, a row for each neuron: ``a`` without the part, ``b`` with it."""
        return self.comparison.to_pandas()

    def to_pandas(self) -> pd.DataFrame:
        """Give `table`."""
        return self.table

    @property
    def sentence(self) -> str:
        """What was found, in a sentence for a paper."""
        of = self.comparison
        words = _WORDS.get(of.metric, of.metric)
        low, high = f"{of.mean_a:.3f}", f"{of.mean_b:.3f}"
        how = f"; {tell_folds(self.n_folds)}"
        told = tell_effect(of.estimate, of.n, of.cluster_word, how)
        what = f"{self.change[0].upper()}{self.change[1:]} ({of.b} against {of.a})"
        if self.p < LEVEL:
            verb = "raised" if self.effect > 0 else "lowered"
            return f"{what} {verb} {words} from {low} to {high}: {told}."
        if np.isnan(self.p):
            return f"{what} took {words} from {low} to {high}: {told}."
        return f"{what} did not measurably change {words}, {low} and {high}: {told}."

    def plot(self) -> Figure:
        """Draw both models' scores, a point for each neuron, and the effect with its interval.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ...visualization import plot_assessment

        return plot_assessment(self)

    def __str__(self) -> str:
        return "\n".join([self.pattern, str(self.comparison), *tell_failures(self.failures)])


def assess_pair(
    hypothesis: Hypothesis,
    scores: ScoreTable,
    models: dict[tuple[bool, ...], str],
    clusters: Clusters | None,
    failures: tuple[str, ...],
) -> Assessment:
    """Compare the two models of a hypothesis.

    Raises
    ------
    ValueError
        No neuron has a score of both; says what went wrong.
    """
    comparison = scores.compare(models[False,], models[True,], clusters)
    if not comparison.n:
        raise nothing_to_assess(hypothesis, failures)
    (part,), (change,) = hypothesis.parts, hypothesis.changes
    n_folds = len(np.unique(scores.fold))
    return Assessment(hypothesis.pattern, part, change, comparison, n_folds, failures)


# ---- words -----------------------------------------------------------------------------------


def nothing_to_assess(hypothesis: Hypothesis, failures: tuple[str, ...]) -> ValueError:
    """Return the error that no neuron has a score of all models."""
    why = f"; the first job that failed: {failures[0]}" if failures else ""
    return ValueError(f"no neuron has scores of all models of {hypothesis.pattern}{why}")


def tell_folds(n_folds: int) -> str:
    """Return how the data were held out."""
    return f"{n_folds}-fold cross-validation" if n_folds > 1 else "one part held out"


def tell_failures(failures: tuple[str, ...]) -> list[str]:
    """Return a line about jobs that have failed, if any have."""
    if not failures:
        return []
    jobs = "1 job has" if len(failures) == 1 else f"{len(failures)} jobs have"
    return [f"{jobs} failed, and what is missing is left out: {failures[0]}"]
