"""Forward derivatives: how every value of a signal changes with every free parameter.

A gradient needs derivatives backwards only. The curvature of a sum of squares needs the Jacobian,
which is carried forward, one row of a signal at a time: most parameters bear on few rows.

What is not linear is differentiated by central differences, of one layer alone and in one
direction at a time. That is accurate enough for a curvature, which shapes the steps of a search
but does not decide where they end: that is for the gradient, which is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .arena import empty
from .facts import Facts
from .work import Arrays, Work, flat


class Carrier(Protocol):
    """What these derivatives need of a layer of kernels."""

    @property
    def facts(self) -> Facts:
        """What may be known of the layer."""

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        """Turn parameters into weights."""

    def forward(self, work: Work) -> None:
        """Write the output."""


@dataclass(frozen=True)
class Tangents:
    """Derivatives of rows of a signal by free parameters; those not listed are 0.

    Attributes
    ----------
    entries : (n,) int array
        Which free parameter, counted along the vector of them all.
    rows : (n,) int array
        Which row of the signal, banks flat.
    values : (n, T) array
    """

    entries: np.ndarray
    rows: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class FreeParameter:
    """A parameter that a fit moves: its values, bounds, and place in the vector of them all."""

    name: str
    start: int
    low: np.ndarray
    high: np.ndarray


def join(parts: Sequence[Tangents]) -> Tangents:
    """Put tangents together, adding those of the same entry and row."""
    if len(parts) == 1:
        (whole,) = parts
    else:
        whole = Tangents(
            np.concatenate([part.entries for part in parts]),
            np.concatenate([part.rows for part in parts]),
            _stacked([part.values for part in parts]),
        )
    keys = whole.entries * (int(whole.rows.max(initial=0)) + 1) + whole.rows
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(unique) == len(keys):
        return whole
    values = np.zeros((len(unique), whole.values.shape[1]), whole.values.dtype)
    for place, row in zip(inverse, whole.values, strict=True):
        values[place] += row
    return Tangents(whole.entries[first], whole.rows[first], values)


def _stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    n_rows = sum(len(part) for part in parts)
    whole = empty((n_rows, parts[0].shape[1]), parts[0].dtype)
    return np.concatenate(parts, out=whole)


def scaled(tangents: Tangents, factors: np.ndarray) -> Tangents:
    """Multiply each by the factors of its row, (rows, T)."""
    values = empty(tangents.values.shape, tangents.values.dtype)
    for source, row, target in zip(tangents.values, tangents.rows, values, strict=True):
        np.multiply(source, factors[row], out=target)
    return Tangents(tangents.entries, tangents.rows, values)


def of_parameters(
    layer: Carrier,
    work: Work,
    values: Mapping[str, np.ndarray],
    free: Sequence[FreeParameter],
) -> list[Tangents]:
    """Give the derivatives of the output by the layer's own parameters."""
    found = []
    for parameter in free:
        whole = np.asarray(values[parameter.name], dtype=float)
        for places in _together(layer, whole.size):
            up, down = whole.ravel().copy(), whole.ravel().copy()
            step = _step(work.out.dtype) * np.maximum(1.0, np.abs(up[places]))
            up[places] = np.minimum(up[places] + step, parameter.high.ravel()[places])
            down[places] = np.maximum(down[places] - step, parameter.low.ravel()[places])
            span = (up - down)[places]
            if not span.all():
                continue
            pair = [
                _prepared(layer, values, parameter.name, moved.reshape(whole.shape))
                for moved in (up, down)
            ]
            entries = parameter.start + places
            if layer.facts.channelwise:
                change = _divided(_difference(layer, work, pair), span[:, None])
                found.append(Tangents(entries, places, change))
                continue
            if layer.facts.linear_in_weights:
                slope = tuple(_divided(a - b, span[0]) for a, b in zip(*pair, strict=True))
                change = run(layer, work, work.inputs, slope)
            else:
                change = _divided(_difference(layer, work, pair), span[0])
            rows = np.flatnonzero(change.any(axis=1))
            found.append(Tangents(np.repeat(entries, len(rows)), rows, change[rows]))
    return found


