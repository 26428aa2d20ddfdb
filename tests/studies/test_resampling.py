"""Standard errors against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.metrics import correlation
from nems_dsl.studies.resampling import (
    correlation_error,
    jackknife_standard_error,
    mean_and_standard_error,
)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).standard_normal((30, 2))
    left_out = np.stack([np.delete(values, j, axis=0).mean(axis=0) for j in range(30)])
    found = jackknife_standard_error(values.mean(axis=0), left_out, np.ones((30, 2)))
    np.testing.assert_allclose(found, values.std(axis=0, ddof=1) / np.sqrt(30), rtol=1e-10)


def test_for_equal_parts_the_jackknife_is_the_textbook_one():
    rng = np.random.default_rng(1)
    prediction, target = rng.standard_normal((2, 8, 50))
    theta = np.array(
        [
            correlation(np.delete(prediction, j, axis=0).ravel(),
                        np.delete(target, j, axis=0).ravel())
            for j in range(8)
        ]
    )  # fmt: skip
    whole = np.array([correlation(prediction.ravel(), target.ravel())])
    found = jackknife_standard_error(whole, theta[:, None], np.full((8, 1), 50))
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


def test_a_mean_over_folds_is_plain():
    scores = np.array([[0.1, 0.5], [0.3, np.nan], [0.8, np.nan]])
    mean, error = mean_and_standard_error(scores, np.ones_like(scores, bool))
    np.testing.assert_allclose(mean, [0.4, np.nan])
    np.testing.assert_allclose(error, [np.std([0.1, 0.3, 0.8], ddof=1) / np.sqrt(3), np.nan])
    mean, error = mean_and_standard_error(scores, ~np.isnan(scores))
    np.testing.assert_allclose(mean, [0.4, 0.5])
    assert np.isnan(error[1])


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
