import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.kernels import plain
from nems_dsl.kernels.tiles import filter_pairs, filter_products, filters

from . import slow
from .checks import (
    SHAPES,
    assert_close,
    assert_gradients,
    randoms,
    reference_arrays,
    reference_cases,
    time_last,
)


def whole(x):
    return np.array([0, x.shape[-1]])


def by_pairs(kernel, by_products):
    """Give a kernel of pairs for all segments that it takes, and products for others."""

    def by_length(*arrays):
        least = filter_pairs.shortest_segment(arrays[0])
        filters.by_length(kernel, by_products, arrays[:-1], arrays[-1], least)

    return by_length


FORMS = {
    "plain": (plain.fir, plain.fir_vjp_filter, plain.fir_vjp_input, False),
    "plain bank": (plain.bank_fir, plain.bank_fir_vjp_filter, plain.bank_fir_vjp_input, True),
    "chosen": (filters.fir, filters.fir_vjp_filter, filters.fir_vjp_input, False),
    "products": (
        filter_products.fir_by_products,
        filter_products.fir_by_products_vjp_filter,
        filter_products.fir_by_products_vjp_input,
        False,
    ),
    "pairs": (
        by_pairs(filter_pairs.fir_by_pairs, filter_products.fir_by_products),
        by_pairs(filter_pairs.fir_by_pairs_vjp_filter, filter_products.fir_by_products_vjp_filter),
        by_pairs(filter_pairs.fir_by_pairs_vjp_input, filter_products.fir_by_products_vjp_input),
        False,
    ),
    "bank": (filters.bank_fir, filters.bank_fir_vjp_filter, filters.bank_fir_vjp_input, True),
}
SLOW = {
    False: (slow.fir, slow.fir_vjp_filter, slow.fir_vjp_input),
    True: (slow.bank_fir, slow.bank_fir_vjp_filter, slow.bank_fir_vjp_input),
}
forms = pytest.mark.parametrize("fir, vjp_filter, vjp_input, bank", FORMS.values(), ids=FORMS)


def arrays(n_filters, n_channels, n_taps, n_bins, bank, dtype=float):
    inputs = (n_channels, n_filters, n_bins) if bank else (n_channels, n_bins)
    shapes = (
        (n_filters, n_channels, n_taps),
        inputs,
        (n_filters, n_bins),
        (n_filters, n_channels, n_taps),
    )
    return randoms(*shapes, dtype=dtype)


@forms
@SHAPES
@given(
    n_filters=st.integers(1, 5),
    n_channels=st.integers(1, 5),
    n_taps=st.integers(1, 20),
    n_bins=st.integers(1, 40),
)
def test_fir_and_gradients(fir, vjp_filter, vjp_input, bank, n_filters, n_channels, n_taps, n_bins):
    h, x, dy, dh = arrays(n_filters, n_channels, n_taps, n_bins, bank)
    slow_fir, slow_vjp_filter, slow_vjp_input = SLOW[bank]
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    fir(h, x, y, whole(x))
    assert_close(y, slow_fir(h, x))
    vjp_input(h, dy, dx, whole(dx))
    assert_close(dx, slow_vjp_input(h, dy))
    expected = dh + slow_vjp_filter(x, dy, n_taps)
    vjp_filter(x, dy, dh, whole(x))
    assert_close(dh, expected)


@forms
@pytest.mark.parametrize(
    "n_taps, n_bins", [(1, 1), (8, 8), (9, 8), (15, 16), (17, 3), (23, 40), (7, 100)]
)
def test_gradients_against_differences(fir, vjp_filter, vjp_input, bank, n_taps, n_bins):
    h, x, dy, _ = arrays(3, 3, n_taps, n_bins, bank)
    dh, dx = np.zeros_like(h), np.empty_like(x)
    vjp_filter(x, dy, dh, whole(x))
    vjp_input(h, dy, dx, whole(dx))

    def forward(h, x):
        y = np.empty_like(dy)
        fir(h, x, y, whole(x))
        return y

    assert_gradients(forward, [h, x], [dh, dx], dy)


