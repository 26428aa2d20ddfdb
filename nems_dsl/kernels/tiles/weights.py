"""Channel weighting (wc) by unrolled loops, or by products where they are faster."""

import numpy as np

from ..compiled import EXACT, SUMS, njit
from .processor import has_wide_vectors
from .vector_correlations import N_MORE, add_tiles, correlate, zero_tiles
from .vector_products import edges_of, multiply, pack_weights, width_of

N_OUTPUTS, N_INPUTS = 4, 6
# Bytes of a stretch of a row, of which the rows of a tile stay in the cache next to the core.
STRETCH_BYTES = 4096


# The blocks are unrolled by hand, so that the weights or the sums stay in registers and each bin is
# loaded once per block. A block at the edge repeats its last row with weight 0.


@njit(**EXACT)
def _column(w, o, c):
    """Weight of input c for output o, 0 for the repeated rows of a last block."""
    return w[o, c] if c < w.shape[1] else w.dtype.type(0)


@njit(**SUMS)
def _add_block(w, o, c, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3):
    a0, a1, a2 = _column(w, o, c), _column(w, o, c + 1), _column(w, o, c + 2)
    a3, a4, a5 = _column(w, o, c + 3), _column(w, o, c + 4), _column(w, o, c + 5)
    b0, b1, b2 = _column(w, o + 1, c), _column(w, o + 1, c + 1), _column(w, o + 1, c + 2)
    b3, b4, b5 = _column(w, o + 1, c + 3), _column(w, o + 1, c + 4), _column(w, o + 1, c + 5)
    d0, d1, d2 = _column(w, o + 2, c), _column(w, o + 2, c + 1), _column(w, o + 2, c + 2)
    d3, d4, d5 = _column(w, o + 2, c + 3), _column(w, o + 2, c + 4), _column(w, o + 2, c + 5)
    e0, e1, e2 = _column(w, o + 3, c), _column(w, o + 3, c + 1), _column(w, o + 3, c + 2)
    e3, e4, e5 = _column(w, o + 3, c + 3), _column(w, o + 3, c + 4), _column(w, o + 3, c + 5)
    for t in range(y0.size):
        v0, v1, v2, v3, v4, v5 = x0[t], x1[t], x2[t], x3[t], x4[t], x5[t]
        y0[t] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3 + a4 * v4 + a5 * v5
        y1[t] += b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3 + b4 * v4 + b5 * v5
        y2[t] += d0 * v0 + d1 * v1 + d2 * v2 + d3 * v3 + d4 * v4 + d5 * v5
        y3[t] += e0 * v0 + e1 * v1 + e2 * v2 + e3 * v3 + e4 * v4 + e5 * v5


@njit(**SUMS)
def _add_row(w, o, c, x0, x1, x2, x3, x4, x5, y):
    a0, a1, a2 = _column(w, o, c), _column(w, o, c + 1), _column(w, o, c + 2)
    a3, a4, a5 = _column(w, o, c + 3), _column(w, o, c + 4), _column(w, o, c + 5)
    for t in range(y.size):
        y[t] += a0 * x0[t] + a1 * x1[t] + a2 * x2[t] + a3 * x3[t] + a4 * x4[t] + a5 * x5[t]


@njit(**SUMS)
def _correlate_block(dw, o, c, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3):
    a0 = a1 = a2 = a3 = a4 = a5 = dw.dtype.type(0)
    b0 = b1 = b2 = b3 = b4 = b5 = dw.dtype.type(0)
    d0 = d1 = d2 = d3 = d4 = d5 = dw.dtype.type(0)
    e0 = e1 = e2 = e3 = e4 = e5 = dw.dtype.type(0)
    for t in range(y0.size):
        v0, v1, v2, v3, v4, v5 = x0[t], x1[t], x2[t], x3[t], x4[t], x5[t]
        a, b, d, e = y0[t], y1[t], y2[t], y3[t]
        a0, a1, a2, a3, a4, a5 = (
            a0 + a * v0,
            a1 + a * v1,
            a2 + a * v2,
            a3 + a * v3,
            a4 + a * v4,
            a5 + a * v5,
        )
        b0, b1, b2, b3, b4, b5 = (
            b0 + b * v0,
            b1 + b * v1,
            b2 + b * v2,
            b3 + b * v3,
            b4 + b * v4,
            b5 + b * v5,
        )
        d0, d1, d2, d3, d4, d5 = (
            d0 + d * v0,
            d1 + d * v1,
            d2 + d * v2,
            d3 + d * v3,
            d4 + d * v4,
            d5 + d * v5,
        )
        e0, e1, e2, e3, e4, e5 = (
            e0 + e * v0,
            e1 + e * v1,
            e2 + e * v2,
            e3 + e * v3,
            e4 + e * v4,
            e5 + e * v5,
        )
    sums = (
        (a0, a1, a2, a3, a4, a5),
        (b0, b1, b2, b3, b4, b5),
        (d0, d1, d2, d3, d4, d5),
        (e0, e1, e2, e3, e4, e5),
    )
    for i in range(min(N_OUTPUTS, dw.shape[0] - o)):
        for j in range(min(N_INPUTS, dw.shape[1] - c)):
            dw[o + i, c + j] += sums[i][j]


