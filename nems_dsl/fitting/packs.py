"""Cutting data into packs: stretches of time that stay in the processor's cache.

A pack holds one or more segments, one after the other along time: whole short trials, or parts
of long ones. A part begins with a halo, the past bins that the model needs; there the target is
NaN, which leaves it out of the loss.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

# what of a pack's widest signal should fit the cache nearest to a core that is not the first
PACK_BYTES = 1 << 20
SHORTEST_PACK, LONGEST_PACK = 1024, 8192
_HALOS_PER_SEGMENT = 8


@dataclass(frozen=True)
class Pack:
    """Contiguous arrays of some stretches of the data, time last.

    Attributes
    ----------
    inputs : dict of str to (channels, L) array
    target : (channels, L) array
        NaN in halos.
    starts : (n_segments + 1,) int64 array
        Where each segment begins; last, L.
    """

    inputs: dict[str, np.ndarray]
    target: np.ndarray
    starts: np.ndarray

    @property
    def length(self) -> int:
        """Number of bins, halos included."""
        return self.target.shape[-1]


def make_packs(
    inputs: Mapping[str, list[np.ndarray]],
    target: list[np.ndarray],
    memory: int | None,
    widest: int,
    dtype: np.dtype,
) -> list[Pack]:
    """Cut trials into packs.

    Parameters
    ----------
    inputs : mapping of str to list of (T_i, channels) arrays
    target : list of (T_i, channels) arrays
    memory : int or None
        Past bins that the output depends on; None keeps every trial whole.
    widest : int
        Rows of the widest signal along the chain.
    dtype : dtype
        Of the arrays in the packs.
    """
    packs: list[Pack] = []
    group: list[tuple[int, int, int, int]] = []
    n_bins = 0
    fitting = PACK_BYTES // (dtype.itemsize * widest)
    longest = min(max(fitting, SHORTEST_PACK), LONGEST_PACK)
    longest = max(longest, _HALOS_PER_SEGMENT * (memory or 0))
    for segment in _segments([len(trial) for trial in target], memory, longest):
        length = segment[3] - segment[1]
        if group and n_bins + length > longest:
            packs.append(_pack(inputs, target, group, dtype))
            group, n_bins = [], 0
        group.append(segment)
        n_bins += length
    packs.append(_pack(inputs, target, group, dtype))
    return packs


def _segments(
    lengths: list[int], memory: int | None, longest: int
) -> Iterator[tuple[int, int, int, int]]:
    """Give (trial, first bin of the halo, first bin, end) of every segment, in order."""
    for trial, length in enumerate(lengths):
        if memory is None or length <= longest:
            yield trial, 0, 0, length
            continue
        n_parts = -(-length // (longest - memory))
        edges = [length * part // n_parts for part in range(n_parts + 1)]
        for start, end in itertools.pairwise(edges):
            yield trial, max(0, start - memory), start, end


def _pack(
    inputs: Mapping[str, list[np.ndarray]],
    target: list[np.ndarray],
    group: list[tuple[int, int, int, int]],
    dtype: np.dtype,
) -> Pack:
    lengths = [end - halo for _, halo, _, end in group]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    def gather(trials: list[np.ndarray]) -> np.ndarray:
        out = np.empty((*trials[0].shape[1:], starts[-1]), dtype)
        for (trial, halo, _, end), at in zip(group, starts[:-1], strict=True):
            out[..., at : at + end - halo] = np.moveaxis(trials[trial][halo:end], 0, -1)
        return out

    packed = gather(target)
    for (_, halo, start, _), at in zip(group, starts[:-1], strict=True):
        packed[..., at : at + start - halo] = np.nan
    return Pack({name: gather(trials) for name, trials in inputs.items()}, packed, starts)
