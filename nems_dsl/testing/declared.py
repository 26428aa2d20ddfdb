"""Whether what a layer declares of itself is true, and its derivatives carried forward are right.

Searches rely on both: a start from data takes a layer that says so to be linear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..layers.base import Arrays, FreeParameter, KernelLayer, Tangents, flat
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


def check_declared(case: Case) -> None:
    """Check that a layer is linear, or leaves channels alone, where it says so."""
    layer = case.build()
    if not isinstance(layer, KernelLayer):
        return
    rng = np.random.default_rng(9)
    probe = _Probe(case, layer, rng)
    probe.check_linear()
    probe.check_weights()
    probe.check_channels(rng)
    probe.check_parameters()


class _Probe:
    """A layer with two sets of inputs and two of parameters."""

    def __init__(self, case: Case, layer: KernelLayer, rng: np.random.Generator):
        self.layer = layer
        self.x, self.other_x = case.inputs(rng, _N_TIMES), case.inputs(rng, _N_TIMES)
        self.values, self.other_values = values_of(layer), values_of(case.build(1))
        self.starts = edges(_N_TIMES)

    def out(self, inputs: Sequence[np.ndarray], values: Values | None = None) -> np.ndarray:
        values = self.values if values is None else values
        return flat(run(self.layer, values, inputs, self.starts).out).copy()

    def check_linear(self) -> None:
        layer = self.layer
        if layer.is_linear:
            assert layer.is_affine, "is_linear, but not is_affine"
            nothing = self.out([np.zeros_like(x) for x in self.x])
            assert not nothing.any(), "is_linear, but it gives something for an input of 0"
        if layer.is_affine:
            between = self.out([(a + b) / 2 for a, b in zip(self.x, self.other_x, strict=True)])
            _same(
                between,
                (self.out(self.x) + self.out(self.other_x)) / 2,
                "is_affine or is_linear, but it is not linear in its inputs",
            )

    def check_weights(self) -> None:
        layer = self.layer
        if not layer.is_linear_in_weights:
            return
        one, other = (layer.prepare(each) for each in (self.values, self.other_values))
        between = tuple((a + b) / 2 for a, b in zip(one, other, strict=True))
        _same(
            self._with_weights(between),
            (self._with_weights(one) + self._with_weights(other)) / 2,
            "is_linear_in_weights, but it is not linear in what prepare gives",
        )
        nothing = self._with_weights(tuple(np.zeros_like(each) for each in one))
        assert not nothing.any(), "is_linear_in_weights, but without weights it gives something"

    def _with_weights(self, weights: Arrays) -> np.ndarray:
        work = run(self.layer, self.values, self.x, self.starts)
        work.weights = weights
        self.layer.forward(work)
        return flat(work.out).copy()

    def check_channels(self, rng: np.random.Generator) -> None:
        if not self.layer.is_channelwise:
            return
        before = self.out(self.x)
        row = int(rng.integers(len(before)))
        others = np.arange(len(before)) != row
        for number, x in enumerate(self.x):
            assert len(flat(x)) == len(before), (
                "is_channelwise, but inputs and output do not have as many channels"
            )
            moved = [each.copy() for each in self.x]
            flat(moved[number])[row] = flat(self.other_x[number])[row]
            same = np.array_equal(self.out(moved)[others], before[others])
            assert same, f"is_channelwise, but input {number} bears on other channels"
        for name, value in self.values.items():
            assert value.size == len(before), (
                f"is_channelwise, but {name} has {value.size} entries for {len(before)} channels"
            )
            changed = value.copy()
            changed.flat[row] = self.other_values[name].flat[row]
            out = self.out(self.x, {**self.values, name: changed})
            same = np.array_equal(out[others], before[others])
            assert same, f"is_channelwise, but an entry of {name} bears on other channels"

    def check_parameters(self) -> None:
        layer, values, x = self.layer, self.values, self.x
        linear, additive = layer.linear_parameters(), layer.additive_parameters()
        _named(layer, (*linear, *additive), "linear_parameters and additive_parameters")
        assert set(additive) <= set(linear), "additive_parameters are not all linear_parameters"
        moved = {**values, **{name: self.other_values[name] for name in linear}}
        between = {name: (values[name] + moved[name]) / 2 for name in values}
        _same(
            self.out(x, between),
            (self.out(x, values) + self.out(x, moved)) / 2,
            f"linear_parameters gives {linear}, but the output is not linear in them",
        )
        added = {**values, **{name: self.other_values[name] for name in additive}}
        _same(
            self.out(x, added) - self.out(x),
            self.out(self.other_x, added) - self.out(self.other_x),
            f"additive_parameters gives {additive}, but they act on the inputs",
        )
        gain = layer.gain()
        if gain is not None:
            _named(layer, (gain,), "gain")
            scaled = {name: 2 * values[name] for name in (gain, *additive)}
            doubled = self.out(x, {**values, **scaled})
            _same(doubled, 2 * self.out(x), f"gain gives {gain!r}, but does not scale the output")


def _named(layer: KernelLayer, names: Sequence[str], what: str) -> None:
    unknown = set(names) - set(layer.parameters)
    assert not unknown, f"{what}: there is no parameter {', '.join(map(repr, sorted(unknown)))}"


def _same(found: np.ndarray, expected: np.ndarray, message: str) -> None:
    size = np.abs(expected).max(initial=0)
    np.testing.assert_allclose(
        found, expected, rtol=1e-9, atol=1e-11 + 1e-11 * size, err_msg=message
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