def of_input(layer: Carrier, work: Work, number: int, tangents: Tangents) -> Tangents:
    """Carry derivatives of one of the inputs through a layer."""
    x = work.inputs[number]
    found = []
    for places in _groups(layer, tangents):
        direction = np.zeros_like(flat(x))
        direction[tangents.rows[places]] = tangents.values[places]
        change = _directional(layer, work, number, direction.reshape(x.shape))
        if layer.facts.channelwise:
            rows = tangents.rows[places]
            found.append(Tangents(tangents.entries[places], rows, change[rows]))
            continue
        rows = np.flatnonzero(change.any(axis=1))
        entries = np.repeat(tangents.entries[places[:1]], len(rows))
        found.append(Tangents(entries, rows, change[rows]))
    return join(found)


def _step(dtype: np.dtype) -> float:
    """Give the step, relative to a value, at which rounding does as little harm as bending."""
    return float(np.cbrt(np.finfo(dtype).eps))


def _divided(change: np.ndarray, span: np.ndarray | float) -> np.ndarray:
    """Give a derivative in the precision of the change, which kernels rely on."""
    return (change / span).astype(change.dtype)


def _together(layer: Carrier, size: int) -> Iterator[np.ndarray]:
    """Give the numbers of a parameter that may move at once: those of different rows."""
    if layer.facts.channelwise:
        yield np.arange(size)
        return
    yield from (np.array([entry]) for entry in range(size))


def _groups(layer: Carrier, tangents: Tangents) -> Iterator[np.ndarray]:
    """Give the tangents that may pass at once."""
    key = tangents.rows if layer.facts.channelwise else tangents.entries
    order = np.argsort(key, kind="stable")
    _, first, counts = np.unique(key[order], return_index=True, return_counts=True)
    if not layer.facts.channelwise:
        yield from (order[a : a + n] for a, n in zip(first, counts, strict=True))
        return
    for number in range(int(counts.max(initial=0))):
        yield order[first[counts > number] + number]


def _directional(layer: Carrier, work: Work, number: int, direction: np.ndarray) -> np.ndarray:
    x = work.inputs[number]
    if layer.facts.linear:
        nothing = tuple(np.zeros_like(each) for each in work.inputs)
        return run(layer, work, _with(nothing, number, direction), work.weights)
    largest = float(np.abs(direction).max())
    if largest == 0:
        return np.zeros_like(flat(work.out))
    step = x.dtype.type(_step(x.dtype) * max(1.0, float(np.abs(x).max())) / largest)
    up = run(layer, work, _with(work.inputs, number, x + step * direction), work.weights)
    down = run(layer, work, _with(work.inputs, number, x - step * direction), work.weights)
    return (up - down) / (2 * step)


def _with(inputs: Arrays, number: int, changed: np.ndarray) -> Arrays:
    return (*inputs[:number], changed, *inputs[number + 1 :])


def _prepared(
    layer: Carrier, values: Mapping[str, np.ndarray], name: str, moved: np.ndarray
) -> Arrays:
    dtype = values[name].dtype
    return layer.prepare({**values, name: moved.astype(dtype)})


def _difference(layer: Carrier, work: Work, pair: Sequence[Arrays]) -> np.ndarray:
    up, down = (run(layer, work, work.inputs, weights) for weights in pair)
    return up - down


def run(layer: Carrier, work: Work, inputs: Arrays, weights: Arrays) -> np.ndarray:
    """Evaluate a layer elsewhere, into arrays of its own."""
    probe = replace(
        work,
        inputs=inputs,
        out=np.empty_like(work.out),
        scratch=tuple(np.empty_like(each) for each in work.scratch),
        weights=weights,
        d_out=np.empty(0),
        d_inputs=(),
        d_weights=(),
    )
    layer.forward(probe)
    return flat(probe.out)
