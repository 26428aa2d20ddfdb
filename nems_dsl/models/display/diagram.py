"""A model as a diagram: layers, what flows between them, and where branches part and meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ...compiler import BoundKeyword, BoundModel
from ...graph.wiring import Node, connect
from ...layers.base import KernelLayer, Layer
from ..model_like import ModelLike

Sizes = Sequence[Any] | None


def diagram(model: ModelLike, format: str = "text") -> str:
    """Draw a model; see `Model.diagram`.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> print(diagram(Model("wc.18x4-fir.4x15"), "mermaid"))
    flowchart TD
        n0(["stim"])
        n1["wc.18x4"]
        n2["fir.4x15"]
        n3(["output"])
        n0 -->|"(T, 18)"| n1
        n1 -->|"(T, 4)"| n2
        n2 -->|"(T, 1)"| n3
    """
    if format not in _WRITERS:
        raise ValueError(f"format must be one of {', '.join(map(repr, _WRITERS))}, not {format!r}")
    return _WRITERS[format](_read(model))


@dataclass
class _Box:
    """A layer, a signal of the data, or the output.

    Attributes
    ----------
    text : str
    shape : str
        Of what it gives.
    reads : list of int
        Boxes that it reads, each before it in the list.
    is_layer : bool
    """

    text: str
    shape: str = ""
    reads: list[int] = field(default_factory=list)
    is_layer: bool = False


# ---- reading a model -------------------------------------------------------------------------


def _read(model: ModelLike) -> list[_Box]:
    """Give signals, layers and the output, in an order in which each follows what it reads."""
    tree = _tree_of(model)
    if tree is not None and tree.symbols:
        # a size is open, so that there are no layers yet
        stubs: list[Any] = [
            SimpleNamespace(input=list(k.inputs) or None, output=k.name, signature=k.signature)
            for k in tree
        ]
        nodes = connect(stubs)
    else:
        nodes = connect(model.layers)
    if tree is not None:
        texts = [keyword.text for keyword in tree]
        shapes: list[Sizes] = [keyword.gives for keyword in tree]
        signals = _signals_of_tree(nodes, tree)
    else:
        texts = [_describe(node.layer) for node in nodes]
        shapes, signals = _shapes_of_layers(nodes)
    boxes: list[_Box] = []
    found: dict[str | int, int] = {}
    strides: list[int] = []
    for place, node in enumerate(nodes):
        before = [strides[s.layer] for s in node.sources if s.layer is not None]
        strides.append(max(before, default=1) * getattr(node.layer, "stride", 1))
        for source in node.sources:
            if source.signal is not None and source.signal not in found:
                found[source.signal] = len(boxes)
                boxes.append(_Box(source.signal, _spell(signals.get(source.signal))))
        reads = [found[s.layer if s.layer is not None else s.signal or ""] for s in node.sources]
        name = "" if node.layer.output is None else f"{node.layer.output} = "
        text = name + texts[place] + _order(node.layer)
        found[place] = len(boxes)
        boxes.append(_Box(text, _spell(shapes[place], strides[place]), reads, is_layer=True))
    return [*boxes, _Box("output", reads=[len(boxes) - 1])] if boxes else []


def _order(layer: Layer) -> str:
    """Name what a layer reads where its order matters, which lines do not show."""
    if layer.input is None or isinstance(layer.input, str) or len(layer.input) < 2:
        return ""
    names = layer.input.values() if isinstance(layer.input, Mapping) else layer.input
    return f"@{','.join(names)}"


def _tree_of(model: ModelLike) -> BoundModel | None:
    try:
        return model.tree
    except ValueError:
        return None


def _signals_of_tree(nodes: Sequence[Node], tree: BoundModel) -> dict[str, Sizes]:
    signals: dict[str, Sizes] = {}
    for node, keyword in zip(nodes, tree, strict=True):
        takes = [keyword.takes, *_further(keyword)]
        for source, sizes in zip(node.sources, takes, strict=False):
            if source.signal is not None:
                signals.setdefault(source.signal, sizes)
    return signals


def _further(keyword: BoundKeyword) -> list[Sizes]:
    """Give the sizes of all inputs but the first, where its axes tell them."""
    for flow in keyword.signature.flows:
        known = {**dict(zip(flow.takes, keyword.takes, strict=False)), **keyword.dims}
        if all(axis in known for axes in flow.also for axis in axes):
            return [tuple(known[axis] for axis in axes) for axes in flow.also]
    return []


def _shapes_of_layers(nodes: Sequence[Node]) -> tuple[list[Sizes], dict[str, Sizes]]:
    """Find shapes as far as keywords tell them; layers without leave them open."""
    shapes: list[Sizes] = []
    signals: dict[str, Sizes] = {}
    for node in nodes:
        layer = node.layer
        if not isinstance(layer, KernelLayer) or not layer.signature.flows:
            shapes.append(None)
            continue
        flow = layer.signature.flows[0]
        taken: list[Sizes] = []
        for source, axes in zip(node.sources, flow.inputs, strict=False):
            known = all(axis in layer.dims for axis in axes)
            declared = tuple(layer.dims[axis] for axis in axes) if known else None
            if source.signal is not None:
                signals.setdefault(source.signal, declared)
            before = signals.get(source.signal or "")
            came = before if source.layer is None else shapes[source.layer]
            taken.append(declared if came is None else came)
        ready = len(taken) == len(node.sources) and None not in taken
        shapes.append(layer.output_shape(*map(tuple, taken)) if ready else None)  # type: ignore[arg-type]
    return shapes, signals


def _describe(layer: Layer) -> str:
    if not isinstance(layer, KernelLayer):
        return layer.label
    shape = "x".join(map(str, layer.shape or ()))
    given = [f"{name}{'' if value is True else value}" for name, value in layer.options.items()]
    return ".".join([layer.signature.head, *filter(None, [shape]), *given])


def _spell(sizes: Sizes, stride: int = 1) -> str:
    # what only the data can tell has a name in angle brackets
    spelled = ["..."] if sizes is None else [str(size) for size in sizes]
    time = "T" if stride == 1 else f"T/{stride}"
    return f"({', '.join([time, *('...' if '<' in size else size for size in spelled)])})"


# ---- writing ---------------------------------------------------------------------------------


def _mermaid(boxes: Sequence[_Box]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;") + '"'

    lines = ["flowchart TD"]
    for number, box in enumerate(boxes):
        left, right = ("[", "]") if box.is_layer else ("([", "])")
        lines.append(f"    n{number}{left}{quoted(box.text)}{right}")
    for number, box in enumerate(boxes):
        for source in box.reads:
            lines.append(f"    n{source} -->|{quoted(boxes[source].shape)}| n{number}")
    return "\n".join(lines)


def _graphviz(boxes: Sequence[_Box]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = ["digraph model {", "    node [shape=box];"]
    for number, box in enumerate(boxes):
        shape = "" if box.is_layer else ", shape=ellipse"
        lines.append(f"    n{number} [label={quoted(box.text)}{shape}];")
    for number, box in enumerate(boxes):
        for source in box.reads:
            lines.append(f"    n{source} -> n{number} [label={quoted(boxes[source].shape)}];")
    return "\n".join([*lines, "}"])


def _text(boxes: Sequence[_Box]) -> str:
    """Draw every box as a dot on a rail that runs down to those who read it."""
    last_reader = {source: number for number, box in enumerate(boxes) for source in box.reads}
    rails: list[int | None] = []
    rows: list[tuple[str, str]] = []
    for number, box in enumerate(boxes):
        joined = {rails.index(source) for source in box.reads}
        ending = {at for at in joined if last_reader[rails[at]] == number}  # type: ignore[index]
        own = min(ending) if ending else _free(rails, max(joined, default=-1) + 1)
        rails += [None] * (own + 1 - len(rails))
        rows.append((_row(rails, own, joined - {own}, ending), box.text))
        for at in ending:
            rails[at] = None
        rails[own] = number if number in last_reader else None
        while rails and rails[-1] is None:
            rails.pop()
        below = " ".join(" " if rail is None else "│" for rail in rails)
        unread = "" if number in last_reader or not box.shape else ", which nothing reads"
        if box.shape:
            rows.append((below, box.shape + unread))
    width = max((len(drawn) for drawn, _ in rows), default=0)
    return "\n".join(f"{drawn:{width}}  {text}" for drawn, text in rows)


def _free(rails: Sequence[int | None], first: int) -> int:
    free = [at for at in range(first, len(rails)) if rails[at] is None]
    return free[0] if free else len(rails)


def _row(rails: Sequence[int | None], own: int, joined: set[int], ending: set[int]) -> str:
    low, high = min({own, *joined}), max({own, *joined})
    drawn = ""
    for at, rail in enumerate(rails):
        if at == own:
            mark = "●"
        elif at in joined:
            place = "left" if at == low else "right" if at == high else "middle"
            mark = _CORNERS[at in ending, place]
        elif rail is not None:
            mark = "│"
        else:
            mark = "─" if low < at < high else " "
        drawn += mark + ("─" if low <= at < high else " ")
    return drawn.rstrip()


_CORNERS = {
    (True, "left"): "╰", (True, "middle"): "┴", (True, "right"): "╯",
    (False, "left"): "├", (False, "middle"): "┼", (False, "right"): "┤",
}  # fmt: skip

_WRITERS: dict[str, Callable[[Sequence[_Box]], str]] = {
    "text": _text,
    "mermaid": _mermaid,
    "graphviz": _graphviz,
}
