"""Prediction and target brought together: trials joined, shapes compared, NaN left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

Signal: TypeAlias = ArrayLike | Sequence[NDArray[Any]]
"""One array (T,), (T, C) or (S, T, C), or a list of trials (T_i, C) or (T_i,)."""

Vector: TypeAlias = NDArray[np.float64]


def paired(prediction: Signal, target: Signal) -> tuple[Vector, Vector]:
    """Join the trials of both signals over time and check that they agree.

    Parameters
    ----------
    prediction, target : array_like or list of array
        (T,), (T, C), (S, T, C), or a list of trials (T_i, C); (T,) is one channel. A list of trials
        may meet an array (S, T, C).

    Returns
    -------
    prediction, target : (time, channels) float64

    Raises
    ------
    ValueError
        Where the shapes differ, a value is infinite, or a signal is not numeric.

    Examples
    --------
    >>> import numpy as np
    >>> trials = [np.zeros((3, 2)), np.ones((5, 2))]
    >>> paired(trials, trials)[0].shape
    (8, 2)
    """
    ours, theirs = _aligned(prediction, target)
    return _joined(ours, "prediction"), _joined(theirs, "target")


def paired_trials(prediction: Signal, target: Signal) -> tuple[list[Vector], list[Vector]]:
    """Give the trials of both signals one by one, checked as by `paired`.

    Parameters
    ----------
    prediction, target : array_like or list of array
        As in `paired`; an array (S, T, C) is S trials, (T, C) is one.

    Returns
    -------
    prediction, target : list of (T_i, channels) float64
    """
    ours, theirs = _aligned(prediction, target)
    _joined(ours, "prediction")
    _joined(theirs, "target")
    return _split(ours), _split(theirs)


def channel_pairs(prediction: Signal, target: Signal) -> Iterator[tuple[Vector, Vector]]:
    """Give for each channel the values of prediction and target where neither is NaN.

    Parameters
    ----------
    prediction, target : array_like or list of array
        As in `paired`.

    Yields
    ------
    prediction, target : (samples,) float64
        Possibly empty.
    """
    ours, theirs = paired(prediction, target)
    valid = ~(np.isnan(ours) | np.isnan(theirs))
    for channel in range(ours.shape[1]):
        keep = valid[:, channel]
        yield ours[keep, channel], theirs[keep, channel]


def all_pairs(prediction: Signal, target: Signal) -> tuple[Vector, Vector]:
    """Give all values of prediction and target, of all channels, where neither is NaN.

    Parameters
    ----------
    prediction, target : array_like or list of array
        As in `paired`.

    Returns
    -------
    prediction, target : (samples,) float64
        Possibly empty.
    """
    ours, theirs = paired(prediction, target)
    valid = ~(np.isnan(ours) | np.isnan(theirs))
    return ours[valid], theirs[valid]


def per_channel(values: list[float]) -> float | Vector:
    """Give one channel's value as a Python float, several as an array (channels,) float64."""
    return values[0] if len(values) == 1 else np.array(values, dtype=np.float64)


def is_constant(values: Vector) -> bool:
    """Tell whether all values are the same; also true of none.

    Exact, where a standard deviation is not: that of a constant may be a rounding error above 0.
    """
    return values.size == 0 or bool(np.all(values == values[0]))


def _aligned(prediction: Signal, target: Signal) -> tuple[list[Vector], list[Vector]]:
    ours, theirs = _trials(prediction, "prediction"), _trials(target, "target")
    if is_trials(prediction) != is_trials(target):
        ours, theirs = _split(ours), _split(theirs)
    if len(ours) != len(theirs):
        raise ValueError(
            f"prediction has {_count(ours)} and target has {_count(theirs)}: one of each is needed"
        )
    for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if one.shape != other.shape:
            where = f" in trial {index}" if len(ours) > 1 else ""
            raise ValueError(_mismatch(one.shape, other.shape, where))
    return ours, theirs


def is_trials(signal: Signal) -> TypeGuard[Sequence[NDArray[Any]]]:
    """Tell whether a signal is a list of arrays; a nested list of numbers is one array."""
    return isinstance(signal, list | tuple) and any(getattr(item, "ndim", 0) for item in signal)


def _trials(signal: Signal, name: str) -> list[Vector]:
    if is_trials(signal):
        return [as_array(trial, f"{name}, trial {i}") for i, trial in enumerate(signal)]
    return [as_array(signal, name)]


def as_array(values: ArrayLike, name: str) -> Vector:
    """Give real numbers as float64; one series (T,) as one channel (T, 1)."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} is a ragged list of numbers: pass trials as a list of arrays"
        ) from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim == 0:
        raise ValueError(f"{name} is a single number: expected (time,) or (time, channels)")
    array = array.astype(np.float64, copy=False)
    return array[:, np.newaxis] if array.ndim == 1 else array


def _split(trials: list[Vector]) -> list[Vector]:
    # An array (S, T, C) is S trials when it meets a list of trials.
    return list(trials[0]) if len(trials) == 1 and trials[0].ndim == 3 else trials


def _joined(trials: list[Vector], name: str) -> Vector:
    channels = {trial.shape[-1] for trial in trials}
    if len(channels) > 1:
        raise ValueError(
            f"{name}: the trials must have the same number of channels, got {sorted(channels)}"
        )
    if 0 in channels:
        raise ValueError(f"{name} has no channels: its shape is {trials[0].shape}")
    joined = np.concatenate([trial.reshape(-1, trial.shape[-1]) for trial in trials])
    if np.isinf(joined).any():
        row, channel = (int(i) for i in np.argwhere(np.isinf(joined))[0])
        raise ValueError(
            f"{name} is infinite at time {row}, channel {channel}: put NaN where a value is missing"
        )
    return joined


def _count(trials: list[Vector]) -> str:
    if len(trials) == 1:
        return f"one array of shape {trials[0].shape}"
    return f"{len(trials)} trials"


def _mismatch(ours: tuple[int, ...], theirs: tuple[int, ...], where: str) -> str:
    text = f"the shapes differ{where}: prediction {ours}, target {theirs}"
    if ours == theirs[::-1] and len(ours) == 2:
        # The longer axis is taken for time.
        name, given = ("prediction", ours) if ours[0] < ours[1] else ("target", theirs)
        return f"{text}; time goes first, (time, channels): did you mean {name}.T? It is {given}"
    if len(ours) != len(theirs):
        return f"{text}; both must have the same number of axes"
    return f"{text}; they must agree in time and channels"
