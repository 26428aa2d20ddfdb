"""Filters that look ahead, that keep every n-th bin, or that run over channels too (conv2d).

Bin s of an output stands for bin ``s * stride`` of the input, and a lag below 0 looks ahead. The
trials of an input lie between its `starts`, those of an output between its `out_starts`; no filter
reaches across.

A filter that looks ahead is a causal one whose output is taken so many bins later: `pick` does that
and keeps every n-th bin. What the last bins of a trial miss, `fir_end` adds. That leaves the work
to the filters that are fast; leaving bins out is dearer than computing them.
"""

import numpy as np

from .compiled import EXACT, SUMS, njit


@njit(**EXACT)
def _reached(lag, stride, n_in, n_out, least):
    """Bins of an output from `least`, first and end, that a lag takes from within the input."""
    first = max(least, -(-lag // stride))
    return first, min(n_out, (n_in - 1 + lag) // stride + 1)


# The loops run over slices that begin at bin 0 where the stride is 1, for these vectorise.


@njit(**EXACT)
def _add(weight, x, lag, stride, y, least=0):
    """y[s] += weight * x[s * stride - lag]."""
    first, stop = _reached(lag, stride, x.size, y.size, least)
    if first >= stop:
        return
    if stride == 1:
        source, out = x[first - lag : stop - lag], y[first:stop]
        for t in range(out.size):
            out[t] += weight * source[t]
    else:
        for s in range(first, stop):
            y[s] += weight * x[s * stride - lag]


@njit(**EXACT)
def _add_back(weight, dy, lag, stride, dx, least=0):
    """dx[s * stride - lag] += weight * dy[s]."""
    first, stop = _reached(lag, stride, dx.size, dy.size, least)
    if first >= stop:
        return
    if stride == 1:
        source, out = dy[first:stop], dx[first - lag : stop - lag]
        for t in range(out.size):
            out[t] += weight * source[t]
    else:
        for s in range(first, stop):
            dx[s * stride - lag] += weight * dy[s]


@njit(**SUMS)
def _correlate(x, dy, lag, stride, least=0):
    """Sum of x[s * stride - lag] * dy[s] over s."""
    total = x.dtype.type(0)
    first, stop = _reached(lag, stride, x.size, dy.size, least)
    if first >= stop:
        return total
    if stride == 1:
        row, other = x[first - lag : stop - lag], dy[first:stop]
        for t in range(row.size):
            total += row[t] * other[t]
    else:
        for s in range(first, stop):
            total += x[s * stride - lag] * dy[s]
    return total


# ---- over time -----------------------------------------------------------------------------------


@njit(**EXACT)
def pick(full, y, ahead, stride, starts, out_starts):
    """Take bins that lie ahead: ``y[f,s] = full[f,stride*s+ahead]``, 0 beyond the trial.

    Parameters
    ----------
    full : (filters, time)
    y : (filters, out_time), overwritten
    ahead, stride : int
    starts, out_starts : (segments + 1,) int64
    """
    y[:] = 0
    for i in range(starts.size - 1):
        a, b, p, q = starts[i], starts[i + 1], out_starts[i], out_starts[i + 1]
        for f in range(y.shape[0]):
            _add(y.dtype.type(1), full[f, a:b], -ahead, stride, y[f, p:q])


@njit(**EXACT)
def pick_vjp(dy, d_full, ahead, stride, starts, out_starts):
    """Gradient of the input of `pick`.

    Parameters
    ----------
    dy : (filters, out_time)
    d_full : (filters, time), overwritten
    ahead, stride : int
    starts, out_starts : (segments + 1,) int64
    """
    d_full[:] = 0
    for i in range(starts.size - 1):
        a, b, p, q = starts[i], starts[i + 1], out_starts[i], out_starts[i + 1]
        for f in range(dy.shape[0]):
            _add_back(dy.dtype.type(1), dy[f, p:q], -ahead, stride, d_full[f, a:b])


@njit(**EXACT)
def _first_at_end(n_in, ahead, stride):
    return max(0, -((ahead - n_in) // stride))


@njit(**EXACT)
def fir_end(h, x, y, ahead, stride, starts, out_starts):
    """Add ``sum_c sum_k h[f,c,k] x[c,f,stride*s+ahead-k]`` where `pick` gave 0.

    Parameters
    ----------
    h : (filters, channels, taps)
    x : (channels, filters, time), or (channels, 1, time) if all filters share their input
    y : (filters, out_time), added to
    ahead, stride : int
    starts, out_starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b, p, q = starts[i], starts[i + 1], out_starts[i], out_starts[i + 1]
        least = _first_at_end(b - a, ahead, stride)
        for f, c in np.ndindex(h.shape[:2]):
            row, out = x[c, min(f, x.shape[1] - 1), a:b], y[f, p:q]
            for k in range(h.shape[2]):
                _add(h[f, c, k], row, k - ahead, stride, out, least)


@njit(**EXACT)
def fir_end_vjp_filter(x, dy, dh, ahead, stride, starts, out_starts):
    """Gradient of the taps of `fir_end`.

    Parameters
    ----------
    x : (channels, filters or 1, time)
    dy : (filters, out_time)
    dh : (filters, channels, taps), added to
    ahead, stride : int
    starts, out_starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b, p, q = starts[i], starts[i + 1], out_starts[i], out_starts[i + 1]
        least = _first_at_end(b - a, ahead, stride)
        for f, c in np.ndindex(dh.shape[:2]):
            row, out = x[c, min(f, x.shape[1] - 1), a:b], dy[f, p:q]
            for k in range(dh.shape[2]):
                dh[f, c, k] += _correlate(row, out, k - ahead, stride, least)


@njit(**EXACT)
def fir_end_vjp_input(h, dy, dx, ahead, stride, starts, out_starts):
    """Gradient of the input of `fir_end`.

    Parameters
    ----------
    h : (filters, channels, taps)
    dy : (filters, out_time)
    dx : (channels, filters or 1, time), added to
    ahead, stride : int
    starts, out_starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b, p, q = starts[i], starts[i + 1], out_starts[i], out_starts[i + 1]
        least = _first_at_end(b - a, ahead, stride)
        for f, c in np.ndindex(h.shape[:2]):
            row, out = dx[c, min(f, dx.shape[1] - 1), a:b], dy[f, p:q]
            for k in range(h.shape[2]):
                _add_back(h[f, c, k], out, k - ahead, stride, row, least)


@njit(**EXACT)
def add_rows(weight, x, y, stride, starts, out_starts):
    """Add as many rows as there are in both: ``y[i,s] += weight x[i,stride*s]``.

    Parameters
    ----------
    weight : float
    x : (channels, time)
    y : (channels, out_time), added to
    stride : int
    starts, out_starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b, p, q = starts[i], starts[i + 1], out_starts[i], out_starts[i + 1]
        for c in range(min(x.shape[0], y.shape[0])):
            _add(weight, x[c, a:b], 0, stride, y[c, p:q])


@njit(**EXACT)
def add_rows_vjp(weight, dy, dx, stride, starts, out_starts):
    """Gradient of the input of `add_rows`.

    Parameters
    ----------
    weight : float
    dy : (channels, out_time)
    dx : (channels, time), added to
    stride : int
    starts, out_starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b, p, q = starts[i], starts[i + 1], out_starts[i], out_starts[i + 1]
        for c in range(min(dx.shape[0], dy.shape[0])):
            _add_back(weight, dy[c, p:q], 0, stride, dx[c, a:b])


# ---- over time and channels ----------------------------------------------------------------------


@njit(**EXACT)
def conv2d(w, x, y, across, starts):
    """Filter over channels and past bins, zeros outside.

    ``y[c,f,t] = sum_m sum_k w[f,m,k] x[across * c + m - width // 2, t - k]``

    Parameters
    ----------
    w : (filters, width, taps)
    x : (channels, time)
    y : (out_channels, filters, time), overwritten
    across : int
        Channels of the input to one of the output.
    starts : (segments + 1,) int64
    """
    y[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(y.shape[0]):
            for f, m in np.ndindex(w.shape[:2]):
                d = c * across + m - w.shape[1] // 2
                if 0 <= d < x.shape[0]:
                    row, out = x[d, a:b], y[c, f, a:b]
                    for k in range(w.shape[2]):
                        _add(w[f, m, k], row, k, 1, out)


@njit(**EXACT)
def conv2d_vjp_filter(x, dy, dw, across, starts):
    """Gradient of the filters of `conv2d`.

    Parameters
    ----------
    x : (channels, time)
    dy : (out_channels, filters, time)
    dw : (filters, width, taps), added to
    across : int
        Channels of the input to one of the output.
    starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(dy.shape[0]):
            for f, m in np.ndindex(dw.shape[:2]):
                d = c * across + m - dw.shape[1] // 2
                if 0 <= d < x.shape[0]:
                    row, out = x[d, a:b], dy[c, f, a:b]
                    for k in range(dw.shape[2]):
                        dw[f, m, k] += _correlate(row, out, k, 1)


@njit(**EXACT)
def conv2d_vjp_input(w, dy, dx, across, starts):
    """Gradient of the input of `conv2d`.

    Parameters
    ----------
    w : (filters, width, taps)
    dy : (out_channels, filters, time)
    dx : (channels, time), overwritten
    across : int
        Channels of the input to one of the output.
    starts : (segments + 1,) int64
    """
    dx[:] = 0
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(dy.shape[0]):
            for f, m in np.ndindex(w.shape[:2]):
                d = c * across + m - w.shape[1] // 2
                if 0 <= d < dx.shape[0]:
                    row, out = dx[d, a:b], dy[c, f, a:b]
                    for k in range(w.shape[2]):
                        _add_back(w[f, m, k], out, k, 1, row)


@njit(**EXACT)
def pool_max(stacked, y):
    """Largest of the filters: ``y[c,t] = max_f stacked[c,f,t]``.

    Parameters
    ----------
    stacked : (channels, filters, time)
    y : (channels, time), overwritten
    """
    for c in range(y.shape[0]):
        y[c] = stacked[c, 0]
        for f in range(1, stacked.shape[1]):
            row, out = stacked[c, f], y[c]
            for t in range(out.size):
                out[t] = max(out[t], row[t])


@njit(**EXACT)
def pool_max_vjp(stacked, y, dy):
    """Replace `stacked` by its gradient: that of the output where it is the first of the largest.

    Parameters
    ----------
    stacked : (channels, filters, time), overwritten
    y, dy : (channels, time)
    """
    for c, t in np.ndindex(y.shape):
        found = False
        for f in range(stacked.shape[1]):
            largest = not found and stacked[c, f, t] == y[c, t]
            found = found or largest
            stacked[c, f, t] = dy[c, t] if largest else 0
