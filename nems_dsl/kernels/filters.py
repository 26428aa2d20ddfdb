"""Causal temporal filters (fir), plain and one per slice of a bank, by unrolled loops or by BLAS.

The loops are bound by loads, most of which cross a cache line because a lag shifts them. There are
three forms of them, which a shape chooses between:

tiles
    Four rows (channels or filters) by five taps: the rows share the lagged loads. The bins are
    taken in blocks, with the source copied to a scratch row between zeros, so that no loop has an
    edge: short segments cost little more than a long one.
projection
    One filter on several channels: sum over channels first, for five taps at a time, and lag the
    five sums afterwards, so that no lagged load is repeated per channel.
rows
    One or two rows by eight taps, for banks and for the few channels that leave a tile empty.

A last group of fewer taps repeats its last one with weight 0: the loop keeps one shape, and reads
no bin that the filter does not reach.

A signal may hold several segments, such as trials, one after the other: segment i has the bins from
``starts[i]`` to ``starts[i + 1]``, and no filter reaches across. Blocks are counted from the start
of a segment and no sum depends on its place, so that a segment filters to the same bits alone.
"""

import numpy as np
from numba import njit

from nems_dsl.kernels.processor import has_wide_vectors

UNROLLED = 8
N_ROWS, N_TAPS = 4, 5

# Bins of a block, and of one of a projection, which has more scratch rows: both stay in the cache
# next to the core.
BLOCK, PROJECTED = 1024, 512
LINE = 64

_EXACT = {"cache": True, "nogil": True, "error_model": "numpy"}
_SUMS = {**_EXACT, "fastmath": {"reassoc", "contract", "nsz"}}


# ---- tiles ---------------------------------------------------------------------------------------


@njit(**_EXACT)
def _taps(w, row, first, k):
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


@njit(**_EXACT)
def _lags(k, n_taps):
    last = n_taps - 1
    return k, min(k + 1, last), min(k + 2, last), min(k + 3, last), min(k + 4, last)


# Plain loops over slices taken where they are used: an assignment to a slice takes numba seconds to
# compile, and a slice that is handed on or chosen by a condition costs counts of its references,
# more than a short segment does.


@njit(**_EXACT)
def _clear(row):
    for t in range(row.size):
        row[t] = 0


@njit(**_EXACT)
def _copy_between_zeros(row, a, b, first, stop, copy):
    """Copy bins a to b of a row, with zeros for those outside first to stop."""
    early, late = min(max(a, first), b), max(min(b, stop), a)
    _clear(copy[: early - a])
    source, inside = row[early:late], copy[early - a : late - a]
    for t in range(source.size):
        inside[t] = source[t]
    _clear(copy[late - a : b - a])


@njit(**_SUMS)
def _add_tile(w, row, k, source, start, step, y, a, b):
    """y[row+i, a+t] += sum_j w[row+i, k+j] source[start + step (k+j) + t], for 4 rows and 5 taps.

    A last tile of fewer rows takes in the rows before it, with weight 0.
    """
    n = b - a
    r = min(row, w.shape[0] - N_ROWS)
    l0, l1, l2, l3, l4 = _lags(k, w.shape[1])
    s0, s1 = source[start + step * l0 :], source[start + step * l1 :]
    s2, s3 = source[start + step * l2 :], source[start + step * l3 :]
    s4 = source[start + step * l4 :]
    y0, y1, y2, y3 = y[r, a:b], y[r + 1, a:b], y[r + 2, a:b], y[r + 3, a:b]
    a0, a1, a2, a3, a4 = _taps(w, r, row, k)
    b0, b1, b2, b3, b4 = _taps(w, r + 1, row, k)
    d0, d1, d2, d3, d4 = _taps(w, r + 2, row, k)
    e0, e1, e2, e3, e4 = _taps(w, r + 3, row, k)
    for t in range(n):
        v0, v1, v2, v3, v4 = s0[t], s1[t], s2[t], s3[t], s4[t]
        y0[t] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3 + a4 * v4
        y1[t] += b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3 + b4 * v4
        y2[t] += d0 * v0 + d1 * v1 + d2 * v2 + d3 * v3 + d4 * v4
        y3[t] += e0 * v0 + e1 * v1 + e2 * v2 + e3 * v3 + e4 * v4


