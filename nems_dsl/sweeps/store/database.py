"""Connections to a store: a SQLite file, or a database of a server by its URL."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from ...errors import NemsError

Location: TypeAlias = Path | URL
"""Where a store is: the path of a SQLite file, or the URL of any other database."""

BUSY_SECONDS = 30.0
_log = logging.getLogger(__name__)
_PRIMARY = 0xFF  # the lower byte of SQLite's extended result codes
_DISK_FULL = "53100"  # PostgreSQL's SQLSTATE


class StoreError(NemsError, ValueError):
    """A store that cannot be used: damaged, of a newer format, in use, or no store at all."""


def locate(store: str | Path | URL) -> Location:
    """Tell where a store is.

    Parameters
    ----------
    store : str, Path or URL
        The path of a SQLite file, or a database URL such as ``postgresql+psycopg://host/lab``.

    Returns
    -------
    Path or sqlalchemy.URL
        The absolute path of a SQLite file, otherwise the URL.

    Raises
    ------
    StoreError
        A URL that SQLAlchemy cannot read, or a SQLite database in memory.

    Examples
    --------
    >>> locate("sqlite:///results.db").name
    'results.db'
    >>> locate("postgresql+psycopg://me@host/lab").database
    'lab'
    """
    if isinstance(store, str) and "://" in store:
        try:
            store = make_url(store)
        except (ArgumentError, ValueError) as fault:
            raise StoreError(f"{store!r} is no URL of a database: {fault}") from None
    if isinstance(store, URL):
        if store.get_backend_name() != "sqlite":
            return store
        store = store.database or ":memory:"
    if str(store) == ":memory:":
        raise StoreError("a store in memory would be lost with the process: give a file")
    # symbolic links are followed, so that two names of one file mean one store
    return Path(os.path.realpath(store))


def describe(location: Location) -> str:
    """Name a store for people; a password in the URL is left out."""
    return location.render_as_string() if isinstance(location, URL) else str(location)


def connect(location: Location, *, write: bool) -> Engine:
    """Give an engine whose connections are opened when asked for, and then closed.

    Parameters
    ----------
    location : Path or URL
    write : bool
        A SQLite file is created if there is none, and transactions take the write lock at
        once. Otherwise nothing can be written.

    Returns
    -------
    sqlalchemy.Engine
    """
    if isinstance(location, URL):
        return _connect_server(location, write)
    engine = create_engine("sqlite://", creator=lambda: _open(location, write), poolclass=NullPool)
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"

    # the driver's own way of beginning transactions leaves reads and DDL outside of them
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _connect_server(url: URL, write: bool) -> Engine:
    try:
        engine = create_engine(url, poolclass=NullPool)
    except NoSuchModuleError as fault:
        raise StoreError(f"{describe(url)}: {fault}") from None
    except ModuleNotFoundError as fault:
        raise StoreError(
            f"{describe(url)} needs the package {fault.name}, which is not installed"
        ) from None
    return engine if write else engine.execution_options(postgresql_readonly=True)


def _open(path: Path, write: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{'mode=rwc' if write else _reading(path)}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_SECONDS,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        if not write:
            connection.execute("PRAGMA query_only = ON")
            return connection
        # a committed row outlives the machine's power, not only the process
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _reading(path: Path) -> str:
    """Give how to open a SQLite file that is only read."""
    if _may_write(path):
        # not mode=ro: after a crash it could not read what is in the write-ahead log
        return "mode=rw"
    log = log_of(path)
    # nobody can write, and nothing is left to be taken in: no lock is wanted, nor a file for it
    is_whole = not log.exists() or not log.stat().st_size
    return "mode=ro&immutable=1" if is_whole else "mode=ro"


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def log_of(path: Path) -> Path:
    """Give SQLite's write-ahead log of a file."""
    return path.with_name(f"{path.name}-wal")


def keep_log(connection: Connection, location: Location) -> None:
    """Write to a SQLite file by a write-ahead log, so that it can be read all the while."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        (journal,) = driver.execute("PRAGMA journal_mode = WAL").fetchone()
        if journal != "wal":
            _log.warning(
                "%s: no write-ahead log here; readers wait while rows are written", location
            )


def leave_log(connection: Connection) -> None:
    """Take what is in the write-ahead log into the SQLite file, and keep none from now on.

    A file that has none can be read where nothing can be written, and a reader of it leaves no
    files behind that would be in the way of its owner.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        return
    try:
        driver.execute("PRAGMA busy_timeout = 0")
        driver.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as fault:
        # somebody is reading, or the disk is full; every row is safe in the log
        _log.debug("the write-ahead log stays: %s", fault)


@contextmanager
def plain_errors(location: Location) -> Iterator[None]:
    """Turn what a database complains of into errors that say what to do.

    Raises
    ------
    OSError
        The disk is full, or cannot be written to or read.
    StoreError
        Anything else that the database refused.
    """
    try:
        yield
    except DBAPIError as fault:
        raise _translate(location, fault.orig) from fault
    except sqlite3.Error as fault:
        raise _translate(location, fault) from fault


def _translate(location: Location, fault: BaseException | None) -> Exception:
    where = describe(location)
    if not isinstance(location, Path):
        if getattr(fault, "sqlstate", None) == _DISK_FULL:
            return _full(where)
        return StoreError(f"{where}: {str(fault).strip()}")
    code = getattr(fault, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL:
        return _full(where)
    if code == sqlite3.SQLITE_IOERR:
        return OSError(errno.EIO, f"the store cannot be read or written ({fault})", where)
    is_refused = code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
    if is_refused and log_of(location).exists() and not _may_write(location):
        return StoreError(
            f"{where} cannot be read here ({fault}): its last rows are in {log_of(location).name}, "
            "beside it, and nothing can be written in this folder; copy both to another, and read "
            "them there"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return PermissionError(errno.EACCES, f"the store cannot be opened ({fault})", where)
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{where} is no store of a sweep: it is not a SQLite file")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(
            f"{where} is damaged ({fault}); `sqlite3 FILE .recover` may save rows from it"
        )
    if code == sqlite3.SQLITE_BUSY:
        return StoreError(
            f"{where} has been locked by another program for {BUSY_SECONDS:.0f} s: end it, or "
            "its transaction"
        )
    return StoreError(f"{where}: {fault}")


def _full(where: str) -> OSError:
    return OSError(
        errno.ENOSPC,
        "the disk is full; what was stored before is safe: make room, and run the same again",
        where,
    )
