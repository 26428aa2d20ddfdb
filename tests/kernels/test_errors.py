import numpy as np
import pytest

from nems_dsl.kernels.errors import count_targets, squared_error

from .checks import assert_gradients, randoms


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-13), (np.float32, 1e-6)])
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
