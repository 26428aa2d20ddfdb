"""Prediction and target brought together: trials joined, shapes compared, NaN left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nems_dsl.data.matching import match_order
from nems_dsl.data.reading import read_signal
from nems_dsl.data.signal import Signal as Read

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
    return np.concatenate(ours), np.concatenate(theirs)


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
    return _aligned(prediction, target)


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


def read(values: Signal, name: str) -> Read:
    """Read one argument: what is masked or missing is NaN, and names and times are known.

    Raises
    ------
    ValueError
        It does not hold real numbers, or has none; names it, and says what to pass instead.
    """
    return read_signal(values, name, role="response")


def _aligned(prediction: Signal, target: Signal) -> tuple[list[Vector], list[Vector]]:
    ours = read(prediction, "prediction")
    theirs = match_order(ours, read(target, "target"))
    if ours.shape is not None and theirs.shape is not None:
        if ours.shape != theirs.shape:
            raise ValueError(_mismatch(ours.shape, theirs.shape, ""))
    elif len(ours.trials) != len(theirs.trials):
        raise ValueError(
            f"prediction has {_count(ours)} and target has {_count(theirs)}: one of each is needed"
        )
    for index, (one, other) in enumerate(zip(ours.trials, theirs.trials, strict=True)):
        if one.shape != other.shape:
            where = f" in trial {index}" if len(ours.trials) > 1 else ""
            raise ValueError(_mismatch(one.shape, other.shape, where))
    _check_infinite(ours)
    _check_infinite(theirs)
    return list(ours.trials), list(theirs.trials)


def _check_infinite(signal: Read) -> None:
    start = 0
    for trial in signal.trials:
        bad = np.isinf(trial)
        if bad.any():
            row, channel = (int(i) for i in np.argwhere(bad)[0])
            raise ValueError(
                f"{signal.what} is infinite at time {start + row}, channel {channel}: put NaN "
                "where a value is missing"
            )
        start += len(trial)


def _count(signal: Read) -> str:
    if signal.shape is not None:
        return f"one array of shape {signal.shape}"
    return f"{len(signal.trials)} trial{'s' * (len(signal.trials) != 1)}"


def _mismatch(ours: tuple[int, ...], theirs: tuple[int, ...], where: str) -> str:
    text = f"the shapes differ{where}: prediction {ours}, target {theirs}"
    if ours == theirs[::-1] and len(ours) == 2:
        # The longer axis is taken for time.
        name, given = ("prediction", ours) if ours[0] < ours[1] else ("target", theirs)
        return f"{text}; time goes first, (time, channels): did you mean {name}.T? It is {given}"
    if len(ours) != len(theirs):
        return f"{text}; both must have the same number of axes"
    return f"{text}; they must agree in time and channels"
