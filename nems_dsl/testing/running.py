"""Running a layer by itself, forwards and backwards, as the checks do; time is last."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..layers.base import KernelLayer, Layer, Work, strided

STEP = 1e-6

Values = Mapping[str, np.ndarray]


def run(layer: Layer, values: Values, inputs: Sequence[np.ndarray], starts: np.ndarray) -> Work:
    """Give the arrays of a forward pass; time is last."""
    if not isinstance(layer, KernelLayer):
        return _run_plain(layer, values, inputs, starts)
    weights = layer.prepare(values)
    shapes = [x.shape[:-1] for x in inputs]
    dtype, out_starts = inputs[0].dtype, strided(starts, layer.stride)
    out = np.empty((*layer.output_shape(*shapes), out_starts[-1]), dtype)
    scratch = tuple(
        np.empty((*shape, starts[-1]), dtype) for shape in layer.scratch_shapes(*shapes)
    )
    work = Work(tuple(inputs), out, starts, out_starts, scratch, weights)
    layer.forward(work)
    return work


def _run_plain(
    layer: Layer, values: Values, inputs: Sequence[np.ndarray], starts: np.ndarray
) -> Work:
    layer.set_parameter_values(values)
    trials = [
        evaluate(layer, [x[..., start:stop] for x in inputs])
        for start, stop in itertools.pairwise(starts)
    ]
    out = np.concatenate(trials, axis=-1)
    return Work(tuple(inputs), out, starts, strided(starts, layer.stride))


def evaluate(layer: Layer, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Evaluate one trial as users do, but with time last; an output of one axis is one channel."""
    trial = [np.moveaxis(x, -1, 0) for x in inputs]
    if isinstance(layer.input, Mapping):
        out = np.asarray(layer.evaluate(**dict(zip(layer.input, trial, strict=True))))
    else:
        out = np.asarray(layer.evaluate(*trial))
    return np.moveaxis(out[:, None] if out.ndim == 1 else out, 0, -1)


def derivatives(
    layer: KernelLayer,
    values: Values,
    inputs: Sequence[np.ndarray],
    starts: np.ndarray,
    d_out: np.ndarray,
    wanted: bool = True,
) -> tuple[Any, dict[str, np.ndarray]]:
    """Give the derivatives of sum(out * d_out) by the inputs and by each parameter."""
    work = run(layer, values, inputs, starts)
    work.d_out = d_out.copy()
    work.d_inputs = tuple(np.empty_like(x) if wanted else None for x in inputs)
    work.d_weights = tuple(np.zeros_like(w) for w in work.weights)
    layer.vjp(work)
    return work.d_inputs, layer.prepare_vjp(values, work.weights, work.d_weights)


def values_of(layer: Layer) -> dict[str, np.ndarray]:
    """Give copies of a layer's parameters."""
    return {name: p.values.astype(float) for name, p in layer.parameters.items()}


def differences(function: Callable[[], float], array: np.ndarray, step: float = STEP) -> np.ndarray:
    """Give central differences of a scalar function by every entry of an array."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = function()
        array[index] = kept - step
        below = function()
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def edges(*lengths: int) -> np.ndarray:
    """Give where trials of such lengths begin, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
