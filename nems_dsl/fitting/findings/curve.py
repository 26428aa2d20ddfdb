"""Finding that a curve is flat where the response is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...layers.base import flat
from ..engine.passes import run_forward
from ..shrinkage.tail import find_tail
from .front import only_front

if TYPE_CHECKING:
    from ..objective import Objective

# of the steepest slope
_FLAT = 0.03
_N_BINS, _FEWEST = 50, 100
_N_STRETCHES = 10
# of the variance of the response, and in standard errors over stretches
_WORTH, _SURE = 0.02, 3.5


def saturated(objective: Objective, theta: np.ndarray) -> list[str]:
    """Find that the response goes on to change with the drive where a curve no longer does.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where the search ended.

    Returns
    -------
    list of str
        Of one warning for each side, or empty. For models whose linear part is followed by curves
        without memory, one for each output.

    Notes
    -----
    Each flat side is looked at by itself: the drive is sorted, and the side is what lies beyond the
    last bin of it with a slope. A sparse response is at rest there, and does not depend on the
    drive; where it does, the slope of a line is the same in sign over stretches of the data, and
    explains a share of its variance.
    """
    engine, front = objective.engine, only_front(objective)
    if front is None:
        return []
    tail = find_tail(engine.nodes, engine.structure.needed, front)
    if tail is None or not tail.nodes or not tail.channelwise:
        return []
    weights = engine.prepare(engine.values(theta))
    drives: list[np.ndarray] = []
    outs: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    for plan in engine.plans:
        run_forward(plan.forward, weights)
        step = next(step for step in plan.forward if step.place == front.places[-1])
        for kept, values in (
            (drives, step.work.out),
            (outs, plan.last.out),
            (targets, plan.pack.target),
        ):
            kept.append(np.array(flat(values), float))
    sides: dict[str, list[float]] = {}
    rows = zip(*(np.concatenate(each, axis=1) for each in (drives, outs, targets)), strict=True)
    for drive, out, target in rows:
        known = ~np.isnan(target)
        for side, share in _flat_sides(drive[known], out[known], target[known]):
            sides.setdefault(side, []).append(share)
    label = "-".join(node.layer.label for node in tail.nodes)
    n = flat(engine.plans[0].last.out).shape[0]
    return [
        f"{label} is flat at its {side} end, where {100 * max(shares):.0f} % of the samples are"
        + f" (in {len(shares)} of {n} channels)" * (n > 1)
        + ", but the response changes there: a curve that goes on, or scales and moves what it "
        "gives (dexp, relu.1.s.o, or an lvl after it), or other starts (n_starts=5)"
        for side, shares in sides.items()
    ]


def _flat_sides(
    drive: np.ndarray, out: np.ndarray, target: np.ndarray
) -> Iterator[tuple[str, float]]:
    """Give the ends where a curve is flat and the response is not, and their share of samples."""
    if len(drive) < _N_BINS * 2 or np.ptp(drive) == 0 or np.ptp(out) == 0:
        return
    order = np.argsort(drive, kind="stable")
    groups = np.array_split(order, _N_BINS)
    x, y = (np.array([v[group].mean() for group in groups]) for v in (drive, out))
    steps = np.diff(x)
    slopes = np.abs(np.diff(y)) / np.where(steps > 0, steps, np.inf)
    sloping = np.flatnonzero(slopes > _FLAT * slopes.max())
    for side, at in (
        ("lower", groups[: sloping[0] + 1]),
        ("upper", groups[sloping[-1] + 1 :]),
    ):
        there = np.sort(np.concatenate(at))
        if len(at) > 1 and len(there) >= _FEWEST and _depends(drive, target, there):
            yield side, len(there) / len(drive)


def _depends(drive: np.ndarray, target: np.ndarray, there: np.ndarray) -> bool:
    """Tell whether the response depends on the drive at some samples."""
    x, y = drive[there] - drive[there].mean(), target[there] - target[there].mean()
    power = float(x @ x)
    if not power > 0:
        return False
    parts = np.array_split(np.arange(len(there)), _N_STRETCHES)
    each = np.array([x[part] @ y[part] for part in parts]) / power
    slope, error = each.sum(), each.std(ddof=1) * np.sqrt(len(each))
    explained = slope**2 * power / (len(drive) * target.var())
    return bool(explained > _WORTH and abs(slope) > _SURE * error)