@njit(**_SUMS)
def _correlate_tile(dw, row, k, x, a, b, source):
    """dw[row+i, k+j] += sum_t x[row+i, a+t] source[k+j+t], for 4 rows and 5 taps."""
    n, last = b - a, x.shape[0] - 1
    l0, l1, l2, l3, l4 = _lags(k, dw.shape[1])
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


@njit(**_EXACT)
def _fir_by_tiles(h, x, y, starts):
    n_filters, n_channels, n_taps = h.shape
    copy = np.empty(BLOCK + n_taps - 1, x.dtype)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, BLOCK):
            b = min(a + BLOCK, stop)
            for f in range(0, n_filters, N_ROWS):
                for g in range(f, min(f + N_ROWS, n_filters)):
                    _clear(y[g, a:b])
                for c in range(n_channels):
                    _copy_between_zeros(x[c], a - n_taps + 1, b, first, stop, copy)
                    for k in range(0, n_taps, N_TAPS):
                        _add_tile(h[:, c], f, k, copy, n_taps - 1, -1, y, a, b)


@njit(**_EXACT)
def _fir_by_tiles_vjp_input(h, dy, dx, starts):
    n_filters, n_channels, n_taps = h.shape
    copy = np.empty(BLOCK + n_taps - 1, dy.dtype)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, BLOCK):
            b = min(a + BLOCK, stop)
            for c in range(0, n_channels, N_ROWS):
                for d in range(c, min(c + N_ROWS, n_channels)):
                    _clear(dx[d, a:b])
                for f in range(n_filters):
                    _copy_between_zeros(dy[f], a, b + n_taps - 1, first, stop, copy)
                    for k in range(0, n_taps, N_TAPS):
                        _add_tile(h[f], c, k, copy, 0, 1, dx, a, b)


@njit(**_EXACT)
def _fir_by_tiles_vjp_filter(x, dy, dh, starts):
    n_filters, n_channels, n_taps = dh.shape
    copy = np.empty(BLOCK + n_taps - 1, dy.dtype)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, BLOCK):
            b = min(a + BLOCK, stop)
            for f in range(n_filters):
                _copy_between_zeros(dy[f], a, b + n_taps - 1, first, stop, copy)
                for c in range(0, n_channels, N_ROWS):
                    for k in range(0, n_taps, N_TAPS):
                        _correlate_tile(dh[f], c, k, x, a, b, copy)


# ---- projection ----------------------------------------------------------------------------------


@njit(**_EXACT)
def _aligned(n_rows, n, like):
    """Uninitialized rows that start at a cache line, so that no aligned store crosses one."""
    per_line = LINE // like.itemsize
    n += -n % per_line
    flat = np.empty(n_rows * n + per_line, like.dtype)
    skip = (-flat.ctypes.data % LINE) // like.itemsize
    return flat[skip : skip + n_rows * n].reshape(n_rows, n)


@njit(**_SUMS)
def _project(w, c, k, x, a, b, z, gap):
    """z[j, gap+t] = sum_i w[c+i, k+j] x[c+i, a+t], for 4 channels and 5 taps.

    Channels that do not exist repeat the last one with weight 0.
    """
    n, last = b - a, x.shape[0] - 1
    x0, x1 = x[c, a:b], x[min(c + 1, last), a:b]
    x2, x3 = x[min(c + 2, last), a:b], x[min(c + 3, last), a:b]
    z0, z1, z2, z3, z4 = z[0, gap:], z[1, gap:], z[2, gap:], z[3, gap:], z[4, gap:]
    a0, a1, a2, a3, a4 = _taps(w, c, c, k)
    b0, b1, b2, b3, b4 = _taps(w, c + 1, c, k)
    d0, d1, d2, d3, d4 = _taps(w, c + 2, c, k)
    e0, e1, e2, e3, e4 = _taps(w, c + 3, c, k)
    for t in range(n):
        xa, xb, xd, xe = x0[t], x1[t], x2[t], x3[t]
        z0[t] = a0 * xa + b0 * xb + d0 * xd + e0 * xe
        z1[t] = a1 * xa + b1 * xb + d1 * xd + e1 * xe
        z2[t] = a2 * xa + b2 * xb + d2 * xd + e2 * xe
        z3[t] = a3 * xa + b3 * xb + d3 * xd + e3 * xe
        z4[t] = a4 * xa + b4 * xb + d4 * xd + e4 * xe


