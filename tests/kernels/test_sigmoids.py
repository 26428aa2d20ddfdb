import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.layers.compression import LogCompression
from nems_dsl.layers.rectifiers import SoftRectifiedLinear
from nems_dsl.layers.sigmoids import (
    HyperbolicTangent,
    LogisticSigmoid,
    QuickSigmoid,
    SaturatedRectifier,
    Sigmoid,
)

from . import slow
from .checks import (
    EXTREME_INPUTS,
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

LINE = ["shift", "offset", "gain"]
FITTED = ["base", "amplitude", "shift", "kappa"]
LAYERS = {
    "logistic": (*loops(LogisticSigmoid), slow.logistic, FITTED),
    "tanh": (*loops(HyperbolicTangent), slow.hyperbolic_tangent, FITTED),
    "algebraic": (*loops(QuickSigmoid), slow.algebraic, FITTED),
    "saturated_line": (*loops(SaturatedRectifier), slow.saturated_line, FITTED),
    "line": (*loops(Sigmoid), slow.logistic_on_line, LINE),
    "soft_rectify": (*loops(SoftRectifiedLinear), slow.soft_rectify, LINE),
    "log_compress": (*loops(LogCompression), slow.log_compress, ["shift"]),
}
layers = pytest.mark.parametrize("forward, vjp, reference, names", LAYERS.values(), ids=LAYERS)
sigmoid = pytest.mark.parametrize("name", ["logistic", "tanh", "algebraic", "saturated_line"])


def inputs(names, shape, seed=0, dtype=float):
    """Signal, error and parameters; of log compression, where the logarithm is defined."""
    x, dy, *parameters = randoms(shape, shape, *[shape[:1]] * len(names), seed=seed, dtype=dtype)
    if names == ["shift"]:
        x, parameters = np.abs(x), [3 * parameters[0]]
    if names == FITTED:
        # a width must not be 0
        parameters[3] += np.copysign(dtype(0.3), parameters[3])
    return x, dy, parameters


def off_corners(names, x, parameters):
    """Move inputs away from the corners of the saturated line: differences know none."""
    _, amplitude, shift, kappa = (p[:, None] for p in parameters)
    z = kappa * (x - shift)
    near = np.minimum(np.abs(z), np.abs(z - amplitude)) < 1e-4
    return x + np.where(near, 1e-2, 0)


@layers
@SHAPES
@given(n_channels=st.integers(1, 5), n_bins=st.integers(1, 40), seed=st.integers(0, 1000))
def test_forward_and_gradients(forward, vjp, reference, names, n_channels, n_bins, seed):
    x, dy, parameters = inputs(names, (n_channels, n_bins), seed)
    if reference is slow.saturated_line:
        parameters[1] = np.abs(parameters[1]) + 0.1
        x = off_corners(names, x, parameters)
    assert_close(evaluate(forward, x, parameters), reference(x, *parameters))
    found = gradients(vjp, x, parameters, dy)
    rtol = 1e-6 if names == ["shift"] else 1e-7
    assert_gradients(lambda x, *p: evaluate(forward, x, p), [x, *parameters], found, dy, rtol)


@layers
def test_parameter_gradients_accumulate(forward, vjp, reference, names):
    x, dy, parameters = inputs(names, (3, 20))
    from_zero = gradients(vjp, x, parameters, dy)
    from_one = gradients(vjp, x, parameters, dy, start=1)
    assert_close(from_one[0], from_zero[0])
    for a, b in zip(from_one[1:], from_zero[1:], strict=True):
        assert_close(a, b + 1)


@layers
@pytest.mark.parametrize("n_bins", [1, 8, 100])
def test_arrays_may_be_shared(forward, vjp, reference, names, n_bins):
    x, dy, parameters = inputs(names, (3, n_bins))
    expected, found = gradients(vjp, x, parameters, dy), [np.zeros(3) for _ in names]
    vjp(x, *parameters, dy, dy, *found)
    for a, b in zip([dy, *found], expected, strict=True):
        assert_close(a, b)
    y = evaluate(forward, x, parameters)
    forward(x, *parameters, x)
    assert_close(x, y)


@layers
def test_float32(forward, vjp, reference, names):
    x, dy, parameters = inputs(names, (3, 50), dtype=np.float32)
    wide = [a.astype(float) for a in (x, *parameters, dy)]
    assert_close(evaluate(forward, x, parameters), reference(*wide[:-1]), rtol=1e-5)
    for a, b in zip(
        gradients(vjp, x, parameters, dy),
        gradients(vjp, wide[0], wide[1:-1], wide[-1]),
        strict=True,
    ):
        assert a.dtype == np.float32
        assert_close(a, b, rtol=1e-5)


@layers
def test_nan_stays_nan(forward, vjp, reference, names):
    x, _, parameters = inputs(names, (1, 20))
    x[0, 3] = np.nan
    assert np.flatnonzero(np.isnan(evaluate(forward, x, parameters)[0])).tolist() == [3]


@sigmoid
@pytest.mark.parametrize("slope", [-1e10, 0.0, 1e-300, 1.0, 1e10])
@pytest.mark.parametrize("shift", [0.0, 1.0, -1e300])
def test_sigmoids_stay_finite(name, slope, shift):
    forward, vjp, _, _ = LAYERS[name]
    x = np.array([EXTREME_INPUTS])
    kappa = np.array([slope])
    if name == "logistic":
        with np.errstate(divide="ignore"):
            kappa = 1 / kappa
    parameters = [*(np.array([v]) for v in (0.5, 2.0, shift)), kappa]
    y = evaluate(forward, x, parameters)
    assert np.isfinite(y).all() and (y <= 2.5).all() and (y >= 0.5).all()
    for gradient in gradients(vjp, x, parameters, np.ones_like(x)):
        assert np.isfinite(gradient).all()


@sigmoid
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e10, 1e200])
def test_a_saturated_sigmoid_has_no_gradient_whatever_the_error(name, scale):
    forward, vjp, _, _ = LAYERS[name]
    for n_times in (1, 4, 7, 16):
        x = np.tile([[-1e300], [1e300]], n_times)
        parameters = [np.full(2, v) for v in (0.0, 1.0, 0.0, 1.0)]
        assert (evaluate(forward, x, parameters) == [[0], [1]]).all()
        dx, _, _, dshift, dkappa = gradients(vjp, x, parameters, np.full_like(x, scale))
        # the algebraic curve is still rising at 1e100, by less than can be told
        for gradient in (dx, dshift, dkappa):
            assert np.abs(gradient).max() <= scale * 1e-200 * n_times


