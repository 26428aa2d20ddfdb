"""The part of a model that comes after a linear one, as far as slopes of it can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...graph.fronts import Front
from ...graph.wiring import Node, Source
from ...layers.base import KernelLayer, flat
from ...layers.nonlinearity import Scale
from ..engine.packs import Pack
from ..engine.passes import Engine, run_backward, run_forward
from ..engine.vector import ParameterVector

_DRIVE = "drive"


@dataclass(frozen=True)
class Tail:
    """Layers that turn what a linear part gives into the prediction, bin by bin.

    Attributes
    ----------
    places : tuple of int
        The layers, in order; none where the linear part is the whole model.
    nodes : tuple of Node
        The same, wired to each other, and to a signal that stands for what they are given.
    channelwise : bool
        Whether each output depends on its own input alone.
    """

    places: tuple[int, ...]
    nodes: tuple[Node, ...]
    channelwise: bool

    @property
    def signals(self) -> list[str]:
        """What the layers read besides."""
        names = (s.signal for node in self.nodes for s in node.sources)
        return list(dict.fromkeys(n for n in names if n is not None and n != _DRIVE))


def find_tail(nodes: Sequence[Node], needed: Sequence[int], front: Front) -> Tail | None:
    """Find what comes after a linear part; None if that is not static, or reads it in between."""
    cut, inside = front.places[-1], set(front.places)
    places = []
    for place in needed:
        if place in inside:
            continue
        layer = nodes[place].layer
        if not isinstance(layer, KernelLayer) or layer.memory != 0 or layer.stride > 1:
            return None
        if any(s.layer in inside and s.layer != cut for s in nodes[place].sources):
            return None
        places.append(place)
    if needed[-1] != cut and not places:
        return None
    wired = [_wired(nodes[place], cut, places) for place in places]
    if any(each is None for each in wired):
        return None
    channelwise = all(
        isinstance(n.layer, KernelLayer) and n.layer.facts.channelwise for n in wired if n
    )
    return Tail(tuple(places), tuple(n for n in wired if n), channelwise)


def _wired(node: Node, cut: int, places: Sequence[int]) -> Node | None:
    sources = []
    for source in node.sources:
        if source.layer is None:
            sources.append(source)
        elif source.layer == cut:
            sources.append(Source(layer=0))
        elif source.layer in places:
            sources.append(Source(layer=1 + places.index(source.layer)))
        else:
            return None
    return Node(node.layer, tuple(sources))


class TailPass:
    """Runs a tail forward and backward on chosen values of what it is given.

    Parameters
    ----------
    tail : Tail
        Of one layer at least.
    shape : tuple of int
        Of one bin of what the tail is given.
    signals : mapping of str to (channels, n) array
        What else the layers read, at each of the values.
    n : int
        How many values there are.
    """

    def __init__(
        self, tail: Tail, shape: tuple[int, ...], signals: Mapping[str, np.ndarray], n: int
    ):
        # a layer that changes nothing, for what it is given to have a derivative
        first = Scale(shape, input=_DRIVE)
        first.parameters["gain"].values = np.ones(shape)
        nodes = [Node(first, (Source(signal=_DRIVE),)), *tail.nodes]
        self._drive = np.zeros((*shape, n))
        self._n_first = int(np.prod(shape))
        pack = Pack({_DRIVE: self._drive, **signals}, np.empty((0, 0)), np.arange(n + 1)[[0, -1]])
        vector = ParameterVector([node.layer for node in nodes])
        self._gain = np.ones(self._n_first)
        self._engine = Engine(nodes, list(range(len(nodes))), [pack], vector, np.dtype(float))

    def run(self, drive: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Give what comes of a drive, (inputs, n) to (outputs, n), for the tail's parameters."""
        engine, (plan,) = self._engine, self._engine.plans
        flat(self._drive)[...] = drive
        self._values = engine.values(np.concatenate([self._gain, theta]))
        self._weights = engine.prepare(self._values)
        run_forward(plan.forward, self._weights)
        return np.array(flat(plan.last.out))

    def back(self, d_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the derivatives by drive and parameters, after `run`."""
        engine, (plan,) = self._engine, self._engine.plans
        flat(plan.last.d_out)[...] = d_out
        d_weights = engine.zero_weights(self._weights)
        run_backward(plan.backward, d_weights)
        gradient = engine.gather(self._values, self._weights, d_weights)
        return np.array(flat(plan.forward[0].work.d_out)), gradient[self._n_first :]
