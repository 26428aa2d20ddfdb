"""Standard errors against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.metrics import METRICS, correlation, mse, nmse, r2
from nems_dsl.studies.part import score_channels
from nems_dsl.studies.resampling import (
    ERRORS,
    correlation_error,
    jackknife_standard_error,
    mean_and_standard_error,
    score_parts,
)


def noisy(rng, n, n_parts, r):
    """Give white signals with correlation `r` in parts of unequal length."""
    target = rng.standard_normal(n)
    prediction = r * target + np.sqrt(1 - r**2) * rng.standard_normal(n)
    cuts = np.sort(rng.choice(np.arange(20, n - 20, 10), n_parts - 1, replace=False))
    return np.split(prediction[:, None], cuts), np.split(target[:, None], cuts)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).standard_normal((30, 2))
    left_out = np.stack([np.delete(values, j, axis=0).mean(axis=0) for j in range(30)])
    found = jackknife_standard_error(values.mean(axis=0), left_out, np.ones((30, 2)))
    np.testing.assert_allclose(found, values.std(axis=0, ddof=1) / np.sqrt(30), rtol=1e-10)


def test_for_equal_parts_the_jackknife_is_the_textbook_one():
    rng = np.random.default_rng(1)
    prediction, target = rng.standard_normal((2, 8, 50, 1))
    _, found, _ = score_parts(correlation, "jackknife", list(prediction), list(target))
    theta = np.array(
        [
            correlation(np.delete(prediction, j, axis=0).ravel(),
                        np.delete(target, j, axis=0).ravel())
            for j in range(8)
        ]
    )  # fmt: skip
    expected = np.sqrt(7 / 8 * np.sum((theta - theta.mean()) ** 2))
    np.testing.assert_allclose(found, [expected], rtol=1e-10)


def test_pseudo_values_of_a_mean_over_unequal_parts_are_the_means_of_the_parts():
    rng = np.random.default_rng(2)
    sizes = np.array([5, 10, 20, 40])
    parts = [rng.standard_normal(n) for n in sizes]
    whole = np.concatenate(parts).mean()
    left_out = np.array([np.concatenate(parts[:j] + parts[j + 1 :]).mean() for j in range(4)])
    found = jackknife_standard_error(np.array([whole]), left_out[:, None], sizes[:, None])
    h = sizes.sum() / sizes
    means = np.array([part.mean() for part in parts])
    expected = np.sqrt(np.mean((means - whole) ** 2 / (h - 1)))
    np.testing.assert_allclose(found, [expected], rtol=1e-10)


@pytest.mark.parametrize("r", [0.2, 0.7])
@pytest.mark.parametrize("metric", [correlation, r2, mse, nmse])
def test_the_jackknife_error_is_the_spread_of_scores_over_data_sets(metric, r):
    rng = np.random.default_rng(3)
    n, n_sets = 600, 250
    found = [score_parts(metric, "jackknife", *noisy(rng, n, 10, r)) for _ in range(n_sets)]
    scores = np.array([score[0] for score, _, _ in found])
    variances = np.array([error[0] ** 2 for _, error, _ in found])
    # a variance from 250 sets has a relative error of sqrt(2 / 249), 9%; theirs adds 3%
    assert variances.mean() == pytest.approx(scores.var(ddof=1), rel=0.25)
    if metric is correlation:
        # of a correlation of white normal signals, to first order
        assert variances.mean() == pytest.approx((1 - r**2) ** 2 / (n - 1), rel=0.15)


@pytest.mark.parametrize("metric", [correlation, mse])
def test_the_error_over_folds_is_the_spread_of_mean_scores(metric):
    rng = np.random.default_rng(4)
    found = []
    for _ in range(250):
        target = rng.standard_normal((10, 60, 1))
        prediction = 0.5 * target + rng.standard_normal((10, 60, 1))
        found.append(score_parts(metric, "kfold", list(prediction), list(target)))
    scores = np.array([score[0] for score, _, _ in found])
    variances = np.array([error[0] ** 2 for _, error, _ in found])
    assert variances.mean() == pytest.approx(scores.var(ddof=1), rel=0.25)


def test_a_mean_over_folds_is_plain():
    scores = np.array([[0.1, 0.5], [0.3, np.nan], [0.8, np.nan]])
    mean, error = mean_and_standard_error(scores, np.ones_like(scores, bool))
    np.testing.assert_allclose(mean, [0.4, np.nan])
    np.testing.assert_allclose(error, [np.std([0.1, 0.3, 0.8], ddof=1) / np.sqrt(3), np.nan])
    mean, error = mean_and_standard_error(scores, ~np.isnan(scores))
    np.testing.assert_allclose(mean, [0.4, 0.5])
    assert np.isnan(error[1])


def test_parts_with_nothing_to_predict_do_not_count():
    rng = np.random.default_rng(5)
    target = [rng.standard_normal((40, 1)) for _ in range(4)]
    prediction = [part + rng.standard_normal(part.shape) for part in target]
    for method in ("jackknife", "kfold"):
        score, error, _ = score_parts(correlation, method, prediction, target)
        nothing = np.full((40, 1), np.nan)
        more = [*target, nothing], [*prediction, np.zeros_like(nothing)]
        again = score_parts(correlation, method, more[1], more[0])
        np.testing.assert_allclose(again[0], score, rtol=1e-12)
        np.testing.assert_allclose(again[1], error, rtol=1e-12)
    silent = [*target, np.zeros((40, 1))]
    mean, _, scores = score_parts(correlation, "kfold", [*prediction, target[0]], silent)
    np.testing.assert_allclose(mean, [scores[:4].mean()], rtol=1e-12)
    # an error has a value there
    mean, _, scores = score_parts(mse, "kfold", [*prediction, target[0]], silent)
    assert np.isfinite(scores).all() and mean[0] == pytest.approx(scores.mean())


def test_a_constant_prediction_is_not_passed_over():
    rng = np.random.default_rng(6)
    target = list(rng.standard_normal((4, 40, 1)))
    prediction = [*target[:3], np.zeros((40, 1))]
    score, error, scores = score_parts(correlation, "kfold", prediction, target)
    assert np.isnan(score[0]) and np.isnan(error[0])
    np.testing.assert_array_equal(scores[:, 0], [1, 1, 1, np.nan])


def test_channels_are_scored_by_themselves():
    rng = np.random.default_rng(7)
    prediction, target = rng.standard_normal((2, 50, 3)) * [1, 10, 100]
    target[::7, 1] = np.nan
    for metric in (correlation, nmse):
        found = score_channels(metric, prediction, target)
        assert found.shape == (3,)
        for channel in range(3):
            expected = metric(prediction[:, channel], target[:, channel])
            assert found[channel] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_it_is_known_which_metrics_are_better_low(name):
    target = np.random.default_rng(8).poisson(2.0, 200).astype(float)
    good, bad = 0.9 * target + 0.2, np.roll(target, 1) + 0.2
    assert (METRICS[name](good, target) < METRICS[name](bad, target)) == (name in ERRORS)


@pytest.mark.parametrize("method", ["jackknife", "kfold"])
def test_an_infinite_score_has_no_error(method):
    def log_likelihood(prediction, target):
        return -np.inf if (prediction == 0).any() else -float(np.mean(prediction))

    prediction = [np.full((5, 1), value) for value in (1.0, 2.0, 0.0)]
    score, error, _ = score_parts(log_likelihood, method, prediction, [np.eye(5)[:, :1]] * 3)
    assert score == [-np.inf] and np.isnan(error[0])


# ---- standard errors -------------------------------------------------------------------------


@pytest.mark.parametrize("n_trials", [2, 8])
def test_errors_are_those_of_leaving_out_parts(n_trials):
    rng = np.random.default_rng(1)
    lengths = rng.integers(50, 120, n_trials)
    target = [rng.normal(size=(n, 2)) + 100 for n in lengths]
    prediction = [y + rng.normal(size=y.shape) for y in target]
    target[0][:20] = np.nan
    target[1][5, 1] = np.nan
    r = correlation(prediction, target).mean()
    error = correlation_error(r, prediction, target)
    kept = [~np.isnan(y).all(axis=1) for y in target]
    p, y = (
        [each[k] for each, k in zip(signal, kept, strict=True)] for signal in (prediction, target)
    )
    if n_trials < 5:
        p, y = (np.concatenate(each) for each in (p, y))
        edges = [len(y) * part // 10 for part in range(1, 10)]
        p, y = np.split(p, edges), np.split(y, edges)
    left = []
    for part in range(len(y)):
        rest = [n for n in range(len(y)) if n != part]
        left.append(correlation([p[n] for n in rest], [y[n] for n in rest]).mean())
    sizes = np.array([[np.sum(~np.isnan(each))] for each in y])
    whole = correlation(p, y).mean()
    expected = jackknife_standard_error(whole[None], np.array(left)[:, None], sizes)[0]
    assert error == pytest.approx(expected, rel=1e-6)


def test_errors_that_are_not_defined():
    y = np.arange(40.0)[:, None]
    for prediction, target in (([y], [np.full((40, 1), np.nan)]), ([y[:1]], [y[:1]])):
        assert np.isnan(correlation_error(np.nan, prediction, target))
