"""Banks of filters, one per slice, by windows of a row at neighbouring lags."""

import numpy as np

from ..compiled import EXACT, njit
from .aligned import aligned_rows
from .filter_products import block_of
from .filter_tiles import copy_between_zeros
from .vector_windows import (
    N_LAGS,
    correlate_windows,
    multiply_windows,
    window_slack,
    window_width,
)


@njit(**EXACT)
def _copies(n_rows, like, n_taps):
    """Rows for a block, with the halo and what is read beyond."""
    n_bins = max(block_of(like), window_width(like)) + n_taps - 1
    return aligned_rows(n_rows, n_bins + window_slack(like), like)


@njit(**EXACT)
def bank_fir(h, x, y, starts):
    """Filter as `plain.bank_fir` does."""
    n_filters, n_channels, n_taps = h.shape
    block, halo, n = block_of(x), n_taps - 1, x.shape[2]
    copies, out = _copies(n_channels, x, n_taps), y.reshape(-1)
    offsets, backwards = np.empty(n_channels, np.int64), np.empty(n_channels * n_taps, h.dtype)
    for c in range(n_channels):
        offsets[c] = c * copies.shape[1]
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, block):
            b = min(a + block, stop)
            for f in range(n_filters):
                for c in range(n_channels):
                    copy_between_zeros(x[c, f], a - halo, b, first, stop, copies[c])
                    # windows begin at the longest lag
                    for k in range(n_taps):
                        backwards[c * n_taps + k] = h[f, c, n_taps - 1 - k]
                rows, to = copies.reshape(-1), f * n + a
                multiply_windows(backwards, offsets, n_taps, rows, b - a, out, to)


@njit(**EXACT)
def bank_fir_vjp_input(h, dy, dx, starts):
    """Gradient of the input, as `plain.bank_fir_vjp_input` gives it."""
    n_filters, n_channels, n_taps = h.shape
    block, halo, n = block_of(dy), n_taps - 1, dy.shape[1]
    copy, out = _copies(1, dy, n_taps)[0], dx.reshape(-1)
    offsets = np.zeros(1, np.int64)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, block):
            b = min(a + block, stop)
            for f in range(n_filters):
                copy_between_zeros(dy[f], a, b + halo, first, stop, copy)
                for c in range(n_channels):
                    to = (c * n_filters + f) * n + a
                    multiply_windows(h[f, c], offsets, n_taps, copy, b - a, out, to)


@njit(**EXACT)
def bank_fir_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps, as `plain.bank_fir_vjp_filter` gives it."""
    n_filters, n_channels, n_taps = dh.shape
    block, halo, n = block_of(x), n_taps - 1, x.shape[2]
    copy, slack, signals = _copies(1, dy, n_taps)[0], window_slack(x), x.reshape(-1)
    sums = np.zeros((n_filters, n_channels, n_taps + N_LAGS), x.dtype)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, block):
            b = min(a + block, stop)
            for f in range(n_filters):
                copy_between_zeros(dy[f], a, b + halo + slack, first, stop, copy)
                for c in range(n_channels):
                    at = (c * n_filters + f) * n + a
                    correlate_windows(signals, at, copy, 0, n_taps, b - a, sums[f, c])
    for f in range(n_filters):
        for c in range(n_channels):
            for k in range(n_taps):
                dh[f, c, k] += sums[f, c, k]
