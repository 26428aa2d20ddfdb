"""The models of a sweep: of a pattern, of a space, or of strings that may be patterns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...experiments.bind import known_experiment
from ...spaces.expansion import Value
from ...spaces.space import Space, expand
from ...syntax import ModelStringError
from .datasets import Dataset, check_split
from .jobs import Recipe, count_jobs

#: Fewer variants than this are kept, and not read again for each data set.
MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class PlainVariant:
    """A variant of a space, with what a job needs of it."""

    string: str
    canonical: str
    values: Mapping[str, Value]


class Variants:
    """The models of a sweep, to be gone through any number of times.

    Parameters
    ----------
    given : str, Space, or iterable of str
    where, dialect
        As for `expand`.
    datasets : sequence of Dataset
        Symbols are bound to their sizes, as far as these are the same in all of them.
    recipe : Recipe

    Attributes
    ----------
    n_jobs : int
        How many jobs there are; of a large space, how many there may be.

    Raises
    ------
    ModelStringError
        The pattern is none, or no variant of it is a model.
    ValueError
        Some of several strings are not models; shows all of them.
    """

    def __init__(
        self,
        given: str | Space | Iterable[str],
        where: Any,
        dialect: str,
        datasets: Sequence[Dataset],
        recipe: Recipe,
    ):
        if isinstance(given, Space):
            if where is not None:
                raise TypeError("give where to expand, not to sweep, if you give a space to sweep")
            self._spaces = [given]
        else:
            # sizes make a string that does not fit the data a fault of the pattern, not of a job;
            # so they are told to conditions only, for the number of parameters may depend on them
            sizes = {} if where is None else _sizes(datasets, recipe)
            self._spaces = _expand(given, {"where": where, "dialect": dialect, **sizes})
        self._kept: list[PlainVariant] | None = None
        if sum(space.n_variants for space in self._spaces) <= MOST_KEPT:
            self._kept = list(self._walk())
            self._check(datasets, recipe)
            self.n_jobs = sum(count_jobs(each.canonical, datasets, recipe) for each in self._kept)
        else:
            first = next(self._walk())
            n_variants = sum(space.n_variants for space in self._spaces)
            self.n_jobs = n_variants * count_jobs(first.canonical, datasets, recipe)

    def _check(self, datasets: Sequence[Dataset], recipe: Recipe) -> None:
        """Refuse experiments beside arguments that say the same, and data that they cannot split.

        Raises
        ------
        ValueError
            Names the experiment.
        """
        assert self._kept is not None
        recipes = {recipe.text(of_all_channels=True): recipe}
        for variant in self._kept:
            experiment = known_experiment(variant.canonical)
            if experiment.is_plain:
                continue
            if not recipe.is_plain:
                raise ValueError(
                    f"{variant.string} says how data are split and models fitted: leave out "
                    "test=, n_folds=, by=, gap=, seed= and options of fits, or give models alone"
                )
            own = recipe.of(experiment)
            recipes[own.text(of_all_channels=True)] = own
        for dataset, each in itertools.product(datasets, recipes.values()):
            check_split(dataset, each.design(dataset.groups))

    def __iter__(self) -> Iterator[PlainVariant]:
        return self._walk() if self._kept is None else iter(self._kept)

    def _walk(self) -> Iterator[PlainVariant]:
        if len(self._spaces) == 1:
            (space,) = self._spaces
            for variant in space:
                yield PlainVariant(variant.string, variant.canonical, variant.values)
            return
        met = set()
        for space in self._spaces:
            for variant in space:
                if variant.function not in met:
                    met.add(variant.function)
                    yield PlainVariant(variant.string, variant.canonical, variant.values)


def _expand(given: Any, arguments: dict[str, Any]) -> list[Space]:
    strings = [given] if isinstance(given, str) else list(given)
    for string in strings:
        if not isinstance(string, str):
            raise TypeError(f"models are given by their strings, not by {string!r}")
    if not strings:
        raise ValueError("there are no model strings to sweep over")
    spaces, faults = [], []
    for string in strings:
        try:
            space = expand(string, **arguments)
            if len(strings) > 1 and space.n_variants == 1 and space.error is not None:
                raise space.error
            spaces.append(space)
        except ModelStringError as fault:
            faults.append(fault)
    if len(strings) == 1 and faults:
        raise faults[0]
    if faults:
        texts = "\n\n".join(map(str, faults))
        raise ValueError(f"{len(faults)} of {len(strings)} strings are not models:\n\n{texts}")
    return spaces


def _sizes(datasets: Sequence[Dataset], recipe: Recipe) -> dict[str, int | None]:
    """Give the sizes that all data sets have in common."""
    sizes: dict[str, set[int | None]] = {
        "N": {dataset.n_inputs.get("stim") for dataset in datasets},
        "S": {dataset.n_inputs.get("state") for dataset in datasets},
        "R": {
            dataset.n_channels if recipe.channels is None else len(recipe.channels)
            for dataset in datasets
        },
    }
    return {symbol: next(iter(each)) if len(each) == 1 else None for symbol, each in sizes.items()}
