"""The door: users' data, in whatever they keep them, become signals of one or more trials.

A signal is an array (T, channels), an array of equal trials (trials, T, channels), or a list of
trials (T_i, channels). Inside it is always a tuple of trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .arrays import has_axes, is_cell, read_numbers
from .labelled import read_labelled
from .signal import Form, Role, Signal


def read_signal(values: Any, what: str, *, single: bool = False, role: Role = "input") -> Signal:
    """Read one signal.

    Parameters
    ----------
    values : array_like, table, or list of these
        (T,), (T, channels), (trials, T, channels), or trials of any length in a list: NumPy
        arrays, masked ones too, nested lists, tensors, data frames, DataArrays, time series of
        pynapple, or an array of arrays, such as SciPy makes of MATLAB's cells.
    what : str
        What messages call it, such as ``the input 'stim'``.
    single : bool
        Leave arrays of float32 as they are, instead of copying them to float64.
    role : {"input", "response", "mask"}
        In a response, what is masked or missing becomes NaN. In an input nothing may be missing,
        but for the ends of trials that were padded with NaN to one length, which are cut off.

    Returns
    -------
    Signal

    Raises
    ------
    ValueError
        Not real numbers, of another shape, empty, or an input that is not finite: names the
        array and the place, and says what to pass instead.

    Examples
    --------
    >>> read_signal(np.zeros((3, 50, 18)), "the input").lengths
    [50, 50, 50]
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"low": [0.5, 1.0], "high": [2.0, 3.0]}, index=[0.01, 0.02])
    >>> signal = read_signal(frame, "the input")
    >>> signal.labels, signal.times[0].tolist()
    (('low', 'high'), [0.01, 0.02])
    """
    signal = _read(values, what, role)
    signal = replace(signal, trials=tuple(_as_float(trial, single) for trial in signal.trials))
    _check_trials(signal)
    if role == "input":
        signal = _cut_padding(signal)
        for number, trial in enumerate(signal.trials):
            _check_finite(signal, trial, number)
    return signal


def describe_place(bad: np.ndarray, number: int, signal: Signal) -> str:
    """Say where the first value of a kind is in a trial, and how many there are.

    Parameters
    ----------
    bad : (T, channels) array of bool
    number : int
        Of the trial.
    signal : Signal
        Whose names the channels have.
    """
    bin_, channel = (int(i) for i in np.argwhere(bad)[0])
    trial = f"trial {number}, " if len(signal.trials) > 1 else ""
    name = "" if signal.labels is None else f" ({signal.labels[channel]!r})"
    return f"at {trial}bin {bin_}, channel {channel}{name} ({int(bad.sum())} such values in all)"


# ---- forms -----------------------------------------------------------------------------------


def _read(values: Any, what: str, role: Role) -> Signal:
    if is_cell(values):
        values = list(values.ravel())
    if _is_list_of_trials(values):
        return _join([_read_trial(v, f"trial {i} of {what}", role) for i, v in enumerate(values)])
    signal = read_labelled(values, what, role)
    if signal is not None:
        return _with_axes(signal)
    return _with_axes(Signal((read_numbers(values, what, role),), "array", what))


def _is_list_of_trials(values: Any) -> bool:
    """Tell whether it is a list of arrays or tables; a nested list of numbers is one array."""
    return isinstance(values, list | tuple) and any(has_axes(item) for item in values)


def _with_axes(signal: Signal) -> Signal:
    """Give each trial its two axes; one array of three is a stack."""
    trials = tuple(t[:, np.newaxis] if t.ndim == 1 else t for t in signal.trials)
    array = trials[0]
    if array.ndim == 3 and len(trials) == 1:
        times = None if signal.times is None else signal.times * len(array)
        return replace(signal, trials=tuple(array), form="stack", times=times)
    if array.ndim != 2:
        forms = "(T, channels) or (trials, T, channels)"
        raise ValueError(f"{signal.what} must have shape {forms}, not {array.shape}")
    return replace(signal, trials=trials)


def _read_trial(values: Any, what: str, role: Role) -> Signal:
    # the rows of one trial may be arrays
    nested = isinstance(values, list | tuple)
    whole = read_numbers(values, what, role) if nested else values
    signal = _read(whole, what, role)
    if len(signal.trials) > 1 or signal.form == "stack":
        shape = np.shape(values)
        found = f"not {shape}" if len(shape) > 2 else f"not {len(signal.trials)} trials of its own"
        if signal.is_cut:
            found = "not one with gaps: pass its parts as trials, or the whole without a list"
        raise ValueError(f"{what} must have shape (T, channels), {found}")
    return signal


def _join(trials: Sequence[Signal]) -> Signal:
    what = trials[0].what.removeprefix("trial 0 of ")
    labels = trials[0].labels
    arrays = [_in_order(trial, labels) for trial in trials]
    has_times = all(trial.times is not None for trial in trials)
    times = tuple(t for trial in trials for t in trial.times or ()) if has_times else None
    named = [trial.trial_labels for trial in trials]
    trial_labels = tuple(label for each in named for label in each or ())
    form: Form = "list"
    return Signal(
        tuple(arrays), form, what, labels, times,
        trial_labels if trial_labels and all(named) else None,
    )  # fmt: skip


def _in_order(trial: Signal, labels: tuple[Any, ...] | None) -> np.ndarray:
    """Give the channels of a trial in the order in which the first trial has them."""
    array = trial.trials[0]
    if labels is None or trial.labels is None or trial.labels == labels:
        return array
    if len(set(labels)) < len(labels) or sorted(map(repr, labels)) != sorted(
        map(repr, trial.labels)
    ):
        ours = ", ".join(map(repr, trial.labels[:6]))
        theirs = ", ".join(map(repr, labels[:6]))
        raise ValueError(
            f"{trial.what} has the channels {ours}, and trial 0 has {theirs}; give all trials the "
            "same, or pass arrays without names"
        )
    return array[:, [trial.labels.index(label) for label in labels]]


def _as_float(array: np.ndarray, single: bool) -> np.ndarray:
    keep = single and array.dtype == np.float32
    return np.asarray(array) if keep else np.asarray(array, dtype=np.float64)


def _check_trials(signal: Signal) -> None:
    if not signal.trials or not all(signal.lengths):
        raise ValueError(f"{signal.what} has no samples")
    channels = {trial.shape[1] for trial in signal.trials}
    if len(channels) > 1:
        raise ValueError(f"the trials of {signal.what} differ in channels: {sorted(channels)}")
    if channels == {0}:
        raise ValueError(f"{signal.what} has no channels: its shape is {signal.trials[0].shape}")


# ---- what is not finite ----------------------------------------------------------------------


def _cut_padding(signal: Signal) -> Signal:
    """Cut off the ends of trials at which every channel is NaN."""
    if signal.form == "array":
        return signal
    kept = []
    for trial in signal.trials:
        first = last = 0
        if np.isnan(trial[0]).all() or np.isnan(trial[-1]).all():
            there = np.flatnonzero(~np.isnan(trial).all(axis=1))
            # a trial that is NaN throughout was not padded
            if len(there):
                first, last = int(there[0]), len(trial) - 1 - int(there[-1])
        kept.append((first, len(trial) - last, len(trial)))
    if all(start == 0 and stop == length for start, stop, length in kept):
        return signal
    return cut(signal, kept)


def cut(signal: Signal, kept: Sequence[tuple[int, int, int]]) -> Signal:
    """Leave of each trial the bins from `start` up to `stop`."""
    spans = [slice(start, stop) for start, stop, _ in kept]
    times = signal.times
    return replace(
        signal,
        trials=tuple(t[span] for t, span in zip(signal.trials, spans, strict=True)),
        times=None if times is None else tuple(t[s] for t, s in zip(times, spans, strict=True)),
        kept=tuple(kept),
    )


def _check_finite(signal: Signal, trial: np.ndarray, number: int) -> None:
    if np.isfinite(trial).all():
        return
    nan = np.isnan(trial)
    if nan.any():
        place = describe_place(nan, number, signal)
        raise ValueError(
            f"{signal.what} is NaN {place}; fill or cut such bins, and set the target there to NaN"
        )
    place = describe_place(np.isinf(trial), number, signal)
    raise ValueError(f"{signal.what} is infinite {place}; a log of 0 is a common cause")
