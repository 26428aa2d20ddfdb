"""Rows of a store as a pandas table."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from ...result_columns import COLUMNS, Column, select_columns
from ...spaces.expansion import Value
from ..store import schema
from .row_selection import Selection, read_pairs, read_variables, unknown

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {column.name: column for column in COLUMNS}
_VARIABLES = "variables"
#: What an experiment's string and its digest are called as well.
_EXPERIMENT = {"experiment": "canonical", "experiment_id": "model_id"}


def name_columns(variables: Iterable[str]) -> dict[str, str]:
    """Give the column of each variable: its name, unless another column has it.

    Examples
    --------
    >>> name_columns(["rank", "loss"])
    {'rank': 'rank', 'loss': 'variable_loss'}
    """
    taken = set(select_columns(lambda column: column.shown != "never")) - {_VARIABLES}
    taken |= _EXPERIMENT.keys()
    return {name: f"variable_{name}" if name in taken else name for name in variables}


def list_variables(values: dict[int, dict[str, Value]]) -> list[str]:
    """Give the names of the variables, in the order of their first appearance."""
    return list(dict.fromkeys(name for each in values.values() for name in each))


def usual_columns(variables: Sequence[str]) -> list[str]:
    """Give the columns of a table for which none are named."""
    usual = select_columns(lambda column: column.shown == "usually")
    place = usual.index(_VARIABLES)
    end = select_columns(lambda column: column.shown == "at the end")
    return [*usual[:place], *name_columns(variables).values(), *usual[place + 1 :], *end]


def read_table(
    connection: Connection, selection: Selection, columns: Sequence[str] | None
) -> pd.DataFrame:
    """Read rows into a table, in the order in which they were first stored.

    Raises
    ------
    ValueError
        There is no such column; suggests the nearest.
    """
    import pandas as pd

    values = read_variables(connection)
    variables = name_columns(list_variables(values))
    usual = usual_columns(list(variables))
    if connection.scalar(
        select(schema.models.c.key).where(schema.models.c.canonical.contains("_", autoescape=True))
    ):
        place = usual.index("model_id") + 1
        usual[place:place] = _EXPERIMENT
    known = [*usual, *select_columns(lambda column: column.shown == "on request"), *_EXPERIMENT]
    wanted = usual if columns is None else list(columns)
    for name in wanted:
        if name not in known:
            raise ValueError(unknown("column", name, known))
    by_column = {column: name for name, column in variables.items()}
    sources = {name: _source(name, by_column) for name in wanted}
    needed = list(dict.fromkeys(sources.values())) or ["key"]
    expressions = [_expression(connection, name) for name in needed]
    raw = dict(zip(needed, selection.read(connection, expressions), strict=True))
    n_rows = len(next(iter(raw.values())))
    table: dict[str, Any] = {}
    for name in wanted:
        found = raw[sources[name]]
        if name in by_column:
            spelled = {key: each.get(by_column[name]) for key, each in values.items()}
            table[name] = _variable(pd, spelled, found)
        else:
            column = _COLUMNS[_EXPERIMENT.get(name, name)]
            if column.of in schema.SHARED:
                found = _look_up(connection, column, found)
            table[name] = _typed(pd, column, found)
    return pd.DataFrame(table, index=pd.RangeIndex(n_rows), columns=pd.Index(wanted))


def _source(name: str, by_column: dict[str, str]) -> str:
    """Return the column of jobs, or of what is attached to them, that a column is read from."""
    if name in by_column:
        return schema.key_of("spelling")
    of = _COLUMNS[_EXPERIMENT.get(name, name)].of
    return schema.key_of(of) if of in schema.SHARED else name


def _expression(connection: Connection, name: str) -> ColumnElement[Any]:
    if name not in _COLUMNS or _COLUMNS[name].of != "attachment":
        return schema.column_of_jobs(connection, name)
    attached = schema.attachments.c
    return select(attached[name]).where(attached.job_key == schema.jobs.c.key).scalar_subquery()


def _look_up(connection: Connection, column: Column, keys: np.ndarray) -> np.ndarray:
    table = schema.SHARED[column.of]
    contents = read_pairs(connection, table.c.key, table.c[column.name])
    return _take(contents, keys)


def _take(contents: dict[int, Any], keys: np.ndarray) -> np.ndarray:
    # one object for each content, however many rows share it
    found = np.empty(max(contents, default=0) + 1, dtype=object)
    for key, content in contents.items():
        found[key] = content
    return found[keys.astype(np.int64)]


def _variable(pd: Any, spelled: dict[int, Value], keys: np.ndarray) -> Any:
    values = _take(spelled, keys)
    present = {type(value) for value in spelled.values()}
    if present == {int}:
        return values.astype(np.int64)
    if present == {int, type(None)}:
        return pd.array(values, dtype="Int64")
    if present and present <= {int, float, type(None)}:
        return np.array(list(values), dtype=float)
    if bool in present and present <= {bool, type(None)}:
        return pd.array(values, dtype="boolean")
    return values


def _typed(pd: Any, column: Column, values: np.ndarray) -> Any:
    match column.type:
        case "number":
            return values.astype(float)
        case "integer" if not column.is_optional:
            return values.astype(np.int64)
        case "integer" | "large integer" | "yes or no" | "channel":
            return _maybe_missing(pd, column, values)
        case "texts":
            return _read_texts(values)
        case "long text":
            return _read_long(values)
    return _read_text(values) if column.is_optional else values.astype(object)


def _maybe_missing(pd: Any, column: Column, values: np.ndarray) -> Any:
    missing = np.array([_is_missing(value) for value in values], dtype=bool)
    kept = np.where(missing, 0, values).astype(np.int64)
    if column.type == "channel":
        missing = missing | (kept == schema.ALL_CHANNELS)
    if column.type == "yes or no":
        return pd.arrays.BooleanArray(kept.astype(bool), missing)
    return pd.arrays.IntegerArray(kept, missing)


def _read_texts(texts: np.ndarray) -> np.ndarray:
    return np.array(["" if _is_missing(text) else "; ".join(json.loads(text)) for text in texts],
                    dtype=object)  # fmt: skip


def _read_text(texts: np.ndarray) -> np.ndarray:
    return np.array([None if _is_missing(text) else text for text in texts], dtype=object)


def _read_long(blobs: np.ndarray) -> np.ndarray:
    return np.array(
        [None if _is_missing(blob) else zlib.decompress(blob).decode() for blob in blobs],
        dtype=object,
    )


def _is_missing(value: object) -> bool:
    # a column of which nothing is present is read as one of NaN
    return value is None or value != value
