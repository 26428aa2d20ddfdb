"""A model string in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._html import block
from ..bound import BoundKeyword, BoundModel
from ..sizes import SYMBOLS, Sizes
from ..strings import parse
from .redundancy import find_redundant


class Explanation(str):
    """A text of several lines, which notebooks show as it is printed."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return block(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def explain(string: str, dialect: str = "native") -> Explanation:
    """Say what a model string means, keyword by keyword.

    Parameters
    ----------
    string : str
    dialect : str

    Returns
    -------
    Explanation
        A `str`: the canonical form and its digest; for each keyword what it does, its equation,
        the shapes that come in and go out, its parameters; and their number in all.

    Raises
    ------
    ModelStringError
        The string is not a model.

    Examples
    --------
    >>> print(explain("wc.18x4-fir.x15-dexp"))  # doctest: +ELLIPSIS
    wc.18x4-fir.4x15-dexp.1  (model_id ...)
    <BLANKLINE>
    1. wc.18x4 weights channels: each output is a weighted sum of the inputs
       y[t, o] = sum_c x[t, c] w[c, o]
       (T, 18) -> (T, 4)
       72 parameters: coefficients (18, 4)
    ...
    """
    tree = parse(string, dialect)
    blocks = [f"{tree.string}  (model_id {tree.model_id})"]
    total = 0
    unread = _unread(tree)
    redundant = find_redundant(tree)
    for number, keyword in enumerate(tree, 1):
        count, lines = _describe(number, keyword)
        if number - 1 in unread:
            lines.append("   nothing reads this output, so that no fit moves its parameters")
        if number - 1 in redundant:
            lines.append(f"   adds nothing: {redundant[number - 1]}")
        total += count
        blocks.append("\n".join(lines))
    blocks.append(_summary(tree, total))
    return Explanation("\n\n".join(blocks))


def _describe(number: int, keyword: BoundKeyword) -> tuple[int, list[str]]:
    signature = keyword.signature
    lines = [f"{number}. {keyword.string} {signature.summary}", f"   {signature.equation}"]
    for name, value in keyword.options:
        option = signature.option(name)
        if option is not None:
            given = "" if value is True else f" = {value:g}"
            lines.append(f"   {name}{given}: {option.help}")
    if keyword.inputs:
        lines.append(f"   reads {', '.join(keyword.inputs)}")
    lines.append(f"   {_shape(keyword.takes)} -> {_shape(keyword.gives)}")
    count, text = _parameters(keyword)
    lines.append(f"   {text}")
    if keyword.name is not None:
        lines.append(f"   gives `{keyword.name}`")
    return count, lines


def _unread(tree: BoundModel) -> set[int]:
    """Find keywords whose output goes nowhere, the last one aside."""
    read = {place - 1 for place, keyword in enumerate(tree) if not keyword.inputs}
    names = {name for keyword in tree for name in keyword.inputs}
    places = range(len(tree) - 1)
    return {p for p in places if p not in read and tree.keywords[p].name not in names}


def _shape(sizes: Sizes | Sequence[int]) -> str:
    return f"({', '.join(['T', *map(str, sizes)])})"


def _parameters(keyword: BoundKeyword) -> tuple[int, str]:
    dims = keyword.dims
    open_sizes = [str(size) for size in dims.values() if not isinstance(size, int)]
    if open_sizes:
        return 0, f"parameters: as many as {', '.join(open_sizes)} will say"
    entry = keyword.entry
    shapes = entry.parameter_shapes(dims, dict(keyword.options))  # type: ignore[arg-type]
    fixed = getattr(entry, "fixed_parameters", lambda options: ())(dict(keyword.options))
    free = {name: shape for name, shape in shapes.items() if name not in fixed}
    count = 0
    parts = []
    for name, shape in free.items():
        size = 1
        for n in shape:
            size *= n
        count += size
        parts.append(f"{name} ({', '.join(map(str, shape))})")
    if not parts:
        return 0, "no parameters"
    return count, f"{count:,} parameter{'s' * (count != 1)}: {', '.join(parts)}"


def _summary(tree: BoundModel, total: int) -> str:
    if tree.symbols:
        meanings = [f"{symbol} ({SYMBOLS[symbol]})" for symbol in sorted(tree.symbols)]
        return f"sizes that the data will tell: {', '.join(meanings)}"
    return f"{total:,} parameter{'s' * (total != 1)} in all"
