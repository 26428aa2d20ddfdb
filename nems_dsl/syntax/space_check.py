"""What can be wrong with a pattern, before any of its variants is looked at."""

from __future__ import annotations

import re

from ..suggestions import did_you_mean
from .errors import Diagnostic, clip
from .space_tree import Alternatives, Choice, Maybe, NumberRange, Part, Pattern, Sequence, Use
from .tree import Span

MOST_LEVELS = 50
LARGEST_NUMBER = 10**9
_CLOSING = {"{": "}", "[": "]"}
_OPENING = {"}": "{", "]": "["}
_NAMES = {"{": "brace", "[": "bracket", "}": "brace", "]": "bracket"}
_LONGEST_PROPOSAL = 200
_RANGE_HINT = "a range is {first..last} or {first..last..step}, as in {1..4} or {2..10..2}"


def check_groups(text: str) -> Diagnostic | None:
    """Find the first brace or bracket that has no partner, or that is nested too deep."""
    opened: list[int] = []
    for match in re.finditer(r"[{}\[\]]", text):
        at, mark = match.start(), match.group()
        if mark in _CLOSING:
            opened.append(at)
            if len(opened) > MOST_LEVELS:
                message = f"more than {MOST_LEVELS} levels of braces and brackets"
                hint = "write the variants that are meant as a list of strings"
                return Diagnostic("E507", message, Span(at, at + 1), hint)
            continue
        if not opened:
            hint = _write(
                text[:at] + text[at + 1 :], f"remove it, or open it by `{_OPENING[mark]}`"
            )
            return Diagnostic("E501", f"`{mark}` closes nothing", Span(at, at + 1), hint)
        begun = text[opened[-1]]
        if _OPENING[mark] != begun:
            message = f"`{mark}` cannot close the {_NAMES[begun]} that was opened last"
            wanted = _CLOSING[begun]
            fixed = [text[:at] + wanted + text[at + n :] for n in (1, 0)]
            if text[at + 1 : at + 2] == wanted:
                fixed.insert(0, text[:at] + wanted + mark + text[at + 2 :])
            hint = _write(fixed[0], f"close that by `{wanted}` first", *fixed[1:])
            note = f"opened by `{begun}` at character {opened[-1] + 1}"
            return Diagnostic("E501", message, Span(at, at + 1), hint, (note,))
        opened.pop()
    if not opened:
        return None
    at = opened[-1]
    closing = "".join(_CLOSING[text[place]] for place in reversed(opened))
    hint = _write(text + closing, f"close it by `{_CLOSING[text[at]]}`")
    return Diagnostic("E501", f"`{text[at]}` is never closed", Span(at, at + 1), hint)


def _write(proposal: str, otherwise: str, *others: str) -> str:
    """Propose the first of some texts that balances."""
    for text in (proposal, *others):
        if 0 < len(text) <= _LONGEST_PROPOSAL and text.isprintable() and " " not in text:
            if check_groups(text) is None:
                return f"write {text}"
    return otherwise


def check_pattern(pattern: Pattern) -> list[Diagnostic]:
    """Find all faults of a tree: empty alternatives, ranges that are none, variables."""
    checker = _Checker(pattern)
    checker.sequence(pattern.body)
    return checker.faults


