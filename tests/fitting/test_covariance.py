"""The covariance of all inputs as an operator, against the matrix that is written out."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.data import read_recording
from nems_dsl.fitting.linear.covariance import DenseCovariance, LaggedCovariance, lagged_inputs
from nems_dsl.fitting.linear.moments import Lags, StimulusMoments

from .test_moments import lagged

LAGS = [Lags(4, 0), Lags(3, 2), Lags(0, 0), Lags(0, 3), Lags(70, 1)]
LENGTHS = [(300, 7, 90), (5,), (1000,)]


def make_data(lengths, n_outputs=2, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.random((n, 3)) for n in lengths]
    return x, [rng.normal(size=(n, n_outputs)) for n in lengths]


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("lags", LAGS)
def test_products_are_those_of_the_matrix(lags, lengths):
    x, y = make_data(lengths)
    dense = DenseCovariance(StimulusMoments(x, lags).covariance)
    lazy = LaggedCovariance(x, lags)
    fields = np.random.default_rng(1).normal(size=(4, 3 * lags.n))
    np.testing.assert_allclose(lazy.times(fields), dense.times(fields), rtol=1e-9, atol=1e-12)
    assert lazy.n_inputs == dense.n_inputs == 3 * lags.n
    assert lazy.power == pytest.approx(dense.power, rel=1e-12)
    y[0][:3, 0] = np.nan
    for found, expected in zip(lazy.cross(y), StimulusMoments(x, lags).cross(y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_bins_that_are_not_counted_are_left_out():
    lags = Lags(3, 2)
    x, y = make_data((200, 60))
    counted = [np.random.default_rng(2).random(len(trial)) < 0.6 for trial in x]
    counted[1][:50] = False
    covariance = LaggedCovariance(x, lags, counted)
    rows = np.concatenate([lagged(trial, lags)[c] for trial, c in zip(x, counted, strict=True)])
    expected = np.cov(rows.T, bias=True)
    found = covariance.times(np.eye(len(expected)))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert covariance.power == pytest.approx(np.trace(expected) / len(expected))
    np.testing.assert_allclose(LaggedCovariance(x, lags).over(counted).times(np.eye(18)), found)
    told = np.concatenate([trial[c] for trial, c in zip(y, counted, strict=True)])
    cross, variance = covariance.cross(y)
    np.testing.assert_allclose(cross, (told - told.mean(0)).T @ rows / len(rows), atol=1e-12)
    np.testing.assert_allclose(variance, told.var(axis=0))


def test_many_blocks_and_fields_at_a_time_change_nothing(monkeypatch):
    x, _ = make_data((900, 40))
    covariance = LaggedCovariance(x, Lags(20, 0))
    fields = np.random.default_rng(1).normal(size=(5, 63))
    whole = covariance.times(fields)
    monkeypatch.setattr("nems_dsl.fitting.linear.covariance._MOST_VALUES", 1)
    monkeypatch.setattr("nems_dsl.fitting.linear.covariance._MOST_KEPT", 0)
    again = LaggedCovariance(x, Lags(20, 0))
    for _ in range(2):
        np.testing.assert_allclose(again.times(fields), whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("penalty", [0.02, 1.0])
def test_a_penalty_and_the_solution(penalty):
    x, y = make_data((600,))
    lags = Lags(9, 0)
    dense = DenseCovariance(StimulusMoments(x, lags).covariance).plus(penalty)
    lazy = LaggedCovariance(x, lags).plus(penalty)
    cross = lazy.cross(y)[0]
    assert lazy.power == pytest.approx(dense.power)
    np.testing.assert_allclose(dense.matrix @ dense.solve(cross).T, cross.T, atol=1e-12)
    exact, found = dense.solve(cross), lazy.solve(cross)
    assert np.linalg.norm(found - exact) < 0.02 * np.linalg.norm(exact)
    assert not lazy.solve(np.zeros((1, 30))).any()


def test_of_a_very_long_recording_stretches_are_counted(monkeypatch):
    x, y = make_data((6000, 500))
    recording = read_recording(x, y)
    assert all(bins.all() for bins in lagged_inputs(recording, Lags(3, 0)).counted)
    monkeypatch.setattr("nems_dsl.fitting.linear.covariance._MOST_KEPT", 4000)
    monkeypatch.setattr("nems_dsl.fitting.linear.covariance._STRETCH", 100)
    some = lagged_inputs(recording, Lags(3, 0))
    assert 800 < some.n_bins <= 1000
    # spread over all of it
    assert all(part.any() for part in np.split(some.counted[0], 6))
    whole = DenseCovariance(StimulusMoments(x, Lags(3, 0)).covariance)
    assert some.power == pytest.approx(whole.power, rel=0.1)
