import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.layers.nonlinearity import LevelShift, RectifiedLinear, Scale
from nems_dsl.layers.rectifiers import ParametricRectifiedLinear

from . import slow
from .checks import (
    SHAPES,
    assert_close,
    assert_gradients,
    evaluate,
    gradients,
    loops,
    randoms,
    reference_arrays,
    reference_cases,
    time_last,
)

LAYERS = {
    "level": (*loops(LevelShift), slow.level, ["shift"]),
    "scale": (*loops(Scale), slow.scale, ["gain"]),
    "hinge": (*loops(ParametricRectifiedLinear), slow.hinge, ["shift", "alpha"]),
    "rectify": (*loops(RectifiedLinear), slow.rectify, ["shift", "offset", "gain"]),
}
layers = pytest.mark.parametrize("forward, vjp, reference, names", LAYERS.values(), ids=LAYERS)


@layers
@SHAPES
@given(n_channels=st.integers(1, 5), n_bins=st.integers(1, 40), seed=st.integers(0, 1000))
def test_forward_and_gradients(forward, vjp, reference, names, n_channels, n_bins, seed):
    x, dy, *parameters = randoms(
        *[(n_channels, n_bins)] * 2, *[(n_channels,)] * len(names), seed=seed
    )
    assert_close(evaluate(forward, x, parameters), reference(x, *parameters))
    # Differences know no corner: keep away from it.
    if names in (["shift", "offset", "gain"], ["shift", "alpha"]):
        z = x + parameters[0][:, None]
        x += np.where(np.abs(z) < 1e-4, 1e-2, 0)
    found = gradients(vjp, x, parameters, dy)
    assert_gradients(lambda x, *p: evaluate(forward, x, p), [x, *parameters], found, dy)


@layers
def test_parameter_gradients_accumulate(forward, vjp, reference, names):
    x, dy, *parameters = randoms((3, 20), (3, 20), *[(3,)] * len(names))
    from_zero = gradients(vjp, x, parameters, dy)
    from_one = gradients(vjp, x, parameters, dy, start=1)
    assert_close(from_one[0], from_zero[0])
    for a, b in zip(from_one[1:], from_zero[1:], strict=True):
        assert_close(a, b + 1)


@layers
@pytest.mark.parametrize("n_bins", [1, 8, 100])
def test_arrays_may_be_shared(forward, vjp, reference, names, n_bins):
    x, dy, *parameters = randoms((3, n_bins), (3, n_bins), *[(3,)] * len(names))
    expected, found = gradients(vjp, x, parameters, dy), [np.zeros(3) for _ in names]
    vjp(x, *parameters, dy, dy, *found)
    for a, b in zip([dy, *found], expected, strict=True):
        assert_close(a, b)
    y = evaluate(forward, x, parameters)
    forward(x, *parameters, x)
    assert_close(x, y)


@layers
def test_float32(forward, vjp, reference, names):
    x, dy, *parameters = randoms((3, 50), (3, 50), *[(3,)] * len(names), dtype=np.float32)
    wide = [a.astype(float) for a in (x, *parameters, dy)]
    assert_close(evaluate(forward, x, parameters), reference(*wide[:-1]), rtol=1e-5)
    for a, b in zip(
        gradients(vjp, x, parameters, dy),
        gradients(vjp, wide[0], wide[1:-1], wide[-1]),
        strict=True,
    ):
        assert a.dtype == np.float32
        assert_close(a, b, rtol=1e-5)


def test_rectify_has_slope_zero_at_the_corner():
    x = np.array([[-1.0, 0.0, 1.0]])
    dx, dshift, doffset, dgain = gradients(
        RectifiedLinear.curve.vjp, x, [np.zeros(1), np.zeros(1), np.ones(1)], np.ones((1, 3))
    )
    assert dx.tolist() == [[0, 0, 1]]
    assert (dshift[0], doffset[0], dgain[0]) == (1, 3, 1)


def test_hinge_has_slope_alpha_at_the_corner():
    x = np.array([[-1.0, 0.0, 1.0]])
    dx, dshift, dalpha = gradients(
        ParametricRectifiedLinear.curve.vjp, x, [np.zeros(1), np.full(1, 0.25)], np.ones((1, 3))
    )
    assert dx.tolist() == [[0.25, 0.25, 1]]
    assert (dshift[0], dalpha[0]) == (1.5, -1)


@layers
def test_nan_stays_nan(forward, vjp, reference, names):
    x, *parameters = randoms((1, 20), *[(1,)] * len(names))
    x[0, 3] = np.nan
    assert np.flatnonzero(np.isnan(evaluate(forward, x, parameters)[0])).tolist() == [3]


def in_scope(case):
    return case["keyword_is_complete"] and (case["keyword"] or "").split(".")[0] in (
        "lvl",
        "relu",
        "prelu",
    )


@reference_cases("layers_nonlinearity", in_scope)
def test_against_reference(case):
    x, parameters, expected = reference_arrays("layers_nonlinearity", case)
    kernel = {"lvl": "level", "relu": "rectify", "prelu": "hinge"}
    forward, _, _, names = LAYERS[kernel[case["keyword"].split(".")[0]]]
    if "alpha" in parameters:
        parameters["alpha"] = parameters["alpha"] / 10
    values = [np.broadcast_to(parameters[n], expected.shape[1:]).ravel().copy() for n in names]
    y = evaluate(forward, time_last(np.broadcast_to(x, expected.shape)), values)
    np.testing.assert_allclose(y.T, expected.reshape(x.shape[0], -1), rtol=1e-10, atol=1e-12)
