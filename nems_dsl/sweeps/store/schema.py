"""Tables of a store, their format, and whether a file holds them whole.

A row of `jobs` is narrow, so that a million of them are read through in a second: whatever many
rows share stands once in a table of its own, and what is long (the model, the traceback) stands
apart. The tables are the same in every database.
"""

from __future__ import annotations

import errno
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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
    insert,
    inspect,
    select,
)

from ..._version import __version__
from .database import Location, StoreError, describe
from .rows import FORMAT_VERSION, utc_now

DIGEST = 32
ALL_CHANNELS = -1
"""Stands for no single channel; in SQL no two NULLs are equal."""

metadata = MetaData()


def _shared(name: str, *columns: Column[object]) -> Table:
    # found again by a digest of the contents, for they may be longer than an index can hold
    return Table(
        f"nems_dsl_{name}",
        metadata,
        Column("key", Integer, primary_key=True),
        Column("digest", String(DIGEST), nullable=False, unique=True),
        *columns,
    )


def _key(name: str, table: Table) -> Column[int]:
    return Column(name, Integer, ForeignKey(table.c.key), nullable=False)


facts = Table(
    "nems_dsl_store",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

models = _shared(
    "models", Column("canonical", Text, nullable=False), Column("model_id", Text, nullable=False)
)

spellings = _shared(
    "spellings", Column("string", Text, nullable=False), Column("variables", Text, nullable=False)
)

neurons = _shared(
    "neurons",
    Column("dataset", Text, nullable=False),
    Column("data_digest", Text, nullable=False),
    Column("channel", Integer, nullable=False),
)

recipes = _shared("recipes", Column("recipe", Text, nullable=False))

environments = _shared("environments", Column("versions", Text, nullable=False))

jobs = Table(
    "nems_dsl_jobs",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("identity", String(DIGEST), nullable=False, unique=True),
    _key("neuron_key", neurons),
    _key("model_key", models),
    _key("spelling_key", spellings),
    _key("recipe_key", recipes),
    _key("environment_key", environments),
    Column("fold", Integer, nullable=False),
    Column("status", String(8), nullable=False),
    Column("n_parameters", Integer),
    Column("r_fit", Double),
    Column("se_fit", Double),
    Column("r_test", Double),
    Column("se_test", Double),
    Column("loss", Double),
    Column("loss_name", Text),
    Column("iterations", Integer),
    Column("evaluations", Integer),
    Column("seconds", Double, nullable=False),
    Column("converged", Boolean),
    Column("optimizer", Text),
    Column("seed", BigInteger),
    Column("finished", Text, nullable=False),
    Column("warnings", Text),
    Column("error", Text),
    Index("nems_dsl_jobs_of_a_model", "model_key", "neuron_key"),
)

attachments = Table(
    "nems_dsl_attachments",
    metadata,
    Column("job_key", Integer, ForeignKey(jobs.c.key), primary_key=True),
    Column("model", LargeBinary),
    Column("traceback", LargeBinary),
)


# ---- the format ------------------------------------------------------------------------------


def prepare_format(connection: Connection, location: Location, create: bool) -> None:
    """Make the tables where there are none; check their version where there are.

    Raises
    ------
    FileNotFoundError
        There are none, and none are to be made.
    StoreError
        The store has another format, or the file holds something else.
    """
    if inspect(connection).has_table(facts.name):
        check_format(connection, location)
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
