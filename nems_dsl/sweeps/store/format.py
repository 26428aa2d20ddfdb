"""Which format a store has, and whether it is whole."""

from __future__ import annotations

import errno
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from ..._version import __version__
from . import schema
from .database import Location, StoreError, describe
from .rows import FORMAT_VERSION, utc_now


def prepare_format(connection: Connection, location: Location, create: bool) -> None:
    """Make the tables where there are none; check their version where there are.

    Raises
    ------
    FileNotFoundError
        There are none, and none are to be made.
    StoreError
        The store has another format, or the file holds something else.
    """
    if inspect(connection).has_table(schema.facts.name):
        check_format(connection, location)
        return
    if isinstance(location, Path) and inspect(connection).get_table_names():
        raise StoreError(
            f"{describe(location)} is a SQLite file of something else: choose another file"
        )
    if not create:
        raise FileNotFoundError(errno.ENOENT, "there is no store here", describe(location))
    schema.metadata.create_all(connection)
    facts = {"format_version": FORMAT_VERSION, "nems_dsl": __version__, "created": utc_now()}
    connection.execute(
        insert(schema.facts), [{"name": name, "value": str(v)} for name, v in facts.items()]
    )


def check_format(connection: Connection, location: Location) -> None:
    """Check that the tables are those of this version.

    Raises
    ------
    StoreError
        There are none, or they are of another version.
    """
    where = describe(location)
    if not inspect(connection).has_table(schema.facts.name):
        raise StoreError(f"{where} is no store of a sweep: it has no table {schema.facts.name}")
    facts = {name: value for name, value in connection.execute(select(schema.facts))}
    found = facts.get("format_version", "")
    if not found.isdecimal():
        raise StoreError(f"{where} is damaged: its format version is {found!r}")
    if int(found) > FORMAT_VERSION:
        raise StoreError(
            f"{where} has format version {found}; this nems_dsl ({__version__}) reads up to "
            f"{FORMAT_VERSION}: upgrade it"
        )
    if int(found) < FORMAT_VERSION:
        raise StoreError(
            f"{where} has format version {found}, of nems_dsl {facts.get('nems_dsl')}; this one "
            f"({__version__}) reads {FORMAT_VERSION}: read it with that version, or sweep anew"
        )


def check_integrity(connection: Connection, location: Location) -> None:
    """Check a SQLite file after a crash: its pages, not the values in them.

    Raises
    ------
    StoreError
        It is damaged; says where.
    """
    faults = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
    if faults != ["ok"]:
        raise StoreError(
            f"{describe(location)} is damaged ({'; '.join(faults)}); `sqlite3 FILE .recover` may "
            "save rows from it"
        )
