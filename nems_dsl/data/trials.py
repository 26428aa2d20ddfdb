"""Signals as models take them: lists of trials, (T_i, channels) each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from .signal import describe_lengths

Trial = np.ndarray
Data = Any

STIMULUS = "stim"
STATE = "state"
_PIECE = 1 << 14
SYNONYMS = {"input": STIMULUS}


def with_state(x: Data, state: Any = None) -> Data:
    """Return a model's input with a state in it.

    Parameters
    ----------
    x : array, list or dict
        The stimulus, or signals by name.
    state : array or list, optional
        Without one, `x` is returned as it is.

    Raises
    ------
    ValueError
        `x` has a state already.

    Examples
    --------
    >>> with_state([[1.0], [2.0]], state=[[0.5], [0.5]])
    {'stim': [[1.0], [2.0]], 'state': [[0.5], [0.5]]}
    """
    if state is None:
        return x
    if not isinstance(x, Mapping):
        return {STIMULUS: x, STATE: state}
    if STATE in x:
        raise ValueError("the state is given twice: by x['state'] and by state=; give it once")
    return {**x, STATE: state}


def digest_of_trials(trials: Sequence[Trial]) -> str:
    """Return a digest by which the same values are known again, in single precision.

    Examples
    --------
    >>> one = np.array([[0.1], [np.nan]])
    >>> digest_of_trials([one]) == digest_of_trials([one.astype(np.float32)])
    True
    """
    digest = blake2b(digest_size=8)
    for trial in trials:
        digest.update(repr(trial.shape).encode())
        digest.update(np.ascontiguousarray(trial, dtype=np.float32).tobytes())
    return digest.hexdigest()


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
    if wanted != found:
        kept = f", of which the model gives {describe_lengths(wanted)}" if stride > 1 else ""
        raise ValueError(
            f"the target does not match the input: {describe_lengths(found)} against "
            f"{describe_lengths(lengths)}{kept}"
        )
    for number, trial in enumerate(target):
        infinite = np.isinf(trial)
        if infinite.any():
            place = _place(infinite, number, len(target))
            raise ValueError(f"the target is infinite {place}; NaN marks bins to be left out")


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


def _place(mask: np.ndarray, number: int, n_trials: int) -> str:
    bin_, channel = (int(i) for i in np.argwhere(mask)[0])
    trial = f"trial {number}, " if n_trials > 1 else ""
    return f"at {trial}bin {bin_}, channel {channel} ({int(mask.sum())} such values in all)"