@forms
@SHAPES
@given(
    lengths=st.lists(st.integers(0, 25), min_size=1, max_size=4).filter(any),
    n_taps=st.integers(1, 18),
)
def test_segments_do_not_leak(fir, vjp_filter, vjp_input, bank, lengths, n_taps):
    starts = np.cumsum([0, *lengths])
    h, x, dy, dh = arrays(3, 2, n_taps, starts[-1], bank)
    slow_fir, slow_vjp_filter, slow_vjp_input = SLOW[bank]
    segments = [slice(a, b) for a, b in itertools.pairwise(starts) if b > a]
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    fir(h, x, y, starts)
    assert_close(y, np.concatenate([slow_fir(h, x[..., s]) for s in segments], axis=-1))
    vjp_input(h, dy, dx, starts)
    assert_close(dx, np.concatenate([slow_vjp_input(h, dy[..., s]) for s in segments], axis=-1))
    expected = dh + sum(slow_vjp_filter(x[..., s], dy[..., s], n_taps) for s in segments)
    vjp_filter(x, dy, dh, starts)
    assert_close(dh, expected)


@pytest.mark.slow
@forms
def test_float32(fir, vjp_filter, vjp_input, bank):
    h, x, dy, dh = arrays(3, 4, 15, 70, bank, dtype=np.float32)
    y, dx = np.empty_like(dy), np.empty_like(x)
    slow_fir, slow_vjp_filter, slow_vjp_input = SLOW[bank]
    expected = dh + slow_vjp_filter(x, dy, 15)
    fir(h, x, y, whole(x))
    vjp_filter(x, dy, dh, whole(x))
    vjp_input(h, dy, dx, whole(dx))
    assert_close(y, slow_fir(h, x), rtol=1e-5)
    assert_close(dh, expected, rtol=1e-5)
    assert_close(dx, slow_vjp_input(h, dy), rtol=1e-5)


