"""Derivatives carried forward, and what layers declare of themselves: true for every keyword.

`test_gradients` runs both checks for each case; here they are held against trials of any length,
and against layers that get it wrong.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature
from nems_dsl.layers.base import Facts, FreeParameter, KernelLayer, Parameter, Phi, Tangents
from nems_dsl.layers.tangents import join
from nems_dsl.testing import cases_of
from nems_dsl.testing.declared import check_declared
from nems_dsl.testing.running import edges, run, values_of
from nems_dsl.testing.tangents import check_tangents

from .cases import all_cases

CASES = [case for case in all_cases() if isinstance(case.make(), KernelLayer)]


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    case=st.sampled_from(CASES),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_tangents_over_trials(case, lengths, seed):
    check_tangents(case, lengths, seed)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_tangents_in_single_precision(case):
    layer = case.build(5)
    found = {}
    for dtype in (np.float64, np.float32):
        rng = np.random.default_rng(5)
        inputs = [x.astype(dtype) for x in case.signals(rng, 20)]
        values = {name: value.astype(dtype) for name, value in values_of(layer).items()}
        work = run(layer, values, inputs, edges(20))
        at, free = 0, []
        for name, value in values.items():
            free.append(FreeParameter(name, at, *layer.parameters[name].bound_arrays()))
            at += value.size
        parts = layer.parameter_tangents(work, values, free)
        for number, x in enumerate(inputs):
            rows = x.reshape(-1, 20)
            incoming = Tangents(at + np.arange(len(rows)), np.arange(len(rows)), rows.copy())
            parts.append(layer.input_tangents(work, number, incoming))
            at += len(rows)
        n_rows = int(np.prod(work.out.shape[:-1]))
        found[dtype] = np.zeros((at, n_rows, work.out.shape[-1]))
        for part in parts:
            assert part.values.dtype == dtype
            np.add.at(found[dtype], (part.entries, part.rows), part.values)
    single, double = found.values()
    size = np.abs(double).max(initial=1e-9)
    # a difference in single precision is right to a hundredth, which a curvature can do with
    assert np.quantile(np.abs(single - double), 0.99) <= 1e-2 * size


def test_what_lies_at_a_bound_is_moved_inwards_alone():
    (case,) = (c for c in cases_of(catalogue()["stp"]) if c.shape == (3,) and not c.options)
    layer = case.build()
    for parameter in layer.parameters.values():
        low, high = parameter.bound_arrays()
        parameter.values = np.where(np.isfinite(low), low, parameter.values)
    values = values_of(layer)
    work = run(layer, values, case.signals(np.random.default_rng(0), 30), edges(30))
    free, at = [], 0
    for name, value in values.items():
        low, high = layer.parameters[name].bound_arrays()
        free.append(FreeParameter(name, at, low, high))
        at += value.size
    for part in layer.parameter_tangents(work, values, free):
        assert np.isfinite(part.values).all()
    # bounds that meet leave no way to move
    pinned = [FreeParameter(f.name, f.start, values[f.name], values[f.name]) for f in free]
    assert layer.parameter_tangents(work, values, pinned) == []


def test_join_adds_what_is_of_the_same_place():
    one = Tangents(np.array([0, 1]), np.array([0, 2]), np.ones((2, 3)))
    other = Tangents(np.array([1, 0, 1]), np.array([2, 1, 0]), np.full((3, 3), 2.0))
    whole = join([one, other])
    found = {(int(e), int(r)): v[0] for e, r, v in zip(*vars(whole).values(), strict=True)}
    assert found == {(0, 0): 1.0, (1, 2): 3.0, (0, 1): 2.0, (1, 0): 2.0}
    assert join([one]) is one


# ---- layers that are wrong about themselves ------------------------------------------------------


class Twice(KernelLayer):
    """y = 2 x + shift, channel by channel."""

    signature = Signature(
        "twice", "doubles", "y = 2 x + shift", forms=POINTWISE_FORMS, flows=POINTWISE_FLOWS
    )
    memory = 0
    facts = Facts(affine=True, channelwise=True, linear_in=("shift",), additive=("shift",))

    def initial_parameters(self):
        return Phi(Parameter("shift", self.shape))

    def prepare(self, values):
        return (values["shift"],)

    def forward(self, work):
        np.add(2 * work.inputs[0], work.weights[0][..., None], out=work.out)

    def vjp(self, work):
        work.d_weights[0][...] += work.d_out.sum(axis=-1)
        if work.d_inputs[0] is not None:
            work.d_inputs[0][...] = 2 * work.d_out


class NotLinear(Twice):
    facts = replace(Twice.facts, linear=True)


class Squaring(Twice):
    def forward(self, work):
        super().forward(work)
        work.out *= work.out


class Mixing(Twice):
    def forward(self, work):
        super().forward(work)
        work.out += work.inputs[0].mean(axis=0)


class MixingParameters(Twice):
    def prepare(self, values):
        return (values["shift"] + values["shift"].sum(),)


class Bent(Twice):
    def prepare(self, values):
        return (values["shift"] ** 2,)


class Multiplied(Twice):
    facts = replace(Twice.facts, affine=False, channelwise=False)

    def forward(self, work):
        np.multiply(work.inputs[0], work.weights[0][..., None], out=work.out)


class NoGain(Twice):
    facts = replace(Twice.facts, additive=(), gain="shift")


class Misnamed(Twice):
    facts = replace(Twice.facts, linear_in=("offset", "shift"))


class NotOfWeights(Twice):
    facts = replace(Twice.facts, linear_in_weights=True)


class WrongTangents(Twice):
    def parameter_tangents(self, work, values, free):
        rows = np.arange(len(work.out))
        return [Tangents(free[0].start + rows, rows, np.full(work.out.shape, 1.01))]


class WrongInputTangents(Twice):
    def input_tangents(self, work, number, incoming):
        return incoming


def case_of(layer):
    (case,) = (c for c in cases_of(layer) if c.shape == (3,))
    return case


def test_a_layer_that_is_right_passes():
    check_declared(case_of(Twice))
    check_tangents(case_of(Twice))


@pytest.mark.parametrize(
    ("layer", "complaint"),
    [
        (NotLinear, "not true: linear, for it gives something for an input of 0"),
        (Squaring, "not true: affine, for it is not linear in its inputs"),
        (Mixing, "not true: channelwise, for input 0 bears on other channels"),
        (MixingParameters, "not true: channelwise, for an entry of shift bears on other channels"),
        (Bent, r"not true: linear_in=\('shift',\), for the output is not linear in them"),
        (Multiplied, r"not true: additive=\('shift',\), for they act on the inputs"),
        (NoGain, "not true: gain='shift', for it does not scale the output"),
        (Misnamed, "there is no parameter 'offset'"),
        (NotOfWeights, "not true: linear_in_weights, for without weights it gives something"),
    ],
)
def test_false_declarations_are_found(layer, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_declared(case_of(layer))


@pytest.mark.parametrize(
    ("layer", "complaint"),
    [
        (WrongTangents, "derivative by shift carried forward is wrong: 1.01"),
        (WrongInputTangents, "derivative of input 0 carried forward is wrong"),
    ],
)
def test_wrong_tangents_are_found(layer, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_tangents(case_of(layer))


class Silent(Twice):
    facts = Facts()


class Scaling(Twice):
    """y = x * shift, in which everything is linear."""

    facts = Facts(channelwise=True)

    def forward(self, work):
        np.multiply(work.inputs[0], work.weights[0][..., None], out=work.out)


class Bowed(Silent):
    """y = x + x ** 2 / 9, which remembers, as it says."""

    memory = None
    facts = Facts(channelwise=True, linear_in=("shift",))

    def forward(self, work):
        super().forward(work)
        np.add(work.inputs[0], work.inputs[0] ** 2 / 9, out=work.out)


class Rectifying(Silent):
    def forward(self, work):
        np.maximum(work.inputs[0] + work.weights[0][..., None], 0, out=work.out)


@pytest.mark.parametrize(
    ("layer", "missing"),
    [
        (Silent, r"affine=True, linear_in=('shift',)"),
        (Scaling, r"linear=True, linear_in=('shift',)"),
        (Bowed, r"near_identity=True"),
        (Rectifying, r"channelwise=True"),
    ],
)
def test_facts_that_are_left_out_are_found(layer, missing):
    said = re.escape(f"true, but not declared: say {missing} in its facts")
    with pytest.raises(AssertionError, match=f"^{said}$"):
        check_declared(case_of(layer))


def test_layers_that_start_near_the_identity_do():
    found = set()
    for case in CASES:
        layer = case.make()
        # an option may say that it starts elsewhere
        if not layer.facts.near_identity or {"u", "tau"} & layer.options.keys():
            continue
        found.add(case.head)
        inputs = case.inputs(np.random.default_rng(0), 200, low=0.0)
        # the first channel of a state is the constant that gains begin with
        for state in inputs[1:]:
            state[0] = 1.0
        out = run(layer, values_of(layer), inputs, edges(200)).out
        assert out.shape == inputs[0].shape, case
        r = [
            np.corrcoef(a, b)[0, 1]
            for a, b in zip(*(each.reshape(-1, 200) for each in (inputs[0], out)), strict=True)
        ]
        assert min(r) > 0.8, f"{case}: {r}"
    assert {"stp", "stategain"} <= found
