"""A recording: signals and response of one or more trials, read once and passed on as one value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from .masking import apply_mask
from .trials import (
    STIMULUS,
    SYNONYMS,
    Data,
    Form,
    Trial,
    check_finite,
    check_orientation,
    check_same_trials,
    read_signal,
)

Made = TypeVar("Made")
STATE = "state"


@dataclass(frozen=True)
class Recording:
    """What was presented and what was recorded, trial by trial.

    It is made by `read_recording`, and can be given in place of `x` and `y` wherever a model takes
    data: they are not read a second time, and what is computed of the stimulus, such as its
    covariances, is shared by all fits to it. Nothing in it changes.

    Attributes
    ----------
    signals : dict of str to tuple of (T_i, channels) arrays
        What a model may read; finite.
    response : tuple of (T_i, channels) arrays, or None
        NaN where nothing was recorded, or where it does not count.
    form : {"array", "stack", "list"}
        In which the signals came.
    names : dict of str to str
        What the user calls each signal.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((3, 100, 18))
    >>> recording = read_recording(x, x[:, :, :2])
    >>> recording
    Recording(3 trials of 100, 100, 100 bins; stim: 18 channels; response: 2 channels)
    >>> recording.columns([1]).n_channels
    1
    """

    signals: Mapping[str, tuple[Trial, ...]]
    response: tuple[Trial, ...] | None = None
    form: Form = "list"
    names: Mapping[str, str] = field(default_factory=dict)
    _kept: Kept = field(default_factory=lambda: Kept(), repr=False, compare=False)

    @property
    def lengths(self) -> list[int]:
        """Number of bins of each trial."""
        return [len(trial) for trial in next(iter(self.signals.values()))]

    @property
    def target(self) -> tuple[Trial, ...]:
        """The response, which must be there.

        Raises
        ------
        ValueError
            There is none.
        """
        if self.response is None:
            raise ValueError(
                "the recording has no response: give y, or read_recording(x, y) as the data"
            )
        return self.response

    @property
    def n_channels(self) -> int:
        """Number of channels of the response."""
        return int(self.target[0].shape[1])

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of one bin of each signal: ``(channels,)``."""
        return {name: trials[0].shape[1:] for name, trials in self.signals.items()}

    def restore(self, trials: Sequence[Trial]) -> Any:
        """Return predictions in the form in which the data came."""
        if self.form == "array":
            return trials[0]
        return np.stack(list(trials)) if self.form == "stack" else list(trials)

    # ---- recordings made of it ---------------------------------------------------------------

    def with_response(self, response: Iterable[Trial] | None) -> Recording:
        """Return the same stimulus with another response, or with none."""
        return replace(self, response=None if response is None else tuple(response))

    def columns(self, columns: Sequence[int]) -> Recording:
        """Return the same stimulus with some channels of the response."""
        if list(columns) == list(range(self.n_channels)):
            return self
        return self.with_response(trial[:, list(columns)] for trial in self.target)

    def trials(self, numbers: Sequence[int]) -> Recording:
        """Return some of the trials."""
        signals = {name: tuple(t[n] for n in numbers) for name, t in self.signals.items()}
        response = self.response
        chosen = None if response is None else tuple(response[number] for number in numbers)
        form: Form = "list" if self.form == "array" else self.form
        return Recording(signals, chosen, form, self.names)

    def forgetful(self) -> Recording:
        """Return the same recording, without what was made of its stimulus."""
        return replace(self, _kept=Kept())

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` makes of the stimulus; it is called at the first use of a key only.

        Recordings with the same stimulus share it. Threads that want the same wait for the one
        that makes it; others go on.

        Parameters
        ----------
        key : hashable
            Stands for what is made; all that it depends on besides the signals belongs into it.
        make : callable
            What it returns is shared, and must not be changed. If it fails, the next one tries
            again.
        """
        return self._kept.once(key, make)

    def __repr__(self) -> str:
        signals = [f"{self.names.get(n, n)}: {_channels(t)}" for n, t in self.signals.items()]
        if self.response is not None:
            signals.append(f"response: {_channels(self.response)}")
        lengths = self.lengths
        shown = ", ".join(map(str, lengths[:6])) + (", ..." if len(lengths) > 6 else "")
        trials = f"{len(lengths)} trials of {shown}" if len(lengths) > 1 else shown
        return f"Recording({trials} bins; {'; '.join(signals)})"


def read_recording(
    x: Data,
    y: Data | None = None,
    *,
    state: Data | None = None,
    mask: Any = None,
    single: bool = False,
) -> Recording:
    """Read users' data, all of them, and once.

    Parameters
    ----------
    x : array (T, channels) or (trials, T, channels), list of (T_i, channels), dict of these
        The stimulus, or signals by name; or a `Recording`, which is not read again.
    y : like `x`, or (T,), optional
        The response; NaN is missing.
    state : like `x`, optional
        The signal ``state``, where `x` does not have it.
    mask : like `y`, or without its channels, optional
        True where the response counts.
    single : bool
        Leave arrays of float32 as they are, instead of copying them to float64.

    Raises
    ------
    ValueError
        Not numbers, not finite, or signals whose trials do not match. Says which and where.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((100, 4))
    >>> read_recording(x, x[:, 0])
    Recording(100 bins; stim: 4 channels; response: 1 channel)
    """
    if isinstance(x, Recording):
        recording = x
        if state is not None:
            raise ValueError("the recording was read before: give state= to read_recording")
    else:
        recording = _read_signals(x, state, single)
    if y is not None:
        target, _ = read_signal(y, "the target", single)
        check_orientation(target, recording.lengths)
        recording = recording.with_response(target)
    if mask is not None:
        recording = recording.with_response(apply_mask(list(recording.target), mask))
    return recording


def _read_signals(x: Data, state: Data | None, single: bool) -> Recording:
    given = dict(x) if isinstance(x, Mapping) else {STIMULUS: x}
    if state is not None:
        if STATE in given:
            raise ValueError("the state is given twice: in x, and as state=")
        given[STATE] = state
    if not given:
        raise ValueError("the input is an empty dict; give it at least the signal 'stim'")
    signals: dict[str, tuple[Trial, ...]] = {}
    names: dict[str, str] = {}
    form: Form | None = None
    for given_name, values in given.items():
        name = SYNONYMS.get(given_name, given_name)
        trials, its_form = read_signal(values, f"the input {given_name!r}", single)
        if name in signals:
            raise ValueError(f"the input has both 'stim' and {given_name!r}, which mean the same")
        for number, trial in enumerate(trials):
            check_finite(trial, f"the input {given_name!r}", number, len(trials))
        if signals:
            first = next(iter(signals))
            check_same_trials(signals[first], names[first], trials, given_name)
        form = form or its_form
        signals[name], names[name] = tuple(trials), given_name
    assert form is not None
    return Recording(signals, None, form, names)


def _channels(trials: Sequence[Trial]) -> str:
    n = int(np.prod(trials[0].shape[1:]))
    return f"{n} channel" if n == 1 else f"{n} channels"


class Kept:
    """What was made of some data, each thing once; safe to use from several threads."""

    def __init__(self) -> None:
        self._made: dict[Hashable, _Once] = {}
        self._lock = threading.Lock()

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made under this key, or make it."""
        with self._lock:
            entry = self._made.setdefault(key, _Once())
        with entry.lock:
            if not entry.is_made:
                entry.value, entry.is_made = make(), True
        value: Made = entry.value
        return value

    def __deepcopy__(self, memo: dict[int, Any]) -> Kept:
        return Kept()

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        # a lock belongs to its process, and what was made can be made again
        return Kept, ()


@dataclass
class _Once:
    """One thing that is made at its first use."""

    lock: Any = field(default_factory=threading.Lock)
    is_made: bool = False
    value: Any = None
