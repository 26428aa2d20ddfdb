"""The best models as a table, and a store in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, select

from ..store import schema
from .cells import Cells, read_names, read_neurons
from .ordering import natural
from .ranking import rank_models
from .selection import Selection, read_pairs, read_variables, unknown
from .table import list_variables, name_columns

if TYPE_CHECKING:
    import pandas as pd


def rank(
    connection: Connection,
    selection: Selection,
    cells: Cells,
    metric: str,
    by: str | None,
    n: int,
    incomplete: bool,
) -> pd.DataFrame:
    """Give the best models of all, or for each dataset, neuron or value of a variable.

    Raises
    ------
    ValueError
        There is no such variable.
    """
    import pandas as pd

    cells, groups, labels = _group(connection, selection, cells, by)
    ranked = rank_models(cells, groups, metric, n, incomplete)
    names = [cells.names[place] for place in ranked["model"].tolist()]
    sizes = cells.size_of
    table: dict[str, Any] = {column: values[ranked["group"]] for column, values in labels.items()}
    if cells.kind == "canonical":
        stored = schema.models.c
        ids = read_pairs(connection, stored.canonical, stored.model_id)
        table["model_id"] = [ids[name] for name in names]
    table[cells.kind] = names
    table["n_parameters"] = pd.array([sizes.get(name) for name in names], dtype="Int64")
    table[metric] = ranked["mean"]  # of n_parameters itself, the mean and not the largest
    table["se"] = ranked["se"]
    table["n_neurons"] = ranked["n_neurons"]
    found = pd.DataFrame(table)
    if "channel" in labels:
        found["channel"] = found["channel"].astype("Int64")
    return found


def _group(
    connection: Connection, selection: Selection, cells: Cells, by: str | None
) -> tuple[Cells, np.ndarray, dict[str, np.ndarray]]:
    """Give the group of each cell, and what the groups are called."""
    if by is None:
        return cells, np.zeros(len(cells.score), dtype=np.int64), {}
    if by in ("dataset", "neuron"):
        neurons = read_neurons(connection)
        keys, place = np.unique(cells.neuron, return_inverse=True)
        found = [neurons[key] for key in keys.tolist()]
        known = sorted(
            {(each.dataset, each.channel if by == "neuron" else None) for each in found},
            key=lambda name: (natural(name[0]), name[1] or 0),
        )
        number = {name: group for group, name in enumerate(known)}
        groups = [number[each.dataset, each.channel if by == "neuron" else None] for each in found]
        labels = {"dataset": _objects([dataset for dataset, _ in known])}
        if by == "neuron":
            labels["channel"] = _objects([channel for _, channel in known])
        return cells, np.array(groups, dtype=np.int64)[place], labels
    place, by_value = group_by_variable(connection, selection, cells, by)
    return cells, place[cells.model], {by: _objects(list(by_value))}


def group_by_variable(
    connection: Connection, selection: Selection, cells: Cells, variable: str
) -> tuple[np.ndarray, dict[Any, list[str]]]:
    """Give the place of each model's value, and the models by value, in order of the values.

    Raises
    ------
    ValueError
        There is no such variable.
    """
    variables = read_variables(connection)
    columns = {column: name for name, column in name_columns(list_variables(variables)).items()}
    if variable not in columns:
        raise ValueError(unknown("variable", variable, columns))
    models = read_names(connection, cells.kind)
    jobs = schema.jobs.c
    spelled = connection.execute(
        select(models.column, jobs.spelling_key).where(*selection.conditions).distinct()
    ).all()
    value_of: dict[int, Any] = {}
    for key, spelling in spelled:
        # a model that was written in two ways counts for the first of them
        value_of.setdefault(models.place_of[key], variables[spelling].get(columns[variable]))
    by_value: dict[Any, list[str]] = {}
    for value in sorted(set(value_of.values()), key=lambda value: (value is None, _order(value))):
        by_value[value] = [cells.names[place] for place, own in value_of.items() if own == value]
    number = {value: group for group, value in enumerate(by_value)}
    place = np.full(len(cells.names), -1, dtype=np.int64)
    place[list(value_of)] = [number[value] for value in value_of.values()]
    return place, by_value


def _order(value: Any) -> tuple[bool, float, list[tuple[int, int, str]]]:
    is_number = isinstance(value, int | float)
    return not is_number, float(value) if is_number else 0.0, natural(value)


def _objects(values: list[Any]) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def write_summary(connection: Connection, selection: Selection, where: str) -> str:
    """Write how many rows, failures, models and neurons there are."""
    jobs = schema.jobs.c
    columns = [jobs.status, jobs.model_key, jobs.neuron_key]
    status, model, neuron = selection.read(connection, columns)
    n_failed = int(np.count_nonzero(status == "failed"))
    known = read_neurons(connection)
    datasets = {known[int(key)].dataset for key in np.unique(neuron)}
    failed = f", {n_failed:,} of them failed" if n_failed else ""
    return (
        f"{where}: {_count(len(status), 'row')}{failed}\n"
        f"{_count(len(np.unique(model)), 'model')}, {_count(len(np.unique(neuron)), 'neuron')} "
        f"of {_count(len(datasets), 'dataset')}"
    )


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
