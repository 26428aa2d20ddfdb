"""Lagged covariances and the ridge solution, against matrices of all lags written out."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.data import read_recording
from nems_dsl.fitting.linear.moments import Lags, StimulusMoments, stimulus_moments
from nems_dsl.fitting.linear.ridge import ridge_problem
from nems_dsl.fitting.shrinkage.evidence import predict

TRIALS = [(50,), (30, 17, 44), (3, 1, 2, 40), (2, 1), (1,)]
LAGS = [Lags(0, 0), Lags(4, 0), Lags(3, 2), Lags(0, 3), Lags(9, 1), Lags(2, 6)]


def lagged(trial, lags):
    """Give (T, channels * lags): lag 0 lies farthest ahead, lags are fastest, zeros outside."""
    n_times, n_channels = trial.shape
    out = np.zeros((n_times, n_channels, lags.n))
    for bin_ in range(n_times):
        for lag in range(lags.n):
            at = bin_ + lags.future - lag
            if 0 <= at < n_times:
                out[bin_, :, lag] = trial[at]
    return out.reshape(n_times, -1)


def make(lengths, seed=0, n_outputs=2):
    rng = np.random.default_rng(seed)
    return (
        [rng.random((n, 3)) for n in lengths],
        [rng.normal(size=(n, n_outputs)) + 0.3 for n in lengths],
    )


@pytest.mark.parametrize("lengths", TRIALS)
@pytest.mark.parametrize("lags", LAGS, ids=str)
def test_stimulus_moments(lengths, lags):
    x, _ = make(lengths)
    moments = StimulusMoments(x, lags)
    whole = np.concatenate([lagged(trial, lags) for trial in x])
    np.testing.assert_allclose(moments.mean, whole.mean(axis=0), rtol=1e-12, atol=1e-14)
    expected = np.cov(whole.T, bias=True) if len(whole) > 1 else np.zeros((whole.shape[1],) * 2)
    np.testing.assert_allclose(moments.covariance, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(moments.covariance, moments.covariance.T)
    assert moments.n_bins == sum(lengths)


@pytest.mark.parametrize("lengths", TRIALS)
@pytest.mark.parametrize("lags", LAGS, ids=str)
@pytest.mark.parametrize("holes", [False, True])
def test_response_moments(lengths, lags, holes):
    x, y = make(lengths)
    if holes:
        rng = np.random.default_rng(1)
        y = [np.where(rng.random(t.shape) < 0.3, np.nan, t) for t in y]
        y[0][0] = 1.0
    covariance, variance = StimulusMoments(x, lags).cross(y)
    whole = np.concatenate([lagged(trial, lags) for trial in x])
    target = np.concatenate(y)
    for output in range(2):
        valid = ~np.isnan(target[:, output])
        centred = target[valid, output] - target[valid, output].mean()
        expected = whole[valid].T @ centred / valid.sum()
        np.testing.assert_allclose(covariance[output], expected, rtol=1e-9, atol=1e-12)
        assert variance[output] == pytest.approx(np.mean(centred**2), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("lags", LAGS, ids=str)
def test_many_outputs_are_what_each_is_alone(lags):
    x, _ = make((40, 5000))
    rng = np.random.default_rng(2)
    y = [rng.normal(size=(len(trial), 60)) for trial in x]
    moments = StimulusMoments(x, lags)
    many, few = moments.cross(y), moments.cross([trial[:, 7:9] for trial in y])
    for together, alone in zip(many, few, strict=True):
        np.testing.assert_allclose(together[7:9], alone, rtol=1e-9, atol=1e-12)
    together, alone = (predict(x, many[0][rows], lags) for rows in (slice(None), slice(7, 9)))
    for trial, each in zip(together, alone, strict=True):
        np.testing.assert_allclose(trial[7:9], each, rtol=1e-9, atol=1e-12)


def test_an_output_without_samples_has_no_covariance():
    x, y = make((40, 20))
    y = [np.where([True, False], t, np.nan) for t in y]
    covariance, variance = StimulusMoments(x, Lags(3, 0)).cross(y)
    assert not covariance[1].any() and variance[1] == 0 and covariance[0].any()


def test_all_fits_to_the_same_inputs_share_them():
    x, _ = make((40, 20))
    inputs = read_recording(x)
    one = stimulus_moments(inputs, Lags(3, 0))
    assert stimulus_moments(inputs, Lags(3, 0)) is one
    assert stimulus_moments(inputs, Lags(4, 0)) is not one


def test_ridge_is_the_textbook_solution():
    rng = np.random.default_rng(0)
    x, lags = [rng.random((400, 3)), rng.random((300, 3))], Lags(4, 1)
    field = rng.normal(size=(2, 3 * lags.n))
    whole = np.concatenate([lagged(trial, lags) for trial in x])
    y = whole @ field.T + 0.5 * rng.normal(size=(700, 2)) + 2.0
    problem = ridge_problem(StimulusMoments(x, lags), [y[:400], y[400:]])
    design, target = whole - whole.mean(axis=0), y - y.mean(axis=0)
    # Hoerl, Kennard and Baldwin: p s^2 / (b'b), with the least-squares solution
    free = np.linalg.lstsq(design, target, rcond=None)[0]
    noise = np.mean((target - design @ free) ** 2, axis=0)
    penalty = np.mean(design.shape[1] * noise / np.sum(free**2, axis=0))
    expected = np.linalg.solve(
        design.T @ design + penalty * np.eye(design.shape[1]), design.T @ target
    ).T
    np.testing.assert_allclose(problem.weights, expected, rtol=1e-4, atol=1e-4)
    assert np.corrcoef(problem.weights.ravel(), field.ravel())[0, 1] > 0.95


def test_noise_is_shrunk_and_signals_are_not():
    rng = np.random.default_rng(0)
    x, lags = [rng.normal(size=(200, 8))], Lags(4, 0)
    moments = StimulusMoments(x, lags)
    whole = lagged(x[0], lags)
    field = rng.normal(size=40)
    clean = ridge_problem(moments, [(whole @ field)[:, None]]).weights[0]
    np.testing.assert_allclose(clean, field, rtol=1e-2, atol=1e-2)
    noise = rng.normal(size=(200, 1))
    free = np.linalg.lstsq(whole - whole.mean(axis=0), noise - noise.mean(), rcond=None)[0]
    shrunk = ridge_problem(moments, [noise]).weights[0]
    assert np.linalg.norm(shrunk) < 0.75 * np.linalg.norm(free)


@pytest.mark.parametrize("silent", ["all", "channel", "constant"])
def test_silence_is_no_fault(silent):
    x, y = make((60,))
    x[0][:, slice(None) if silent == "all" else 1] = 0.7 if silent == "constant" else 0
    problem = ridge_problem(StimulusMoments(x, Lags(3, 0)), y)
    assert np.isfinite(problem.weights).all()
    field = problem.weights.reshape(2, 3, 4)
    if silent == "all":
        assert not field.any()
    elif silent == "channel":
        assert not field[:, 1].any() and field[:, 0].all()