@njit(**_SUMS)
def _add_lagged(z, start, k, n_taps, y, f, a, b):
    l0, l1, l2, l3, l4 = _lags(0, n_taps - k)
    z0, z1, z2 = z[0, start - l0 :], z[1, start - l1 :], z[2, start - l2 :]
    z3, z4 = z[3, start - l3 :], z[4, start - l4 :]
    row = y[f, a:b]
    for t in range(b - a):
        row[t] += z0[t] + z1[t] + z2[t] + z3[t] + z4[t]


@njit(**_EXACT)
def _fir_by_projection(h, x, y, starts):
    n_filters, n_channels, n_taps = h.shape
    lead = LINE // x.itemsize  # bins before a block: a group of five taps reaches back by four
    z = _aligned(N_TAPS, lead + PROJECTED, x)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, PROJECTED):
            b = min(a + PROJECTED, stop)
            for f in range(n_filters):
                _clear(y[f, a:b])
            for k in range(0, min(n_taps, b - first), N_TAPS):
                early = max(a - k - lead, first)
                gap = early - (a - k - lead)
                for j in range(N_TAPS):
                    _clear(z[j, :gap])
                for f in range(n_filters):
                    for c in range(0, n_channels, N_ROWS):
                        _project(h[f], c, k, x, early, b - k, z, gap)
                        _add_lagged(z, lead, k, n_taps, y, f, a, b)


# ---- rows ----------------------------------------------------------------------------------------


@njit(**_EXACT)
def _group(h, start, stop):
    """Collect up to eight weights from h[start] to h[stop], in either direction, and their lags.

    The missing ones are 0 and keep the last lag.
    """
    step = 1 if stop > start else -1
    n = abs(stop - start)
    l1, l2, l3, l4, l5, l6, l7 = (
        min(1, n),
        min(2, n),
        min(3, n),
        min(4, n),
        min(5, n),
        min(6, n),
        min(7, n),
    )
    lags = (0, l1, l2, l3, l4, l5, l6, l7)
    none = h.dtype.type(0)
    weights = (
        h[start],
        h[start + step] if n >= 1 else none,
        h[start + 2 * step] if n >= 2 else none,
        h[start + 3 * step] if n >= 3 else none,
        h[start + 4 * step] if n >= 4 else none,
        h[start + 5 * step] if n >= 5 else none,
        h[start + 6 * step] if n >= 6 else none,
        h[start + 7 * step] if n >= 7 else none,
    )
    return weights, lags


@njit(**_EXACT)
def _windows(source, lags, n):
    l0, l1, l2, l3, l4, l5, l6, l7 = lags
    return (
        source[l0 : l0 + n],
        source[l1 : l1 + n],
        source[l2 : l2 + n],
        source[l3 : l3 + n],
        source[l4 : l4 + n],
        source[l5 : l5 + n],
        source[l6 : l6 + n],
        source[l7 : l7 + n],
    )


@njit(**_SUMS)
def _add_one(weights, lags, source, y):
    """y[t] += sum_i weights[i] source[t + lags[i]]."""
    h0, h1, h2, h3, h4, h5, h6, h7 = weights
    s0, s1, s2, s3, s4, s5, s6, s7 = _windows(source, lags, y.size)
    for t in range(y.size):
        y[t] += (
            h0 * s0[t]
            + h1 * s1[t]
            + h2 * s2[t]
            + h3 * s3[t]
            + h4 * s4[t]
            + h5 * s5[t]
            + h6 * s6[t]
            + h7 * s7[t]
        )


@njit(**_SUMS)
def _add_two(weights, weights2, lags, source, y, y2):
    """Do the same for two rows, which share the loads of the source."""
    h0, h1, h2, h3, h4, h5, h6, h7 = weights
    g0, g1, g2, g3, g4, g5, g6, g7 = weights2
    s0, s1, s2, s3, s4, s5, s6, s7 = _windows(source, lags, y.size)
    for t in range(y.size):
        v0, v1, v2, v3, v4, v5, v6, v7 = s0[t], s1[t], s2[t], s3[t], s4[t], s5[t], s6[t], s7[t]
        y[t] += h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3 + h4 * v4 + h5 * v5 + h6 * v6 + h7 * v7
        y2[t] += g0 * v0 + g1 * v1 + g2 * v2 + g3 * v3 + g4 * v4 + g5 * v5 + g6 * v6 + g7 * v7


