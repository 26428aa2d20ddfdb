"""A signal as it was read: its trials, and what the user's container said about them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import NemsWarning

Form = Literal["array", "stack", "list"]
Role = Literal["input", "response", "mask"]


class DataWarning(NemsWarning):
    """Data that could be read in two ways, and in which of them they were."""


@dataclass(frozen=True)
class Signal:
    """One signal of a recording, made by `read_signal`; nothing in it changes.

    Attributes
    ----------
    trials : tuple of (T_i, channels) arrays
        Views of the user's array where that is possible; never written to.
    form : {"array", "stack", "list"}
        How the trials came: one array, an array of equal trials, or a list.
    what : str
        What messages call it, such as ``the input 'stim'``.
    labels : tuple or None
        Names of the channels, where the data have some.
    times : tuple of (T_i,) arrays, or None
        The index of each trial: numbers, datetimes or other labels, where the data have them.
    trial_labels : tuple or None
        Numbers or names of the trials, where the data have them.
    kept : tuple of (start, stop, length), or None
        The bins of each trial that are left of `length`, where padding was cut off its ends.
    is_cut : bool
        The trials are the parts of one recording that the container says was interrupted.
    """

    trials: tuple[np.ndarray, ...]
    form: Form
    what: str = "the signal"
    labels: tuple[Hashable, ...] | None = None
    times: tuple[np.ndarray, ...] | None = None
    trial_labels: tuple[Hashable, ...] | None = None
    kept: tuple[tuple[int, int, int], ...] | None = None
    is_cut: bool = False

    @property
    def lengths(self) -> list[int]:
        """Number of bins of each trial."""
        return [len(trial) for trial in self.trials]

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.trials[0].shape[1])

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of the array that it came as; None for a list."""
        first = self.trials[0].shape
        if self.form == "list":
            return None
        return first if self.form == "array" else (len(self.trials), *first)


def restore(
    trials: Sequence[np.ndarray],
    form: Form,
    kept: Sequence[tuple[int, int, int]] | None = None,
) -> Any:
    """Return predictions in the form in which the stimulus came.

    Parameters
    ----------
    trials : sequence of (T_i, channels) arrays
    form : {"array", "stack", "list"}
    kept : sequence of (start, stop, length), optional
        As in `Signal`: where padding was cut off, NaN takes its place again.

    Examples
    --------
    >>> restore([np.ones((2, 1)), np.ones((1, 1))], "stack", [(0, 2, 2), (0, 1, 2)])[1].tolist()
    [[1.0], [nan]]
    """
    if kept is not None:
        trials = [_padded(trial, *each) for trial, each in zip(trials, kept, strict=True)]
    if form == "array":
        return trials[0]
    return np.stack(list(trials)) if form == "stack" else list(trials)


def describe_lengths(lengths: Iterable[int]) -> str:
    """Say how many trials there are, and how long each is.

    Examples
    --------
    >>> describe_lengths([300]), describe_lengths([40, 50])
    ('300 bins', '2 trials of 40, 50 bins')
    """
    lengths = list(lengths)
    if len(lengths) == 1:
        return f"{lengths[0]} bins"
    if len(set(lengths)) == 1 and len(lengths) > 6:
        return f"{len(lengths)} trials of {lengths[0]} bins"
    shown = ", ".join(map(str, lengths[:6])) + (", ..." if len(lengths) > 6 else "")
    return f"{len(lengths)} trials of {shown} bins"


def _padded(trial: np.ndarray, start: int, stop: int, length: int) -> np.ndarray:
    if len(trial) != stop - start:
        # a model that gives fewer bins than it takes: nothing tells where they belong
        return trial
    whole = np.full((length, *trial.shape[1:]), np.nan, dtype=trial.dtype)
    whole[start:stop] = trial
    return whole
