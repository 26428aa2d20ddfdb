"""From a bound tree to layers, and from layers back to a tree."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..keywords import FROM_DATA
from ..syntax import Dim, Flag, Keyword, Shape, Text, lay_out, spell_number
from ..syntax.tree import Reference
from .bind import NO_KEYWORD, Entry, bind, read_model
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
            f"the sizes {', '.join(sorted(tree.symbols))} of {tree} are open; bind them to data "
            f"by fit or predict, or give them: Model(..., {sorted(tree.symbols)[0]}=...)"
        )
    return [build_layer(keyword) for keyword in tree]


def build_layer(keyword: BoundKeyword) -> Any:
    """Make the layer that a keyword of known sizes describes."""
    return keyword.entry(**_arguments(keyword))  # type: ignore[operator]


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
    given = list(layers)
    for layer in given:
        if layer.signature is None:
            raise ValueError(
                f"{type(layer).__name__} has no keyword, so the model has no string; declare a "
                "signature to give it one"
            )
    return bind_chain(given)[0]


def bind_chain(
    chain: Sequence[Any], values: Mapping[str, int] | None = None
) -> tuple[BoundModel, list[Any]]:
    """Bind layers, trees and strings of keywords that follow each other.

    Parameters
    ----------
    chain : sequence of Layer, BoundModel or str
        A string may have several keywords, and leave out the sizes that its neighbours tell.
    values : mapping of str to int, optional
        What symbols in the strings stand for.

    Returns
    -------
    tree : BoundModel
        Without the layers that have no keyword.
    parts : list of Layer or BoundKeyword
        The layers as they are, and the keywords of trees and strings.

    Raises
    ------
    ModelStringError
        A string cannot be read, or something does not fit what comes before it; it points into
        the chain, in which strings stand as they were given.
    """
    pieces: list[Keyword | Text] = []
    entries: list[Entry] = []
    layers: list[Any] = []
    for each in chain:
        if isinstance(each, str):
            text = read_model(each)
            pieces.append(text)
            declared: list[Entry] = [None] * len(text.sections[0].keywords)
        elif isinstance(each, BoundModel):
            pieces += [keyword.written for keyword in each]
            declared = [keyword.entry for keyword in each]
        else:
            pieces.append(_keyword_of(each))
            entries.append(_entry_of(each))
            layers.append(each)
            continue
        entries += declared
        layers += [None] * len(declared)
    tree = bind(lay_out(pieces), values, entries=entries)
    bound = iter(tree)
    keywords = [None if entry is NO_KEYWORD else next(bound) for entry in entries]
    pairs = zip(layers, keywords, strict=True)
    return tree, [keyword if layer is None else layer for layer, keyword in pairs]


def _keyword_of(layer: Any) -> Keyword:
    """Give the keyword that a layer could have been built from, or one to stand for it."""
    name = None if layer.output is None else Reference(layer.output)
    inputs = tuple(map(Reference, _inputs_of(layer)))
    signature = layer.signature
    if signature is None:
        return Keyword(type(layer).__name__, (), name, inputs)
    options: list[Shape | Flag] = [Shape(tuple(map(Dim, layer.shape)))] if layer.shape else []
    for option in signature.options:
        value = layer.options.get(option.name)
        if value is True or value == FROM_DATA:
            options.append(Flag(option.name))
        elif value is not None:
            options.append(Flag(f"{option.name}{spell_number(_plain(value))}"))
    return Keyword(signature.head, tuple(options), name, inputs)


def _inputs_of(layer: Any) -> list[str]:
    """Name what a layer reads, in the order of its arguments."""
    given = layer.input
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Mapping):
        return list(given or [])
    order = [name for name in inspect.signature(layer.evaluate).parameters if name in given]
    return [given[name] for name in order] if len(order) == len(given) else list(given.values())


def _entry_of(layer: Any) -> Entry:
    if layer.signature is None:
        return NO_KEYWORD
    # a keyword that nobody has registered could not be read again, which binding says
    entry: Any = type(layer)
    return entry if layer.signature.head in catalogue() else None


def _plain(value: Any) -> Any:
    """Give a number of Python's for one of NumPy's."""
    return value.item() if hasattr(value, "item") else value
