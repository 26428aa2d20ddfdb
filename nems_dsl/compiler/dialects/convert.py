"""From one dialect to another, where the other can say it."""

from __future__ import annotations

from collections import Counter

from ...keywords.dialects import DIALECTS, Dialect, HeadThere
from ...syntax import Diagnostic, Keyword, ModelStringError, Span, clip, unparse
from ..bound import BoundKeyword, BoundModel
from ..strings import check_dialect, parse
from .foreign import write_there

_STIMULUS = "stim"


def convert(string: str, source: str, target: str, *, strict: bool = False) -> str:
    """Write a model string in another dialect; see `nems_dsl.convert`."""
    check_dialect(target)
    tree = parse(string, source, strict=strict)
    if target == "native":
        return tree.string
    writer = _Writer(DIALECTS[target], tree)
    for keyword in tree:
        writer.add(keyword.written, keyword)
    if writer.faults:
        raise ModelStringError(string, writer.faults)
    written = "-".join(writer.written)
    _check(string, written, target, tree)
    return written


class _Writer:
    def __init__(self, dialect: Dialect, tree: BoundModel) -> None:
        self.dialect = dialect
        self.read = {name for keyword in tree for name in keyword.inputs}
        self.counts: Counter[str] = Counter()
        self.written: list[str] = []
        self.faults: list[Diagnostic] = []

    def refuse(self, reason: str, span: Span, hint: str = "leave it in its own dialect") -> None:
        message = f"`{self.dialect.name}` cannot say this: {reason}"
        self.faults.append(Diagnostic("E302", message, span, hint))

    def add(self, keyword: Keyword, bound: BoundKeyword) -> None:
        row = self.dialect.of_native(keyword.head)
        if row is None:
            refused = self.dialect.heads.get(keyword.head)
            why = f"; there, {refused.refused}" if refused is not None and refused.refused else ""
            self.refuse(f"it has no keyword for `{keyword.head}`{why}", bound.span)
            return
        there, unsaid = write_there(keyword, row)
        for option in unsaid:
            reason = f"`{row.head}` has no option for `{option}` there"
            self.refuse(reason, bound.span, f"without it, `{row.head}` can be written")
        self._check_shape(row, bound)
        self.counts[row.head] += 1
        name = f"{row.head}{self.counts[row.head]}"
        if bound.name not in (None, name):
            reason = f"outputs have no names of their own there; this one is called {name}"
            is_read = bound.name in self.read
            self.refuse(reason, bound.span, f"call it {name}" if is_read else "leave its name out")
        text = unparse(there)
        inputs = self._inputs(row, bound)
        self.written.append(".".join([text, *inputs]))

    def _check_shape(self, row: HeadThere, bound: BoundKeyword) -> None:
        dims = bound.dims
        if row.square and len(bound.takes) == 1 and dims.get("in") == dims.get("out") != 1:
            self.refuse(row.square, bound.span)

    def _inputs(self, row: HeadThere, bound: BoundKeyword) -> list[str]:
        """Write the signals that a keyword reads as options, where it can name them."""
        if row.names_signals:
            return ["input" if name == _STIMULUS else name for name in bound.inputs]
        if not bound.inputs:
            return []
        flag = next((each.there for each in row.flags if (each.reads,) == bound.inputs), None)
        if flag is None:
            reason = f"`{row.head}` cannot name what it reads there"
            self.refuse(reason, bound.span, "let it read the keyword before it")
            return []
        return [flag]


def _check(string: str, written: str, target: str, tree: BoundModel) -> None:
    """Refuse what the other program would read as another model."""
    hint = "leave it in its own dialect"
    try:
        again = parse(written, target).string
    except ModelStringError as fault:
        reason = fault.diagnostics[0].message
    else:
        if again == tree.string:
            return
        reason = f"what comes nearest, {clip(written)}, is {clip(again)} natively"
    message = f"`{target}` cannot say this: {reason}"
    raise ModelStringError(string, [Diagnostic("E302", message, Span(0, len(string)), hint)])
