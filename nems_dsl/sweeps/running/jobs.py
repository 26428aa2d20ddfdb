"""Jobs of a sweep: made one by one as they are needed, and dealt out in tasks."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from ...compiler import known_trees, read_sizes, with_sizes
from ...data.columns import choose_columns
from ...experiments.bind import BoundExperiment, known_experiment
from ...fit_options import NAMES, FitOptions
from ...spaces.expansion import Value
from ...studies.design import Design, columns_of_models
from ...syntax import ModelStringError
from ..store.rows import SIMPLE_HOLD_OUT, identity_of
from .datasets import Dataset
from .limits import Limits

NOT_FOR_SWEEPS = {
    "model": "the sweep makes the models",
    "x": "data sets are the second argument",
    "y": "data sets are the second argument",
    "seed": "it is an argument of the sweep",
    "callback": "fits run in other processes",
    "verbose": "fits are silent",
    "mask": "set what does not count to NaN in the response",
    "channel_weights": "they would have to fit all data sets and models",
}
_SECONDS_PER_TASK, _LARGEST_TASK = 1.0, 64


class Variant(Protocol):
    """A model string of a space, as `nems_dsl.expand` gives it."""

    @property
    def string(self) -> str:
        """As it is written."""

    @property
    def canonical(self) -> str:
        """In canonical form."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Values of the pattern's variables."""


@dataclass(frozen=True)
class Recipe:
    """How every model of a sweep is fitted and tested.

    Attributes
    ----------
    fit : mapping
        Arguments of `Model.fit`.
    test : float
        The share to hold out; used if there are no folds.
    n_folds : int or None
    by : {"auto", "trials", "time"}
    gap : int or None
        Bins around what is tested within a trial; by default as many as the model remembers.
    seed : int or None
    channels : tuple of int or None
        Which channels of the response; None for all.

    Raises
    ------
    TypeError, ValueError
        An argument is not known, or could not be kept beside the results.

    Examples
    --------
    >>> Recipe(fit={"loss": "mse"}).text(of_all_channels=False)
    '{"fit": {"loss": "mse"}, "gap": null, "seed": 0, "test": 0.2}'
    """

    fit: Mapping[str, Any] = field(default_factory=dict)
    test: float = 0.2
    n_folds: int | None = None
    by: str = "auto"
    gap: int | None = None
    seed: int | None = 0
    channels: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for name, value in self.fit.items():
            if name in NOT_FOR_SWEEPS:
                raise TypeError(
                    f"sweep cannot pass {name!r} on to the fits: {NOT_FOR_SWEEPS[name]}"
                )
            if name in NAMES and not isinstance(value, str | int | float | bool | None):
                raise TypeError(
                    f"the argument {name!r} of the fits must be a number, text, True, False or "
                    f"None, so that it can be kept beside the results, not {type(value).__name__}"
                )
        if self.n_folds is not None and self.n_folds < 2:
            raise ValueError(f"n_folds must be at least 2, not {self.n_folds}")
        self.design()
        object.__setattr__(self, "fit", FitOptions.read(self.fit, "sweep").changed())

    @classmethod
    def of_text(cls, text: str) -> Recipe:
        """Read what `text` has written.

        Examples
        --------
        >>> recipe = Recipe(fit={"loss": "mse"}, n_folds=5)
        >>> Recipe.of_text(recipe.text(of_all_channels=True)) == recipe
        True
        """
        told = json.loads(text)
        if told.get("channels") is not None:
            told["channels"] = tuple(told["channels"])
        return cls(**told)

    @property
    def options(self) -> FitOptions:
        """How models are fitted."""
        return FitOptions(**self.fit, seed=self.seed)

    @property
    def is_plain(self) -> bool:
        """Whether models are fitted and tested as a model string alone says."""
        return self == Recipe(channels=self.channels)

    def of(self, experiment: BoundExperiment) -> Recipe:
        """Give the recipe for an experiment, which says all but the channels by itself."""
        if experiment.is_plain:
            return self
        design, options = experiment.design(), experiment.options.changed()
        seed = options.pop("seed", 0)
        return Recipe(
            options, design.test, design.n_folds, design.by, design.gap, seed, self.channels
        )

    def design(self, groups: Sequence[Hashable] | None = None) -> Design:
        """Return how data sets are split, whose trials have these labels."""
        return Design(self.test, self.n_folds, self.by, self.gap, groups)

    @property
    def folds(self) -> Sequence[int]:
        """The numbers of the folds."""
        return (SIMPLE_HOLD_OUT,) if self.n_folds is None else range(self.n_folds)

    @property
    def texts(self) -> set[str]:
        """What `text` writes for all kinds of models."""
        return {self.text(of_all_channels=of_all) for of_all in (False, True)}

    def text(self, of_all_channels: bool) -> str:
        """Write it down as JSON; which channels matters to models of all of them alone."""
        told: dict[str, Any] = {"fit": dict(self.fit), "seed": self.seed, "gap": self.gap}
        if self.n_folds is None:
            told["test"] = self.test
        else:
            told |= {"n_folds": self.n_folds, "by": self.by}
        if of_all_channels and self.channels is not None:
            told["channels"] = list(self.channels)
        return json.dumps(told, sort_keys=True)


