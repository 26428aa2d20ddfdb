"""One score for each neuron and model, from the rows of a store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import BigInteger, Connection, cast, func, select

from ...errors import NemsError
from ...result_columns import SIMPLE_HOLD_OUT, list_metrics
from ..store import schema
from .names import ModelNames, neuron_order, read_names, read_neurons
from .row_selection import Selection, read_pairs, unknown

_UNKNOWN = 2**31  # beyond any number of parameters that a column holds


@dataclass(frozen=True)
class Cells:
    """Scores of models on neurons, averaged over folds.

    Attributes
    ----------
    neuron : (cells,) int64 array
        Keys.
    model : (cells,) int64 array
        Places in `names`.
    score : (cells,) float64 array
        NaN where a fold has failed, or has no score.
    names : sequence of str
        Of the models.
    sizes : (models,) float64 array
        Numbers of parameters, the largest where it depends on the data; NaN if not known.
    kind : {"canonical", "string"}
        What the names are.
    """

    neuron: np.ndarray
    model: np.ndarray
    score: np.ndarray
    names: Sequence[str]
    sizes: np.ndarray
    kind: ModelNames

    @property
    def size_of(self) -> dict[str, int]:
        """Numbers of parameters by the name of the model, where they are known."""
        pairs = zip(self.names, self.sizes.tolist(), strict=True)
        return {name: int(size) for name, size in pairs if size == size}

    def complete(self) -> Cells:
        """Give those that have a score."""
        return self.take(~np.isnan(self.score))

    def take(self, kept: np.ndarray) -> Cells:
        """Give some of them, by their places or by a mask."""
        return replace(
            self, neuron=self.neuron[kept], model=self.model[kept], score=self.score[kept]
        )


def check_metric(metric: str) -> str:
    """Check the name of a score.

    Raises
    ------
    ValueError
        There is no such score; suggests the nearest.
    """
    if metric not in list_metrics():
        raise ValueError(unknown("metric", metric, list_metrics()))
    return metric


def read_cells(
    connection: Connection, selection: Selection, metric: str, kind: ModelNames = "canonical"
) -> Cells:
    """Read the scores of models on neurons.

    Raises
    ------
    ValueError
        There is no such score; or the rows should not be mixed.
    """
    check_metric(metric)
    check_one_kind(connection, selection)
    models = read_names(connection, kind)
    jobs = schema.jobs.c
    # two numbers in one, for a million rows take as long as there are numbers in them
    span = max(models.place_of, default=0) + 1
    columns = [
        cast(jobs.neuron_key, BigInteger) * span + models.column,
        cast(jobs.fold - SIMPLE_HOLD_OUT, BigInteger) * _UNKNOWN
        + func.coalesce(jobs.n_parameters, _UNKNOWN - 1),
        schema.column_of_jobs(connection, metric),
    ]
    pair, other, score = selection.read_numbers(connection, columns)
    neuron, key = np.divmod(pair.astype(np.int64), span)
    fold, size = np.divmod(other.astype(np.int64), _UNKNOWN)
    place = models.places(key)
    sizes = np.full(len(models.names), np.nan)
    np.fmax.at(sizes, place, np.where(size == _UNKNOWN - 1, np.nan, size))
    order = neuron_order(read_neurons(connection))
    width = max(len(models.names), 1)
    code = _ranks(order)[neuron] * width + place
    # in an order of their own, so that sums are the same to the last bit whichever job was first
    sequence = np.argsort(code, kind="stable")
    is_first = np.diff(code[sequence], prepend=-1) != 0
    if not is_first.all():
        sequence = np.lexsort((fold, code))
        starts = np.flatnonzero(is_first)
        n_folds = np.diff(starts, append=len(code))
        score = np.add.reduceat(score[sequence], starts) / n_folds
        code = code[sequence[starts]]
    else:
        code, score = code[sequence], score[sequence]
    return Cells(order[code // width], code % width, score, models.names, sizes, kind)


def _ranks(order: np.ndarray) -> np.ndarray:
    found = np.zeros(int(order.max(initial=0)) + 1, dtype=np.int64)
    found[order] = np.arange(len(order))
    return found


class MixedRowsError(NemsError, ValueError):
    """Rows are meant together whose scores do not compare.

    Parameters
    ----------
    reason : str
    remedy : str
        What to do, in Python.
    """

    def __init__(self, reason: str, remedy: str):
        super().__init__(f"{reason}: {remedy}")
        self.reason = reason


def check_one_kind(connection: Connection, selection: Selection) -> None:
    """Refuse to average over what should not be mixed.

    Raises
    ------
    MixedRowsError
        The rows were fitted by several recipes, or a dataset has changed between sweeps.
    """
    if connection.scalar(select(func.count()).select_from(schema.recipes)) != 1:
        _check_recipes(connection, selection)
    neurons = schema.neurons.c
    repeated = (
        select(neurons.dataset, neurons.channel)
        .group_by(neurons.dataset, neurons.channel)
        .having(func.count() > 1)
    )
    if connection.execute(repeated.limit(1)).first() is not None:
        _check_digests(connection, selection)


def _check_recipes(connection: Connection, selection: Selection) -> None:
    columns = [schema.jobs.c.recipe_key, schema.jobs.c.neuron_key]
    recipe, neuron = selection.read_numbers(connection, columns).astype(np.int64)
    # as one number each, which are sorted ten times faster than pairs
    used = np.unique(recipe << 32 | neuron)
    pairs = list(zip((used >> 32).tolist(), (used & 0xFFFFFFFF).tolist(), strict=True))
    recipes = read_pairs(connection, schema.recipes.c.key, schema.recipes.c.recipe)
    channels = read_pairs(connection, schema.neurons.c.key, schema.neurons.c.channel)
    # only models of all channels tell in their recipes of which; others may stand beside them
    of_any = {_without_channels(recipes[recipe]) for recipe, _ in pairs}
    of_all = {recipe for recipe, neuron in pairs if channels[neuron] == schema.ALL_CHANNELS}
    n_ways = max(len(of_any), len(of_all))
    if n_ways > 1:
        raise MixedRowsError(
            f"the rows were fitted and tested in {n_ways} ways, whose scores do not compare",
            "choose one with results.select(recipe=...), of results.recipes, or the one that was "
            "run last with results.latest()",
        )


def _without_channels(recipe: str) -> str:
    told = json.loads(recipe)
    told.pop("channels", None)
    return json.dumps(told, sort_keys=True)


def _check_digests(connection: Connection, selection: Selection) -> None:
    (keys,) = selection.read_numbers(connection, [schema.jobs.c.neuron_key])
    used = set(np.unique(keys).tolist())
    neurons = schema.neurons.c
    digests: dict[str, set[str]] = {}
    for key, dataset, digest in connection.execute(
        select(neurons.key, neurons.dataset, neurons.data_digest)
    ):
        if key in used:
            digests.setdefault(dataset, set()).add(digest)
    for dataset, found in digests.items():
        if len(found) > 1:
            raise MixedRowsError(
                f"the dataset {dataset!r} changed between sweeps, and its scores do not compare",
                "choose one version with results.select(data_digest=...), or the one that was "
                f"run last with results.latest(); there is {', '.join(sorted(found))}",
            )
