"""Gauss-Newton steps, damped after Levenberg and Marquardt, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
from scipy.optimize import lsq_linear

# damping begins at this share of the curvature, for a start derived from data is a good one
_FIRST_DAMPING = 1e-3
# after the first failure; the next ones raise the damping by twice as much each
_GROWTH = 3.0
_LEAST_DAMPING, _MOST_DAMPING = 1e-9, 1e12
# what has less than this share of the largest curvature has none
_FLOOR = 1e-14
_GOOD_ENOUGH = 1e-4
# a step that ends as near to a bound, relative to its size, ends on it
_ON_BOUND = 1e-12
_DONE = "no step lowers the loss any more"


class SmoothProblem(Protocol):
    """What a Gauss-Newton search wants to know of a function of theta."""

    bounds: tuple[np.ndarray, np.ndarray]

    def value_and_grad(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Give the value and its gradient."""
        ...

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        """Give an approximation of the second derivative, (n, n), positive semidefinite."""
        ...


def gauss_newton(
    problem: SmoothProblem,
    start: np.ndarray,
    after: Callable[[float, np.ndarray], bool],
    max_iterations: int,
    damping: float = _FIRST_DAMPING,
) -> str:
    """Minimise a function, one damped step after the other.

    The gradient decides where the search ends; the curvature only shapes its steps.

    Parameters
    ----------
    problem : SmoothProblem
    start : (n,) array
        Within bounds.
    after : callable
        Is given value and theta after every step that lowered the value, and tells whether to
        end.
    max_iterations : int
        Steps that lower the value.
    damping : float
        To begin with, as a share of the curvature.

    Returns
    -------
    str
        Why it ended, or nothing if `after` or the limit ended it.

    References
    ----------
    Marquardt (1963), J. SIAM 11, 431; the rule for the damping is that of Nielsen (1999), report
    IMM-REP-1999-05.
    """
    low, high = problem.bounds
    theta = start.copy()
    value, gradient = problem.value_and_grad(theta)
    growth = _GROWTH
    curvature = problem.curvature(theta)
    for _ in range(max_iterations):
        while True:
            try:
                step, predicted = _step(curvature, gradient, low - theta, high - theta, damping)
            except LinAlgError:
                # not positive definite, if only by rounding: more damping makes it so
                gained = -np.inf
            else:
                if not predicted > np.finfo(float).eps * abs(value):
                    return _DONE
                moved = _moved(theta, step, low, high)
                new_value, new_gradient = problem.value_and_grad(moved)
                is_finite = np.isfinite(new_value) and np.isfinite(new_gradient).all()
                gained = (value - new_value) / predicted if is_finite else -np.inf
            if gained > _GOOD_ENOUGH:
                break
            damping, growth = damping * growth, growth * 2
            if damping > _MOST_DAMPING:
                return _DONE
        shrink = max(1 / 5, 1 - (2 * min(gained, 1.0) - 1) ** 3)
        damping, growth = max(damping * shrink, _LEAST_DAMPING), _GROWTH
        theta, value, gradient = moved, new_value, new_gradient
        if after(value, theta):
            return ""
        curvature = problem.curvature(theta)
    return ""


def _moved(theta: np.ndarray, step: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Give theta after a step, and on a bound where rounding alone keeps it from there."""
    moved = np.clip(theta + step, low, high)
    near = _ON_BOUND * np.maximum(np.abs(theta), np.abs(moved))
    moved = np.where(moved - low <= near, low, moved)
    return np.where(high - moved <= near, high, moved)


def _step(
    curvature: np.ndarray, gradient: np.ndarray, low: np.ndarray, high: np.ndarray, damping: float
) -> tuple[np.ndarray, float]:
    """Give a step within bounds, and how much it should lower the value."""
    known = np.isfinite(curvature).all(axis=1) & np.isfinite(gradient)
    if not known.all():
        # what numbers cannot tell of stays where it is
        curvature = np.where(np.outer(known, known), curvature, 0.0)
        gradient = np.where(known, gradient, 0.0)
    diagonal = np.diag(curvature)
    # in units in which all curvatures are 1, so that the factors do not depend on the data's; what
    # has none stays where it is, for nothing tells how far it should go
    is_dead = diagonal <= _FLOOR * diagonal.max(initial=0.0)
    unit = np.where(is_dead, 0.0, 1 / np.sqrt(np.where(is_dead, 1.0, diagonal)))
    matrix = curvature * np.outer(unit, unit)
    matrix[np.diag_indices_from(matrix)] += damping + is_dead
    factor = cho_factor(matrix)
    scaled = unit * gradient
    step = -cho_solve(factor, scaled)
    unit[is_dead] = 1.0
    low, high = low / unit, high / unit
    if (step < low).any() or (step > high).any():
        upper = np.triu(factor[0])
        target = -solve_triangular(upper, scaled, trans=1)
        step = _within(upper, target, low, high)
    step *= unit
    return step, -float(gradient @ step + 0.5 * step @ curvature @ step)


def _within(upper: np.ndarray, target: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Give the best step within bounds; a parameter whose bounds meet stays."""
    moves = high > low
    step = np.where(moves, 0.0, low)
    if not moves.any():
        return step
    found = lsq_linear(
        upper[:, moves], target, bounds=(low[moves], high[moves]), method="bvls", tol=1e-12
    )
    step[moves] = found.x
    return step
