"""Data as users have them, and as models take them: signals of one or more trials.

A signal is an array (T, channels), an array of equal trials (trials, T, channels), or a list of
trials (T_i, channels) of unequal length. Inside it is always the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

Form = Literal["array", "stack", "list"]
Trial = np.ndarray
Data = Any

STIMULUS = "stim"
_PIECE = 1 << 14
SYNONYMS = {"input": STIMULUS}


def read_signal(values: Data, what: str, single: bool = False) -> tuple[list[Trial], Form]:
    """Read one signal as a list of trials; a 1-D array is one channel."""
    form: Form
    if isinstance(values, list | tuple) and values and np.ndim(_first(values)) >= 1:
        trials = [
            _read_array(trial, f"trial {i} of {what}", single=single)
            for i, trial in enumerate(values)
        ]
        form = "list"
    else:
        array = _read_array(values, what, stack=True, single=single)
        form = "stack" if array.ndim == 3 else "array"
        trials = list(array) if array.ndim == 3 else [array]
    if not trials or not all(len(trial) for trial in trials):
        raise ValueError(f"{what} has no samples")
    channels = {trial.shape[1] for trial in trials}
    if len(channels) > 1:
        raise ValueError(f"the trials of {what} differ in channels: {sorted(channels)}")
    return trials, form


def check_match(target: Sequence[Trial], lengths: list[int], stride: int = 1) -> None:
    """Refuse a target that does not match the input bin by bin, or is infinite somewhere.

    Parameters
    ----------
    target : list of (T_i, channels) arrays
        NaN is allowed.
    lengths : list of int
        Bins of each trial of the input.
    stride : int
        Bins of the input to one of the target.

    Raises
    ------
    ValueError
        Says which trial, bin or channel is at fault.
    """
    wanted, found = [-(-n // stride) for n in lengths], [len(trial) for trial in target]
    check_orientation(target, lengths)
    if wanted != found:
        kept = f", of which the model gives {_lengths(wanted)}" if stride > 1 else ""
        raise ValueError(
            f"the target does not match the input: {_lengths(found)} against "
            f"{_lengths(lengths)}{kept}"
        )
    for number, trial in enumerate(target):
        infinite = np.isinf(trial)
        if infinite.any():
            place = _place(infinite, number, len(target))
            raise ValueError(f"the target is infinite {place}; NaN marks bins to be left out")


def check_orientation(target: Sequence[Trial], lengths: list[int]) -> None:
    """Refuse a target that lies on its side, or has other trials than the input.

    Raises
    ------
    ValueError
        Says so, before the channels of the target are held against a model.
    """
    hint = _transpose_hint(target, lengths)
    if hint or len(target) != len(lengths):
        raise ValueError(
            f"the target does not match the input: {_lengths([len(trial) for trial in target])} "
            f"against {_lengths(lengths)}{hint}"
        )


def check_variance(target: Sequence[Trial], weights: np.ndarray | None = None) -> None:
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


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _read_array(values: Any, what: str, stack: bool = False, single: bool = False) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{what} is ragged; give trials of unequal length as a list") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{what} must hold real numbers, not {array.dtype}")
    if array.ndim == 1:
        array = array[:, None]
    most = 3 if stack else 2
    if not 2 <= array.ndim <= most:
        forms = "(T, channels)" + (" or (trials, T, channels)" if stack else "")
        raise ValueError(f"{what} must have shape {forms}, not {array.shape}")
    keep = single and array.dtype == np.float32
    return array if keep else np.asarray(array, dtype=np.float64)


def check_finite(trial: Trial, what: str, number: int, n_trials: int) -> None:
    """Refuse a trial that is NaN or infinite somewhere."""
    if np.isfinite(trial).all():
        return
    nan = np.isnan(trial)
    if nan.any():
        place = _place(nan, number, n_trials)
        raise ValueError(
            f"{what} is NaN {place}; fill or cut such bins, and set the target there to NaN"
        )
    place = _place(np.isinf(trial), number, n_trials)
    raise ValueError(f"{what} is infinite {place}; a log of 0 is a common cause")


def _place(mask: np.ndarray, number: int, n_trials: int) -> str:
    bin_, channel = (int(i) for i in np.argwhere(mask)[0])
    trial = f"trial {number}, " if n_trials > 1 else ""
    return f"at {trial}bin {bin_}, channel {channel} ({int(mask.sum())} such values in all)"


def check_same_trials(
    first: Sequence[Trial], first_name: str, trials: Sequence[Trial], name: str
) -> None:
    """Refuse two inputs that differ in trials, or in the bins of one."""
    wanted, found = [len(t) for t in first], [len(t) for t in trials]
    if wanted != found:
        raise ValueError(
            f"the inputs {first_name!r} and {name!r} do not match: {_lengths(wanted)} against "
            f"{_lengths(found)}"
        )


def _lengths(lengths: list[int]) -> str:
    if len(lengths) == 1:
        return f"{lengths[0]} bins"
    shown = ", ".join(map(str, lengths[:6])) + (", ..." if len(lengths) > 6 else "")
    return f"{len(lengths)} trials of {shown} bins"


def _transpose_hint(trials: Sequence[Trial], lengths: list[int]) -> str:
    if len(trials) != 1 or len(trials[0]) == lengths[0]:
        return ""
    if trials[0].shape[1:] == (lengths[0],):
        return "; time comes first: pass its transpose"
    return ""
