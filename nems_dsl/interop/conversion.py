"""Converting many strings from one dialect to another, and saying of each what was done."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from ..compiler.strings import DialectWarning, check_dialect
from ..experiments.strings import convert
from ..suggestions import ask, suggest
from ..syntax import ModelStringError

#: Names of the column that holds the strings of a table, the likeliest first.
COLUMNS = ("modelname", "experiment", "string", "strings", "model", "canonical")
CONVERTED, KEPT = "converted", "kept"
_DELIMITERS = ("\t", ",", ";")
_NEW = ("converted", "conversion")


@dataclass(frozen=True)
class Conversion:
    """What became of one string.

    Attributes
    ----------
    given : str
    string : str or None
        In the other dialect; None if that cannot say it.
    done : str
        "converted", with what was left out; or "kept", and why.
    fault : ModelStringError or None
    """

    given: str
    string: str | None
    done: str
    fault: Exception | None = None


def convert_one(string: str, source: str, target: str, *, strict: bool = False) -> Conversion:
    """Convert a string, or say why not.

    Examples
    --------
    >>> convert_one("wc.18x1.z-fir.1x15", "nems0", "native").string
    'wc.18x1-fir.1x15'
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DialectWarning)
            found = convert(string, source, target, strict=strict)
    except ModelStringError as fault:
        return Conversion(string, None, f"{KEPT}: {fault.diagnostics[0].message}", fault)
    notices = [str(each.message) for each in caught if each.category is DialectWarning]
    done = "; ".join([CONVERTED, *(" ".join(notice.split()) for notice in notices)])
    return Conversion(string, found, done)


def read_lines(text: str) -> list[str]:
    """Give the strings of a text that has one in each line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def find_table(text: str, column: str | None = None) -> tuple[str, str] | None:
    """Find out whether a text is a table with a column of strings.

    Parameters
    ----------
    text : str
    column : str, optional
        The column's name; one of `COLUMNS` by default.

    Returns
    -------
    (delimiter, column) or None
        None for a text with a string in each line.

    Raises
    ------
    ValueError
        There is no column of that name.
    """
    header = text.split("\n", 1)[0].strip().lstrip("\ufeff")
    names: list[str] = []
    for delimiter in _DELIMITERS:
        names = next(csv.reader([header], delimiter=delimiter), [])
        wanted = COLUMNS if column is None else (column,)
        found = next((name for name in wanted if name in names), None)
        if found is not None and (len(names) > 1 or column is not None or found == names[0]):
            return delimiter, found
    if column is not None:
        raise ValueError(
            f"the first line has no column {column!r}: it begins {header[:60]!r}. "
            f"{ask(suggest(column, names))}".rstrip()
        )
    return None


def convert_table(
    text: str,
    source: str,
    target: str,
    *,
    delimiter: str = ",",
    column: str = "modelname",
    strict: bool = False,
) -> Iterator[tuple[str, Conversion | None]]:
    r"""Convert a column of a table; all that is there stays, to the letter of each cell.

    Parameters
    ----------
    text : str
        With the names of columns in the first line.
    source, target : str
        Dialects.
    delimiter : str
        Between cells.
    column : str
        The one that holds the strings.
    strict : bool
        Refuse what would be left out.

    Yields
    ------
    line : str
        With two cells more: ``converted``, empty where the other dialect cannot say it, and
        ``conversion``, what was done.
    conversion : Conversion or None
        None for the first line.

    Raises
    ------
    ValueError
        A row has too few or too many cells; or there is a column ``converted`` already.

    Examples
    --------
    >>> for line, _ in convert_table("cell,modelname\nA,wc.2x1-fir.3x1\n", "nems", "native"):
    ...     print(line)
    cell,modelname,converted,conversion
    A,wc.2x1-fir.3x1,wc.2x1-fir.1x3,converted
    """
    check_dialect(source)
    check_dialect(target)
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter)
    names = next(rows)
    taken = [name for name in _NEW if name in names]
    if taken:
        raise ValueError(f"the table has a column {taken[0]!r} already: leave it out, or rename it")
    place = names.index(column)
    yield _line([*names, *_NEW], delimiter), None
    seen: dict[str, Conversion] = {}
    for row in rows:
        if not row:
            continue
        if len(row) != len(names):
            raise ValueError(
                f"line {rows.line_num} has {len(row)} cells, where the first has {len(names)}"
            )
        given = row[place].strip()
        if given not in seen:
            seen[given] = convert_one(given, source, target, strict=strict)
        found = seen[given]
        yield _line([*row, found.string or "", found.done], delimiter), found


def _line(cells: list[str], delimiter: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="").writerow(cells)
    return written.getvalue()
