"""From the tree of a pattern to its variants, by number: nothing is enumerated to count them.

A variable that is used again adds no choice, so that the number of variants is a product over
what stands in a row and a sum over alternatives. The same numbers, read as the digits of a mixed
radix, lead from the number of a variant to its choices.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from ..result_columns import ALIASES, select_columns
from ..syntax import Diagnostic, ModelStringError, Span, clip, read_number
from ..syntax.space_tree import (
    Alternatives,
    Choice,
    Literal,
    Maybe,
    NumberRange,
    Part,
    Pattern,
    Sequence,
    Use,
)
from .condition import CONSTANTS, KEYWORDS

Value = str | int | float | bool | None
"""What a variable of a pattern may stand for; None where an optional part was left out."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a variant's text, with the place in the pattern that it comes from.

    `is_verbatim`: each character stands in the pattern; otherwise the place stands for them all.
    """

    text: str
    span: Span
    is_verbatim: bool


@dataclass(slots=True)
class Draft:
    """A variant while it is written."""

    values: dict[str, Value]
    pieces: list[Piece] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def string(self) -> str:
        """The text so far."""
        return "".join([piece.text for piece in self.pieces])


class Fixed:
    """Text that all variants share."""

    count = 1

    def __init__(self, node: Literal):
        self.piece = Piece(node.text, node.span, True)

    def write(self, number: int, draft: Draft) -> None:
        """Write variant `number` of this part."""
        draft.pieces.append(self.piece)

    def longest(self, lengths: dict[str, int]) -> int:
        """Give the length of the longest variant, knowing those of the variables so far."""
        return len(self.piece.text)


class Linked:
    """A variable that has its value already."""

    count = 1

    def __init__(self, node: Use):
        self.name, self.span = node.name, node.span

    def write(self, number: int, draft: Draft) -> None:
        """Write the value."""
        draft.pieces.append(Piece(draft.texts[self.name], self.span, False))

    def longest(self, lengths: dict[str, int]) -> int:
        """Give the length of the longest value."""
        return lengths[self.name]


class Numbers:
    """A range."""

    count: int

    def __init__(self, node: NumberRange):
        self.start, self.step, self.span = node.start, node.step or 1, node.span
        self.count = (node.stop - node.start) // self.step + 1

    def write(self, number: int, draft: Draft) -> None:
        """Write the number that comes at place `number`."""
        text = str(self.start + number * self.step)
        draft.pieces.append(Piece(text, self.span, False))

    def longest(self, lengths: dict[str, int]) -> int:
        """Give the number of digits of the last."""
        return len(str(self.start + (self.count - 1) * self.step))


class Chain:
    """Parts in a row; the leftmost varies slowest."""

    count: int

    def __init__(self, node: Sequence, names: Iterator[str]):
        self.parts = [_part(part, names) for part in node.parts]
        self.count = 1
        for part in self.parts:
            self.count *= part.count
        self._backwards = [(place, part.count) for place, part in enumerate(self.parts)][::-1]

    def write(self, number: int, draft: Draft) -> None:
        """Write variant `number`: from left to right, for values are used to the right."""
        digits = [0] * len(self.parts)
        for place, count in self._backwards:
            if count != 1:
                number, digits[place] = divmod(number, count)
        for part, digit in zip(self.parts, digits, strict=True):
            part.write(digit, draft)

    def longest(self, lengths: dict[str, int]) -> int:
        """Add the longest of each part up."""
        return sum(part.longest(lengths) for part in self.parts)


class Chosen:
    """Alternatives, and the variable that tells which of them it is."""

    count: int

    def __init__(self, node: Alternatives, names: Iterator[str]):
        self.key, self.name = next(names), node.name
        self.choices = [_choice(choice, names) for choice in node.choices]
        self.labels = [choice.label for choice in node.choices]
        self._before = [0, *accumulate(choice.count for choice in self.choices)]
        self.count = self._before[-1]

    def write(self, number: int, draft: Draft) -> None:
        """Write variant `number`, and note the value of the variable."""
        place = bisect_right(self._before, number) - 1
        mark = len(draft.pieces)
        self.choices[place].write(number - self._before[place], draft)
        text = "".join([piece.text for piece in draft.pieces[mark:]])
        if self.name is not None:
            draft.texts[self.name] = text
        label = self.labels[place]
        draft.values[self.key] = _value(text) if label is None else _value(label)

    def longest(self, lengths: dict[str, int]) -> int:
        """Give the length of the longest alternative."""
        longest = max(choice.longest(lengths) for choice in self.choices)
        if self.name is not None:
            lengths[self.name] = max(longest, lengths.get(self.name, 0))
        return longest


class Optional:
    """What may be absent, and the variable that tells whether it is there."""

    count: int

    def __init__(self, node: Maybe, names: Iterator[str]):
        self.key = next(names)
        self.body = Chain(node.body, names)
        self.count = 1 + self.body.count

    def write(self, number: int, draft: Draft) -> None:
        """Write nothing for 0, the variants of what is present for more."""
        draft.values[self.key] = number > 0
        if number > 0:
            self.body.write(number - 1, draft)

    def longest(self, lengths: dict[str, int]) -> int:
        """Give the length of the longest, where it is present."""
        return self.body.longest(lengths)


Plan = Fixed | Linked | Numbers | Chain | Chosen | Optional


def plan(pattern: Pattern, names: dict[int, str]) -> Chain:
    """Prepare a pattern for expansion.

    Parameters
    ----------
    pattern : Pattern
    names : dict of int to str
        The names of the variables, by where each of them begins: see `name_variables`.
    """
    return Chain(pattern.body, iter(names.values()))


def name_variables(pattern: Pattern) -> dict[int, str]:
    """Name every choice of a pattern, from left to right; the unnamed are v1, v2 and so on.

    Returns
    -------
    dict of int to str
        By the place in the pattern where the choice begins.
    """
    names: dict[int, str] = {}
    n_unnamed = 0
    for node in walk(pattern.body):
        if isinstance(node, Alternatives) and node.name is not None:
            names[node.span.start] = node.name
        elif isinstance(node, Alternatives | Maybe):
            n_unnamed += 1
            names[node.span.start] = f"v{n_unnamed}"
    return names


def check_names(pattern: Pattern, names: dict[int, str]) -> None:
    """Refuse variables that would be mistaken for something else.

    Parameters
    ----------
    pattern : Pattern
    names : dict of int to str
        The names of all variables, as `name_variables` gives them.

    Raises
    ------
    ModelStringError
        A variable has the name of a column of the results, of an unnamed variable, or of a word in
        conditions.
    """
    nodes = [n for n in walk(pattern.body) if isinstance(n, Alternatives) and n.name is not None]
    given = {node.span.start for node in nodes}
    numbered = {name for start, name in names.items() if start not in given}
    taken = {*select_columns(lambda column: True), *ALIASES}
    faults = []
    for node in nodes:
        name = node.name or ""
        if name in numbered:
            why = "is given to a choice that has none"
        elif name in taken:
            why = "is that of a column of the results"
        elif name in KEYWORDS or name in CONSTANTS:
            why = "has a meaning of its own in conditions"
        else:
            continue
        message = f"the name `{clip(name)}` {why}"
        hint = f"choose another name, such as my{clip(name)}"
        faults.append(Diagnostic("E506", message, node.name_span, hint))
    if faults:
        raise ModelStringError(pattern.source, faults)


def walk(node: Sequence) -> Iterator[Part]:
    """Give every part of a sequence, from left to right, an outer one before its inner ones."""
    for part in node.parts:
        yield part
        if isinstance(part, Maybe):
            yield from walk(part.body)
        elif isinstance(part, Alternatives):
            for choice in part.choices:
                if isinstance(choice.body, Sequence):
                    yield from walk(choice.body)


def place_in_pattern(span: Span, pieces: list[Piece], groups: list[Span], length: int) -> Span:
    """Find where in the pattern some characters of a variant come from.

    Parameters
    ----------
    span : Span
        In the variant.
    pieces : list of Piece
        Of the variant.
    groups : list of Span
        Where alternatives, optional parts and uses of variables stand in the pattern. A place that
        crosses a brace or a bracket is widened to the whole group.
    length : int
        Of the pattern.
    """
    low, high, at = length, 0, 0
    stop = max(span.stop, span.start + 1)
    for piece in pieces:
        first, last = max(span.start, at) - at, min(stop, at + len(piece.text)) - at
        if first < last:
            place = piece.span
            if piece.is_verbatim:
                place = Span(place.start + first, place.start + last)
            low, high = min(low, place.start), max(high, place.stop)
        at += len(piece.text)
    if low > high:
        return Span(length, length)
    is_settled = False
    while not is_settled:
        is_settled = True
        for group in groups:
            if low < group.start < high < group.stop or group.start < low < group.stop < high:
                low, high, is_settled = min(low, group.start), max(high, group.stop), False
    return Span(low, high)


def _part(node: Part, names: Iterator[str]) -> Plan:
    if isinstance(node, Literal):
        return Fixed(node)
    if isinstance(node, Use):
        return Linked(node)
    if isinstance(node, Alternatives):
        return Chosen(node, names)
    return Optional(node, names)


def _choice(choice: Choice, names: Iterator[str]) -> Plan:
    if isinstance(choice.body, NumberRange):
        return Numbers(choice.body)
    return Chain(choice.body, names)


def _value(text: str) -> Value:
    """Read a value for the table: a number where it is written as one."""
    if text[:1].isdigit() or text.startswith("e-"):
        number = read_number(text)
        return text if number is None else number
    return text
