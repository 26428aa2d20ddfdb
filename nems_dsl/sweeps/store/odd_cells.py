"""Cells of a SQLite file that no sweep wrote, found when an answer cannot be made from them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from ...result_columns import COLUMNS, Type
from . import schema

_WHOLE = "typeof({0}) <> 'integer' OR {0} NOT BETWEEN {1} AND {2}"
_INTEGER = _WHOLE.format("{0}", -(2**31), 2**31 - 1)
_LARGE = "typeof({0}) <> 'integer'"
_JSON = "typeof({0}) <> 'text' OR NOT json_valid({0}) OR json_type({0}) <> "
_ODD: dict[Type, str] = {
    "text": "typeof({0}) <> 'text'",
    "word": "typeof({0}) <> 'text'",
    "integer": _INTEGER,
    "large integer": _LARGE,
    "number": "typeof({0}) NOT IN ('real', 'integer')",
    "yes or no": _WHOLE.format("{0}", 0, 1),
    # the second part is not looked at where the text is no JSON
    "texts": f"CASE WHEN {_JSON}'array' THEN 1 ELSE 0 END",
    "values by name": f"CASE WHEN {_JSON}'object' THEN 1 ELSE 0 END",
    "long text": "typeof({0}) <> 'blob'",
    "channel": _INTEGER,
}


def find_odd_cells(connection: Connection) -> Iterator[str]:
    """Find cells whose values are not of the kind that their columns hold.

    SQLite keeps whatever it is given: text among numbers, text that is no JSON, or numbers beyond
    what a column is for.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        To a SQLite file.

    Yields
    ------
    str
        For each column with such a cell: the table, the column, and the key of the first row.
    """
    tables = {"job": schema.jobs, "attachment": schema.attachments, **schema.SHARED}
    for column in COLUMNS:
        table = tables[column.of]
        key = "job_key" if column.of == "attachment" else "key"
        if column.name not in schema.stored_columns(connection, table):
            continue
        odd = _ODD[column.type].format(f'"{column.name}"')
        found = connection.exec_driver_sql(
            f'SELECT min({key}), count(*) FROM {table.name} WHERE "{column.name}" IS NOT NULL '
            f"AND ({odd})"
        ).one()
        if found[1]:
            yield f"{column.name} in the row {found[0]} of {table.name} ({found[1]} in all)"
    for fault in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1):
        yield f"the row {fault[1]} of {fault[0]}, which belongs to a row of {fault[2]} that is gone"
