"""Conditions on variants, written as text: read by a grammar, and never run as Python."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lark import Token, Tree, UnexpectedInput, UnexpectedToken

from ..suggestions import did_you_mean
from ..syntax import Diagnostic, ModelStringError, Span, clip
from ..syntax.grammar import condition_parser

Facts = Mapping[str, Any]
Evaluate = Callable[[Facts], Any]

LONGEST_CONDITION = 1_000
MOST_LEVELS = 50
CONSTANTS = {"true": True, "false": False, "none": None}
CONSTANTS |= {name.capitalize(): value for name, value in CONSTANTS.items()}
KEYWORDS = frozenset(["and", "or", "not", "in"])
_EXAMPLE = "a condition is such as r < 3 and nl != 'relu'"
_IN_PYTHON = "write it as a Python function: where=lambda v: v['r'] < 3"
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CALCULATE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_INSTEAD = {"&": " and ", "&&": " and ", "|": " or ", "||": " or ", "!": " not ", "=": "=="}


def read_condition(text: str, names: Sequence[str]) -> Callable[[Facts], bool]:
    """Read a condition as a function of what is known about a variant.

    Parameters
    ----------
    text : str
        Comparisons (``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``), ``and``, ``or``,
        ``not``, ``+ - * / %``, numbers, text in quotes, ``true``, ``false`` and ``none``, names,
        and lists in parentheses or brackets.
    names : sequence of str
        The names there are.

    Returns
    -------
    callable
        Of a mapping from names to values; gives whether the condition holds. None, the value of
        a variable that a variant does not have, is neither less nor greater than anything.

    Raises
    ------
    ModelStringError
        The text is no condition, or names what is not there. The function raises it too, where
        values cannot be compared or calculated with.

    Examples
    --------
    >>> holds = read_condition("r < 3 and nl != 'relu'", ["r", "nl"])
    >>> holds({"r": 2, "nl": "dexp"}), holds({"r": 4, "nl": "dexp"})
    (True, False)
    """
    if len(text) > LONGEST_CONDITION:
        message = f"{len(text):,} characters; a condition holds at most {LONGEST_CONDITION:,}"
        raise _fault(text, "E508", message, Span(0, 1), _IN_PYTHON)
    try:
        tree = condition_parser().parse(text)
    except UnexpectedInput as refusal:
        raise _refusal(text, refusal) from None
    writer = _Writer(text, names)
    evaluate = writer.write(tree.children[0])
    if writer.faults:
        raise ModelStringError(text, writer.faults)
    return lambda facts: bool(evaluate(facts))


class _Writer:
    """Turns a tree into one function; each knows where it stands, for faults of evaluation."""

    def __init__(self, text: str, names: Sequence[str]):
        self.text, self.names = text, names
        self.faults: list[Diagnostic] = []
        self.level = 0

    def write(self, node: Any) -> Evaluate:
        if isinstance(node, Token):
            return self.value(node)
        self.level += 1
        if self.level > MOST_LEVELS:
            message = f"more than {MOST_LEVELS} levels"
            raise _fault(self.text, "E508", message, _span(node), _IN_PYTHON)
        evaluate: Evaluate = getattr(self, str(node.data))(node)
        self.level -= 1
        return evaluate

    def value(self, token: Token) -> Evaluate:
        found: Any = str(token)
        if token.type == "NAME" and found not in CONSTANTS:
            if found not in self.names:
                self.unknown(found, _span(token))
            return operator.itemgetter(found)
        if token.type == "NAME":
            found = CONSTANTS[found]
        elif token.type == "NUMBER":
            found = int(found) if found.isdigit() else float(found)
        else:
            found = found[1:-1]
        return lambda facts: found

    def unknown(self, name: str, span: Span) -> None:
        question = did_you_mean(name, self.names, "`{}`".format, lead="")
        known = f"there is {', '.join(self.names)}; text stands in quotes: '{clip(name)}'"
        hint = f"{question} {known}" if question else known
        self.faults.append(Diagnostic("E509", f"no variable `{clip(name)}`", span, hint))

    def either(self, node: Tree[Token]) -> Evaluate:
        parts = [self.write(child) for child in node.children]
        return lambda facts: any(part(facts) for part in parts)

    def both(self, node: Tree[Token]) -> Evaluate:
        parts = [self.write(child) for child in node.children]
        return lambda facts: all(part(facts) for part in parts)

    def negated(self, node: Tree[Token]) -> Evaluate:
        part = self.write(node.children[0])
        return lambda facts: not part(facts)

    def listed(self, node: Tree[Token]) -> Evaluate:
        parts = [self.write(child) for child in node.children if child is not None]
        return lambda facts: tuple(part(facts) for part in parts)

    def plus(self, node: Tree[Token]) -> Evaluate:
        zero: Evaluate = lambda facts: 0  # noqa: E731 - `+x` is 0 + x, with the same checks
        return self.calculation(node, zero, operator.add, self.write(node.children[0]))

    def minus(self, node: Tree[Token]) -> Evaluate:
        zero: Evaluate = lambda facts: 0  # noqa: E731
        return self.calculation(node, zero, operator.sub, self.write(node.children[0]))

    def sum(self, node: Tree[Token]) -> Evaluate:
        return self.terms(node)

    def product(self, node: Tree[Token]) -> Evaluate:
        return self.terms(node)

    def terms(self, node: Tree[Token]) -> Evaluate:
        first, *rest = node.children
        result = self.write(first)
        if len(rest) // 2 > MOST_LEVELS:
            message = f"more than {MOST_LEVELS} terms"
            raise _fault(self.text, "E508", message, _span(node), _IN_PYTHON)
        for sign, child in zip(rest[::2], rest[1::2], strict=True):
            result = self.calculation(node, result, _CALCULATE[str(sign)], self.write(child))
        return result

    def calculation(
        self, node: Tree[Token], left: Evaluate, apply: Callable[[Any, Any], Any], right: Evaluate
    ) -> Evaluate:
        def evaluate(facts: Facts) -> Any:
            a, b = left(facts), right(facts)
            if a is None or b is None:
                return None
            odd = next((value for value in (a, b) if not _is_number(value)), None)
            if odd is not None:
                message = f"{_shown(odd)} is no number to calculate with"
                hint = "a variable whose values are text is compared by ==, != or in"
                raise _fault(self.text, "E508", message, _span(node), hint)
            try:
                return apply(a, b)
            except (ZeroDivisionError, OverflowError) as fault:
                message = f"this has no value for {_shown(a)} and {_shown(b)}: {fault}"
                hint = "leave such variants out first: r != 0 and 6 / r > 2"
                raise _fault(self.text, "E508", message, _span(node), hint) from None

        return evaluate

    def comparison(self, node: Tree[Token]) -> Evaluate:
        values = [self.write(child) for child in node.children[::2]]
        tests = [self.relation(node, relation) for relation in node.children[1::2]]

        def evaluate(facts: Facts) -> bool:
            left = values[0](facts)
            for test, value in zip(tests, values[1:], strict=True):
                right = value(facts)
                if not test(left, right):
                    return False
                left = right
            return True

        return evaluate

    def relation(self, node: Tree[Token], relation: Any) -> Callable[[Any, Any], bool]:
        if relation.data == "contained":
            return lambda a, b: self.is_in(node, a, b)
        if relation.data == "absent":
            return lambda a, b: not self.is_in(node, a, b)
        sign = str(relation.children[0])
        compare = _COMPARE[sign]
        if sign in ("==", "!="):
            return lambda a, b: bool(compare(a, b))

        def ordered(a: Any, b: Any) -> bool:
            if a is None or b is None:
                return False
            if (_is_number(a) and _is_number(b)) or (isinstance(a, str) and isinstance(b, str)):
                return bool(compare(a, b))
            message = f"{_shown(a)} is neither less nor greater than {_shown(b)}"
            hint = "numbers are compared with numbers, and text with text in quotes"
            raise _fault(self.text, "E508", message, _span(node), hint)

        return ordered

    def is_in(self, node: Tree[Token], a: Any, b: Any) -> bool:
        if isinstance(b, tuple):
            return a in b
        if isinstance(b, str) and isinstance(a, str):
            return a in b
        if a is None or b is None:
            return False
        message = f"nothing can be in {_shown(b)}"
        hint = "write a list after `in`, as in r in (1, 2, 4)"
        raise _fault(self.text, "E508", message, _span(node), hint)


def _refusal(text: str, refusal: UnexpectedInput) -> ModelStringError:
    """Say what is wrong with a text that is no condition."""
    if not text.strip():
        return _fault(text, "E508", "the condition is empty", Span(0, len(text)), _EXAMPLE)
    at: Any = refusal.pos_in_stream
    is_end = isinstance(refusal, UnexpectedToken) and refusal.token.type == "$END"
    if at is None or is_end:
        at = len(text)
        message = "the condition ends too early"
        return _fault(text, "E508", message, Span(at, at), _EXAMPLE)
    found = re.match(r"[&|!=]+|[A-Za-z0-9_.]+|.", text[at:], re.DOTALL)
    assert found is not None  # `at` is inside of the text, where anything matches `.`
    word = found.group()
    hint = _EXAMPLE
    if word[0] in "'\"":
        message, hint = "the quotes are not closed", "text stands in quotes: nl == 'dexp'"
    else:
        shown = f"`{clip(word)}`" if word.isprintable() else f"U+{ord(word[0]):04X}"
        message = f"{shown} has no meaning here"
    if word in _INSTEAD:
        fixed = text[:at] + _INSTEAD[word] + text[at + len(word) :]
        hint = f"`{_INSTEAD[word].strip()}` is meant: {' '.join(fixed.split())}"
    return _fault(text, "E508", message, Span(at, at + len(word)), hint)


def _fault(text: str, code: str, message: str, span: Span, hint: str) -> ModelStringError:
    return ModelStringError(text, [Diagnostic(code, message, span, hint)])


def _span(node: Any) -> Span:
    if isinstance(node, Token):
        return Span(node.start_pos, node.end_pos)  # type: ignore[arg-type]  # lexed, has both
    return Span(node.meta.start_pos, node.meta.end_pos)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return clip(f"'{value}'" if isinstance(value, str) else str(value))
