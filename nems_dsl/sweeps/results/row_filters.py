"""Rows by the values that they have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, func, select

from ...result_columns import COLUMNS, Thing
from ...spaces.condition import read_condition
from ..store import schema
from .job_table import list_variables, name_columns, read_table, usual_columns
from .row_selection import Selection, find_keys, is_among, read_variables, unknown

_SHARED: dict[str, Thing] = {
    column.name: column.of
    for column in COLUMNS
    if column.of in schema.SHARED and column.type == "text"
}
_OWN = ("fold", "status", "channel")


def conditions_for(connection: Connection, values: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Give the conditions that rows have some values, by name.

    Raises
    ------
    ValueError
        There is no such name or value.
    """
    variables = read_variables(connection)
    return [
        _condition(connection, variables, name, given if _is_list(given) else [given])
        for name, given in values.items()
    ]


def _condition(
    connection: Connection, variables: dict[int, Any], name: str, wanted: list[Any]
) -> ColumnElement[bool]:
    jobs = schema.jobs.c
    if name in _SHARED:
        of = _SHARED[name]
        keys = find_keys(connection, schema.SHARED[of], name, wanted)
        return is_among(jobs[schema.key_of(of)], keys)
    if name == "channel":
        numbers = [schema.ALL_CHANNELS if channel is None else channel for channel in wanted]
        return is_among(jobs.neuron_key, find_keys(connection, schema.neurons, "channel", numbers))
    if name == "status":
        for status in wanted:
            if status not in ("ok", "failed"):
                raise ValueError(unknown("status", status, ["ok", "failed"]))
        return jobs.status.in_(wanted)
    if name == "fold":
        return is_among(jobs.fold, wanted)
    columns = {column: own for own, column in name_columns(list_variables(variables)).items()}
    if name not in columns:
        raise ValueError(unknown("name", name, [*_SHARED, *_OWN, *columns]))
    own = columns[name]
    known = {each.get(own) for each in variables.values()}
    for value in wanted:
        if value not in known:
            raise ValueError(unknown(f"value of {name}", value, known))
    keys = [key for key, each in variables.items() if own in each and each[own] in wanted]
    return is_among(jobs.spelling_key, keys)


def condition_keys(
    connection: Connection,
    selection: Selection,
    condition: str | Callable[[dict[str, Any]], bool],
) -> np.ndarray:
    """Give the keys of the rows that meet a condition."""
    variables = list_variables(read_variables(connection))
    columns = usual_columns(variables)
    holds: Callable[[Any], bool] = condition  # type: ignore[assignment]
    if isinstance(condition, str):
        holds = read_condition(condition, columns)
        columns = [name for name in columns if name in holds.names]
    (keys,) = selection.read(connection, [schema.jobs.c.key])
    table = read_table(connection, selection, columns)
    if not columns:
        return keys if holds({}) else keys[:0]
    return keys[_evaluate(holds, table)]


def _evaluate(holds: Callable[[Any], bool], table: Any) -> np.ndarray:
    plain = table.astype(object).where(table.notna(), None)
    # a condition on a few variables is the same for a great many rows
    groups = plain.groupby(list(plain.columns), sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(groups, return_index=True)
    facts = plain.iloc[first].to_dict("records")
    met = np.array([bool(holds(fact)) for fact in facts], dtype=bool)
    return met[groups] if len(met) else np.zeros(len(table), dtype=bool)


def latest_conditions(connection: Connection, selection: Selection) -> list[ColumnElement[bool]]:
    """Give the conditions for the last recipe, and for the last version of each dataset."""
    jobs, neurons = schema.jobs.c, schema.neurons.c
    recipe = connection.scalar(
        select(jobs.recipe_key).where(*selection.conditions).order_by(jobs.finished.desc()).limit(1)
    )
    if recipe is None:
        return []
    by_recipe = jobs.recipe_key == recipe
    last = connection.execute(
        select(neurons.dataset, neurons.data_digest, func.max(jobs.finished))
        .join_from(schema.jobs, schema.neurons)
        .where(*selection.conditions, by_recipe)
        .group_by(neurons.dataset, neurons.data_digest)
    ).all()
    newest: dict[str, tuple[str, str]] = {}
    for dataset, digest, finished in last:
        newest[dataset] = max(newest.get(dataset, ("", "")), (finished, digest))
    kept = {(dataset, digest) for dataset, (_, digest) in newest.items()}
    keys = [
        key
        for key, dataset, digest in connection.execute(
            select(neurons.key, neurons.dataset, neurons.data_digest)
        )
        if (dataset, digest) in kept
    ]
    return [by_recipe, is_among(jobs.neuron_key, keys)]


def sweep_conditions(
    connection: Connection, digests: Collection[str], recipes: Collection[str]
) -> list[ColumnElement[bool]]:
    """Give the conditions for some data and recipes, by digests and texts; none need be there."""
    neurons, known = schema.neurons.c, schema.recipes.c
    of_data = connection.execute(select(neurons.key, neurons.data_digest))
    of_recipes = connection.execute(select(known.key, known.recipe))
    return [
        is_among(schema.jobs.c.neuron_key, [key for key, digest in of_data if digest in digests]),
        is_among(schema.jobs.c.recipe_key, [key for key, text in of_recipes if text in recipes]),
    ]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset | np.ndarray)
