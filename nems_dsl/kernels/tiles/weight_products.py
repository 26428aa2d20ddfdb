"""Weighted sums over channels by tiles of products in vector registers."""

import numpy as np
from numba import njit

from ..compiled import EXACT
from .vector_correlations import N_MORE, add_tiles, correlate, zero_tiles
from .vector_products import edges_of, multiply, pack_weights, width_of

# Bytes of a stretch of a row, of which the rows of a tile stay in the cache next to the core.
STRETCH_BYTES = 4096


@njit(**EXACT)
def _starts_of_rows(n_rows, stride, n_more):
    """Where rows begin in a flat array, the last of them repeated."""
    starts = np.empty(n_rows + n_more, np.int64)
    for row in range(starts.size):
        starts[row] = min(row, n_rows - 1) * stride
    return starts


@njit(**EXACT)
def mix_by_products(w, x, y):
    """Give weighted sums as `weights.mix` does."""
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
    """Gradient of the weights, as `weights.mix_vjp_weights` gives it."""
    n, stretch = x.shape[1], STRETCH_BYTES // x.itemsize
    ours = _starts_of_rows(dy.shape[0], n, N_MORE)
    theirs = _starts_of_rows(x.shape[0], n, N_MORE)
    errors, signals = dy.reshape(-1), x.reshape(-1)
    tiles = zero_tiles(dy.shape[0], x.shape[0], x)
    for t in range(0, n, stretch):
        correlate(errors[t:], ours, signals[t:], theirs, min(stretch, n - t), tiles)
    add_tiles(tiles, dw)
