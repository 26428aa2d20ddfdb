"""Keywords that add nothing to what a model can compute."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from math import inf, prod
from typing import TYPE_CHECKING

from ..bound import BoundModel
from ..build import build_layers

if TYPE_CHECKING:
    from ...layers.base import Layer


def find_redundant(tree: BoundModel) -> dict[int, str]:
    """Find keywords without which a model could compute the same.

    Parameters
    ----------
    tree : BoundModel

    Returns
    -------
    dict of int to str
        By the place of the keyword why it adds nothing. Empty where sizes are open.

    Notes
    -----
    Only chains are looked at: keywords of which each reads the one before, and nothing else does.
    A constant ahead of a filter is one behind it, but for the first bins.

    Examples
    --------
    >>> from nems_dsl import parse
    >>> find_redundant(parse("wc.18x1-lvl.1-lvl.1"))
    {2: 'lvl.1 before it adds a constant already'}
    >>> find_redundant(parse("wc.18x18-wc.18x4"))  # doctest: +ELLIPSIS
    {0: 'with wc.18x4 after it says what one keyword of 18 inputs can say: ...'}
    """
    if tree.symbols or any(not isinstance(n, int) for k in tree for n in (*k.takes, *k.gives)):
        return {}
    if not all(hasattr(keyword.entry, "facts") for keyword in tree):
        # what declares a keyword need not be a layer
        return {}
    layers = build_layers(tree)
    found: dict[int, str] = {}
    for run in _chains(tree):
        for before, after in itertools.pairwise(run):
            told = _product(layers[before], layers[after])
            if told is not None:
                found.setdefault(before, f"with {tree.keywords[after].text} after it {told}")
            elif _scales(layers[after]) and _is_scaled(layers[before]):
                told = f"{tree.keywords[before].text} before it scales its output already"
                found.setdefault(after, told)
            elif _scales(layers[before]) and _weights(layers[after]) is not None:
                told = f"{tree.keywords[after].text} after it weights the same channels"
                found.setdefault(before, told)
        for place, earlier in _constants(layers, run):
            where = "before" if earlier < place else "after"
            told = f"{tree.keywords[earlier].text} {where} it adds a constant already"
            found.setdefault(place, told)
    return dict(sorted(found.items()))


def _chains(tree: BoundModel) -> Iterator[list[int]]:
    """Give runs of keywords, each of which reads the one before and is read by one alone."""
    read = [name for keyword in tree for name in keyword.inputs]
    run: list[int] = []
    for place, keyword in enumerate(tree):
        if keyword.inputs or keyword.also:
            yield run
            run = []
        run.append(place)
        if keyword.name in read:
            yield run
            run = []
    yield run


def _constants(layers: Sequence[Layer], run: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Find keywords that only add a constant where another one adds it anyway."""
    added: int | None = None
    alone: list[int] = []
    for place in run:
        facts = layers[place].facts
        names = {name for name, parameter in layers[place].parameters.items() if parameter.size}
        is_alone = facts.channelwise and facts.affine and bool(names) and names == {*facts.additive}
        if is_alone and added is not None:
            yield place, added
        elif facts.additive:
            if facts.affine:
                # a constant that is weighted or filtered is one still
                yield from ((each, place) for each in alone)
            added, alone = place, [place] * is_alone
        elif facts.linear:
            if not facts.channelwise:
                added = None
        else:
            added, alone = None, []


def _product(before: Layer, after: Layer) -> str | None:
    """Tell whether weights before others, or before filters, allow what these do not."""
    first, second = _weights(before), _weights(after)
    if first is None or second is None or not before.facts.linear or before.memory:
        return None
    if len(first) != 2 or len(second) < 2 or first[1] != second[0]:
        return None
    n_in, n_between, n_out = *first, prod(second[1:])
    if n_between < min(n_in, n_out):
        return None
    return (
        f"says what one keyword of {n_in} inputs can say: {n_between} channels in between are "
        f"no fewer than {min(n_in, n_out)}"
    )


def _weights(layer: Layer) -> tuple[int, ...] | None:
    """Give the shape of weights of channels that may be any."""
    facts = layer.facts
    if not facts.affine or len(facts.channel_weights) != 1:
        return None
    (name,) = facts.channel_weights
    return layer.parameters[name].shape if _is_free(layer, name) else None


def _is_free(layer: Layer, name: str) -> bool:
    low, high = layer.parameters[name].bound_arrays()
    return name in layer.facts.linear_in and bool((low == -inf).all() and (high == inf).all())


def _scales(layer: Layer) -> bool:
    """Tell whether a layer multiplies each channel by a factor, and does nothing else."""
    facts = layer.facts
    return facts.linear and facts.channelwise and len(layer.parameters) == 1 and bool(facts.gain)


def _is_scaled(layer: Layer) -> bool:
    """Tell whether a factor of the output could be taken up by the parameters."""
    facts = layer.facts
    free = [name for name in facts.linear_in if _is_free(layer, name)]
    if not free or len(free) < len(facts.linear_in):
        return False
    return facts.linear or bool(facts.gain)
