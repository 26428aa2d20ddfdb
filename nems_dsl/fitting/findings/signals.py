"""Finding parameters at their bounds, and signals that never change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...layers.base import flat
from ..engine.passes import run_forward

if TYPE_CHECKING:
    from ..objective import Objective

Bounds = tuple[np.ndarray, np.ndarray]

# relative to the size of a signal, and no less than so many roundings
_CONSTANT, _CONSTANT_ROUNDINGS = 1e-9, 8


def at_bounds(objective: Objective, theta: np.ndarray, own_bounds: Bounds | None) -> Iterator[str]:
    """Find parameters that would go on if they could."""
    low, high = objective.bounds
    of_layers = objective.vector.bounds()
    # what the loss has narrowed is told as it is
    told_low, told_high = (
        np.where(bound == inside, own, bound)
        for bound, inside, own in zip(
            objective.bounds, of_layers, own_bounds or of_layers, strict=True
        )
    )
    for slot in objective.vector.slots:
        at = slice(slot.start, slot.stop)
        label = f"{objective.vector.layers[slot.layer].label}.{slot.name}"
        for side, bound, says in (("lower", low, told_low), ("upper", high, told_high)):
            places = np.flatnonzero(theta[at] == bound[at])
            if len(places) and np.isfinite(bound[at][places]).all():
                values = ", ".join(f"{value:g}" for value in np.unique(says[at][places]))
                count = f"{len(places)} of {slot.stop - slot.start} values of " * (
                    slot.stop - slot.start > 1
                )
                yield f"{count}{label} at the {side} bound {values}"


def constant_signals(objective: Objective, theta: np.ndarray) -> Iterator[str]:
    """Find units that give the same whatever comes in, and predictions that do."""
    engine = objective.engine
    weights = engine.prepare(engine.values(theta))
    ranges: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for plan in engine.plans:
        run_forward(plan.forward, weights)
        for step in plan.forward:
            rows = flat(step.work.out)
            least, most = rows.min(axis=1), rows.max(axis=1)
            # over all packs, for a signal may be constant within each and not between them
            low, high = ranges.get(step.place, (least, most))
            ranges[step.place] = np.minimum(low, least), np.maximum(high, most)
    share = max(_CONSTANT, _CONSTANT_ROUNDINGS * float(np.finfo(engine.dtype).eps))
    constant = {
        place: high - low <= share * np.maximum(np.abs(low), np.abs(high))
        for place, (low, high) in ranges.items()
    }
    for place in engine.structure.needed:
        n, n_all = int(constant[place].sum()), len(constant[place])
        sources = engine.nodes[place].sources
        from_dead = any(constant[s.layer].any() for s in sources if s.layer is not None)
        if place == engine.structure.last and n:
            which = "" if n_all == 1 else f" in {n} of {n_all} channels"
            yield f"the prediction is constant{which}"
        elif n and not from_dead:
            label = engine.nodes[place].layer.label
            yield f"dead units: {n} of {n_all} channels of {label} never change"
