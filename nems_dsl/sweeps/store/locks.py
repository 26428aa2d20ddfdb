"""One writer at a time: a lock that ends with the process that holds it."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from ...result_columns import utc_now
from .database import StoreError, describe

_PURPOSE = 0x6E656D73  # "nems", to tell our advisory locks from those of others
_TRY = "SELECT pg_try_advisory_lock(:purpose, hashtext(current_schema()))"
_HOLDER = """
SELECT a.pid, coalesce(host(a.client_addr), 'the server itself'), a.backend_start
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.granted AND l.locktype = 'advisory' AND l.classid::bigint = :purpose
"""
_BEYOND = 1 << 20
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # others may put links into the temporary folder
_log = logging.getLogger(__name__)
_held: dict[Path, int] = {}
_guard = threading.Lock()


class FileLock:
    """The right to write to a SQLite file, kept as a lock on a file beside it.

    The system gives the lock up when the process ends, however it ends, so that none is ever
    left behind. Processes forked off do not hold it. A second one, in the folder for temporary
    files, is called after the file itself: on one machine it also keeps out who comes by another
    name of the file (a hard link), or after the first lock was deleted. The file is made if there
    is none.

    Parameters
    ----------
    store : Path

    Raises
    ------
    StoreError
        Another process holds it, or this one does; says which.
    """

    def __init__(self, store: Path):
        self._store = store
        self.path = store.with_name(f"{store.name}.lock")
        with _guard:
            # the system would grant this process the lock twice, and drop it at the first close
            if _held.get(self.path) == os.getpid():
                raise _in_use(store, "this process")
            self._file = self._take(self.path)
            _held[self.path] = os.getpid()
        self._other: tuple[Path, int] | None = None
        try:
            self._other = self._take_other()
        except BaseException:
            self.release()
            raise

    def _take_other(self) -> tuple[Path, int] | None:
        os.close(os.open(self._store, os.O_RDONLY | os.O_CREAT, 0o666))
        told = self._store.stat()
        name = f"nems_dsl_{told.st_dev:x}_{told.st_ino:x}.lock"
        path = Path(tempfile.gettempdir()) / name
        with _guard:
            if _held.get(path) == os.getpid():
                raise _in_use(self._store, "this process")
            try:
                file = self._take(path)
            except (PermissionError, FileNotFoundError) as fault:
                # of another user's, who was killed; the first lock holds without this one
                _log.debug("no second lock for %s: %s", self._store, fault)
                return None
            _held[path] = os.getpid()
        return path, file

    def _take(self, path: Path) -> int:
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o666)
            try:
                if not _try_lock(file):
                    raise _in_use(self._store, _read_holder(file))
                if _is_at(file, path):
                    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()}
                    os.ftruncate(file, 0)
                    os.lseek(file, 0, os.SEEK_SET)
                    os.write(file, json.dumps(holder).encode())
                    return file
            except BaseException:
                os.close(file)
                raise
            # whoever held it before removed the file between our opening and locking it
            os.close(file)

    def release(self) -> None:
        """Give the right up; without effect the second time, or in a process forked off."""
        with _guard:
            if _held.get(self.path) != os.getpid():
                return
            held = [(self.path, self._file), *([self._other] if self._other else [])]
            for path, file in held:
                del _held[path]
                if sys.platform != "win32":  # where an open file cannot be removed; no harm
                    path.unlink(missing_ok=True)
                os.close(file)


def take_server_lock(connection: Connection) -> None:
    """Take the right to write to a PostgreSQL schema: an advisory lock of the session.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        The writer's own; the lock ends with its session.

    Raises
    ------
    StoreError
        Another session holds it; says which.
    """
    with connection.begin():
        if connection.scalar(text(_TRY), {"purpose": _PURPOSE}):
            return
        holder = connection.execute(text(_HOLDER), {"purpose": _PURPOSE}).first()
    name = "another sweep"
    if holder is not None:
        name = f"session {holder[0]}, from {holder[1]}, since {holder[2]:%Y-%m-%d %H:%M:%S}"
    raise _in_use(describe(connection.engine.url), name)


def _in_use(store: object, holder: str) -> StoreError:
    return StoreError(
        f"{store} is being written by {holder}: wait for it, end it, or choose another store; "
        "its results can be read all the while"
    )


def _read_holder(file: int) -> str:
    try:
        holder: dict[str, Any] = json.loads(os.read(file, 4096))
        return f"process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        # between taking the lock and saying who took it
        return "another process"


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _try_lock(file: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            # a byte beyond the text, for nobody else can read what is locked
            os.lseek(file, _BEYOND, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            # not flock: a worker that was forked off would hold that one beyond our death
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
