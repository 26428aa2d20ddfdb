"""Every keyword's derivatives, by every parameter and input, against central differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.layers.base import KernelLayer, Work, strided

from .cases import Case, all_cases

CASES = all_cases()
STEP = 1e-6
RTOL = 1e-6


def run(layer: KernelLayer, values, inputs, starts) -> Work:
    """Give the arrays of a forward pass."""
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


def derivatives(layer: KernelLayer, values, inputs, starts, d_out, wanted=True):
    """Give the derivatives of sum(out * d_out) by the inputs and by each parameter."""
    work = run(layer, values, inputs, starts)
    work.d_out = d_out.copy()
    work.d_inputs = tuple(np.empty_like(x) if wanted else None for x in inputs)
    work.d_weights = tuple(np.zeros_like(w) for w in work.weights)
    layer.vjp(work)
    return work.d_inputs, layer.prepare_vjp(values, work.weights, work.d_weights)


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


def signals(case: Case, rng, n_times):
    """Draw signals that keep away from the corners that rectifiers have at 0."""
    inputs = case.inputs(rng, n_times, low=0.1)
    return [x * rng.choice([-1, 1], x.shape) for x in inputs]


def check(case: Case, lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = case.build(seed)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    inputs, values = signals(case, rng, starts[-1]), values_of(layer)
    d_out = rng.normal(size=run(layer, values, inputs, starts).out.shape)

    def value():
        return float(np.sum(run(layer, values, inputs, starts).out * d_out))

    d_inputs, d_values = derivatives(layer, values, inputs, starts, d_out)
    for x, dx in zip(inputs, d_inputs, strict=True):
        expected = differences(value, x)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(dx, expected, rtol=RTOL, atol=RTOL * scale + 1e-8)
    for name, d_value in d_values.items():
        expected = differences(value, values[name])
        scale = np.abs(expected).max()
        np.testing.assert_allclose(d_value, expected, rtol=RTOL, atol=RTOL * scale + 1e-8)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives(case):
    check(case, [17], seed=1)


@settings(deadline=None, max_examples=100)
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
    layer = case.build()
    edges = np.concatenate([[0], np.cumsum([6, 1, 9])]).astype(np.int64)
    out_edges = strided(edges, layer.stride)
    inputs, values = case.inputs(rng, edges[-1]), values_of(layer)
    together = run(layer, values, inputs, edges).out
    d_out = rng.normal(size=together.shape)
    d_inputs, _ = derivatives(layer, values, inputs, edges, d_out)
    ranges = zip(itertools.pairwise(edges), itertools.pairwise(out_edges), strict=True)
    for (start, stop), (out_start, out_stop) in ranges:
        alone = [np.ascontiguousarray(x[..., start:stop]) for x in inputs]
        its_own = np.array([0, stop - start])
        np.testing.assert_array_equal(
            run(layer, values, alone, its_own).out, together[..., out_start:out_stop]
        )
        d_its_own = np.ascontiguousarray(d_out[..., out_start:out_stop])
        d_alone, _ = derivatives(layer, values, alone, its_own, d_its_own)
        for dx, d in zip(d_inputs, d_alone, strict=True):
            np.testing.assert_allclose(d, dx[..., start:stop], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_unwanted_input_derivative_is_left_out(case):
    rng = np.random.default_rng(3)
    layer = case.build()
    inputs, starts, values = case.inputs(rng, 12, low=0.1), np.array([0, 12]), values_of(layer)
    d_out = rng.normal(size=run(layer, values, inputs, starts).out.shape)
    _, wanted = derivatives(layer, values, inputs, starts, d_out)
    _, got = derivatives(layer, values, inputs, starts, d_out, wanted=False)
    for name in wanted:
        np.testing.assert_allclose(got[name], wanted[name], rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_memory_and_lookahead_are_what_they_say(case):
    layer = case.build()
    if layer.memory is None or layer.stride > 1:
        return
    rng = np.random.default_rng(5)
    values, n_times, at = values_of(layer), 40, 20
    inputs, starts = case.inputs(rng, n_times), np.array([0, n_times])
    before = run(layer, values, inputs, starts).out.copy()
    for x in inputs:
        x[..., at] += 0.5
    changed = run(layer, values, inputs, starts).out != before
    places = np.flatnonzero(changed.reshape(-1, n_times).any(axis=0))
    if places.size:
        assert at - layer.lookahead <= places.min()
        assert places.max() <= at + layer.memory


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32_agrees(case):
    layer = case.build()
    inputs = [np.moveaxis(x, -1, 0) for x in case.inputs(np.random.default_rng(4), 40)]
    exact = layer.evaluate(*inputs)
    single = layer.evaluate(*(x.astype(np.float32) for x in inputs))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, exact, rtol=2e-4, atol=2e-5 * np.abs(exact).max())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_wrong_channels_are_refused(case):
    layer = case.build()
    if layer.signature.join is None:
        with pytest.raises(ValueError, match="takes"):
            layer.evaluate(*(np.zeros((10, *(n + 7 for n in each))) for each in case.takes))
    with pytest.raises(ValueError, match="takes"):
        layer.evaluate(*(np.zeros((10, *each, 1, 1)) for each in case.takes))


def test_every_keyword_is_covered():
    assert {case.head for case in CASES} == set(catalogue())
