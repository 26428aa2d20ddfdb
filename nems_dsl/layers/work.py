"""The arrays that a layer and its kernels pass to each other: time last, trials side by side."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Arrays = tuple[np.ndarray, ...]


@dataclass(slots=True)
class Work:
    """The arrays that a layer reads and writes in a forward and a backward pass.

    Time is the last axis and every array is contiguous: (channels, T), or (channels, bank, T).
    Several trials lie one after the other along time.

    Attributes
    ----------
    inputs : tuple of arrays
        What the layer reads.
    out : array
        What it gives; `forward` writes it.
    starts : (n_trials + 1,) int64 array
        Where each trial begins, and where the last ends.
    out_starts : (n_trials + 1,) int64 array
        The same for `out`; other than `starts` where the layer has a stride.
    scratch : tuple of arrays
        What `forward` keeps for `vjp`; their shapes are the layer's to choose.
    weights : tuple of arrays
        What `prepare` gave.
    d_out : array
        The derivative of the loss by the output; `vjp` may overwrite it.
    d_inputs : tuple of (array or None)
        The derivatives by the inputs; `vjp` writes them. None is not wanted.
    d_weights : tuple of arrays
        The derivatives by the weights; `vjp` adds to them.
    """

    inputs: Arrays
    out: np.ndarray
    starts: np.ndarray
    out_starts: np.ndarray
    scratch: Arrays = ()
    weights: Arrays = ()
    d_out: np.ndarray = field(default_factory=lambda: np.empty(0))
    d_inputs: tuple[np.ndarray | None, ...] = ()
    d_weights: Arrays = ()


def strided(starts: np.ndarray, stride: int) -> np.ndarray:
    """Give where trials begin after every `stride`-th bin of each has been kept."""
    if stride == 1:
        return starts
    return np.concatenate([[0], np.cumsum(-(-np.diff(starts) // stride))])


def flat(signal: np.ndarray) -> np.ndarray:
    """Give a signal as rows over time: (channels, bank, T) as (channels * bank, T)."""
    return signal if signal.ndim == 2 else signal.reshape(-1, signal.shape[-1])
