import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.kernels import state as kernels

from .checks import SHAPES, assert_close, assert_gradients, randoms

COUNTS = {
    "n_rows": st.integers(1, 4),
    "n_states": st.integers(1, 3),
    "n_bins": st.integers(1, 40),
    "seed": st.integers(0, 1000),
}


def slow_modulate(x, rows, constant, n_out):
    gain, offset = np.split(rows + constant[:, None], 2)
    modulated = gain * np.tile(x, (len(gain) // len(x), 1)) + offset
    return modulated.reshape(n_out, -1, x.shape[1]).sum(axis=1)


def slow_sigmoids(state, amplitude, kappa, offset):
    z = np.exp(kappa)[..., None] * (state - offset[..., None])
    return np.sum(amplitude[..., None] * np.exp(-np.exp(-z)), axis=1)


def slow_hinges(state, corner, below, above):
    w = state - corner[..., None]
    bent = below[..., None] * np.minimum(w, 0) + above[..., None] * np.maximum(w, 0)
    return np.sum(bent, axis=1)


# ---- modulate --------------------------------------------------------------------------------


def modulate(x, rows, constant, n_out):
    y = np.full((n_out, rows.shape[1]), np.nan, x.dtype)
    kernels.modulate(x, rows, constant, y)
    return y


def modulate_vjp(x, rows, constant, dy):
    drows, dconstant, dx = np.full_like(rows, np.nan), np.zeros_like(constant), np.empty_like(x)
    kernels.modulate_vjp_rows(x, dy, drows, dconstant)
    kernels.modulate_vjp_input(rows, constant, dy, dx)
    return [dx, drows, dconstant]


@SHAPES
@given(
    n_in=st.integers(1, 3),
    counts=st.sampled_from(["as many", "one", "each by each"]),
    n_states=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_modulate(n_in, counts, n_states, seed):
    n_out = {"as many": n_in, "one": 1, "each by each": n_states}[counts]
    n_rows = n_in * (n_states if counts == "each by each" else 1)
    x, dy = randoms((n_in, 30), (n_out, 30), seed=seed)
    rows, constant = randoms((2 * n_rows, 30), (2 * n_rows,), seed=seed + 1)
    assert_close(modulate(x, rows, constant, n_out), slow_modulate(x, rows, constant, n_out))
    found = modulate_vjp(x, rows, constant, dy)
    assert_gradients(lambda *a: slow_modulate(*a, n_out), [x, rows, constant], found, dy)


def test_the_derivative_of_constants_is_added():
    x, dy, rows = randoms((2, 9), (2, 9), (4, 9))
    from_zero, from_one = np.zeros(4), np.ones(4)
    kernels.modulate_vjp_rows(x, dy, rows, from_zero)
    kernels.modulate_vjp_rows(x, dy, rows, from_one)
    assert_close(from_one, from_zero + 1)


# ---- sigmoids, hinges ------------------------------------------------------------------------

BENDS = {
    "sigmoids": (
        kernels.sigmoids,
        kernels.sigmoids_vjp,
        kernels.sigmoids_vjp_state,
        slow_sigmoids,
    ),
    "hinges": (kernels.hinges, kernels.hinges_vjp, kernels.hinges_vjp_state, slow_hinges),
}
bends = pytest.mark.parametrize("forward, vjp, vjp_state, reference", BENDS.values(), ids=BENDS)


def run(forward, state, parameters):
    rows = np.full((parameters[0].shape[0], state.shape[1]), np.nan, state.dtype)
    forward(state, *parameters, rows)
    return rows


def gradients(vjp, vjp_state, state, parameters, drows, start=0.0):
    dstate, found = np.full_like(state, np.nan), [np.full_like(p, start) for p in parameters]
    vjp(state, *parameters, drows, *found)
    vjp_state(state, *parameters, drows, dstate)
    return [dstate, *found]


@bends
@SHAPES
@given(**COUNTS)
def test_forward_and_gradients(forward, vjp, vjp_state, reference, n_rows, n_states, n_bins, seed):
    state, drows = randoms((n_states, n_bins), (n_rows, n_bins), seed=seed)
    parameters = randoms(*[(n_rows, n_states)] * 3, seed=seed + 1)
    # differences know no corner: keep away from it
    for row in parameters[0]:
        state += np.where(np.abs(state - row[:, None]) < 1e-4, 1e-2, 0)
    assert_close(run(forward, state, parameters), reference(state, *parameters))
    found = gradients(vjp, vjp_state, state, parameters, drows)
    assert_gradients(lambda s, *p: reference(s, *p), [state, *parameters], found, drows)
    again = gradients(vjp, vjp_state, state, parameters, drows, start=1.0)
    for one, zero in zip(again[1:], found[1:], strict=True):
        assert_close(one, zero + 1)


@bends
def test_float32(forward, vjp, vjp_state, reference):
    state, drows, *parameters = randoms((2, 50), (3, 50), *[(3, 2)] * 3, dtype=np.float32)
    wide = [a.astype(float) for a in (state, *parameters)]
    assert_close(run(forward, state, parameters), reference(*wide), rtol=1e-5)
    found = gradients(vjp, vjp_state, state, parameters, drows)
    exact = gradients(vjp, vjp_state, wide[0], wide[1:], drows.astype(float))
    for a, b in zip(found, exact, strict=True):
        assert a.dtype == np.float32
        assert_close(a, b, rtol=1e-5)


@bends
def test_nan_stays_nan(forward, vjp, vjp_state, reference):
    state, *parameters = randoms((2, 20), *[(1, 2)] * 3)
    state[1, 3] = np.nan
    assert np.flatnonzero(np.isnan(run(forward, state, parameters)[0])).tolist() == [3]


@pytest.mark.parametrize("kappa", [-1e300, -700.0, 0.0, 6.5, 351.0, 709.0, 1e300])
def test_sigmoids_stay_finite(kappa):
    state = np.array([[0.0, 1e-300, 1.0, -1.0, 750.0, -750.0, 1e300, -1e300]])
    parameters = [np.array([[v]]) for v in (-2.0, kappa, 0.5)]
    rows = run(kernels.sigmoids, state, parameters)
    assert np.isfinite(rows).all() and (np.abs(rows) <= 2).all()
    for error in (1.0, 1e200):
        drows = np.full_like(rows, error)
        found = gradients(
            kernels.sigmoids_vjp, kernels.sigmoids_vjp_state, state, parameters, drows
        )
        assert all(np.isfinite(d).all() for d in found)


def test_saturated_sigmoids_have_derivative_zero():
    state = np.array([[-1e300, -800.0, 800.0, 1e300]])
    parameters = [np.array([[v]]) for v in (1.0, 0.0, 0.0)]
    dstate, damplitude, dkappa, doffset = gradients(
        kernels.sigmoids_vjp, kernels.sigmoids_vjp_state, state, parameters, np.ones((1, 4))
    )
    assert dstate.tolist() == [[0, 0, 0, 0]]
    assert (damplitude[0, 0], dkappa[0, 0], doffset[0, 0]) == (2, 0, 0)


def test_a_hinge_that_is_straight_has_its_slope_at_the_corner():
    state, slopes = np.array([[0.0, 1.0]]), np.array([[3.0]])
    dstate, dcorner, dbelow, dabove = gradients(
        kernels.hinges_vjp,
        kernels.hinges_vjp_state,
        state,
        [np.zeros((1, 1)), slopes, slopes],
        np.ones((1, 2)),
    )
    assert dstate.tolist() == [[3, 3]]
    assert (dcorner[0, 0], dbelow[0, 0], dabove[0, 0]) == (-6, 0, 1)


@SHAPES
@given(n_each=st.integers(1, 3), n_states=st.integers(1, 3), seed=st.integers(0, 99))
def test_sigmoids_of_one_channel_of_the_state_each(n_each, n_states, seed):
    n_rows = 2 * n_states * n_each
    state, drows = randoms((n_states, 20), (n_rows, 20), seed=seed)
    parameters = randoms(*[(n_rows, 1)] * 3, seed=seed + 1)

    def reference(state, *columns):
        looks_at = np.tile(np.repeat(np.arange(n_states), n_each), 2)
        rows = [
            slow_sigmoids(state[s : s + 1], *(c[r : r + 1] for c in columns))
            for r, s in enumerate(looks_at)
        ]
        return np.concatenate(rows)

    assert_close(run(kernels.sigmoids, state, parameters), reference(state, *parameters))
    found = gradients(kernels.sigmoids_vjp, kernels.sigmoids_vjp_state, state, parameters, drows)
    assert_gradients(reference, [state, *parameters], found, drows)
