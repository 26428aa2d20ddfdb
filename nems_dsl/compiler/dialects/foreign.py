"""Binding strings of other dialects: what is wrong with one is said in its own spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ...keywords.dialects import DIALECTS, HeadThere
from ...syntax import (
    Diagnostic,
    Flag,
    Keyword,
    ModelStringError,
    Shape,
    Span,
    Text,
    clip,
    read,
    unparse,
)
from ..bind import bind
from ..bound import BoundModel
from ..flags import write_flag
from ..misfit import OTHER_ORDER
from ..sizes import Sizes
from .dialect import Translation, translate

_LIST = re.compile(r"[0-9]+(?:[,:+][0-9]+)+")
_PROPOSAL = re.compile(r"(write (?:for example )?|did you mean |or (?:for example )?)([^\s,;?]+)")


def bind_foreign(
    text: Text,
    dialect: str,
    values: Mapping[str, int] | None = None,
    signals: Mapping[str, Sizes] | None = None,
    strict: bool = False,
) -> tuple[BoundModel, Translation]:
    """Bind a tree of another dialect, as `bind` does a native one.

    What says something of a fit alone is left out, and among the notices of the translation; with
    `strict` it is a fault.

    Raises
    ------
    ModelStringError
        With every fault, in the spelling of the dialect.
    """
    if len(text.sections) != 1:
        bind(text)  # refuses an experiment
    n_states = (values or {}).get("S") or (signals or {}).get("state", (None,))[0]
    known = n_states if isinstance(n_states, int) else None
    translation = translate(text, dialect, known)
    faults = [*translation.faults, *(translation.notices if strict else ())]
    try:
        tree = bind(translation.text, values, signals)
    except ModelStringError as fault:
        taken = {each.span for each in faults}
        # of a keyword that is not known, its options cannot be judged
        unknown = [k.span for k in translation.origins if k.head_span in taken]
        faults += [
            _respelled(each, translation, dialect, values, signals)
            for each in fault.diagnostics
            if each.span not in taken and not any(_within(each.span, span) for span in unknown)
        ]
    if faults:
        raise ModelStringError(text.source, faults)
    return tree, translation


def without_lists(fault: ModelStringError, dialect: str) -> ModelStringError:
    """Tell lists of numbers, options there and misspelt shapes natively, for what they are.

    No keyword that is offered takes one.
    """

    def told(each: Diagnostic) -> Diagnostic:
        word = fault.string[each.span.start : each.span.stop]
        if each.code != "E008" or not _LIST.fullmatch(word):
            return each
        message = (
            f"no keyword that is offered takes a list of numbers, as `{clip(word)}` of `{dialect}`"
        )
        return Diagnostic("E113", message, each.span, "leave it out, with the period before it")

    return ModelStringError(fault.string, [told(each) for each in fault.diagnostics])


def _respelled(
    fault: Diagnostic,
    translation: Translation,
    dialect: str,
    values: Mapping[str, int] | None,
    signals: Mapping[str, Sizes] | None,
) -> Diagnostic:
    """Say a fault of the native tree in terms of the string as it was written."""
    place = _place(fault.span, translation)
    if place is None:
        return replace(fault, hint=_respell_hint(fault.hint, dialect))
    origin = translation.origins[place]
    shape = next((o for o in origin.options if isinstance(o, Shape)), None)
    row = DIALECTS[dialect].heads.get(origin.head)
    if row is not None and shape is not None and row.orders and _within(fault.span, shape.span):
        fault = replace(fault, span=shape.span)
        fits = fault.code == "E201" and _native_order_fits(place, translation, values, signals)
        if fits:
            came = translation.text.sections[0].keywords[place].options[0]
            return _wrong_order(origin, row, shape, came, dialect)
    # said of native strings; this one is read in its dialect already
    notes = tuple(note for note in fault.notes if note != OTHER_ORDER)
    return replace(fault, hint=_respell_hint(fault.hint, dialect), notes=notes)


def _wrong_order(
    origin: Keyword, row: HeadThere, shape: Shape, native: object, dialect: str
) -> Diagnostic:
    assert isinstance(native, Shape)
    right = replace(origin, options=(native, *(o for o in origin.options if isinstance(o, Flag))))
    came = unparse(Shape((shape.dims[0],)))
    message = (
        f"`{unparse(shape)}` is not how `{dialect}` writes `{origin.head}`: {row.order_there}, and "
        f"{came} channel{' comes' if came == '1' else 's come'} in"
    )
    hint = f'write {unparse(right)}, or read the string as native (dialect="native")'
    return Diagnostic("E301", message, shape.span, hint)


def _native_order_fits(
    place: int,
    translation: Translation,
    values: Mapping[str, int] | None,
    signals: Mapping[str, Sizes] | None,
) -> bool:
    """Tell whether a keyword passes what comes in, if its shape is read in the native order."""
    section = translation.text.sections[0]
    keyword = section.keywords[place]
    origin = translation.origins[place]
    flags = tuple(o for o in keyword.options if isinstance(o, Flag))
    shapes = tuple(o for o in origin.options if isinstance(o, Shape))
    otherwise = replace(keyword, options=(*shapes, *flags))
    keywords = (*section.keywords[:place], otherwise)
    text = Text((replace(section, keywords=keywords),), translation.text.source)
    try:
        bind(text, values, signals)
    except ModelStringError as fault:
        return not any(_within(each.span, keyword.span) for each in fault.diagnostics)
    return True


def _place(span: Span, translation: Translation) -> int | None:
    keywords = translation.text.sections[0].keywords
    return next((n for n, k in enumerate(keywords) if _within(span, k.span)), None)


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.stop <= outer.stop


def _respell_hint(hint: str, dialect: str) -> str:
    """Write the keywords that a hint proposes as the dialect writes them, where it can."""

    def respell(match: re.Match[str]) -> str:
        lead, proposal = match.groups()
        there = respelled_keyword(proposal, dialect)
        return lead + (f"{proposal} (natively)" if there is None else there)

    return _PROPOSAL.sub(respell, hint)


def respelled_keyword(text: str, dialect: str) -> str | None:
    """Write a native keyword in a dialect, or give None if it cannot be."""
    try:
        keywords = read(text).sections[0].keywords
    except ModelStringError:
        return None
    if len(keywords) != 1:
        return None
    row = DIALECTS[dialect].of_native(keywords[0].head)
    if row is None:
        return None
    there, unsaid = write_there(keywords[0], row)
    return None if unsaid or keywords[0].inputs else unparse(there)


def write_there(keyword: Keyword, row: HeadThere) -> tuple[Keyword, list[str]]:
    """Write a native keyword by a row of a dialect's table.

    Returns
    -------
    Keyword
        Without a name and inputs.
    list of str
        Options that the dialect cannot say.
    """
    options: list[Shape | Flag] = []
    flags: list[str] = []
    for option in keyword.options:
        if isinstance(option, Flag):
            flags.append(option.text)
            continue
        dims = option.dims
        order = row.orders.get(len(dims), range(len(dims)))
        options.append(Shape(tuple(dims[order.index(i)] for i in range(len(dims)))))
    unsaid = []
    for name in row.always:
        if name in flags:
            flags.remove(name)
            continue
        remover = next((each.there for each in row.flags if name in each.removes), None)
        if remover is None:
            unsaid.append(name)
        else:
            options.append(Flag(remover))
    joint = [each for each in row.flags if len(each.native) > 1 and "#" in each.there]
    for each in joint:
        written = _write_joint(each.there, each.native, flags)
        if written is not None:
            options.append(Flag(written))
    for flag in flags:
        there = write_flag(row, flag)
        if there is None:
            unsaid.append(flag)
        else:
            options.append(Flag(there))
    return Keyword(row.head, tuple(options)), unsaid


def _write_joint(there: str, native: tuple[str, ...], flags: list[str]) -> str | None:
    """Write several native options with numbers as the one that they are there."""
    found = []
    for option in native:
        stem = option.rstrip("#")
        fits = [flag for flag in flags if re.fullmatch(rf"{stem}[0-9]+", flag)]
        if len(fits) != 1:
            return None
        found.append(fits[0])
        there = there.replace("#", fits[0][len(stem) :], 1)
    for flag in found:
        flags.remove(flag)
    return there
