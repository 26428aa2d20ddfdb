"""Rows of a store as a pandas table."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, select

from ...spaces.expansion import Value
from ..store import schema
from .row_selection import Selection, read_pairs, read_variables, unknown

if TYPE_CHECKING:
    import pandas as pd

VARIABLES = "variables"
_FIRST = ("string", "canonical", "model_id", "dataset", "channel", "fold")
_THEN = tuple(
    """
    n_parameters r_fit se_fit r_test se_test loss loss_name converged iterations evaluations
    seconds status error warnings optimizer seed finished data_digest recipe identity
    """.split()
)
ON_REQUEST = ("versions", "traceback")
"""Columns that are left out unless they are asked for: long, and seldom looked at."""

_SHARED: dict[str, tuple[Table, str]] = {
    "string": (schema.spellings, "spelling_key"),
    "canonical": (schema.models, "model_key"),
    "model_id": (schema.models, "model_key"),
    "dataset": (schema.neurons, "neuron_key"),
    "data_digest": (schema.neurons, "neuron_key"),
    "channel": (schema.neurons, "neuron_key"),
    "recipe": (schema.recipes, "recipe_key"),
    "versions": (schema.environments, "environment_key"),
}
_TYPES = {"channel": "Int64", "n_parameters": "Int64", "iterations": "Int64",
          "evaluations": "Int64", "seed": "Int64", "converged": "boolean"}  # fmt: skip
_REALS = ("r_fit", "se_fit", "r_test", "se_test", "loss", "seconds")


def name_columns(variables: Iterable[str]) -> dict[str, str]:
    """Give the column of each variable: its name, unless another column has it.

    Examples
    --------
    >>> name_columns(["rank", "loss"])
    {'rank': 'rank', 'loss': 'variable_loss'}
    """
    taken = {*_FIRST, *_THEN, *ON_REQUEST}
    return {name: f"variable_{name}" if name in taken else name for name in variables}


def list_variables(values: dict[int, dict[str, Value]]) -> list[str]:
    """Give the names of the variables, in the order of their first appearance."""
    return list(dict.fromkeys(name for each in values.values() for name in each))


def usual_columns(variables: Sequence[str]) -> list[str]:
    """Give the columns of a table for which none are named."""
    return [*_FIRST, *name_columns(variables).values(), *_THEN]


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
    known = [*usual_columns(list(variables)), *ON_REQUEST]
    wanted = usual_columns(list(variables)) if columns is None else list(columns)
    for name in wanted:
        if name not in known:
            raise ValueError(unknown("column", name, known))
    by_column = {column: name for name, column in variables.items()}
    sources = {name: _source(name, by_column) for name in wanted}
    needed = list(dict.fromkeys(sources.values())) or ["key"]
    expressions = [_expression(name) for name in needed]
    raw = dict(zip(needed, selection.read(connection, expressions), strict=True))
    n_rows = len(next(iter(raw.values())))
    table: dict[str, Any] = {}
    for name in wanted:
        found = raw[sources[name]]
        if name in by_column:
            spelled = {key: each.get(by_column[name]) for key, each in values.items()}
            table[name] = _variable(pd, spelled, found)
        elif name in _SHARED:
            table[name] = _typed(pd, name, _look_up(connection, name, found))
        else:
            table[name] = _typed(pd, name, found)
    return pd.DataFrame(table, index=pd.RangeIndex(n_rows), columns=pd.Index(wanted))


def _source(name: str, by_column: dict[str, str]) -> str:
    if name in by_column:
        return "spelling_key"
    return _SHARED[name][1] if name in _SHARED else name


def _expression(name: str) -> ColumnElement[Any]:
    if name != "traceback":
        return schema.jobs.c[name]
    attached = schema.attachments.c
    return select(attached.traceback).where(attached.job_key == schema.jobs.c.key).scalar_subquery()


def _look_up(connection: Connection, name: str, keys: np.ndarray) -> np.ndarray:
    table, _ = _SHARED[name]
    contents = read_pairs(connection, table.c.key, table.c[name])
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


def _typed(pd: Any, name: str, values: np.ndarray) -> Any:
    read = _READERS.get(name)
    if read is not None:
        return read(values)
    if name in _REALS:
        return values.astype(float)
    if name in _TYPES:
        missing = np.array([_is_missing(value) for value in values], dtype=bool)
        kept = np.where(missing, 0, values).astype(np.int64)
        if name == "channel":
            missing = missing | (kept == schema.ALL_CHANNELS)
        if _TYPES[name] == "boolean":
            return pd.arrays.BooleanArray(kept.astype(bool), missing)
        return pd.arrays.IntegerArray(kept, missing)
    return values if values.dtype != float else values.astype(object)


def _read_warnings(texts: np.ndarray) -> np.ndarray:
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


_READERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "warnings": _read_warnings,
    "error": _read_text,
    "loss_name": _read_text,
    "optimizer": _read_text,
    "traceback": _read_long,
}
