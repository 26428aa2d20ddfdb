"""The linear part that a model begins with, and the static part that it may end with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..data.trials import STIMULUS
from ..layers.base import KernelLayer
from .fronts import affine_upstream, wired
from .wiring import Node


@dataclass(frozen=True)
class Skeleton:
    """What a model is made of, for a start from data.

    Attributes
    ----------
    front : tuple of int
        Affine layers that read the stimulus, or each other; the last of them gives the cut.
    tail : tuple of int
        Layers after the cut that change each value by itself, in order.
    nodes : tuple of Node
        The front alone, where a layer that starts near the identity, such as `stp`, is left out.
    """

    front: tuple[int, ...]
    tail: tuple[int, ...]
    nodes: tuple[Node, ...]

    @property
    def cut(self) -> int:
        """The layer whose output is linear in the stimulus."""
        return self.front[-1]


def find_skeleton(nodes: Sequence[Node], needed: Sequence[int]) -> Skeleton | None:
    """Tell the linear front of a model from its static tail; None if it is not of that form."""
    readers = {
        place: [n for n in needed if any(s.layer == place for s in nodes[n].sources)]
        for place in needed
    }
    tail: list[int] = []
    place = needed[-1]
    while True:
        layer, source = nodes[place].layer, nodes[place].sources[0].layer
        if not isinstance(layer, KernelLayer) or not (
            layer.facts.near_identity or (layer.facts.channelwise and layer.memory == 0)
        ):
            break
        if source is None or len(readers[source]) > 1:
            break
        if not layer.facts.near_identity:
            tail.insert(0, place)
        place = source
    front = _find_front(nodes, place)
    if front is None:
        return None
    return Skeleton(tuple(front), tuple(tail), tuple(wired(nodes, front)))


def find_front(nodes: Sequence[Node], cut: int) -> Skeleton | None:
    """Give the linear front that ends with a layer, without a tail; None if there is none."""
    front = _find_front(nodes, cut)
    return None if front is None else Skeleton(tuple(front), (), tuple(wired(nodes, front)))


def _find_front(nodes: Sequence[Node], cut: int) -> list[int] | None:
    """Give the affine layers that the output of `cut` depends on, if they read the stimulus."""
    found = affine_upstream(nodes, cut)
    if found is None or found[1] - {STIMULUS} or cut not in found[0]:
        return None
    return found[0]
