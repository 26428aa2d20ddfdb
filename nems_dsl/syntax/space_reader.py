"""Model spaces: text into tree."""

from __future__ import annotations

from typing import Any

from lark import Token, Tree

from .diagnose import A_MODEL, too_large
from .errors import Diagnostic, ModelStringError
from .grammar import space_parser
from .pieces import WHITE_SPACE
from .reader import LONGEST_STRING, MOST_DIGITS
from .space_check import check_groups, check_pattern
from .space_tree import Alternatives, Choice, Literal, Maybe, NumberRange, Pattern, Sequence, Use
from .tree import Span


def read_space(text: str) -> Pattern:
    """Read a pattern as a tree of text, alternatives, variables and optional parts.

    What the variants of it say is not looked at: each of them is read as a model string.

    Parameters
    ----------
    text : str
        A model space. A model string without braces and brackets is one too, of one variant.

    Returns
    -------
    Pattern

    Raises
    ------
    ModelStringError
        Braces or brackets do not balance, an alternative is empty, a range is none, or a variable
        is used where it has no value; with all such faults.

    Examples
    --------
    >>> pattern = read_space("wc.18x{r=1..4}-fir.{r}x15")
    >>> [type(part).__name__ for part in pattern.body.parts]
    ['Literal', 'Alternatives', 'Literal', 'Use', 'Literal']
    """
    if not isinstance(text, str) or len(text) > LONGEST_STRING:
        raise too_large(text, LONGEST_STRING)
    if not text.strip(WHITE_SPACE):
        hint = f"write a model such as {A_MODEL}"
        fault = Diagnostic("E001", "the string holds no keyword", Span(0, len(text)), hint)
        raise ModelStringError(text, [fault])
    groups = check_groups(text)
    if groups is not None:
        raise ModelStringError(text, [groups])
    children = space_parser().parse(text).children
    pattern = Pattern(_sequence(children, Span(0, len(text))), text)
    faults = check_pattern(pattern)
    if faults:
        raise ModelStringError(text, faults)
    return pattern


def _span(token: Token) -> Span:
    return Span(token.start_pos, token.end_pos)  # type: ignore[arg-type]  # lexed, so it has both


def _sequence(children: list[Any], span: Span) -> Sequence:
    """Build a sequence; text that commas cut becomes one again."""
    parts: list[Literal | Use | Alternatives | Maybe] = []
    for child in children:
        if isinstance(child, Token):
            literal = Literal(str(child), _span(child))
            before = parts[-1] if parts else None
            if isinstance(before, Literal):
                whole = Span(before.span.start, literal.span.stop)
                literal = Literal(before.text + literal.text, whole)
                parts.pop()
            parts.append(literal)
        else:
            parts.append(_group(child.children[0]))
    return Sequence(tuple(parts), span)


def _group(tree: Tree[Token]) -> Use | Alternatives | Maybe:
    children: list[Any] = tree.children
    span = Span(_span(children[0]).start, _span(children[-1]).stop)
    inside = Span(span.start + 1, span.stop - 1)
    if tree.data == "use":
        return Use(str(children[1]), span)
    if tree.data == "optional":
        return Maybe(_sequence(children[1:-1], inside), span)
    defined, start = children[1], inside.start
    name, name_span = None, Span(start, start)
    if defined is not None:
        name, start = str(defined)[:-1], _span(defined).stop
        name_span = Span(inside.start, start - 1)
    choices = []
    # a choice, then the comma or the brace that ends it
    for choice, end in zip(children[2::2], children[3::2], strict=True):
        choices.append(_choice(choice, Span(start, _span(end).start)))
        start = _span(end).stop
    return Alternatives(tuple(choices), name, span, name_span)


def _choice(tree: Tree[Token], span: Span) -> Choice:
    children: list[Any] = tree.children or [None]
    first, *rest = children
    if isinstance(first, Token) and first.type == "RANGE":
        # one of thousands of digits is refused as too large; int() would do it in its own words
        numbers = [int(number[:MOST_DIGITS]) for number in str(first).split("..")]
        step = numbers[2] if len(numbers) == 3 else None
        return Choice(NumberRange(numbers[0], numbers[1], step, span), None, span)
    label = None if first is None else str(first)[:-1]
    start = span.start if first is None else _span(first).stop
    return Choice(_sequence(rest, Span(start, span.stop)), label, span)
