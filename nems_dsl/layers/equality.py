"""Whether two layers, or what they are made of, are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

_WIRING = ("input", "output")


def same_layer(one: Any, other: Any, *, wiring: bool = True) -> bool:
    """Tell whether two layers have the same class, name, sizes, options and parameters.

    Parameters
    ----------
    one, other : Layer
    wiring : bool
        Compare also which signals they read, and what their outputs are called.
    """
    if type(one) is not type(other):
        return False
    mine, its = one.__getstate__(), other.__getstate__()
    for state in (mine, its):
        for key in _WIRING:
            given = state.pop(key, None)
            if wiring:
                state[key] = [given] if key == "input" and isinstance(given, str) else given
    return same_value(mine, its)


def same_value(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, arrays and what contains them included.

    Examples
    --------
    >>> same_value({"a": [np.ones(2)]}, {"a": (np.ones(2),)})
    True
    """
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        nan = all(array.dtype.kind in "fc" for array in (one, other))
        return bool(np.array_equal(one, other, equal_nan=nan))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    return bool(one == other)
