"""Filters by BLAS, from a copy of the input at every lag."""

import numpy as np
from numba import njit

from .processor import has_wide_vectors

_EXACT = {"cache": True, "nogil": True, "error_model": "numpy"}


def prefers_gemm(n_filters: int, n_channels: int, n_taps: int) -> bool:
    """Whether `fir_gemm` and its like beat the loops, as measured at blocks of 1000 and 4000 bins.

    The lagged copy costs a pass over channels * taps rows, which many filters must share. Filters
    of a few taps waste most of a group of eight.
    """
    return n_filters >= 16 and n_channels * n_taps >= 8 and (n_taps <= 4 or not has_wide_vectors())


@njit(**_EXACT)
def lag(x, n_taps, lagged, starts):
    """Rows of the input at each lag, zeros before the start: ``lagged[c*K+k,t] = x[c,t-k]``.

    Parameters
    ----------
    x : (channels, time)
    n_taps : int
    lagged : (channels * taps, time), overwritten
    starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(x.shape[0]):
            for k in range(n_taps):
                row = lagged[c * n_taps + k, a:b]
                shift = min(k, row.size)
                row[:shift] = 0
                row[shift:] = x[c, a : b - shift]


@njit(**_EXACT)
def fir_gemm(h, lagged, y):
    """Filter as `fir` does, from the `lag` of its input.

    Parameters
    ----------
    h : (filters, channels, taps)
    lagged : (channels * taps, time)
    y : (filters, time), overwritten
    """
    np.dot(h.reshape(h.shape[0], -1), lagged, y)


@njit(**_EXACT)
def fir_gemm_vjp_filter(lagged, dy, dh):
    """Add to the gradient as `fir_vjp_filter` does, from the `lag` of the input.

    Parameters
    ----------
    lagged : (channels * taps, time)
    dy : (filters, time)
    dh : (filters, channels, taps), added to
    """
    dh += np.dot(dy, lagged.T).reshape(dh.shape)


@njit(**_EXACT)
def fir_gemm_vjp_input(h, dy, dlagged, dx, starts):
    """Find the gradient of the input as `fir_vjp_input` does.

    The lagged copy of the input may serve as scratch when it is no longer needed.

    Parameters
    ----------
    h : (filters, channels, taps)
    dy : (filters, time)
    dlagged : (channels * taps, time), scratch
    dx : (channels, time), overwritten
    starts : (segments + 1,) int64
    """
    n_taps = h.shape[2]
    np.dot(h.reshape(h.shape[0], -1).T, dy, dlagged)
    dx[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(dx.shape[0]):
            for k in range(min(n_taps, b - a)):
                row, out = dlagged[c * n_taps + k, a + k : b], dx[c, a:b]
                for s in range(row.size):
                    out[s] += row[s]