@njit(**_SUMS)
def _correlate_two(x, x2, lags, source):
    """Sum x[t] source[t + lags[i]] over t, and the same for x2."""
    s0, s1, s2, s3, s4, s5, s6, s7 = _windows(source, lags, x.size)
    h0 = h1 = h2 = h3 = h4 = h5 = h6 = h7 = x.dtype.type(0)
    g0 = g1 = g2 = g3 = g4 = g5 = g6 = g7 = x.dtype.type(0)
    for t in range(x.size):
        a, b = x[t], x2[t]
        v0, v1, v2, v3, v4, v5, v6, v7 = s0[t], s1[t], s2[t], s3[t], s4[t], s5[t], s6[t], s7[t]
        h0, h1, h2, h3 = h0 + a * v0, h1 + a * v1, h2 + a * v2, h3 + a * v3
        h4, h5, h6, h7 = h4 + a * v4, h5 + a * v5, h6 + a * v6, h7 + a * v7
        g0, g1, g2, g3 = g0 + b * v0, g1 + b * v1, g2 + b * v2, g3 + b * v3
        g4, g5, g6, g7 = g4 + b * v4, g5 + b * v5, g6 + b * v6, g7 + b * v7
    return (h0, h1, h2, h3, h4, h5, h6, h7), (g0, g1, g2, g3, g4, g5, g6, g7)


# The edge loops below take the bins that only some taps of a group reach; with more taps than bins
# they do it all.


@njit(**_EXACT)
def _filter(h, h2, x, y, y2, both):
    """y[t] += sum_k h[k] x[t-k], and the same for h2 and y2 if both."""
    for first in range(0, h.size, UNROLLED):
        end = min(first + UNROLLED, h.size)
        full = min(end - 1, x.size)
        weights, lags = _group(h, end - 1, first)
        if full < x.size and both:
            weights2, lags = _group(h2, end - 1, first)
            _add_two(weights, weights2, lags, x, y[full:], y2[full:])
        elif full < x.size:
            _add_one(weights, lags, x, y[full:])
        for t in range(first, full):
            for k in range(first, t + 1):
                y[t] += h[k] * x[t - k]
                if both:
                    y2[t] += h2[k] * x[t - k]


@njit(**_EXACT)
def _filter_vjp_input(h, h2, dy, dx, dx2, both):
    """dx[s] += sum_k h[k] dy[s+k], and the same for h2 and dx2 if both."""
    for first in range(0, h.size, UNROLLED):
        end = min(first + UNROLLED, h.size)
        full = max(dy.size - end + 1, 0)
        weights, lags = _group(h, first, end - 1)
        if full > 0 and both:
            weights2, lags = _group(h2, first, end - 1)
            _add_two(weights, weights2, lags, dy[first:], dx[:full], dx2[:full])
        elif full > 0:
            _add_one(weights, lags, dy[first:], dx[:full])
        for s in range(full, dy.size - first):
            for k in range(first, dy.size - s):
                dx[s] += h[k] * dy[s + k]
                if both:
                    dx2[s] += h2[k] * dy[s + k]


@njit(**_EXACT)
def _filter_vjp_filter(x, x2, dy, dh, dh2, both):
    """dh[k] += sum_s x[s] dy[s+k], and the same for x2 and dh2 if both."""
    for first in range(0, dh.size, UNROLLED):
        end = min(first + UNROLLED, dh.size)
        full = max(dy.size - end + 1, 0)
        _, lags = _group(dh, first, end - 1)
        if full > 0:
            sums, sums2 = _correlate_two(x[:full], x2[:full], lags, dy[first:])
            for i in range(end - first):
                dh[first + i] += sums[i]
                if both:
                    dh2[first + i] += sums2[i]
        for s in range(full, dy.size - first):
            for k in range(first, min(end, dy.size - s)):
                dh[k] += x[s] * dy[s + k]
                if both:
                    dh2[k] += x2[s] * dy[s + k]


