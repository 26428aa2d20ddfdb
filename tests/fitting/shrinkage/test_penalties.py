"""Penalties of receptive fields: exact derivatives, and what they do not depend on."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective
from nems_dsl.fitting.shrinkage.quotient import QuotientPenalty
from nems_dsl.fitting.shrinkage.slopes import SlopePenalty

# string: whether slopes of the rest are known, bin by bin
STRINGS = {
    "fir.3x4.l25e-1": True,
    "wc.3x2.l25e-1-fir.2x4-lvl.1": True,
    "wc.3x2-fir.2x4.sl2e-1.sc1e-1-dexp.1": True,
    "fir.3x4.l25e-1-relu.1.s.o": True,
    "fir.3x4.l25e-1-lvl.1-sig.1": True,
    "wc.3x2.g-fir.2x4.l21e-1-dexp.1": True,
    "fir.3x4x2.l25e-1-dexp.2": True,
    "wc.3x2-fir.2x4x3.l25e-1-tanh.3-wc.3x1-dexp.1": True,
    "wc.3x1x2.g-fir.1x4x2.l25e-1-relu.2.s-wc.2x1-lvl.1": True,
    "fir.3x4.l25e-1-dexp.1-stategain.1x1": True,
    "wc.3x2-stp.2-fir.2x4.l25e-1-dexp.1": False,
    "fir.3x4x2.l25e-1-relu.2-fir.2x3-dexp.1": False,
}


def make(string, loss="nmse", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.gamma(2, size=(300, 3))
    n_outputs = 2 if string.endswith("dexp.2") else 1
    y = rng.gamma(2, size=(300, n_outputs)) + x[:, :1]
    state = rng.random((300, 1)) if "state" in string else None
    model = Model(string).sample_from_priors(seed=seed)
    objective = Objective(model, x, y, loss, state=state)
    low, high = objective.bounds
    theta = objective.theta0 + 0.3 * rng.normal(size=len(low))
    return objective, np.clip(
        theta, np.where(np.isinf(low), -9, low + 0.05), np.where(np.isinf(high), 9, high - 0.05)
    )


def differences(function, theta, size=1e-6):
    return np.array(
        [
            (function(theta + e) - function(theta - e)) / (2 * size)
            for e in np.eye(len(theta)) * size
        ]
    )


@pytest.mark.parametrize("string", STRINGS)
def test_gradients_are_exact(string):
    objective, theta = make(string)
    (shrunk,) = objective.shrunk
    penalty = shrunk.penalty
    assert isinstance(penalty, SlopePenalty if STRINGS[string] else QuotientPenalty)
    assert penalty.value(theta) > 0
    gradient = np.zeros_like(theta)
    penalty.add_gradient(theta, gradient)
    expected = differences(penalty.value, theta)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("string", "loss"),
    [
        ("wc.3x2.l25e-1-fir.2x4-lvl.1", "nmse"),
        ("wc.3x2.l25e-1-fir.2x4-lvl.1", "mse"),
        ("fir.3x4.l25e-1.l1e-3-sig.1", "nmse"),
        ("fir.3x4.l25e-1.l1e-3-sig.1", "poisson"),
    ],
)
def test_the_gradient_of_the_whole_is_exact(string, loss):
    objective, theta = make(string, loss)
    if loss == "poisson":
        theta = objective.theta0
        objective.check_start(theta)
    value, gradient = objective.value_and_grad(theta)
    assert value == pytest.approx(objective.value(theta), rel=1e-12)
    expected = differences(objective.value, theta)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("loss", ["nmse", "mse"])
def test_the_curvature_of_a_linear_model_is_exact(loss):
    objective, theta = make("fir.3x4.l25e-1.sl1e-1-lvl.1", loss)
    power = objective.search_power
    # close to the minimum, where what Gauss and Newton leave out of a root is 0
    for _ in range(3):
        _, gradient = objective.value_and_grad(theta)
        theta = theta - np.linalg.solve(objective.curvature(theta), gradient)
    value, gradient = objective.value_and_grad(theta)
    assert np.abs(gradient).max() < 1e-6
    curvature = objective.curvature(theta)
    expected = differences(lambda t: objective.value_and_grad(t)[1], theta, 1e-5)
    np.testing.assert_allclose(curvature, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    assert value > 0 and power in (1, 2)


@pytest.mark.parametrize("string", [s for s in STRINGS if "wc.3x2" in s and ".g" not in s])
def test_no_gain_within_the_receptive_field_matters(string):
    objective, theta = make(string)
    penalty = objective.shrunk[0].penalty
    moved = theta.copy()
    for slot in objective.vector.slots:
        if slot.name == "coefficients" and slot.layer == 0:
            moved[slot.start : slot.stop] *= 8
        elif slot.name == "coefficients" and objective.vector.layers[slot.layer].label == "fir":
            moved[slot.start : slot.stop] /= 8
    np.testing.assert_allclose(penalty.value(moved), penalty.value(theta), rtol=1e-9)


def test_no_gain_of_the_curve_after_it_matters():
    objective, theta = make("fir.3x4.l25e-1-dexp.1")
    penalty = objective.shrunk[0].penalty
    before, moved = objective.value(theta), theta.copy()
    for slot in objective.vector.slots:
        if slot.name == "coefficients":
            moved[slot.start : slot.stop] *= 1e-3
        elif slot.name == "kappa":
            moved[slot.start : slot.stop] += np.log(1e3)
        elif slot.name == "shift":
            moved[slot.start : slot.stop] *= 1e-3
    assert penalty.value(moved) == pytest.approx(penalty.value(theta), rel=1e-9)
    assert objective.value(moved) == pytest.approx(before, rel=1e-9)


def test_a_step_costs_more_than_a_line():
    objective, theta = make("fir.3x4.l25e-1-sig.1")
    penalty = objective.shrunk[0].penalty
    values = []
    for gain in (0.1, 1.0, 10.0, 100.0):
        moved = theta.copy()
        for slot in objective.vector.slots:
            if slot.name == "kappa":
                moved[slot.start : slot.stop] = np.log(gain)
        prediction = objective.engine
        total = prediction.total(moved, objective.loss)
        assert np.isfinite(total)
        values.append(penalty.value(moved))
    assert values == sorted(values)


def test_a_linear_model_is_ridge_regression():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 2)) @ rng.normal(size=(2, 4))
    x += 0.3 * rng.normal(size=x.shape)
    y = x @ rng.normal(size=(4, 1)) + rng.normal(size=(500, 1))
    fitted = Model("wc.4x1.l23e-1-lvl.1").fit(x, y, verbose=0)
    seen, target = x - x.mean(axis=0), y - y.mean()
    covariance = seen.T @ seen / len(x)
    power = np.trace(covariance) / len(covariance)
    ridge = np.linalg.solve(covariance + 0.3 * power * np.eye(4), seen.T @ target / len(x))
    np.testing.assert_allclose(fitted.layers[0].parameters["coefficients"].values, ridge, rtol=1e-5)
    assert fitted.results.strengths == {"wc-lvl": 1.0}
