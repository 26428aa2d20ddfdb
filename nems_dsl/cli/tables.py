"""Tables: fitted to a terminal, and plain, whole text for anything else."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .streams import say

_UNLIMITED = 100_000


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()
) -> None:
    """Print a table.

    Parameters
    ----------
    columns : sequence of str
    rows : sequence of sequences of str
    numbers : sequence of str
        Columns to align at the right.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # only a terminal has a width; in a file or a pipe nothing may be cut or wrapped
    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else _UNLIMITED, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    with console.capture() as captured:
        console.print(table)
    say("\n".join(line.rstrip() for line in captured.get().splitlines()))