@njit(**_EXACT)
def _fir_by_rows(h, x, y, starts):
    n_filters = h.shape[0]
    y[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for f in range(0, n_filters, 2):
            g = min(f + 1, n_filters - 1)
            for c in range(h.shape[1]):
                _filter(h[f, c], h[g, c], x[c, a:b], y[f, a:b], y[g, a:b], g > f)


@njit(**_EXACT)
def _fir_by_rows_vjp_input(h, dy, dx, starts):
    n_channels = h.shape[1]
    dx[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(0, n_channels, 2):
            d = min(c + 1, n_channels - 1)
            for f in range(h.shape[0]):
                _filter_vjp_input(h[f, c], h[f, d], dy[f, a:b], dx[c, a:b], dx[d, a:b], d > c)


@njit(**_EXACT)
def _fir_by_rows_vjp_filter(x, dy, dh, starts):
    n_channels = dh.shape[1]
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(0, n_channels, 2):
            d = min(c + 1, n_channels - 1)
            for f in range(dh.shape[0]):
                _filter_vjp_filter(x[c, a:b], x[d, a:b], dy[f, a:b], dh[f, c], dh[f, d], d > c)


# ---- the choice ----------------------------------------------------------------------------------
# In plain Python, so that numba compiles only the form in use. It depends on the shape of the
# weights alone: a segment is filtered alike alone and among others.


def _fills_a_tile(n_rows):
    return n_rows >= N_ROWS


def fir(h, x, y, starts):
    """Filter causally, with zeros before the start: ``y[f,t] = sum_c sum_k h[f,c,k] x[c,t-k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    x : (channels, time)
    y : (filters, time), overwritten
    starts : (segments + 1,) int64
    """
    n_filters, n_channels, _ = h.shape
    if _fills_a_tile(n_filters):
        _fir_by_tiles(h, x, y, starts)
    elif _fills_a_tile(n_channels):
        _fir_by_projection(h, x, y, starts)
    else:
        _fir_by_rows(h, x, y, starts)


def fir_vjp_input(h, dy, dx, starts):
    """Gradient of the input of `fir`: ``dx[c,s] = sum_f sum_k h[f,c,k] dy[f,s+k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    dy : (filters, time)
    dx : (channels, time), overwritten
    starts : (segments + 1,) int64
    """
    if _fills_a_tile(h.shape[1]):
        _fir_by_tiles_vjp_input(h, dy, dx, starts)
    else:
        _fir_by_rows_vjp_input(h, dy, dx, starts)


def fir_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps of `fir`: ``dh[f,c,k] += sum_s x[c,s] dy[f,s+k]``.

    Parameters
    ----------
    x : (channels, time)
    dy : (filters, time)
    dh : (filters, channels, taps), added to
    starts : (segments + 1,) int64
    """
    if _fills_a_tile(dh.shape[1]):
        _fir_by_tiles_vjp_filter(x, dy, dh, starts)
    else:
        _fir_by_rows_vjp_filter(x, dy, dh, starts)


@njit(**_EXACT)
def bank_fir(h, x, y, starts):
    """Filter f on slice f of the input: ``y[f,t] = sum_c sum_k h[f,c,k] x[c,f,t-k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    x : (channels, filters, time)
    y : (filters, time), overwritten
    starts : (segments + 1,) int64
    """
    y[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for f in range(h.shape[0]):
            row = y[f, a:b]
            for c in range(h.shape[1]):
                _filter(h[f, c], h[f, c], x[c, f, a:b], row, row, False)


@njit(**_EXACT)
def bank_fir_vjp_input(h, dy, dx, starts):
    """Gradient of the input of `bank_fir`: ``dx[c,f,s] = sum_k h[f,c,k] dy[f,s+k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    dy : (filters, time)
    dx : (channels, filters, time), overwritten
    starts : (segments + 1,) int64
    """
    n_channels = h.shape[1]
    dx[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for f in range(h.shape[0]):
            for c in range(0, n_channels, 2):
                d = min(c + 1, n_channels - 1)
                row, row2 = dx[c, f, a:b], dx[d, f, a:b]
                _filter_vjp_input(h[f, c], h[f, d], dy[f, a:b], row, row2, d > c)


@njit(**_EXACT)
def bank_fir_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps of `bank_fir`: ``dh[f,c,k] += sum_s x[c,f,s] dy[f,s+k]``.

    Parameters
    ----------
    x : (channels, filters, time)
    dy : (filters, time)
    dh : (filters, channels, taps), added to
    starts : (segments + 1,) int64
    """
    n_channels = dh.shape[1]
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for f in range(dh.shape[0]):
            for c in range(0, n_channels, 2):
                d = min(c + 1, n_channels - 1)
                row, row2 = x[c, f, a:b], x[d, f, a:b]
                _filter_vjp_filter(row, row2, dy[f, a:b], dh[f, c], dh[f, d], d > c)


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
