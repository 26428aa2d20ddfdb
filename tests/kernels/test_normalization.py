import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.kernels import normalization

from .checks import SHAPES, assert_close, assert_gradients, randoms


def divide(y, starts):
    out, sd = y.copy(), np.full_like(y, np.nan)
    normalization.divide_by_sd(out, sd, starts)
    return out, sd


def edges(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@SHAPES
@given(lengths=st.lists(st.integers(3, 30), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_division_and_gradient(lengths, seed):
    starts = edges(lengths)
    y, d = randoms((3, starts[-1]), (3, starts[-1]), seed=seed)
    out, sd = divide(y, starts)
    expected = [trial / trial.std(axis=1, keepdims=True) for trial in np.split(y, starts[1:-1], 1)]
    assert_close(out, np.concatenate(expected, axis=1))
    found = d.copy()
    normalization.divide_by_sd_vjp(out, sd, found, starts)
    assert_gradients(lambda y: divide(y, starts)[0], [y], [found], d, rtol=1e-6)


@pytest.mark.parametrize("n_bins", [1, 2, 7, 64, 1001])
@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e10 / 3, 1e300])
def test_what_is_constant_stays(n_bins, value):
    y, starts = np.full((2, n_bins), value), edges([n_bins])
    out, sd = divide(y, starts)
    np.testing.assert_array_equal(out, y)
    d = np.arange(2.0 * n_bins).reshape(2, n_bins)
    found = d.copy()
    normalization.divide_by_sd_vjp(out, sd, found, starts)
    np.testing.assert_array_equal(found, d)


@pytest.mark.parametrize("dtype", [float, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_rounding_errors_are_not_blown_up(dtype):
    y = (3 + np.finfo(dtype).eps * np.arange(-4, 5)[None]).astype(dtype)
    out, _ = divide(y, edges([9]))
    np.testing.assert_array_equal(out, y)


@pytest.mark.parametrize("dtype", [float, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_a_large_mean_costs_no_digits(dtype):
    y = (1e4 + randoms((1, 500))[0]).astype(dtype)
    out, _ = divide(y, edges([500]))
    # float32 holds the quotients themselves to 1e-3
    np.testing.assert_allclose(out.astype(float).std(), 1, rtol=1e-9 if dtype is float else 1e-3)
