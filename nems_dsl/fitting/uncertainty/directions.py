"""Directions in which parameters move and the prediction does not, in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from ..engine.vector import ParameterVector, Slot

_NOTHING = 1e-4
_LARGEST_GROUP, _MOST_SLOTS = 4, 10


def name_directions(
    vector: ParameterVector, names: Sequence[str], null: np.ndarray
) -> tuple[str, ...]:
    """Say which parameters make up for each other.

    Parameters
    ----------
    vector : ParameterVector
    names : sequence of str
        What the layers are called, in order.
    null : (n, k) array
        An orthonormal basis of the directions.

    Returns
    -------
    tuple of str
        Of the fewest parameters that share a direction first: those alone, then pairs.
    """
    n_directions = null.shape[1]
    taking = [
        slot
        for slot in vector.slots
        if np.abs(null[slot.start : slot.stop]).max(initial=0) > _NOTHING
    ]
    said: list[str] = []
    told = np.zeros((n_directions, 0))
    for group in (*_groups(taking), taking):
        if told.shape[1] == n_directions:
            break
        within = _directions_within(null, group)
        # what fewer of them do has been told
        new = _span(within - told @ (told.T @ within))
        if new.shape[1]:
            said.append(_say(names, group, new.shape[1]))
            told = np.concatenate([told, new], axis=1)
    return tuple(said)


def _groups(slots: Sequence[Slot]) -> Iterator[Sequence[Slot]]:
    largest = _LARGEST_GROUP if len(slots) <= _MOST_SLOTS else 2
    for size in range(1, largest + 1):
        # of those that could be named, the ones nearest to the output
        yield from (group[::-1] for group in itertools.combinations(slots[::-1], size))


def _directions_within(null: np.ndarray, group: Sequence[Slot]) -> np.ndarray:
    """Return the directions in which only a group moves, in coordinates of the basis, (k, m)."""
    inside = np.zeros(len(null), bool)
    for slot in group:
        inside[slot.start : slot.stop] = True
    outside = null[~inside]
    values, vectors = np.linalg.eigh(outside.T @ outside)
    return np.asarray(vectors[:, values < _NOTHING**2])


def _span(directions: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of what the columns span."""
    vectors, sizes, _ = np.linalg.svd(directions, full_matrices=False)
    return np.asarray(vectors[:, sizes > _NOTHING])


def _say(names: Sequence[str], group: Sequence[Slot], n_directions: int) -> str:
    labels = [f"{names[slot.layer]}.{slot.name}" for slot in group]
    joined = " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))
    plural = "s" if n_directions > 1 else ""
    return f"{joined} ({n_directions} direction{plural})"
