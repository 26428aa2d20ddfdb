"""Whether a prediction is linear in the parameters that are free."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence

import numpy as np

from ..layers.base import KernelLayer
from .engine.passes import Engine


def why_not_linear(engine: Engine) -> str:
    """Say why a prediction is not linear in the free parameters, or nothing."""
    moved: set[int] = set()
    for place in engine.structure.needed:
        layer = engine.nodes[place].layer
        if not isinstance(layer, KernelLayer):
            return f"{layer.label} has no kernels"
        free = {slot.name for slot in engine.vector.slots if slot.layer == place}
        reads_moved = any(s.layer in moved for s in engine.nodes[place].sources)
        linear = layer.facts.additive if reads_moved else layer.facts.linear_in
        if reads_moved and not layer.facts.affine:
            return f"{layer.label} is not linear in what comes in"
        if free - set(linear):
            return f"the prediction is not linear in {layer.label}.{min(free - set(linear))}"
        if free or reads_moved:
            moved.add(place)
    return ""


def derivatives_key(engine: Engine, target: Sequence[np.ndarray]) -> Hashable:
    """Give what the derivatives of a linear prediction depend on, besides the signals.

    They are those of another model of the same layers wherever its parameters stand, for another
    response that is known in the same bins.
    """
    kept = hashlib.sha256()
    kinds: list[Hashable] = []
    free = {(slot.layer, slot.name) for slot in engine.vector.slots}
    for place in engine.structure.needed:
        node = engine.nodes[place]
        options = str(getattr(node.layer, "options", ""))
        kinds.append((place, type(node.layer), node.layer.shape, options, node.sources))
        for name, parameter in node.layer.parameters.items():
            kinds.append((name, (place, name) in free))
            if (place, name) not in free:
                kept.update(np.ascontiguousarray(parameter.values).tobytes())
    for trial in target:
        kept.update(np.packbits(np.isnan(trial)).tobytes())
    return "derivatives", engine.dtype.str, tuple(kinds), kept.hexdigest()
