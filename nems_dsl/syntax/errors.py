"""Faults in a string, and the one way they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import NemsError
from .tree import Span

_WIDEST_LINE = 96
_WIDEST_WORD = 40
_MOST_PRINTED = 10
_MARGIN = "  "


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault in a string.

    Attributes
    ----------
    code : str
        Stable, for scripts: ``E201``; one of `nems_dsl.syntax.CODES`.
    message : str
        What is wrong, in the user's terms.
    span : Span
        Which characters of the string are at fault.
    hint : str
        What to do. What follows "write" or "did you mean" can be copied.
    notes : tuple of str
        What else one should know to understand it.
    """

    code: str
    message: str
    span: Span
    hint: str
    notes: tuple[str, ...] = ()

    def render(self, source: str) -> str:
        """Print the fault with the line of `source` it stands in, and a caret under it."""
        line, start, stop = _visible_line(source, self.span)
        marker = "^" if stop - start <= 1 else ("^" * (stop - start))
        lines = [f"error[{self.code}]: {self.message}"]
        if line.strip():
            lines += [_MARGIN + line, (_MARGIN + " " * start + marker)]
        lines += [_MARGIN + note for note in self.notes]
        lines.append(f"{_MARGIN}help: {self.hint}")
        # a note may quote what was written, and a terminal would obey it
        shown = "\n".join(lines)
        if shown.replace("\n", "").isprintable():
            return shown
        return "".join(c if c.isprintable() or c == "\n" else f"U+{ord(c):04X}" for c in shown)


class ModelStringError(NemsError, ValueError):
    """A string that is not a model, with every fault that was found in it.

    Attributes
    ----------
    code, span, hint : str, Span, str
        Of the first fault.
    string : str
        The string at fault.
    diagnostics : tuple of Diagnostic
        All faults, in the order in which they stand in the string.
    """

    def __init__(self, string: str, diagnostics: Sequence[Diagnostic]):
        self.string = string
        once = {(fault.code, fault.span, fault.message): fault for fault in diagnostics}
        self.diagnostics = tuple(sorted(once.values(), key=lambda fault: fault.span))
        first = self.diagnostics[0]
        self.code, self.span, self.hint = first.code, first.span, first.hint
        printed = [fault.render(string) for fault in self.diagnostics[:_MOST_PRINTED]]
        n_more = len(self.diagnostics) - len(printed)
        if n_more:
            printed.append(f"and {n_more} more fault{'s' * (n_more != 1)}")
        super().__init__("\n\n".join(printed))

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows: the lines that point into the string, and no way through."""
        return [f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[type[ModelStringError], tuple[str, tuple[Diagnostic, ...]]]:
        # the default would hand the rendered text back to __init__, and break in worker processes
        return type(self), (self.string, self.diagnostics)


def clip(text: str) -> str:
    """Shorten a word of the user's for a message."""
    return text if len(text) <= _WIDEST_WORD else text[: _WIDEST_WORD - 3] + "..."


def _visible_line(source: str, span: Span) -> tuple[str, int, int]:
    """Cut out the line of `source` that holds `span`, shortened around it when it is long."""
    first = source.rfind("\n", 0, span.start) + 1
    last = source.find("\n", span.start)
    last = len(source) if last < 0 else last
    start, stop = span.start, max(min(span.stop, last), span.start + 1)
    left, right = first, last
    if last - first > _WIDEST_LINE:
        stop = min(stop, start + _WIDEST_LINE // 2)
        left = max(first, min(start - _WIDEST_LINE // 3, last - _WIDEST_LINE))
        right = left + _WIDEST_LINE
    before, after = "..." * (left > first), "..." * (right < last)
    line = "".join(c if c.isprintable() else "?" for c in source[left:right])
    shift = len(before) - left
    return before + line + after, start + shift, stop + shift
