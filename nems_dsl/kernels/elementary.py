"""Functions for formulas of curves: plain Python, and vectors once they are compiled.

A formula is written with these and read without numba. `curves` compiles it, with
the functions of `exponential` and `logarithm` in their place.
"""

import math


def exp(x: float) -> float:
    """Exponential: 0 below -708, and finite above 709, where it is that of 709.

    Examples
    --------
    >>> exp(0.0), exp(-800.0)
    (1.0, 0.0)
    """
    return 0.0 if x < -708 else math.exp(min(x, 709.0))


def log1p(x: float) -> float:
    """Logarithm of 1 + x, for x above -1 and finite.

    Examples
    --------
    >>> log1p(0.0)
    0.0
    """
    return math.log1p(x)
