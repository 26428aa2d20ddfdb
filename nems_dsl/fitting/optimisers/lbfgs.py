"""L-BFGS-B: for many parameters, for layers without kernels, and for penalties with a corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from ..penalties import AbsolutePenalty
from .split import Split
from .watch import Watch

if TYPE_CHECKING:
    from ..objective import Objective

_FAR_TOO_MUCH = 1e100
# the search's own criteria, both absolute, only catch what rounding makes of a perfect fit
_ROUNDING = 1e-20
_FLAT = 1e-12
# pairs that the search remembers: 30 take far fewer iterations than the usual 10, and cost little
# beside an evaluation
_MEMORY = 30
_EVALUATIONS_PER_ITERATION = 20
_BROKEN_DOWN = 2


def minimise_lbfgs(
    objective: Objective, start: np.ndarray, watch: Watch, is_near: bool = False
) -> tuple[bool, str]:
    """Minimise an objective within bounds, by its exact gradient.

    Parameters
    ----------
    objective : Objective
    start : (n,) array
        Within bounds.
    watch : Watch
        Has seen the start.
    is_near : bool
        Whether the start is derived from data.

    Returns
    -------
    has_converged : bool
    message : str
    """
    space = _Space(objective)
    power, last = objective.search_power, (np.inf, start)

    def smooth(variables: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal last
        theta = space.theta(variables)
        value, gradient = objective.value_and_grad(theta)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            # too far out for numbers: the line search takes a shorter step from here
            return _FAR_TOO_MUCH, np.zeros(len(variables))
        watch.offer(value, theta)
        last = value, theta
        value, gradient = space.moved(variables, theta, value, gradient)
        if power == 1:
            return value, gradient
        # a root mean square has a kink at a perfect fit, where line searches break down; its
        # square has the same minimum and none
        return value**power, power * value ** (power - 1) * gradient

    def iterate(_: np.ndarray) -> None:
        if watch.after(*last):
            raise StopIteration

    theta, converged, message = start, False, ""
    while not watch.reason:
        lowest = watch.loss
        found = minimize(
            smooth,
            space.variables(theta),
            jac=True,
            method="L-BFGS-B",
            bounds=space.bounds,
            callback=iterate,
            options={
                "maxiter": watch.n_left,
                "maxfun": _EVALUATIONS_PER_ITERATION * watch.n_left,
                "ftol": _ROUNDING,
                "gtol": _FLAT,
                "maxcor": _MEMORY,
            },
        )
        converged, message = found.status == 0, str(found.message)
        # a line search can break down over what the search remembers; it then begins afresh from
        # the best point, as long as that helps
        is_broken = found.status == _BROKEN_DOWN
        least_gain = watch.limits.tolerance * (lowest - watch.least)
        if not is_broken or lowest - watch.loss <= least_gain:
            if is_broken and watch.is_flat:
                # rounding hides what may be left to gain
                converged, message = True, "no step lowers the loss, and the last hardly did"
            break
        theta = watch.theta
    if watch.reason:
        return watch.has_converged, watch.reason
    return converged, message


class _Space:
    """The variables that the search moves, and what they are in terms of theta."""

    def __init__(self, objective: Objective):
        weights = sum(
            (p.weights for p in objective.penalties if isinstance(p, AbsolutePenalty)),
            start=np.zeros(objective.n_parameters),
        )
        # a sign is a property of a parameter, and of no mixture of them
        self._split = Split(weights, objective.bounds) if weights.any() else None
        self._conditioning = None if self._split else objective.conditioning()
        self.bounds = np.column_stack(self._split.bounds if self._split else objective.bounds)

    def theta(self, variables: np.ndarray) -> np.ndarray:
        if self._split:
            return self._split.theta(variables)
        assert self._conditioning is not None
        return self._conditioning.theta(variables)

    def variables(self, theta: np.ndarray) -> np.ndarray:
        if self._split:
            return self._split.variables(theta)
        assert self._conditioning is not None
        return self._conditioning.variables(theta)

    def moved(
        self, variables: np.ndarray, theta: np.ndarray, value: float, gradient: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Give value and gradient in terms of the variables."""
        if self._split:
            return (
                value + self._split.excess(variables),
                self._split.gradient(theta, gradient),
            )
        assert self._conditioning is not None
        return value, self._conditioning.gradient(gradient)
