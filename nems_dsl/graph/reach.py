"""How far in time an output depends on its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .wiring import Node


@dataclass(frozen=True)
class Reach:
    """What an output depends on around its own bin, and how many bins it stands for.

    Attributes
    ----------
    past : int or None
        Bins before; None if that is unbounded, or not known.
    future : int
        Bins ahead.
    stride : int
        Bins of the data to one of the output.
    known : int
        Bins before that layers of bounded memory depend on, whatever the others do.
    """

    past: int | None
    future: int
    stride: int
    known: int = 0


def find_reach(nodes: Sequence[Node], needed: Sequence[int]) -> Reach:
    """Find what the last layer's output depends on.

    Raises
    ------
    ValueError
        Signals of different sampling rates meet.
    """
    found: dict[int, Reach] = {}
    for place in needed:
        node, layer = nodes[place], nodes[place].layer
        before = [found[s.layer] for s in node.sources if s.layer is not None] or [Reach(0, 0, 1)]
        strides = {each.stride for each in before}
        strides |= {1 for s in node.sources if s.layer is None}
        if len(strides) > 1:
            raise ValueError(f"{layer.label} reads signals of different sampling rates")
        (stride,) = strides
        pasts = [each.past for each in before]
        past = None
        if layer.memory is not None and None not in pasts:
            past = layer.memory * stride + max(p for p in pasts if p is not None)
        future = layer.lookahead * stride + max(each.future for each in before)
        known = (layer.memory or 0) * stride + max(each.known for each in before)
        found[place] = Reach(past, future, stride * layer.stride, known)
    return found[needed[-1]]
