import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.kernels import plain
from nems_dsl.kernels.tiles import weights

from .checks import (
    SHAPES,
    assert_close,
    assert_gradients,
    randoms,
    reference_arrays,
    reference_cases,
    time_last,
)

FORMS = {
    "plain": (plain.mix, plain.mix_vjp_weights, plain.mix_vjp_input),
    "chosen": (weights.mix, weights.mix_vjp_weights, weights.mix_vjp_input),
    "loops": (
        weights.mix_by_loops,
        weights.mix_by_loops_vjp_weights,
        lambda w, dy, dx: weights.mix_by_loops(w.T, dy, dx),
    ),
    "products": (
        weights.mix_by_products,
        weights.mix_by_products_vjp_weights,
        lambda w, dy, dx: weights.mix_by_products(w.T, dy, dx),
    ),
}
forms = pytest.mark.parametrize("mix, vjp_weights, vjp_input", FORMS.values(), ids=FORMS)
sizes = given(
    n_outputs=st.integers(1, 13), n_channels=st.integers(1, 19), n_bins=st.integers(1, 40)
)


@forms
@SHAPES
@sizes
def test_mix_and_gradients(mix, vjp_weights, vjp_input, n_outputs, n_channels, n_bins):
    w, x, dy, dw = randoms(
        (n_outputs, n_channels), (n_channels, n_bins), (n_outputs, n_bins), (n_outputs, n_channels)
    )
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    mix(w, x, y)
    assert_close(y, w @ x)
    vjp_input(w, dy, dx)
    assert_close(dx, w.T @ dy)
    expected = dw + dy @ x.T
    vjp_weights(x, dy, dw)
    assert_close(dw, expected)


@forms
def test_gradients_against_differences(mix, vjp_weights, vjp_input):
    w, x, dy = randoms((5, 7), (7, 11), (5, 11))
    dw, dx = np.zeros_like(w), np.empty_like(x)
    vjp_weights(x, dy, dw)
    vjp_input(w, dy, dx)

    def forward(w, x):
        y = np.empty_like(dy)
        mix(w, x, y)
        return y

    assert_gradients(forward, [w, x], [dw, dx], dy)


@pytest.mark.parametrize("weights", [weights, plain], ids=["tiles", "plain"])
@SHAPES
@sizes
def test_banked_mix_and_gradients(weights, n_outputs, n_channels, n_bins):
    n_bank = 3
    w, x, dy = randoms(
        (n_bank, n_outputs, n_channels), (n_channels, n_bank, n_bins), (n_outputs, n_bank, n_bins)
    )
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    (dw,) = randoms(w.shape, seed=1)
    weights.banked_mix(w, x, y)
    assert_close(y, np.einsum("foc,cft->oft", w, x))
    weights.banked_mix_vjp_input(w, dy, dx)
    assert_close(dx, np.einsum("foc,oft->cft", w, dy))
    expected = dw + np.einsum("oft,cft->foc", dy, x)
    weights.banked_mix_vjp_weights(x, dy, dw)
    assert_close(dw, expected)


@forms
def test_float32(mix, vjp_weights, vjp_input):
    w, x, dy, dw = randoms((4, 18), (18, 65), (4, 65), (4, 18), dtype=np.float32)
    y, dx = np.empty_like(dy), np.empty_like(x)
    expected = dw + dy @ x.T
    mix(w, x, y)
    vjp_weights(x, dy, dw)
    vjp_input(w, dy, dx)
    assert_close(y, w @ x, rtol=1e-5)
    assert_close(dw, expected, rtol=1e-5)
    assert_close(dx, w.T @ dy, rtol=1e-5)


def test_nan_reaches_its_own_bin_only():
    w, x = randoms((5, 7), (7, 30))
    x[6, 4] = np.nan
    y = np.empty((5, 30))
    weights.mix(w, x, y)
    assert np.isnan(y[:, 4]).all() and np.isfinite(np.delete(y, 4, axis=1)).all()


@pytest.mark.parametrize("wide_vectors", [False, True])
def test_products_are_for_several_outputs(wide_vectors, monkeypatch):
    monkeypatch.setattr(weights, "has_wide_vectors", lambda: wide_vectors)
    assert not weights.prefers_products(1)
    assert weights.prefers_products(4) is not wide_vectors
    assert weights.prefers_products(64)
    assert weights.prefers_products_vjp_weights(64, 64)
    assert weights.prefers_products_vjp_weights(4, 18) is not wide_vectors


def is_plain(case):
    names = [p["name"] for p in case["parameters"]]
    shapes = [len(layer["shape"]) for layer in case["layers"]]
    keyword = case["keyword"] or ""
    return (
        case["keyword_is_complete"]
        and names == ["coefficients"]
        and shapes == [2]
        and keyword.count(".") == 1
        and (keyword.startswith("wc."))
    )


@reference_cases("layers_linear", is_plain)
def test_against_reference(case):
    x, parameters, expected = reference_arrays("layers_linear", case)
    if x.ndim != 2:
        pytest.skip("more than one axis of channels")
    w = np.ascontiguousarray(parameters["coefficients"].T)
    y = np.empty((w.shape[0], x.shape[0]))
    weights.mix(w, time_last(x), y)
    np.testing.assert_allclose(y.T, expected, rtol=1e-10, atol=1e-12)
