"""Filters by projection: a sum over channels first, five taps at a time, and lags afterwards."""

from ..compiled import EXACT, SUMS, njit
from .aligned import LINE, aligned_rows
from .filter_tiles import N_ROWS, N_TAPS, clear, lags_of, taps_of

# Bins of a block, of which several scratch rows stay in the cache next to the core.
PROJECTED = 512


@njit(**SUMS)
def _project(w, c, k, x, a, b, z, gap):
    """z[j, gap+t] = sum_i w[c+i, k+j] x[c+i, a+t], for 4 channels and 5 taps.

    Channels that do not exist repeat the last one with weight 0.
    """
    n, last = b - a, x.shape[0] - 1
    x0, x1 = x[c, a:b], x[min(c + 1, last), a:b]
    x2, x3 = x[min(c + 2, last), a:b], x[min(c + 3, last), a:b]
    z0, z1, z2, z3, z4 = z[0, gap:], z[1, gap:], z[2, gap:], z[3, gap:], z[4, gap:]
    a0, a1, a2, a3, a4 = taps_of(w, c, c, k)
    b0, b1, b2, b3, b4 = taps_of(w, c + 1, c, k)
    d0, d1, d2, d3, d4 = taps_of(w, c + 2, c, k)
    e0, e1, e2, e3, e4 = taps_of(w, c + 3, c, k)
    for t in range(n):
        xa, xb, xd, xe = x0[t], x1[t], x2[t], x3[t]
        z0[t] = a0 * xa + b0 * xb + d0 * xd + e0 * xe
        z1[t] = a1 * xa + b1 * xb + d1 * xd + e1 * xe
        z2[t] = a2 * xa + b2 * xb + d2 * xd + e2 * xe
        z3[t] = a3 * xa + b3 * xb + d3 * xd + e3 * xe
        z4[t] = a4 * xa + b4 * xb + d4 * xd + e4 * xe


@njit(**SUMS)
def _add_lagged(z, start, k, n_taps, y, f, a, b):
    l0, l1, l2, l3, l4 = lags_of(0, n_taps - k)
    z0, z1, z2 = z[0, start - l0 :], z[1, start - l1 :], z[2, start - l2 :]
    z3, z4 = z[3, start - l3 :], z[4, start - l4 :]
    row = y[f, a:b]
    for t in range(b - a):
        row[t] += z0[t] + z1[t] + z2[t] + z3[t] + z4[t]


@njit(**EXACT)
def fir_by_projection(h, x, y, starts):
    """Filter as `filters.fir` does; for few filters on several channels."""
    n_filters, n_channels, n_taps = h.shape
    lead = LINE // x.itemsize  # bins before a block: a group of five taps reaches back by four
    z = aligned_rows(N_TAPS, lead + PROJECTED, x)
    for i in range(starts.size - 1):
        first, stop = starts[i], starts[i + 1]
        for a in range(first, stop, PROJECTED):
            b = min(a + PROJECTED, stop)
            for f in range(n_filters):
                clear(y[f, a:b])
            for k in range(0, min(n_taps, b - first), N_TAPS):
                early = max(a - k - lead, first)
                gap = early - (a - k - lead)
                for j in range(N_TAPS):
                    clear(z[j, :gap])
                for f in range(n_filters):
                    for c in range(0, n_channels, N_ROWS):
                        _project(h[f], c, k, x, early, b - k, z, gap)
                        _add_lagged(z, lead, k, n_taps, y, f, a, b)
