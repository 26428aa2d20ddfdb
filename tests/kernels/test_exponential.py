import numpy as np
import pytest
from numba import njit

from nems_dsl.kernels.exponential import exp, exp_within


@njit
def exp_rows(x, y):
    for t in range(x.size):
        y[t] = exp(x[t])


@njit(fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def exp_rows_and_sum(x, y):
    total = 0.0
    for t in range(x.size):
        value = exp(x[t])
        y[t] = value
        total += value
    return total


@pytest.mark.parametrize("rows", [exp_rows, exp_rows_and_sum])
def test_accuracy_over_the_range(rows):
    x = np.concatenate(
        [np.linspace(-708, 709, 200_001), np.random.default_rng(0).normal(size=100_000)]
    )
    y = np.empty_like(x)
    rows(x, y)
    expected = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(y - expected) / np.spacing(expected.astype(float))) < 2


@pytest.mark.parametrize(
    "x, expected",
    [
        (-708.1, 0.0),
        (-1e300, 0.0),
        (-np.inf, 0.0),
        (0.0, 1.0),
        (-0.0, 1.0),
        (5e-324, 1.0),
        (709.5, np.exp(709.0)),
        (1e300, np.exp(709.0)),
        (np.inf, np.exp(709.0)),
        (np.nan, np.nan),
    ],
)
def test_limits(x, expected):
    y = np.empty(9)
    exp_rows(np.full(9, x), y)
    np.testing.assert_allclose(y, expected, rtol=1e-15)


def test_within_its_range_the_core_is_the_same():
    x = np.append(np.linspace(-708, 709, 10_001), np.nan)
    np.testing.assert_array_equal([exp_within(each) for each in x], [exp(each) for each in x])
    assert exp_within(-709.0) == 0


def test_loop_is_vectorized():
    x = np.zeros(64)
    exp_rows(x, np.empty_like(x))
    assembly = next(iter(exp_rows.inspect_asm().values()))
    if "vmulpd" not in assembly and "vfmadd" not in assembly:
        pytest.skip("not an x86 processor with AVX")
    assert "ymm" in assembly or "zmm" in assembly
