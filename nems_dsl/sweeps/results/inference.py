"""The mean of paired differences over neurons that share recordings: its interval and its p."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .names import Neuron

#: Which recording, animal or site a dataset is of: by its name, or as a function of that.
Clusters = Mapping[str, str] | Callable[[str], str]
Unit = Literal["clusters", "folds", "none"]

LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Effect:
    r"""A mean difference, with what is known of its error.

    Neurons of one recording share its stimuli, its state and its noise, and are no independent
    samples. So the unit is the *cluster*, a dataset unless told otherwise: each counts once, by
    the mean of its neurons, and the t-test of these means is exact if they are normal, and too
    careful if some of them vary more than others [1]_.

    With one cluster nothing can be said of others. What remains is whether the difference would
    be found again in the same neurons with new data, and for that the unit is the fold. Models of
    two folds are fitted to data that they share, so that the squared standard error is

    .. math:: \mathrm{se}^2 = \left(\frac{1}{J} + \frac{1}{J - 1}\right) s^2

    where J is the number of folds, :math:`s^2` the variance over them, and the second term the
    ratio of what is tested to what is fitted [2]_. It is meant to be careful.

    Attributes
    ----------
    mean : float
    se : float
        Standard error; NaN if there is one unit.
    unit : {"clusters", "folds", "none"}
        What the error was taken over.
    means : (units,) float64 array
        Of each cluster, or of each fold.
    n_clusters : int

    References
    ----------
    .. [1] R. Ibragimov and U. K. Müller (2010), t-Statistic based correlation and heterogeneity
       robust inference, Journal of Business & Economic Statistics 28, 453-468.
    .. [2] C. Nadeau and Y. Bengio (2003), Inference for the generalization error, Machine Learning
       52, 239-281.
    """

    mean: float
    se: float
    unit: Unit
    means: np.ndarray
    n_clusters: int

    @property
    def df(self) -> int:
        """Degrees of freedom, one less than there are units; 0 where there is no error."""
        return 0 if self.unit == "none" else len(self.means) - 1

    @property
    def t(self) -> float:
        """The mean in standard errors."""
        if self.se == 0:
            return float(np.sign(self.mean) * np.inf) if self.mean else 0.0
        return self.mean / self.se

    @property
    def p(self) -> float:
        """Two-sided p-value of the t-test; NaN where there is no error."""
        if not self.df:
            return float("nan")
        from scipy.stats import t

        return float(2 * t.sf(abs(self.t), self.df))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the t-test."""
        if not self.df:
            return float("nan"), float("nan")
        from scipy.stats import t

        half = float(t.ppf(1 - LEVEL / 2, self.df)) * self.se
        return self.mean - half, self.mean + half

    @property
    def p_signed_rank(self) -> float:
        """p-value of Wilcoxon's signed-rank test over clusters; NaN if there is but one.

        It supposes symmetry alone, where the t-test supposes normal means.
        """
        return signed_rank(self.means) if self.unit == "clusters" else float("nan")

    @property
    def smallest_p_signed_rank(self) -> float:
        """The least that the signed-rank test could give, 2 / 2**n for n clusters."""
        return 2.0 ** (1 - self.n_clusters) if self.n_clusters else float("nan")


def estimate_effect(values: np.ndarray, cluster: np.ndarray) -> Effect:
    """Estimate the mean of values over clusters of neurons.

    Parameters
    ----------
    values : (neurons, folds) float64 array
        NaN where a neuron has no such fold; each neuron has at least one.
    cluster : (neurons,) int array

    Returns
    -------
    Effect

    Examples
    --------
    >>> values = np.array([[0.1], [0.3], [0.2], [0.4], [0.6]])
    >>> effect = estimate_effect(values, np.array([0, 0, 1, 2, 2]))
    >>> round(effect.mean, 3), effect.unit, effect.df, round(effect.p, 3)
    (0.3, 'clusters', 2, 0.095)
    """
    if not len(values):
        return Effect(float("nan"), float("nan"), "none", np.empty(0), 0)
    by_neuron = np.nanmean(values, axis=1)
    _, place, size = np.unique(cluster, return_inverse=True, return_counts=True)
    n_clusters = len(size)
    if n_clusters > 1:
        means = np.bincount(place, weights=by_neuron) / size
        se = float(means.std(ddof=1) / np.sqrt(n_clusters))
        return Effect(float(means.mean()), se, "clusters", means, n_clusters)
    mean = float(by_neuron.mean())
    # a fold that some neurons lack has another mean for that alone
    whole = values[~np.isnan(values).any(axis=1)]
    n_folds = values.shape[1]
    if n_folds < 2 or not len(whole):
        return Effect(mean, float("nan"), "none", by_neuron, n_clusters)
    means = whole.mean(axis=0)
    se = float(means.std(ddof=1) * np.sqrt(1 / n_folds + 1 / (n_folds - 1)))
    return Effect(mean, se, "folds", means, n_clusters)


