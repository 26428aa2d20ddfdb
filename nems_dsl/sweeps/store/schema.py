"""Tables of a store, their format, and whether a file holds them whole.

A row of `jobs` is narrow, so that a million of them are read through in a second: whatever many
rows share stands once in a table of its own, and what is long (the model, the traceback) stands
apart. The tables are the same in every database.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    delete,
    insert,
    inspect,
    null,
    select,
)
from sqlalchemy.schema import CreateColumn

from ..._version import __version__
from ...result_columns import COLUMNS, Thing, Type, utc_now
from .database import Location, StoreError, describe
from .rows import FORMAT_VERSION

DIGEST = 32
_SOURCE = "source "
ALL_CHANNELS = -1
"""Stands for no single channel; in SQL no two NULLs are equal."""

metadata = MetaData()

_TYPES: dict[Type, Callable[[], Any]] = {
    "text": Text,
    "word": lambda: String(DIGEST),
    "integer": Integer,
    "large integer": BigInteger,
    "number": Double,
    "yes or no": Boolean,
    "texts": Text,
    "values by name": Text,
    "long text": LargeBinary,
    "channel": Integer,
}


def _columns(of: Thing) -> list[Column[Any]]:
    is_shared = of not in ("job", "attachment")
    return [
        Column(
            column.name,
            _TYPES[column.type](),
            nullable=column.is_optional and not is_shared,
            unique=column.name == "identity" or None,
        )
        for column in COLUMNS
        if column.of == of
    ]


def _shared(of: Thing) -> Table:
    # found again by a digest of the contents, for they may be longer than an index can hold
    return Table(
        f"nems_dsl_{of}s",
        metadata,
        Column("key", Integer, primary_key=True),
        Column("digest", String(DIGEST), nullable=False, unique=True),
        *_columns(of),
    )


facts = Table(
    "nems_dsl_store",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

models, spellings = _shared("model"), _shared("spelling")
neurons, recipes, environments = _shared("neuron"), _shared("recipe"), _shared("environment")
SHARED: dict[Thing, Table] = {
    "neuron": neurons,
    "model": models,
    "spelling": spellings,
    "recipe": recipes,
    "environment": environments,
}
"""What many rows share; a row has its key in the column that `key_of` names."""


def key_of(of: Thing) -> str:
    """Return the column of jobs that holds the key of what they share."""
    return f"{of}_key"


jobs = Table(
    "nems_dsl_jobs",
    metadata,
    Column("key", Integer, primary_key=True),
    *(
        Column(key_of(of), Integer, ForeignKey(table.c.key), nullable=False)
        for of, table in SHARED.items()
    ),
    *_columns("job"),
    Index("nems_dsl_jobs_of_a_model", "model_key", "neuron_key"),
)

attachments = Table(
    "nems_dsl_attachments",
    metadata,
    Column("job_key", Integer, ForeignKey(jobs.c.key), primary_key=True),
    *_columns("attachment"),
)


def note_source(connection: Connection, digest: str, file: str) -> None:
    """Note the file that data were read from; the last one that was."""
    name = f"{_SOURCE}{digest}"[:64]
    connection.execute(delete(facts).where(facts.c.name == name))
    connection.execute(insert(facts).values(name=name, value=_in_utf8(file)))


def _in_utf8(text: str) -> str:
    # names of files may be in another encoding
    return text.encode(errors="backslashreplace").decode()


def read_sources(connection: Connection) -> dict[str, str]:
    """Give the files that data were read from, by the beginning of their digests."""
    rows = connection.execute(select(facts).where(facts.c.name.startswith(_SOURCE)))
    return {name.removeprefix(_SOURCE): file for name, file in rows}


def column_of_jobs(connection: Connection, name: str) -> ColumnElement[Any]:
    """Return a column of jobs; NULL where the store is older than the column."""
    column = jobs.c[name]
    return column if name in stored_columns(connection, jobs) else cast(null(), column.type)


def stored_columns(connection: Connection, table: Table) -> set[str]:
    """Give the names of the columns that a table of the store has."""
    return {column["name"] for column in inspect(connection).get_columns(table.name)}


# ---- the format ------------------------------------------------------------------------------


def prepare_format(connection: Connection, location: Location, create: bool) -> None:
    """Make the tables where there are none; where there are, check their version and complete them.

    Raises
    ------
    FileNotFoundError
        There are none, and none are to be made.
    StoreError
        The store has another format, or the file holds something else.
    """
    if inspect(connection).has_table(facts.name):
        check_format(connection, location)
        _add_new_columns(connection)
        return
    if isinstance(location, Path) and inspect(connection).get_table_names():
        raise StoreError(
            f"{describe(location)} is a SQLite file of something else: choose another file"
        )
    if not create:
        raise FileNotFoundError(errno.ENOENT, "there is no store here", describe(location))
    metadata.create_all(connection)
    told = {"format_version": FORMAT_VERSION, "nems_dsl": __version__, "created": utc_now()}
    connection.execute(insert(facts), [{"name": name, "value": str(v)} for name, v in told.items()])


def _add_new_columns(connection: Connection) -> None:
    """Give a store the columns that it is older than."""
    for table in (jobs, attachments):
        known = stored_columns(connection, table)
        for column in table.columns:
            if column.name not in known:
                told = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {told}")


def check_format(connection: Connection, location: Location) -> None:
    """Check that the tables are those of this version.

    Raises
    ------
    StoreError
        There are none, or they are of another version.
    """
    where = describe(location)
    if not inspect(connection).has_table(facts.name):
        raise StoreError(f"{where} is no store of a sweep: it has no table {facts.name}")
    told = {name: value for name, value in connection.execute(select(facts))}
    found = told.get("format_version", "")
    if not found.isdecimal():
        raise StoreError(f"{where} is damaged: its format version is {found!r}")
    if int(found) > FORMAT_VERSION:
        raise StoreError(
            f"{where} has format version {found}; this nems_dsl ({__version__}) reads up to "
            f"{FORMAT_VERSION}: upgrade it"
        )
    if int(found) < FORMAT_VERSION:
        raise StoreError(
            f"{where} has format version {found}, of nems_dsl {told.get('nems_dsl')}; this one "
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
