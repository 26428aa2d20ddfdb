"""The linear keywords: what their options mean, and models that skip bins or look ahead."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, Objective
from nems_dsl.fitting.engine import packs
from nems_dsl.kernels import pole_zero
from nems_dsl.kernels.tiles import filters
from nems_dsl.layers.conv2d import Convolution
from nems_dsl.layers.fir import FiniteImpulseResponse
from nems_dsl.layers.oscillator import DampedOscillator
from nems_dsl.layers.strf import ReceptiveField
from nems_dsl.layers.weight_channels import WeightChannels
from nems_dsl.testing import check_layer
from tests.fitting.test_objective import check_gradient
from tests.nems_reference import FOLDER, load

STRINGS = [
    "wc.3x2-fir.2x5.s3-dexp.1",
    "wc.3x2-fir.2x5.ac-dexp.1",
    "fir.3x6x4.s2.ac-wc.4x1-lvl.1",
    "wc.3x2x4-wc.2x2x4.n.b-fir.2x6x4.ac-wc.4x1",
    "wc.3x2x4-wc.2x1x4.g.b-fir.1x6x4.s2-fir.4x5.s2.ac-lvl.1",
    "wc.3x2-fir.2x9.p2-lvl.1",
    "wc.3x2-fir.2x9x3.s2.p.z2.fs50-wc.3x1",
    "wc.3x2-do.2x9.d3-dexp.1",
    "do.3x7x2.l2e-1-lvl.2",
    "strf.3x2x5x4.relu.sk.s2-wc.4x1-lvl.1",
    "strf.3x2x5x2.relu.skl5e-1.ac-lvl.2",
    "strf.3x6.ac-lvl.1",
    "conv2d.3x2-wc.3x1-lvl.1",
    "conv2d.3x3x4.max-wc.3x1-lvl.1",
    "conv2d.3x3x2.max.s2.c2-wc.2x1-lvl.1",
    "conv2d.2x3x4.stack.s2-wc.3x1x4.b-wc.1x1-fir.1x3x4-wc.4x1",
]
# those whose trials may be cut: with a stride they stay whole
CUT = [string for string in STRINGS if ".s" not in string.replace(".sk", "").replace(".stack", "")]


def make_data(string, lengths, seed=0):
    """Draw stimuli and responses of as many bins and channels as the model gives."""
    rng = np.random.default_rng(seed)
    x = [rng.random((n, 3)) for n in lengths]
    model = drawn(string)
    y = [rng.normal(size=model.predict(trial).shape) for trial in x]
    return x, y


def drawn(string, seed=1):
    """Make a model whose parameters differ from each other, but for delays, which stay in range."""
    model = Model(string, N=3)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        for name, parameter in layer.parameters.items():
            low, high = parameter.bound_arrays()
            moved = parameter.values + 0.1 * rng.uniform(0.2, 1, parameter.shape)
            if layer.label == "fir" and name == "delays":
                moved = rng.uniform(0.001, 0.03, parameter.shape)
            parameter.values = np.clip(moved, low, high)
    return model


@pytest.mark.parametrize("string", STRINGS)
def test_gradient_is_exact(string):
    x, y = make_data(string, (30, 17, 44, 1))
    y[0][1:3] = np.nan
    check_gradient(Objective(drawn(string), x, y), rtol=1e-5)


@pytest.mark.parametrize("string", STRINGS)
def test_packs_change_nothing(string, monkeypatch):
    x, y = make_data(string, (300, 40, 500, 7))
    whole = Objective(drawn(string), x, y)
    monkeypatch.setattr(packs, "SHORTEST_PACK", 64)
    monkeypatch.setattr(packs, "LONGEST_PACK", 64)
    cut = Objective(drawn(string), x, y)
    assert len(cut.engine.plans) > len(whole.engine.plans)
    if string in CUT:
        assert len(cut.engine.plans) > 8
    value, gradient = whole.value_and_grad(whole.theta0)
    cut_value, cut_gradient = cut.value_and_grad(cut.theta0)
    assert cut_value == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(
        cut_gradient, gradient, rtol=1e-9, atol=1e-11 * np.abs(gradient).max()
    )


@pytest.mark.slow
@pytest.mark.parametrize("string", STRINGS)
def test_float32_is_close(string):
    x, y = make_data(string, (30, 17, 44))
    exact = Objective(drawn(string), x, y)
    single = Objective(drawn(string), x, y, dtype="float32")
    value, gradient = exact.value_and_grad(exact.theta0)
    single_value, single_gradient = single.value_and_grad(single.theta0)
    assert single_value == pytest.approx(value, rel=1e-4)
    np.testing.assert_allclose(single_gradient, gradient, atol=1e-3 * np.abs(gradient).max())


@pytest.mark.parametrize("string", STRINGS)
def test_nothing_of_the_length_of_the_data_is_allocated_after_the_first_call(string):
    x, y = make_data(string, (30_000,))
    objective = Objective(drawn(string), x, y)
    objective.value_and_grad(objective.theta0)
    tracemalloc.start()
    objective.value_and_grad(objective.theta0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000


@pytest.mark.parametrize("string", STRINGS)
def test_a_fit_comes_nearer(string):
    x, _ = make_data(string, (60, 40))
    y = [drawn(string, seed=5).predict(trial) for trial in x]
    spread = np.concatenate(y).std()
    y = [trial / spread for trial in y]
    start = Objective(drawn(string), x, y)
    fitted = Objective(drawn(string).fit(x, y, max_iterations=5), x, y)
    assert fitted.value(fitted.theta0) < start.value(start.theta0)


@pytest.mark.parametrize("string", STRINGS)
def test_a_string_and_its_model_say_the_same(string):
    model = Model(string, N=3)
    assert model.string == string
    assert Model(layers=model.layers).string == string


# ---- fir -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_taps", "ahead"), [(1, 0), (2, 1), (3, 2), (7, 4), (15, 8)])
def test_taps_ahead(n_taps, ahead):
    layer = FiniteImpulseResponse((1, n_taps), ac=True)
    assert (layer.lookahead, layer.memory) == (ahead, n_taps - 1 - ahead)
    layer.set_parameter_values(coefficients=np.arange(1.0, n_taps + 1)[None])
    x = np.zeros((40, 1))
    x[20] = 1
    y = layer.evaluate(x)[:, 0]
    np.testing.assert_array_equal(y[20 - ahead : 20 - ahead + n_taps], np.arange(1, n_taps + 1))


@pytest.mark.parametrize("stride", [2, 3, 50])
def test_a_stride_keeps_the_first_bin_and_every_so_many(stride):
    x = np.random.default_rng(0).normal(size=(31, 2))
    taps = np.random.default_rng(1).normal(size=(2, 4, 3))
    whole = FiniteImpulseResponse((2, 4, 3), parameters={"coefficients": taps}).evaluate(x)
    layer = FiniteImpulseResponse((2, 4, 3), s=stride, parameters={"coefficients": taps})
    np.testing.assert_allclose(layer.evaluate(x), whole[::stride], rtol=1e-12)


def slow_taps(poles, zeros, delay, gain, n_taps):
    """Filter an impulse by the difference equation, and read it bin by bin."""
    times = np.arange(5 * n_taps + 1) / 5
    forward, back = np.poly(zeros) if len(zeros) else np.ones(1), np.poly(poles)
    late = max(len(poles) - len(zeros), 0)
    response = np.zeros(times.size)
    for n in range(times.size):
        if 0 <= n - late < len(forward):
            response[n] += forward[n - late]
        for i in range(1, min(n, len(poles)) + 1):
            response[n] -= back[i] * response[n - i]
    return gain * np.interp(np.arange(1, n_taps + 1) - delay, times, response, 0, 0)


@pytest.mark.parametrize("n_zeros", [1, 2, 4])
@pytest.mark.parametrize("delay", [0.0, 0.13, 2.71, 40.0])
def test_pole_zero_taps(n_zeros, delay):
    rng = np.random.default_rng(n_zeros)
    arrays = [
        rng.uniform(-0.9, 0.9, (2, 3)),
        rng.uniform(-0.9, 0.9, (2, n_zeros)),
        np.full(2, delay),
        rng.normal(size=2),
    ]
    h, dh = np.empty((2, 8)), rng.normal(size=(2, 8))
    pole_zero.taps(*arrays, h)
    expected = [slow_taps(*each, n_taps=8) for each in zip(*arrays, strict=True)]
    np.testing.assert_allclose(h, expected, atol=1e-12)
    gradients = [np.empty_like(a) for a in arrays]
    pole_zero.taps_vjp(*arrays, dh, *gradients)
    for array, gradient in zip(arrays, gradients, strict=True):
        for index in np.ndindex(array.shape):
            values = []
            for step in (1e-6, -1e-6):
                array[index] += step
                pole_zero.taps(*arrays, h)
                values.append(np.sum(h * dh))
                array[index] -= step
            if delay or array is not arrays[2]:
                slope = (values[0] - values[1]) / 2e-6
                assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_a_delay_of_none_has_the_slope_of_longer_ones():
    arrays = [np.array([[0.7, 0.2]]), np.array([[0.1]]), np.zeros(1), np.ones(1)]
    h, later, dh = np.empty((1, 6)), np.empty((1, 6)), np.linspace(1, 2, 6)[None]
    pole_zero.taps(*arrays, h)
    gradients = [np.empty_like(a) for a in arrays]
    pole_zero.taps_vjp(*arrays, dh, *gradients)
    arrays[2][:] = 1e-7
    pole_zero.taps(*arrays, later)
    assert gradients[2][0] == pytest.approx(np.sum((later - h) * dh) / 1e-7, rel=1e-5)


def test_pole_zero_defaults():
    layer = FiniteImpulseResponse((4, 15, 2), z=4)
    shapes = {name: p.shape for name, p in layer.parameters.items()}
    assert shapes == {"poles": (4, 2, 4), "zeros": (4, 2, 4), "delays": (4, 2), "gains": (4, 2)}
    assert FiniteImpulseResponse((4, 15), fs=50).parameters["poles"].shape == (4, 3)


# ---- wc, strf, conv2d, do ------------------------------------------------------------------------


def test_slices_of_a_bank_meet_their_own_weights():
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(3, 2, 4)), rng.normal(size=(10, 3, 4))
    y = WeightChannels((3, 2, 4), b=True, parameters={"coefficients": w}).evaluate(x)
    np.testing.assert_allclose(y, np.einsum("tcf,cof->tof", x, w), rtol=1e-12)
    scaled = WeightChannels((3, 2, 4), b=True, n=True, parameters={"coefficients": w})
    np.testing.assert_allclose(scaled.evaluate(x), y / np.sqrt(np.mean(w**2)), rtol=1e-12)
    with pytest.raises(ValueError, match="takes"):
        WeightChannels((3, 2, 4)).evaluate(x)


def test_gaussian_slices_differ():
    parameters = {"mean": [[0.1, 0.9]], "sd": [[0.1, 0.1]]}
    layer = WeightChannels((5, 1, 2), b=True, g=True, parameters=parameters)
    y = layer.evaluate(np.eye(5)[..., None].repeat(2, axis=2))
    assert y[:, 0].argmax(axis=0).tolist() == [0, 4]


def test_a_field_of_one_tap_sums_over_rank():
    rng = np.random.default_rng(0)
    w, h, x = rng.normal(size=(4, 2, 3)), rng.normal(size=(2, 1, 3)), rng.normal(size=(9, 4))
    values = {"wcoefficients": w, "coefficients": h, "shift": np.zeros(3)}
    y = ReceptiveField((4, 2, 1, 3), parameters=values).evaluate(x)
    np.testing.assert_allclose(y, np.einsum("tc,cro,ro->to", x, w, h[:, 0]), rtol=1e-12)


@pytest.mark.parametrize("flag", ["sk", "skl"])
@pytest.mark.parametrize("n_outputs", [2, 6])
def test_what_a_field_skips(flag, n_outputs):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(21, 4))
    plain = ReceptiveField((4, 2, 5, n_outputs))
    for parameter in plain.parameters.values():
        parameter.values = rng.normal(size=parameter.shape)
    values = {name: p.values for name, p in plain.parameters.items()}
    n = min(4, n_outputs)
    skipped = np.zeros((21, n_outputs))
    skipped[:, :n] = 0.3 * x[:, :n]
    y = plain.evaluate(x)
    expected = np.maximum(y, 0) + skipped if flag == "sk" else np.maximum(y + skipped, 0)
    options = {flag: 0.3, "relu": True, "s": 2}
    got = ReceptiveField((4, 2, 5, n_outputs), parameters=values, **options).evaluate(x)
    np.testing.assert_allclose(got, expected[::2], rtol=1e-12, atol=1e-14)


def test_pooling():
    rng = np.random.default_rng(0)
    values, x = {"coefficients": rng.normal(size=(3, 4, 5))}, rng.normal(size=(20, 6))
    stacked = Convolution((3, 4, 5), stack=True, parameters=values).evaluate(x)
    assert stacked.shape == (20, 6, 5)
    mean = Convolution((3, 4, 5), parameters=values).evaluate(x)
    largest = Convolution((3, 4, 5), max=True, parameters=values).evaluate(x)
    np.testing.assert_allclose(mean, stacked.mean(axis=2), atol=1e-12)
    np.testing.assert_array_equal(largest, stacked.max(axis=2))


def test_kept_channels_and_bins():
    rng = np.random.default_rng(0)
    values, x = {"coefficients": rng.normal(size=(3, 4, 2))}, rng.normal(size=(20, 7))
    every = Convolution((3, 4, 2), stack=True, parameters=values).evaluate(x)
    kept = Convolution((3, 4, 2), stack=True, s=3, c=2, parameters=values).evaluate(x)
    np.testing.assert_allclose(kept, every[::3, ::2], rtol=1e-12)


def test_channels_of_a_stimulus_that_is_yet_to_come():
    model = Model("conv2d.3x3.c2-wc.4x1")
    assert model.bind_data(np.zeros((10, 7))).predict(np.zeros((10, 7))).shape == (10, 1)
    with pytest.raises(ModelStringError, match="gives 5 channels"):
        model.bind_data(np.zeros((10, 9)))
    with pytest.raises(ModelStringError, match="not known before the data"):
        Model("conv2d.3x3.c2-wc.x1")


def test_an_oscillation_begins_at_its_delay():
    values = {"f1s": [0.7], "taus": [0.2], "gains": [-2.0], "delays": [1.5]}
    x = np.zeros((6, 1))
    x[0] = 1
    t = np.arange(6) - 1.5
    expected = np.where(t > 0, -2 * np.sin(0.7 * t) * np.exp(-0.2 * t), 0)
    y = DampedOscillator((1, 6), parameters=values).evaluate(x)
    np.testing.assert_allclose(y[:, 0], expected, atol=1e-12)


def test_oscillations_start_with_alternating_gains():
    gains = DampedOscillator((2, 6, 3)).parameters["gains"].values
    np.testing.assert_array_equal(gains, [[0.2] * 3, [-0.1] * 3])


@pytest.mark.skipif(not FOLDER.exists(), reason="the reference is not here")
@pytest.mark.parametrize(
    ("there", "layer"),
    [
        ("conv2d.3x3", Convolution((3, 3))),
        ("conv2d.2x2", Convolution((2, 2))),
        ("conv2d.3x3x4", Convolution((3, 3, 4))),
        ("fir.15x2.p2z1fs100", FiniteImpulseResponse((2, 15), p=2, z=1, fs=100)),
        ("fir.15x2x3.p2z1fs100", FiniteImpulseResponse((2, 15, 3), p=2, z=1, fs=100)),
    ],
)
def test_starts_are_those_of_the_reference(there, layer):
    manifest, arrays = load("initial")
    (case,) = (case for case in manifest["cases"] if case["id"] == there)
    for parameter in case["parameters"]:
        own = layer.parameters[parameter["name"]]
        expected = arrays[parameter["key"]].reshape(own.shape)
        np.testing.assert_allclose(own.values, expected, atol=1e-15)
        low, high = parameter["bounds"]
        bounds = (-np.inf if low is None else low, np.inf if high is None else high)
        for mine, reference in zip(own.bound_arrays(), bounds, strict=True):
            assert np.all(mine == reference)


@pytest.mark.parametrize("string", ["fir.3x6x4-lvl.4", "fir.3x6x4.s2.ac-lvl.4"])
def test_both_ways_to_filter_give_the_same(string, monkeypatch):
    x, y = make_data(string, (30, 3, 17))
    found = []
    for chosen in (True, False):
        for name in ("prefers_products", "prefers_products_vjp_filter"):
            monkeypatch.setattr(filters, name, lambda *_, chosen=chosen: chosen)
        objective = Objective(drawn(string), x, y)
        found.append(objective.value_and_grad(objective.theta0))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9, atol=1e-12)


def test_each_output_can_have_weights_of_sizes_that_sum_to_one():
    weights = np.array([[3.0, 0.0, 1.0], [-1.0, 0.0, 1.0]])
    model = Model("wc.2x3.ns")
    model.set_parameter_values({"wc": {"coefficients": weights}})
    x = np.random.default_rng(0).normal(size=(50, 2))
    expected = x @ (weights / [4, 1, 2])
    np.testing.assert_allclose(model.predict(x), expected, atol=1e-12)
    check_layer("wc.Nx3.ns")
    check_layer("wc.Nx3x2.ns")
    for other in ("g", "n"):
        with pytest.raises(ModelStringError, match="contradict"):
            Model(f"wc.2x3.ns.{other}")
