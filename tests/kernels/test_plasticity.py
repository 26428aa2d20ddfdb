import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.kernels.plasticity import crosstalk, stp
from nems_dsl.kernels.plasticity_vjp import crosstalk_vjp, stp_vjp

from . import slow
from .checks import (
    SHAPES,
    assert_close,
    assert_gradients,
    randoms,
    reference_arrays,
    reference_cases,
    time_last,
)

VARIANTS = pytest.mark.parametrize(
    "euler, from_rest", [(False, False), (False, True), (True, False), (True, True)]
)


def evaluate(x, u, tau, starts=None, drive=None, euler=False, from_rest=False):
    starts = np.array([0, x.shape[1]]) if starts is None else starts
    y, depletion, decay = (np.full_like(x, np.nan) for _ in range(3))
    drive = x if drive is None else drive
    stp(u, tau, drive, x, y, depletion, decay, starts, euler, from_rest)
    return y


def gradients(x, u, tau, dy, start=0, starts=None, euler=False, from_rest=False):
    starts = np.array([0, x.shape[1]]) if starts is None else starts
    y, depletion, decay, dx = (np.full_like(x, np.nan) for _ in range(4))
    du, dtau = np.full_like(u, start), np.full_like(tau, start)
    stp(u, tau, x, x, y, depletion, decay, starts, euler, from_rest)
    kept = depletion, decay
    stp_vjp(u, tau, x, x, *kept, dy, dx, du, dtau, starts, euler, from_rest, True)
    return dx, du, dtau


def euler_steps(x, u, tau, lead_in):
    """Give the output of Euler's rule in terms of what is left, not of what is gone."""
    x = np.maximum(x, 0)
    padded = np.concatenate([np.repeat(x[:, :1], lead_in, axis=1), x], axis=1)
    left = np.ones_like(padded)
    for c, t in itertools.product(range(x.shape[0]), range(1, padded.shape[1])):
        before, now = left[c, t - 1], padded[c, t - 1]
        left[c, t] = before + 1 / tau[c] - before * (1 / tau[c] + u[c] * now)
        left[c, t] = max(left[c, t], 0) if u[c] > 0 else min(left[c, t], 5)
    return (padded * left)[:, lead_in:]


def trapezoid_from_rest(x, u, tau):
    y = np.empty_like(x)
    for c in range(x.shape[0]):
        before = depletion = 0.0
        for t, now in enumerate(np.maximum(x[c], 0)):
            y[c, t] = now * (1 - depletion)
            w = np.exp(-(1 / tau[c] + u[c] * (before + now) / 2))
            depletion = w * (depletion + u[c] * before / 2) + u[c] * now / 2
            before = now
    return y


@SHAPES
@given(
    n_channels=st.integers(1, 4),
    n_bins=st.integers(1, 40),
    seed=st.integers(0, 1000),
    mean=st.floats(-1, 2),
)
def test_forward_and_gradients(n_channels, n_bins, seed, mean):
    x, dy = randoms(*[(n_channels, n_bins)] * 2, seed=seed)
    x = x + mean
    # Differences know no corner: keep away from it.
    x[np.abs(x) < 1e-4] = 0.1
    generator = np.random.default_rng(seed)
    u, tau = generator.uniform(-0.002, 0.2, n_channels), generator.uniform(2, 100, n_channels)
    assert_close(evaluate(x, u, tau), slow.plasticity(x, u, tau))
    assert_gradients(evaluate, [x, u, tau], gradients(x, u, tau, dy), dy)


def test_facilitation_is_exact_too():
    x, dy = randoms((2, 30), (2, 30))
    u, tau = np.array([-0.05, -0.2]), np.array([8.0, 2.0])
    assert_close(evaluate(x, u, tau), slow.plasticity(x, u, tau))
    assert_gradients(evaluate, [x, u, tau], gradients(x, u, tau, dy), dy)


