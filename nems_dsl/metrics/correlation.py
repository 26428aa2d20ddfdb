"""Pearson's correlation, careful with rounding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nems_dsl.metrics.pairing import Signal, Vector, channel_pairs, is_constant, per_channel


def correlation(prediction: Signal, target: Signal) -> float | Vector:
    r"""Pearson's correlation of prediction and target, channel by channel.

    .. math:: r = \frac{\sum_t (p_t - \bar p)(y_t - \bar y)}
                       {\sqrt{\sum_t (p_t - \bar p)^2 \sum_t (y_t - \bar y)^2}}

    Parameters
    ----------
    prediction, target : array_like or list of array
        (T,), (T, C), (S, T, C), or a list of trials (T_i, C), in any unit. Trials are joined over
        time; pairs with a NaN are left out.

    Returns
    -------
    r : float, or (channels,) float64
        From -1 to 1; a float for one channel. NaN where prediction or target is constant, or fewer
        than two pairs are left.

    Raises
    ------
    ValueError
        Where the shapes differ, or a value is infinite.

    Notes
    -----
    With both series centred and scaled to unit length, u and v, the value near 1 is computed as
    1 - abs(u - v)^2 / 2, the same number without the cancellation of the plain product: a
    prediction that is linear in the target up to rounding gives exactly 1.0.

    Examples
    --------
    >>> correlation(prediction=[0.1, 0.2, 0.4], target=[3.0, 4.0, 6.0])
    1.0
    """
    return per_channel([_pearson(p, y) for p, y in channel_pairs(prediction, target)])


def _pearson(prediction: Vector, target: Vector) -> float:
    if is_constant(prediction) or is_constant(target):
        return math.nan
    u, v = _unit(prediction), _unit(target)
    r = float(u @ v)
    if abs(r) > 0.5:
        rest = u - math.copysign(1.0, r) * v
        r = math.copysign(1.0 - 0.5 * float(rest @ rest), r)
    return min(1.0, max(-1.0, r))


def _unit(values: Vector) -> Any:
    # A power of two scales without rounding; then neither the spread nor its square overflows.
    _, exponent = np.frexp(np.abs(values).max())
    scaled = np.ldexp(values, -exponent)
    low, high = scaled.min(), scaled.max()
    centred = (scaled - low) / (high - low)
    centred -= centred.mean()
    return centred / np.sqrt(centred @ centred)
