import numpy as np
import pytest

from nems_dsl.kernels.errors import (
    count_targets,
    poisson_curvature,
    poisson_error,
    squared_curvature,
    squared_error,
    weighted_squared_error,
)

from .checks import assert_gradients, randoms

SINGLE = pytest.param(np.float32, 1e-6, marks=pytest.mark.slow)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-13), SINGLE])
@pytest.mark.parametrize("n_bins", [1, 7, 64, 1001])
def test_squared_error_leaves_nan_targets_out(dtype, rtol, n_bins):
    prediction, target = randoms((3, n_bins), (3, n_bins), dtype=dtype)
    target[:, ::5] = np.nan
    prediction[0, 0] = np.nan
    difference = np.full_like(prediction, 7)
    total = squared_error(prediction, target, difference)
    expected = np.where(np.isnan(target), 0, prediction - target)
    np.testing.assert_allclose(difference, expected, rtol=rtol)
    np.testing.assert_allclose(total, np.sum(expected.astype(float) ** 2), rtol=rtol)
    assert type(total) is float
    assert count_targets(target) == np.isfinite(target).sum()


def test_difference_is_half_the_gradient():
    prediction, target = randoms((2, 9), (2, 9))
    difference = np.empty_like(prediction)
    squared_error(prediction, target, difference)

    def forward(prediction):
        return np.array(squared_error(prediction, target, np.empty_like(prediction)))

    assert_gradients(forward, [prediction], [2 * difference], np.ones(()))


def test_nan_prediction_shows():
    prediction, target = randoms((1, 20), (1, 20))
    prediction[0, 3] = np.nan
    assert np.isnan(squared_error(prediction, target, np.empty_like(target)))


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-13), SINGLE])
@pytest.mark.parametrize("n_bins", [1, 7, 64, 1001])
def test_weights_of_1_are_none(dtype, rtol, n_bins):
    prediction, target = randoms((3, n_bins), (3, n_bins), dtype=dtype)
    target[:, ::5] = np.nan
    plain, weighted = np.empty_like(prediction), np.empty_like(prediction)
    expected = squared_error(prediction, target, plain)
    total = weighted_squared_error(prediction, target, np.ones(3, dtype), weighted)
    assert total == pytest.approx(expected, rel=1e-13)
    np.testing.assert_array_equal(weighted, plain)
    squared_curvature(target, np.ones(3, dtype), weighted)
    np.testing.assert_array_equal(weighted, ~np.isnan(target))


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-13), SINGLE])
@pytest.mark.parametrize("n_bins", [1, 7, 64, 1001])
def test_poisson_is_its_formula(dtype, rtol, n_bins):
    rate, _ = randoms((3, n_bins), (3, n_bins), dtype=dtype)
    rate = np.exp(rate)
    count = np.random.default_rng(0).poisson(1.0, (3, n_bins)).astype(dtype)
    count[:, ::5] = np.nan
    rate[0, 0] = np.nan
    weights = np.array([0.5, 0, 2], dtype)
    d_rate, curvature = np.empty_like(rate), np.empty_like(rate)
    total = poisson_error(rate, count, weights, d_rate)
    poisson_curvature(rate, count, weights, curvature)
    p, y, w = rate.astype(float), count.astype(float), weights.astype(float)[:, None]
    valid = ~np.isnan(y)
    assert total == pytest.approx(np.sum((w * (p - y * np.log(p)))[valid]), rel=rtol, abs=1e-12)
    np.testing.assert_allclose(d_rate, np.where(valid, w * (1 - y / p), 0), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(curvature, np.where(valid, w / p, 0), rtol=rtol)
    assert type(total) is float


def test_poisson_slope_is_its_gradient():
    rate, _ = randoms((2, 9), (2, 9))
    rate, weights = np.exp(rate), np.array([0.5, 3.0])
    count = np.random.default_rng(0).poisson(1.0, (2, 9)).astype(float)
    d_rate = np.empty_like(rate)
    poisson_error(rate, count, weights, d_rate)

    def forward(rate):
        return np.array(poisson_error(rate, count, weights, np.empty_like(rate)))

    assert_gradients(forward, [rate], [d_rate], np.ones(()))


@pytest.mark.parametrize(
    ("rate", "count", "total"),
    [(0, 0, 0), (0, 2, np.inf), (-1, 0, np.inf), (-1, np.nan, 0), (np.nan, 1, np.nan)],
)
def test_poisson_is_infinite_where_a_rate_is_none(rate, count, total):
    out = np.full((1, 1), 7.0)
    one = np.ones(1)
    found = poisson_error(np.array([[float(rate)]]), np.array([[float(count)]]), one, out)
    np.testing.assert_array_equal(found, total)
    assert out[0, 0] == (1 if total == rate == 0 else 0)
    # a channel without weight counts for nothing
    assert poisson_error(np.full((1, 1), -1.0), np.ones((1, 1)), np.zeros(1), out) == 0
    assert out[0, 0] == 0
