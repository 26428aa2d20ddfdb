import numpy as np
import pytest

from nems_dsl.kernels import kept_exponential, pointwise

from .checks import assert_close, randoms
from .test_pointwise import EXTREME_INPUTS, EXTREME_KAPPAS


def both(x, parameters, dy):
    """Output and gradients with nothing kept, and with what the forward pass kept."""
    results = []
    for kernels, n_kept in ((pointwise, 0), (kept_exponential, 2)):
        y, dx = np.full_like(x, np.nan), np.full_like(x, np.nan)
        kept = [np.full_like(x, np.nan) for _ in range(n_kept)]
        d_parameters = [np.ones_like(p) for p in parameters]
        kernels.double_exponential(x, *parameters, *kept, y)
        kernels.double_exponential_vjp(x, *parameters, *kept, dy, dx, *d_parameters)
        results.append([y, dx, *d_parameters])
    return zip(*results, strict=True)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-13), (np.float32, 2e-6)])
@pytest.mark.parametrize("n_bins", [1, 7, 512, 1300])
def test_keeping_changes_nothing(dtype, rtol, n_bins):
    x, dy, *parameters = randoms((3, n_bins), (3, n_bins), (3,), (3,), (3,), (3,), dtype=dtype)
    (y, y_kept), *gradients = both(2 * x, parameters, dy)
    np.testing.assert_array_equal(y, y_kept)
    for gradient, with_kept in gradients:
        assert_close(with_kept, gradient, rtol)


@pytest.mark.parametrize("kappa", EXTREME_KAPPAS)
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e200])
def test_extremes(kappa, scale):
    places = [-6.6, -6.56, -7.0, 708.0, 708.5, 709.0, 800.0, *EXTREME_INPUTS]
    x = np.array([[*places, *(-v for v in places)]])
    parameters = [np.array([v]) for v in (0.5, -2.0, 0.0, kappa)]
    (y, y_kept), (dx, dx_kept), *others = both(x, parameters, np.full_like(x, scale))
    np.testing.assert_array_equal(y, y_kept)
    np.testing.assert_array_equal(dx == 0, dx_kept == 0)
    for gradient, with_kept in [(dx, dx_kept), *others]:
        np.testing.assert_allclose(with_kept, gradient, rtol=1e-12, atol=1e-12 * scale)


def test_nan_comes_through():
    x = np.array([[0.5, np.nan, 1.0]])
    (_, y), (_, dx), *_ = both(x, [np.full(1, 0.3) for _ in range(4)], np.ones_like(x))
    assert np.isnan(y).tolist() == np.isnan(dx).tolist() == [[False, True, False]]


def test_single_precision_stays_finite_where_saturated():
    x = np.array([[-1e30, -800.0, -7.0, 90.0, 150.0, 1e30]], np.float32)
    parameters = [np.array([v], np.float32) for v in (0.0, 1.0, 0.0, 0.0)]
    (_, y), (_, dx), *others = both(x, parameters, np.full_like(x, 1e20))
    assert y.tolist() == [[0, 0, 0, 1, 1, 1]]
    assert dx[0, [0, 1, 4, 5]].tolist() == [0, 0, 0, 0]
    assert all(np.isfinite(each).all() for _, each in [(None, dx), *others])
