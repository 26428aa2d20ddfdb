"""Likelihood of spike counts, given a predicted rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nems_dsl.metrics.pairing import Signal, Vector, paired, per_channel


def poisson_log_likelihood(
    prediction: Signal, target: Signal, *, reduction: Literal["mean", "sum"] = "mean"
) -> float | Vector:
    r"""Log likelihood of spike counts under a Poisson process of the predicted rate.

    .. math:: \ell = \sum_t \left( y_t \log \lambda_t - \lambda_t - \log y_t! \right)

    Parameters
    ----------
    prediction : array_like or list of array
        The rate, in spikes per bin, 0 or more: (T,), (T, C), (S, T, C), or a list of trials
        (T_i, C).
    target : array_like or list of array
        Spike counts per bin, in the same form. Pairs with a NaN are left out. What is not a whole
        number, as a mean over repeats, is taken as it is, with the gamma function for y!; the value
        then ranks models, but is no longer the probability of any data.
    reduction : {"mean", "sum"}, default "mean"
        The mean per bin, which does not grow with the length of the data, or the sum.

    Returns
    -------
    log_likelihood : float, or (channels,) float64
        In nats per bin, or nats; a float for one channel. Minus infinity where a rate is 0 in a bin
        with spikes: the model says that this cannot happen. NaN where no pair is left.

    Raises
    ------
    ValueError
        Where a rate or a count is negative, the shapes differ, or a value is infinite.

    Examples
    --------
    >>> poisson_log_likelihood(prediction=[1.0, 2.0], target=[0, 2])
    -1.1534
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}")
    return per_channel(
        [_log_likelihood(p, y, reduction) for p, y in _rates_and_counts(prediction, target)]
    )


def bits_per_spike(prediction: Signal, target: Signal) -> float | Vector:
    r"""Gain in Poisson log likelihood over the mean rate, in bits for each spike.

    .. math:: \frac{\ell(\lambda) - \ell(\bar y)}{\log 2 \, \sum_t y_t}

    Here :math:`\bar y` is the mean of the target in each bin: the best constant rate.

    Parameters
    ----------
    prediction : array_like or list of array
        The rate, in spikes per bin, 0 or more: (T,), (T, C), (S, T, C), or a list of trials
        (T_i, C).
    target : array_like or list of array
        Spike counts per bin, in the same form; other numbers of 0 or more are taken as they are.
        Pairs with a NaN are left out.

    Returns
    -------
    bits_per_spike : float, or (channels,) float64
        0 for the mean rate, negative for what is worse; a float for one channel. Minus infinity
        where a rate is 0 in a bin with spikes. NaN where there is no spike.

    Raises
    ------
    ValueError
        Where a rate or a count is negative, the shapes differ, or a value is infinite.

    References
    ----------
    J. W. Pillow et al. (2008), Spatio-temporal correlations and visual signalling in a complete
    neuronal population, Nature 454, 995-999. R. S. Williamson, M. Sahani and J. W. Pillow (2015),
    PLoS Computational Biology 11, e1004141, show that it estimates the information per spike.

    Examples
    --------
    >>> bits_per_spike(prediction=[0.0, 2.0], target=[0, 2])
    1.0
    """
    return per_channel([_bits(p, y) for p, y in _rates_and_counts(prediction, target)])


def _rates_and_counts(prediction: Signal, target: Signal) -> Iterator[tuple[Vector, Vector]]:
    rates, counts = paired(prediction, target)
    valid = ~(np.isnan(rates) | np.isnan(counts))
    _refuse_negative(
        rates,
        valid,
        "prediction",
        "a Poisson rate is 0 or more. Let the model end in a layer that keeps it so, as relu, or "
        "choose another metric",
    )
    _refuse_negative(
        counts,
        valid,
        "target",
        "spike counts are 0 or more. Pass counts per bin, not z-scored; for other signals choose "
        "another metric",
    )
    for channel in range(rates.shape[1]):
        keep = valid[:, channel]
        yield rates[keep, channel], counts[keep, channel]


def _refuse_negative(values: Vector, valid: NDArray[np.bool_], name: str, advice: str) -> None:
    negative = valid & (values < 0)
    if negative.any():
        row, channel = (int(i) for i in np.argwhere(negative)[0])
        raise ValueError(
            f"{name} is {values[row, channel]:.3g} at time {row}, channel {channel}: {advice}"
        )


def _log_likelihood(rate: Vector, count: Vector, reduction: str) -> float:
    if not rate.size:
        return math.nan
    total = _spike_term(rate, count) - float(rate.sum()) - _log_factorials(count)
    return total / rate.size if reduction == "mean" else total


def _bits(rate: Vector, count: Vector) -> float:
    n_spikes = float(count.sum())
    if not n_spikes > 0:
        return math.nan
    mean = n_spikes / count.size
    # relative to the mean rate from the start, so that two large sums are not subtracted
    gain = _spike_term(rate / mean, count) - float((rate - mean).sum())
    return gain / (n_spikes * math.log(2))


def _spike_term(rate: Vector, count: Vector) -> float:
    fired = count > 0
    if np.any(rate[fired] == 0):
        return -math.inf
    return float(count[fired] @ np.log(rate[fired]))


def _log_factorials(count: Vector) -> float:
    # few different counts occur, and NumPy has no log gamma
    values, times = np.unique(count, return_counts=True)
    return math.fsum(n * math.lgamma(v + 1.0) for v, n in zip(values, times, strict=True))
