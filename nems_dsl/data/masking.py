"""Which samples of a target count, and how much: masks and weights of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .trials import read_signal


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


def apply_mask(
    target: Sequence[np.ndarray], mask: Any, weights: np.ndarray | None = None
) -> list[np.ndarray]:
    """Give the target with NaN wherever it does not count.

    Parameters
    ----------
    target : list of (T_i, channels) arrays
    mask : array_like, list of array_like, or None
        True, or 1, where the target counts: like the target, or without its channels.
    weights : (channels,) array, optional
        Channels of weight 0 do not count.

    Returns
    -------
    list of (T_i, channels) arrays
        Copies, unless there is nothing to mask.

    Raises
    ------
    ValueError
        The mask does not match the target, or holds other values.

    Examples
    --------
    >>> apply_mask([np.array([[1.0], [2.0]])], [True, False])[0].tolist()
    [[1.0], [nan]]
    """
    if weights is not None and not weights.all():
        target = [np.where(weights > 0, trial, np.nan) for trial in target]
    if mask is None:
        return list(target)
    used = _read_mask(mask, target)
    return [np.where(each, trial, np.nan) for each, trial in zip(used, target, strict=True)]


def _read_mask(mask: Any, target: Sequence[np.ndarray]) -> list[np.ndarray]:
    lengths = [len(trial) for trial in target]
    n_channels = target[0].shape[1]
    if len(target) > 1 and isinstance(mask, np.ndarray) and mask.ndim == 2:
        # trials of bins, and not bins of channels
        mask = mask[:, :, None]
    trials, _ = read_signal(mask, "the mask")
    found = [len(trial) for trial in trials]
    if found != lengths or trials[0].shape[1] not in (1, n_channels):
        raise ValueError(
            f"the mask does not match the target: {_shapes(trials)} against {_shapes(target)}; "
            "give it the shape of the target, or one value for each bin"
        )
    for number, trial in enumerate(trials):
        wrong = np.argwhere((trial != 0) & (trial != 1))
        if len(wrong):
            place = f"trial {number}, " if len(trials) > 1 else ""
            raise ValueError(
                "the mask must hold True where the target counts and False elsewhere, but it is "
                f"{trial[tuple(wrong[0])]:g} at {place}bin {wrong[0][0]}, channel {wrong[0][1]}"
            )
    return [trial == 1 for trial in trials]


def _shapes(trials: Sequence[np.ndarray]) -> str:
    shapes = [" x ".join(map(str, trial.shape)) for trial in trials]
    shown = ", ".join(shapes[:6]) + (", ..." if len(shapes) > 6 else "")
    return shown if len(shapes) == 1 else f"{len(shapes)} trials of {shown}"