class _Checker:
    """Walks a pattern from left to right.

    `certain` holds the variables that have a value in every variant at this place, `possible`
    those that have one in some.
    """

    def __init__(self, pattern: Pattern):
        self.source = pattern.source
        self.faults: list[Diagnostic] = []
        self.certain: set[str] = set()
        self.possible: dict[str, Span] = {}
        self.everywhere = _definitions(pattern.body)
        self.unfinished: list[str] = []

    def report(self, code: str, message: str, span: Span, hint: str, *notes: str) -> None:
        self.faults.append(Diagnostic(code, message, span, hint, notes))

    def sequence(self, node: Sequence) -> None:
        for part in node.parts:
            if isinstance(part, Use):
                self.use(part)
            elif isinstance(part, Maybe):
                self.maybe(part)
            elif isinstance(part, Alternatives):
                self.alternatives(part)

    def maybe(self, node: Maybe) -> None:
        if not node.body.parts:
            hint = "write the text that may be absent: [-stp.4]"
            self.report("E502", "nothing stands in these brackets", node.span, hint)
        before = set(self.certain)
        self.sequence(node.body)
        self.certain = before

    def alternatives(self, node: Alternatives) -> None:
        if node.name is not None and (node.name in self.possible or node.name in self.unfinished):
            other = self.possible.get(node.name, self.everywhere[node.name]).start + 1
            hint = f"use its value by {{{node.name}}}, or choose another name"
            message = f"the variable `{clip(node.name)}` is defined twice"
            note = f"it is defined at character {other} already"
            self.report("E505", message, node.name_span, hint, note)
        self.labels(node)
        before, possible = set(self.certain), dict(self.possible)
        sure: list[set[str]] = []
        met = dict(possible)
        self.unfinished += [] if node.name is None else [node.name]
        for choice in node.choices:
            # the choices exclude each other, so that each may define the same variable
            self.certain, self.possible = set(before), dict(possible)
            self.choice(node, choice)
            sure.append(self.certain)
            met.update(self.possible)
        self.certain, self.possible = set.intersection(*sure), met
        if node.name is not None:
            self.unfinished.pop()
            self.certain.add(node.name)
            self.possible.setdefault(node.name, node.name_span)

    def labels(self, node: Alternatives) -> None:
        seen: set[str] = set()
        for choice in node.choices:
            if choice.label is not None and choice.label in seen:
                start = choice.span.start
                span = Span(start, start + len(choice.label))
                message = f"two alternatives have the label `{clip(choice.label)}`"
                self.report("E505", message, span, "choose another label")
            seen.add(choice.label or "")

    def choice(self, node: Alternatives, choice: Choice) -> None:
        if isinstance(choice.body, NumberRange):
            self.range(choice.body)
            return
        parts = choice.body.parts
        if not parts and choice.label is None:
            self.empty(node, choice)
        for part in parts:
            text = "" if not hasattr(part, "text") else part.text
            if ".." in text:
                message = f"`{clip(text)}` is no range of whole numbers"
                if choice.label is not None:
                    message = "a label stands for one alternative, not for a range"
                self.report("E503", message, part.span, _RANGE_HINT)
        self.sequence(choice.body)

    def empty(self, node: Alternatives, choice: Choice) -> None:
        span = Span(choice.span.start, choice.span.start + 1)
        if len(node.choices) == 1:
            message = "nothing stands in these braces"
            self.report("E502", message, node.span, "write alternatives: {1,2,4} or {1..4}")
            return
        hint = "give it a label, as in {none:,stp:-stp.4}, or make the part optional: [-stp.4]"
        others = [each for each in node.choices if each is not choice]
        if len(others) == 1 and isinstance(others[0].body, Sequence) and node.name is None:
            start, stop = others[0].span
            fixed = f"[{self.source[start:stop]}]"
            start, stop = node.span
            fixed = self.source[:start] + fixed + self.source[stop:]
            hint = _write(fixed, hint)
        self.report("E502", "an alternative is empty", span, hint)

    def range(self, node: NumberRange) -> None:
        if max(node.start, node.stop, node.step or 0) > LARGEST_NUMBER:
            message = f"numbers of a range go up to {LARGEST_NUMBER:,}"
            self.report("E503", message, node.span, "sizes go up to 1,000,000")
        elif node.step == 0:
            hint = f"write {{{node.start}..{node.stop}}}"
            self.report("E503", "a range cannot go in steps of 0", node.span, hint)
        elif node.stop < node.start:
            step = "" if node.step is None else f"..{node.step}"
            hint = f"write {{{node.stop}..{node.start}{step}}}"
            message = "a range goes upwards; this one holds no number"
            self.report("E503", message, node.span, hint)

    def use(self, node: Use) -> None:
        name = node.name
        if name in self.certain:
            return
        shown = clip(name)
        if name in self.unfinished:
            message = f"the variable `{shown}` is used in its own definition"
            hint = f"write out what {{{name}}} is to stand for here"
            self.report("E504", message, node.span, hint)
        elif name in self.possible:
            message = f"the variable `{shown}` has no value in some of the variants here"
            hint = "define it further left, outside of those braces or brackets"
            note = f"it is defined at character {self.possible[name].start + 1}, inside of a choice"
            self.report("E504", message, node.span, hint, note)
        elif name in self.everywhere:
            message = f"the variable `{shown}` is used left of its definition"
            hint = f"define it here, and use it there: exchange {{{name}=...}} and {{{name}}}"
            note = f"it is defined at character {self.everywhere[name].start + 1}"
            self.report("E504", message, node.span, hint, note)
        else:
            question = did_you_mean(name, self.everywhere, "{{{}}}".format, lead="")
            otherwise = f"define it to the left, as in {{{name}=1..4}}; or leave the braces out"
            self.report("E504", f"no variable `{shown}`", node.span, question or otherwise)


def _definitions(node: Sequence) -> dict[str, Span]:
    """Give all variables that a pattern defines anywhere, each where it does so first."""
    found: dict[str, Span] = {}
    for part in node.parts:
        for name, span in _definitions_in(part).items():
            found.setdefault(name, span)
    return found


def _definitions_in(part: Part) -> dict[str, Span]:
    if isinstance(part, Maybe):
        return _definitions(part.body)
    found: dict[str, Span] = {}
    if isinstance(part, Alternatives):
        if part.name is not None:
            found[part.name] = part.name_span
        for choice in part.choices:
            if isinstance(choice.body, Sequence):
                found = {**_definitions(choice.body), **found}
    return found
