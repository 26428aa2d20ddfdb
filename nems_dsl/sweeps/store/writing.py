"""Rows of jobs, taken apart and written into the tables of a store."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from . import schema
from .rows import JobRow

UPSERTS: dict[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""Databases that a store can be in, and what inserts into them or replaces."""

_TEXTS = ("loss_name", "optimizer", "finished", "error")
_INTEGERS = ("fold", "n_parameters", "iterations", "evaluations", "seed")
_REALS = ("r_fit", "se_fit", "r_test", "se_test", "loss", "seconds")


def write_rows(connection: Connection, rows: Mapping[str, JobRow]) -> None:
    """Store rows by their identity, within a transaction; a failure never replaces a success."""
    rows = _without_setbacks(connection, rows)
    if not rows:
        return
    keys = {
        "model_key": (schema.models, {i: _model(row) for i, row in rows.items()}),
        "spelling_key": (schema.spellings, {i: _spelling(row) for i, row in rows.items()}),
        "neuron_key": (schema.neurons, {i: _neuron(row) for i, row in rows.items()}),
        "recipe_key": (schema.recipes, {i: {"recipe": row.recipe} for i, row in rows.items()}),
        "environment_key": (
            schema.environments,
            {i: {"versions": _to_json(row.versions)} for i, row in rows.items()},
        ),
    }
    values = {identity: _scores(row) for identity, row in rows.items()}
    for column, (table, contents) in keys.items():
        for identity, key in _share(connection, table, contents).items():
            values[identity][column] = key
    _upsert(connection, schema.jobs, schema.jobs.c.identity, list(values.values()))
    jobs = schema.jobs.c
    stored = connection.execute(
        select(jobs.identity, jobs.key).where(jobs.identity.in_(list(rows)))
    ).all()
    attached = schema.attachments
    connection.execute(delete(attached).where(attached.c.job_key.in_([key for _, key in stored])))
    long = [_attachment(key, rows[identity]) for identity, key in stored]
    if long := [row for row in long if row["model"] or row["traceback"]]:
        connection.execute(insert(attached), long)


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
    statement = UPSERTS[connection.dialect.name](table)
    new = {name: statement.excluded[name] for name in rows[0] if name != unique.name}
    connection.execute(statement.on_conflict_do_update(index_elements=[unique], set_=new), rows)


def _model(row: JobRow) -> dict[str, Any]:
    return {"canonical": row.canonical, "model_id": row.model_id}


def _spelling(row: JobRow) -> dict[str, Any]:
    return {"string": row.string, "variables": _to_json(row.variables)}


def _neuron(row: JobRow) -> dict[str, Any]:
    channel = schema.ALL_CHANNELS if row.channel is None else int(row.channel)
    return {"dataset": row.dataset, "data_digest": row.data_digest, "channel": channel}


def _scores(row: JobRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ("identity", "status", *_TEXTS)}
    values |= {name: _integer(getattr(row, name)) for name in _INTEGERS}
    values |= {name: _real(getattr(row, name)) for name in _REALS}
    values["converged"] = None if row.converged is None else bool(row.converged)
    values["warnings"] = json.dumps(list(row.warnings)) if row.warnings else None
    return values


def _attachment(key: int, row: JobRow) -> dict[str, Any]:
    return {"job_key": key, "model": _pack(row.model), "traceback": _pack(row.traceback)}


def _integer(value: int | None) -> int | None:
    return None if value is None else int(value)


def _real(value: float | None) -> float | None:
    # databases differ in what they make of NaN; none is in doubt about NULL
    return None if value is None or math.isnan(value) else float(value)


def _pack(text: str | None) -> bytes | None:
    return None if text is None else zlib.compress(text.encode())


def _to_json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), default=lambda scalar: scalar.item())


def _digest(items: tuple[tuple[str, Any], ...]) -> str:
    text = json.dumps([value for _, value in items])
    return hashlib.sha256(text.encode()).hexdigest()[: schema.DIGEST]
