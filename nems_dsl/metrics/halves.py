"""The noise ceiling from the agreement of halves of the repeats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nems_dsl.metrics.pairing import Vector

# Splits are evaluated together, as many as keep the means of their halves within 8 MB.
_BLOCK = 1 << 20
_ROUNDING = 1e-12


def half_ceiling(values: Vector, n_splits: int, seed: int) -> float:
    """Give the correlation of the mean over repeats with its signal, from halves of the repeats.

    Parameters
    ----------
    values : (repeats, bins) float64
        Each bin has at least two values that are not NaN, each repeat at least one.
    n_splits : int
        At most so many splits into halves.
    seed : int

    Returns
    -------
    ceiling : float
        NaN where halves do not correlate above 0 on average.
    """
    if values.shape[1] < 2:
        return math.nan
    # A constant response is then exactly 0, however many repeats a mean is over.
    values = values - np.nanmin(values)
    first, second = half_splits(len(values), n_splits, seed)
    compare = _compare_in_blocks if np.isnan(values).any() else _compare_complete
    r, inverse = compare(values, first, second)
    met = inverse > 0  # of halves that have no bin in common, nothing is known
    agreement = float(r[met].mean()) if met.any() else math.nan
    if not agreement > 0:
        return math.nan
    # 1/r - 1 is the noise over the signal in a half; it goes with 1 / (number of repeats).
    whole = float((1 / np.count_nonzero(~np.isnan(values), axis=0)).mean())
    noise = (1 / min(agreement, 1.0) - 1) * whole / float(inverse[met].mean())
    return math.sqrt(1 / (1 + noise))


def half_splits(
    n_repeats: int, n_splits: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give splits of the repeats into halves; with an odd number, one repeat is in neither.

    Returns
    -------
    first, second : (splits, repeats) float64
        1 for the repeats in that half, 0 for the others.
    """
    half = n_repeats // 2
    n_all = math.comb(n_repeats, half) * math.comb(n_repeats - half, half) // 2
    if n_all <= n_splits:
        members = np.array(list(_every_split(n_repeats)))
    else:
        rng = np.random.default_rng(seed)
        rows = np.tile(np.arange(n_repeats), (n_splits, 1))
        members = rng.permuted(rows, axis=1)[:, : 2 * half]
    masks = np.zeros((2, len(members), n_repeats))
    np.put_along_axis(masks[0], members[:, :half], 1.0, axis=1)
    np.put_along_axis(masks[1], members[:, half:], 1.0, axis=1)
    return masks[0], masks[1]


def _every_split(n_repeats: int) -> Iterator[list[int]]:
    half = n_repeats // 2
    for members in combinations(range(n_repeats), 2 * half):
        # the first of them stays in the first half, so that no split comes twice
        for others in combinations(members[1:], half - 1):
            one = [members[0], *others]
            yield [*one, *(i for i in members if i not in one)]


def _compare_complete(values: Vector, first: Vector, second: Vector) -> Vector:
    """Do as `_compare` where nothing is missing: from the covariance of the repeats alone."""
    centred = values - values.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T
    shared = np.einsum("sn,nm,sm->s", first, covariance, second, optimize=True)
    squares = np.ones(len(first))
    for mask in (first, second):
        square = np.einsum("sn,nm,sm->s", mask, covariance, mask, optimize=True)
        # what rounding leaves of repeats that cancel, or are constant, is no variance
        constant = square <= _ROUNDING * (mask @ np.diag(covariance))
        squares *= np.where(constant, np.inf, square)
    return np.array([shared / np.sqrt(squares), 1 / first.sum(axis=1)])


def _compare_in_blocks(values: Vector, first: Vector, second: Vector) -> Vector:
    size = max(1, _BLOCK // values.shape[1])
    return np.concatenate(
        [
            _compare(values, first[start : start + size], second[start : start + size])
            for start in range(0, len(first), size)
        ],
        axis=1,
    )


def _compare(values: Vector, first: Vector, second: Vector) -> Vector:
    """Give the correlation of the halves of each split, and the mean 1 / (number of repeats)."""
    there = (~np.isnan(values)).astype(np.float64)
    filled = np.where(np.isnan(values), 0.0, values)
    counts = first @ there, second @ there
    both = (counts[0] > 0) & (counts[1] > 0)
    n_bins = np.maximum(both.sum(axis=1), 1)
    inverses, units = [], []
    for mask, count in zip((first, second), counts, strict=True):
        inverse = np.where(both, 1 / np.maximum(count, 1), 0.0)
        mean = (mask @ filled) * inverse
        constant = np.where(both, mean, -np.inf).max(axis=1) <= np.where(both, mean, np.inf).min(
            axis=1
        )
        centred = np.where(both, mean - (mean.sum(axis=1) / n_bins)[:, np.newaxis], 0.0)
        length = np.sqrt((centred**2).sum(axis=1))
        # a half that is constant has nothing in common with the other
        length[constant] = np.inf
        units.append(centred / length[:, np.newaxis])
        inverses.append(inverse.sum(axis=1) / n_bins)
    return np.array([(units[0] * units[1]).sum(axis=1), np.sqrt(inverses[0] * inverses[1])])
