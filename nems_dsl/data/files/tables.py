"""Tables: .csv, .tsv and .parquet, read by pandas, a column for each channel."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..labelled import read_frame
from ..timing import Timing, is_counter_name, is_time_name, is_trial_name
from .contents import ROLES, Contents, check_size, needs

MISSING = ("", "nan", "na", "n/a", "none", "null", "<na>")
_SPELLINGS = sorted({s for m in MISSING for s in (m, m.upper(), m.title())} | {"NaN"})
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?"
_DECIMAL_COMMA = r"[+-]?\d*,\d+([eE][+-]?\d+)?"


def read_csv(path: Path, signal: str) -> Contents:
    """Read one signal from text: time down the rows, a column for each channel.

    A first row of names is a header. Columns of times, and those that number rows or trials, are
    no channels. Commas, semicolons, tabs and spaces are understood as what divides columns.

    Parameters
    ----------
    path : Path
    signal : str
        One of `KEYS`.

    Raises
    ------
    ValueError
        A cell is no number, or a row has more or fewer than the others: names the line.
    """
    import pandas as pd

    check_size((path.stat().st_size,), 1, f"{path}")
    try:
        layout = _Layout(path)
        frame = pd.read_csv(
            path,
            sep=layout.separator,
            header=None,
            names=layout.names or range(layout.n_columns),
            skiprows=layout.n_skipped,
            index_col=False,
            skip_blank_lines=layout.n_columns > 1,
            keep_default_na=False,
            na_values=_SPELLINGS,
            skipinitialspace=True,
            encoding="utf-8-sig",
        )
    except UnicodeDecodeError as fault:
        raise ValueError(f"{path} is no text in UTF-8: {fault}; save it as UTF-8") from None
    except (pd.errors.ParserError, csv.Error) as fault:
        _check_rows(path, _Layout(path))
        raise ValueError(f"{path} is no csv file: {fault}") from None
    if layout.n_columns == 1:
        # of one column, a blank line may be a missing value; at the end it is none
        filled = np.flatnonzero(frame.iloc[:, 0].notna().to_numpy())
        frame = frame.iloc[: filled[-1] + 1] if len(filled) else frame.iloc[:0]
    if frame.iloc[:, -1].isna().any():
        # pandas takes the end of a row that is too short for missing
        _check_rows(path, layout)
    if not len(frame):
        raise ValueError(f"{path} has no samples")
    for place, name in enumerate(frame.columns):
        if frame.dtypes.iloc[place].kind not in "biuf":
            frame[name] = _read_text(frame[name], place, path, layout)
    return _read_table(frame, path, signal, bool(layout.names))


def read_parquet(path: Path, signal: str) -> Contents:
    """Read one signal from a table of columns.

    Raises
    ------
    ValueError
        It is none, a column holds no numbers, or it takes pyarrow, which is not there.
    """
    import pandas as pd

    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise needs("pyarrow", "parquet", path, "save it as csv") from None
    try:
        head = parquet.read_metadata(path)
        check_size((head.num_rows, head.num_columns), 8, f"{path}")
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as fault:
        if str(fault).startswith(str(path)):
            raise
        raise ValueError(f"{path} is no parquet file, or a damaged one: {fault}") from None
    if not len(frame):
        raise ValueError(f"{path} has no samples")
    has_index = not isinstance(frame.index, pd.RangeIndex)
    if has_index and all(name is not None for name in frame.index.names):
        # an index with a name, such as `time` or `trial`, is a column that says what it is
        frame, has_index = frame.reset_index(), False
    return _read_table(frame, path, signal, True, has_index)


# ---- from a frame ----------------------------------------------------------------------------


def _read_table(
    frame: Any, path: Path, signal: str, has_names: bool, has_index: bool = False
) -> Contents:
    read, timing = read_frame(frame, f"{path}", ROLES[signal], has_index)
    if not has_names:
        return Contents({signal: replace(read, labels=None)}, timing.fs)
    notes = _describe(timing, read.labels or (), path)
    return Contents({signal: read}, timing.fs, (notes,))


def _describe(timing: Timing, labels: Sequence[Any], path: Path) -> str:
    parts = []
    if timing.time is not None:
        rate = "" if timing.fs is None else f", {timing.fs:g} Hz"
        parts.append(f"column {timing.time!r} read as time{rate}")
    if timing.trial is not None:
        parts.append(f"column {timing.trial!r} as the number of the trial")
    if timing.counter is not None:
        parts.append(f"column {timing.counter!r} as the number of the row")
    shown = ", ".join(map(str, labels[:8])) + (", ..." if len(labels) > 8 else "")
    noun = "channel" if len(labels) == 1 else f"{len(labels)} channels"
    return f"{path}: {'; '.join([*parts, f'{noun}: {shown}'])}"


# ---- text ------------------------------------------------------------------------------------


class _Layout:
    """How a file of text is laid out: what its first lines show.

    Attributes
    ----------
    separator : str
    n_columns : int
    names : list of str
        Of the columns; empty where the file has none.
    n_skipped : int
        Lines before the first row of numbers.
    """

    def __init__(self, path: Path) -> None:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for _, line in zip(range(1000), file, strict=False)]
        comments = 0
        while comments < len(lines) and lines[comments].startswith("#"):
            comments += 1
        rest = [place for place in range(comments, len(lines)) if lines[place].strip()]
        if not rest:
            raise ValueError(f"{path} has no samples")
        if "\0" in lines[rest[0]]:
            raise ValueError(f"{path} is no csv file: it holds a character of value 0")
        self.separator = _find_separator(lines[rest[0]])
        self.n_skipped = rest[0]
        cells = self.split(lines[rest[0]])
        self.n_columns = len(cells)
        self.names: list[str] = []
        if comments and not _is_header(cells, path, rest[0] + 1):
            # as np.savetxt writes it
            heading = self.split(lines[comments - 1].lstrip("# "))
            if len(heading) == self.n_columns and all(not _is_number(cell) for cell in heading):
                self.names = _unique(heading)
        elif _is_header(cells, path, rest[0] + 1):
            self.names = _unique(cells)
            self.n_skipped = rest[0] + 1

    def split(self, line: str) -> list[str]:
        """Return the cells of a line."""
        if len(self.separator) > 1:
            return line.split()
        if not line.strip():
            return [""]
        return [cell.strip() for cell in next(csv.reader([line], delimiter=self.separator))]

    def rows(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of numbers, each with the number of its line, from 1."""
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if number > self.n_skipped and (line.strip() or self.n_columns == 1):
                    yield number, self.split(line)


