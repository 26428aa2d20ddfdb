"""Filters that find bins in pairs, for many filters on several channels.

Two bins of a filter of three taps take four products instead of six (S. Winograd, Arithmetic
Complexity of Computations, SIAM 1980: the minimal algorithm F(2, 3)). Each group of three taps is
filtered so. With ``d0 .. d3`` the four bins that a pair reads, earliest first, and the taps ``g0,
g1, g2`` in that order::

    m0 = (d2 - d0) * -g0              y0 = m0 + m1 + m2
    m1 = (d2 + d1) * (g0 + g1 + g2)/2
    m2 = (d2 - d1) * (g0 - g1 + g2)/2
    m3 = (d3 - d1) * g2               y1 = m1 - m2 + m3

The four sums run over all channels and groups before they are put together. Taps beyond the last
group are added to m0 and m3 as they are. A bin depends on no other bins than those under its taps.
"""

import numpy as np

from ..compiled import EXACT, njit
from .aligned import aligned_rows
from .filter_tiles import copy_between_zeros
from .vector_correlations import N_MORE, add_tiles, correlate, zero_tiles
from .vector_pairs import N_SUMS, multiply_pairs, n_lanes, part_errors, part_pairs
from .vector_products import N_VECTORS_OF_FEW, edges_of, width_of
from .vectors import VECTOR_BYTES

N_TAPS = 3
# The sums, and the rows that they read of each channel, at even and at odd bins: differences of
# bins two apart, sums and differences of neighbours, and the bins themselves.
_APART, _SUM, _DIFFERENCE, _BINS = 0, 1, 2, 3

# Bytes of a row of a block, of half as many bins; the longer, the fewer are the sums at the end of
# each for the gradient of the taps.
BLOCK_BYTES, BLOCK_BYTES_VJP_FILTER = 3840, 7680
ROWS_BYTES = 1 << 18

# Bytes of a row of a segment: some tiles' width; and from where on pairs do not cost more.
LEAST_BYTES, LEAST_BYTES_VJP_FILTER = 4 * N_VECTORS_OF_FEW * VECTOR_BYTES, 12288


def shortest_segment(like):
    """Bins from which on a segment is long enough for whole tiles."""
    return LEAST_BYTES // like.itemsize


def shortest_segment_vjp_filter(like):
    """Bins from which on the gradient of the taps costs less in pairs."""
    return LEAST_BYTES_VJP_FILTER // like.itemsize


@njit(**EXACT)
def _halo(n_taps):
    """Bins before a block that it reads: an even number."""
    return n_taps - n_taps % 2


