"""Gauss-Newton for losses of a prediction: Levenberg-Marquardt, and Fisher scoring for poisson."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .by_output import solve_by_output
from .gauss_newton import gauss_newton
from .lbfgs import minimise_lbfgs
from .watch import Watch

if TYPE_CHECKING:
    from ..objective import Objective

# A curvature shapes steps and decides nothing, so that a part of the data is enough for it: so
# many bins for each parameter, and no fewer than so many in all
_BINS_PER_PARAMETER, _FEWEST_BINS, _LEAST_SHARE = 20, 4000, 1 / 8
_NEAR, _SHARE_NEAR = 0.003, 1 / 4
#: Of more parameters no curvature fits a cache, nor does its factorisation.
MOST_PARAMETERS = 3000
# of the gradient at the start, what rounding may leave
_SOLVED = 1e-6
# to begin with. A long step from far off ends where a nonlinearity is flat, and nothing leads back
_HARDLY_DAMPED, _DAMPED, _HEAVILY_DAMPED = 1e-9, 1e-2, 100.0


def minimise_least_squares(
    objective: Objective, start: np.ndarray, watch: Watch, is_near: bool = False
) -> tuple[bool, str]:
    """Minimise an objective by damped Gauss-Newton steps; arguments as for `minimise_lbfgs`."""
    damping = _DAMPED if is_near else _HEAVILY_DAMPED
    return _minimise(objective, start, watch, share_of_data(objective), damping)


def minimise_directly(
    objective: Objective, start: np.ndarray, watch: Watch, is_near: bool = False
) -> tuple[bool, str]:
    """Solve a linear least-squares problem; arguments as for `minimise_lbfgs`.

    One step does it but for rounding; within bounds, or with a penalty beside a root mean square,
    there are a few. Outputs without parameters in common are solved one by one.
    """
    theta = solve_by_output(objective)
    if theta is not None:
        before = np.linalg.norm(objective.value_and_grad(start)[1])
        value, gradient = objective.value_and_grad(theta)
        # samples that are missing move the minimum
        if np.linalg.norm(gradient) <= _SOLVED * before:
            watch.after(value, theta)
            return True, "solved output by output"
    if objective.n_parameters > MOST_PARAMETERS:
        return minimise_lbfgs(objective, start, watch, is_near)
    return _minimise(objective, start, watch, 1.0, _HARDLY_DAMPED, is_linear=True)


def share_of_data(objective: Objective) -> float:
    """Give the share of the packs that a curvature is taken from."""
    n_bins = sum(plan.pack.length for plan in objective.engine.plans)
    wanted = max(_FEWEST_BINS, _BINS_PER_PARAMETER * objective.n_parameters)
    return min(1.0, max(_LEAST_SHARE, wanted / n_bins))


def _minimise(
    objective: Objective,
    start: np.ndarray,
    watch: Watch,
    share: float,
    damping: float,
    is_linear: bool = False,
) -> tuple[bool, str]:
    problem = _Sampled(objective, share, is_linear)
    message = gauss_newton(problem, start, watch.after, watch.n_left, damping)
    if watch.reason:
        return watch.has_converged, watch.reason
    return True, message


class _Sampled:
    """An objective whose curvature is that of some of the data, other ones each time.

    More of them once the loss hardly changes, when the direction matters more than the way there.
    That of a linear problem is the same everywhere, but for a factor, and is taken once.
    """

    def __init__(self, objective: Objective, share: float, is_linear: bool):
        self._objective, self._share, self._is_linear = objective, share, is_linear
        self._curvature: np.ndarray | None = None
        self.bounds = objective.bounds
        self._value = self._value_before = np.inf
        self._n_calls = 0

    def value_and_grad(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        self._value, gradient = self._objective.value_and_grad(theta)
        return self._value, gradient

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        if self._is_linear:
            if self._curvature is None:
                self._curvature, self._value_before = self._objective.curvature(theta), self._value
            # a root of squares is as much steeper as it is smaller
            power = self._objective.search_power - 1
            return self._curvature * (self._value_before / self._value) ** power
        is_near = abs(self._value_before - self._value) <= _NEAR * abs(self._value)
        share = max(self._share, _SHARE_NEAR) if is_near else self._share
        self._value_before = self._value
        self._n_calls += 1
        return self._objective.curvature(theta, share, self._n_calls - 1)