# Longer than a block, with segments that end near its borders, and with each form of the loops.
@pytest.mark.parametrize("n_filters, n_channels", [(1, 2), (1, 4), (1, 6), (2, 5), (4, 1), (7, 9)])
@pytest.mark.parametrize("n_taps", [1, 5, 15, 19, 600])
@pytest.mark.parametrize("dtype", [float, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_segments_give_the_bits_they_give_alone(n_filters, n_channels, n_taps, dtype):
    starts = np.cumsum([0, 7, 0, 1031, 13, 1024, 1, 517, 2050])
    h, x, dy, _ = arrays(n_filters, n_channels, n_taps, starts[-1], False, dtype)
    x[:, starts[3] : starts[4]] = np.nan
    dy[:, starts[4] : starts[5]] = np.nan
    y, dx = np.full_like(dy, 7), np.full_like(x, 7)
    filters.fir(h, x, y, starts)
    filters.fir_vjp_input(h, dy, dx, starts)
    for a, b in itertools.pairwise(starts):
        x_alone, dy_alone = np.ascontiguousarray(x[:, a:b]), np.ascontiguousarray(dy[:, a:b])
        y_alone, dx_alone = np.empty_like(dy_alone), np.empty_like(x_alone)
        filters.fir(h, x_alone, y_alone, whole(x_alone))
        filters.fir_vjp_input(h, dy_alone, dx_alone, whole(x_alone))
        np.testing.assert_array_equal(y[:, a:b], y_alone)
        np.testing.assert_array_equal(dx[:, a:b], dx_alone)


# Every remainder of taps and of rows of a tile, and bins that end within a pair, tile and block.
@pytest.mark.parametrize("n_filters, n_channels", [(1, 5), (2, 3), (3, 4), (5, 1), (8, 6), (23, 7)])
@pytest.mark.parametrize("n_taps", [3, 4, 5, 15, 22, 200])
@pytest.mark.parametrize("dtype", [float, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_pairs(n_filters, n_channels, n_taps, dtype):
    least = filter_pairs.shortest_segment(np.empty(0, dtype))
    starts = np.cumsum([0, least, 5, 2 * least + 1, 4079, 0, least + 1])
    h, x, dy, dh = arrays(n_filters, n_channels, n_taps, starts[-1], False, dtype)
    y, dx, before = np.full_like(dy, np.nan), np.full_like(x, np.nan), dh.astype(float)
    fir, vjp_filter, vjp_input, _ = FORMS["pairs"]
    fir(h, x, y, starts)
    vjp_input(h, dy, dx, starts)
    vjp_filter(x, dy, dh, starts)
    rtol = 1e-12 if dtype is float else 2e-6
    for a, b in itertools.pairwise(starts):
        if a == b:
            continue
        x_alone, dy_alone = np.ascontiguousarray(x[:, a:b]), np.ascontiguousarray(dy[:, a:b])
        y_alone, dx_alone = np.empty_like(dy_alone), np.empty_like(x_alone)
        fir(h, x_alone, y_alone, whole(x_alone))
        vjp_input(h, dy_alone, dx_alone, whole(x_alone))
        np.testing.assert_array_equal(y[:, a:b], y_alone)
        np.testing.assert_array_equal(dx[:, a:b], dx_alone)
        assert_close(y_alone, convolved(h.astype(float), x_alone.astype(float)), rtol)
        backwards = convolved(h.astype(float).transpose(1, 0, 2), dy_alone[:, ::-1].astype(float))
        assert_close(dx_alone, backwards[:, ::-1], rtol)
        for k in range(min(n_taps, b - a)):
            before[:, :, k] += dy[:, a + k : b].astype(float) @ x[:, a : b - k].T.astype(float)
    assert_close(dh, before, rtol)


@pytest.mark.parametrize("n_taps", [3, 4, 5, 15])
def test_pairs_depend_on_the_bins_under_their_taps_alone(n_taps):
    h, x = randoms((5, 6, n_taps), (6, 600))
    for place in (0, 1, 96, 301, 598, 599):
        holed, y = x.copy(), np.empty((5, 600))
        holed[1, place] = np.nan
        filter_pairs.fir_by_pairs(h, holed, y, whole(y))
        touched = np.zeros(600, bool)
        touched[place : place + n_taps] = True
        np.testing.assert_array_equal(np.isnan(y), np.tile(touched, (5, 1)))


def test_form_depends_on_a_segment_alone():
    taken = []

    def form(name):
        return lambda x, starts: taken.append((name, starts.tolist()))

    x = np.empty((1, 1000))
    n = filter_pairs.shortest_segment(x)
    starts = np.array([0, n, 2 * n - 1, 3 * n])
    filters.by_length(form("pairs"), form("products"), (x,), np.array([0, n]), n)
    filters.by_length(form("pairs"), form("products"), (x,), starts, n)
    expected = [("pairs", [0, n]), ("products", [n, 2 * n - 1]), ("pairs", [2 * n - 1, 3 * n])]
    assert taken == [("pairs", [0, n]), ("pairs", [0, n]), *expected[1:]]


def convolved(h, x):
    rows = [
        sum(np.convolve(row, taps) for row, taps in zip(x, each, strict=True))[: x.shape[1]]
        for each in h
    ]
    return np.stack(rows)


@pytest.mark.parametrize("n_filters, n_channels", [(1, 2), (1, 4), (1, 6), (2, 5), (4, 1), (7, 9)])
@pytest.mark.parametrize("n_taps", [1, 5, 15, 19, 600])
def test_blocks(n_filters, n_channels, n_taps):
    starts = np.array([0, 1100, 1130, 3700])
    h, x, dy, dh = arrays(n_filters, n_channels, n_taps, starts[-1], False)
    y, dx, before = np.full_like(dy, np.nan), np.full_like(x, np.nan), dh.copy()
    filters.fir(h, x, y, starts)
    filters.fir_vjp_input(h, dy, dx, starts)
    filters.fir_vjp_filter(x, dy, dh, starts)
    for a, b in itertools.pairwise(starts):
        assert_close(y[:, a:b], convolved(h, x[:, a:b]))
        backwards = convolved(h.transpose(1, 0, 2), dy[:, a:b][:, ::-1])
        assert_close(dx[:, a:b], backwards[:, ::-1])
        for k in range(min(n_taps, b - a)):
            before[:, :, k] += dy[:, a + k : b] @ x[:, a : b - k].T
    assert_close(dh, before)


@pytest.mark.parametrize("n_filters, n_channels", [(3, 1), (2, 3)])
@pytest.mark.parametrize("n_taps", [1, 5, 8, 19, 600])
@pytest.mark.parametrize("dtype", [float, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_banks_in_blocks(n_filters, n_channels, n_taps, dtype):
    starts = np.cumsum([0, 7, 0, 1031, 13, 960, 1, 517])
    h, x, dy, dh = arrays(n_filters, n_channels, n_taps, starts[-1], True, dtype)
    y, dx, before = np.full_like(dy, np.nan), np.full_like(x, np.nan), dh.copy()
    filters.bank_fir(h, x, y, starts)
    filters.bank_fir_vjp_input(h, dy, dx, starts)
    filters.bank_fir_vjp_filter(x, dy, dh, starts)
    rtol = 1e-10 if dtype is float else 1e-3
    for a, b in itertools.pairwise(starts):
        x_alone, dy_alone = np.ascontiguousarray(x[..., a:b]), np.ascontiguousarray(dy[:, a:b])
        y_alone, dx_alone = np.empty_like(dy_alone), np.empty_like(x_alone)
        filters.bank_fir(h, x_alone, y_alone, whole(x_alone))
        filters.bank_fir_vjp_input(h, dy_alone, dx_alone, whole(x_alone))
        np.testing.assert_array_equal(y[:, a:b], y_alone)
        np.testing.assert_array_equal(dx[..., a:b], dx_alone)
        for f in range(n_filters if b > a else 0):
            expected = convolved(h[f : f + 1].astype(float), x_alone[:, f].astype(float))
            np.testing.assert_allclose(y_alone[f], expected[0], rtol=rtol, atol=rtol * 10)
        for k in range(min(n_taps, b - a)):
            before[:, :, k] += np.einsum("ft,cft->fc", dy[:, a + k : b], x[..., a : b - k])
    np.testing.assert_allclose(dh, before, rtol=rtol, atol=rtol * np.abs(before).max())


@pytest.mark.parametrize("n_taps", [1, 3, 8, 15])
def test_nan_reaches_as_far_as_the_filter(n_taps):
    for n_filters, n_channels in [(2, 3), (2, 5), (5, 3)]:
        h, x = randoms((n_filters, n_channels, n_taps), (n_channels, 60))
        x[1, 20] = np.nan
        y = np.empty((n_filters, 60))
        filters.fir(h, x, y, whole(x))
        touched = np.zeros(60, bool)
        touched[20 : 20 + n_taps] = True
        assert np.array_equal(np.isnan(y), np.tile(touched, (n_filters, 1)))


@pytest.mark.parametrize("wide_vectors", [False, True])
def test_products_are_for_several_rows(wide_vectors, monkeypatch):
    monkeypatch.setattr(filters, "has_wide_vectors", lambda: wide_vectors)
    assert not filters.prefers_products(1, 18)
    assert not filters.prefers_products_vjp_filter(1, 18)
    assert not filters.prefers_pairs(4, 18, 15)
    assert not filters.prefers_pairs_vjp_filter(4, 18, 15)
    assert filters.prefers_pairs(50, 10, 15) is wide_vectors
    assert filters.prefers_pairs_vjp_filter(50, 10, 15) is wide_vectors
    assert filters.prefers_products(50, 10)
    assert filters.prefers_products_vjp_filter(50, 10)
    assert filters.prefers_products(4, 1) is not wide_vectors


def is_plain(case):
    return (
        case["keyword_is_complete"]
        and (case["keyword"] or "").startswith("fir.")
        and (case["keyword"].count(".") == 1 and "pz" not in case["stratum"])
    )


@reference_cases("layers_linear", is_plain)
def test_against_reference(case):
    x, parameters, expected = reference_arrays("layers_linear", case)
    taps = parameters["coefficients"]
    taps = taps.reshape(*taps.shape, 1) if taps.ndim == 2 else taps
    h = np.ascontiguousarray(taps.transpose(2, 1, 0))
    y = np.empty((h.shape[0], x.shape[0]))
    if x.ndim == 2 and x.shape[1] == h.shape[1]:
        filters.fir(h, time_last(x), y, whole(y))
    elif x.ndim == 3 and x.shape[1:] == (h.shape[1], h.shape[0]):
        filters.bank_fir(h, np.ascontiguousarray(x.transpose(1, 2, 0)), y, whole(y))
    else:
        pytest.skip("the layer broadcasts here, not the kernel")
    np.testing.assert_allclose(y.T.ravel(), expected.ravel(), rtol=1e-10, atol=1e-12)
