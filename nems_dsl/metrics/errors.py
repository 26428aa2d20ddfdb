"""Squared errors, plain and relative to the target's variance."""

from __future__ import annotations

import math

import numpy as np

from nems_dsl.metrics.pairing import (
    Signal,
    Vector,
    all_pairs,
    channel_pairs,
    is_constant,
)
from nems_dsl.metrics.pairing import per_channel as by_channel


def mse(prediction: Signal, target: Signal, *, per_channel: bool = False) -> float | Vector:
    r"""Mean squared error.

    .. math:: \mathrm{mse} = \frac{1}{n} \sum (p - y)^2

    Parameters
    ----------
    prediction, target : array_like or list of array
        (T,), (T, C), (S, T, C), or a list of trials (T_i, C), in the same unit. Trials are joined
        over time; pairs with a NaN are left out.
    per_channel : bool, default False
        One value for each channel, and not one over the whole array.

    Returns
    -------
    mse : float, or (channels,) float64
        In the squared unit of the target; a float for one channel. NaN where no pair is left.

    Raises
    ------
    ValueError
        Where the shapes differ, or a value is infinite.

    Examples
    --------
    >>> mse(prediction=[1.0, 2.0, 5.0], target=[1.0, 2.0, 2.0])
    3.0
    """
    if per_channel:
        return by_channel([_mse(p, y) for p, y in channel_pairs(prediction, target)])
    return _mse(*all_pairs(prediction, target))


def nmse(prediction: Signal, target: Signal, *, per_channel: bool = False) -> float | Vector:
    r"""Root mean squared error over the standard deviation of the target.

    .. math:: \mathrm{nmse} = \sqrt{\overline{(p - y)^2}} \, / \, \mathrm{sd}(y)

    The mean of the target as prediction gives 1.

    Parameters
    ----------
    prediction, target : array_like or list of array
        (T,), (T, C), (S, T, C), or a list of trials (T_i, C), in the same unit. Trials are joined
        over time; pairs with a NaN are left out.
    per_channel : bool, default False
        One value for each channel, over that channel's standard deviation, and not one over the
        whole array.

    Returns
    -------
    nmse : float, or (channels,) float64
        Without unit; a float for one channel. For a constant target the plain root, in the target's
        unit. NaN where no pair is left.

    Raises
    ------
    ValueError
        Where the shapes differ, or a value is infinite.

    Examples
    --------
    >>> nmse(prediction=[2.0, 2.0, 2.0], target=[1.0, 2.0, 3.0])
    1.0
    """
    if per_channel:
        return by_channel([_nmse(p, y) for p, y in channel_pairs(prediction, target)])
    return _nmse(*all_pairs(prediction, target))


def r2(prediction: Signal, target: Signal) -> float | Vector:
    r"""Share of the target's variance that is explained, channel by channel.

    .. math:: r^2 = 1 - \frac{\sum_t (p_t - y_t)^2}{\sum_t (y_t - \bar y)^2}

    The coefficient of determination: the mean of the target as prediction gives 0, a worse one a
    negative number. It is the squared correlation only for a prediction fitted linearly.

    Parameters
    ----------
    prediction, target : array_like or list of array
        (T,), (T, C), (S, T, C), or a list of trials (T_i, C), in the same unit. Trials are joined
        over time; pairs with a NaN are left out.

    Returns
    -------
    r2 : float, or (channels,) float64
        At most 1; a float for one channel. NaN where the target is constant, or fewer than two
        pairs are left.

    Raises
    ------
    ValueError
        Where the shapes differ, or a value is infinite.

    Examples
    --------
    >>> r2(prediction=[1.0, 2.0, 4.0], target=[1.0, 2.0, 3.0])
    0.5
    """
    return by_channel([_r2(p, y) for p, y in channel_pairs(prediction, target)])


def explained_variance(prediction: Signal, target: Signal) -> float | Vector:
    r"""Share of the target's variance that the prediction takes away, channel by channel.

    .. math:: 1 - \frac{\mathrm{var}(y - p)}{\mathrm{var}(y)}

    As `r2`, but an error that is the same everywhere is not counted: a prediction that is right
    but for a constant has 1 here and less there. A wrong gain does count.

    Parameters
    ----------
    prediction, target : array_like or list of array
        (T,), (T, C), (S, T, C), or a list of trials (T_i, C), in the same unit. Trials are joined
        over time; pairs with a NaN are left out.

    Returns
    -------
    explained_variance : float, or (channels,) float64
        At most 1, and at least `r2`; a float for one channel. NaN where the target is constant, or
        fewer than two pairs are left.

    Raises
    ------
    ValueError
        Where the shapes differ, or a value is infinite.

    Examples
    --------
    >>> explained_variance(prediction=[11.0, 12.0, 13.0], target=[1.0, 2.0, 3.0])
    1.0
    """
    return by_channel([_explained(p, y) for p, y in channel_pairs(prediction, target)])


def _mse(prediction: Vector, target: Vector) -> float:
    return float(np.mean((prediction - target) ** 2)) if target.size else math.nan


def _nmse(prediction: Vector, target: Vector) -> float:
    root = math.sqrt(_mse(prediction, target))
    return root if is_constant(target) else root / float(np.std(target))


def _r2(prediction: Vector, target: Vector) -> float:
    if is_constant(target):
        return math.nan
    return 1.0 - _mse(prediction, target) / float(np.var(target))


def _explained(prediction: Vector, target: Vector) -> float:
    if is_constant(target):
        return math.nan
    return 1.0 - float(np.var(target - prediction)) / float(np.var(target))
