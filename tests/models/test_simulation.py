"""Responses drawn from fitted models have the mean and the noise that the fit has found."""

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.datasets import simulate
from nems_dsl.experiments import run

RNG = np.random.default_rng(6)


@pytest.fixture(scope="module")
def data():
    return simulate(n_times=3000, n_channels=4, n_taps=3, snr=2.0, seed=3)


def test_normal_noise_has_the_variance_of_the_residuals(data):
    model = fit("fir.4x3-lvl.1", data.stim, data.resp, verbose=0)
    trials = model.simulate(data.stim, n_trials=50, seed=0)
    assert trials.shape == (50, 3000, 1)
    residuals = data.resp - model.predict(data.stim)
    np.testing.assert_allclose(trials.std(axis=0).mean(), residuals.std(), rtol=0.03)
    np.testing.assert_allclose(trials.mean(axis=0), model.predict(data.stim), atol=residuals.std())
    again = model.simulate(data.stim, n_trials=50, seed=0)
    assert np.array_equal(trials, again)
    assert not np.array_equal(trials, model.simulate(data.stim, n_trials=50, seed=1))


def test_counts_are_counts_and_a_fit_to_them_finds_the_model_again():
    x = RNG.normal(size=(4000, 3))
    y = RNG.poisson(np.exp(0.5 * x[:, :1] - 0.3 * x[:, 1:2] - 0.5)).astype(float)
    model = fit("wc.3x1-exp.1", x, y, loss="poisson", verbose=0)
    trials = model.simulate(x, n_trials=20, seed=2)
    assert (trials >= 0).all() and np.array_equal(trials, trials.round())
    np.testing.assert_allclose(trials.mean(axis=(0, 1)), y.mean(axis=0), rtol=0.05)
    again = fit("wc.3x1-exp.1", x, trials[0], loss="poisson", verbose=0)
    one, other = (m.get_parameter_values()["wc"]["coefficients"] for m in (model, again))
    np.testing.assert_allclose(one, other, atol=0.1)


def test_several_stimuli_give_several_arrays_and_preparation_is_undone(data):
    parts = [data.stim[:700], data.stim[700:1500]]
    model = fit("fir.4x3-lvl.1", data.stim, data.resp, verbose=0)
    assert [each.shape for each in model.simulate(parts, 2, 0)] == [(2, 700, 1), (2, 800, 1)]
    prepared = run("zs-zs.r_fir.4x3-lvl.1_", data.stim, 100 + 7 * data.resp).model
    trials = prepared.simulate(data.stim, n_trials=30, seed=0)
    assert abs(trials.mean() - 100 - 7 * data.resp.mean()) < 1
    plain = model.simulate(data.stim, n_trials=30, seed=0)
    np.testing.assert_allclose(trials.std(axis=0).mean(), 7 * plain.std(axis=0).mean(), rtol=0.05)


def test_what_no_fit_has_told_is_not_drawn(data):
    with pytest.raises(ValueError, match="not fitted"):
        Model("fir.4x3-lvl.1").simulate(data.stim)
    model = fit("fir.4x3-lvl.1", data.stim, data.resp, verbose=0)
    for n_trials in (0, -1, True, 1.5):
        with pytest.raises(ValueError, match="n_trials"):
            model.simulate(data.stim, n_trials=n_trials)
