"""Filters that look ahead, skip bins or cross channels, against slow ones, bin by bin."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.kernels import convolution, filters

from . import checks

lengths = st.lists(st.integers(1, 9), min_size=1, max_size=3)


def edges(lengths, stride):
    starts = np.concatenate([[0], np.cumsum(lengths)])
    kept = [-(-length // stride) for length in lengths]
    return starts, np.concatenate([[0], np.cumsum(kept)])


def bins(starts, out_starts, stride):
    """Give each bin of an output, with that of the input and the trial it lies in."""
    trials = zip(itertools.pairwise(starts), itertools.pairwise(out_starts), strict=True)
    for (start, stop), (out_start, out_stop) in trials:
        for s in range(out_start, out_stop):
            yield s, start + (s - out_start) * stride, range(start, stop)


def slow_fir(h, x, ahead, stride, starts, out_starts):
    y = np.zeros((h.shape[0], out_starts[-1]))
    for s, t, trial in bins(starts, out_starts, stride):
        for f, c, k in np.ndindex(h.shape):
            if t + ahead - k in trial:
                y[f, s] += h[f, c, k] * x[c, min(f, x.shape[1] - 1), t + ahead - k]
    return y


def slow_conv2d(w, x, across, starts):
    y = np.zeros((-(-x.shape[0] // across), w.shape[0], starts[-1]))
    for _, t, trial in bins(starts, starts, 1):
        for f, m, k in np.ndindex(w.shape):
            for c in range(y.shape[0]):
                d = c * across + m - w.shape[1] // 2
                if t - k in trial and 0 <= d < x.shape[0]:
                    y[c, f, t] += w[f, m, k] * x[d, t - k]
    return y


@checks.SHAPES
@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 6)),
    lengths=lengths,
    ahead=st.integers(0, 6),
    stride=st.integers(1, 4),
    shared=st.booleans(),
)
def test_fir(sizes, lengths, ahead, stride, shared):
    n_filters, n_channels, _ = sizes
    starts, out_starts = edges(lengths, stride)
    n_slices = 1 if shared else n_filters
    h, x, dy = checks.randoms(
        sizes, (n_channels, n_slices, starts[-1]), (n_filters, out_starts[-1])
    )
    args = (ahead, stride, starts, out_starts)
    y, dh, dx = np.full_like(dy, np.nan), np.zeros_like(h), np.full_like(x, np.nan)
    slices = np.repeat(x, n_filters // n_slices, axis=1)
    full, d_slices = np.empty((n_filters, starts[-1])), np.empty_like(slices)
    filters.bank_fir(h, slices, full, starts)
    convolution.pick(full, y, *args)
    convolution.fir_end(h, x, y, *args)
    checks.assert_close(y, slow_fir(h, x, *args))
    convolution.pick_vjp(dy, full, *args)
    filters.bank_fir_vjp_filter(slices, full, dh, starts)
    filters.bank_fir_vjp_input(h, full, d_slices, starts)
    dx[:] = d_slices.sum(axis=1, keepdims=True) if shared else d_slices
    convolution.fir_end_vjp_filter(x, dy, dh, *args)
    convolution.fir_end_vjp_input(h, dy, dx, *args)
    checks.assert_gradients(lambda h, x: slow_fir(h, x, *args), [h, x], [dh, dx], dy)


@checks.SHAPES
@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4)),
    lengths=lengths,
    n_channels=st.integers(1, 4),
    across=st.integers(1, 3),
)
def test_conv2d(sizes, lengths, n_channels, across):
    starts, _ = edges(lengths, 1)
    n_kept = -(-n_channels // across)
    w, x, dy = checks.randoms(sizes, (n_channels, starts[-1]), (n_kept, sizes[0], starts[-1]))
    y, dw, dx = np.full_like(dy, np.nan), np.zeros_like(w), np.full_like(x, np.nan)
    convolution.conv2d(w, x, y, across, starts)
    checks.assert_close(y, slow_conv2d(w, x, across, starts))
    convolution.conv2d_vjp_filter(x, dy, dw, across, starts)
    convolution.conv2d_vjp_input(w, dy, dx, across, starts)
    checks.assert_gradients(lambda w, x: slow_conv2d(w, x, across, starts), [w, x], [dw, dx], dy)


def test_max_goes_back_to_one_filter_even_where_two_are_equal():
    stacked = np.array([[[1.0, 3.0, 2.0], [1.0, 2.0, 4.0]]])
    y, dy = np.empty((1, 3)), np.array([[5.0, 6.0, 7.0]])
    convolution.pool_max(stacked, y)
    np.testing.assert_array_equal(y, [[1, 3, 4]])
    convolution.pool_max_vjp(stacked, y, dy)
    np.testing.assert_array_equal(stacked, [[[5, 6, 0], [0, 0, 7]]])
