"""The tree of a model space as it was written, and the way back to text.

Nodes are frozen; spans say where a node stands in the pattern, and take no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .tree import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that every variant has as it stands. Never empty, and never beside another."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Use:
    """``{r}``: what stands in the place of a variable that was defined to the left."""

    name: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """``1..4`` or ``2..10..2``: the whole numbers from `start` to `stop`, both included."""

    start: int
    stop: int
    step: int | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple[Part, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several alternatives: ``[label:]text``, or a range of numbers."""

    body: Sequence | NumberRange
    label: str | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Alternatives:
    """``{[name=]choice,choice,...}``."""

    choices: tuple[Choice, ...]
    name: str | None = None
    span: Span = field(default=NOWHERE, compare=False)
    name_span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Maybe:
    """``[text]``: absent, then present."""

    body: Sequence
    span: Span = field(default=NOWHERE, compare=False)


Part = Literal | Use | Alternatives | Maybe


@dataclass(frozen=True, slots=True)
class Pattern:
    """A whole model space."""

    body: Sequence
    source: str = field(default="", compare=False)


def unparse_space(node: Pattern | Sequence | Choice | NumberRange | Part) -> str:
    """Write a pattern, or a part of one, as the text it was read from.

    Examples
    --------
    >>> from nems_dsl.syntax import read_space
    >>> unparse_space(read_space("wc.18x{r=1..4}[-stp.{r}]"))
    'wc.18x{r=1..4}[-stp.{r}]'
    """
    if isinstance(node, Literal):
        return node.text
    if isinstance(node, Use):
        return f"{{{node.name}}}"
    if isinstance(node, NumberRange):
        step = "" if node.step is None else f"..{node.step}"
        return f"{node.start}..{node.stop}{step}"
    if isinstance(node, Sequence):
        return "".join(map(unparse_space, node.parts))
    if isinstance(node, Choice):
        label = "" if node.label is None else f"{node.label}:"
        return label + unparse_space(node.body)
    if isinstance(node, Alternatives):
        name = "" if node.name is None else f"{node.name}="
        return f"{{{name}{','.join(map(unparse_space, node.choices))}}}"
    if isinstance(node, Maybe):
        return f"[{unparse_space(node.body)}]"
    return unparse_space(node.body)
