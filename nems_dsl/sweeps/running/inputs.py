"""The data of jobs: opened and cut once in a process, for all jobs on the same data."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...data import make_folds
from ...data.columns import choose_columns, take_columns
from ...data.folds import Fold, mask
from ...data.holdout import hold_out
from ...fitting.engine.prepared import PreparedInputs
from ...models import Model
from ..store.rows import SIMPLE_HOLD_OUT
from .datasets import Dataset, Trials
from .jobs import Job, Recipe

_MOST_ENTRIES = 6
# packs of models that differ in width or memory are copies of the stimulus
_BYTES_OF_COPIES = 256 << 20
_FEWEST_MODELS, _MOST_MODELS = 4, 64


@dataclass(frozen=True)
class Split:
    """What a job fits, and what it is tested on.

    Attributes
    ----------
    x_fit, x_test : PreparedInputs
    y_fit, y_test : list of (T_i, channels) arrays
        NaN where a bin belongs to neither; no trials if nothing is held out.
    """

    x_fit: PreparedInputs
    y_fit: Trials
    x_test: PreparedInputs | None
    y_test: Trials


class InputCache:
    """Keeps what jobs on the same data share, the data used last only; safe for threads."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.RLock()

    def split(self, dataset: Dataset, recipe: Recipe, job: Job, model: Model) -> Split:
        """Give the data of a job.

        Raises
        ------
        ValueError
            The data cannot be split so.
        """
        columns = _columns(dataset, recipe, job)
        if job.fold == SIMPLE_HOLD_OUT:
            return self._hold_out(dataset, recipe.test, job.canonical, columns)
        return self._fold(dataset, recipe, job, columns, model)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    # ---- ways to split -----------------------------------------------------------------------

    def _hold_out(
        self, dataset: Dataset, fraction: float, string: str, columns: Sequence[int]
    ) -> Split:
        signals, response = self._open(dataset)
        cut = self._once(
            (dataset.response, "held out", fraction),
            lambda: _cut(signals, response, fraction, dataset.groups),
        )
        x_fit, y_fit, x_test, y_test = cut
        key = (dataset.response, fraction)
        return Split(
            self._prepared((*key, "fit"), x_fit, string),
            take_columns(y_fit, columns),
            self._prepared((*key, "test"), x_test, string) if y_test else None,
            take_columns(y_test, columns),
        )

    def _fold(
        self, dataset: Dataset, recipe: Recipe, job: Job, columns: Sequence[int], model: Model
    ) -> Split:
        signals, response = self._open(dataset)
        fold = _find_fold(dataset, recipe, job.fold, model)
        # the stimulus is whole in all folds, so that what is made of it is shared
        inputs = self._prepared((dataset.response, "whole"), signals, job.canonical)
        target = take_columns(response, columns)
        return Split(inputs, mask(target, fold.fit), inputs, mask(target, fold.test))

    # ---- what is kept ------------------------------------------------------------------------

    def _open(self, dataset: Dataset) -> tuple[dict[str, Trials], Trials]:
        opened: tuple[dict[str, Trials], Trials] = self._once(
            (dataset.response, "opened"), dataset.open
        )
        return opened

    def _prepared(self, key: Any, x: dict[str, Trials], string: str) -> PreparedInputs:
        """Give inputs that fits share; not too many, for each leaves something in them."""
        with self._lock:
            entry: _Inputs | None = self._entries.get((*key, "inputs"))
            if entry is not None and string not in entry.strings and entry.is_full:
                del self._entries[(*key, "inputs")]
            entry = self._once((*key, "inputs"), lambda: _Inputs.of(x))
            entry.strings.add(string)
            return entry.inputs

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._entries:
                self._entries[key] = make()
                while len(self._entries) > _MOST_ENTRIES:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(key)
            return self._entries[key]


@dataclass
class _Inputs:
    """Prepared inputs, and the models that were fitted to them."""

    inputs: PreparedInputs
    most: int
    strings: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, x: dict[str, Trials]) -> _Inputs:
        # what is wrong with the units is told in the rows
        inputs = replace(PreparedInputs.read(x), is_known=True)
        size = sum(trial.nbytes for trials in inputs.signals.values() for trial in trials)
        most = min(max(_BYTES_OF_COPIES // size, _FEWEST_MODELS), _MOST_MODELS)
        return cls(inputs, most)

    @property
    def is_full(self) -> bool:
        return len(self.strings) >= self.most


def check_split(dataset: Dataset, recipe: Recipe) -> None:
    """Refuse a data set that cannot be split as the recipe says, whatever the model.

    Raises
    ------
    ValueError
        Names the data set.
    """
    try:
        if recipe.n_folds is not None:
            make_folds(
                dataset.lengths,
                recipe.n_folds,
                by=recipe.by,
                gap=recipe.gap or 0,
                groups=dataset.groups,
            )
        elif len(dataset.lengths) == 1:
            bins = np.arange(dataset.lengths[0], dtype=float)
            hold_out(bins, bins, recipe.test)
    except ValueError as fault:
        raise ValueError(f"data set {dataset.name!r}: {fault}") from None


# ---- helpers ---------------------------------------------------------------------------------


def _columns(dataset: Dataset, recipe: Recipe, job: Job) -> Sequence[int]:
    if job.channel is not None:
        return (job.channel,)
    return choose_columns(recipe.channels, dataset.n_channels)


def _cut(
    signals: dict[str, Trials], response: Trials, fraction: float, groups: Sequence[Any] | None
) -> tuple[dict[str, Trials], Trials, dict[str, Trials], Trials]:
    """Hold out the last trials, or the last groups of trials, or the end of a single one."""
    if groups is None or not fraction:
        split = hold_out(signals, response, fraction)
        return split.x_fit, split.y_fit, split.x_test, split.y_test
    held: set[Any] = set()
    labels = list(dict.fromkeys(groups))
    wanted = len(groups) * fraction
    # at least one label is held out, and at least one is left
    while len(held) < len(labels) - 1 and (
        not held or sum(group in held for group in groups) < wanted
    ):
        held.add(labels[-1 - len(held)])
    cut: list[Any] = []
    for is_held in (False, True):
        trials = [number for number, group in enumerate(groups) if (group in held) is is_held]
        cut.append({name: [signal[t] for t in trials] for name, signal in signals.items()})
        cut.append([response[t] for t in trials])
    return cut[0], cut[1], cut[2], cut[3]


def _find_fold(dataset: Dataset, recipe: Recipe, number: int, model: Model) -> Fold:
    assert recipe.n_folds is not None
    by_trials = recipe.by == "trials" or (
        recipe.by == "auto"
        and (dataset.groups is not None or len(dataset.lengths) >= recipe.n_folds)
    )
    gap = 0
    if not by_trials:
        gap = _memory(model) if recipe.gap is None else recipe.gap
    folds = make_folds(
        dataset.lengths, recipe.n_folds, by=recipe.by, gap=gap, groups=dataset.groups
    )
    return folds[number]


def _memory(model: Model) -> int:
    """Give how many bins a model looks back and ahead, or more where it has branches."""
    bins, stride = 0, 1
    for layer in model.layers:
        if layer.memory is None:
            raise ValueError(
                f"what {layer.label} remembers has no bounds, or none that is known, so that no "
                "gap keeps blocks of time quite apart: say by gap= how many bins to leave between "
                "what is fitted and what is tested, or hold out whole trials by by='trials'"
            )
        bins += (layer.memory + layer.lookahead) * stride
        stride *= layer.stride
    return -(-bins // stride)
