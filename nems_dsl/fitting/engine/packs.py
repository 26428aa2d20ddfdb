"""Cutting data into packs: stretches of time that stay in the processor's cache.

A pack holds one or more segments, one after the other along time: whole short trials, or parts
of long ones. A part begins with a halo, the past bins that the model needs; there the target is
NaN, which leaves it out of the loss.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...graph.reach import Reach

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
        """Number of bins of the inputs, halos included."""
        return int(self.starts[-1])


class Segment(NamedTuple):
    """A stretch of a trial: of its bins from `first` to `last` those from `start` to `stop` count.

    The others are the halos that the model needs to know.
    """

    trial: int
    first: int
    start: int
    stop: int
    last: int


@dataclass(frozen=True)
class InputPack:
    """A pack without its target.

    Attributes
    ----------
    inputs, starts
        As those of a `Pack`.
    group : tuple of Segment
        The stretches of the data that it holds, in order.
    stride : int
        Bins of the inputs to one of the target.
    """

    inputs: dict[str, np.ndarray]
    starts: np.ndarray
    group: tuple[Segment, ...]
    stride: int


def make_packs(
    inputs: Mapping[str, Sequence[np.ndarray]],
    target: Sequence[np.ndarray],
    reach: Reach,
    widest: int,
    dtype: np.dtype,
) -> list[Pack]:
    """Cut trials into packs.

    Parameters
    ----------
    inputs : mapping of str to list of (T_i, channels) arrays
    target : list of (T_i, channels) arrays
    reach : Reach
        What the output depends on; without bounds, or with a stride, every trial stays whole.
    widest : int
        Rows of the widest signal along the chain.
    dtype : dtype
        Of the arrays in the packs.
    """
    return add_targets(make_input_packs(inputs, reach, widest, dtype), target, dtype)


def make_input_packs(
    inputs: Mapping[str, Sequence[np.ndarray]], reach: Reach, widest: int, dtype: np.dtype
) -> list[InputPack]:
    """Cut the inputs into packs, which any number of targets can share; see `make_packs`."""
    packs: list[InputPack] = []
    group: list[Segment] = []
    n_bins = 0
    fitting = PACK_BYTES // (dtype.itemsize * widest)
    longest = min(max(fitting, SHORTEST_PACK), LONGEST_PACK)
    longest = max(longest, _HALOS_PER_SEGMENT * ((reach.past or 0) + reach.future))
    lengths = [len(trial) for trial in next(iter(inputs.values()))]
    for segment in _segments(lengths, reach, longest):
        length = segment.last - segment.first
        if group and n_bins + length > longest:
            packs.append(_input_pack(inputs, group, reach.stride, dtype))
            group, n_bins = [], 0
        group.append(segment)
        n_bins += length
    packs.append(_input_pack(inputs, group, reach.stride, dtype))
    return packs


def add_targets(
    packs: Sequence[InputPack], target: Sequence[np.ndarray], dtype: np.dtype
) -> list[Pack]:
    """Give the packs of a target; the arrays of the inputs are not copied.

    Packs in which no sample of the target is there tell nothing, and are left out.

    Parameters
    ----------
    packs : sequence of InputPack
    target : list of (T_i, channels) arrays
    dtype : dtype
        Of the target in the packs.
    """
    found = []
    for pack in packs:
        parts = [_target_of(target[each.trial], each, pack.stride) for each in pack.group]
        beside = _side_by_side(parts, dtype)
        if not np.isnan(beside).all():
            found.append(Pack(pack.inputs, beside, pack.starts))
    return found


def _segments(lengths: list[int], reach: Reach, longest: int) -> Iterator[Segment]:
    """Cut trials into segments, in order."""
    for trial, length in enumerate(lengths):
        if reach.past is None or reach.stride > 1 or length <= longest:
            yield Segment(trial, 0, 0, length, length)
            continue
        n_parts = -(-length // (longest - reach.past - reach.future))
        edges = [length * part // n_parts for part in range(n_parts + 1)]
        for start, stop in itertools.pairwise(edges):
            first, last = max(0, start - reach.past), min(length, stop + reach.future)
            yield Segment(trial, first, start, stop, last)


def _input_pack(
    inputs: Mapping[str, Sequence[np.ndarray]], group: list[Segment], stride: int, dtype: np.dtype
) -> InputPack:
    starts = np.concatenate([[0], np.cumsum([each.last - each.first for each in group])])
    signals = {
        name: _side_by_side([t[e.trial][e.first : e.last] for e in group], dtype)
        for name, t in inputs.items()
    }
    return InputPack(signals, starts.astype(np.int64), tuple(group), stride)


def _target_of(target: np.ndarray, segment: Segment, stride: int) -> np.ndarray:
    """Give the target of a segment, NaN in the halos."""
    if stride > 1:
        return target
    part = target[segment.first : segment.last].copy()
    part[: segment.start - segment.first] = np.nan
    part[segment.stop - segment.first :] = np.nan
    return part


def _side_by_side(parts: list[np.ndarray], dtype: np.dtype) -> np.ndarray:
    """Put (T_i, channels) arrays one after the other, time last."""
    out = np.empty((*parts[0].shape[1:], sum(map(len, parts))), dtype)
    at = 0
    for part in parts:
        out[..., at : at + len(part)] = np.moveaxis(part, 0, -1)
        at += len(part)
    return out
