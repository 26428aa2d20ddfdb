"""From a bound tree to layers, and from layers back to a tree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..syntax import read, spell_number, write_keyword
from .bind import bind
from .bound import BoundKeyword, BoundModel
from .catalogue import catalogue


def build_layers(tree: BoundModel) -> list[Any]:
    """Make the layers that a tree describes, with their parameters at their start.

    Raises
    ------
    ValueError
        A symbol is still open.
    """
    if tree.symbols:
        raise ValueError(
            f"the sizes {', '.join(sorted(tree.symbols))} of {tree.string} are open; bind them "
            f"to data by fit or predict, or give them: Model(..., {sorted(tree.symbols)[0]}=...)"
        )
    known = catalogue()
    return [known[keyword.head](**_arguments(keyword)) for keyword in tree]  # type: ignore[operator]


def _arguments(keyword: BoundKeyword) -> dict[str, Any]:
    shown = list(zip(keyword.form.axes, keyword.sizes, strict=True))
    while len(shown) > keyword.form.n_required and shown[-1][1] in (
        None,
        keyword.form.defaults.get(shown[-1][0]),
    ):
        shown.pop()
    return {
        "shape": tuple(size for _, size in shown),
        "input": list(keyword.inputs) or None,
        "output": keyword.name,
        **dict(keyword.options),
    }


def tree_of(layers: Iterable[Any]) -> BoundModel:
    """Give the tree that layers were, or could have been, built from.

    Raises
    ------
    ValueError
        A layer has no keyword.
    ModelStringError
        The layers do not fit together; it points into the string that they would have.
    """
    return bind(read("-".join(map(_text_of, layers))))


def _text_of(layer: Any) -> str:
    signature = layer.signature
    if signature is None:
        raise ValueError(
            f"{type(layer).__name__} has no keyword, so the model has no string; declare a "
            "signature to give it one"
        )
    shape = "x".join(map(str, layer.shape))
    options = [
        option.name if value is True else f"{option.name}{spell_number(value)}"
        for option in signature.options
        if (value := layer.options.get(option.name)) is not None
    ]
    inputs = layer.input
    names: Sequence[str] = [inputs] if isinstance(inputs, str) else list(inputs or [])
    sizes = [shape] if shape else []
    return write_keyword(signature.head, [*sizes, *options], layer.output, list(names))
