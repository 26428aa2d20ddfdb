"""Every keyword's derivatives, by every parameter and by the input, against central differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl.layers.base import KernelLayer, Work

from .cases import Case, all_cases

CASES = all_cases()
STEP = 1e-6
RTOL = 1e-6


def run(layer: KernelLayer, values, x, starts):
    """Give the arrays of a forward pass."""
    weights = layer.prepare(values)
    n_times = x.shape[-1]
    out = np.empty((*layer.output_shape(x.shape[:-1]), n_times), x.dtype)
    scratch = tuple(
        np.empty((*shape, n_times), x.dtype) for shape in layer.scratch_shapes(x.shape[:-1])
    )
    work = Work((x,), out, starts, scratch, weights)
    layer.forward(work)
    return work


def derivatives(layer: KernelLayer, values, x, starts, d_out):
    """Give the derivatives of sum(out * d_out) by the input and by each parameter."""
    work = run(layer, values, x, starts)
    work.d_out, work.d_inputs = d_out.copy(), (np.empty_like(x),)
    work.d_weights = tuple(np.zeros_like(w) for w in work.weights)
    layer.vjp(work)
    return work.d_inputs[0], layer.prepare_vjp(values, work.weights, work.d_weights)


def values_of(layer: KernelLayer, dtype=float):
    return {name: p.values.astype(dtype) for name, p in layer.parameters.items()}


def differences(function, array):
    """Give central differences of a scalar function by every entry of an array."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + STEP
        above = function()
        array[index] = kept - STEP
        below = function()
        array[index] = kept
        gradient[index] = (above - below) / (2 * STEP)
    return gradient


def check(case: Case, lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = case.build(seed)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    # kept away from the corners that rectifiers have at 0
    x = rng.choice([-1, 1], (*case.takes, starts[-1])) * rng.uniform(
        0.1, 2, (*case.takes, starts[-1])
    )
    values = values_of(layer)
    d_out = rng.normal(size=run(layer, values, x, starts).out.shape)

    def value():
        return float(np.sum(run(layer, values, x, starts).out * d_out))

    dx, d_values = derivatives(layer, values, x, starts, d_out)
    expected = differences(value, x)
    np.testing.assert_allclose(dx, expected, rtol=RTOL, atol=RTOL * np.abs(expected).max())
    for name, d_value in d_values.items():
        expected = differences(value, values[name])
        scale = np.abs(expected).max()
        np.testing.assert_allclose(d_value, expected, rtol=RTOL, atol=RTOL * scale + 1e-8)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives(case):
    check(case, [17], seed=1)


@settings(deadline=None, max_examples=60)
@given(
    case=st.sampled_from(CASES),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_derivatives_over_trials(case, lengths, seed):
    check(case, lengths, seed)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_trials_do_not_leak(case):
    rng = np.random.default_rng(2)
    layer, lengths = case.build(), [6, 1, 9]
    edges = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    x = rng.uniform(0, 1, (*case.takes, edges[-1]))
    values = values_of(layer)
    together = run(layer, values, x, edges).out
    d_out = rng.normal(size=together.shape)
    dx, _ = derivatives(layer, values, x, edges, d_out)
    for start, stop in itertools.pairwise(edges):
        alone = np.ascontiguousarray(x[..., start:stop])
        its_own = np.array([0, stop - start])
        np.testing.assert_array_equal(
            run(layer, values, alone, its_own).out, together[..., start:stop]
        )
        d_alone, _ = derivatives(
            layer, values, alone, its_own, np.ascontiguousarray(d_out[..., start:stop])
        )
        np.testing.assert_allclose(d_alone, dx[..., start:stop], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_unwanted_input_derivative_is_left_out(case):
    rng = np.random.default_rng(3)
    layer = case.build()
    x = rng.uniform(0.1, 1, (*case.takes, 12))
    starts, values = np.array([0, 12]), values_of(layer)
    work = run(layer, values, x, starts)
    d_out = rng.normal(size=work.out.shape)
    _, wanted = derivatives(layer, values, x, starts, d_out)
    work.d_out, work.d_inputs = d_out, (None,)
    work.d_weights = tuple(np.zeros_like(w) for w in work.weights)
    layer.vjp(work)
    got = layer.prepare_vjp(values, work.weights, work.d_weights)
    for name in wanted:
        np.testing.assert_allclose(got[name], wanted[name], rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32_agrees(case):
    rng = np.random.default_rng(4)
    layer = case.build()
    x = rng.uniform(0, 1, (40, *case.takes))
    exact, single = layer.evaluate(x), layer.evaluate(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, exact, rtol=2e-4, atol=2e-5 * np.abs(exact).max())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_wrong_channels_are_refused(case):
    layer = case.build()
    wrong = np.zeros((10, *(n + 7 for n in case.takes)))
    with pytest.raises(ValueError, match="takes"):
        layer.evaluate(wrong)
    with pytest.raises(ValueError, match="takes"):
        layer.evaluate(np.zeros((10, *case.takes, 1, 1)))


def test_every_keyword_is_covered():
    from nems_dsl.compiler.catalogue import catalogue

    assert {case.head for case in CASES} == set(catalogue())
    assert len({str(case) for case in CASES}) == len(CASES)
