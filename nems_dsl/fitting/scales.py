"""Pointing out data whose units starting values are not made for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._warn import warn_user
from ..data.trials import in_pieces
from ..errors import NemsWarning
from ..graph.skeleton import find_skeleton
from ..graph.wiring import Node

# starting values suit signals of about 1; far from there a unit may start out dead or saturated
_LARGEST, _SMALLEST = 30.0, 0.003
_FROM_DATA = ("auto", "data", "staged")


class ScaleWarning(NemsWarning):
    """Data of such a size that a fit from the usual start may end far from the best."""


def warn_of_start(
    nodes: Sequence[Node],
    needed: Sequence[int],
    init: Any,
    inputs: Mapping[str, Sequence[np.ndarray]],
    target: Sequence[np.ndarray],
    whose: str = "the target",
) -> None:
    """Warn of data in units that a fit of a model does not start well from.

    A start that is derived from data is the same in all units, but for that of layers such as
    `stp`, which start from values that suit inputs of about 1. So does every layer of a model for
    which there is no such start.

    Parameters
    ----------
    nodes : sequence of Node
    needed : sequence of int
        Places of the layers that the prediction depends on, in order.
    init : str or Model
        As for `Model.fit`. Where a model stands is not for this function to judge.
    inputs, target, whose
        As for `warn_of_scales`.
    """
    if init == "model" or not isinstance(init, str):
        return
    if init not in _FROM_DATA or find_skeleton(nodes, needed) is None:
        warn_of_scales(inputs, target, whose)
    elif any(nodes[place].layer.facts.near_identity for place in needed):
        warn_of_scales(inputs, [], whose)


def warn_of_scales(
    inputs: Mapping[str, Sequence[np.ndarray]],
    target: Sequence[np.ndarray],
    whose: str = "the target",
) -> None:
    """Warn where the size of a signal, or the spread of the target, is far from 1.

    Parameters
    ----------
    inputs : mapping of str to list of (T_i, channels) arrays
    target : list of (T_i, channels) arrays
        NaN is left out. May be empty.
    whose : str
        What to call the target.
    """
    for name, trials in inputs.items():
        power = sum(float(np.sum(piece**2)) for piece in in_pieces(trials))
        size = math.sqrt(power / sum(trial.size for trial in trials))
        _warn(f"the input {name!r} has a root mean square of", size)
    n = sum(int(np.count_nonzero(~np.isnan(piece))) for piece in in_pieces(target))
    if n:
        mean = sum(float(np.nansum(piece)) for piece in in_pieces(target)) / n
        squares = sum(float(np.nansum((piece - mean) ** 2)) for piece in in_pieces(target))
        _warn(f"{whose} has a standard deviation of", math.sqrt(squares / n))


def _warn(what: str, size: float) -> None:
    # a signal that is 0 throughout has no units
    if size > _LARGEST or 0 < size < _SMALLEST:
        warn_user(
            f"{what} {size:.3g}; fits start from values that suit signals of about 1, and may end "
            "far from the best otherwise: scale it",
            ScaleWarning,
        )
