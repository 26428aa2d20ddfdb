"""Filters by tiles of products in vector registers: several filters, and banks."""

import numpy as np

from ..compiled import EXACT, njit
from .filter_tiles import copy_between_zeros
from .vector_correlations import N_MORE, add_tiles, correlate, zero_tiles
from .vector_products import edges_of, multiply, pack_weights, width_of

# Bytes of a row of a block, of which some rows stay in the cache next to the core.
BLOCK_BYTES = 3840


@njit(**EXACT)
def block_of(like):
    """Bins of a block: whole tiles of either kind but for a last one."""
    return BLOCK_BYTES // like.itemsize


@njit(**EXACT)
def copy_block(rows, a, b, first, stop, copy, stride):
    """Copy bins a to b of all rows, with zeros for those outside first to stop."""
    for c in range(rows.shape[0]):
        copy_between_zeros(rows[c], a, b, first, stop, copy[c * stride :])


@njit(**EXACT)
def _offsets(n_rows, n_taps, stride, first, step):
    """Where each row begins at each lag in a copy: ``row * stride + first + step * lag``."""
    offsets = np.empty(n_rows * n_taps, np.int64)
    for c in range(n_rows):
        for k in range(n_taps):
            offsets[c * n_taps + k] = c * stride + first + step * k
    return offsets


@njit(**EXACT)
def _padded(offsets, n_more):
    """Offsets with the last one repeated."""
    out = np.empty(offsets.size + n_more, np.int64)
    for p in range(out.size):
        out[p] = offsets[min(p, offsets.size - 1)]
    return out


@njit(**EXACT)
def fir_by_products(h, x, y, starts):
    """Filter as `filters.fir` does."""
    n_filters, n_channels, n_taps = h.shape
    block, halo, n = block_of(x), n_taps - 1, x.shape[1]
    stride = max(block, width_of(x)) + halo
    copy, edges, out = np.empty(n_channels * stride, x.dtype), edges_of(n_filters), y.reshape(-1)
    weights = pack_weights(h.reshape(n_filters, -1), edges)
    offsets = _offsets(n_channels, n_taps, stride, halo, -1)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, block):
            b = min(a + block, stop)
            copy_block(x, a - halo, b, first, stop, copy, stride)
            multiply(weights, edges, offsets, copy, b - a, out, a, n)


@njit(**EXACT)
def fir_by_products_vjp_input(h, dy, dx, starts):
    """Gradient of the input, as `filters.fir_vjp_input` gives it."""
    n_filters, n_channels, n_taps = h.shape
    block, halo, n = block_of(dy), n_taps - 1, dy.shape[1]
    stride = max(block, width_of(dy)) + halo
    copy, edges, out = np.empty(n_filters * stride, dy.dtype), edges_of(n_channels), dx.reshape(-1)
    by_channel = np.empty((n_channels, n_filters * n_taps), h.dtype)
    for f in range(n_filters):
        for c in range(n_channels):
            for k in range(n_taps):
                by_channel[c, f * n_taps + k] = h[f, c, k]
    weights = pack_weights(by_channel, edges)
    offsets = _offsets(n_filters, n_taps, stride, 0, 1)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, block):
            b = min(a + block, stop)
            copy_block(dy, a, b + halo, first, stop, copy, stride)
            multiply(weights, edges, offsets, copy, b - a, out, a, n)


@njit(**EXACT)
def fir_by_products_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps, as `filters.fir_vjp_filter` gives it."""
    n_filters, n_channels, n_taps = dh.shape
    block, halo, n = block_of(x), n_taps - 1, x.shape[1]
    stride = block + halo
    copy, errors = np.empty(n_channels * stride, x.dtype), dy.reshape(-1)
    theirs = _padded(_offsets(n_channels, n_taps, stride, halo, -1), N_MORE)
    ours, tiles = (
        np.empty(n_filters + N_MORE, np.int64),
        zero_tiles(n_filters, n_channels * n_taps, x),
    )
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, block):
            b = min(a + block, stop)
            copy_block(x, a - halo, b, first, stop, copy, stride)
            for f in range(ours.size):
                ours[f] = min(f, n_filters - 1) * n + a
            correlate(errors, ours, copy, theirs, b - a, tiles)
    add_tiles(tiles, dh.reshape(n_filters, -1))
