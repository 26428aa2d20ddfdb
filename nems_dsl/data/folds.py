"""How a recording is cut into folds: what each fit may see, and what it is tested on."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

WAYS = ("auto", "trials", "time")


class Stretch(NamedTuple):
    """The bins of one trial from `start` up to `stop`."""

    trial: int
    start: int
    stop: int

    @property
    def n_bins(self) -> int:
        """How many bins there are."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Fold:
    """One way to hold out a part of a recording.

    Attributes
    ----------
    fit : tuple of Stretch
        What a fit may see of the response.
    test : tuple of Stretch
        What is held out. Bins that are in neither are in the gap between the two.
    """

    fit: tuple[Stretch, ...]
    test: tuple[Stretch, ...]

    @property
    def n_fit(self) -> int:
        """Bins to fit."""
        return count_bins(self.fit)

    @property
    def n_test(self) -> int:
        """Bins held out."""
        return count_bins(self.test)


def make_folds(
    lengths: Sequence[int],
    n_folds: int = 10,
    *,
    by: str = "auto",
    gap: int = 0,
    groups: Sequence[Hashable] | None = None,
    shuffle_seed: int | None = None,
    within: Sequence[Stretch] | None = None,
) -> list[Fold]:
    """Cut a recording into folds; each bin is held out once.

    Parameters
    ----------
    lengths : sequence of int
        Bins of each trial.
    n_folds : int
        At least 2. As many as there are trials leave out one trial at a time.
    by : {"auto", "trials", "time"}
        Hold out whole trials, or contiguous blocks of the recording, which may begin and end
        within a trial. ``"auto"`` takes trials if there are at least `n_folds` of them, or if
        there are `groups`.
    gap : int
        Bins on both sides of what is held out that are neither fitted nor tested. It ends where
        the trial does.
    groups : sequence, optional
        A label for each trial. Trials with the same label, such as repeats of one stimulus, stay
        together.
    shuffle_seed : int, optional
        Deal trials in an order drawn with this seed; by default in the order of the recording.
    within : sequence of Stretch, optional
        Cut these parts of the recording only; by default all of it.

    Returns
    -------
    list of Fold

    Raises
    ------
    ValueError
        The recording cannot be cut so: says why, and what can be done.

    Notes
    -----
    Trials are dealt one by one, the longest first, each to the fold that has the fewest bins so
    far. Trials of equal length are so dealt in turn, as cards are, and each fold has trials from
    all of the recording. Blocks of time differ by one bin at most.

    Examples
    --------
    >>> for fold in make_folds([100], n_folds=4, gap=10)[1:3]:
    ...     print(fold.test, fold.n_fit)
    (Stretch(trial=0, start=25, stop=50),) 55
    (Stretch(trial=0, start=50, stop=75),) 55
    >>> for fold in make_folds([60, 60, 90, 40], n_folds=2):
    ...     print([stretch.trial for stretch in fold.test], fold.n_test)
    [2, 3] 130
    [0, 1] 120
    """
    _check_count(gap, "gap", 0)
    parts = [Stretch(i, 0, n) for i, n in enumerate(lengths)] if within is None else list(within)
    labels = check_groups(groups, len(lengths))
    if choose_way(parts, n_folds, by, labels) == "trials":
        tests = _deal(parts, n_folds, labels, shuffle_seed)
    else:
        if shuffle_seed is not None:
            raise ValueError(
                "shuffle_seed is for folds of whole trials; blocks of time keep their order"
            )
        tests = _blocks(parts, n_folds)
    folds = [Fold(tuple(_without(parts, test, gap)), tuple(test)) for test in tests]
    for number, fold in enumerate(folds):
        if not fold.fit:
            raise ValueError(
                f"fold {number} of {n_folds} has nothing left to fit: a gap of {gap} bins around "
                f"its {fold.n_test} bins takes the whole recording; more folds, or a shorter gap, "
                "leave more"
            )
    return folds


def choose_way(
    parts: Sequence[Stretch], n_folds: int, by: str = "auto", groups: Sequence[Any] | None = None
) -> str:
    """Tell whether folds are to be of trials or of time; see `make_folds`.

    Returns
    -------
    "trials" or "time"

    Raises
    ------
    ValueError
        There is no such way, or not for these trials.
    """
    _check_count(n_folds, "n_folds", 2)
    if by not in WAYS:
        raise ValueError(f"by must be one of {', '.join(map(repr, WAYS))}, not {by!r}")
    if by == "time" and groups is not None:
        raise ValueError("groups keep whole trials together: leave them out, or choose by='trials'")
    if by == "auto":
        by = "trials" if groups is not None or count_units(parts) >= n_folds else "time"
    n_units = count_units(parts, groups)
    if by == "trials" and n_units < n_folds:
        units = "trials" if groups is None else "groups of trials"
        instead = "" if groups is not None else ", or blocks of time with by='time'"
        raise ValueError(
            f"{n_folds} folds of {units} need at least {n_folds} {units}; there are {n_units}: "
            f"ask for fewer folds{instead}"
        )
    return by


