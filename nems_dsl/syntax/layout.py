"""Keywords that were made, not read, put into a row in which each knows its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .tree import Flag, Keyword, Reference, Section, Shape, Span, Text
from .unparse import unparse


def lay_out(pieces: Iterable[Keyword | Text]) -> Text:
    """Return one tree of several pieces, as if its string had been read.

    A string is written for messages to point into; it is never read.

    Parameters
    ----------
    pieces : iterable of Keyword or Text
        Keywords that stand in no string yet, and trees of one section whose strings were read.
        The latter are shown as they were written.

    Returns
    -------
    Text
        Of one section.

    Examples
    --------
    >>> from nems_dsl.syntax import Keyword, read
    >>> text = lay_out([read("wc.18x4 - fir.x15"), Keyword("dexp")])
    >>> text.source
    'wc.18x4 - fir.x15-dexp'
    >>> text.sections[0].keywords[2].span
    Span(start=18, stop=22)
    """
    keywords: list[Keyword] = []
    written: list[str] = []
    at = 0
    for piece in pieces:
        if isinstance(piece, Text):
            source = piece.source
            keywords += [_moved(keyword, at) for keyword in piece.sections[0].keywords]
        else:
            source = unparse(piece)
            keywords.append(_placed(piece, at))
        written.append(source)
        at += len(source) + 1
    return Text((Section(tuple(keywords), Span(0, max(at - 1, 0))),), "-".join(written))


def _placed(keyword: Keyword, at: int) -> Keyword:
    """Give a keyword and its parts their places in a string that has it at `at`."""
    start = at
    name = keyword.name
    if name is not None:
        name = replace(name, span=Span(at, at + len(name.name)))
        at = name.span.stop + 1
    head_span = Span(at, at + len(keyword.head))
    at = head_span.stop
    options: list[Shape | Flag] = []
    for option in keyword.options:
        span = Span(at + 1, at + 1 + len(unparse(option)))
        options.append(replace(option, span=span))
        at = span.stop
    inputs: list[Reference] = []
    for reference in keyword.inputs:
        span = Span(at + 1, at + 1 + len(reference.name))
        inputs.append(replace(reference, span=span))
        at = span.stop
    return Keyword(keyword.head, tuple(options), name, tuple(inputs), Span(start, at), head_span)


def _moved(keyword: Keyword, by: int) -> Keyword:
    if not by:
        return keyword

    def moved(span: Span) -> Span:
        return Span(span.start + by, span.stop + by)

    name = keyword.name
    return Keyword(
        keyword.head,
        tuple(replace(option, span=moved(option.span)) for option in keyword.options),
        None if name is None else replace(name, span=moved(name.span)),
        tuple(replace(each, span=moved(each.span)) for each in keyword.inputs),
        moved(keyword.span),
        moved(keyword.head_span),
    )
