"""Scores of models side by side, for the same neurons and folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, select

from ...compiler import canonical
from ...syntax import ModelStringError
from ..store import schema
from .cells import Names, Neuron, check_metric, check_one_kind, neuron_order, read_neurons
from .comparison import Comparison, compare_scores, tabulate
from .ordering import natural
from .selection import Selection, unknown

if TYPE_CHECKING:
    import pandas as pd


_MOST_FOLDS = 2**20


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores of models, a row for each fold of each neuron.

    Attributes
    ----------
    metric : str
    neurons : list of Neuron
    group : (rows,) int64 array
        Place of the neuron in `neurons`.
    scores : dict of str to (rows,) float64 array
        By model; NaN where there is none.
    """

    metric: str
    neurons: list[Neuron]
    group: np.ndarray
    scores: dict[str, np.ndarray]

    @property
    def present(self) -> list[str]:
        """The models, sorted by name, numbers within names by their size."""
        return sorted(self.scores, key=natural)

    def compare(self, a: str, b: str) -> Comparison:
        """Compare two models."""
        nothing = np.full(len(self.group), np.nan)
        first, second = (self.scores.get(model, nothing) for model in (a, b))
        return compare_scores(a, b, self.metric, self.neurons, self.group, first, second)

    def all_pairs(self, reference: str | None) -> Iterator[tuple[str, str]]:
        """Give a model with each of the others, or all pairs."""
        if reference is None:
            yield from combinations(self.present, 2)
        else:
            yield from ((reference, other) for other in self.present if other != reference)

    def compare_pairs(self, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
        """Compare pairs of models; p-values are corrected for their number."""
        return tabulate([self.compare(a, b) for a, b in pairs])


def read_scores(
    connection: Connection,
    selection: Selection,
    metric: str,
    models: Names,
    only: Sequence[str] | None = None,
) -> ScoreTable:
    """Read the scores of all models, or of some.

    Raises
    ------
    ValueError
        There is no such score; or the rows should not be mixed.
    """
    check_metric(metric)
    check_one_kind(connection, selection)
    if only is not None:
        selection = selection.narrowed(models.are(only))
    jobs = schema.jobs.c
    columns = [jobs.neuron_key, jobs.fold, models.column, jobs[metric]]
    neuron, fold, key, score = selection.read_numbers(connection, columns)
    if not len(neuron):
        return ScoreTable(metric, [], np.empty(0, int), {})
    known = read_neurons(connection)
    order = neuron_order(known)
    rank = np.zeros(int(order.max()) + 1)
    rank[order] = np.arange(len(order))
    # as one number each, which sorts much faster than pairs
    code = rank[neuron.astype(np.int64)] * _MOST_FOLDS + fold
    rows, row = np.unique(code, return_inverse=True)
    place = models.places(key)
    by_model = np.argsort(place, kind="stable")
    bounds = np.flatnonzero(np.diff(place[by_model])) + 1
    scores = {}
    for part in np.split(by_model, bounds):
        column = np.full(len(rows), np.nan)
        column[row[part]] = score[part]
        scores[models.names[place[part[0]]]] = column
    ranks, group = np.unique((rows + 1) // _MOST_FOLDS, return_inverse=True)
    neurons = [known[key] for key in order[ranks.astype(np.int64)].tolist()]
    return ScoreTable(metric, neurons, group, scores)


def find_model(connection: Connection, models: Names, given: str) -> str:
    """Give the name of a model by its model_id, its canonical string, or any spelling of it.

    Raises
    ------
    ValueError
        There is no such model, or several; suggests the nearest.
    """
    if given in models.names:
        return given
    table = schema.models.c
    stored = connection.execute(select(table.key, table.canonical, table.model_id)).all()
    wanted = {given, _canonical(given)}
    keys = [key for key, text, model_id in stored if text in wanted or model_id == given]
    jobs = schema.jobs.c
    if not keys:
        spellings = schema.spellings.c
        spelled = select(spellings.key).where(spellings.string == given)
        keys = list(
            connection.scalars(
                select(jobs.model_key).where(jobs.spelling_key.in_(spelled)).distinct()
            )
        )
    found = set(
        connection.scalars(select(models.column).where(jobs.model_key.in_(keys)).distinct())
    )
    names = sorted({models.names[models.place_of[key]] for key in found})
    if len(names) == 1:
        return names[0]
    if names:
        raise ValueError(f"{given!r} stands for several models: {', '.join(names)}")
    raise ValueError(unknown("model", given, models.names))


def _canonical(given: str) -> str | None:
    try:
        return canonical(given)
    except ModelStringError:
        return None
