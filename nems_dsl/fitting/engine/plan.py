"""What happens to a pack, laid down once: which arrays each layer reads and writes.

The buffers are shared by all packs, so that memory does not grow with the data, and made before
the first pass, so that later ones allocate nothing of the length of a pack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...graph.evaluation import evaluate_layer
from ...graph.wiring import Node, Source
from ...layers.base import Arrays, KernelLayer, Work, strided
from .packs import Pack

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Structure:
    """How a graph is differentiated: the same for all packs.

    Attributes
    ----------
    nodes : sequence of Node
    needed : list of int
        The layers that the last one depends on, in order.
    numeric : set of int
        Layers that give no derivative, and all that lie upstream of them.
    differentiated : set of int
        Exact layers on whose output some free parameter has a bearing.
    boundary : list of int
        Numeric layers whose output an exact layer reads, or that come last; empty where no
        parameter of the numeric part is free.
    """

    nodes: Sequence[Node]
    needed: list[int]
    numeric: set[int]
    differentiated: set[int]
    boundary: list[int]

    @property
    def last(self) -> int:
        """The layer whose output is the prediction."""
        return self.needed[-1]

    def without_kernels(self) -> list[str]:
        """Give the labels of the layers that give no derivative themselves."""
        layers = (self.nodes[place].layer for place in self.needed)
        return [layer.label for layer in layers if not isinstance(layer, KernelLayer)]


def find_structure(nodes: Sequence[Node], needed: list[int], moved: set[int]) -> Structure:
    """Tell exact layers from numeric ones; `moved` are the layers with free parameters."""
    numeric: set[int] = set()
    for place in reversed(needed):
        if place in numeric or not isinstance(nodes[place].layer, KernelLayer):
            numeric.add(place)
            numeric.update(s.layer for s in nodes[place].sources if s.layer is not None)
    differentiated: set[int] = set()
    for place in needed:
        upstream = any(
            s.layer in differentiated or s.layer in numeric for s in nodes[place].sources
        )
        if place not in numeric and (place in moved or upstream):
            differentiated.add(place)
    boundary: set[int] = set()
    if moved & numeric:
        sources = (s.layer for place in differentiated for s in nodes[place].sources)
        boundary = {place for place in sources if place is not None and place in numeric}
        boundary |= {needed[-1]} & numeric
    return Structure(nodes, needed, numeric, differentiated, sorted(boundary))


def find_shapes(structure: Structure, inputs: Mapping[str, np.ndarray]) -> dict[int, Shape]:
    """Find the shape of one bin of every layer's output.

    Parameters
    ----------
    structure : Structure
    inputs : mapping of str to (channels, T) array
        Some data, which layers of the user's own are evaluated on: nothing else tells what they
        give.
    """
    shapes: dict[int, Shape] = {}
    outputs: dict[int, np.ndarray] = {}
    for place in structure.needed:
        node = structure.nodes[place]
        if place in structure.numeric:
            trial = [
                outputs[s.layer] if s.layer is not None else np.moveaxis(inputs[s.signal], -1, 0)  # type: ignore[index]
                for s in node.sources
            ]
            outputs[place] = evaluate_layer(node, trial)
            shapes[place] = outputs[place].shape[1:]
            continue
        layer = node.layer
        assert isinstance(layer, KernelLayer)
        taken = [
            shapes[s.layer] if s.layer is not None else inputs[s.signal].shape[:-1]  # type: ignore[index]
            for s in node.sources
        ]
        shapes[place] = layer.output_shape(*taken)
    return shapes


@dataclass
class Step:
    """One layer at work on one pack."""

    place: int
    node: Node
    work: Work
    #: derivatives that are shares of a sum, and the sums that they go to
    shares: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


@dataclass
class Plan:
    """All steps on one pack, in the order of the forward and of the backward pass."""

    pack: Pack
    forward: list[Step]
    backward: list[Step]
    spare: dict[int, np.ndarray]

    @property
    def last(self) -> Work:
        """The arrays of the layer that gives the prediction."""
        return self.forward[-1].work


class Planner:
    """Makes plans whose buffers are views of common memory.

    Parameters
    ----------
    structure : Structure
    shapes : dict of int to tuple of int
        Shape of one bin of every layer's output.
    longest : int
        Bins of the longest pack.
    dtype : dtype
    """

    def __init__(
        self, structure: Structure, shapes: Mapping[int, Shape], longest: int, dtype: np.dtype
    ):
        self.structure, self.shapes = structure, shapes
        self._longest, self._dtype = longest, dtype
        self._memory: dict[tuple[str, int, int], np.ndarray] = {}

    def plan(self, pack: Pack) -> Plan:
        """Lay down what happens to a pack."""
        starts: dict[int, np.ndarray] = {}
        steps = {place: self._step(place, pack, starts) for place in self.structure.needed}
        backward = self._backward(steps)
        spare = {
            place: self._buffer("spare", place, 0, self.shapes[place], int(starts[place][-1]))
            for place in self.structure.boundary
        }
        return Plan(pack, list(steps.values()), backward, spare)

    def _buffer(self, kind: str, place: int, number: int, shape: Shape, length: int) -> np.ndarray:
        n_rows = int(np.prod(shape))
        key = (kind, place, number)
        if key not in self._memory:
            self._memory[key] = np.empty(n_rows * self._longest, self._dtype)
        return self._memory[key][: n_rows * length].reshape(*shape, length)

    def _read(self, source: Source, pack: Pack, starts: Mapping[int, np.ndarray]) -> np.ndarray:
        if source.layer is not None:
            shape, length = self.shapes[source.layer], int(starts[source.layer][-1])
            return self._buffer("out", source.layer, 0, shape, length)
        assert source.signal is not None
        return pack.inputs[source.signal]

    def _step(self, place: int, pack: Pack, starts: dict[int, np.ndarray]) -> Step:
        node, shape = self.structure.nodes[place], self.shapes[place]
        inputs = tuple(self._read(source, pack, starts) for source in node.sources)
        source = node.sources[0].layer
        in_starts = pack.starts if source is None else starts[source]
        starts[place] = strided(in_starts, node.layer.stride)
        length, out_length = int(in_starts[-1]), int(starts[place][-1])
        scratch: Arrays = ()
        if isinstance(node.layer, KernelLayer):
            wanted = node.layer.scratch_shapes(*(x.shape[:-1] for x in inputs))
            scratch = tuple(
                self._buffer("scratch", place, number, each, length)
                for number, each in enumerate(wanted)
            )
        out = self._buffer("out", place, 0, shape, out_length)
        d_out = self._buffer("d_out", place, 0, shape, out_length)
        work = Work(inputs, out, in_starts, starts[place], scratch, d_out=d_out)
        return Step(place, node, work)

    def _backward(self, steps: Mapping[int, Step]) -> list[Step]:
        structure = self.structure
        wanted = structure.differentiated | set(structure.boundary)
        written = {structure.last}
        order: list[Step] = []
        for place in reversed(structure.needed):
            if place not in structure.differentiated or place not in written:
                continue
            step = steps[place]
            d_inputs: list[np.ndarray | None] = []
            shares: list[tuple[np.ndarray, np.ndarray]] = []
            for number, source in enumerate(step.node.sources):
                if source.layer not in wanted or source.layer is None:
                    d_inputs.append(None)
                    continue
                target = steps[source.layer].work.d_out
                if source.layer in written:
                    # another reader has written there already, so that ours is to be added
                    shape = self.shapes[source.layer]
                    share = self._buffer("share", place, number, shape, target.shape[-1])
                    shares.append((share, target))
                    target = share
                written.add(source.layer)
                d_inputs.append(target)
            step.work.d_inputs, step.shares = tuple(d_inputs), tuple(shares)
            order.append(step)
        return order
