import numpy as np
import pytest
from numba import njit

from nems_dsl.kernels.logarithm import log1p


@njit
def log_rows(x, y):
    for t in range(x.size):
        y[t] = log1p(x[t])


@njit(fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def log_rows_and_sum(x, y):
    total = 0.0
    for t in range(x.size):
        value = log1p(x[t])
        y[t] = value
        total += value
    return total


@pytest.mark.parametrize("rows", [log_rows, log_rows_and_sum])
def test_accuracy_over_the_range(rows):
    small = np.logspace(-300, -1e-6, 50_001)
    near_one = np.linspace(-0.999999, 2, 100_001)
    x = np.concatenate([near_one, small, -small, np.logspace(0, 300, 50_001)])
    y = np.empty_like(x)
    rows(x, y)
    expected = np.log1p(x.astype(np.longdouble))
    assert np.max(np.abs(y - expected) / np.spacing(np.abs(expected).astype(float))) < 4


@pytest.mark.parametrize(
    "x, expected", [(0.0, 0.0), (-0.0, 0.0), (1.0, np.log(2)), (np.nan, np.nan)]
)
def test_single_values(x, expected):
    y = np.empty(9)
    log_rows(np.full(9, x), y)
    np.testing.assert_allclose(y, expected, rtol=1e-15)


def test_loop_is_vectorized():
    x = np.zeros(64)
    log_rows(x, np.empty_like(x))
    assembly = next(iter(log_rows.inspect_asm().values()))
    if "vmulpd" not in assembly and "vfmadd" not in assembly:
        pytest.skip("not an x86 processor with AVX")
    assert "ymm" in assembly or "zmm" in assembly