def _find_separator(line: str) -> str:
    counts = {separator: line.count(separator) for separator in ";\t,"}
    best = max(counts, key=counts.__getitem__)
    if counts[best]:
        # a semicolon beside commas divides numbers with decimal commas
        return ";" if counts[";"] else "\t" if counts["\t"] else best
    return r"\s+" if len(line.split()) > 1 and _is_number(line.split()[0]) else ","


def _is_header(cells: Sequence[str], path: Path, line: int) -> bool:
    """Tell whether the first row is names; refuse one that is neither names nor numbers."""
    numbers = [cell for cell in cells if _is_number(cell)]
    if len(cells) > 1 and list(cells) == [str(number) for number in range(len(cells))]:
        # what pandas writes by default: read as samples, it would be wrong without a sign of it
        raise ValueError(
            f"{path}, line {line}: these look like the column labels of a data frame; give the "
            "columns names, or write it with header=False, index=False"
        )
    others = [cell for cell in cells if not _is_number(cell) and cell.lower() not in MISSING]
    if not others:
        # without a name for the column of row labels, the others may be numbers
        return bool(numbers) and cells[0] == "" and _are_labels(cells[1:])
    comma = next((cell for cell in others if re.fullmatch(_DECIMAL_COMMA, cell)), None)
    if comma is not None:
        raise ValueError(f"{path}, line {line}: {_comma(comma)}")
    odd = [cell for cell in others if re.match(r"[+-]?\.?\d", cell)]
    known = all(is_time_name(c) or is_trial_name(c) or is_counter_name(c) for c in others)
    if odd or (numbers and not known):
        cell = (odd or others)[0]
        raise ValueError(
            f"{path}, line {line}, column {list(cells).index(cell) + 1}: {cell!r} is not a number, "
            "and the first row is no row of names either; mend the cell, or name all columns"
        )
    return True


def _are_labels(cells: Sequence[str]) -> bool:
    return list(cells) == [str(number) for number in range(len(cells))]


def _is_number(cell: str) -> bool:
    return re.fullmatch(_NUMBER, cell.strip(), re.I) is not None


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of which no two are alike; that of a column without one stays empty."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        count = seen[name] = seen.get(name, -1) + 1
        unique.append(f"{name}.{count}" if count else name)
    return unique


def _check_rows(path: Path, layout: _Layout) -> None:
    for line, cells in layout.rows(path):
        if len(cells) != layout.n_columns:
            raise ValueError(
                f"{path}, line {line}: {len(cells)} column{'s' * (len(cells) != 1)}, where the "
                f"first row has {layout.n_columns}"
            )


def _read_text(column: Any, place: int, path: Path, layout: _Layout) -> Any:
    """Read times or labels that are written as text, or refuse the first cell that is no number."""
    name = layout.names[place] if layout.names else ""
    if is_trial_name(name):
        return column
    if is_time_name(name):
        times = _read_times(column)
        if times is not None:
            return times
    for line, cells in layout.rows(path):
        cell = cells[place] if place < len(cells) else ""
        if _is_number(cell) or cell.lower() in MISSING:
            continue
        if re.fullmatch(_DECIMAL_COMMA, cell):
            raise ValueError(f"{path}, line {line}, column {place + 1}: {_comma(cell)}")
        raise ValueError(f"{path}, line {line}, column {place + 1}: {cell!r} is not a number")
    raise ValueError(f"{path}, column {place + 1}: not numbers")


def _read_times(column: Any) -> Any:
    import pandas as pd

    for read in (pd.to_timedelta, pd.to_datetime):
        try:
            return read(column)
        except (ValueError, TypeError):
            continue
    return None


def _comma(cell: str) -> str:
    return (
        f"{cell!r} has a decimal comma; write decimal points, as "
        "pandas.read_csv(path, sep=';', decimal=',').to_csv(path, index=False) does"
    )
