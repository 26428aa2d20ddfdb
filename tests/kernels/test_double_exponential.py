"""The double exponential, whose loops are written by hand, and keep what the gradient needs."""

import numpy as np
import pytest

from nems_dsl.kernels.double_exponential import double_exponential, double_exponential_vjp

from . import slow
from .checks import (
    EXTREME_INPUTS,
    assert_close,
    assert_gradients,
    evaluate,
    gradients,
    randoms,
    reference_arrays,
    reference_cases,
    time_last,
)

SINGLE = pytest.param(np.float32, 1e-5, marks=pytest.mark.slow)
NAMES = ["base", "amplitude", "shift", "kappa"]
EXTREME_KAPPAS = [-1e300, -1e4, -700.0, 0.0, 6.5, 349.0, 351.0, 709.0, 1e4, 1e300]


def forward(x, *arguments):
    *parameters, y = arguments
    double_exponential(x, *parameters, np.empty_like(x), np.empty_like(x), y)


def vjp(x, *arguments):
    parameters, others = arguments[:4], arguments[4:]
    kept = [np.empty_like(x) for _ in range(3)]
    double_exponential(x, *parameters, *kept)
    double_exponential_vjp(x, *parameters, *kept[:2], *others)


@pytest.mark.parametrize("n_bins", [1, 7, 40])
def test_gradients(n_bins):
    x, dy, *parameters = randoms((3, n_bins), (3, n_bins), *[(3,)] * 4)
    found = gradients(vjp, x, parameters, dy)
    assert_gradients(lambda x, *p: evaluate(forward, x, p), [x, *parameters], found, dy)
    from_one = gradients(vjp, x, parameters, dy, start=1)
    for a, b in zip(from_one[1:], found[1:], strict=True):
        assert_close(a, b + 1)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-12), SINGLE])
@pytest.mark.parametrize("n_bins", [1, 7, 512, 1300])
def test_stretches_of_bins(dtype, rtol, n_bins):
    x, dy, *parameters = randoms((3, n_bins), (3, n_bins), *[(3,)] * 4, dtype=dtype)
    wide = [a.astype(float) for a in (x, *parameters)]
    assert_close(evaluate(forward, x, parameters), slow.double_exponential(*wide), rtol)
    found = gradients(vjp, x, parameters, dy)
    assert {each.dtype for each in found} == {np.dtype(dtype)}
    for each, expected in zip(
        found, gradients(vjp, wide[0], wide[1:], dy.astype(float)), strict=True
    ):
        assert_close(each, expected, rtol)


@pytest.mark.parametrize("n_bins", [1, 8, 100])
def test_arrays_may_be_shared(n_bins):
    x, dy, *parameters = randoms((3, n_bins), (3, n_bins), *[(3,)] * 4)
    expected, found = gradients(vjp, x, parameters, dy), [np.zeros(3) for _ in NAMES]
    vjp(x, *parameters, dy, dy, *found)
    for a, b in zip([dy, *found], expected, strict=True):
        assert_close(a, b)
    y = evaluate(forward, x, parameters)
    forward(x, *parameters, x)
    assert_close(x, y)


def test_nan_comes_through():
    x, parameters = np.array([[0.5, np.nan, 1.0]]), [np.full(1, 0.3) for _ in NAMES]
    for found in (
        evaluate(forward, x, parameters),
        gradients(vjp, x, parameters, np.ones_like(x))[0],
    ):
        assert np.isnan(found).tolist() == [[False, True, False]]


def test_single_precision_stays_finite_where_saturated():
    x = np.array([[-1e30, -800.0, -7.0, 90.0, 150.0, 1e30]], np.float32)
    parameters = [np.array([v], np.float32) for v in (0.0, 1.0, 0.0, 0.0)]
    assert evaluate(forward, x, parameters).tolist() == [[0, 0, 0, 1, 1, 1]]
    dx, *others = gradients(vjp, x, parameters, np.full_like(x, 1e20))
    assert dx[0, [0, 1, 4, 5]].tolist() == [0, 0, 0, 0]
    assert all(np.isfinite(each).all() for each in (dx, *others))


@pytest.mark.parametrize("kappa", EXTREME_KAPPAS)
@pytest.mark.parametrize("shift", [0.0, 1.0, -1e300])
def test_double_exponential_stays_finite(kappa, shift):
    x = np.array([EXTREME_INPUTS])
    parameters = [np.array([v]) for v in (0.5, -2.0, shift, kappa)]
    y = evaluate(forward, x, parameters)
    assert np.isfinite(y).all() and (y <= 0.5).all() and (y >= -1.5).all()
    for gradient in gradients(vjp, x, parameters, np.ones_like(x)):
        assert np.isfinite(gradient).all()


def test_double_exponential_has_gradient_zero_where_saturated():
    x = np.array([[-1e300, -800.0, 800.0, 1e300]])
    parameters = [np.array([v]) for v in (0.0, 1.0, 0.0, 0.0)]
    assert evaluate(forward, x, parameters).tolist() == [[0, 0, 1, 1]]
    dx, dbase, damplitude, dshift, dkappa = gradients(vjp, x, parameters, np.ones_like(x))
    assert dx.tolist() == [[0, 0, 0, 0]]
    assert (dbase[0], damplitude[0], dshift[0], dkappa[0]) == (4, 2, 0, 0)


def in_scope(case):
    return case["keyword_is_complete"] and (case["keyword"] or "").split(".")[0] == "dexp"


@reference_cases("layers_nonlinearity", in_scope)
def test_against_reference(case):
    x, parameters, expected = reference_arrays("layers_nonlinearity", case)
    values = [np.broadcast_to(parameters[n], expected.shape[1:]).ravel().copy() for n in NAMES]
    y = evaluate(forward, time_last(np.broadcast_to(x, expected.shape)), values)
    np.testing.assert_allclose(y.T, expected.reshape(x.shape[0], -1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("exponent", [-5, -6.6, -7, -500, -709, -1735, -1e5, -1e300, 800, 1e300])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e10, 1e200])
def test_a_saturated_double_exponential_has_no_gradient_whatever_the_error(exponent, scale):
    for n_times in (1, 4, 7, 16):
        x = np.full((1, n_times), float(exponent))
        dx, *d_parameters = np.empty_like(x), *(np.zeros(1) for _ in range(4))
        parameters = (np.zeros(1), np.full(1, -80.0), np.zeros(1), np.zeros(1))
        error = np.full_like(x, scale)
        vjp(x, *parameters, error, dx, *d_parameters)
        assert np.isfinite(dx).all()
        assert all(np.isfinite(d).all() for d in d_parameters)
        if not -6 < exponent < 700:
            assert not dx.any()