def name_clusters(neurons: Sequence[Neuron], clusters: Clusters | None) -> list[str]:
    """Return which cluster each neuron is of; by default its dataset.

    Raises
    ------
    ValueError
        A dataset is missing in the mapping.
    TypeError
        It is neither mapping nor function.
    """
    if clusters is None:
        return [neuron.dataset for neuron in neurons]
    if not isinstance(clusters, Mapping) and not callable(clusters):
        raise TypeError(
            "clusters is a mapping of names of datasets to those of clusters, such as "
            f"{{'cell1': 'site1'}}, or a function that gives one for the other, not {clusters!r}"
        )
    named = {}
    for dataset in dict.fromkeys(neuron.dataset for neuron in neurons):
        if isinstance(clusters, Mapping) and dataset not in clusters:
            raise ValueError(f"clusters has no entry for the dataset {dataset!r}")
        named[dataset] = str(
            clusters[dataset] if isinstance(clusters, Mapping) else clusters(dataset)
        )
    return [named[neuron.dataset] for neuron in neurons]


def number_clusters(names: Sequence[str]) -> np.ndarray:
    """Return a number for each name, the same for the same name.

    Examples
    --------
    >>> number_clusters(["site2", "site1", "site2"]).tolist()
    [0, 1, 0]
    """
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


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

    References
    ----------
    F. Wilcoxon (1945), Individual comparisons by ranking methods, Biometrics Bulletin 1, 80-83.

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


# ---- words -----------------------------------------------------------------------------------


def tell_sample(n_neurons: int, n_clusters: int, of: str) -> str:
    """Return how many neurons there are, and of how many datasets or other clusters."""
    return f"{count(n_neurons, 'neuron')} of {count(n_clusters, of)}"


def tell_test(effect: Effect, of: str) -> list[str]:
    """Return the p-value, what it is of, and what it cannot say."""
    n = effect.n_clusters
    if effect.unit == "none":
        return [
            f"no p and no interval: one {of}, tested once",
            f"n_folds= gives them for new data of these neurons, more {of}s for other neurons",
        ]
    if effect.unit == "folds":
        return [
            f"p = {effect.p:.2g} (t-test of {effect.df + 1} folds, corrected for data they share)",
            f"it is of these neurons on new data; from one {of} nothing follows for others",
        ]
    ranks = f"signed ranks of {n} {of}s give p = {effect.p_signed_rank:.2g}"
    if effect.smallest_p_signed_rank > LEVEL:
        ranks += f", and can give no less than {effect.smallest_p_signed_rank:.2g}"
    return [f"p = {effect.p:.2g} (t-test of {n} {of}s)", ranks]


def tell_effect(effect: Effect, n_neurons: int, of: str, how: str = "") -> str:
    """Return the effect with its interval, p and sample, as a paper gives them."""
    sample = tell_sample(n_neurons, effect.n_clusters, of) + how
    if effect.unit == "none":
        return f"{effect.mean:+.3f} ({sample}, tested once, so that there is no interval)"
    low, high = effect.interval
    told = (
        f"{effect.mean:+.3f} (95 % confidence interval {low:+.3f} to {high:+.3f}, "
        f"t({effect.df}) = {effect.t:.2f}, p = {effect.p:.2g}; {sample}"
    )
    if effect.unit == "folds":
        told += (
            f"; the test is over {effect.df + 1} folds, corrected for data they share, and for "
            "these neurons only"
        )
    return f"{told})"


def count(n: int, what: str) -> str:
    """Return a number of things."""
    return f"{n} {what}{'' if n == 1 else 's'}"
