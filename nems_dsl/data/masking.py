"""Which samples of a target count, and how much: masks and weights of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def read_channel_weights(weights: Any, n_channels: int) -> np.ndarray | None:
    """Read how much each channel of the target counts.

    Parameters
    ----------
    weights : (n_channels,) array_like or None
    n_channels : int

    Raises
    ------
    ValueError
        Not one number of 0 or above for each channel, or all of them 0.

    Examples
    --------
    >>> print(read_channel_weights([1, 0.5], n_channels=2))
    [1.  0.5]
    """
    if weights is None:
        return None
    array = np.asarray(weights)
    if array.dtype.kind not in "biuf" or array.shape != (n_channels,):
        raise ValueError(
            "channel_weights must be one number for each channel of the target, that is of shape "
            f"({n_channels},), not of shape {array.shape} and type {array.dtype}"
        )
    array = array.astype(float)
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if wrong.size:
        raise ValueError(
            f"channel_weights must be finite, and 0 or above; that of channel {wrong[0]} is "
            f"{array[wrong[0]]:g}"
        )
    if not array.any():
        raise ValueError("channel_weights are all 0, so that nothing is left to fit")
    return array


def leave_out_channels(
    target: Sequence[np.ndarray], weights: np.ndarray | None
) -> list[np.ndarray]:
    """Return the target with NaN in channels of weight 0.

    Examples
    --------
    >>> leave_out_channels([np.ones((1, 2))], np.array([1.0, 0.0]))[0].tolist()
    [[1.0, nan]]
    """
    if weights is None or weights.all():
        return list(target)
    return [np.where(weights > 0, trial, np.nan) for trial in target]


def apply_mask(target: Sequence[np.ndarray], mask: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the target with NaN wherever it does not count.

    Parameters
    ----------
    target : sequence of (T_i, channels) arrays
    mask : sequence of (T_i, channels) or (T_i, 1) arrays
        1 where the target counts, 0 elsewhere.

    Raises
    ------
    ValueError
        The mask does not match the target, or holds other values.

    Examples
    --------
    >>> apply_mask([np.array([[1.0], [2.0]])], [np.array([[1.0], [0.0]])])[0].tolist()
    [[1.0], [nan]]
    """
    found, lengths = [len(trial) for trial in mask], [len(trial) for trial in target]
    if found != lengths or mask[0].shape[1] not in (1, target[0].shape[1]):
        raise ValueError(
            f"the mask does not match the target: {_shapes(mask)} against {_shapes(target)}; "
            "give it the shape of the target, or one value for each bin"
        )
    for number, trial in enumerate(mask):
        wrong = np.argwhere((trial != 0) & (trial != 1))
        if len(wrong):
            place = f"trial {number}, " if len(mask) > 1 else ""
            raise ValueError(
                "the mask must hold True where the target counts and False elsewhere, but it is "
                f"{trial[tuple(wrong[0])]:g} at {place}bin {wrong[0][0]}, channel {wrong[0][1]}"
            )
    return [np.where(each == 1, y, np.nan) for each, y in zip(mask, target, strict=True)]


def _shapes(trials: Sequence[np.ndarray]) -> str:
    shapes = [" x ".join(map(str, trial.shape)) for trial in trials]
    shown = ", ".join(shapes[:6]) + (", ..." if len(shapes) > 6 else "")
    return shown if len(shapes) == 1 else f"{len(shapes)} trials of {shown}"