@VARIANTS
@SHAPES
@given(n_bins=st.integers(1, 40), seed=st.integers(0, 1000), mean=st.floats(-1, 2))
def test_rules_and_starts(euler, from_rest, n_bins, seed, mean):
    x, dy = randoms((3, n_bins), (3, n_bins), seed=seed)
    x = x + mean
    x[np.abs(x) < 1e-4] = 0.1
    u, tau = np.array([0.15, -0.01, 0.01]), np.array([3.0, 12.0, 60.0])
    how = {"euler": euler, "from_rest": from_rest}
    if euler:
        expected = euler_steps(x, u, tau, 0 if from_rest else 100)
    else:
        expected = trapezoid_from_rest(x, u, tau) if from_rest else slow.plasticity(x, u, tau)
    assert_close(evaluate(x, u, tau, **how), expected)
    actual = gradients(x, u, tau, dy, **how)
    assert_gradients(lambda *a: evaluate(*a, **how), [x, u, tau], actual, dy)


@VARIANTS
def test_strong_facilitation_is_held_and_its_gradient_is_exact(euler, from_rest):
    x, dy = randoms((2, 300), (2, 300))
    x = np.abs(x) + 0.01
    x[:, 0] = 0.02
    u, tau = np.array([-0.1, -0.3]), np.array([40.0, 15.0])
    how = {"euler": euler, "from_rest": from_rest}
    gain = evaluate(x, u, tau, **how) / x
    assert gain.min() > 0.99 and np.isclose(gain.max(axis=1), 5).all()
    if euler:
        assert_close(gain * x, euler_steps(x, u, tau, 0 if from_rest else 100))
    actual = gradients(x, u, tau, dy, **how)
    assert_gradients(lambda *a: evaluate(*a, **how), [x, u, tau], actual, dy, rtol=1e-6)


def test_strong_depression_by_eulers_rule_is_held_at_nothing():
    x, dy = randoms((1, 60), (1, 60))
    x = np.abs(x) * 20 + 0.5
    u, tau = np.array([0.15]), np.array([10.0])
    y = evaluate(x, u, tau, euler=True)
    assert y.min() == 0 and (y > 0).any()
    assert_close(y, euler_steps(x, u, tau, 100))
    actual = gradients(x, u, tau, dy, euler=True)
    assert_gradients(lambda *a: evaluate(*a, euler=True), [x, u, tau], actual, dy, rtol=1e-6)


