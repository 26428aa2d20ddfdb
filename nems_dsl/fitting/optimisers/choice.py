"""The optimisers there are, and which of them a fit takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...fit_choices import OPTIMIZERS, Optimizer
from ...graph.skeleton import find_skeleton
from ..linearity import why_not_linear
from .by_output import solve_by_output
from .lbfgs import minimise_lbfgs
from .least_squares import MOST_PARAMETERS, minimise_directly, minimise_least_squares, share_of_data
from .watch import Watch

if TYPE_CHECKING:
    from ..objective import Objective

Minimiser = Callable[["Objective", np.ndarray, Watch, bool], tuple[bool, str]]


_MINIMISERS: dict[str, Minimiser] = {
    "gauss-newton": minimise_least_squares,
    "l-bfgs-b": minimise_lbfgs,
    "closed-form": minimise_directly,
}
# What a search costs for each bin, in nanoseconds, measured: a gradient takes so much for each
# parameter, and a curvature for each pair of them.
_GRADIENT, _PRODUCT = 0.2, 0.08
# How many of them a search takes, from a start derived from data: few gradients where they are
# taken in variables of equal curvature, many elsewhere.
_N_STEPS, _N_GRADIENTS, _N_CONDITIONED = 6, 400, 40
_MOST_PREFERRED = 600


def choose_optimizer(
    objective: Objective, name: str | None, prefers_curvature: bool = False
) -> Optimizer:
    """Give the optimiser of a name, or the one that should be fastest.

    Parameters
    ----------
    objective : Objective
    name : str, optional
    prefers_curvature : bool
        Without a name, take Gauss-Newton's steps as long as there are not very many parameters:
        where products of parameters are of very different sizes, gradients take long.

    Raises
    ------
    ValueError
        It cannot minimise this.
    """
    if name is None:
        if prefers_curvature and objective.n_parameters <= _MOST_PREFERRED:
            return OPTIMIZERS["l-bfgs-b" if _why_no_curvature(objective) else "gauss-newton"]
        return OPTIMIZERS[_fastest(objective)]
    fault = "" if name == "l-bfgs-b" else _why_no_curvature(objective)
    if not fault and name == "closed-form":
        fault = _why_not_linear(objective)
    if fault:
        raise ValueError(f"optimizer={name!r} cannot be used here: {fault}; leave it out")
    return OPTIMIZERS[name]


def minimise(
    optimizer: Optimizer, objective: Objective, start: np.ndarray, watch: Watch, is_near: bool
) -> tuple[bool, str]:
    """Minimise, and tell whether that converged, and how it ended."""
    if not len(start):
        return True, "no parameter is free"
    low, high = objective.bounds
    if np.array_equal(low, high):
        return True, "the bounds of all parameters meet"
    if watch.reason:
        return watch.has_converged, watch.reason
    return _MINIMISERS[optimizer.name](objective, start, watch, is_near)


def _fastest(objective: Objective) -> str:
    if _why_no_curvature(objective):
        return "l-bfgs-b"
    n = objective.n_parameters
    is_linear = not _why_not_linear(objective)
    if n > MOST_PARAMETERS:
        return "closed-form" if is_linear and solve_by_output(objective) is not None else "l-bfgs-b"
    if is_linear:
        return "closed-form"
    structure = objective.engine.structure
    if find_skeleton(structure.nodes, structure.needed) is None:
        # no start can be derived from data, and from far off gradients find the way more surely
        return "l-bfgs-b"
    gradient, curvature = _GRADIENT * n, _PRODUCT * n**2 * share_of_data(objective)
    lagged = sum(block.n_rows for block in objective.conditioning().blocks if block.is_lagged)
    n_gradients = _N_CONDITIONED if 2 * lagged > n else _N_GRADIENTS
    steps = _N_STEPS * (gradient + curvature)
    return "gauss-newton" if steps <= n_gradients * gradient else "l-bfgs-b"


def _why_no_curvature(objective: Objective) -> str:
    """Say why the curvature of an objective cannot be had, or nothing."""
    own = objective.engine.structure.without_kernels()
    if own:
        return f"{own[0]} gives no derivative"
    if not all(penalty.is_smooth for penalty in objective.penalties):
        return "a penalty on absolute values (l1) has no curvature"
    return ""


def _why_not_linear(objective: Objective) -> str:
    """Say why the loss is no linear least-squares problem, or nothing."""
    if not objective.loss.is_squared:
        return f"the loss {objective.loss_name!r} is no sum of squares"
    if not all(each.is_quadratic for each in objective.shrunk):
        return "receptive fields are shrunk relative to what they make"
    return why_not_linear(objective.engine)
