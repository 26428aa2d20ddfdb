"""The linear parts of a model that read the data: those that receptive fields belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..layers.base import KernelLayer
from .wiring import Node, Source


@dataclass(frozen=True)
class Front:
    """Affine layers between a signal of the data and the first layer that is not affine.

    Attributes
    ----------
    signal : str
        What they read.
    places : tuple of int
        The layers, in order; the last of them gives what the rest of the model reads.
    nodes : tuple of Node
        The same, wired to each other, where a layer that starts near the identity, such as
        `stp`, is left out.
    is_last : bool
        Whether nothing comes after it that is not affine.
    """

    signal: str
    places: tuple[int, ...]
    nodes: tuple[Node, ...]
    is_last: bool


def find_fronts(nodes: Sequence[Node], needed: Sequence[int]) -> list[Front]:
    """Find the linear parts that read the data, each as far as it goes.

    A model without branches has one or none; where branches are joined by a layer that is not
    affine, or read different signals, each has its own.

    Parameters
    ----------
    nodes : sequence of Node
    needed : sequence of int
        The layers that count, in order.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> from nems_dsl.graph import connect
    >>> nodes = connect(list(Model("wc.18x2-stp.2-fir.2x15-dexp.1").layers))
    >>> [front.places for front in find_fronts(nodes, range(4))]
    [(0, 2)]
    """
    reads: dict[int, str] = {}
    for place in needed:
        signal = _signal(nodes[place], reads)
        if signal is not None:
            reads[place] = signal
    found = []
    for place, signal in reads.items():
        readers = [n for n in needed if any(s.layer == place for s in nodes[n].sources)]
        if all(reader in reads for reader in readers) and place != needed[-1]:
            continue
        front, _ = affine_upstream(nodes, place) or ((), ())
        if front:
            is_last = place == needed[-1]
            found.append(Front(signal, tuple(front), tuple(wired(nodes, front)), is_last))
    return found


def _signal(node: Node, reads: dict[int, str]) -> str | None:
    """Name the one signal of the data that a layer is affine in; None if there is none."""
    signals = {s.signal if s.layer is None else reads.get(s.layer) for s in _affine_in(node) or ()}
    return signals.pop() if len(signals) == 1 else None


def _affine_in(node: Node) -> tuple[Source, ...] | None:
    """Give what a layer is affine in; None if it is not affine."""
    layer = node.layer
    if not isinstance(layer, KernelLayer):
        return None
    if layer.facts.near_identity:
        return node.sources[:1]
    if not layer.facts.affine or layer.stride > 1 or layer.memory is None:
        return None
    return node.sources


def affine_upstream(nodes: Sequence[Node], place: int) -> tuple[list[int], set[str]] | None:
    """Give the affine layers that the output of one depends on, itself included, in order.

    Returns
    -------
    (list of int, set of str) or None
        The layers, without those that start near the identity, and the signals that they read;
        None where a layer on the way is not affine.
    """
    found, signals, waiting = set[int](), set[str](), [place]
    while waiting:
        here = waiting.pop()
        layer, sources = nodes[here].layer, _affine_in(nodes[here])
        if sources is None:
            return None
        if not (isinstance(layer, KernelLayer) and layer.facts.near_identity):
            found.add(here)
        signals |= {s.signal for s in sources if s.signal is not None}
        waiting += [s.layer for s in sources if s.layer is not None]
    return sorted(found), signals


def wired(nodes: Sequence[Node], front: Sequence[int]) -> list[Node]:
    """Wire the layers of a front to each other, past those that start near the identity."""

    def resolved(source: Source) -> Source:
        while source.layer is not None and source.layer not in front:
            source = nodes[source.layer].sources[0]
        return source if source.layer is None else Source(layer=front.index(source.layer))

    return [Node(nodes[place].layer, tuple(map(resolved, nodes[place].sources))) for place in front]
