"""The store of a sweep: rows of finished jobs, in one SQLite file or in a database of a server."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Column, Connection, Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from ...result_columns import COLUMNS, Thing, Type
from . import schema
from .database import (
    Location,
    StoreError,
    connect,
    describe,
    keep_log,
    leave_log,
    locate,
    log_of,
    plain_errors,
)
from .locks import FileLock, take_server_lock
from .rows import JobRow

_UPSERTS: dict[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""Databases that a store can be in, and what inserts into them or replaces."""

_CHUNK = 500  # rows to a statement: databases take some ten thousand values at most


class Store:
    """Rows of finished jobs, for the one process that writes them.

    What `add` has returned from is kept, whatever comes after: the end of the process, a full
    disk, a power cut. Others read at the same time (`open_results`); a second writer is refused.

    Attributes
    ----------
    location : Path or sqlalchemy.URL

    See Also
    --------
    nems_dsl.sweeps.open_results : for reading.

    Examples
    --------
    >>> import tempfile
    >>> from nems_dsl.sweeps import JobRow
    >>> canonical = "wc.18x1-lvl.1"
    >>> row = JobRow(
    ...     identity="58a0", string=canonical,
    ...     canonical=canonical, model_id="0123456789ab", dataset="A1", data_digest="6c1f",
    ...     recipe="{}", channel=0, r_test=0.5,
    ... )
    >>> folder = tempfile.TemporaryDirectory()
    >>> with Store.open(f"{folder.name}/results.db") as store:
    ...     store.add([row])
    ...     store.succeeded([row.identity]) == {row.identity}
    True
    >>> folder.cleanup()
    """

    def __init__(self, location: Location, connection: Connection, lock: FileLock | None):
        self.location = location
        self._connection = connection
        self._lock = lock
        self._process = os.getpid()
        # a sweep may hand rows over from several threads
        self._turn = threading.Lock()

    @classmethod
    def open(cls, store: str | Path | URL, *, create: bool = True) -> Store:
        """Open a store for writing.

        Parameters
        ----------
        store : str, Path or sqlalchemy.URL
            The path of a SQLite file, or a database URL such as ``postgresql+psycopg://host/lab``
            (with the driver's package installed).
        create : bool
            Make a new store where there is none.

        Returns
        -------
        Store
            To be closed; a context manager.

        Raises
        ------
        FileNotFoundError
            There is no such store, or no such folder.
        StoreError
            It is in use, damaged, of a newer format, or no store.
        OSError
            The disk is full, or cannot be written to.
        """
        location = locate(store)
        if not isinstance(location, Path):
            return cls._open(location, create, None, False)
        _check_path(location, create)
        lock = FileLock(location)
        try:
            # a log that nobody writes was left behind by a process that was killed
            was_killed = log_of(location).exists()
            return cls._open(location, create, lock, was_killed)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _open(
        cls, location: Location, create: bool, lock: FileLock | None, was_killed: bool
    ) -> Store:
        engine = connect(location, write=True)
        if engine.dialect.name not in _UPSERTS:
            raise StoreError(
                f"{describe(location)}: a store is a SQLite file or a PostgreSQL database, "
                f"not {engine.dialect.name}"
            )
        with plain_errors(location):
            connection = engine.connect()
            try:
                if lock is None:
                    take_server_lock(connection)
                with connection.begin():
                    if was_killed:
                        schema.check_integrity(connection, location)
                    schema.prepare_format(connection, location, create)
                # not before: a file that is refused stays as it was, to the byte
                keep_log(connection, location)
            except BaseException:
                connection.close()
                raise
        return cls(location, connection, lock)

    def succeeded(self, identities: Iterable[str]) -> set[str]:
        """Tell which jobs are stored and have succeeded.

        Parameters
        ----------
        identities : iterable of str

        Returns
        -------
        set of str
        """
        found: set[str] = set()
        with self._transaction() as connection:
            for chunk in _chunks(identities):
                known = schema.jobs.c.identity
                found.update(
                    connection.scalars(
                        select(known).where(known.in_(chunk), schema.jobs.c.status == "ok")
                    )
                )
        return found

    def add(self, rows: Sequence[JobRow]) -> None:
        """Store rows, all of them or none.

        Parameters
        ----------
        rows : sequence of JobRow
            One of an identity that is stored replaces it; but a failure never replaces a
            success.

        Raises
        ------
        OSError
            The disk is full, or cannot be written to. What was stored before is safe, and the
            store can be used again when there is room.
        """
        with self._transaction() as connection:
            for chunk in _chunks(rows):
                _write_rows(connection, {row.identity: row for row in chunk})

    def note_sources(self, sources: Mapping[str, str]) -> None:
        """Note where data were read from, to find them again.

        Parameters
        ----------
        sources : mapping of str to str
            Files by the digest of the data.
        """
        with self._transaction() as connection:
            for digest, file in sources.items():
                schema.note_source(connection, digest, file)

    @property
    def n_rows(self) -> int:
        """Number of rows, those of failed jobs included."""
        with self._transaction() as connection:
            return connection.scalar(select(func.count()).select_from(schema.jobs)) or 0

    def close(self) -> None:
        """End writing, and let others write; without effect the second time."""
        # a process that was forked off must not touch the connection, nor the lock
        if os.getpid() != self._process:
            return
        with self._turn:
            if not self._connection.closed:
                leave_log(self._connection)
            self._connection.close()
            if self._lock is not None:
                self._lock.release()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if os.getpid() != self._process:
            raise StoreError(
                f"{describe(self.location)} is written by process {self._process}, which opened "
                "it, and not by those that it starts"
            )
        with self._turn, plain_errors(self.location):
            if self._connection.closed:
                raise StoreError(f"{describe(self.location)} has been closed")
            with self._connection.begin():
                yield self._connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({describe(self.location)!r})"


