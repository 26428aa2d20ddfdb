"""Powers in logarithms, right also on the edge of a support, where the logarithm is infinite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])
"""Logarithm of the gamma function, element by element."""


def times_log(power: ArrayLike, x: ArrayLike) -> Any:
    """Compute the logarithm of `x` to the given power, with 0 to the power of 0 as 1.

    On the edge numpy warns of the infinity; the caller decides what it means.

    Examples
    --------
    >>> print(times_log(0.0, 3.0), times_log(2.0, 1.0))
    0.0 0.0
    """
    power = np.asarray(power, dtype=np.float64)
    return np.where(power == 0, 0.0, power * np.log(x))


def slope_of_power(power: ArrayLike, x: ArrayLike) -> Any:
    """Differentiate `times_log` with respect to `x`: power / x, and 0 for the power of 0.

    Examples
    --------
    >>> print(slope_of_power(3.0, 2.0), slope_of_power(0.0, 4.0))
    1.5 0.0
    """
    power = np.asarray(power, dtype=np.float64)
    # Plus 0.0, for minus zero would turn the limit on the edge upside down.
    return np.where(power == 0, 0.0, power / (np.asarray(x) + 0.0))


def curvature_of_power(power: ArrayLike, x: ArrayLike) -> Any:
    """Differentiate `times_log` twice with respect to `x`: -power / x^2, and 0 for the power of 0.

    Examples
    --------
    >>> print(curvature_of_power(4.0, 2.0), curvature_of_power(0.0, 4.0))
    -1.0 0.0
    """
    power = np.asarray(power, dtype=np.float64)
    return np.where(power == 0, 0.0, -power / np.square(x))
