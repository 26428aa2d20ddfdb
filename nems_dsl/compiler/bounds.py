"""Refusing models too large to be meant, before anything is allocated."""

from __future__ import annotations

import math

from ..syntax import LONGEST_STRING, Diagnostic, ModelStringError, Span
from .bound import BoundKeyword, BoundModel

MOST_PARAMETERS = 1_000_000_000


def check_bulk(tree: BoundModel) -> None:
    """Refuse a model of more than 1e9 parameters.

    Raises
    ------
    ModelStringError
        Points at the keyword that has the most.
    """
    counts = [count_parameters(keyword) or 0 for keyword in tree]
    if sum(counts) <= MOST_PARAMETERS:
        return
    largest = max(range(len(counts)), key=counts.__getitem__)
    keyword = tree.keywords[largest]
    message = (
        f"a model of {sum(counts):,} parameters; `{keyword.head}` alone has {counts[largest]:,}"
    )
    hint = f"a model has at most {MOST_PARAMETERS:,}; make this shape smaller"
    raise ModelStringError(tree.source, [Diagnostic("E206", message, keyword.span, hint)])


def check_length(tree: BoundModel) -> None:
    """Refuse a model whose canonical form is too long to be read again.

    Raises
    ------
    ModelStringError
        Points at the whole string.
    """
    n_characters = len(tree.text)
    if n_characters > LONGEST_STRING:
        message = f"with its shapes complete, the string has {n_characters:,} characters"
        hint = f"a string holds at most {LONGEST_STRING:,}; build this model in Python instead"
        raise ModelStringError(tree.source, [Diagnostic("E011", message, Span(0, 1), hint)])


def count_parameters(keyword: BoundKeyword) -> int | None:
    """Count a keyword's parameters without making them; None while a symbol leaves it open."""
    dims = {axis: size for axis, size in keyword.dims.items() if isinstance(size, int)}
    if len(dims) < len(keyword.dims):
        return None
    shapes = keyword.entry.parameter_shapes(dims, dict(keyword.options))
    return sum(math.prod(shape) for shape in shapes.values())
