"""Penalties against their formulas, and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, canonical
from nems_dsl.distributions import Beta, Exponential, Gamma, HalfNormal, Normal, Uniform
from nems_dsl.fitting.engine.vector import ParameterVector
from nems_dsl.fitting.penalties import penalties_of_string, prior_penalty
from nems_dsl.layers.base import Layer, Parameter, Phi

STRINGS = [
    "wc.4x2.l2e-2-fir.2x5-lvl.1",
    "wc.4x2.l1e-2.l2-fir.2x5.l13e-1-lvl.1",
    "wc.4x2x3.sc5e-1-fir.2x5x3.sl2e-1.sc1e-1-relu.3-wc.3x1",
    "fir.4x5.sl.sc2.l1-lvl.1",
    "fir.1x5.sc.sl-wc.1x2",
    "strf.4x5.sl3e-1.sc-lvl.1",
    "strf.4x2x5x3.sl3e-1.sc7e-1.l2-wc.3x1",
    "wc.4x2.g.l1.l2-do.2x5.l1e-1-lvl.1",
    "conv2d.3x3.l1-wc.4x1",
]


def penalties(string, **arguments):
    model = Model(string)
    return model, penalties_of_string(ParameterVector(list(model.layers)))


def total(found, theta):
    return sum(each.value(theta) for each in found)


def gradient(found, theta):
    out = np.zeros_like(theta)
    for each in found:
        each.add_gradient(theta, out)
    return out


def numeric_gradient(function, theta, step=1e-6):
    out = np.empty((theta.size, *np.shape(function(theta))))
    for entry in range(theta.size):
        moved = theta.copy()
        moved[entry] += step
        above = np.array(function(moved))
        moved[entry] -= 2 * step
        out[entry] = (above - function(moved)) / (2 * step)
    return out


@pytest.mark.parametrize("string", STRINGS)
def test_derivatives_are_those_of_central_differences(string):
    model, found = penalties(string)
    n = sum(parameter.size for layer in model.layers for parameter in layer.parameters.values())
    rng = np.random.default_rng(0)
    theta = rng.choice([-1, 1], n) * (0.1 + rng.random(n))
    assert found
    expected = numeric_gradient(lambda t: total(found, t), theta)
    np.testing.assert_allclose(gradient(found, theta), expected, rtol=1e-7, atol=1e-8)
    hessian = np.zeros((n, n))
    for each in found:
        each.add_curvature(theta, hessian)
    expected = numeric_gradient(lambda t: gradient(found, t), theta)
    np.testing.assert_allclose(hessian, expected, rtol=1e-7, atol=1e-8)
    assert np.linalg.eigvalsh(hessian).min() > -1e-12


@pytest.mark.parametrize("string", STRINGS)
def test_what_is_added_adds_up(string):
    """In place means: what was there stays."""
    _, found = penalties(string)
    n = ParameterVector(list(Model(string).layers)).size
    theta = np.random.default_rng(0).normal(size=n)
    before, after = np.full((n, n), 3.0), np.zeros((n, n))
    slope = np.full(n, 3.0)
    for each in found:
        each.add_curvature(theta, before)
        each.add_curvature(theta, after)
        each.add_gradient(theta, slope)
    np.testing.assert_allclose(before - 3, after, atol=1e-12)
    np.testing.assert_allclose(slope - 3, gradient(found, theta), atol=1e-12)


def test_l1_is_the_sum_of_absolute_values_and_has_no_slope_at_0():
    _, (l1,) = penalties("wc.3x1.l12e-1-lvl.1")
    theta = np.array([0.5, 0.0, -2.0, 7.0])
    assert l1.value(theta) == pytest.approx(0.2 * 2.5)
    np.testing.assert_allclose(gradient([l1], theta), [0.2, 0, -0.2, 0])
    np.testing.assert_allclose(l1.weights, [0.2, 0.2, 0.2, 0])
    assert not l1.is_smooth
    _, (l2,) = penalties("wc.3x1.l2-lvl.1")
    assert l2.is_smooth


@pytest.mark.parametrize(
    ("string", "name", "sums"),
    [
        ("fir.4x5.sl", "coefficients", [(1, 1.0)]),
        ("fir.4x5.sc", "coefficients", [(0, 1.0)]),
        ("fir.4x5x2.sl.sc2e-3", "coefficients", [(1, 1.0), (0, 2.0)]),
        ("wc.4x3.sc", "coefficients", [(0, 1.0)]),
        ("wc.4x3x2.sc", "coefficients", [(0, 1.0)]),
        ("strf.4x5.sl.sc2e-3", "coefficients", [(1, 1.0), (0, 2.0)]),
        ("strf.4x2x5.sl", "coefficients", [(1, 1.0)]),
        ("strf.4x2x5x3.sc", "wcoefficients", [(0, 1.0)]),
    ],
)
def test_smoothness_is_the_sum_of_squared_first_differences(string, name, sums):
    model, (smooth,) = penalties(string)
    vector = ParameterVector(list(model.layers))
    theta = np.random.default_rng(0).normal(size=vector.size)
    vector.write(theta)
    (layer,) = model.layers
    values = layer.parameters[name].values
    expected = sum(1e-3 * w * np.sum(np.diff(values, axis=axis) ** 2) for axis, w in sums)
    assert smooth.value(theta) == pytest.approx(expected, rel=1e-12)
    # the same value everywhere is as smooth as can be
    assert smooth.value(np.full(vector.size, 3.0)) == 0


def test_flags_are_written_in_one_order():
    assert canonical("fir.4x15.sc2.sl1e-2.l1.l2e-3") == "fir.4x15.l2e-3.l1.sle-2.sc2"
    assert canonical("strf.18x25.sc.skl.sl1e-3.s2") == "strf.18x25.skl.s2.sle-3.sc"


def test_a_single_tap_has_no_neighbours():
    assert penalties("fir.4x1.sl")[1] == []
    assert penalties("wc.4x1-fir.1x5.sc")[1] == []


def test_frozen_parameters_are_left_out():
    model = Model("wc.3x1.l2-fir.1x4.sl.l1-lvl.1")
    model.freeze_layers("fir")
    (only,) = penalties_of_string(ParameterVector(list(model.layers)))
    np.testing.assert_allclose(only.weights, [1e-3, 1e-3, 1e-3, 0])


def test_smoothness_gives_smoother_filters():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = x[:, 0] + 3 * rng.normal(size=300)
    rough, smooth = [
        Model(string)
        .fit(x, y, verbose=0, shrinkage="none")
        .get_parameter_values()["fir"]["coefficients"]
        for string in ("fir.2x12", "fir.2x12.sl10")
    ]
    assert np.sum(np.diff(smooth, axis=1) ** 2) < 0.1 * np.sum(np.diff(rough, axis=1) ** 2)


# ---- priors ----------------------------------------------------------------------------------


PRIORS = {
    "normal": Normal([0.5, 1.0], 0.3),
    "half": HalfNormal(2.0),
    "uniform": Uniform(0, 3),
    "gamma": Gamma(3, 2),
    "flat": Gamma(1, 2),
    "beta": Beta(2, 3),
    "exponential": Exponential(2.0),
}


class Odd(Layer):
    """Has a parameter for every kind of prior."""

    def initial_parameters(self):
        shapes = {"normal": (3, 2)}
        return Phi(*(Parameter(n, shapes.get(n, (2,)), p) for n, p in PRIORS.items()))

    def evaluate(self, x):
        return x


def test_priors_are_minus_their_log_density():
    layer = Odd()
    vector = ParameterVector([layer])
    penalty, (low, high) = prior_penalty(vector, 0.5)
    rng = np.random.default_rng(0)
    theta = vector.read() * (0.8 + 0.4 * rng.random(vector.size))
    vector.write(theta)
    expected = 0.0
    for name, prior in PRIORS.items():
        highest = np.broadcast_to(prior.log_density(prior.mode()), layer.parameters[name].shape)
        density = prior.log_density(layer.parameters[name].values)
        expected += 0.5 * np.sum(highest - density)
    assert penalty.value(theta) == pytest.approx(expected, rel=1e-12)
    numeric = numeric_gradient(penalty.value, theta)
    np.testing.assert_allclose(gradient([penalty], theta), numeric, rtol=1e-6, atol=1e-8)
    hessian = np.zeros((theta.size, theta.size))
    penalty.add_curvature(theta, hessian)
    numeric = numeric_gradient(lambda t: gradient([penalty], t), theta)
    np.testing.assert_allclose(hessian, numeric, rtol=1e-6, atol=1e-6)
    assert np.all(low[:6] == -np.inf) and np.all(low[6:] == 0)
    assert np.all(high[8:10] == 3)


def test_priors_are_0_at_the_mode_and_infinite_where_nothing_is_possible():
    layer = Odd()
    vector = ParameterVector([layer])
    penalty, _ = prior_penalty(vector, 1.0)
    for name, prior in PRIORS.items():
        layer.parameters[name].values = np.broadcast_to(prior.mode(), layer.parameters[name].shape)
    theta = vector.read()
    assert penalty.value(theta) == pytest.approx(0, abs=1e-12)
    theta[8] = 3.1
    assert penalty.value(theta) == np.inf


class Only(Layer):
    """Has one parameter, of a given prior."""

    def __init__(self, prior, start=None):
        self._given = prior, start
        super().__init__()

    def initial_parameters(self):
        prior, start = self._given
        return Phi(Parameter("a", (), prior, initial_value=start))

    def evaluate(self, x):
        return x


@pytest.mark.parametrize(("bend", "expected"), [(-4.0, 2.0), (4.0, 0.0)])
def test_the_curvature_of_priors_is_never_negative(bend, expected, monkeypatch):
    monkeypatch.setattr(Gamma, "_log_density_curvature", lambda self, x: bend + 0 * x)
    penalty, _ = prior_penalty(ParameterVector([Only(Gamma(2, 1))]), 0.5)
    hessian = np.zeros((1, 1))
    penalty.add_curvature(np.array([0.5]), hessian)
    assert hessian[0, 0] == expected


def test_priors_that_cannot_enter_a_loss_are_refused():
    with pytest.raises(ValueError, match=r"a, Gamma\(.*infinite density"):
        prior_penalty(ParameterVector([Only(Gamma(0.5, 1))]), 1.0)
    with pytest.raises(ValueError, match=r"a is where its prior.*no density"):
        prior_penalty(ParameterVector([Only(Uniform(0, 1), start=2.0)]), 1.0)
