"""Keeping a model's output above 0, as the rates of a Poisson process are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

import numpy as np

from ..graph.wiring import Node
from ..layers.base import KernelLayer, Layer
from .engine.passes import Engine
from .engine.vector import ParameterVector
from .losses import Loss

Bounds = tuple[np.ndarray, np.ndarray]

# the least that offsets and gains may be, as a share of the mean count: so far down that it does
# not show, and high enough that a count there has a finite likelihood
_LEAST_SHARE = 1e-6
_N_INPUTS = {"none": 0, "first": 1, "all": None}


def rate_bounds(
    nodes: Sequence[Node], place: int, vector: ParameterVector, bounds: Bounds, mean_count: float
) -> Bounds:
    """Give bounds of theta within which the output of a layer stays at 0 or above.

    Parameters
    ----------
    nodes : sequence of Node
    place : int
        Which of them gives the rates.
    vector : ParameterVector
    bounds : (low, high), both (n,) arrays
        What is allowed anyway.
    mean_count : float

    Returns
    -------
    (low, high), both (n,) float64 ndarrays

    Raises
    ------
    ValueError
        Nothing keeps the output at 0 or above, or a bound or a frozen value does not.
    """
    _check_last(nodes[place].layer)
    low, high = bounds[0].copy(), bounds[1]
    least = _LEAST_SHARE * mean_count
    slots = {(slot.layer, slot.name): slot for slot in vector.slots}
    for layer, name in _held(nodes, place):
        slot = slots.get((layer, name))
        parameter = vector.layers[layer].parameters[name]
        if slot is None:
            highest = parameter.values
        else:
            at = slice(slot.start, slot.stop)
            low[at], highest = np.maximum(low[at], least), high[at] - least
        if np.min(highest) < 0:
            kept = "is frozen" if slot is None else "has bounds"
            raise ValueError(
                f"the loss 'poisson' needs rates above 0, but {vector.layers[layer].label}.{name} "
                f"{kept} below 0, so that the model can go below: let it be 0 or above"
            )
    return low, high


def _check_last(layer: Layer) -> None:
    kept = layer.facts.nonnegative if isinstance(layer, KernelLayer) else None
    if kept is not None and kept.reaches_zero:
        raise ValueError(
            f"the loss 'poisson' needs rates above 0, but the output of {layer.label}, the last "
            "layer, is 0 wherever it rectifies, and no count is likely there: give it an offset, "
            "as in `relu.1.o`, or end the model in `srelu`"
        )


def _held(nodes: Sequence[Node], place: int) -> Iterator[tuple[int, str]]:
    """Give the parameters that keep a layer's output at 0 or above, by place and name."""
    layer = nodes[place].layer
    if not isinstance(layer, KernelLayer):
        # what a layer of the user's own gives is not known beforehand
        return
    kept = layer.facts.nonnegative
    if kept is None:
        raise ValueError(
            f"the loss 'poisson' needs rates above 0, but nothing keeps the output of "
            f"{layer.label} there: end the model in a nonlinearity that can be kept above 0, such "
            "as `srelu` or `dexp`, or use the loss 'nmse'"
        )
    for name in kept.parameters:
        yield place, name
    for source in nodes[place].sources[: _N_INPUTS[kept.inputs]]:
        # what comes from the data is there to be seen: a start below 0 is refused
        if source.layer is not None:
            yield from _held(nodes, source.layer)


def refuse_rates(engine: Engine, theta: np.ndarray) -> NoReturn:
    """Name the first prediction that makes a Poisson loss infinite.

    Parameters
    ----------
    engine : Engine
    theta : (n,) array
        Where some rate is negative, or 0 where the target is not.

    Raises
    ------
    ValueError
        Always: names the layer, the channel and the value, and what to do.
    """
    label = engine.nodes[engine.structure.last].layer.label
    watch = _Watch()
    engine.total(theta, watch)
    raise ValueError(
        f"the loss 'poisson' needs rates above 0, but the last layer, {label}, starts at "
        f"{watch.first} ({watch.n_wrong} such values in all): start it above 0, with an offset "
        "for example, end the model in a layer that stays there, such as `srelu`, or use the "
        "loss 'nmse'"
    )


class _Watch(Loss):
    """Looks for rates that are none, in place of a loss."""

    def __init__(self) -> None:
        self.n_wrong, self.first = 0, ""

    def add(self, prediction: np.ndarray, target: np.ndarray, d_prediction: np.ndarray) -> float:
        """Count the rates that make the loss infinite, and keep the first."""
        wrong = ((prediction < 0) & ~np.isnan(target)) | ((prediction == 0) & (target > 0))
        self.n_wrong += int(wrong.sum())
        if not self.first and wrong.any():
            channel, at = (int(i) for i in np.argwhere(wrong)[0])
            rate, count = prediction[channel, at], target[channel, at]
            self.first = f"{rate:.4g} where the target is {count:.4g}, in channel {channel}"
        return 0.0

    def finish(self, total: float) -> tuple[float, float]:
        """Give nothing to minimise."""
        return 0.0, 0.0
