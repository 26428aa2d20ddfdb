"""Whether derivatives that a layer carries forward are right; a curvature is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..layers.base import FreeParameter, KernelLayer, Tangents, flat
from .cases import Case
from .running import edges, run, values_of

Values = Mapping[str, np.ndarray]

_N_TIMES = 17
_N_ENTRIES = 3
_STEPS = (1e-6, 1e-7, 1e-5)
# what layers carry forward may be differences themselves, which is enough for a curvature
_RTOL = 1e-4


def check_tangents(
    case: Case, lengths: Sequence[int] = (_N_TIMES,), seed: int = 8, rtol: float = _RTOL
) -> None:
    """Check derivatives carried forward, by parameters and of inputs, against differences."""
    layer = case.build(seed)
    if not isinstance(layer, KernelLayer):
        return
    rng = np.random.default_rng(seed)
    starts = edges(*lengths)
    inputs, values = case.signals(rng, int(starts[-1])), values_of(layer)
    work = run(layer, values, inputs, starts)
    n_entries = 0
    free = []
    for name, value in values.items():
        low, high = layer.parameters[name].bound_arrays()
        free.append(FreeParameter(name, n_entries, low, high))
        n_entries += value.size
    found = _dense(layer.parameter_tangents(work, values, free), n_entries, work.out)
    for each in free:
        for entry in range(values[each.name].size):
            direction = np.zeros(values[each.name].shape)
            direction.flat[entry] = 1
            _compare(
                found[each.start + entry],
                [
                    _slope(layer, values, (each.name, direction), inputs, starts, step)
                    for step in _STEPS
                ],
                f"the derivative by {each.name} carried forward",
                rtol,
            )
    for number, x in enumerate(inputs):
        incoming = _drawn_tangents(rng, flat(x))
        found = _dense([layer.input_tangents(work, number, incoming)], _N_ENTRIES, work.out)
        for entry, direction in enumerate(_dense([incoming], _N_ENTRIES, x)):
            shaped = direction.reshape(x.shape)
            _compare(
                found[entry],
                [
                    _input_slope(layer, values, inputs, (number, shaped), starts, step)
                    for step in _STEPS
                ],
                f"the derivative of input {number} carried forward",
                rtol,
            )


def _drawn_tangents(rng: np.random.Generator, x: np.ndarray) -> Tangents:
    """Draw derivatives of some rows: several entries with several rows, and some of them shared."""
    places = [(e, row) for e in range(_N_ENTRIES) for row in range(len(x)) if e != row]
    if not places:
        places = [(0, 0)]
    entries, rows = np.array(places).T
    return Tangents(entries, rows, rng.normal(size=(len(places), x.shape[1])))


def _dense(parts: Sequence[Tangents], n_entries: int, like: np.ndarray) -> np.ndarray:
    """Give (n_entries, rows, T); what was not listed is 0."""
    rows = flat(like)
    dense = np.zeros((n_entries, *rows.shape))
    for part in parts:
        assert part.values.dtype == like.dtype, "derivatives are not of the data's precision"
        np.add.at(dense, (part.entries, part.rows), part.values)
    return dense


def _slope(
    layer: KernelLayer,
    values: Values,
    moving: tuple[str, np.ndarray],
    inputs: Sequence[np.ndarray],
    starts: np.ndarray,
    step: float,
) -> np.ndarray:
    """Give the change of the output along a direction of one parameter."""
    name, direction = moving
    up, down = (
        flat(run(layer, {**values, name: values[name] + s * direction}, inputs, starts).out).copy()
        for s in (step, -step)
    )
    return (up - down) / (2 * step)


def _input_slope(
    layer: KernelLayer,
    values: Values,
    inputs: Sequence[np.ndarray],
    moving: tuple[int, np.ndarray],
    starts: np.ndarray,
    step: float,
) -> np.ndarray:
    """Give the change of the output along a direction of one input."""
    number, direction = moving
    ends = []
    for s in (step, -step):
        moved = list(inputs)
        moved[number] = inputs[number] + s * direction
        ends.append(flat(run(layer, values, moved, starts).out).copy())
    return (ends[0] - ends[1]) / (2 * step)


def _compare(found: np.ndarray, slopes: Sequence[np.ndarray], what: str, rtol: float) -> None:
    # a sharp bend wants a shorter step and rounding a longer one; the tolerance stays what it is
    wrong = np.ones(found.shape, bool)
    size = max(np.abs(slopes[0]).max(initial=0), 1.0)
    for slope in slopes:
        wrong &= ~(np.abs(found - slope) <= rtol * np.abs(slope) + rtol * size)
    assert not wrong.any(), (
        f"{what} is wrong: {found[wrong][0]:.8g}, and by central differences "
        f"{slopes[0][wrong][0]:.8g}"
    )
