"""The store of a sweep: rows of finished jobs, in one SQLite file or in a database of a server."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, func, select

from . import schema
from .database import Location, StoreError, connect, describe, locate, plain_errors
from .format import check_integrity, prepare_format
from .locks import FileLock, take_server_lock
from .rows import JobRow
from .writing import UPSERTS, write_rows

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
            was_killed = location.with_name(f"{location.name}-wal").exists()
            return cls._open(location, create, lock, was_killed)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _open(
        cls, location: Location, create: bool, lock: FileLock | None, was_killed: bool
    ) -> Store:
        engine = connect(location, write=True)
        if engine.dialect.name not in UPSERTS:
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
                        check_integrity(connection, location)
                    prepare_format(connection, location, create)
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
                write_rows(connection, {row.identity: row for row in chunk})

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
