"""Running the code of a page, cell by cell, as a notebook does."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass
class Cell:
    """Some code, and what it shows; None where the page does not say."""

    code: str
    shown: str | None = None


def read_cells(text: str) -> list[Cell]:
    """Give the python blocks of a page, each with the text blocks that follow it."""
    cells: list[Cell] = []
    for kind, body in _BLOCK.findall(text):
        if kind == "python":
            cells.append(Cell(body))
        else:
            cells[-1].shown = (cells[-1].shown or "") + body
    return cells


def run_cell(code: str, namespace: dict[str, object]) -> str:
    """Run code; give what it prints, and the repr of its last line if that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
            if value is not None:
                print(repr(value))
    return printed.getvalue()


def shows(expected: str, got: str) -> bool:
    """Tell whether `got` is as expected; `...` stands for anything, and white space may differ."""
    return doctest.OutputChecker().check_output(expected, got, _OPTIONS)
