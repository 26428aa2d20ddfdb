"""Conditions on variants, written as text: parsed as Python is, and never run as Python.

What `ast.parse` gives is turned into closures, node by node, and only the kinds of nodes that are
named here have a meaning. Before it is parsed, text in quotes is blanked and Python's own keywords
are disguised, so that both are taken from the user's text and nothing depends on their contents.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from ..suggestions import did_you_mean
from ..syntax import Diagnostic, ModelStringError, Span, clip

Facts = Mapping[str, Any]
Evaluate = Callable[[Facts], Any]

LONGEST_CONDITION = 1_000
MOST_LEVELS = 50
CONSTANTS = {"true": True, "false": False, "none": None}
CONSTANTS |= {name.capitalize(): value for name, value in CONSTANTS.items()}
KEYWORDS = frozenset(["and", "or", "not", "in"])

_EXAMPLE = "a condition is such as r < 3 and nl != 'relu'"
_IN_PYTHON = "write it as a Python function: where=lambda v: v['r'] < 3"
_EQUAL: dict[type, Callable[[Any, Any], Any]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
_ORDER: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CALCULATE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.UAdd: operator.add,
    ast.USub: operator.sub,
}
_INSTEAD = {"&": " and ", "&&": " and ", "|": " or ", "||": " or ", "!": " not ", "=": "=="}
_LONE = re.compile(r"&&?|\|\|?|!(?!=)|(?<![=!<>:])=(?!=)")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_PIECE = re.compile(
    rf"(?P<quoted>{_QUOTED.pattern})|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<space>[ \t\r\n\f])"
    r"|(?P<odd>['\"\\#]|[^ -~])"
)


@dataclass(frozen=True)
class Condition:
    """A condition that has been read; a function of what is known about a variant.

    Attributes
    ----------
    names : frozenset of str
        What it asks for.
    """

    names: frozenset[str]
    _evaluate: Evaluate

    def __call__(self, facts: Facts) -> bool:
        """Tell whether it holds; None is neither less nor greater than anything.

        Raises
        ------
        ModelStringError
            Values cannot be compared, or calculated with.
        """
        return bool(self._evaluate(facts))


def read_condition(text: str, names: Sequence[str]) -> Condition:
    """Read a condition.

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
    Condition

    Raises
    ------
    ModelStringError
        The text is no condition, or names what is not there.

    Examples
    --------
    >>> holds = read_condition("r < 3 and nl != 'relu'", ["r", "nl", "taps"])
    >>> holds({"r": 2, "nl": "dexp"}), holds({"r": 4, "nl": "dexp"}), sorted(holds.names)
    (True, False, ['nl', 'r'])
    """
    if len(text) > LONGEST_CONDITION:
        message = f"{len(text):,} characters; a condition holds at most {LONGEST_CONDITION:,}"
        raise _fault(text, message, Span(0, 1), _IN_PYTHON)
    begin, tree = _parse(text)
    reader = _Reader(text, begin, names)
    if isinstance(tree, ast.Tuple | ast.List):
        raise _fault(text, "a list by itself is no condition", reader.span(tree), _EXAMPLE)
    evaluate = reader.read(tree)
    if reader.faults:
        raise ModelStringError(text, reader.faults)
    return Condition(frozenset(reader.used), evaluate)


# ---- from text to tree -----------------------------------------------------------------------


def _parse(text: str) -> tuple[int, ast.expr]:
    """Give Python's tree, and the place in the text at which it begins."""

    def disguise(piece: re.Match[str]) -> str:
        found = piece.group()
        if piece["quoted"] is not None:
            return found[0] + "_" * (len(found) - 2) + found[-1]
        if piece["word"] is not None:
            is_ours = found in KEYWORDS or found in CONSTANTS
            return "_" + found[1:] if iskeyword(found) and not is_ours else found
        if piece["space"] is not None:
            return " "  # a line that ends would end the expression too
        if found in "'\"":
            hint = "text stands in quotes: nl == 'dexp'"
            raise _fault(text, "the quotes are not closed", Span(*piece.span()), hint)
        raise _meaningless(text, Span(*piece.span()))

    plain = _PIECE.sub(disguise, text)
    if not plain.strip():
        raise _fault(text, "the condition is empty", Span(0, len(text)), _EXAMPLE)
    if (sign := _LONE.search(plain)) is not None:
        before, meant, after = text[: sign.start()], _INSTEAD[sign.group()], text[sign.end() :]
        hint = f"`{meant.strip()}` is meant: {' '.join((before + meant + after).split())}"
        raise _meaningless(text, Span(*sign.span()), hint)
    begin = len(plain) - len(plain.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # `1or 2`: Python warns of it, and goes on
            return begin, ast.parse(plain.strip(), mode="eval").body
    except SyntaxError as refusal:
        raise _refusal(text, begin, refusal) from None
    except (RecursionError, MemoryError, ValueError, Warning):
        raise _too_deep(text, Span(0, len(text))) from None


def _refusal(text: str, begin: int, refusal: SyntaxError) -> ModelStringError:
    """Point at what Python's parser stopped at; its words change from version to version."""
    first, after = refusal.offset or 0, refusal.end_offset or 0
    at, stop = begin + first - 1, begin + max(after, first + 1) - 1
    if not first or not text[at:].strip():
        return _fault(text, "the condition ends too early", Span(len(text), len(text)), _EXAMPLE)
    if "never closed" in refusal.msg:
        return _fault(text, f"`{text[at]}` is not closed", Span(at, at + 1), _EXAMPLE)
    if "too many nested" in refusal.msg:
        return _too_deep(text, Span(at, at + 1))
    return _meaningless(text, Span(at, min(stop, len(text))))


def _meaningless(text: str, span: Span, hint: str = _EXAMPLE) -> ModelStringError:
    word = text[span.start : span.stop]
    shown = f"`{clip(word)}`" if word.isprintable() else f"U+{ord(word[0]):04X}"
    return _fault(text, f"{shown} has no meaning here", span, hint)


def _too_deep(text: str, span: Span) -> ModelStringError:
    return _fault(text, f"more than {MOST_LEVELS} levels", span, _IN_PYTHON)


def _fault(text: str, message: str, span: Span, hint: str) -> ModelStringError:
    return ModelStringError(text, [Diagnostic("E508", message, span, hint)])


# ---- from tree to function -------------------------------------------------------------------


class _Reader:
    """Turns a tree into one function; each part knows where it stands, for faults of evaluation."""

    def __init__(self, text: str, begin: int, names: Sequence[str]):
        self.text, self.begin, self.names = text, begin, names
        self.used: set[str] = set()
        self.faults: list[Diagnostic] = []

    def span(self, node: ast.expr) -> Span:
        # what is parsed is plain ASCII in one line, where bytes are characters
        return Span(self.begin + node.col_offset, self.begin + (node.end_col_offset or 0))

    def source(self, node: ast.expr) -> str:
        span = self.span(node)
        return self.text[span.start : span.stop]

    def read(self, node: ast.expr, level: int = 1) -> Evaluate:
        if level > MOST_LEVELS:
            raise _too_deep(self.text, self.span(node))

        def part(child: ast.expr) -> Evaluate:
            return self.read(child, level + 1)

        match node:
            case ast.BoolOp(op, values):
                joined, parts = all if isinstance(op, ast.And) else any, [part(v) for v in values]
                return lambda facts: joined(each(facts) for each in parts)
            case ast.UnaryOp(ast.Not(), operand):
                negated = part(operand)
                return lambda facts: not negated(facts)
            case ast.UnaryOp(op, operand) if type(op) in _CALCULATE:
                return self.calculation(node, lambda facts: 0, type(op), part(operand))
            case ast.BinOp(left, op, right) if type(op) in _CALCULATE:
                return self.calculation(node, part(left), type(op), part(right))
            case ast.Compare(left, _, others):
                return self.comparison(node, [part(left), *map(part, others)])
            case ast.Tuple(elements) | ast.List(elements):
                items = [part(element) for element in elements]
                return lambda facts: tuple(item(facts) for item in items)
            case ast.Constant(bool() | int() | float() | None as value):
                return lambda facts: value
            # neither 'a' 'b', which is a comma left out, nor a prefix that Python knows
            case ast.Constant(str()) if _QUOTED.fullmatch(self.source(node)):
                text = self.source(node)[1:-1]
                return lambda facts: text
            case ast.Name():
                return self.name(self.source(node), self.span(node))
        raise _meaningless(self.text, self.span(node))

    def name(self, name: str, span: Span) -> Evaluate:
        if name in CONSTANTS:
            value = CONSTANTS[name]
            return lambda facts: value
        self.used.add(name)
        if name not in self.names:
            question = did_you_mean(name, self.names, "`{}`".format, lead="")
            known = f"there is {', '.join(self.names)}; text stands in quotes: '{clip(name)}'"
            hint = f"{question} {known}" if question else known
            self.faults.append(Diagnostic("E509", f"no variable `{clip(name)}`", span, hint))
        return operator.itemgetter(name)

    def calculation(self, node: ast.expr, left: Evaluate, sign: type, right: Evaluate) -> Evaluate:
        apply = _CALCULATE[sign]

        def evaluate(facts: Facts) -> Any:
            a, b = left(facts), right(facts)
            if a is None or b is None:
                return None
            odd = next((value for value in (a, b) if not _is_number(value)), None)
            if odd is not None:
                message = f"{_shown(odd)} is no number to calculate with"
                hint = "a variable whose values are text is compared by ==, != or in"
                raise _fault(self.text, message, self.span(node), hint)
            try:
                return apply(a, b)
            except (ZeroDivisionError, OverflowError) as fault:
                message = f"this has no value for {_shown(a)} and {_shown(b)}: {fault}"
                hint = "leave such variants out first: r != 0 and 6 / r > 2"
                raise _fault(self.text, message, self.span(node), hint) from None

        return evaluate

    def comparison(self, node: ast.Compare, values: list[Evaluate]) -> Evaluate:
        signs = [type(op) for op in node.ops]

        def evaluate(facts: Facts) -> bool:
            left = values[0](facts)
            for sign, value in zip(signs, values[1:], strict=True):
                right = value(facts)
                if not self.holds(node, left, sign, right):
                    return False
                left = right
            return True

        return evaluate

    def holds(self, node: ast.expr, a: Any, sign: type, b: Any) -> bool:
        if sign in _EQUAL:
            return bool(_EQUAL[sign](a, b))
        if sign not in _ORDER:
            return self.is_in(node, a, b) is (sign is ast.In)
        if a is None or b is None:
            return False
        if (_is_number(a) and _is_number(b)) or (isinstance(a, str) and isinstance(b, str)):
            return bool(_ORDER[sign](a, b))
        message = f"{_shown(a)} is neither less nor greater than {_shown(b)}"
        hint = "numbers are compared with numbers, and text with text in quotes"
        raise _fault(self.text, message, self.span(node), hint)

    def is_in(self, node: ast.expr, a: Any, b: Any) -> bool:
        if isinstance(b, tuple) or (isinstance(b, str) and isinstance(a, str)):
            return a in b
        if a is None or b is None:
            return False
        message = f"nothing can be in {_shown(b)}"
        hint = "write a list after `in`, as in r in (1, 2, 4)"
        raise _fault(self.text, message, self.span(node), hint)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return clip(f"'{value}'" if isinstance(value, str) else str(value))
