"""Static nonlinearities from the scatter of response against drive."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.fitting.starts.scatter import N_BINS, fit_tail, scatter

PLANTED = {
    "dexp.1": {"base": [0.2], "amplitude": [1.5], "shift": [0.3], "kappa": [1.2]},
    "relu.1.s.o": {"shift": [0.4], "offset": [0.3]},
    "relu.1.s.o.g": {"shift": [0.4], "offset": [0.3], "gain": [2.0]},
    "srelu.1.s.o": {"shift": [-0.5], "offset": [0.1]},
    "sig.1.s.o.g": {"shift": [0.2], "offset": [-0.5], "gain": [3.0]},
    "lvl.1": {"shift": [0.7]},
}


def curve(string, values, drive):
    (layer,) = Model(string).layers
    layer.set_parameter_values(values)
    return layer.evaluate(drive[:, None])[:, 0]


def test_bins_hold_equally_many_samples_in_order():
    rng = np.random.default_rng(0)
    drive = rng.normal(size=(1, 64 * 5))
    u, y = scatter(drive, 3 * drive)
    assert u.shape == y.shape == (1, N_BINS)
    expected = np.sort(drive[0]).reshape(64, 5).mean(axis=1)
    np.testing.assert_allclose(u[0], expected, rtol=1e-12)
    np.testing.assert_allclose(y, 3 * u, rtol=1e-12)


def test_nan_is_left_out_and_short_outputs_leave_bins_empty():
    rng = np.random.default_rng(0)
    drive = rng.normal(size=(3, 200))
    target = 2 * drive
    target[0, ::3] = np.nan
    target[1, 5:] = np.nan
    target[2] = np.nan
    u, y = scatter(drive, target)
    assert u.shape == y.shape == (3, N_BINS) and np.isfinite(u).all()
    np.testing.assert_allclose(y[0], 2 * u[0], rtol=1e-12)
    np.testing.assert_allclose(u[1, :5], np.sort(drive[1, :5]), rtol=1e-12)
    np.testing.assert_allclose(y[1, :5], 2 * u[1, :5], rtol=1e-12)
    assert np.isnan(y[1, 5:]).all() and np.isnan(y[2]).all()


@pytest.mark.parametrize("string", PLANTED)
@pytest.mark.parametrize("fit_gain", [True, False])
@pytest.mark.parametrize("size", [1.0, 0.05, 20.0])
def test_planted_nonlinearities_are_recovered(string, fit_gain, size):
    if not fit_gain and size != 1.0:
        return
    rng = np.random.default_rng(0)
    drive = 1.5 * rng.normal(size=20_000)
    target = curve(string, PLANTED[string], drive) + 0.3 * rng.normal(size=20_000)
    u, y = scatter(drive[None] / size, target[None])
    (layer,) = Model(string).layers
    gain = fit_tail([layer], u, y, fit_gain)
    assert gain.shape == (1,) and (fit_gain or gain == 1)
    found = layer.evaluate(gain * drive[:, None] / size)[:, 0]
    expected = curve(string, PLANTED[string], drive)
    # the scatter's own noise, and the width of its outermost bins, are all that is missing
    assert np.mean((found - expected) ** 2) < 0.02 * expected.var()


def test_outputs_have_curves_of_their_own():
    rng = np.random.default_rng(1)
    drive = rng.normal(size=(2, 10_000))
    values = {"base": [0.0, 1.0], "amplitude": [1.0, -2.0], "shift": [0.0, 0.5], "kappa": [0.5, 1]}
    (truth,), (layer,) = Model("dexp.2").layers, Model("dexp.2").layers
    truth.set_parameter_values(values)
    target = truth.evaluate(drive.T).T
    gain = fit_tail([layer], *scatter(drive, target), fit_gain=True)
    found = layer.evaluate((gain[:, None] * drive).T).T
    for output in range(2):
        error = np.mean((found - target)[output] ** 2)
        assert error < 0.02 * target[output].var()


def test_several_layers_are_fitted_together():
    rng = np.random.default_rng(1)
    drive = rng.normal(size=(1, 10_000))
    target = np.maximum(2 * drive + 1, 0)
    layers = list(Model("lvl.1-relu.1").layers)
    gain = fit_tail(layers, *scatter(drive, target), fit_gain=True)
    found = layers[1].evaluate(layers[0].evaluate(gain * drive.T))
    assert np.mean((found - target.T) ** 2) < 0.01 * target.var()


def test_frozen_parameters_stay():
    (layer,) = Model("dexp.1").layers
    layer.parameters["base"].values = [0.123]
    layer.parameters["base"].freeze()
    drive = np.random.default_rng(0).normal(size=(1, 1000))
    fit_tail([layer], *scatter(drive, np.tanh(drive) + 2), fit_gain=True)
    assert layer.parameters["base"].values == 0.123
    (frozen,) = Model("dexp.1").layers
    for parameter in frozen.parameters.values():
        parameter.freeze()
    before = {name: p.values.copy() for name, p in frozen.parameters.items()}
    assert fit_tail([frozen], *scatter(drive, drive), fit_gain=False) == 1
    for name, p in frozen.parameters.items():
        np.testing.assert_array_equal(p.values, before[name])


@pytest.mark.parametrize("constant", [0.0, 0.7])
def test_a_constant_drive_is_no_fault(constant):
    (layer,) = Model("dexp.1").layers
    target = np.random.default_rng(0).normal(size=(1, 500))
    gain = fit_tail([layer], *scatter(np.full((1, 500), constant), target), fit_gain=True)
    assert np.isfinite(gain).all()
    out = layer.evaluate(gain * np.full((3, 1), constant))
    assert np.isfinite(out).all()
    assert abs(out[0, 0] - target.mean()) < 1.5 * target.std()