def check_groups(groups: Sequence[Hashable] | None, n_trials: int) -> list[Any] | None:
    """Give the labels of all trials, one for each, or None.

    Raises
    ------
    ValueError
        There are more or fewer labels than trials.
    """
    if groups is None:
        return None
    labels = list(groups)
    if len(labels) != n_trials:
        raise ValueError(
            f"groups must have one label for each of the {n_trials} trials; there are {len(labels)}"
        )
    return labels


def count_units(parts: Sequence[Stretch], groups: Sequence[Any] | None = None) -> int:
    """Count the trials, or the groups of trials, that there are to deal."""
    return len({part.trial if groups is None else groups[part.trial] for part in parts})


def count_bins(parts: Sequence[Stretch]) -> int:
    """Count the bins of some stretches."""
    return sum(part.n_bins for part in parts)


def mask(signal: Sequence[np.ndarray], parts: Sequence[Stretch]) -> list[np.ndarray]:
    """Give a copy of a signal that is NaN outside some stretches.

    Parameters
    ----------
    signal : sequence of (T_i, channels) arrays
    parts : sequence of Stretch

    Returns
    -------
    list of (T_i, channels) arrays
    """
    masked = [np.full_like(trial, np.nan) for trial in signal]
    for trial, start, stop in parts:
        masked[trial][start:stop] = signal[trial][start:stop]
    return masked


def join(signal: Sequence[np.ndarray], parts: Sequence[Stretch]) -> np.ndarray:
    """Give some stretches of a signal, one after the other.

    Parameters
    ----------
    signal : sequence of (T_i, channels) arrays
    parts : sequence of Stretch

    Returns
    -------
    (T, channels) array
    """
    return np.concatenate([signal[trial][start:stop] for trial, start, stop in parts])


def stretches_with_samples(signal: Sequence[np.ndarray]) -> list[Stretch]:
    """Give the stretches of a signal in which some channel is not NaN.

    Examples
    --------
    >>> stretches_with_samples([np.array([[np.nan], [1.0], [2.0], [np.nan], [3.0]])])
    [Stretch(trial=0, start=1, stop=3), Stretch(trial=0, start=4, stop=5)]
    """
    found = []
    for number, trial in enumerate(signal):
        some = np.concatenate([[False], ~np.isnan(trial).all(axis=1), [False]])
        edges = np.flatnonzero(some[1:] != some[:-1]).tolist()
        found += [Stretch(number, *p) for p in zip(edges[::2], edges[1::2], strict=True)]
    return found


# ---- helpers ---------------------------------------------------------------------------------


def _deal(
    parts: Sequence[Stretch], n_folds: int, labels: Sequence[Any] | None, seed: int | None
) -> list[list[Stretch]]:
    """Deal trials, or groups of them, to folds of about equal length."""
    units: dict[Any, list[Stretch]] = {}
    for part in parts:
        units.setdefault(part.trial if labels is None else labels[part.trial], []).append(part)
    hands = list(units.values())
    if seed is not None:
        hands = [hands[i] for i in np.random.default_rng(seed).permutation(len(hands))]
    dealt: list[list[Stretch]] = [[] for _ in range(n_folds)]
    for hand in sorted(hands, key=count_bins, reverse=True):
        min(dealt, key=count_bins).extend(hand)
    return [sorted(hand) for hand in dealt]


def _blocks(parts: Sequence[Stretch], n_folds: int) -> list[list[Stretch]]:
    """Cut stretches, thought of as one after the other, into blocks of equal length."""
    total = count_bins(parts)
    if total < n_folds:
        raise ValueError(f"{n_folds} blocks of time need at least {n_folds} bins, not {total}")
    edges = [total * number // n_folds for number in range(n_folds + 1)]
    return [list(_between(parts, low, high)) for low, high in itertools.pairwise(edges)]


def _between(parts: Sequence[Stretch], low: int, high: int) -> Iterator[Stretch]:
    at = 0
    for trial, start, stop in parts:
        first, last = max(low - at, 0) + start, min(high - at + start, stop)
        if first < last:
            yield Stretch(trial, first, last)
        at += stop - start


def _without(parts: Sequence[Stretch], test: Sequence[Stretch], gap: int) -> Iterator[Stretch]:
    """Give what is left when the stretches of a test go, with a gap around each."""
    for trial, start, stop in parts:
        at = start
        for low, high in sorted((t.start - gap, t.stop + gap) for t in test if t.trial == trial):
            if min(low, stop) > at:
                yield Stretch(trial, at, min(low, stop))
            at = max(at, high)
        if at < stop:
            yield Stretch(trial, at, stop)


def _check_count(value: Any, name: str, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
