"""Shape inference for one keyword: from the sizes that come in to those that go out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..keywords import Flow, ShapeForm, Signature
from .bound import OptionValue, canonical_text
from .options import BoundOptions
from .sizes import Size, Sizes, Symbolic, may_equal

# two numbers of channels that are unlike any that a string would name
_STAND_INS = (999_983, 999_979)


class Passage(NamedTuple):
    """A keyword's complete sizes, what it gives, and what it taught about symbols.

    The text is the canonical form of head, shape and options. The bulk, the product of its sizes,
    is of the order of the number of its parameters. It is open while a size is a symbol.
    """

    sizes: tuple[Size | None, ...]
    gives: Sizes
    text: str
    learned: tuple[tuple[str, int], ...] = ()
    bulk: int = 1
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why nothing passes.

    Attributes
    ----------
    takes : tuple of str
        The axes that the input at fault should have, by the flow that came nearest.
    axis : str or None
        The axis at fault.
    expected : Size or None
    found : sizes
        Of the input at fault.
    place : int
        Which of the inputs that is.
    """

    takes: tuple[str, ...]
    axis: str | None
    expected: Size | None
    found: Sizes
    place: int = 0


@lru_cache(maxsize=8192)
def pass_through(
    signature: Signature,
    options: BoundOptions,
    sizes: tuple[Size | None, ...],
    incoming: tuple[Sizes, ...],
) -> Passage | Misfit:
    """Complete a keyword's sizes from what comes in, by the first of its flows that fits.

    `sizes` are those of the options, as far as they are known; `incoming` those of each input.
    """
    form = options.form
    given = {**form.defaults, **dict(zip(form.axes, sizes, strict=True))}
    if signature.join is not None:
        return _joined(signature, options, given, incoming)
    passages: list[Passage] = []
    misfit: Misfit | None = None
    for flow in signature.flows:
        ranks = [len(takes) for takes in flow.inputs]
        if ranks != [len(each) for each in incoming]:
            continue
        if not applies(flow, form, given, options.names):
            continue
        result = _unify(flow, signature, options, given, incoming)
        if isinstance(result, Misfit):
            misfit = misfit or result
        elif not result.learned and not passages:
            return result
        else:
            passages.append(result)
    if passages:
        return _what_all_teach(passages)
    if misfit is not None:
        return misfit
    applying = (flow for flow in signature.flows if applies(flow, form, given, options.names))
    flow = next(applying, signature.flows[0])
    for place, (takes, found) in enumerate(zip(flow.inputs, incoming, strict=False)):
        if len(takes) != len(found):
            return Misfit(takes, None, None, found, place)
    return Misfit(flow.takes, None, None, incoming[0])


def _joined(
    signature: Signature,
    options: BoundOptions,
    given: Mapping[str, Size | None],
    incoming: tuple[Sizes, ...],
) -> Passage | Misfit:
    """Give what a keyword makes of any number of signals."""
    complete = tuple(given[axis] for axis in options.form.axes)
    text = canonical_text(signature, options.form, complete, options.options)
    every = [*complete, *(size for each in incoming for size in each)]
    if not all(isinstance(size, int) for size in every):
        # told when the data are known; until then it fits anything
        foreseen = _foreseen(signature, text, given, incoming, dict(options.options))
        return Passage(complete, foreseen, text, is_open=True)
    assert signature.join is not None
    gives = signature.join(given, incoming, dict(options.options))  # type: ignore[arg-type]
    if gives is None:
        return Misfit((), None, None, incoming[-1], len(incoming) - 1)
    bulk = math.prod(size for size in complete if isinstance(size, int))
    return Passage(complete, gives, text, bulk=bulk)


