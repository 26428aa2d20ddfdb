"""Text into tree: the one place that reads the language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Token, Tree, UnexpectedInput

from .diagnose import diagnose, mend, too_large, wrong_sections
from .errors import ModelStringError
from .grammar import model_parser
from .tree import Dim, Flag, Keyword, Reference, Section, Shape, Span, Text

LONGEST_STRING = 10_000
MOST_KEYWORDS = 1_000
MOST_DIGITS = 18

_DIM = re.compile(r"([0-9]*)([A-Z]?)")


def read(text: str) -> Text:
    """Read a string as a tree of sections, keywords and options.

    Keywords are not looked up: that is binding's work.

    Parameters
    ----------
    text : str
        A model string, or an experiment string of three sections.

    Returns
    -------
    Text

    Raises
    ------
    ModelStringError
        The text is not a sentence of the language, or beyond its bounds.

    Examples
    --------
    >>> read("wc.18x4-lvl").sections[0].keywords[1].head
    'lvl'
    """
    if not isinstance(text, str) or len(text) > LONGEST_STRING:
        raise too_large(text, LONGEST_STRING)
    _check_number(text)
    try:
        tree = model_parser().parse(text)
    except UnexpectedInput:
        raise _refusal(text) from None
    sections = tuple(_section(child) for child in tree.children if isinstance(child, Tree))
    n_keywords = sum(len(section.keywords) for section in sections)
    if n_keywords > MOST_KEYWORDS:
        raise too_large(text, LONGEST_STRING, n_keywords, MOST_KEYWORDS)
    if len(sections) not in (1, 3) or not any(section.keywords for section in sections):
        raise wrong_sections(text, sections)
    return Text(sections, text)


def read_around(text: str) -> tuple[Text, frozenset[int]] | None:
    """Read what can be read of a string that is no sentence.

    Returns
    -------
    Text
        A tree whose spans point into `text`, with keywords of no meaning where none can be read.
    frozenset of int
        Where those begin.
        Instead of both, None: nothing can be read.
    """
    if not isinstance(text, str) or len(text) > LONGEST_STRING:
        return None
    mended, holes = mend(text, _complaint)
    try:
        return read(mended), holes
    except ModelStringError:
        return None


def _check_number(text: str) -> None:
    """Refuse what is beyond doubt too long, before it is read: that would take a second."""
    n_keywords = text.count("-") + text.count("_") + 1
    # numbers hold hyphens too
    if n_keywords > 2 * MOST_KEYWORDS:
        raise too_large(text, LONGEST_STRING, n_keywords, MOST_KEYWORDS)


def _refusal(text: str) -> ModelStringError:
    return ModelStringError(text, diagnose(text, _complaint))


def _complaint(text: str) -> UnexpectedInput | None:
    try:
        model_parser().parse(text)
    except UnexpectedInput as fault:
        return fault
    return None


def _span(token: Token) -> Span:
    return Span(token.start_pos, token.end_pos)  # type: ignore[arg-type]  # lexed, so it has both


def _section(tree: Tree[Token]) -> Section:
    keywords = tuple([_keyword(child) for child in tree.children if isinstance(child, Tree)])
    if not keywords:
        return Section(())
    return Section(keywords, Span(keywords[0].span.start, keywords[-1].span.stop))


def _keyword(tree: Tree[Token]) -> Keyword:
    children: list[Any] = tree.children
    named, head, references = children[0], children[1], children[-1]
    last = head_span = _span(head)
    start = head_span.start
    options = tuple([_option(token) for token in children[2:-1]])
    if options:
        last = options[-1].span
    if named is None and references is None:
        return Keyword(str(head), options, None, (), Span(start, last.stop), head_span)
    name = None if named is None else _reference(named.children[0])
    inputs = () if references is None else tuple(map(_reference, references.children))
    start = start if name is None else name.span.start
    last = inputs[-1].span if inputs else last
    return Keyword(str(head), options, name, inputs, Span(start, last.stop), head_span)


def _reference(token: Token) -> Reference:
    return Reference(str(token), _span(token))


def _option(token: Token) -> Shape | Flag:
    if token.type == "FLAG":
        return Flag(str(token), _span(token))
    return Shape(tuple([_dim(part) for part in token.split("x")]), _span(token))


@lru_cache(maxsize=4096)
def _dim(text: str) -> Dim | None:
    if not text:
        return None
    number, symbol = _DIM.fullmatch(text).groups()  # type: ignore[union-attr]
    # a dim of thousands of digits is refused by binding as too large; int() would refuse it
    # with an error of its own
    return Dim(int(number[:MOST_DIGITS]) if number else None, symbol or None)