@VARIANTS
@pytest.mark.parametrize("n_banks", [1, 2])
def test_crosstalk(euler, from_rest, n_banks):
    x, dy = randoms((4, 30), (4, 30))
    starts = np.array([0, 0, 13, 30])
    u, tau = np.array([0.15, -0.02, 0.01, 0.1]), np.array([3.0, 12.0, 60.0, 5.0])

    def with_drive(x, u, tau):
        drive, y, depletion, decay = (np.empty_like(x) for _ in range(4))
        crosstalk(x, drive[:n_banks])
        stp(u, tau, drive[:n_banks], x, y, depletion, decay, starts, euler, from_rest)
        return y, drive[:n_banks], depletion, decay

    y, drive, *kept = with_drive(x, u, tau)
    means = np.maximum(x, 0).reshape(-1, n_banks, 30).mean(axis=0)
    assert_close(drive, means)
    rows = np.tile(means, (4 // n_banks, 1))
    assert_close(y, evaluate(x, u, tau, starts, rows, euler, from_rest))
    dx, du, dtau = np.empty_like(x), np.zeros(4), np.zeros(4)
    stp_vjp(u, tau, drive, x, *kept, dy, dx, du, dtau, starts, euler, from_rest, False)
    crosstalk_vjp(x, kept[0], dy, dx, drive, starts, from_rest and not euler)
    assert_gradients(lambda *a: with_drive(*a)[0], [x, u, tau], (dx, du, dtau), dy)


def test_no_strength_passes_the_positive_input():
    (x,) = randoms((1, 30))
    assert np.array_equal(evaluate(x, np.zeros(1), np.full(1, 5.0)), np.maximum(x, 0))


def test_negative_input_has_value_and_gradient_zero():
    x, dy = randoms((1, 50), (1, 50))
    u, tau = np.full(1, 0.1), np.full(1, 10.0)
    dx, _, _ = gradients(x, u, tau, dy)
    assert (evaluate(x, u, tau)[x <= 0] == 0).all() and (dx[x <= 0] == 0).all()


@pytest.mark.parametrize("lengths", [[7], [5, 9], [1, 1, 30], [4, 0, 6]])
def test_every_trial_starts_anew(lengths):
    starts = np.cumsum([0, *lengths])
    x, dy = randoms((2, starts[-1]), (2, starts[-1]))
    u, tau = np.array([0.1, 0.2]), np.array([10.0, 40.0])
    trials = [slice(a, b) for a, b in itertools.pairwise(starts) if b > a]
    parts = [gradients(x[:, s].copy(), u, tau, dy[:, s].copy()) for s in trials]
    y = evaluate(x, u, tau, starts)
    assert_close(y, np.concatenate([slow.plasticity(x[:, s], u, tau) for s in trials], axis=1))
    dx, du, dtau = gradients(x, u, tau, dy, starts=starts)
    assert_close(dx, np.concatenate([part[0] for part in parts], axis=1))
    assert_close(du, sum(part[1] for part in parts))
    assert_close(dtau, sum(part[2] for part in parts))


@VARIANTS
def test_gradients_of_parameters_when_that_of_the_input_is_dropped(euler, from_rest):
    x, dy = randoms((2, 20), (2, 20))
    u, tau, starts = np.array([0.1, 0.2]), np.array([10.0, 40.0]), np.array([0, 20])
    how = euler, from_rest
    _, du, dtau = gradients(x, u, tau, dy, euler=euler, from_rest=from_rest)
    y, depletion, decay = (np.empty_like(x) for _ in range(3))
    du_alone, dtau_alone = np.zeros(2), np.zeros(2)
    stp(u, tau, x, x, y, depletion, decay, starts, *how)
    stp_vjp(u, tau, x, x, depletion, decay, dy, dy, du_alone, dtau_alone, starts, *how, True)
    assert_close(du_alone, du)
    assert_close(dtau_alone, dtau)


def test_parameter_gradients_accumulate():
    x, dy = randoms((3, 20), (3, 20))
    u, tau = np.full(3, 0.1), np.full(3, 10.0)
    (dx, du, dtau), (dx1, du1, dtau1) = gradients(x, u, tau, dy), gradients(x, u, tau, dy, start=1)
    assert_close(dx1, dx)
    assert_close(du1, du + 1)
    assert_close(dtau1, dtau + 1)


def test_float32():
    x, dy = randoms((3, 60), (3, 60), dtype=np.float32)
    u, tau = np.full(3, 0.1, np.float32), np.full(3, 10, np.float32)
    wide = [a.astype(float) for a in (x, u, tau, dy)]
    assert_close(evaluate(x, u, tau), slow.plasticity(*wide[:-1]), rtol=1e-5)
    for a, b in zip(gradients(x, u, tau, dy), gradients(*wide), strict=True):
        assert a.dtype == np.float32
        assert_close(a, b, rtol=1e-4)


@VARIANTS
@pytest.mark.parametrize("tau", [1.0, 1e6])
@pytest.mark.parametrize("level", [0.0, 1e-300, 1e-3, 50.0, 1e4, 1e100])
@pytest.mark.parametrize("u", [-0.2, 0.0, 1e-6, 0.2])
@pytest.mark.parametrize("dtype", [float, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_extreme_values_stay_finite(level, u, tau, euler, from_rest, dtype):
    level = min(level, 1e8) if dtype == np.float32 else level
    x = np.array([[level, 0.0, level, level, -level, level] * 30], dtype)
    u, tau = np.array([u], dtype), np.array([tau], dtype)
    how = {"euler": euler, "from_rest": from_rest}
    assert np.isfinite(evaluate(x, u, tau, **how)).all()
    for gradient in gradients(x, u, tau, np.ones_like(x), **how):
        assert np.isfinite(gradient).all()


def test_nan_stays_nan():
    x = np.ones((1, 20))
    x[0, 12] = np.nan
    y = evaluate(x, np.full(1, 0.1), np.full(1, 10.0))
    assert np.isnan(y[0, 12:]).all() and np.isfinite(y[0, :12]).all()


@reference_cases("layers_stp", lambda case: case["keyword_is_complete"])
def test_against_reference(case):
    x, parameters, expected = reference_arrays("layers_stp", case)
    shape = x.shape[1:]
    # The reference takes tau in units of 100 bins.
    u, tau = (np.broadcast_to(parameters[name], shape).ravel().copy() for name in ("u", "tau"))
    y = evaluate(time_last(x), u, 100 * tau)
    np.testing.assert_allclose(y.T, expected.reshape(x.shape[0], -1), rtol=1e-10, atol=1e-13)
