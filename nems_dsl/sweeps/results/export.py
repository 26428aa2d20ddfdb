"""Tables of results as files for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...interop.tables import name_cells
from ...result_columns import ALIASES, select_columns
from .row_selection import unknown

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet", ".tex")


def list_printed() -> tuple[str, ...]:
    """Return the columns that a printed table has room for: what it is of, and then the rest.

    Examples
    --------
    >>> list_printed()[:4]
    ('dataset', 'channel', 'string', 'n_parameters')
    """
    neuron = select_columns(lambda column: column.room == "page" and column.of == "neuron")
    return neuron + select_columns(lambda column: column.room == "page" and column.of != "neuron")


def with_aliases(table: pd.DataFrame) -> pd.DataFrame:
    """Put the columns that users of NEMS know in front: ``cellid`` and ``modelname``.

    Parameters
    ----------
    table : pandas.DataFrame
        With the columns dataset and channel, or string, or neither.

    Returns
    -------
    pandas.DataFrame
        `cellid` is the name of the dataset, followed by ``-`` and the channel where a dataset
        comes with several; `modelname` is the string as it was written.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"string": ["lvl.1"] * 3, "dataset": ["A", "A", "B"], "channel": [0, 1, 0]}
    >>> with_aliases(pd.DataFrame(rows))["cellid"].tolist()
    ['A-0', 'A-1', 'B']
    """
    cell, name = ALIASES
    found = table.copy()
    if "string" in table:
        found.insert(0, name, table["string"])
    if {"dataset", "channel"} <= set(table):
        found.insert(0, cell, name_cells(table))
    return found


def check_ending(path: str | Path) -> Path:
    """Check that a file's ending says how to write it.

    Raises
    ------
    ValueError
        It does not; lists the endings that do.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(unknown("kind of file", path.suffix or path.name, ENDINGS))
    return path


def write_table(table: pd.DataFrame, path: str | Path, *, index: bool = False) -> Path:
    """Write a table to a file, by its ending.

    Parameters
    ----------
    table : pandas.DataFrame
    path : str or Path
        Ends in ``.csv``, ``.parquet`` (needs pyarrow) or ``.tex`` (needs Jinja2).
    index : bool
        Write the index too.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        The ending says nothing, or a package is missing.
    """
    path = check_ending(path)
    ending = path.suffix.lower()
    try:
        if ending == ".csv":
            table.to_csv(path, index=index)
        elif ending == ".parquet":
            table.to_parquet(path, index=index)
        else:
            path.write_text(_to_latex(table, index), encoding="utf-8")
    except ImportError as fault:
        extra = "parquet" if ending == ".parquet" else "latex"
        raise ValueError(
            f"writing {path} needs a package that is not installed: pip install 'nems_dsl[{extra}]'"
        ) from fault
    return path


def _to_latex(table: pd.DataFrame, index: bool) -> str:
    text = table if not index else table.reset_index()
    text = text.copy()
    text.columns = [_escape(str(name)) for name in text.columns]
    words = {name: _write for name in text.columns if text[name].dtype.kind not in "fiu"}
    words = {name: _write for name in text.columns if text[name].dtype.kind not in "fiu"}
    return str(
        text.to_latex(index=False, escape=False, na_rep="--", float_format="%.4g", formatters=words)
    )


def _write(value: object) -> str:
    return _escape(str(value))


def _escape(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {sign: f"\\{sign}" for sign in "&%$#_{}"}
    return "".join(special.get(sign, sign) for sign in text)
