"""The tree of a model string as it was written, before any keyword is looked up.

Nodes are frozen: equality and hash are those of the text, white space left aside. Spans say
where a node stands in the text; they take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """Where something stands in a string: ``string[start:stop]``."""

    start: int
    stop: int


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Dim:
    """One size of a shape: ``number``, ``symbol``, or their product (``4R``)."""

    number: int | None
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape option; a dim of None was left out (only the first may be)."""

    dims: tuple[Dim | None, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Flag:
    """Any other option, as it was written: what it means depends on the keyword."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of a signal that a keyword reads or gives."""

    name: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Keyword:
    """``[name=]head[.option]*[@input,...]``."""

    head: str
    options: tuple[Shape | Flag, ...] = ()
    name: Reference | None = None
    inputs: tuple[Reference, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)
    head_span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Section:
    """Keywords between underscores; may be empty."""

    keywords: tuple[Keyword, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A whole string: one section (a model) or three (an experiment)."""

    sections: tuple[Section, ...]
    source: str = field(default="", compare=False)