def _foreseen(
    signature: Signature,
    text: str,
    given: Mapping[str, Size | None],
    incoming: tuple[Sizes, ...],
    options: Mapping[str, OptionValue],
) -> Sizes:
    """Give the sizes that do not depend on what is not known yet, and symbols for the others."""
    assert signature.join is not None

    def try_with(number: int) -> tuple[int, ...] | None:
        def known(size: Size | None) -> int:
            return size if isinstance(size, int) else number

        dims = {axis: known(size) for axis, size in given.items() if size is not None}
        shapes = [tuple(map(known, each)) for each in incoming]
        return signature.join(dims, shapes, options)  # type: ignore[misc]

    one, other = (try_with(number) for number in _STAND_INS)
    # what comes in is part of the name, lest two keywords of one head be taken for equal
    came = " and ".join(repr(each) for each in incoming)
    if one is None or other is None or len(one) != len(other):
        one, other = (0,), (1,)
    return tuple(
        size if size == again else Symbolic(f"<{signature.head}> of {text}, {came}, {place}")
        for place, (size, again) in enumerate(zip(one, other, strict=True))
    )


def _what_all_teach(passages: list[Passage]) -> Passage:
    """Give the first passage; what others would teach otherwise about a symbol stays open."""
    first = passages[0]
    sure = tuple(fact for fact in first.learned if all(fact in p.learned for p in passages))
    return first if sure == first.learned else first._replace(learned=sure)


def applies(
    flow: Flow, form: ShapeForm, given: Mapping[str, Size | None], options: frozenset[str]
) -> bool:
    """Tell whether a flow goes with the sizes and options that a keyword is given."""
    if not flow.options <= options:
        return False
    needed, unwanted = _optional_axes(flow, form)
    for axis in needed:
        if given[axis] is None:
            return False
    for axis in unwanted:
        if given[axis] is not None:
            return False
    if not flow.sizes:
        return True
    return all(axis in given and given[axis] in (None, n) for axis, n in flow.sizes.items())


@lru_cache(maxsize=1024)
def _optional_axes(flow: Flow, form: ShapeForm) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the axes that must be there for a flow to apply, and those that must not."""
    optional = [axis for axis in form.axes[form.n_required :] if axis not in form.defaults]
    named = {*flow.gives, *(axis for takes in flow.inputs for axis in takes)}
    needed = tuple(axis for axis in optional if axis in named and axis not in form.inferred)
    return needed, tuple(axis for axis in optional if axis not in named)


def _unify(
    flow: Flow,
    signature: Signature,
    options: BoundOptions,
    given: Mapping[str, Size | None],
    incoming: tuple[Sizes, ...],
) -> Passage | Misfit:
    sizes: dict[str, Size | None] = dict(given)
    learned: dict[str, int] = {}
    for place, takes in enumerate(flow.inputs):
        for axis, found in zip(takes, incoming[place], strict=True):
            wanted = sizes.get(axis)
            if wanted is None:
                sizes[axis] = found
            elif not may_equal(wanted, found):
                return Misfit(takes, axis, wanted, incoming[place], place)
            elif isinstance(found, Symbolic) and isinstance(wanted, int):
                learned[found.symbol] = wanted // found.factor
            elif isinstance(wanted, Symbolic) and isinstance(found, int):
                learned[wanted.symbol] = found // wanted.factor
                sizes[axis] = found
    form = options.form
    for axis in form.axes[: form.n_required]:
        if sizes[axis] is None:
            return Misfit(flow.takes, axis, None, incoming[0])
    gives = tuple(_kept(sizes[axis], flow, axis, signature, options) for axis in flow.gives)
    complete = tuple(sizes[axis] for axis in form.axes)
    bulk, is_open = 1, False
    for size in complete:
        if isinstance(size, int):
            bulk *= size
        elif size is not None:
            is_open = True
    text = canonical_text(signature, form, complete, options.options)
    facts = tuple(learned.items())
    is_open = is_open or any(isinstance(size, Symbolic) and size.is_unspoken for size in gives)
    return Passage(complete, gives, text, facts, bulk, is_open)  # type: ignore[arg-type]


def _kept(
    size: Size | None, flow: Flow, axis: str, signature: Signature, options: BoundOptions
) -> Size | None:
    """Give how many places of an axis are kept."""
    if axis not in flow.strides or flow.strides[axis] not in options.names:
        return size
    stride = int(dict(options.options)[flow.strides[axis]])
    if isinstance(size, int):
        return -(-size // stride)
    # told when the data are known
    return Symbolic(f"<{signature.head}> of {size!r}, every {stride}")
