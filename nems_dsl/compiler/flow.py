"""Shape inference for one keyword: from the sizes that come in to those that go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ..keywords import Flow, ShapeForm, Signature
from .bound import canonical_text
from .options import BoundOptions
from .sizes import Size, Sizes, Symbolic, may_equal


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
    """Why nothing passes: the flow that came nearest, the axis at fault, expected and found."""

    flow: Flow
    axis: str | None
    expected: Size | None
    found: Sizes


@lru_cache(maxsize=8192)
def pass_through(
    signature: Signature,
    options: BoundOptions,
    sizes: tuple[Size | None, ...],
    incoming: Sizes,
) -> Passage | Misfit:
    """Complete a keyword's sizes from what comes in, by the first of its flows that fits.

    `sizes` are those of the options, as far as they are known.
    """
    form = options.form
    given = {**form.defaults, **dict(zip(form.axes, sizes, strict=True))}
    passages: list[Passage] = []
    misfit: Misfit | None = None
    for flow in signature.flows:
        if len(flow.takes) != len(incoming) or not _applies(flow, form, given, options.names):
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
    applying = (flow for flow in signature.flows if _applies(flow, form, given, options.names))
    return Misfit(next(applying, signature.flows[0]), None, None, incoming)


def _what_all_teach(passages: list[Passage]) -> Passage:
    """Give the first passage; what others would teach otherwise about a symbol stays open."""
    first = passages[0]
    sure = tuple(fact for fact in first.learned if all(fact in p.learned for p in passages))
    return first if sure == first.learned else first._replace(learned=sure)


def _applies(
    flow: Flow, form: ShapeForm, given: Mapping[str, Size | None], options: frozenset[str]
) -> bool:
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
    named = {*flow.takes, *flow.gives}
    needed = tuple(axis for axis in optional if axis in named and axis not in form.inferred)
    return needed, tuple(axis for axis in optional if axis not in named)


def _unify(
    flow: Flow,
    signature: Signature,
    options: BoundOptions,
    given: Mapping[str, Size | None],
    incoming: Sizes,
) -> Passage | Misfit:
    sizes: dict[str, Size | None] = dict(given)
    learned: dict[str, int] = {}
    for axis, found in zip(flow.takes, incoming, strict=True):
        wanted = sizes.get(axis)
        if wanted is None:
            sizes[axis] = found
        elif not may_equal(wanted, found):
            return Misfit(flow, axis, wanted, incoming)
        elif isinstance(found, Symbolic) and isinstance(wanted, int):
            learned[found.symbol] = wanted // found.factor
        elif isinstance(wanted, Symbolic) and isinstance(found, int):
            learned[wanted.symbol] = found // wanted.factor
            sizes[axis] = found
    form = options.form
    for axis in form.axes[: form.n_required]:
        if sizes[axis] is None:
            return Misfit(flow, axis, None, incoming)
    gives = tuple(sizes[axis] for axis in flow.gives)
    complete = tuple(sizes[axis] for axis in form.axes)
    bulk, is_open = 1, False
    for size in complete:
        if isinstance(size, int):
            bulk *= size
        elif size is not None:
            is_open = True
    text = canonical_text(signature, form, complete, options.options)
    facts = tuple(learned.items())
    return Passage(complete, gives, text, facts, bulk, is_open)  # type: ignore[arg-type]
