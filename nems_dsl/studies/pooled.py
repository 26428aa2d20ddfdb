"""What a metric is of several folds together: sums over their bins, and a number made of these.

A fold's model has a mean and a gain of its own, which come from data without that fold. Joined to
one series, such predictions have steps where folds meet that run against the data: a fold above the
average is predicted by what is left, which is below it. So bins are compared within a fold only, or
with what was known without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ..metrics.pairing import is_constant


@dataclass(frozen=True)
class Known:
    """What there is to know of a channel without a fold.

    Attributes
    ----------
    mean : float
        Of the response, where the fold's model was fitted.
    scale : float
        Standard deviation of what a model predicts of the data of its fit; 0 if constant.
    """

    mean: float
    scale: float


@dataclass(frozen=True)
class Measure:
    """A metric as a function of sums over bins.

    Attributes
    ----------
    terms : callable
        Takes prediction and target of a fold, both (n,) float64, not empty and without NaN, and a
        `Known`; gives (n, terms), to be summed.
    value : callable
        Takes the (terms,) sums over all folds; gives the score, NaN where it is not defined.
    """

    terms: Callable[[np.ndarray, np.ndarray, Known], np.ndarray]
    value: Callable[[np.ndarray], float]


def spread(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Give the standard deviation of each column where there is a target, (channels,).

    0 where there is only rounding; NaN where nothing was predicted.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.column_stack([[0.0, 2.0, 9.0], [0.1 + 0.2, 0.3, 9.0]])
    >>> spread(p, np.array([[1.0, 1.0], [2.0, 2.0], [np.nan, np.nan]]))
    array([1., 0.])
    """
    used = ~(np.isnan(prediction) | np.isnan(target))
    return np.array([_spread(p[there]) for p, there in zip(prediction.T, used.T, strict=True)])


def _spread(values: np.ndarray) -> float:
    if not values.size:
        return float("nan")
    width = float(values.std(dtype=np.float64))
    return 0.0 if width <= 16 * np.finfo(values.dtype).eps * np.abs(values).max() else width


def mean_of(target: np.ndarray) -> np.ndarray:
    """Give the mean of each column without its NaN, (channels,); NaN where nothing is left.

    Examples
    --------
    >>> import numpy as np
    >>> mean_of(np.array([[1.0, np.nan], [3.0, np.nan]]))
    array([ 2., nan])
    """
    known = [column[~np.isnan(column)] for column in target.T]
    return np.array([each.mean(dtype=np.float64) if each.size else np.nan for each in known])


def _centred(values: np.ndarray) -> np.ndarray:
    return np.zeros_like(values) if is_constant(values) else values - values.mean()


# ---- correlation -----------------------------------------------------------------------------


def _products(prediction: np.ndarray, target: np.ndarray, known: Known) -> np.ndarray:
    y = _centred(target)
    if not known.scale > 0:
        # what does not move tells nothing, and counts for as much as what moves by one unit
        return np.column_stack([0 * y, np.ones_like(y), y * y, 0 * y])
    p = _centred(prediction) / known.scale
    return np.column_stack([p * y, p * p, y * y, p * p])


def _correlation(sums: np.ndarray) -> float:
    shared, ours, theirs, moved = sums.tolist()
    if not (moved > 0 and theirs > 0):
        return float("nan")
    return max(-1.0, min(1.0, shared / (ours * theirs) ** 0.5))


# ---- squared errors --------------------------------------------------------------------------


def _residuals(prediction: np.ndarray, target: np.ndarray, known: Known) -> np.ndarray:
    return np.column_stack([_centred(target - prediction) ** 2, _centred(target) ** 2])


def _errors(prediction: np.ndarray, target: np.ndarray, known: Known) -> np.ndarray:
    squares = (target - prediction) ** 2
    return np.column_stack([squares, (target - known.mean) ** 2, np.ones_like(squares)])


def _share(sums: np.ndarray) -> float:
    return 1.0 - float(sums[0] / sums[1]) if sums[1] > 0 else float("nan")


def _relative_root(sums: np.ndarray) -> float:
    return float(np.sqrt(sums[0] / (sums[1] if sums[1] > 0 else sums[2])))


def _mean(sums: np.ndarray) -> float:
    return float(sums[0] / sums[-1])


# ---- likelihoods -----------------------------------------------------------------------------


def _rates(prediction: np.ndarray, target: np.ndarray, known: Known) -> np.ndarray:
    from scipy.special import gammaln, xlogy

    gain = xlogy(target, prediction) - prediction
    return np.column_stack([gain - gammaln(target + 1), gain, target, np.ones_like(gain)])


def _bits(sums: np.ndarray) -> float:
    _, gain, spikes, bins = sums.tolist()
    if not spikes > 0:
        return float("nan")
    return float((gain - spikes * (np.log(spikes / bins) - 1)) / (spikes * np.log(2)))


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "correlation": Measure(_products, _correlation),
        "nmse": Measure(_errors, _relative_root),
        "mse": Measure(_errors, _mean),
        "r2": Measure(_errors, _share),
        "explained_variance": Measure(_residuals, _share),
        "poisson_log_likelihood": Measure(_rates, _mean),
        "bits_per_spike": Measure(_rates, _bits),
    }
)
"""For each metric of `nems_dsl.metrics.METRICS`."""
