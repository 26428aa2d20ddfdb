"""Tables of scores: neurons by models, and the best models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np

from .cells import LOWER_IS_BETTER, Cells, Neuron
from .ordering import natural

if TYPE_CHECKING:
    import pandas as pd

Rows = Literal["dataset", "neuron"]


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
        ``group``, ``model``, ``mean``, ``se`` (standard error over neurons; NaN for one) and
        ``n_neurons``; by group, the best first.
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
    sign = 1.0 if metric in LOWER_IS_BETTER else -1.0
    alphabetical = np.argsort(np.argsort(np.asarray(cells.names, dtype=str)))
    order = np.lexsort((alphabetical[model], sign * mean, group))
    ordered = group[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    chosen = order[rank < n]
    return {
        "group": group[chosen],
        "model": model[chosen],
        "mean": mean[chosen],
        "se": se[chosen],
        "n_neurons": count[chosen],
    }
