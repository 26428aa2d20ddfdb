"""Data as users have them, and as models take them: signals of one or more trials.

A signal is an array (T, channels), an array of equal trials (trials, T, channels), or a list of
trials (T_i, channels) of unequal length. Inside it is always the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import orientation, reading
from .matching import match_signals
from .signal import Form, Signal, describe_lengths, restore

Trial = np.ndarray
Data = Any

STIMULUS = "stim"
_PIECE = 1 << 14
_SYNONYMS = {"input": STIMULUS}


@dataclass(frozen=True)
class Trials:
    """Signals by name, each a list of trials, and the form in which they came.

    Attributes
    ----------
    signals : dict of str to list of (T_i, channels) float64 arrays
    form : "array", "stack" or "list"
    names : dict of str to str
        How the user calls each signal.
    kept : tuple of (start, stop, length), or None
        What is left of each trial, where padding was cut off.
    """

    signals: dict[str, list[Trial]]
    form: Form
    names: dict[str, str]
    kept: tuple[tuple[int, int, int], ...] | None = None

    @property
    def lengths(self) -> list[int]:
        """Number of bins of each trial."""
        return [len(trial) for trial in next(iter(self.signals.values()))]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of one bin of each signal: ``(channels,)``."""
        return {name: trials[0].shape[1:] for name, trials in self.signals.items()}

    def restore(self, trials: list[Trial]) -> Any:
        """Give predictions back in the form in which the data came."""
        return restore(trials, self.form, self.kept)


def read_inputs(data: Data, single: bool = False) -> Trials:
    """Read the input of a model: one signal, or a dict of signals.

    Parameters
    ----------
    data : array, list or dict
    single : bool
        Leave arrays of float32 as they are, instead of copying them to float64.

    Raises
    ------
    ValueError
        Not numbers, not finite, or signals whose trials do not match. Says which and where.
    """
    if isinstance(data, Trials):
        return data
    given = data if isinstance(data, Mapping) else {STIMULUS: data}
    if not given:
        raise ValueError("the input is an empty dict; give it at least the signal 'stim'")
    signals: dict[str, Signal] = {}
    names: dict[str, str] = {}
    for given_name, values in given.items():
        name = _SYNONYMS.get(given_name, given_name)
        signal = reading.read_signal(values, f"the input {given_name!r}", single=single)
        if name in signals:
            raise ValueError(f"the input has both 'stim' and {given_name!r}, which mean the same")
        signals[name], names[name] = signal, given_name
    matched = match_signals(signals).inputs
    first = next(iter(matched.values()))
    lists = {name: list(signal.trials) for name, signal in matched.items()}
    return Trials(lists, first.form, names, first.kept)


def read_signal(values: Data, what: str, single: bool = False) -> tuple[list[Trial], Form]:
    """Read a response, or another signal that may have gaps, as a list of trials."""
    signal = reading.read_signal(values, what, single=single, role="response")
    return list(signal.trials), signal.form


def check_match(target: list[Trial], inputs: Trials, stride: int = 1) -> None:
    """Refuse a target that does not match the input bin by bin, or is infinite somewhere.

    Parameters
    ----------
    target : list of (T_i, channels) arrays
        NaN is allowed.
    inputs : Trials
    stride : int
        Bins of the input to one of the target.

    Raises
    ------
    ValueError
        Says which trial, bin or channel is at fault.
    """
    wanted, found = [-(-n // stride) for n in inputs.lengths], [len(trial) for trial in target]
    check_orientation(target, inputs)
    if wanted != found:
        kept = f", of which the model gives {describe_lengths(wanted)}" if stride > 1 else ""
        raise ValueError(
            f"the target does not match the input: {describe_lengths(found)} against "
            f"{describe_lengths(inputs.lengths)}{kept}"
        )
    for number, trial in enumerate(target):
        infinite = np.isinf(trial)
        if infinite.any():
            place = _place(infinite, number, len(target))
            raise ValueError(f"the target is infinite {place}; NaN marks bins to be left out")


def check_orientation(target: list[Trial], inputs: Trials) -> None:
    """Refuse a target that lies on its side, or has other trials than the input.

    Raises
    ------
    ValueError
        Says so, before the channels of the target are held against a model.
    """
    name, trials = next(iter(inputs.signals.items()))
    first = Signal(tuple(trials), inputs.form, f"the input {inputs.names[name]!r}")
    form: Form = (
        "array" if len(target) == 1 else "stack" if len(set(map(len, target))) == 1 else "list"
    )
    orientation.check_orientation(Signal(tuple(target), form, "the target"), {name: first})


def check_variance(target: list[Trial], weights: np.ndarray | None = None) -> None:
    """Refuse a target that holds nothing to learn.

    Parameters
    ----------
    target : list of (T_i, channels) arrays
    weights : (channels,) array, optional
        Channels of weight 0 may be as they are.

    Raises
    ------
    ValueError
        Names the channel that has too few samples, or no variance.
    """
    n_channels = target[0].shape[1]
    n_each = np.zeros(n_channels, dtype=int)
    low, high = np.full(n_channels, np.inf), np.full(n_channels, -np.inf)
    for piece in in_pieces(target):
        n_each += np.sum(~np.isnan(piece), axis=0)
        low = np.fmin(low, np.fmin.reduce(piece, axis=0))
        high = np.fmax(high, np.fmax.reduce(piece, axis=0))
    used = np.arange(len(n_each)) if weights is None else np.flatnonzero(weights)
    if n_each[used].min() < 2:
        channel = int(used[n_each[used].argmin()])
        raise ValueError(
            f"too few samples: channel {channel} of the target has {n_each[channel]} that are not "
            "NaN; a fit needs at least 2"
        )
    spread = high[used] - low[used]
    if (spread == 0).any():
        channel = int(used[np.argmin(spread)])
        raise ValueError(
            f"channel {channel} of the target has no variance: all samples are {low[channel]:g}"
        )


def in_pieces(trials: Sequence[Trial]) -> Iterator[np.ndarray]:
    """Give stretches of trials, (T, channels) float64, of which copies cost next to nothing."""
    for trial in trials:
        for start in range(0, len(trial), _PIECE):
            yield np.asarray(trial[start : start + _PIECE], dtype=np.float64)


# ---- helpers ---------------------------------------------------------------------------------


def _place(mask: np.ndarray, number: int, n_trials: int) -> str:
    bin_, channel = (int(i) for i in np.argwhere(mask)[0])
    trial = f"trial {number}, " if n_trials > 1 else ""
    return f"at {trial}bin {bin_}, channel {channel} ({int(mask.sum())} such values in all)"