def recipe_for(canonical: str, recipe: Recipe) -> Recipe:
    """Give the recipe of a canonical string: an experiment has its own."""
    return recipe.of(known_experiment(canonical)) if "_" in canonical else recipe


class Job(NamedTuple):
    """One model string, to be fitted to one channel of a data set, or to all, and tested.

    Attributes
    ----------
    identity, string, canonical, recipe
        As those of a `JobRow`.
    variables : dict
    channel : int or None
    fold : int
    """

    identity: str
    string: str
    canonical: str
    recipe: str
    variables: dict[str, Value]
    channel: int | None
    fold: int


@dataclass(frozen=True)
class Task:
    """Jobs on the same data, for one worker to do one after the other.

    Attributes
    ----------
    dataset : Dataset
    recipe : Recipe
    limits : Limits
    jobs : tuple of Job
    parent : str
        The process of the sweep itself.
    """

    dataset: Dataset
    recipe: Recipe
    limits: Limits
    jobs: tuple[Job, ...]
    parent: str = ""


def plan_jobs(
    variants: Iterable[Variant], datasets: Sequence[Dataset], recipe: Recipe
) -> Iterator[tuple[Dataset, Job]]:
    """Make the jobs of a sweep, one by one.

    An experiment has folds, and ways to fit, of its own. Jobs on the same data come together, and
    of these the ones of a model string, so that those that can share their preparation are done
    one after the other.

    Parameters
    ----------
    variants : iterable of Variant
        It is gone through once for each data set and fold.
    datasets : sequence of Dataset
    recipe : Recipe

    Yields
    ------
    Dataset, Job
    """
    for dataset in datasets:
        for variant, fold in _by_folds(variants, recipe):
            yield from ((dataset, job) for job in _jobs_of(variant, dataset, recipe, fold))


def _by_folds(variants: Iterable[Variant], recipe: Recipe) -> Iterator[tuple[Variant, int]]:
    """Give each variant with each of its folds; first all with their first, and so on."""
    number, most = 0, 1
    while number < most:
        for variant in variants:
            folds = recipe_for(variant.canonical, recipe).folds
            most = max(most, len(folds))
            if number < len(folds):
                yield variant, folds[number]
        number += 1


def count_jobs(string: str, datasets: Sequence[Dataset], recipe: Recipe) -> int:
    """Count the jobs of one model or experiment string."""
    return len(recipe_for(string, recipe).folds) * sum(
        len(_channels_of(string, dataset, recipe)[1]) for dataset in datasets
    )


def _jobs_of(variant: Variant, dataset: Dataset, recipe: Recipe, fold: int) -> Iterator[Job]:
    canonical, channels = _channels_of(variant.canonical, dataset, recipe)
    variables = {str(name): _plain(value) for name, value in variant.values.items()}
    for channel in channels:
        text = recipe.text(of_all_channels=channel is None)
        identity = identity_of(canonical, dataset.digest, text, channel, fold)
        yield Job(identity, variant.string, canonical, text, variables, channel, fold)


def columns_of(dataset: Dataset, recipe: Recipe, channel: int | None) -> tuple[int, ...]:
    """Return the channels of the response that a job is for: one, or all that are wanted."""
    if channel is not None:
        return (channel,)
    return choose_columns(recipe.channels, dataset.n_channels)


