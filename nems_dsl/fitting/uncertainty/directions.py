"""Directions in which parameters move and the prediction does not, in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ..engine.vector import ParameterVector, Slot

_NOTHING = 1e-4


def name_directions(vector: ParameterVector, null: np.ndarray) -> tuple[str, ...]:
    """Say which parameters make up for each other.

    Parameters
    ----------
    vector : ParameterVector
    null : (n, k) array
        An orthonormal basis of the directions.

    Returns
    -------
    tuple of str
        Of the fewest parameters that share a direction first: those alone, then pairs.
    """
    n_left = null.shape[1]
    taking = [
        slot
        for slot in vector.slots
        if np.abs(null[slot.start : slot.stop]).max(initial=0) > _NOTHING
    ]
    said: list[str] = []
    for group in _groups(taking):
        if n_left <= 0:
            break
        n_alone = _count_within(null, group)
        # those of its members alone, and of its pairs, have been told
        known = sum(
            _count_within(null, part)
            for size in range(1, len(group))
            for part in itertools.combinations(group, size)
        )
        if n_alone > known:
            said.append(_say(vector, group, n_alone - known))
            n_left -= n_alone - known
    if n_left > 0:
        said.append(_say(vector, taking, n_left))
    return tuple(said)


def _groups(slots: Sequence[Slot]) -> Iterator[Sequence[Slot]]:
    for size in (1, 2):
        yield from itertools.combinations(slots, size)


def _count_within(null: np.ndarray, group: Sequence[Slot]) -> int:
    """Count directions of the null space in which nothing moves but the parameters of a group."""
    inside = np.zeros(len(null), bool)
    for slot in group:
        inside[slot.start : slot.stop] = True
    outside = null[~inside]
    if not outside.size:
        return null.shape[1]
    return int(np.sum(np.linalg.eigvalsh(outside.T @ outside) < _NOTHING**2))


def _say(vector: ParameterVector, group: Sequence[Slot], n_directions: int) -> str:
    labels = list(dict.fromkeys(f"{vector.layers[slot.layer].label}.{slot.name}" for slot in group))
    joined = " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))
    plural = "s" if n_directions > 1 else ""
    return f"{joined} ({n_directions} direction{plural})"
