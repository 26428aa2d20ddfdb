"""Short searches from many starts, of which the better ones go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...fit_choices import OPTIMIZERS
from ..optimisers import Limits, Watch, minimise

if TYPE_CHECKING:
    from ..objective import Objective

# iterations of each round, and how many starts go on from it
_ROUNDS = ((40, 4), (120, 2), (300, 0))
# iterations without a lower loss on data held out
_PATIENCE = 20


def race(
    objective: Objective,
    starts: Sequence[np.ndarray],
    ends_at: float = np.inf,
    validation: Objective | None = None,
    times: int = 1,
) -> list[np.ndarray]:
    """Search from each start for a while, the better ones for longer.

    Parameters
    ----------
    objective : Objective
    starts : sequence of (n,) arrays
        Those at which the loss is not finite are left out.
    ends_at : float
        By `time.perf_counter`: no round begins after that.
    validation : Objective, optional
        Of data held out: what is better is told by these, and each search goes on from where it
        was best.
    times : int
        So many times as many go on, until the last round.

    Returns
    -------
    list of (n,) ndarrays
        Where the last round ended, the best first.

    Notes
    -----
    Successive halving: Jamieson & Talwalkar (2016), AISTATS 51, 240.
    """
    optimizer = OPTIMIZERS["l-bfgs-b"]
    judge = objective if validation is None else validation
    values = [judge.value(theta) for theta in starts]
    runners = [
        (value, theta) for value, theta in zip(values, starts, strict=True) if np.isfinite(value)
    ]
    for n_iterations, n_kept in _ROUNDS:
        if time.perf_counter() > ends_at:
            break
        limits = Limits(optimizer.tolerance, n_iterations, patience=_PATIENCE)
        moved = []
        for _, theta in runners:
            watch = Watch(
                limits, optimizer.n_flat, validation=validation, least=objective.loss.least
            )
            watch.after(objective.value(theta), theta)
            minimise(optimizer, objective, theta, watch, True)
            best = watch.loss if validation is None else min(watch.validation_history)
            moved.append((best, watch.theta))
        runners = sorted(moved, key=lambda runner: runner[0])
        runners = runners[: times * n_kept or 1]
    return [theta for _, theta in sorted(runners, key=lambda runner: runner[0])]
