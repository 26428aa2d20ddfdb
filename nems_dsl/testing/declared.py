"""Whether the facts that a layer declares are true, and whether it declares all that are.

Searches rely on them. A start from data takes a layer that says so to be linear; and one that is,
but does not say so, is searched for in many times the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ..layers.base import Arrays, KernelLayer, flat
from .cases import Case
from .running import edges, run, values_of

Values = Mapping[str, np.ndarray]

_N_TIMES = 17
# what is left out is looked for in more bins, and further away, so that no corner stays unseen
_MANY_TIMES, _FAR = 60, 2.0
_N_PROBES = 3
# how far an output near the identity may be from the input, relative to it, and in which units
_NEAR, _UNITS = 0.5, (0.3, 1.0)


def check_declared(case: Case) -> None:
    """Check that the facts of a layer are true, and that it leaves out none that is.

    Those that are asked for are whether it is channelwise (of one input), linear or affine, linear
    in parameters or in weights; and, where nothing else lets a start from data pass through it,
    near the identity.
    """
    layer = case.build()
    if not isinstance(layer, KernelLayer):
        return
    rng = np.random.default_rng(9)
    probe = _Probe(layer, case.inputs(rng, _N_TIMES), case.inputs(rng, _N_TIMES))
    probe.other_values = values_of(case.build(1))
    facts = layer.facts
    if facts.linear:
        _true("linear", probe.why_not_linear())
    if facts.affine:
        _true("affine", probe.why_not_affine())
    if facts.linear_in_weights:
        _true("linear_in_weights", probe.why_not_linear_in_weights())
    if facts.channelwise:
        _true("channelwise", probe.why_not_channelwise())
    probe.check_parameters()
    missing = ", ".join(_undeclared(case, layer))
    assert not missing, f"true, but not declared: say {missing} in its facts"


def _undeclared(case: Case, layer: KernelLayer) -> Iterator[str]:
    facts = layer.facts
    probes = [_far_probe(case, layer, np.random.default_rng(seed)) for seed in range(_N_PROBES)]

    def holds(why_not: Callable[[_Probe], str]) -> bool:
        return not any(why_not(probe) for probe in probes)

    is_affine = facts.affine or holds(_Probe.why_not_affine)
    if is_affine and not facts.linear and holds(_Probe.why_not_linear):
        yield "linear=True"
    elif is_affine and not facts.affine:
        yield "affine=True"
    # what is affine needs it not, and signals of several inputs may be spread over each other
    is_channelwise = facts.channelwise
    if not (is_affine or is_channelwise) and len(case.takes) == 1 and probes[0].n_rows > 1:
        is_channelwise = holds(_Probe.why_not_channelwise)
        if is_channelwise:
            yield "channelwise=True"
    if not (facts.linear_in_weights or is_channelwise) and holds(_Probe.why_not_linear_in_weights):
        yield "linear_in_weights=True"
    linear_in = facts.linear_in
    for name in probes[0].values:
        if name in linear_in or not all(probe.feels(name) for probe in probes):
            continue
        if not any(probe.why_not_linear_in((*linear_in, name)) for probe in probes):
            linear_in = (*linear_in, name)
    if linear_in != facts.linear_in:
        yield f"linear_in={linear_in}"
    passes = is_affine or (is_channelwise and layer.memory == 0)
    if not (facts.near_identity or passes) and is_near_identity(case):
        yield "near_identity=True"


def _far_probe(case: Case, layer: KernelLayer, rng: np.random.Generator) -> _Probe:
    """Give a probe whose inputs and parameters are far from each other, and of either sign."""
    x, other_x = (case.inputs(rng, _MANY_TIMES, low=case.domain[0]) for _ in range(2))
    probe = _Probe(layer, x, other_x)
    for name, value in probe.values.items():
        moved = value + rng.normal(0, _FAR, value.shape)
        probe.other_values[name] = np.clip(moved, *layer.parameters[name].bound_arrays())
    return probe


def is_near_identity(case: Case) -> bool:
    """Tell whether a layer gives about its first input, in two units, where its parameters start.

    The first channel of a state is the constant that gains begin with.
    """
    layer = case.make()
    states = () if layer.signature is None else layer.signature.signals
    if len(case.takes) > 1 + len(states):
        return False
    for unit in _UNITS:
        inputs = case.inputs(np.random.default_rng(0), 200)
        inputs[0] *= unit
        for state in inputs[1:]:
            state[0] = 1.0
        out = run(layer, values_of(layer), inputs, edges(200)).out
        if out.shape != inputs[0].shape:
            return False
        if np.linalg.norm(out - inputs[0]) > _NEAR * np.linalg.norm(inputs[0]):
            return False
    return True


class _Probe:
    """A layer with two sets of inputs and two of parameters; each measure says why not."""

    def __init__(self, layer: KernelLayer, x: Sequence[np.ndarray], other_x: Sequence[np.ndarray]):
        self.layer, self.x, self.other_x = layer, x, other_x
        self.values = values_of(layer)
        self.other_values = dict(self.values)
        self.starts = edges(x[0].shape[-1])

    def out(self, inputs: Sequence[np.ndarray], values: Values | None = None) -> np.ndarray:
        values = self.values if values is None else values
        return flat(run(self.layer, values, inputs, self.starts).out).copy()

    @property
    def n_rows(self) -> int:
        return len(self.out(self.x))

    def feels(self, name: str) -> bool:
        """Tell whether the output changes with a parameter, other things being equal."""
        moved = {**self.values, name: self.other_values[name]}
        return not _same(self.out(self.x, moved), self.out(self.x))

    def why_not_linear(self) -> str:
        if self.out([np.zeros_like(x) for x in self.x]).any():
            return "it gives something for an input of 0"
        return self.why_not_affine()

    def why_not_affine(self) -> str:
        between = self.out([(a + b) / 2 for a, b in zip(self.x, self.other_x, strict=True)])
        mean = (self.out(self.x) + self.out(self.other_x)) / 2
        return "" if _same(between, mean) else "it is not linear in its inputs"

    def why_not_linear_in_weights(self) -> str:
        one, other = (self.layer.prepare(each) for each in (self.values, self.other_values))
        if self._with_weights(tuple(np.zeros_like(each) for each in one)).any():
            return "without weights it gives something"
        between = tuple((a + b) / 2 for a, b in zip(one, other, strict=True))
        mean = (self._with_weights(one) + self._with_weights(other)) / 2
        is_linear = _same(self._with_weights(between), mean)
        return "" if is_linear else "it is not linear in what prepare gives"

    def _with_weights(self, weights: Arrays) -> np.ndarray:
        work = run(self.layer, self.values, self.x, self.starts)
        work.weights = weights
        self.layer.forward(work)
        return flat(work.out).copy()

    def why_not_channelwise(self) -> str:
        before = self.out(self.x)
        if any(len(flat(x)) != len(before) for x in self.x):
            return "inputs and output do not have as many channels"
        for name, value in self.values.items():
            if value.size != len(before):
                return f"{name} has {value.size} entries for {len(before)} channels"
        for row in range(len(before)):
            others = np.arange(len(before)) != row
            for what, moved in self._moved(row):
                if not np.array_equal(moved[others], before[others]):
                    return f"{what} bears on other channels"
        return ""

    def _moved(self, row: int) -> Iterator[tuple[str, np.ndarray]]:
        """Give the output where one row of an input, or one entry of a parameter, is another."""
        for number in range(len(self.x)):
            yield f"input {number}", self._moved_input(number, row)
        for name in self.values:
            yield f"an entry of {name}", self._moved_entry(name, row)

    def _moved_input(self, number: int, row: int) -> np.ndarray:
        moved = [each.copy() for each in self.x]
        flat(moved[number])[row] = flat(self.other_x[number])[row]
        return self.out(moved)

    def _moved_entry(self, name: str, row: int) -> np.ndarray:
        changed = self.values[name].copy()
        changed.flat[row] = self.other_values[name].flat[row]
        return self.out(self.x, {**self.values, name: changed})

    def why_not_linear_in(self, names: Sequence[str]) -> str:
        moved = {**self.values, **{name: self.other_values[name] for name in names}}
        between = {name: (value + moved[name]) / 2 for name, value in self.values.items()}
        mean = (self.out(self.x) + self.out(self.x, moved)) / 2
        return "" if _same(self.out(self.x, between), mean) else "the output is not linear in them"

    def check_parameters(self) -> None:
        facts, values, x = self.layer.facts, self.values, self.x
        self._check_named("linear_in and additive", (*facts.linear_in, *facts.additive))
        assert set(facts.additive) <= set(facts.linear_in), "additive is not all in linear_in"
        _true(f"linear_in={facts.linear_in}", self.why_not_linear_in(facts.linear_in))
        added = {**values, **{name: self.other_values[name] for name in facts.additive}}
        change, other_change = (
            self.out(each, added) - self.out(each) for each in (x, self.other_x)
        )
        is_added = _same(change, other_change)
        _true(f"additive={facts.additive}", "" if is_added else "they act on the inputs")
        if facts.gain is None:
            return
        self._check_named("gain", (facts.gain,))
        scaled = {name: 2 * values[name] for name in (facts.gain, *facts.additive)}
        is_gain = _same(self.out(x, {**values, **scaled}), 2 * self.out(x))
        _true(f"gain={facts.gain!r}", "" if is_gain else "it does not scale the output")

    def _check_named(self, what: str, names: Sequence[str]) -> None:
        unknown = ", ".join(map(repr, sorted(set(names) - set(self.values))))
        assert not unknown, f"{what}: there is no parameter {unknown}"


def _true(what: str, why_not: str) -> None:
    assert not why_not, f"declared, but not true: {what}, for {why_not}"


def _same(found: np.ndarray, expected: np.ndarray) -> bool:
    size = np.abs(expected).max(initial=0)
    return np.allclose(found, expected, rtol=1e-9, atol=1e-11 + 1e-11 * size)
