"""A state beside the stimulus: the shorter way to give the signals that a model reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .trials import STIMULUS, Data

STATE = "state"


def with_state(x: Data, state: Any = None) -> Data:
    """Return a model's input with a state in it.

    Parameters
    ----------
    x : array, list or dict
        The stimulus, or signals by name.
    state : array or list, optional
        Without one, `x` is returned as it is.

    Raises
    ------
    ValueError
        `x` has a state already.

    Examples
    --------
    >>> with_state([[1.0], [2.0]], state=[[0.5], [0.5]])
    {'stim': [[1.0], [2.0]], 'state': [[0.5], [0.5]]}
    """
    if state is None:
        return x
    if not isinstance(x, Mapping):
        return {STIMULUS: x, STATE: state}
    if STATE in x:
        raise ValueError("the state is given twice: by x['state'] and by state=; give it once")
    return {**x, STATE: state}
