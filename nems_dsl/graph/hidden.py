"""Hidden layers: nonlinearities whose outputs are weighted and summed before the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..layers.base import KernelLayer
from .skeleton import Skeleton, find_skeleton
from .wiring import Node, Source, needed


@dataclass(frozen=True)
class Hidden:
    """The hidden layers of a model, and the linear-nonlinear model that is left without them.

    Attributes
    ----------
    places : tuple of int
        The hidden nonlinearities, in order.
    nodes : tuple of Node
        The same layers; what reads a hidden nonlinearity reads what that one reads.
    skeleton : Skeleton
        Of these nodes.
    """

    places: tuple[int, ...]
    nodes: tuple[Node, ...]
    skeleton: Skeleton


def find_hidden(nodes: Sequence[Node]) -> Hidden | None:
    """Find the hidden layers of a model; None if it has none, or is of another form.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> from nems_dsl.graph import connect
    >>> nodes = connect(Model("wc.18x2-fir.2x5x4-relu.4-wc.4x1-dexp.1").layers)
    >>> find_hidden(nodes).places
    (2,)
    """
    places = needed(nodes, len(nodes) - 1)
    if find_skeleton(nodes, places) is not None:
        return None
    bent = [place for place in places if _is_curve(nodes[place])]
    for n_hidden in range(1, len(bent) + 1):
        hidden = bent[:n_hidden]
        passed = _without(nodes, hidden)
        skeleton = find_skeleton(passed, needed(passed, len(passed) - 1))
        if skeleton is not None:
            return Hidden(tuple(hidden), tuple(passed), skeleton)
    return None


def _is_curve(node: Node) -> bool:
    layer = node.layer
    return (
        isinstance(layer, KernelLayer)
        and layer.facts.channelwise
        and not layer.facts.affine
        and not layer.facts.near_identity
        and layer.memory == 0
        and len(node.sources) == 1
        and node.sources[0].layer is not None
    )


def _without(nodes: Sequence[Node], hidden: Sequence[int]) -> list[Node]:
    def passed(source: Source) -> Source:
        while source.layer is not None and source.layer in hidden:
            source = nodes[source.layer].sources[0]
        return source

    return [replace(node, sources=tuple(map(passed, node.sources))) for node in nodes]
