"""Starts of models of more inputs than a covariance is held of."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.signal import lfilter

from nems_dsl import Model, Objective, fit
from nems_dsl.datasets import simulate
from nems_dsl.fitting.linear.covariance import LaggedCovariance
from nems_dsl.fitting.linear.field import ReceptiveField
from nems_dsl.fitting.linear.moments import Lags
from nems_dsl.fitting.starts.from_data import start_from_data
from nems_dsl.fitting.starts.iterative import iterative_ridge_problem

from ..test_moments import lagged
from .test_front import skeleton_of
from .test_starts import CHAINS, data, objective_of, outputs_of

__all__ = ["data"]
LAGS = Lags(19, 0)


def simulated(seed, n=600, n_channels=10, snr=0.5):
    """A stimulus of 200 inputs, what a cell answers, with and without noise."""
    rng = np.random.default_rng(seed)
    x = lfilter([1], [1, -0.8], rng.normal(size=(n, n_channels)), axis=0)
    x = lfilter([1], [1, -0.8], x, axis=1)
    field = np.outer(np.hanning(n_channels), np.hanning(20)).ravel()
    clean = lagged(x, LAGS) @ field
    return x, clean, clean + clean.std() / np.sqrt(snr) * rng.normal(size=n)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("n", [150, 1500])
def test_the_strength_predicts_about_as_well_as_the_best(seed, n):
    x, _, y = simulated(seed, n)
    new, truth, _ = simulated(seed + 10, 3000)
    inputs = LaggedCovariance([x], LAGS)
    ridge = iterative_ridge_problem(inputs, [y[:, None]])

    def error(fields):
        return np.mean((lagged(new, LAGS) @ fields[0] - truth) ** 2) / truth.var()

    strengths = inputs.power * np.geomspace(1e-3, 1e2, 11)
    best = min(error(inputs.plus(each).solve(ridge.cross)) for each in strengths)
    assert error(ridge.weights) < 1.25 * best + 0.02
    assert error(ridge.weights) < 0.8


def test_what_is_nan_is_left_out():
    x, _, y = simulated(0)
    told = np.arange(600) % 7 > 1
    half = np.where(told, y, np.nan)[:, None]
    ridge = iterative_ridge_problem(LaggedCovariance([x], LAGS), [half])
    rows, known = lagged(x, LAGS)[told], y[told]
    cross = (known - known.mean()) @ (rows - rows.mean(0)) / told.sum()
    np.testing.assert_allclose(ridge.cross[0], cross, atol=1e-9)
    np.testing.assert_allclose(ridge.variance, known.var())
    plain = ridge.covariance.times(np.eye(200)) - ridge.covariance.penalty * np.eye(200)
    np.testing.assert_allclose(plain, np.cov(rows.T, bias=True), atol=1e-9)


@pytest.mark.parametrize("y", [np.ones(600), np.where(np.arange(600) == 3, 1.0, np.nan)])
def test_a_response_that_tells_nothing_has_no_receptive_field(y):
    x, _, noisy = simulated(0)
    both = np.stack([y, noisy], axis=1)
    ridge = iterative_ridge_problem(LaggedCovariance([x], LAGS), [both])
    assert np.isfinite(ridge.weights).all() and ridge.weights[1].any()
    alone = iterative_ridge_problem(LaggedCovariance([x], LAGS), [y[:, None]])
    assert not np.abs(alone.weights).max() > 1e-12


@pytest.mark.parametrize("string", CHAINS)
def test_a_start_is_as_good_without_the_matrix(string, data, monkeypatch):
    objective = objective_of(string, data, outputs_of(string))
    held = objective.value(start_from_data(objective))
    other = objective_of(string, data, outputs_of(string))
    monkeypatch.setattr("nems_dsl.fitting.starts.from_data.MOST_INPUTS", 1)
    assert other.value(start_from_data(other)) < 1.03 * held


@pytest.mark.parametrize(
    "string", ["wc.6x2.g-lvl.2-fir.2x5", "a=wc.6x2-b=wc.6x1@stim-cat@a,b-fir.3x4"]
)
def test_impulses_of_some_channels_at_a_time_give_the_same(string, monkeypatch):
    fields = []
    for most in (1 << 20, 60):
        monkeypatch.setattr("nems_dsl.fitting.linear.field._MOST_VALUES", most)
        fields.append(ReceptiveField(skeleton_of(string)[1].nodes, "stim", 6))
    whole, parts = fields
    theta = whole.vector.read() + 0.2 * np.random.default_rng(1).normal(size=whole.vector.size)
    slopes = np.random.default_rng(2).normal(size=whole.values(theta).shape)
    np.testing.assert_array_equal(parts.values(theta), whole.values(theta))
    found, expected = (each.gradient(theta, slopes) for each in (parts, whole))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    for one, other in zip(parts.tangents(theta), whole.tangents(theta), strict=True):
        np.testing.assert_array_equal(one[1], other[1])
        np.testing.assert_allclose(one[2], other[2], atol=1e-14)


def test_a_fit_above_the_limit_predicts():
    # 3,200 inputs; see tests/benchmarks/bench_large.py for more, and for those below
    cell = simulate(n_times=5000, n_channels=64, n_taps=48, snr=0.5, seed=0)
    x, y = cell.stim[:4000], cell.resp[:4000, 0]
    fitted = fit("wc.64x1-fir.1x50-dexp.1", x, y, verbose=0)
    assert [start.init for start in fitted.results.starts] == ["data"]
    truth, predicted = cell.clean[4000:, 0], fitted.predict(cell.stim[4000:])[:, 0]
    assert np.corrcoef(truth[50:], predicted[50:])[0, 1] > 0.95


def test_memory_is_bounded():
    n_channels, n_lags = 200, 60
    cell = simulate(n_times=1000, n_channels=n_channels, n_taps=n_lags, snr=4.0)
    objective = Objective(Model(f"wc.{n_channels}x1-fir.1x{n_lags}-lvl.1"), cell.stim, cell.resp)
    tracemalloc.start()
    theta = start_from_data(objective)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # a matrix of all inputs would take 1.2 GB
    assert peak < 1.6e8
    assert objective.value(theta) < 0.9 * objective.value(objective.theta0)
