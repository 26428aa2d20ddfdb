"""Filters by tiles: four rows by five taps share the loads of a lagged source."""

import numpy as np

from ..compiled import EXACT, SUMS, njit

N_ROWS, N_TAPS = 4, 5

# Bins of a block: it stays in the cache next to the core.
BLOCK = 1024


@njit(**EXACT)
def taps_of(w, row, first, k):
    """Weights of five taps from k, 0 for those that do not exist and for rows outside the tile."""
    none = w.dtype.type(0)
    if row < first or row >= w.shape[0]:
        return none, none, none, none, none
    n = w.shape[1] - k
    return (
        w[row, k],
        w[row, k + 1] if n > 1 else none,
        w[row, k + 2] if n > 2 else none,
        w[row, k + 3] if n > 3 else none,
        w[row, k + 4] if n > 4 else none,
    )


@njit(**EXACT)
def lags_of(k, n_taps):
    """Lags of five taps from k; the last one stands for those that do not exist."""
    last = n_taps - 1
    return k, min(k + 1, last), min(k + 2, last), min(k + 3, last), min(k + 4, last)


# Plain loops over slices taken where they are used: an assignment to a slice takes numba seconds to
# compile, and a slice that is handed on or chosen by a condition costs counts of its references,
# more than a short segment does.


@njit(**EXACT)
def clear(row):
    """Set a row to 0."""
    for t in range(row.size):
        row[t] = 0


@njit(**EXACT)
def copy_between_zeros(row, a, b, first, stop, copy):
    """Copy bins a to b of a row, with zeros for those outside first to stop."""
    early, late = min(max(a, first), b), max(min(b, stop), a)
    clear(copy[: early - a])
    source, inside = row[early:late], copy[early - a : late - a]
    for t in range(source.size):
        inside[t] = source[t]
    clear(copy[late - a : b - a])


@njit(**SUMS)
def _add_tile(w, row, k, source, start, step, y, a, b):
    """y[row+i, a+t] += sum_j w[row+i, k+j] source[start + step (k+j) + t], for 4 rows and 5 taps.

    A last tile of fewer rows takes in the rows before it, with weight 0.
    """
    n = b - a
    r = min(row, w.shape[0] - N_ROWS)
    l0, l1, l2, l3, l4 = lags_of(k, w.shape[1])
    s0, s1 = source[start + step * l0 :], source[start + step * l1 :]
    s2, s3 = source[start + step * l2 :], source[start + step * l3 :]
    s4 = source[start + step * l4 :]
    y0, y1, y2, y3 = y[r, a:b], y[r + 1, a:b], y[r + 2, a:b], y[r + 3, a:b]
    a0, a1, a2, a3, a4 = taps_of(w, r, row, k)
    b0, b1, b2, b3, b4 = taps_of(w, r + 1, row, k)
    d0, d1, d2, d3, d4 = taps_of(w, r + 2, row, k)
    e0, e1, e2, e3, e4 = taps_of(w, r + 3, row, k)
    for t in range(n):
        v0, v1, v2, v3, v4 = s0[t], s1[t], s2[t], s3[t], s4[t]
        y0[t] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3 + a4 * v4
        y1[t] += b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3 + b4 * v4
        y2[t] += d0 * v0 + d1 * v1 + d2 * v2 + d3 * v3 + d4 * v4
        y3[t] += e0 * v0 + e1 * v1 + e2 * v2 + e3 * v3 + e4 * v4


@njit(**SUMS)
def _correlate_tile(dw, row, k, x, a, b, source):
    """dw[row+i, k+j] += sum_t x[row+i, a+t] source[k+j+t], for 4 rows and 5 taps."""
    n, last = b - a, x.shape[0] - 1
    l0, l1, l2, l3, l4 = lags_of(k, dw.shape[1])
    s0, s1, s2, s3, s4 = source[l0:], source[l1:], source[l2:], source[l3:], source[l4:]
    x0, x1 = x[row, a:b], x[min(row + 1, last), a:b]
    x2, x3 = x[min(row + 2, last), a:b], x[min(row + 3, last), a:b]
    a0 = a1 = a2 = a3 = a4 = dw.dtype.type(0)
    b0 = b1 = b2 = b3 = b4 = dw.dtype.type(0)
    d0 = d1 = d2 = d3 = d4 = dw.dtype.type(0)
    e0 = e1 = e2 = e3 = e4 = dw.dtype.type(0)
    for t in range(n):
        v0, v1, v2, v3, v4 = s0[t], s1[t], s2[t], s3[t], s4[t]
        xa, xb, xd, xe = x0[t], x1[t], x2[t], x3[t]
        a0, a1, a2, a3, a4 = a0 + xa * v0, a1 + xa * v1, a2 + xa * v2, a3 + xa * v3, a4 + xa * v4
        b0, b1, b2, b3, b4 = b0 + xb * v0, b1 + xb * v1, b2 + xb * v2, b3 + xb * v3, b4 + xb * v4
        d0, d1, d2, d3, d4 = d0 + xd * v0, d1 + xd * v1, d2 + xd * v2, d3 + xd * v3, d4 + xd * v4
        e0, e1, e2, e3, e4 = e0 + xe * v0, e1 + xe * v1, e2 + xe * v2, e3 + xe * v3, e4 + xe * v4
    sums = ((a0, a1, a2, a3, a4), (b0, b1, b2, b3, b4), (d0, d1, d2, d3, d4), (e0, e1, e2, e3, e4))
    for i in range(min(N_ROWS, dw.shape[0] - row)):
        for j in range(min(N_TAPS, dw.shape[1] - k)):
            dw[row + i, k + j] += sums[i][j]


@njit(**EXACT)
def fir_by_tiles_vjp_input(h, dy, dx, starts):
    """Gradient of the input, as `filters.fir_vjp_input` gives it."""
    n_filters, n_channels, n_taps = h.shape
    copy = np.empty(BLOCK + n_taps - 1, dy.dtype)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, BLOCK):
            b = min(a + BLOCK, stop)
            for c in range(0, n_channels, N_ROWS):
                for d in range(c, min(c + N_ROWS, n_channels)):
                    clear(dx[d, a:b])
                for f in range(n_filters):
                    copy_between_zeros(dy[f], a, b + n_taps - 1, first, stop, copy)
                    for k in range(0, n_taps, N_TAPS):
                        _add_tile(h[f], c, k, copy, 0, 1, dx, a, b)


@njit(**EXACT)
def fir_by_tiles_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps, as `filters.fir_vjp_filter` gives it."""
    n_filters, n_channels, n_taps = dh.shape
    copy = np.empty(BLOCK + n_taps - 1, dy.dtype)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, BLOCK):
            b = min(a + BLOCK, stop)
            for f in range(n_filters):
                copy_between_zeros(dy[f], a, b + n_taps - 1, first, stop, copy)
                for c in range(0, n_channels, N_ROWS):
                    for k in range(0, n_taps, N_TAPS):
                        _correlate_tile(dh[f], c, k, x, a, b, copy)