def _check_path(path: Path, create: bool) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a store is a file, not a folder", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    if not create and not path.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no store here", str(path))


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


# ---- writing ---------------------------------------------------------------------------------


def _write_rows(connection: Connection, rows: Mapping[str, JobRow]) -> None:
    """Store rows by their identity, within a transaction; a failure never replaces a success."""
    rows = _without_setbacks(connection, rows)
    if not rows:
        return
    values = {identity: _values("job", row) for identity, row in rows.items()}
    for of, table in schema.SHARED.items():
        contents = {identity: _values(of, row) for identity, row in rows.items()}
        for identity, key in _share(connection, table, contents).items():
            values[identity][schema.key_of(of)] = key
    _upsert(connection, schema.jobs, schema.jobs.c.identity, list(values.values()))
    jobs = schema.jobs.c
    stored = connection.execute(
        select(jobs.identity, jobs.key).where(jobs.identity.in_(list(rows)))
    ).all()
    attached = schema.attachments
    connection.execute(delete(attached).where(attached.c.job_key.in_([key for _, key in stored])))
    long = [(key, _values("attachment", rows[identity])) for identity, key in stored]
    if kept := [{"job_key": key, **texts} for key, texts in long if any(texts.values())]:
        connection.execute(insert(attached), kept)


def _without_setbacks(connection: Connection, rows: Mapping[str, JobRow]) -> dict[str, JobRow]:
    failed = [identity for identity, row in rows.items() if row.status == "failed"]
    if not failed:
        return dict(rows)
    jobs = schema.jobs.c
    keep = set(
        connection.scalars(
            select(jobs.identity).where(jobs.identity.in_(failed), jobs.status == "ok")
        )
    )
    return {identity: row for identity, row in rows.items() if identity not in keep}


def _share(
    connection: Connection, table: Table, contents: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    """Store what many rows share, once; give its key for each identity."""
    # most rows of a sweep share them, so that each is made and looked up once
    distinct = {identity: tuple(values.items()) for identity, values in contents.items()}
    digest_of = {items: _digest(items) for items in dict.fromkeys(distinct.values())}
    by_digest = {digest: dict(items) for items, digest in digest_of.items()}
    statement = select(table.c.digest, table.c.key).where(table.c.digest.in_(list(by_digest)))
    known = {digest: key for digest, key in connection.execute(statement)}
    if new := [digest for digest in by_digest if digest not in known]:
        connection.execute(insert(table), [{"digest": d, **by_digest[d]} for d in new])
        known = {digest: key for digest, key in connection.execute(statement)}
    return {identity: known[digest_of[items]] for identity, items in distinct.items()}


def _upsert(
    connection: Connection, table: Table, unique: Column[str], rows: list[dict[str, Any]]
) -> None:
    statement = _UPSERTS[connection.dialect.name](table)
    new = {name: statement.excluded[name] for name in rows[0] if name != unique.name}
    connection.execute(statement.on_conflict_do_update(index_elements=[unique], set_=new), rows)


def _values(of: Thing, row: JobRow) -> dict[str, Any]:
    """Return what a row tells of something, as it is stored."""
    return {
        name: getattr(row, name) if write is None else write(getattr(row, name))
        for name, write in _WRITERS[of]
    }


def _text(value: str | None) -> str | None:
    # a message may quote the name of a file that is in another encoding
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _integer(value: int | None) -> int | None:
    return None if value is None else int(value)


def _real(value: float | None) -> float | None:
    # databases differ in what they make of NaN; none is in doubt about NULL
    return None if value is None or math.isnan(value) else float(value)


def _flag(value: bool | None) -> bool | None:
    return None if value is None else bool(value)


def _list(texts: Sequence[str]) -> str | None:
    return json.dumps(list(texts)) if texts else None


def _pack(text: str | None) -> bytes | None:
    return None if text is None else zlib.compress(text.encode(errors="backslashreplace"))


def _to_json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), default=lambda scalar: scalar.item())


def _number_of(channel: int | None) -> int:
    return schema.ALL_CHANNELS if channel is None else int(channel)


_WRITE: dict[Type, Callable[[Any], Any] | None] = {
    "text": _text,
    "word": None,  # as it is
    "integer": _integer,
    "large integer": _integer,
    "number": _real,
    "yes or no": _flag,
    "texts": _list,
    "values by name": _to_json,
    "long text": _pack,
    "channel": _number_of,
}
# looked up once, for a sweep writes a million rows
_WRITERS: dict[Thing, list[tuple[str, Callable[[Any], Any] | None]]] = {
    of: [(column.name, _WRITE[column.type]) for column in COLUMNS if column.of == of]
    for of in (*schema.SHARED, "job", "attachment")
}


def _digest(items: tuple[tuple[str, Any], ...]) -> str:
    text = json.dumps([value for _, value in items])
    return hashlib.sha256(text.encode()).hexdigest()[: schema.DIGEST]
