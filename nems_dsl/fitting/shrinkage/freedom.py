"""Effective degrees of freedom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..objective import Objective

_MOST_PARAMETERS = 1000
_BINS_PER_PARAMETER, _FEWEST_BINS = 10, 4000
# of the largest eigenvalue of the curvature, each parameter in units in which its own is 1
_NO_CURVATURE = 1e-10


def find_edf(objective: Objective, theta: np.ndarray, rank: int | None = None) -> float | None:
    """Give the trace of ``(H + P)^-1 H``, with H the curvature of the loss and P of the penalties.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Its minimum.
    rank : int, optional
        Of the Jacobian: what there is where nothing is penalised.

    Returns
    -------
    float or None
        Of parameters within their bounds; None where the curvature is not known, or too large.

    References
    ----------
    Moody (1992), NIPS 4, for models that are not linear; for ridge regression it is the usual
    trace of the hat matrix.
    """
    if not 0 < len(theta) <= _MOST_PARAMETERS or objective.engine.structure.without_kernels():
        return None
    loss, engine = objective.loss, objective.engine
    n_bins = sum(plan.pack.length for plan in engine.plans)
    share = min(1.0, max(_FEWEST_BINS, _BINS_PER_PARAMETER * len(theta)) / n_bins)
    total = engine.total(theta, loss)
    value, factor = loss.finish(total)
    of_loss = objective.search_power * value ** (objective.search_power - 1)
    curvature = of_loss * factor * objective.squares(theta, share)
    low, high = objective.bounds
    free = (theta > low) & (theta < high) & (np.diag(curvature) > 0)
    if not np.isfinite(curvature).all():
        return None
    added = objective.penalty_derivatives(theta, of_loss)[1]
    if rank is not None and not added.any():
        return float(rank)
    curvature, added = (square[np.ix_(free, free)] for square in (curvature, added))
    unit = 1 / np.sqrt(np.maximum(np.diag(curvature + added), np.diag(curvature)))
    data, both = (square * np.outer(unit, unit) for square in (curvature, curvature + added))
    power, axes = np.linalg.eigh(both)
    known = power > _NO_CURVATURE * power.max(initial=0.0)
    along = axes[:, known]
    return float(np.sum((along.T @ data) * along.T / power[known, None]))
