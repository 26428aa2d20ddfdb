"""Tables of scores: the best models, neurons by models, and what a variable does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sqlalchemy import Connection, select

from ...result_columns import is_higher_better
from ..store import schema
from .cells import Cells
from .job_table import list_variables, name_columns
from .names import Neuron, natural, read_names, read_neurons
from .row_selection import Selection, read_pairs, read_variables, unknown

if TYPE_CHECKING:
    import pandas as pd

Rows = Literal["dataset", "neuron"]
Over = Literal["mean", "best"]


# ---- neurons by models -----------------------------------------------------------------------


def has_several_channels(neurons: Iterable[Neuron]) -> bool:
    """Tell whether any dataset comes with more than one channel."""
    datasets = [neuron.dataset for neuron in neurons]
    return len(set(datasets)) < len(datasets)


def pivot_cells(cells: Cells, neurons: dict[int, Neuron], rows: Rows | None) -> pd.DataFrame:
    """Give a table of neurons, or of datasets, by models."""
    import pandas as pd

    keys, row = np.unique(cells.neuron, return_inverse=True)
    found = [neurons[key] for key in keys.tolist()]
    places, column = np.unique(cells.model, return_inverse=True)
    names = [cells.names[place] for place in places.tolist()]
    order = sorted(range(len(names)), key=lambda place: natural(names[place]))
    matrix = np.full((len(keys), len(names)), np.nan)
    matrix[row, column] = cells.score
    columns = pd.Index([names[place] for place in order], name=cells.kind)
    matrix = matrix[:, order]
    if rows is None:
        rows = "neuron" if has_several_channels(found) else "dataset"
    sorted_rows = sorted(
        range(len(keys)), key=lambda n: (natural(found[n].dataset), found[n].channel or 0)
    )
    matrix, found = matrix[sorted_rows], [found[n] for n in sorted_rows]
    if rows == "neuron":
        channels = pd.array([neuron.channel for neuron in found], dtype="Int64")
        datasets = [neuron.dataset for neuron in found]
        index = pd.MultiIndex.from_arrays([datasets, channels], names=["dataset", "channel"])
        return pd.DataFrame(matrix, index=index, columns=columns)
    datasets = list(dict.fromkeys(neuron.dataset for neuron in found))
    place = {name: number for number, name in enumerate(datasets)}
    groups = np.array([place[neuron.dataset] for neuron in found], dtype=int)
    if len(datasets) < len(found):
        matrix = _mean_of_groups(matrix, groups, len(datasets))
    return pd.DataFrame(matrix, index=pd.Index(datasets, name="dataset"), columns=columns)


def _mean_of_groups(matrix: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    total = np.zeros((n_groups, matrix.shape[1]))
    np.add.at(total, groups, matrix)
    return total / np.bincount(groups, minlength=n_groups)[:, None]


# ---- the best models -------------------------------------------------------------------------


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
    table["n_models"] = ranked["n_models"]
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


def rank_models(
    cells: Cells, groups: np.ndarray, metric: str, n: int, incomplete: bool
) -> dict[str, np.ndarray]:
    """Give the best models of each group of cells.

    Parameters
    ----------
    cells : Cells
        With scores only.
    groups : (cells,) int array
    metric : str
    n : int
        How many models of each group.
    incomplete : bool
        Count models too that were scored on fewer neurons than others of their group.

    Returns
    -------
    dict of arrays
        ``group``, ``model``, ``mean``, ``se`` (standard error over neurons; NaN for one),
        ``n_neurons`` and ``n_models`` (of the group); by group, the best first.
    """
    width = len(cells.names)
    codes, place, count = np.unique(
        groups.astype(np.int64) * width + cells.model, return_inverse=True, return_counts=True
    )
    mean = np.bincount(place, weights=cells.score) / count
    squares = np.bincount(place, weights=(cells.score - mean[place]) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.sqrt(squares / (count - 1) / count)
    group, model = codes // width, codes % width
    kept = np.ones(len(codes), dtype=bool)
    if not incomplete and len(codes):
        most = np.zeros(int(group.max()) + 1, dtype=int)
        np.maximum.at(most, group, count)
        kept = count == most[group]
    codes, mean, se, count = codes[kept], mean[kept], se[kept], count[kept]
    group, model = codes // width, codes % width
    sign = -1.0 if is_higher_better(metric) else 1.0
    alphabetical = np.argsort(np.argsort(np.asarray(cells.names, dtype=str)))
    order = np.lexsort((alphabetical[model], sign * mean, group))
    ordered = group[order]
    first = np.searchsorted(ordered, ordered)
    chosen = order[np.arange(len(order)) - first < n]
    n_models = np.bincount(group)[group[chosen]]
    return {
        "group": group[chosen],
        "model": model[chosen],
        "mean": mean[chosen],
        "se": se[chosen],
        "n_neurons": count[chosen],
        "n_models": n_models,
    }


def why_too_good(best: pd.DataFrame, metric: str) -> str:
    """Tell that the best scores of a table also chose, and what to do; empty if they did not.

    Parameters
    ----------
    best : pandas.DataFrame
        As `Results.best` gives it.
    metric : str

    Examples
    --------
    >>> import pandas as pd
    >>> why_too_good(pd.DataFrame({"r_test": [0.6], "n_models": [12]}), "r_test")[:62]
    'the best of 12 models by r_test is so in part by luck, and its'
    >>> why_too_good(pd.DataFrame({"r_test": [0.6], "n_models": [1]}), "r_test")
    ''
    """
    most = int(best["n_models"].max()) if len(best) else 0
    if metric != "r_test" or most < 2:
        return ""
    return (
        f"the best of {most:,} models by {metric} is so in part by luck, and its score is too "
        "good; nems_dsl.select chooses within folds, and scores what had no say in the choice"
    )


# ---- what a variable does --------------------------------------------------------------------


def effect_of(
    connection: Connection,
    selection: Selection,
    cells: Cells,
    metric: str,
    variable: str,
    over: Over,
) -> pd.DataFrame:
    """Give a table of neurons by the values of a variable.

    Raises
    ------
    ValueError
        There is no such variable; or no neuron was scored with all models.
    """
    import pandas as pd

    if over not in ("mean", "best"):
        raise ValueError(unknown("way to put models together", over, ["mean", "best"]))
    _, values = group_by_variable(connection, selection, cells, variable)
    table = pivot_cells(cells, read_neurons(connection), "neuron")
    # the mean over a value's models must not hang on which of them were scored on a neuron
    complete = table.notna().all(axis=1)
    if len(table) and not complete.any():
        worst = str(table.isna().sum().idxmax())
        raise ValueError(
            "no neuron was scored with all models, so that values do not compare: leave models "
            f"out with results.where(...), above all {worst}"
        )
    table = table.loc[complete]
    columns = {}
    for value, models in values.items():
        chosen = set(models)
        scores = table[[model for model in table.columns if model in chosen]]
        if not scores.shape[1]:
            continue
        if over == "mean":
            columns[value] = scores.mean(axis=1)
        else:
            columns[value] = scores.max(axis=1) if is_higher_better(metric) else scores.min(axis=1)
    found = pd.DataFrame(columns, index=table.index, columns=_index(list(columns)))
    found.columns.name = variable
    return found


def _index(values: list[object]) -> object:
    import pandas as pd

    numbers = all(isinstance(value, int | float) for value in values)
    return pd.Index(values) if numbers else pd.Index(np.array(values, dtype=object), dtype=object)


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
