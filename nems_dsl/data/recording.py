"""A recording: signals and response of one or more trials, read once and passed on as one value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from .masking import apply_mask
from .matching import match_signals
from .reading import read_signal
from .signal import Form, Role, Signal, restore
from .trials import STIMULUS, SYNONYMS, Data, Trial, with_state

Made = TypeVar("Made")
RESPONSE = "resp"
_MOST_LATELY = 4


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
    labels : dict of str to tuple
        Names of the channels of each signal that has some; those of the response as ``resp``.
    times : tuple of (T_i,) arrays, or None
        The index of each trial, where the data have one.
    trial_labels : tuple or None
        Numbers or names of the trials, where the data have them.
    kept : tuple of (start, stop, length), or None
        What is left of each trial, where padding was cut off.

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
    labels: Mapping[str, tuple[Hashable, ...]] = field(default_factory=dict)
    times: tuple[np.ndarray, ...] | None = None
    trial_labels: tuple[Hashable, ...] | None = None
    kept: tuple[tuple[int, int, int], ...] | None = None
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

    @property
    def channel_labels(self) -> tuple[str, ...] | None:
        """What the data call the channels of the response, if not merely by their numbers."""
        labels = self.labels.get(RESPONSE)
        if labels is None or not any(isinstance(label, str) for label in labels):
            return None
        return tuple(str(label) for label in labels)

    def restore(self, trials: Sequence[Trial]) -> Any:
        """Return predictions in the form in which the data came."""
        return restore(trials, self.form, self.kept)

    # ---- recordings made of it ---------------------------------------------------------------

    def with_response(self, response: Iterable[Trial] | None) -> Recording:
        """Return the same stimulus with another response, or with none."""
        return replace(self, response=None if response is None else tuple(response))

    def columns(self, columns: Sequence[int]) -> Recording:
        """Return the same stimulus with some channels of the response."""
        if list(columns) == list(range(self.n_channels)):
            return self
        chosen = self.with_response(trial[:, list(columns)] for trial in self.target)
        if RESPONSE not in self.labels:
            return chosen
        names = tuple(self.labels[RESPONSE][column] for column in columns)
        return replace(chosen, labels={**self.labels, RESPONSE: names})

    def trials(self, numbers: Sequence[int]) -> Recording:
        """Return some of the trials."""
        signals = {name: tuple(t[n] for n in numbers) for name, t in self.signals.items()}
        response = self.response
        chosen = None if response is None else tuple(response[number] for number in numbers)

        def some(each: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
            return None if each is None else tuple(each[number] for number in numbers)

        return replace(
            self,
            signals=signals,
            response=chosen,
            form="list" if self.form == "array" else self.form,
            times=some(self.times),
            trial_labels=some(self.trial_labels),
            kept=some(self.kept),
            _kept=Kept(),
        )

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

    def lately(self, family: Hashable, key: Hashable, make: Callable[[], Made]) -> Made:
        """Do as `once`, for what is large and of many kinds: the last few of a family are kept."""
        latest = self._kept.once(("lately", family), _Latest)
        return latest.once(key, make)

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
        recording, inputs = x, _as_signals(x)
        if state is not None:
            raise TypeError("state= goes with a stimulus as you have it, not with data read before")
    else:
        x = with_state(x, state)
        recording, inputs = None, _read_inputs(x, single)
    response = None if y is None else _read(y, "the target", single, "response")
    marks = None if mask is None else _read(mask, "the mask", False, "mask")
    if recording is not None and response is None and marks is None:
        return recording
    matched = match_signals(inputs, response, marks)
    if recording is None:
        recording = _as_recording(matched.inputs)
        recording = replace(recording, names={SYNONYMS.get(n, n): n for n in _names(x)})
    if matched.response is not None:
        recording = recording.with_response(matched.response.trials)
        if matched.response.labels is not None:
            labels = {**recording.labels, RESPONSE: matched.response.labels}
            recording = replace(recording, labels=labels)
    if matched.mask is not None:
        masked = apply_mask(recording.target, matched.mask.trials)
        recording = recording.with_response(masked)
    return recording


def _read(values: Data, what: str, single: bool, role: Role) -> Signal:
    return read_signal(values, what, single=single, role=role)


def _names(x: Data) -> list[str]:
    """Return what the user calls the signals."""
    return list(x) if isinstance(x, Mapping) else [STIMULUS]


def _read_inputs(x: Data, single: bool) -> dict[str, Signal]:
    given = x if isinstance(x, Mapping) else {STIMULUS: x}
    if not given:
        raise ValueError("the input is an empty dict; give it at least the signal 'stim'")
    signals: dict[str, Signal] = {}
    for given_name, values in given.items():
        name = SYNONYMS.get(given_name, given_name)
        if name in signals:
            raise ValueError(f"the input has both 'stim' and {given_name!r}, which mean the same")
        signals[name] = _read(values, f"the input {given_name!r}", single, "input")
    return signals


def _as_recording(inputs: Mapping[str, Signal]) -> Recording:
    first = next(iter(inputs.values()))
    return Recording(
        {name: signal.trials for name, signal in inputs.items()},
        form=first.form,
        labels={n: signal.labels for n, signal in inputs.items() if signal.labels is not None},
        times=first.times,
        trial_labels=first.trial_labels,
        kept=first.kept,
    )


def _as_signals(recording: Recording) -> dict[str, Signal]:
    """Return the signals of a recording as they were read, to match others with them."""
    return {
        name: Signal(
            trials,
            recording.form,
            f"the input {recording.names.get(name, name)!r}",
            recording.labels.get(name),
            recording.times,
            recording.trial_labels,
            recording.kept,
        )
        for name, trials in recording.signals.items()
    }


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

    def forget(self, key: Hashable) -> None:
        """Let go what was made under this key; who has it keeps it."""
        with self._lock:
            self._made.pop(key, None)

    def __deepcopy__(self, memo: dict[int, Any]) -> Kept:
        return Kept()

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        # a lock belongs to its process, and what was made can be made again
        return Kept, ()


class _Latest:
    """The last few things that were made, each under its key; safe to use from several threads."""

    def __init__(self) -> None:
        self._kept = Kept()
        self._keys: list[Hashable] = []
        self._lock = threading.Lock()

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made under this key of late, or make it."""
        with self._lock:
            if key in self._keys:
                self._keys.remove(key)
            self._keys.append(key)
            for old in self._keys[:-_MOST_LATELY]:
                self._kept.forget(old)
            del self._keys[:-_MOST_LATELY]
        return self._kept.once(key, make)


@dataclass
class _Once:
    """One thing that is made at its first use."""

    lock: Any = field(default_factory=threading.Lock)
    is_made: bool = False
    value: Any = None
