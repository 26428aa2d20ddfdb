"""Which rows of a store are meant, and reading their columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Integer, Table, bindparam, select

from ...spaces.expansion import Value
from ...suggestions import no_such
from ..store import schema

_CHUNK = 1_000  # so many rows stay in the processor's cache


@dataclass(frozen=True)
class Selection:
    """Rows of jobs.

    Attributes
    ----------
    conditions : tuple of ColumnElement
        What all of them have in common.
    keys : (rows,) int64 array, sorted, or None
        If given, no others than these.
    """

    conditions: tuple[ColumnElement[bool], ...] = ()
    keys: np.ndarray | None = None

    def narrowed(self, *conditions: ColumnElement[bool]) -> Selection:
        """Give those that meet further conditions too."""
        return replace(self, conditions=self.conditions + conditions)

    def restricted(self, keys: np.ndarray) -> Selection:
        """Give those that are among some."""
        kept = keys if self.keys is None else np.intersect1d(self.keys, keys)
        return replace(self, keys=np.sort(kept))

    def read(
        self, connection: Connection, columns: Sequence[ColumnElement[Any]]
    ) -> list[np.ndarray]:
        """Read columns, in the order of the rows' keys.

        Returns
        -------
        list of (rows,) arrays
            Of objects where the column holds text or a missing integer, otherwise of numbers.
        """
        parts = []
        for rows in self._chunks(connection, columns):
            part = [_array(values) for values in zip(*rows, strict=True)]
            if self.keys is not None:
                kept = np.isin(part.pop(), self.keys, assume_unique=True)
                part = [values[kept] for values in part]
            parts.append(part)
        if not parts:
            return [np.empty(0) for _ in columns]
        return [_join(pieces) for pieces in zip(*parts, strict=True)]

    def read_numbers(
        self, connection: Connection, columns: Sequence[ColumnElement[Any]]
    ) -> np.ndarray:
        """Read columns of numbers, in the order of the rows' keys.

        Returns
        -------
        (columns, rows) float64 array
            NaN where a number is missing.
        """
        parts = [_numbers(rows) for rows in self._chunks(connection, columns)]
        if not parts:
            return np.empty((len(columns), 0))
        found = np.concatenate(parts).T
        if self.keys is None:
            return found
        return found[:-1, np.isin(found[-1], self.keys, assume_unique=True)]

    def _chunks(
        self, connection: Connection, columns: Sequence[ColumnElement[Any]]
    ) -> Iterator[Sequence[Any]]:
        own = [] if self.keys is None else [schema.jobs.c.key]
        statement = select(*columns, *own).select_from(schema.jobs).where(*self.conditions)
        statement = statement.order_by(schema.jobs.c.key)
        # the driver's own rows: wrapping a million of them takes as long as reading them
        cursor = connection.execute(statement).cursor
        assert cursor is not None
        while rows := cursor.fetchmany(_CHUNK):
            yield rows


def is_among(column: ColumnElement[Any], keys: Iterable[int]) -> ColumnElement[bool]:
    """Give the condition that a column of integers has one of some values, however many."""
    values = [int(key) for key in keys]
    # written into the statement, for databases take only so many parameters
    listed = bindparam(
        None, values, type_=Integer, expanding=True, literal_execute=True, unique=True
    )
    return column.in_(listed)


def read_pairs(
    connection: Connection, key: ColumnElement[Any], value: ColumnElement[Any]
) -> dict[Any, Any]:
    """Read two columns of a table as a dict."""
    return {first: second for first, second in connection.execute(select(key, value))}


def find_keys(connection: Connection, table: Table, name: str, wanted: Sequence[Any]) -> list[int]:
    """Give the keys of shared contents by one of their columns.

    Raises
    ------
    ValueError
        There is no such value; suggests the nearest.
    """
    rows = connection.execute(select(table.c.key, table.c[name])).all()
    known = {value for _, value in rows}
    for value in wanted:
        if value not in known:
            what = "dataset" if name == "dataset" else name.replace("_", " ")
            raise ValueError(unknown(what, value, known))
    return [key for key, value in rows if value in wanted]


def read_variables(connection: Connection) -> dict[int, dict[str, Value]]:
    """Give the values of the patterns' variables by the key of the spelling."""
    spellings = schema.spellings.c
    rows = connection.execute(select(spellings.key, spellings.variables).order_by(spellings.key))
    return {key: json.loads(text) for key, text in rows}


def unknown(what: str, given: object, known: Iterable[object]) -> str:
    """Return the message that there is no such thing among the rows."""
    names = sorted(map(str, known))
    if not names:
        return f"no {what} {str(given)!r}; there are no rows"
    return no_such(what, str(given), names)


def _numbers(rows: Sequence[Any]) -> np.ndarray:
    try:
        flat = np.fromiter(chain.from_iterable(rows), float, len(rows) * len(rows[0]))
    except TypeError:
        return np.array(rows, dtype=float)  # where a number is missing; slower
    return flat.reshape(len(rows), -1)


def _array(values: Sequence[Any]) -> np.ndarray:
    kinds = {type(value) for value in values}
    if kinds <= {int}:
        return np.array(values, dtype=np.int64)
    if kinds <= {float, type(None)}:
        return np.array(values, dtype=float)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _join(pieces: Sequence[np.ndarray]) -> np.ndarray:
    # a column of missing values alone is read as float, though others of it are text
    if any(piece.dtype == object for piece in pieces):
        return np.concatenate([_as_objects(piece) for piece in pieces])
    return np.concatenate(pieces)


def _as_objects(piece: np.ndarray) -> np.ndarray:
    found = piece.astype(object)
    if piece.dtype == float:
        found[np.isnan(piece)] = None
    return found
