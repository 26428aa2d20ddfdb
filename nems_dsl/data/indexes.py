"""Indexes of two signals: the same, the same in another order, or different."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

#: Times that differ by less than this share of a step are the same.
_ROUNDING = 1e-3


def find_order(first: Sequence[Hashable] | np.ndarray, other: Any) -> np.ndarray | None:
    """Find where each label of the first index stands in the other.

    Parameters
    ----------
    first, other : (n,) array or sequence of labels
        Numbers, dates, durations or other labels.

    Returns
    -------
    (n,) array of int, or None
        None where the two are the same already.

    Raises
    ------
    ValueError
        They hold different labels, or one of them twice; says how many are missing.

    Examples
    --------
    >>> find_order([0.1, 0.2, 0.3], [0.3, 0.1, 0.2])
    array([1, 2, 0])
    >>> find_order(["a", "b"], ["a", "b"])
    >>> find_order([1, 2, 3, 4], [3, 4, 5, 6])
    Traceback (most recent call last):
    ...
    ValueError: 2 of 4 labels of the first are missing in the second, such as 1, and ...
    """
    ours, theirs = _as_index(first), _as_index(other)
    if ours.dtype.kind == "O" or theirs.dtype.kind == "O":
        return _find_labels(ours.tolist(), theirs.tolist())
    if ours.dtype.kind != theirs.dtype.kind:
        raise ValueError(
            f"the labels of the first are {_NOUNS[ours.dtype.kind]}, those of the second "
            f"{_NOUNS[theirs.dtype.kind]}"
        )
    if np.array_equal(ours, theirs, equal_nan=True):
        return None
    tolerance = _find_tolerance(ours)
    if len(ours) == len(theirs) and _are_close(ours, theirs, tolerance):
        return None
    by_ours, by_theirs = np.argsort(ours, kind="stable"), np.argsort(theirs, kind="stable")
    if len(ours) == len(theirs) and _are_close(ours[by_ours], theirs[by_theirs], tolerance):
        repeated = np.flatnonzero(np.diff(ours[by_ours]) == np.zeros(1, np.diff(ours).dtype))
        if len(repeated):
            _refuse_repeated(ours[by_ours][repeated[0]])
        order = np.empty(len(ours), dtype=int)
        order[by_ours] = by_theirs
        return order
    missing = ~_are_among(ours, theirs[by_theirs], tolerance)
    extra = ~_are_among(theirs, ours[by_ours], tolerance)
    _refuse_different(ours[missing], len(ours), theirs[extra])
    return None


def is_same(first: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two indexes are the same, label by label."""
    if len(first) != len(other):
        return False
    try:
        return find_order(first, other) is None
    except ValueError:
        return False


# ---- helpers ---------------------------------------------------------------------------------

_NOUNS = {"f": "numbers", "M": "dates", "m": "durations"}


def _as_index(labels: Any) -> np.ndarray:
    if not isinstance(labels, np.ndarray):
        array = np.empty(len(labels), dtype=object)
        array[:] = list(labels)
        kinds = {type(label) for label in array}
        labels = np.array(labels) if kinds and kinds <= {int, float} else array
    if labels.dtype.kind in "iuf":
        return labels.astype(np.float64)
    if labels.dtype.kind == "M":
        return labels.astype("datetime64[ns]")
    if labels.dtype.kind == "m":
        return labels.astype("timedelta64[ns]")
    return labels.astype(object)


def _find_tolerance(labels: np.ndarray) -> Any:
    """Return a small share of the typical step."""
    steps = np.abs(np.diff(labels))
    if not len(steps):
        return np.zeros(1, np.abs(labels - labels).dtype)[0]
    numbers = steps.astype(np.float64)
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    share = _ROUNDING * float(np.median(numbers)) if len(numbers) else 0.0
    return share if steps.dtype.kind == "f" else np.timedelta64(int(share), "ns")


def _are_close(ours: np.ndarray, theirs: np.ndarray, tolerance: Any) -> bool:
    return bool((np.abs(ours - theirs) <= tolerance).all())


def _are_among(labels: np.ndarray, ordered: np.ndarray, tolerance: Any) -> np.ndarray:
    place = np.searchsorted(ordered, labels)
    below, above = ordered[np.maximum(place - 1, 0)], ordered[np.minimum(place, len(ordered) - 1)]
    return (np.abs(labels - below) <= tolerance) | (np.abs(labels - above) <= tolerance)


def _find_labels(ours: list[Hashable], theirs: list[Hashable]) -> np.ndarray | None:
    if ours == theirs:
        return None
    places: dict[Hashable, int] = {}
    for place, label in enumerate(theirs):
        places.setdefault(label, place)
    known = set(ours)
    missing = [label for label in ours if label not in places]
    extra = [label for label in theirs if label not in known]
    if missing or extra:
        _refuse_different(missing, len(ours), extra)
    for labels in (ours, theirs):
        if len(set(labels)) < len(labels):
            _refuse_repeated(next(label for label in labels if labels.count(label) > 1))
    return np.array([places[label] for label in ours])


def _refuse_repeated(label: Any) -> None:
    raise ValueError(
        f"they are in another order, and hold {_show(label)} more than once, so that nothing "
        "tells which belongs to which"
    )


def _refuse_different(
    missing: Sequence[Any] | np.ndarray, n_labels: int, extra: Sequence[Any] | np.ndarray
) -> None:
    if not len(missing):
        only = f", such as {_show(extra[0])}" if len(extra) else ""
        raise ValueError(f"{len(extra)} labels are only in the second{only}")
    also = f", and {len(extra)} are only there" if len(extra) else ""
    raise ValueError(
        f"{len(missing)} of {n_labels} labels of the first are missing in the second, such as "
        f"{_show(missing[0])}{also}"
    )


def _show(label: Any) -> str:
    return f"{label:g}" if isinstance(label, float) else str(label)
