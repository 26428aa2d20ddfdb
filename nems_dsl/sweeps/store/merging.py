"""Rows of several stores, put into one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from ...result_columns import COLUMNS, Type
from . import schema
from .database import StoreError, connect, describe, locate, plain_errors
from .rows import JobRow
from .store import Store

_CHUNK = 500


@dataclass(frozen=True)
class Merged:
    """What became of the rows that were merged.

    Attributes
    ----------
    n_added : int
        Rows that are new in the store, or have succeeded where it had a failure.
    n_known : int
        Rows of jobs that had succeeded there, which stay as they are.
    n_failed : int
        Of those that were added, rows of jobs that failed.
    """

    n_added: int
    n_known: int
    n_failed: int


def merge_stores(store: str | Path, *sources: str | Path) -> Merged:
    """Put the rows of stores into another.

    Parameters
    ----------
    store : path or URL
        Made if it is not there.
    *sources : path or URL
        They are read, and stay as they are.

    Returns
    -------
    Merged

    Raises
    ------
    FileNotFoundError
        There is no such store.
    StoreError
        One is damaged, of another format, none, or the one that is written to.

    Examples
    --------
    >>> import tempfile
    >>> from nems_dsl import sweep
    >>> from nems_dsl.datasets import simulate
    >>> cell = {"A1": simulate(n_times=600, n_channels=4, n_taps=3, snr=4.0)}
    >>> folder = tempfile.TemporaryDirectory()
    >>> one, two = f"{folder.name}/one.db", f"{folder.name}/two.db"
    >>> _ = sweep("wc.4x1-lvl.1", cell, one, "serial")
    >>> _ = sweep(["wc.4x1-lvl.1", "wc.4x1-dexp.1"], cell, two, "serial")
    >>> merge_stores(one, two)
    Merged(n_added=1, n_known=1, n_failed=0)
    >>> folder.cleanup()
    """
    into = locate(store)
    for source in sources:
        place = locate(source)
        if isinstance(place, Path) and not place.is_file():
            raise FileNotFoundError(2, "there is no store here", str(place))
        if place == into or (
            isinstance(place, Path) and isinstance(into, Path) and place.resolve() == into.resolve()
        ):
            raise StoreError(f"{describe(place)} is the store to merge into: give the others alone")
    n_added = n_known = n_failed = 0
    with Store.open(store) as opened:
        for source in sources:
            with RowReader(source) as rows:
                opened.note_sources(rows.sources)
                for chunk in rows:
                    known = opened.succeeded([row.identity for row in chunk])
                    new = [row for row in chunk if row.identity not in known]
                    opened.add(new)
                    n_added, n_known = n_added + len(new), n_known + len(known)
                    n_failed += sum(row.status == "failed" for row in new)
    return Merged(n_added, n_known, n_failed)


def done_in(store: str | Path) -> set[str]:
    """Give the identities of the jobs that have succeeded; none where there is no store."""
    place = locate(store)
    if isinstance(place, Path) and not place.is_file():
        return set()
    with RowReader(store) as rows:
        return rows.succeeded()


class RowReader:
    """Read the rows of a store whole, some hundred at a time; a context manager.

    Attributes
    ----------
    sources : dict of str to str
        The files that data were read from, by digest.
    """

    def __init__(self, store: str | Path):
        self._location = locate(store)
        self.sources: dict[str, str] = {}

    def __enter__(self) -> RowReader:
        self._connection: Connection = connect(self._location, write=False).connect()
        try:
            with plain_errors(self._location):
                schema.check_format(self._connection, self._location)
                self.sources = schema.read_sources(self._connection)
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(self, *fault: object) -> None:
        self._connection.close()

    def succeeded(self) -> set[str]:
        """Give the identities of the jobs that have succeeded."""
        jobs = schema.jobs.c
        with plain_errors(self._location):
            return set(self._connection.scalars(select(jobs.identity).where(jobs.status == "ok")))

    def __iter__(self) -> Iterator[list[JobRow]]:
        jobs, attached = schema.jobs, schema.attachments
        joined: Any = jobs.outerjoin(attached, attached.c.job_key == jobs.c.key)
        for of, table in schema.SHARED.items():
            joined = joined.join(table, jobs.c[schema.key_of(of)] == table.c.key)
        expressions = [self._expression(column).label(column.name) for column in COLUMNS]
        statement = select(*expressions).select_from(joined).order_by(jobs.c.key)
        with plain_errors(self._location):
            found = self._connection.execute(statement)
            while chunk := found.fetchmany(_CHUNK):
                yield [_row(each) for each in chunk]

    def _expression(self, column: Any) -> Any:
        if column.of == "job":
            return schema.column_of_jobs(self._connection, column.name)
        table = schema.attachments if column.of == "attachment" else schema.SHARED[column.of]
        return table.c[column.name]


def _row(values: Any) -> JobRow:
    found = dict(values._mapping)
    for column in COLUMNS:
        read = _READ.get(column.type)
        if read is not None:
            found[column.name] = read(found[column.name])
    return JobRow(**found)


_READ: dict[Type, Callable[[Any], Any]] = {
    "texts": lambda text: tuple(json.loads(text)) if text else (),
    "values by name": lambda text: json.loads(text),
    "long text": lambda packed: None if packed is None else zlib.decompress(packed).decode(),
    "channel": lambda number: None if number == schema.ALL_CHANNELS else number,
}
