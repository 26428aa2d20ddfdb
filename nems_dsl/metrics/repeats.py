"""Responses to repeats of one stimulus, read into one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nems_dsl.data.signal import Signal as Read
from nems_dsl.metrics.pairing import Vector, read

Repeats: TypeAlias = ArrayLike | Sequence[NDArray[Any]]
"""One array (T, repeats) or (repeats, T, C), or a list of repeats (T_i, C) or (T_i,)."""


def read_repeats(repeats: Repeats) -> Vector:
    """Read repeats of one stimulus; the number of axes tells the form.

    Parameters
    ----------
    repeats : array_like or list of array
        (T, repeats) for one channel, (repeats, T, channels), or a list with an array (T_i,) or
        (T_i, channels) for each repeat. Repeats that are shorter end in NaN.

    Returns
    -------
    repeats : (repeats, T, channels) float64

    Raises
    ------
    ValueError
        Where there are fewer than two repeats, they differ in channels, a value is infinite, or an
        array (T, repeats) has more repeats than time bins, and so is likely the wrong way round.

    Examples
    --------
    >>> import numpy as np
    >>> read_repeats(np.zeros((700, 20))).shape
    (20, 700, 1)
    >>> read_repeats([np.zeros((30, 4)), np.zeros((25, 4))]).shape
    (2, 30, 4)
    """
    signal = read(repeats, "repeats")
    array = _as_repeats(signal, repeats)
    if signal.form == "array" and array.shape[0] > array.shape[1]:
        n_repeats, n_bins, _ = array.shape
        raise ValueError(
            f"repeats of shape {(n_bins, n_repeats)} are read as (T, repeats), with more repeats "
            f"than time bins. If they are (repeats, T), pass repeats.T; if they are as meant, pass "
            f"repeats.T[:, :, np.newaxis], which is (repeats, T, channels)"
        )
    return array


def read_with_prediction(prediction: ArrayLike, repeats: Repeats) -> tuple[Vector, Vector]:
    """Read a prediction and the repeats that it is compared with.

    Parameters
    ----------
    prediction : array_like
        (T,) or (T, channels), one for all the repeats; T is that of the longest repeat.
    repeats : array_like or list of array
        As for `read_repeats`; the prediction tells which axis is time.

    Returns
    -------
    prediction : (T, channels) float64
    repeats : (repeats, T, channels) float64

    Raises
    ------
    ValueError
        Where they do not fit, or one of them cannot be read.
    """
    rates = read(prediction, "prediction")
    if rates.form == "list":
        raise ValueError("prediction is a list: pass one array (T, channels), for all the repeats")
    if rates.form != "array":
        raise ValueError(
            f"prediction has shape {rates.shape}: expected (T,) or (T, channels), one prediction "
            "for all the repeats"
        )
    _refuse_infinite(rates.trials[0], "prediction")
    signal = read(repeats, "repeats")
    array = _as_repeats(signal, repeats)
    if rates.shape != array.shape[1:]:
        raise ValueError(_misfit(rates.trials[0], array, signal))
    return rates.trials[0], array


def repeated_channels(repeats: Vector) -> Iterator[Vector]:
    """Give for each channel the bins that at least two repeats have.

    Parameters
    ----------
    repeats : (repeats, T, channels) float64

    Yields
    ------
    values : (repeats, bins) float64
        Without repeats that have none of these bins. Possibly empty.
    """
    for channel in range(repeats.shape[2]):
        values = repeats[:, :, channel]
        yield _usable(values, np.ones(values.shape[1], dtype=bool))[0]


def predicted_channels(prediction: Vector, repeats: Vector) -> Iterator[tuple[Vector, Vector]]:
    """Give for each channel the bins that have a prediction and at least two repeats.

    Parameters
    ----------
    prediction : (T, channels) float64
    repeats : (repeats, T, channels) float64

    Yields
    ------
    prediction : (bins,) float64
    values : (repeats, bins) float64
    """
    for channel in range(repeats.shape[2]):
        rate = prediction[:, channel]
        values, bins = _usable(repeats[:, :, channel], ~np.isnan(rate))
        yield rate[bins], values


def _usable(values: Vector, wanted: NDArray[np.bool_]) -> tuple[Vector, NDArray[np.bool_]]:
    bins = wanted & (np.count_nonzero(~np.isnan(values), axis=0) >= 2)
    values = values[:, bins]
    return values[~np.isnan(values).all(axis=1)], bins


def _as_repeats(signal: Read, repeats: Repeats) -> Vector:
    if signal.form == "array" and np.ndim(repeats) != 1:
        array = signal.trials[0].T[:, :, np.newaxis]
    elif signal.form == "array":
        raise ValueError(
            f"repeats have shape {np.shape(repeats)}: expected (T, repeats), "
            "(repeats, T, channels), or a list of arrays (T_i, channels)"
        )
    else:
        array = _padded(signal.trials)
    if array.shape[0] < 2:
        raise ValueError(
            f"repeats have {array.shape[0]} repeat of {array.shape[1]} time bins: signal and noise "
            "are told apart by two or more"
        )
    _refuse_infinite(array, "repeats")
    return array


def _padded(repeats: Sequence[Vector]) -> Vector:
    longest = max(len(one) for one in repeats)
    array = np.full((len(repeats), longest, repeats[0].shape[1]), np.nan)
    for index, one in enumerate(repeats):
        array[index, : len(one)] = one
    return array


def _refuse_infinite(array: Vector, name: str) -> None:
    if np.isinf(array).any():
        place = tuple(int(i) for i in np.argwhere(np.isinf(array))[0])
        axes = ("repeat", "time", "channel")[-array.ndim :]
        where = ", ".join(f"{axis} {i}" for axis, i in zip(axes, place, strict=True))
        raise ValueError(f"{name}: infinite at {where}: put NaN where a value is missing")


def _misfit(prediction: Vector, array: Vector, signal: Read) -> str:
    n_repeats, n_bins, n_channels = array.shape
    text = (
        f"prediction has {prediction.shape[0]} time bins and {_channels(prediction.shape[1])}, and "
        f"each of the {n_repeats} repeats {n_bins} and {_channels(n_channels)}"
    )
    if prediction.shape[0] == n_repeats and signal.form != "list":
        if signal.form == "array":
            return f"{text}; an array of two axes is (T, repeats): did you mean repeats.T?"
        return (
            f"{text}; an array of three axes is (repeats, T, channels): "
            "did you mean repeats.swapaxes(0, 1)?"
        )
    if prediction.shape[0] != n_bins:
        return f"{text}; the prediction must be as long as the longest repeat"
    return f"{text}; the channels must be the same"


def _channels(n: int) -> str:
    return f"{n} channel" if n == 1 else f"{n} channels"