def test_saturated_line_passes_amplitude_only_at_its_top():
    x = np.array([[-1.0, 0.0, 0.5, 1.0, 3.0]])
    parameters = [np.array([v]) for v in (0.25, 2.0, 0.0, 2.0)]
    assert evaluate(LAYERS["saturated_line"][0], x, parameters).tolist() == [
        [0.25, 0.25, 1.25, 2.25, 2.25]
    ]
    dx, dbase, damplitude, dshift, dkappa = gradients(
        LAYERS["saturated_line"][1], x, parameters, np.ones_like(x)
    )
    assert dx.tolist() == [[0, 0, 2, 0, 0]]
    assert (dbase[0], damplitude[0], dshift[0], dkappa[0]) == (5, 2, -2, 0.5)


def test_soft_rectify_is_stable_at_both_ends():
    x = np.array([[-1e300, -800.0, -40.0, 800.0, 1e300]])
    parameters = [np.zeros(1), np.zeros(1), np.ones(1)]
    y = evaluate(SoftRectifiedLinear.curve.forward, x, parameters)
    np.testing.assert_allclose(y, [[0, 0, np.exp(-40.0), 800, 1e300]], rtol=1e-14)
    dx = gradients(SoftRectifiedLinear.curve.vjp, x, parameters, np.ones_like(x))[0]
    np.testing.assert_allclose(dx, [[0, 0, np.exp(-40.0), 1, 1]], rtol=1e-14)


@pytest.mark.parametrize("shift", [-1e300, -1e4, -3.0, 0.0, 3.0, 1e4, 1e300])
def test_log_compression_stays_finite(shift):
    x = np.array([EXTREME_INPUTS])
    parameters = [np.array([shift])]
    assert np.isfinite(evaluate(LogCompression.curve.forward, x, parameters)).all()
    for gradient in gradients(LogCompression.curve.vjp, x, parameters, np.ones_like(x)):
        assert np.isfinite(gradient).all()


def test_log_compression_is_constant_where_the_logarithm_is_not_defined():
    x = np.array([[-0.9, -1.0, -1.5, -1e300]])
    y = evaluate(LogCompression.curve.forward, x, [np.zeros(1)])
    np.testing.assert_allclose(y, np.log([[0.1, 1e-6, 1e-6, 1e-6]]), rtol=1e-9)
    dx, dshift = gradients(LogCompression.curve.vjp, x, [np.zeros(1)], np.ones_like(x))
    np.testing.assert_allclose(dx, [[10, 0, 0, 0]], rtol=1e-12)
    np.testing.assert_allclose(dshift, 9 * np.log(10), rtol=1e-12)


KERNELS = {"sig": "line", "srelu": "soft_rectify", "dlog": "log_compress"}


def in_scope(case):
    return case["keyword_is_complete"] and (case["keyword"] or "").split(".")[0] in KERNELS


@reference_cases("layers_nonlinearity", in_scope)
def test_against_reference(case):
    x, parameters, expected = reference_arrays("layers_nonlinearity", case)
    forward, _, _, names = LAYERS[KERNELS[case["keyword"].split(".")[0]]]
    values = [np.broadcast_to(parameters[n], expected.shape[1:]).ravel().copy() for n in names]
    y = evaluate(forward, time_last(np.broadcast_to(x, expected.shape)), values)
    np.testing.assert_allclose(y.T, expected.reshape(x.shape[0], -1), rtol=1e-10, atol=1e-12)