@njit(**EXACT)
def _edges_of_blocks(n, longest, whole):
    """Where about equally long blocks of a segment begin, in steps of `whole`; last, its length."""
    n_steps, most = -(-n // whole), longest // whole
    n_blocks = -(-n_steps // most)
    edges = np.empty(n_blocks + 1, np.int64)
    for i in range(n_blocks + 1):
        edges[i] = min(n_steps * i // n_blocks * whole, n)
    return edges


@njit(**EXACT)
def _stride(n_bins, n_taps, like):
    """Elements of a row of the pairs of a block and its halo, in whole vectors."""
    n = n_bins // 2 + _halo(n_taps) // 2
    return n + -n % n_lanes(like)


@njit(**EXACT)
def _n_rows(n_taps):
    """Rows of a channel: the bins themselves are wanted only for taps beyond the last group."""
    return 8 if n_taps % N_TAPS else 6


@njit(**EXACT)
def _part(source, first, n, n_taps, rows, to, stride):
    if n_taps % N_TAPS:
        part_pairs(True, source, first, n, rows, to, stride)
    else:
        part_pairs(False, source, first, n, rows, to, stride)


@njit(**EXACT)
def _copy_pairs(x, a, n_pairs, n_taps, first, stop, line, rows, stride):
    """Write the rows of all channels for the pairs from bin a on, and for those of the halo."""
    start, n = a - _halo(n_taps) - 2, n_pairs + _halo(n_taps) // 2
    n_read = 2 * (n + 1 + n_lanes(x))
    is_inside = start >= first and start + n_read <= stop
    signals, of_channel = x.reshape(-1), _n_rows(n_taps) * stride
    for c in range(x.shape[0]):
        if is_inside:
            _part(signals, c * x.shape[1] + start, n, n_taps, rows, c * of_channel, stride)
        else:
            copy_between_zeros(x[c], start, start + n_read, first, stop, line)
            _part(line, 0, n, n_taps, rows, c * of_channel, stride)


@njit(**EXACT)
def _offset(row, kind, lag, halo, stride):
    """Where the row of a kind begins, read `lag` bins before the first of a pair."""
    is_odd = lag % 2
    return (row + 2 * kind + is_odd) * stride + (halo - lag - is_odd) // 2


@njit(**EXACT)
def _kind_of(number):
    """Rows that sum `number` reads, and how many bins later."""
    if number == 1:
        return _SUM, 0
    if number == 2:
        return _DIFFERENCE, 0
    return _APART, number // 3


@njit(**EXACT)
def _offsets(number, n_channels, n_taps, stride, n_more):
    """Where the terms of a sum are found; the last one repeated."""
    n_groups, n_left = n_taps // N_TAPS, n_taps % N_TAPS if number % 3 == 0 else 0
    halo, n_terms = _halo(n_taps), n_channels * (n_groups + n_left)
    kind, later = _kind_of(number)
    offsets = np.empty(n_terms + n_more, np.int64)
    at = 0
    for c in range(n_channels):
        for g in range(n_groups):
            offsets[at] = _offset(c * _n_rows(n_taps), kind, N_TAPS * g - later, halo, stride)
            at += 1
        for k in range(n_taps - n_left, n_taps):
            offsets[at] = _offset(c * _n_rows(n_taps), _BINS, k - later, halo, stride)
            at += 1
    for i in range(at, offsets.size):
        offsets[i] = offsets[at - 1]
    return offsets


@njit(**EXACT)
def _offsets_of_all(n_channels, n_taps, stride):
    """Where the terms of all sums are found, and where those of each begin."""
    ends, n = np.zeros(N_SUMS + 1, np.int64), 0
    offsets = np.empty(N_SUMS * n_channels * n_taps, np.int64)
    for number in range(N_SUMS):
        own = _offsets(number, n_channels, n_taps, stride, 0)
        for i in range(own.size):
            offsets[n + i] = own[i]
        n += own.size
        ends[number + 1] = n
    return offsets[:n], ends


@njit(**EXACT)
def _weights(h, edges, ends):
    """Weights of the terms of all sums, as tiles take them."""
    n_channels, n_taps = h.shape[1:]
    n_groups, half = n_taps // N_TAPS, h.dtype.type(0.5)
    n_of_channel = ends[1] // n_channels
    packed = np.empty(h.shape[0] * ends[-1], h.dtype)
    for tile in range(edges.size - 1):
        row, n = edges[tile], edges[tile + 1] - edges[tile]
        first = row * ends[-1]
        for c in range(n_channels):
            p0, p1 = first + c * n_of_channel * n, first + (ends[1] + c * n_groups) * n
            p2, p3 = p1 + n * n_channels * n_groups, p0 + n * ends[3]
            for k in range(0, N_TAPS * n_groups, N_TAPS):
                for i in range(n):
                    g2, g1, g0 = h[row + i, c, k], h[row + i, c, k + 1], h[row + i, c, k + 2]
                    outer = half * (g0 + g2)
                    packed[p0 + i] = -g0
                    packed[p1 + i] = outer + half * g1
                    packed[p2 + i] = outer - half * g1
                    packed[p3 + i] = g2
                p0, p1, p2, p3 = p0 + n, p1 + n, p2 + n, p3 + n
            for k in range(N_TAPS * n_groups, n_taps):
                for i in range(n):
                    packed[p0 + i] = packed[p3 + i] = h[row + i, c, k]
                p0, p3 = p0 + n, p3 + n
    return packed


@njit(**EXACT)
def _longest_block(n_channels, n_taps, like):
    """Bins of a block whose rows stay in a near cache."""
    width = 2 * width_of(like)
    fitting = ROWS_BYTES // (n_channels * _n_rows(n_taps) * like.itemsize) * 2
    return max(2 * width, min(BLOCK_BYTES // like.itemsize, fitting) // width * width)


@njit(**EXACT)
def _filter(h, x, y, starts, ahead):
    """y[f,t] = sum_c sum_k h[f,c,k] x[c, t+ahead-k], for segments that are long enough."""
    n_rows, n_channels, n_taps = h.shape
    edges, out = edges_of(n_rows), y.reshape(-1)
    longest = _longest_block(n_channels, n_taps, x)
    stride = _stride(longest, n_taps, x)
    rows = aligned_rows(n_channels * _n_rows(n_taps), stride, x).reshape(-1)
    line = np.empty(2 * stride + 4 * n_lanes(x), x.dtype)
    offsets, ends = _offsets_of_all(n_channels, n_taps, stride)
    weights = _weights(h, edges, ends)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        blocks = _edges_of_blocks(stop - first, longest, width_of(x))
        for block in range(blocks.size - 1):
            a, n = first + blocks[block], blocks[block + 1] - blocks[block]
            _copy_pairs(x, a + ahead, (n + 1) // 2, n_taps, first, stop, line, rows, stride)
            multiply_pairs(weights, edges, offsets, ends, rows, n, out, a, y.shape[1])


@njit(**EXACT)
def fir_by_pairs(h, x, y, starts):
    """Filter as `filters.fir` does, segments of `shortest_segment` or more."""
    _filter(h, x, y, starts, 0)


@njit(**EXACT)
def fir_by_pairs_vjp_input(h, dy, dx, starts):
    """Gradient of the input, as `filters.fir_vjp_input` gives it."""
    n_filters, n_channels, n_taps = h.shape
    by_channel = np.empty((n_channels, n_filters, n_taps), h.dtype)
    for f in range(n_filters):
        for c in range(n_channels):
            for k in range(n_taps):
                by_channel[c, f, k] = h[f, c, n_taps - 1 - k]
    _filter(by_channel, dy, dx, starts, n_taps - 1)


@njit(**EXACT)
def _copy_errors(dy, a, n, summed, copy, stride):
    """Write the derivatives by two of the sums at each pair of n bins from a on.

    They are the derivatives at even and at odd bins, m0 and m3; or sums and differences of these,
    m1 and m2.
    """
    errors, n_pairs = dy.reshape(-1), n // 2
    n_whole, second = n_pairs - n_pairs % n_lanes(dy), dy.shape[0] * stride
    for f in range(dy.shape[0]):
        at, to = f * dy.shape[1] + a, f * stride
        if summed:
            part_errors(True, errors, at, n_whole, copy, to, to + second)
        else:
            part_errors(False, errors, at, n_whole, copy, to, to + second)
        for j in range(n_whole, (n + 1) // 2):
            even = errors[at + 2 * j]
            odd = errors[at + 2 * j + 1] if 2 * j + 1 < n else dy.dtype.type(0)
            copy[to + j] = even + odd if summed else even
            copy[to + second + j] = even - odd if summed else odd


@njit(**EXACT)
def _add_groups(tiles, number, dh):
    """Add the derivatives by a sum's weights to those by the taps."""
    n_filters, n_channels, n_taps = dh.shape
    n_groups = n_taps // N_TAPS
    n_left = n_taps % N_TAPS if number % 3 == 0 else 0
    found = np.zeros((n_filters, n_channels * (n_groups + n_left)), dh.dtype)
    add_tiles(tiles, found)
    outer, middle = (0.5, 0.5 if number == 1 else -0.5) if 0 < number < 3 else (0.0, 0.0)
    last, first = (-1.0, 0.0) if number == 0 else (outer, 1.0 if number == 3 else outer)
    w2, w1, w0 = dh.dtype.type(first), dh.dtype.type(middle), dh.dtype.type(last)
    for f in range(n_filters):
        at, row = 0, dh[f]
        for c in range(n_channels):
            for k in range(0, N_TAPS * n_groups, N_TAPS):
                value = found[f, at]
                row[c, k] += w2 * value
                row[c, k + 1] += w1 * value
                row[c, k + 2] += w0 * value
                at += 1
            for k in range(n_taps - n_left, n_taps):
                row[c, k] += found[f, at]
                at += 1


@njit(**EXACT)
def fir_by_pairs_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps, as `filters.fir_vjp_filter` gives it."""
    n_filters, n_channels, n_taps = dh.shape
    longest = BLOCK_BYTES_VJP_FILTER // x.itemsize
    n_pairs = longest // 2
    stride = _stride(longest, n_taps, x)
    rows = aligned_rows(n_channels * _n_rows(n_taps), stride, x).reshape(-1)
    line = np.empty(2 * stride + 4 * n_lanes(x), x.dtype)
    errors, ours = (
        np.empty(2 * n_filters * n_pairs, x.dtype),
        np.empty(n_filters + N_MORE, np.int64),
    )
    for f in range(ours.size):
        ours[f] = min(f, n_filters - 1) * n_pairs
    theirs = (
        _offsets(0, n_channels, n_taps, stride, N_MORE),
        _offsets(1, n_channels, n_taps, stride, N_MORE),
        _offsets(2, n_channels, n_taps, stride, N_MORE),
        _offsets(3, n_channels, n_taps, stride, N_MORE),
    )
    tiles = (
        zero_tiles(n_filters, theirs[0].size - N_MORE, x),
        zero_tiles(n_filters, theirs[1].size - N_MORE, x),
        zero_tiles(n_filters, theirs[2].size - N_MORE, x),
        zero_tiles(n_filters, theirs[3].size - N_MORE, x),
    )
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        blocks = _edges_of_blocks(stop - first, longest, 2 * n_lanes(x))
        for block in range(blocks.size - 1):
            a, n = first + blocks[block], blocks[block + 1] - blocks[block]
            _copy_pairs(x, a, (n + 1) // 2, n_taps, first, stop, line, rows, stride)
            for number in range(2):
                _copy_errors(dy, a, n, number == 1, errors, n_pairs)
                n_here, other = (n + 1) // 2, 3 - number
                correlate(errors, ours, rows, theirs[number], n_here, tiles[number])
                correlate(
                    errors[n_filters * n_pairs :], ours, rows, theirs[other], n_here, tiles[other]
                )
    for number in range(N_SUMS):
        _add_groups(tiles[number], number, dh)
