"""Curves: functions of one value at a time, each made of one formula and its slopes.

A formula is a Python function of a value and of parameters that has no loop in it, and so are its
slopes, which give a tuple: the derivative by the value, and one by each parameter. From these two a
`Curve` makes the loop over signals and its vector-Jacobian product, when they are first called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Formula = Callable[..., Any]


@dataclass(frozen=True)
class Curve:
    """A formula and its slopes, which compiled loops take over whole signals.

    Parameters
    ----------
    formula : callable
        ``formula(x, *parameters)``, in plain Python. It may call other such functions of its
        module, those of `elementary`, and those of `math`.
    slopes : callable
        ``slopes(x, *parameters)``, a tuple of the derivatives by x and by each parameter. Where a
        curve is saturated they are exactly 0, and never 0 times infinity.

    Examples
    --------
    >>> import numpy as np
    >>> def power(x, exponent):
    ...     return x**exponent
    >>> def power_slopes(x, exponent):
    ...     return exponent * x ** (exponent - 1), np.log(x) * x**exponent
    >>> curve, y = Curve(power, power_slopes), np.empty((1, 2))
    >>> curve.forward(np.array([[1.0, 3.0]]), np.array([2.0]), y)
    >>> y.tolist()
    [[1.0, 9.0]]
    """

    formula: Formula
    slopes: Formula

    @property
    def n_parameters(self) -> int:
        """How many parameters the formula has."""
        return self.formula.__code__.co_argcount - 1

    @cached_property
    def forward(self) -> Callable[..., None]:
        """The loop ``forward(x, *parameters, y)``.

        x is (channels, time), each parameter (channels,), and y (channels, time) is overwritten;
        it may be x.
        """
        from .curve_loops import forward_of

        return forward_of(self.formula, self.n_parameters)

    @cached_property
    def vjp(self) -> Callable[..., None]:
        """The vector-Jacobian product ``vjp(x, *parameters, dy, dx, *d_parameters)``.

        dx (channels, time) is overwritten, and may be dy; each of d_parameters (channels,) is
        added to.
        """
        from .curve_loops import vjp_of

        return vjp_of(self.slopes, self.n_parameters)
