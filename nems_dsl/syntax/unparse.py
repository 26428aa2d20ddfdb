"""Trees back into text: the one place that writes the language."""

from __future__ import annotations

from .tree import Dim, Flag, Keyword, Section, Shape, Text


def unparse(node: Text | Section | Keyword | Shape | Flag) -> str:
    """Write a tree, or a part of one, as the string it stands for, without white space.

    Examples
    --------
    >>> from nems_dsl.syntax import read
    >>> unparse(read("wc.18x4 - fir.4x15"))
    'wc.18x4-fir.4x15'
    """
    if isinstance(node, Text):
        return "_".join(map(unparse, node.sections))
    if isinstance(node, Section):
        return "-".join(map(unparse, node.keywords))
    if isinstance(node, Keyword):
        return write_keyword(
            node.head,
            [unparse(option) for option in node.options],
            None if node.name is None else node.name.name,
            [reference.name for reference in node.inputs],
        )
    if isinstance(node, Shape):
        return "x".join("" if dim is None else write_dim(dim) for dim in node.dims)
    return node.text


def write_dim(dim: Dim) -> str:
    """Write one size: ``15``, ``R`` or ``4R``."""
    return f"{'' if dim.number is None else dim.number}{dim.symbol or ''}"


def write_keyword(
    head: str, options: list[str], name: str | None = None, inputs: list[str] | None = None
) -> str:
    """Write ``[name=]head[.option]*[@input,...]`` from its parts."""
    text = ".".join([head, *options])
    if name is not None:
        text = f"{name}={text}"
    return f"{text}@{','.join(inputs)}" if inputs else text
