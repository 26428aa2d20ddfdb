"""Which layer reads what: the chain of layers, with its named signals, as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..compiler.bound import BoundModel
from ..data.trials import STIMULUS
from ..layers.base import Layer

_SYNONYMS = {"input": STIMULUS}


@dataclass(frozen=True)
class Source:
    """Where a layer finds one of its inputs: the output of a layer, or a signal of the data."""

    layer: int | None = None
    signal: str | None = None


@dataclass(frozen=True)
class Node:
    """A layer, and its inputs in the order of its arguments."""

    layer: Layer
    sources: tuple[Source, ...]
    arguments: tuple[str, ...] | None = None


def connect(layers: Sequence[Layer]) -> list[Node]:
    """Find every layer's inputs.

    Raises
    ------
    ValueError
        Two outputs have the same name.
    """
    named: dict[str, int] = {}
    nodes: list[Node] = []
    for place, layer in enumerate(layers):
        names, arguments = _names(layer)
        if names is None:
            first = Source(layer=place - 1) if place else Source(signal=STIMULUS)
            sources: tuple[Source, ...] = (first,)
        else:
            sources = tuple(_source(name, named) for name in names)
        extra = () if layer.signature is None else layer.signature.signals
        if len(sources) <= len(extra):
            sources += tuple(Source(signal=name) for name in extra)
        nodes.append(Node(layer, sources, arguments))
        if layer.output is not None:
            if layer.output in named:
                raise ValueError(f"two layers give an output called {layer.output!r}")
            named[layer.output] = place
    return nodes


def needed(nodes: Sequence[Node], place: int) -> list[int]:
    """Give the layers that the output of one depends on, itself included, in order."""
    found = {place}
    for index in range(place, -1, -1):
        if index in found:
            found.update(s.layer for s in nodes[index].sources if s.layer is not None)
    return sorted(found)


def signals_of(nodes: Sequence[Node]) -> list[str]:
    """Give the signals of the data that some layer reads."""
    found = [s.signal for node in nodes for s in node.sources if s.signal is not None]
    return list(dict.fromkeys(found))


def check_signals(nodes: Sequence[Node], given: Mapping[str, object]) -> None:
    """Refuse data that lack a signal.

    Raises
    ------
    ValueError
        Names the signal, who reads it, and what there is.
    """
    for node in nodes:
        for source in node.sources:
            if source.signal is not None:
                _check_signal(node.layer.label, source.signal, given)


def check_signals_of_tree(tree: BoundModel, given: Mapping[str, object]) -> None:
    """Refuse data that lack a signal, as `check_signals` does, before there are layers.

    Raises
    ------
    ValueError
        Names the signal, who reads it, and what there is.
    """
    named: set[str] = set()
    for place, keyword in enumerate(tree):
        names = keyword.inputs or (() if place else (STIMULUS,))
        extra = keyword.signature.signals
        if max(len(keyword.inputs), 1) <= len(extra):
            names += extra
        for name in names:
            if name not in named:
                _check_signal(keyword.head, name, given)
        if keyword.name is not None:
            named.add(keyword.name)


def _check_signal(reader: str, signal: str, given: Mapping[str, object]) -> None:
    if signal not in given:
        raise ValueError(
            f"{reader} reads the signal {signal!r}, which the data do not have; there are: "
            f"{', '.join(map(repr, given))}"
        )


def _names(layer: Layer) -> tuple[list[str] | None, tuple[str, ...] | None]:
    if layer.input is None:
        return None, None
    if isinstance(layer.input, str):
        return [layer.input], None
    if isinstance(layer.input, Mapping):
        return list(layer.input.values()), tuple(layer.input)
    return list(layer.input), None


def _source(name: str, named: Mapping[str, int]) -> Source:
    if name in named:
        return Source(layer=named[name])
    return Source(signal=_SYNONYMS.get(name, name))