@njit(**EXACT)
def _mix_slice(w, x, f, y):
    """Add the weighted sums over slice f of a bank; w may be a transposed view."""
    n_outputs, last = y.shape[0], x.shape[0] - 1
    blocked = n_outputs - n_outputs % N_OUTPUTS
    for c in range(0, last + 1, N_INPUTS):
        x0, x1, x2 = x[c, f], x[min(c + 1, last), f], x[min(c + 2, last), f]
        x3, x4, x5 = x[min(c + 3, last), f], x[min(c + 4, last), f], x[min(c + 5, last), f]
        for o in range(0, blocked, N_OUTPUTS):
            _add_block(
                w, o, c, x0, x1, x2, x3, x4, x5, y[o, f], y[o + 1, f], y[o + 2, f], y[o + 3, f]
            )
        for o in range(blocked, n_outputs):
            _add_row(w, o, c, x0, x1, x2, x3, x4, x5, y[o, f])


@njit(**EXACT)
def _mix_slice_vjp_weights(x, dy, f, dw):
    last, last_output = x.shape[0] - 1, dy.shape[0] - 1
    for c in range(0, last + 1, N_INPUTS):
        x0, x1, x2 = x[c, f], x[min(c + 1, last), f], x[min(c + 2, last), f]
        x3, x4, x5 = x[min(c + 3, last), f], x[min(c + 4, last), f], x[min(c + 5, last), f]
        for o in range(0, last_output + 1, N_OUTPUTS):
            y0, y1 = dy[o, f], dy[min(o + 1, last_output), f]
            y2, y3 = dy[min(o + 2, last_output), f], dy[min(o + 3, last_output), f]
            _correlate_block(dw, o, c, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3)


@njit(**EXACT)
def banked_mix(w, x, y):
    """Weighted sums, as `plain.banked_mix` gives them."""
    y[:] = 0
    for f in range(w.shape[0]):
        _mix_slice(w[f], x, f, y)


@njit(**EXACT)
def banked_mix_vjp_weights(x, dy, dw):
    """Gradient of the weights, as `plain.banked_mix_vjp_weights` gives it."""
    for f in range(dw.shape[0]):
        _mix_slice_vjp_weights(x, dy, f, dw[f])


@njit(**EXACT)
def banked_mix_vjp_input(w, dy, dx):
    """Gradient of the input, as `plain.banked_mix_vjp_input` gives it."""
    dx[:] = 0
    for f in range(w.shape[0]):
        _mix_slice(w[f].T, dy, f, dx)


def prefers_products(n_outputs: int) -> bool:
    """Whether products beat the loops, as measured at blocks of 1000 and 5000 bins.

    The loops take four outputs in one pass over the input, for which wide vectors are enough.
    """
    return n_outputs not in (1, N_OUTPUTS) if has_wide_vectors() else n_outputs > 1


def prefers_products_vjp_weights(n_outputs: int, n_channels: int) -> bool:
    """Whether products beat the loops for the gradient of the weights."""
    return n_outputs * n_channels >= 400 or not has_wide_vectors()


def mix(w, x, y):
    """Weighted sums, as `plain.mix` gives them."""
    (mix_by_products if prefers_products(len(y)) else mix_by_loops)(w, x, y)


def mix_vjp_weights(x, dy, dw):
    """Gradient of the weights, as `plain.mix_vjp_weights` gives it."""
    if prefers_products_vjp_weights(*dw.shape):
        mix_by_products_vjp_weights(x, dy, dw)
    else:
        mix_by_loops_vjp_weights(x, dy, dw)


def mix_vjp_input(w, dy, dx):
    """Gradient of the input, as `plain.mix_vjp_input` gives it."""
    mix(w.T, dy, dx)


@njit(**EXACT)
def mix_by_loops(w, x, y):
    """Do as `mix` does."""
    y[:] = 0
    _mix_slice(w, x.reshape((x.shape[0], 1, x.shape[1])), 0, y.reshape((y.shape[0], 1, y.shape[1])))


@njit(**EXACT)
def mix_by_loops_vjp_weights(x, dy, dw):
    """Do as `mix_vjp_weights` does."""
    _mix_slice_vjp_weights(
        x.reshape((x.shape[0], 1, x.shape[1])), dy.reshape((dy.shape[0], 1, dy.shape[1])), 0, dw
    )


# ---- products of narrow matrices in vector registers --------------------------------------------


@njit(**EXACT)
def _starts_of_rows(n_rows, stride, n_more):
    """Where rows begin in a flat array, the last of them repeated."""
    starts = np.empty(n_rows + n_more, np.int64)
    for row in range(starts.size):
        starts[row] = min(row, n_rows - 1) * stride
    return starts


@njit(**EXACT)
def mix_by_products(w, x, y):
    """Give weighted sums as `mix` does."""
    n_channels, n = x.shape
    edges = edges_of(w.shape[0])
    packed = pack_weights(w, edges)
    width, out = width_of(x), y.reshape(-1)
    if n >= width:
        multiply(packed, edges, _starts_of_rows(n_channels, n, 0), x.reshape(-1), n, out, 0, n)
        return
    wide = np.zeros((n_channels, width), x.dtype)
    for c in range(n_channels):
        for t in range(n):
            wide[c, t] = x[c, t]
    offsets = _starts_of_rows(n_channels, width, 0)
    multiply(packed, edges, offsets, wide.reshape(-1), n, out, 0, n)


@njit(**EXACT)
def mix_by_products_vjp_weights(x, dy, dw):
    """Gradient of the weights, as `mix_vjp_weights` gives it."""
    n, stretch = x.shape[1], STRETCH_BYTES // x.itemsize
    ours = _starts_of_rows(dy.shape[0], n, N_MORE)
    theirs = _starts_of_rows(x.shape[0], n, N_MORE)
    errors, signals = dy.reshape(-1), x.reshape(-1)
    tiles = zero_tiles(dy.shape[0], x.shape[0], x)
    for t in range(0, n, stretch):
        correlate(errors[t:], ours, signals[t:], theirs, min(stretch, n - t), tiles)
    add_tiles(tiles, dw)
