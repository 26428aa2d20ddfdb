"""Sums of products of a row with itself at neighbouring lags, for filters that share no loads.

A row at a lag of less than a vector is shuffled together from two vectors that are in registers,
where a load would cross a cache line. Lags are taken in groups; the sum at a bin runs over its
channels and lags in order, and has the same bits anywhere.
"""

from contextlib import ExitStack

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..compiled import EXACT, njit
from .vectors import INT, VECTOR_BYTES, Vectors, row_of, size_of, store_all, sums_of

# Vectors of a tile, and lags of a group: partial sums and windows fit 16 registers.
N_VECTORS, N_LAGS = 4, 8


class _Windows:
    """Neighbouring vectors of a row, and what lies between them."""

    def __init__(self, vec, builder, row, n_vectors, n_lags):
        n_loaded = n_vectors + -(-(n_lags - 1) // vec.n)
        self._vec, self._builder = vec, builder
        self._loaded = [vec.load(row, INT(i * vec.n)) for i in range(n_loaded)]

    def at(self, v, lag):
        """Give vector v of the row from element `lag` on."""
        place, shift = v + lag // self._vec.n, lag % self._vec.n
        if not shift:
            return self._loaded[place]
        return self._vec.join(self._loaded[place], self._loaded[place + 1], shift)


@intrinsic
def _windowed(typing, weights, offsets, n_taps, source, n_bins, out, out_at):
    """out[t] = sum_c sum_j weights[c, j] source[offsets[c] + t + j], tile by tile of t.

    There is a tile's width of bins, or more: the last tile takes in bins of the one before.
    """
    whole = types.int64

    def codegen(context, builder, signature, arguments):
        kinds = signature.args
        vec = Vectors(builder, kinds[3].dtype)
        taps, n = arguments[2], arguments[4]
        w, x = (row_of(context, builder, kinds[i], arguments[i], INT(0)) for i in (0, 3))
        channels = row_of(context, builder, kinds[1], arguments[1], INT(0))
        n_channels = size_of(context, builder, kinds[1], arguments[1])
        y = row_of(context, builder, kinds[5], arguments[5], arguments[6])
        (totals,) = sums_of(builder, vec, 1, N_VECTORS)
        n_grouped = builder.and_(taps, INT(-N_LAGS))
        n_left = builder.sub(taps, n_grouped)

        def add(windows, lag, weight_at):
            weight = vec.spread(builder.load(weight_at))
            for v, total in enumerate(totals):
                vec.accumulate(weight, windows.at(v, lag), total)

        width = N_VECTORS * vec.n
        last = builder.sub(n, INT(width))
        with cgutils.for_range_slice(builder, INT(0), n, INT(width), INT) as (start, _):
            t = builder.select(builder.icmp_signed("<", start, last), start, last)
            store_all(builder, vec.zero, [totals])
            with cgutils.for_range(builder, n_channels) as channel:
                c = channel.index
                row = builder.gep(x, [builder.add(t, builder.load(builder.gep(channels, [c])))])
                of_channel = builder.gep(w, [builder.mul(c, taps)])
                groups = (builder, INT(0), n_grouped, INT(N_LAGS), INT)
                with cgutils.for_range_slice(*groups) as (first, _):
                    here = builder.gep(row, [first])
                    windows = _Windows(vec, builder, here, N_VECTORS, N_LAGS)
                    for lag in range(N_LAGS):
                        place = builder.add(first, INT(lag))
                        add(windows, lag, builder.gep(of_channel, [place]))
                here, of_rest = (builder.gep(place, [n_grouped]) for place in (row, of_channel))
                with ExitStack() as stack:
                    windows = _Windows(vec, builder, here, N_VECTORS, N_LAGS)
                    for lag in range(N_LAGS - 1):
                        more = builder.icmp_signed(">", n_left, INT(lag))
                        stack.enter_context(builder.if_then(more, likely=True))
                        add(windows, lag, builder.gep(of_rest, [INT(lag)]))
            row = builder.gep(y, [t])
            for v, total in enumerate(totals):
                vec.store(builder.load(total), row, INT(v * vec.n))
        return context.get_dummy_value()

    arrays = (weights, offsets, whole, source, whole, out, whole)
    return types.void(*arrays), codegen


@intrinsic(prefer_literal=True)
def _window_correlations(typing, n_lags, left, left_at, right, right_at, n_bins, out, out_at):
    """out[j] += sum_t left[t] right[t + j], over n_bins, for some lags j."""
    lags, whole = n_lags.literal_value, types.int64

    def codegen(context, builder, signature, arguments):
        kinds = signature.args
        vec = Vectors(builder, kinds[1].dtype)
        ours, theirs, result = (
            row_of(context, builder, kinds[i], arguments[i], arguments[i + 1]) for i in (1, 3, 6)
        )
        n = arguments[5]
        (totals,) = sums_of(builder, vec, 1, lags)
        store_all(builder, vec.zero, [totals])

        def add(value, t):
            windows = _Windows(vec, builder, builder.gep(theirs, [t]), 1, lags)
            for lag, total in enumerate(totals):
                vec.accumulate(value, windows.at(0, lag), total)

        full = builder.and_(n, INT(-vec.n))
        with cgutils.for_range_slice(builder, INT(0), full, INT(vec.n), INT) as (t, _):
            add(vec.load(ours, t), t)
        left_over = builder.sub(n, full)
        with builder.if_then(builder.icmp_signed(">", left_over, INT(0))):
            add(vec.load_first(ours, full, left_over), full)
        for lag, total in enumerate(totals):
            vec.add_sum(total, builder.gep(result, [INT(lag)]))
        return context.get_dummy_value()

    arrays = (left, whole, right, whole, whole, out, whole)
    return types.void(n_lags, *arrays), codegen


@njit(**EXACT)
def window_width(like):
    """Bins of a tile."""
    return N_VECTORS * (VECTOR_BYTES // like.itemsize)


@njit(**EXACT)
def window_slack(like):
    """Elements that are read beyond the last lag of the last bin, and of no account."""
    return 2 * window_width(like) + N_LAGS


@njit(**EXACT)
def multiply_windows(weights, offsets, n_taps, source, n_bins, out, out_at):
    """Filter rows: ``out[t] = sum_c sum_j weights[c,j] source[offsets[c] + t + j]``.

    `window_slack` elements beyond the last that counts are read, too.

    Parameters
    ----------
    weights : (channels * taps,)
    offsets : (channels,) int64
    n_taps : int
    source : flat
    n_bins : int
    out : flat, overwritten from `out_at`
    out_at : int
    """
    width = window_width(source)
    if n_bins >= width:
        _windowed(weights, offsets, n_taps, source, n_bins, out, out_at)
        return
    few = np.empty(width, out.dtype)
    _windowed(weights, offsets, n_taps, source, width, few, 0)
    for t in range(n_bins):
        out[out_at + t] = few[t]


@njit(**EXACT)
def correlate_windows(left, left_at, right, right_at, n_taps, n_bins, sums):
    """Add sums over bins: ``sums[j] += sum_t left[left_at + t] right[right_at + t + j]``.

    `window_slack` elements beyond the last that counts are read, too; they must be finite.

    Parameters
    ----------
    left, right : flat
    left_at, right_at, n_taps, n_bins : int
    sums : (taps + N_LAGS,), added to
        What is beyond the taps is of no account.
    """
    for j in range(0, n_taps, N_LAGS):
        at = right_at + j
        if n_taps - j > 4:
            _window_correlations(8, left, left_at, right, at, n_bins, sums, j)
        elif n_taps - j > 2:
            _window_correlations(4, left, left_at, right, at, n_bins, sums, j)
        else:
            _window_correlations(2, left, left_at, right, at, n_bins, sums, j)
