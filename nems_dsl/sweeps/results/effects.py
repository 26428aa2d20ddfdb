"""What a variable of a pattern does to the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from sqlalchemy import Connection

from .cells import LOWER_IS_BETTER, Cells, read_neurons
from .ranking import pivot_cells
from .selection import Selection, unknown
from .summary import group_by_variable

if TYPE_CHECKING:
    import pandas as pd

Over = Literal["mean", "best"]


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
            columns[value] = scores.min(axis=1) if metric in LOWER_IS_BETTER else scores.max(axis=1)
    found = pd.DataFrame(columns, index=table.index, columns=_index(list(columns)))
    found.columns.name = variable
    return found


def _index(values: list[object]) -> object:
    import pandas as pd

    numbers = all(isinstance(value, int | float) for value in values)
    return pd.Index(values) if numbers else pd.Index(np.array(values, dtype=object), dtype=object)
