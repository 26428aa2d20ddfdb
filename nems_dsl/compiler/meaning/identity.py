"""What a model computes, whatever its signals are called and in which order branches stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from ...syntax import read
from ..bind import bind
from ..bound import BoundKeyword, BoundModel
from ..wiring import STIMULUS

_ROUNDS = 8
# a signal of the data by its name, or the place of the keyword that gives it
Source = str | int


@dataclass(slots=True)
class _Node:
    """A keyword and what it reads; `is_free` where the order of that does not matter."""

    keyword: BoundKeyword
    reads: tuple[Source, ...]
    is_free: bool

    @property
    def text(self) -> str:
        return self.keyword.text


def function_form(tree: BoundModel) -> str:
    """Write what a model computes, so that models which compute the same are written alike.

    Parameters
    ----------
    tree : BoundModel

    Returns
    -------
    str
        Of a plain chain, its canonical form. Otherwise a line of keywords, each with the numbers
        of those whose output it reads. Names of inner signals are not in it; keywords stand in an
        order that does not depend on theirs; inputs that may be exchanged are sorted; and keywords
        that others can say are written as these.

    Notes
    -----
    Two forms are equal only if one wiring is the other with its keywords in another order, so that
    models of one form compute the same functions. Some models that do have different forms.

    Examples
    --------
    >>> from nems_dsl import parse
    >>> a = parse("drive=wc.18x1-gain=wc.2x1@state-mult@drive,gain")
    >>> b = parse("g=wc.2x1@state-d=wc.18x1@stim-mult@g,d")
    >>> function_form(a)
    'wc.2x1@state-wc.18x1@stim-mult@1,2'
    >>> function_form(a) == function_form(b)
    True
    >>> function_form(parse("strf.18x15-dexp.1"))
    'fir.18x15-dexp.1'
    """
    if not _may_differ(tree):
        return tree.text
    nodes, last = _wire(tree)
    colours = _colours(nodes, last)
    order = _order(nodes, last, colours)
    place = {node: number for number, node in enumerate(order, 1)}
    is_chain = all(
        nodes[node].reads == ((order[number - 1],) if number else (STIMULUS,))
        and not nodes[node].keyword.signature.signals
        for number, node in enumerate(order)
    )
    written = []
    for node in order:
        each = nodes[node]
        reads = [str(place[r]) if isinstance(r, int) else r for r in _sorted(each, colours, place)]
        written.append(each.text if is_chain else f"{each.text}@{','.join(reads)}")
    return "-".join(written)


def function_id(tree: BoundModel) -> str:
    """Give twelve hexadecimal digits that stand for what a model computes."""
    return sha256(function_form(tree).encode()).hexdigest()[:12]


def _may_differ(tree: BoundModel) -> bool:
    """Tell whether the form may be another than the canonical one."""
    return any(
        keyword.inputs
        or keyword.name is not None
        or keyword.signature.signals
        or keyword.signature.said_by is not None
        for keyword in tree
    )


def _wire(tree: BoundModel) -> tuple[list[_Node], int]:
    nodes: list[_Node] = []
    named: dict[str, int] = {}
    previous: Source = STIMULUS
    for keyword in tree:
        signature = keyword.signature
        inputs, signals = keyword.inputs, signature.signals
        names = inputs if len(inputs) > len(signals) > 0 else (*inputs, *signals)
        reads: tuple[Source, ...] = tuple(named.get(name, name) for name in names)
        if not inputs:
            reads = (previous, *reads)
        for part in _said(keyword):
            nodes.append(_Node(part, reads, part.signature.commutes))
            reads = (len(nodes) - 1,)
        previous = len(nodes) - 1
        if keyword.name is not None:
            named[keyword.name] = previous
    last = len(nodes) - 1
    for number, node in enumerate(nodes):
        readers = [each for each in nodes if number in each.reads]
        if node.keyword.signature.stacks and readers and number != last:
            node.is_free = not node.keyword.options and all(map(_is_blind, readers))
    return nodes, last


def _said(keyword: BoundKeyword) -> list[BoundKeyword]:
    """Give the keywords that say what a keyword says, itself if there are none."""
    said_by = keyword.signature.said_by
    dims = {axis: size for axis, size in keyword.dims.items() if isinstance(size, int)}
    if said_by is None or len(dims) < len(keyword.dims):
        return [keyword]
    string = said_by(dims, dict(keyword.options))
    if string is None:
        return [keyword]
    return list(bind(read(string)))


def _is_blind(node: _Node) -> bool:
    """Tell whether any order of the channels that come in means the same functions."""
    keyword = node.keyword
    unless = keyword.signature.any_order
    if unless is None or len(keyword.takes) != 1:
        return False
    return not any(name in unless for name, _ in keyword.options)


def _colours(nodes: Sequence[_Node], last: int) -> list[str]:
    """Tell nodes apart by what they are, what they read, and who reads them."""
    colours = [node.text for node in nodes]
    for _ in range(min(_ROUNDS, len(nodes))):
        readers: list[list[str]] = [[] for _ in nodes]
        for number, node in enumerate(nodes):
            for place, source in enumerate(node.reads):
                if isinstance(source, int):
                    where = "*" if node.is_free else str(place)
                    readers[source].append(f"{where}{colours[number]}")
        new = []
        for number, node in enumerate(nodes):
            reads = [colours[r] if isinstance(r, int) else f"@{r}" for r in node.reads]
            parts = [
                colours[number],
                *(sorted(reads) if node.is_free else reads),
                "last" if number == last else "",
                *sorted(readers[number]),
            ]
            new.append(sha256("|".join(parts).encode()).hexdigest())
        colours = new
    return colours


def _order(nodes: Sequence[_Node], last: int, colours: Sequence[str]) -> list[int]:
    """Put each node after those that it reads; the last one's first, then those nobody needs."""
    order: list[int] = []
    met: set[int] = set()
    rest = sorted(range(len(nodes)), key=lambda number: (colours[number], number))
    for start in (last, *rest):
        # each with whether what it reads was gone through
        stack = [(start, False)]
        while stack:
            number, is_ready = stack.pop()
            if is_ready:
                order.append(number)
                continue
            if number in met:
                continue
            met.add(number)
            stack.append((number, True))
            reads = _sorted(nodes[number], colours, {})
            stack += [(r, False) for r in reversed(reads) if isinstance(r, int)]
    return order


def _sorted(node: _Node, colours: Sequence[str], place: dict[int, int]) -> list[Source]:
    """Give what a node reads, in an order of its own where any will do."""
    if not node.is_free:
        return list(node.reads)

    def key(source: Source) -> tuple[str, int]:
        if isinstance(source, str):
            return f"@{source}", 0
        return colours[source], place.get(source, source)

    return sorted(node.reads, key=key)