def jobs_without_data(
    variants: Iterable[Variant], dataset: Dataset, recipe: Recipe
) -> Iterator[Job]:
    """Return a job for each model and fold of a data set that could not be loaded."""
    text = recipe.text(of_all_channels=False)
    for variant, fold in _by_folds(variants, recipe):
        variables = {str(name): _plain(value) for name, value in variant.values.items()}
        identity = identity_of(variant.canonical, dataset.digest, text, None, fold)
        yield Job(identity, variant.string, variant.canonical, text, variables, None, fold)


def _channels_of(
    canonical: str, dataset: Dataset, recipe: Recipe
) -> tuple[str, Sequence[int | None]]:
    chosen = choose_columns(recipe.channels, dataset.n_channels)
    sizes = (dataset.n_inputs.get("stim"), len(chosen), dataset.n_inputs.get("state"))
    bound, has_one_output = _bind(canonical, *sizes)
    groups = columns_of_models(has_one_output, chosen)
    return bound, [group[0] if has_one_output else None for group in groups]


@lru_cache(maxsize=4096)
def _bind(
    canonical: str, n_inputs: int | None, n_channels: int, n_states: int | None
) -> tuple[str, bool]:
    """Give a string with its symbols bound to data, and whether it has one output."""
    experiment = known_experiment(canonical)
    if not all(step.word.keeps_channels for step in experiment.steps):
        # how many come out, the data will say
        n_inputs = None
    try:
        values = read_sizes(N=n_inputs, R=n_channels, S=n_states)
        tree = known_trees.keep(with_sizes(experiment.model, values))
        experiment = replace(experiment, model=tree)
    except ModelStringError:
        # it does not fit these data; its jobs will fail, and say in their rows why
        pass
    return experiment.string, experiment.model.has_one_output


def _plain(value: Any) -> Value:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


class Feed:
    """Deals jobs out in tasks, as many at a time as keep a worker busy for about a second.

    So the last tasks of a sweep end at about the same time, and a worker that is killed takes
    little with it.

    Parameters
    ----------
    jobs : iterable of (Dataset, Job)
        Taken from as late as possible.
    recipe : Recipe
    limits : Limits
    parent : str
    """

    def __init__(
        self,
        jobs: Iterable[tuple[Dataset, Job]],
        recipe: Recipe,
        limits: Limits,
        parent: str = "",
    ):
        self._jobs = iter(jobs)
        self._recipe, self._limits, self._parent = recipe, limits, parent
        self._next: tuple[Dataset, Job] | None = None
        self._returned: deque[tuple[Dataset, Job]] = deque()
        self._seconds_per_job: float | None = None

    def take(self) -> Task | None:
        """Give the next task; None when there is no job left."""
        if self._returned:
            # each by itself, for one of them may be what ended a worker
            dataset, job = self._returned.popleft()
            return self._task(dataset, [job])
        if self._next is None:
            self._next = next(self._jobs, None)
        if self._next is None:
            return None
        dataset, first = self._next
        self._next, jobs = None, [first]
        while len(jobs) < self._size():
            self._next = next(self._jobs, None)
            if (
                self._next is None
                or self._next[0] is not dataset
                or self._next[1].fold != first.fold
            ):
                break
            jobs.append(self._next[1])
            self._next = None
        return self._task(dataset, jobs)

    def put_back(self, task: Task, jobs: Iterable[Job]) -> None:
        """Take back jobs that were not done."""
        self._returned.extend((task.dataset, job) for job in jobs)

    def note(self, seconds: float) -> None:
        """Learn how long a job has taken."""
        before = self._seconds_per_job
        self._seconds_per_job = seconds if before is None else before + (seconds - before) / 8

    def _size(self) -> int:
        if self._seconds_per_job is None:
            return 1
        fitting = _SECONDS_PER_TASK / max(self._seconds_per_job, _SECONDS_PER_TASK / _LARGEST_TASK)
        return max(1, round(fitting))

    def _task(self, dataset: Dataset, jobs: Sequence[Job]) -> Task:
        return Task(dataset, self._recipe, self._limits, tuple(jobs), self._parent)
