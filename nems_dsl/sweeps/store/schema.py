"""Tables of a store.

A row of `jobs` is narrow, so that a million of them are read through in a second: whatever many
rows share stands once in a table of its own, and what is long (the model, the traceback) stands
apart. The tables are the same in every database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

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
