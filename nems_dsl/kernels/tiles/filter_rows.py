"""Filters by rows: one or two rows by eight taps, for few channels."""

from ..compiled import EXACT, SUMS, njit

UNROLLED = 8


@njit(**EXACT)
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


@njit(**EXACT)
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


@njit(**SUMS)
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


@njit(**SUMS)
def _add_two(weights, weights2, lags, source, y, y2):
    """Do the same for two rows, which share the loads of the source."""
    h0, h1, h2, h3, h4, h5, h6, h7 = weights
    g0, g1, g2, g3, g4, g5, g6, g7 = weights2
    s0, s1, s2, s3, s4, s5, s6, s7 = _windows(source, lags, y.size)
    for t in range(y.size):
        v0, v1, v2, v3, v4, v5, v6, v7 = s0[t], s1[t], s2[t], s3[t], s4[t], s5[t], s6[t], s7[t]
        y[t] += h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3 + h4 * v4 + h5 * v5 + h6 * v6 + h7 * v7
        y2[t] += g0 * v0 + g1 * v1 + g2 * v2 + g3 * v3 + g4 * v4 + g5 * v5 + g6 * v6 + g7 * v7


@njit(**SUMS)
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


@njit(**EXACT)
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


@njit(**EXACT)
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


@njit(**EXACT)
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


@njit(**EXACT)
def fir_by_rows(h, x, y, starts):
    """Filter as `filters.fir` does."""
    n_filters = h.shape[0]
    y[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for f in range(0, n_filters, 2):
            g = min(f + 1, n_filters - 1)
            for c in range(h.shape[1]):
                _filter(h[f, c], h[g, c], x[c, a:b], y[f, a:b], y[g, a:b], g > f)


@njit(**EXACT)
def fir_by_rows_vjp_input(h, dy, dx, starts):
    """Gradient of the input, as `filters.fir_vjp_input` gives it."""
    n_channels = h.shape[1]
    dx[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(0, n_channels, 2):
            d = min(c + 1, n_channels - 1)
            for f in range(h.shape[0]):
                _filter_vjp_input(h[f, c], h[f, d], dy[f, a:b], dx[c, a:b], dx[d, a:b], d > c)


@njit(**EXACT)
def fir_by_rows_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps, as `filters.fir_vjp_filter` gives it."""
    n_channels = dh.shape[1]
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(0, n_channels, 2):
            d = min(c + 1, n_channels - 1)
            for f in range(dh.shape[0]):
                _filter_vjp_filter(x[c, a:b], x[d, a:b], dy[f, a:b], dh[f, c], dh[f, d], d > c)
