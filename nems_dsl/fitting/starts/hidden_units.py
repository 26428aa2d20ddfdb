"""Which parameters make each unit of a hidden layer, and which weight it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...data.trials import STIMULUS
from ...graph.hidden import Hidden
from ...graph.skeleton import Skeleton, find_front
from ...graph.wiring import Node
from ...layers.base import KernelLayer, flat
from ...layers.follow import FollowCurve
from ..engine.jacobian import Jacobian
from ..engine.packs import Pack
from ..engine.passes import Engine, run_forward
from ..engine.vector import ParameterVector, Slot

if TYPE_CHECKING:
    from ..objective import Objective

_N_BINS = 64


@dataclass(frozen=True)
class Units:
    """The units of a hidden layer whose inputs are linear in the stimulus.

    Attributes
    ----------
    place : int
        The layer that gives the units.
    front : Skeleton
        What it is given comes from.
    reader : Slot
        The parameter that weights the units: those on its first axis.
    own : (units, n) int array
        Entries of theta that make one unit alone, in the same order for each.
    flips : (units, n) int array
        Those of them that turn the sign of what comes into a unit.
    mixes : bool
        Whether any mixture of what comes into units could come into one.
    shifts : (units,) int array or None
        Entries that shift what comes into the curve of each unit.
    shift_sign : {1, -1}
        Whether they are added or subtracted.
    """

    place: int
    front: Skeleton
    reader: Slot
    own: np.ndarray
    flips: np.ndarray
    mixes: bool
    shifts: np.ndarray | None
    shift_sign: int

    @property
    def n(self) -> int:
        """How many units there are."""
        return len(self.own)

    @property
    def weights(self) -> np.ndarray:
        """Entries of theta that weight the units, (units, n)."""
        return np.arange(self.reader.start, self.reader.stop).reshape(self.n, -1)


def find_units(
    nodes: Sequence[Node], hidden: Hidden, vector: ParameterVector, n_channels: int
) -> Units | None:
    """Find the units of the first hidden layer; None if they cannot be told apart.

    Parameters
    ----------
    nodes : sequence of Node
    hidden : Hidden
    vector : ParameterVector
        Over the layers of `nodes`.
    n_channels : int
        Of the stimulus.
    """
    place = hidden.places[0]
    cut = nodes[place].sources[0].layer
    assert cut is not None
    front = find_front(nodes, cut)
    reader = _find_reader(nodes, place, vector)
    if front is None or reader is None:
        return None
    by_row = _entries_by_row(front, vector, n_channels)
    own = _own(by_row)
    if own is None or reader.shape[0] != len(own):
        return None
    flips = _flips(nodes, cut, vector, own)
    if flips is None:
        return None
    linear = _linear_entries(nodes[cut].layer, cut, vector)
    mixes = bool(np.isin(own, linear).all())
    return Units(place, front, reader, own, flips, mixes, *_shifts(nodes, place, vector))


def layer_output(objective: Objective, place: int, theta: np.ndarray) -> np.ndarray:
    """Give the output of one layer on all of the data, (rows, bins)."""
    engine = objective.engine
    weights = engine.prepare(engine.values(theta))
    found = []
    for plan in engine.plans:
        steps = [each for each in plan.forward if each.place <= place]
        run_forward(steps, weights)
        found.append(np.array(flat(steps[-1].work.out), dtype=float))
    return np.concatenate(found, axis=1)


def _shifts(
    nodes: Sequence[Node], place: int, vector: ParameterVector
) -> tuple[np.ndarray | None, int]:
    """Give the entries that shift what comes into each curve, if they are free, and their sign."""
    layer = nodes[place].layer
    assert isinstance(layer, KernelLayer)
    follow = layer.facts.follow
    if isinstance(follow, FollowCurve):
        for slot in vector.slots:
            if slot.layer == place and slot.name == follow.shift:
                return np.arange(slot.start, slot.stop), follow.sign
    return None, 1


def _find_reader(nodes: Sequence[Node], place: int, vector: ParameterVector) -> Slot | None:
    """Give the parameter that alone weights the units, if there is one without bounds."""
    readers = [n for n, node in enumerate(nodes) if any(s.layer == place for s in node.sources)]
    if len(readers) != 1:
        return None
    layer = nodes[readers[0]].layer
    if not isinstance(layer, KernelLayer):
        return None
    for slot in vector.slots:
        if slot.layer == readers[0] and slot.name in layer.facts.channel_weights:
            low, high = layer.parameters[slot.name].bound_arrays()
            return slot if np.isinf(low).all() and np.isinf(high).all() else None
    return None


def _entries_by_row(front: Skeleton, vector: ParameterVector, n_channels: int) -> list[np.ndarray]:
    """Give the entries of theta that each output of a front depends on."""
    layers = [node.layer for node in front.nodes]
    inner = ParameterVector(layers)
    rng = np.random.default_rng(0)
    stim = rng.random((n_channels, _N_BINS))
    pack = Pack({STIMULUS: stim}, np.empty((0, 0)), np.array([0, _N_BINS]))
    engine = Engine(front.nodes, list(range(len(layers))), [pack], inner, np.dtype(float))
    n_rows = int(np.prod(engine.output_shape))
    # where nothing is 0, whatever the model starts from
    theta = np.clip(inner.read() + rng.uniform(0.5, 1, inner.size), *inner.bounds())
    (plan,) = engine.plans
    values = engine.values(theta)
    run_forward(plan.forward, engine.prepare(values))
    tangents = Jacobian(engine).tangents(plan, values)
    if tangents is None:
        return [np.empty(0, int)] * n_rows
    moves = np.any(tangents.values != 0, axis=1)
    outer = {(slot.layer, slot.name): slot.start for slot in vector.slots}
    places = {layer: n for n, layer in enumerate(map(id, vector.layers))}
    entry = np.empty(inner.size, int)
    for slot in inner.slots:
        start = outer[places[id(layers[slot.layer])], slot.name]
        entry[slot.start : slot.stop] = start + np.arange(slot.stop - slot.start)
    return [
        np.unique(entry[tangents.entries[moves & (tangents.rows == row)]]) for row in range(n_rows)
    ]


def _own(by_row: list[np.ndarray]) -> np.ndarray | None:
    """Give what each row depends on alone, if that is as much for each."""
    everything, counts = np.unique(np.concatenate(by_row), return_counts=True)
    alone = everything[counts == 1]
    own = [row[np.isin(row, alone)] for row in by_row]
    if len({len(each) for each in own}) != 1 or not len(own[0]):
        return None
    return np.stack(own)


def _flips(
    nodes: Sequence[Node], cut: int, vector: ParameterVector, own: np.ndarray
) -> np.ndarray | None:
    """Give the entries of each unit that turn the sign of the output of `cut`; None if none do."""
    found: list[int] = []
    place: int | None = cut
    while place is not None:
        layer, sources = nodes[place].layer, nodes[place].sources
        if not isinstance(layer, KernelLayer):
            return None
        gain = layer.facts.gain
        names = {*layer.facts.additive, *([gain] if gain else [])}
        for slot in vector.slots:
            if slot.layer == place and slot.name in names:
                found += range(slot.start, slot.stop)
        if gain:
            break
        if not layer.facts.affine or len(sources) != 1:
            return None
        place = sources[0].layer
    else:
        return None
    chosen = [row[np.isin(row, found)] for row in own]
    if len({len(each) for each in chosen}) != 1 or not len(chosen[0]):
        return None
    return np.stack(chosen)


def _linear_entries(layer: object, place: int, vector: ParameterVector) -> list[int]:
    """Give the entries of theta that the output of a layer is linear in."""
    assert isinstance(layer, KernelLayer)
    names = layer.facts.linear_in
    slots = [slot for slot in vector.slots if slot.layer == place and slot.name in names]
    return [entry for slot in slots for entry in range(slot.start, slot.stop)]
