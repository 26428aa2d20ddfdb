"""What is particular to single pointwise keywords; what all share is in test_gradients.py."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.compiler.catalogue import catalogue
from tests.nems_reference import FOLDER, load

SIGNAL = np.linspace(-2, 2, 41)[:, None]


def layer(head, shape=(1,), **arguments):
    return catalogue()[head](shape=shape, **arguments)


def evaluate(head, options=(), **parameters):
    given = {name: [value] for name, value in parameters.items()}
    return layer(head, parameters=given, **dict.fromkeys(options, True)).evaluate(SIGNAL)


# ---- formulas ------------------------------------------------------------------------------------

CURVE = {"base": 0.25, "amplitude": 1.5, "shift": 0.5, "kappa": 0.75}
U = SIGNAL - 0.5


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("logsig", 0.25 + 1.5 / (1 + np.exp(-U / 0.75))),
        ("tanh", 0.25 + 0.75 * (1 + np.tanh(0.75 * U))),
        ("qsig", 0.25 + 0.75 * (1 + 0.75 * U / np.sqrt(1 + (0.75 * U) ** 2))),
        ("relsat", 0.25 + np.clip(0.75 * U, 0, 1.5)),
    ],
)
def test_sigmoids(head, expected):
    np.testing.assert_allclose(evaluate(head, **CURVE), expected, rtol=1e-14)


def test_scale_and_prelu():
    np.testing.assert_array_equal(evaluate("scl", gain=3.0), 3 * SIGNAL)
    z = SIGNAL + 0.25
    np.testing.assert_array_equal(
        evaluate("prelu", shift=0.25, alpha=0.5), np.where(z > 0, z, z / 2)
    )


def test_log_compression_is_softened_beyond_two_in_magnitude():
    x = np.linspace(0, 3, 20)[:, None]
    for shift, exponent in [(1.5, 1.5), (2.0, 2.0), (7.0, 2.1), (-2.0, -2.0), (-7.0, -2.1)]:
        d = 10**exponent
        y = layer("dlog", parameters={"shift": [shift]}).evaluate(x)
        np.testing.assert_allclose(y, np.log((x + d) / d), rtol=1e-12)


# ---- starts, bounds, options ---------------------------------------------------------------------


def test_log_compression_may_have_its_shift_fixed():
    free, fixed = layer("dlog", (3,)), layer("dlog", (3,), f=True)
    assert not free.parameters["shift"].is_permanent
    assert free.parameters["shift"].values.tolist() == [0, 0, 0]
    assert fixed.parameters["shift"].is_permanent
    assert fixed.parameters["shift"].values.tolist() == [-1, -1, -1]
    x = np.linspace(0, 3, 20)[:, None] * np.ones(3)
    np.testing.assert_allclose(fixed.evaluate(x), np.log((x + 0.1) / 0.1), rtol=1e-12)


@pytest.mark.parametrize(
    ("string", "canonical"),
    [
        ("dlog-wc.18x4-fir.x15-dexp", "dlog.18-wc.18x4-fir.4x15-dexp.1"),
        ("dlog.f-wc.18x1-tanh", "dlog.18.f-wc.18x1-tanh.1"),
        ("wc.18x4x3-prelu-fir.4x15x3-sig.os", "wc.18x4x3-prelu.4x3-fir.4x15x3-sig.3.s.o"),
        ("wc.18x2-srelu.g.n.s-scl", "wc.18x2-srelu.2.s.g.n-scl.2"),
    ],
)
def test_shapes_may_be_left_out(string, canonical):
    assert Model(string).string == canonical


def test_the_size_of_a_leading_dlog_comes_from_the_data():
    x = np.random.default_rng(0).uniform(0, 1, (50, 7))
    model = Model("dlog-wc.Nx1-logsig").bind_data(x)
    assert model.string == "dlog.7-wc.7x1-logsig.1"


@pytest.mark.parametrize("head", ["sig", "srelu", "relu"])
def test_options_free_a_line(head):
    for options, free in [
        ((), set()),
        (("s",), {"shift"}),
        (("o", "s"), {"shift", "offset"}),
        (("g",), {"gain"}),
    ]:
        parameters = layer(head, (2,), **dict.fromkeys(options, True)).parameters
        assert {name for name, p in parameters.items() if not p.is_permanent} == free
        starts = {"shift": 0.05, "offset": -0.05, "gain": 1.0}
        fixed = {"shift": 0.0, "offset": 0.0, "gain": 1.0}
        for name, p in parameters.items():
            start = (starts if name in free else fixed)[name]
            assert p.values.tolist() == [start, start]


@pytest.mark.parametrize("head", ["logsig", "tanh", "qsig", "relsat", "prelu", "dlog", "scl"])
def test_starts_and_samples_are_within_bounds(head):
    rng = np.random.default_rng(0)
    for p in layer(head, (5,)).parameters.values():
        low, high = p.bound_arrays()
        for values in (p.values, p.sample(rng)):
            assert ((low <= values) & (values <= high)).all()


def test_alpha_of_prelu_is_the_slope_itself():
    alpha = layer("prelu").parameters["alpha"]
    assert alpha.values.tolist() == [0.01]
    assert alpha.bounds == (0, np.inf)


@pytest.mark.skipif(not FOLDER.exists(), reason="the reference is not here")
@pytest.mark.parametrize("head", ["lvl", "dexp", "dlog", "sig", "relu", "srelu", "prelu"])
def test_starts_are_those_of_the_reference(head):
    manifest, arrays = load("initial")
    cases = [c for c in manifest["cases"] if (c["keyword"] or "").split(".")[0] == head]
    cases = [c for c in cases if "-" not in c["keyword"]]
    assert cases
    for case in cases:
        _, size, *flags = case["keyword"].split(".")
        options = {flag: True for word in flags for flag in word}
        ours = layer(head, (int(size),), **options).parameters
        for p in case["parameters"]:
            own, scale = ours[p["name"]], 0.1 if p["name"] == "alpha" else 1
            np.testing.assert_allclose(own.values, scale * arrays[p["key"]], rtol=1e-15)
            assert own.is_permanent == p["fixed"]
            np.testing.assert_allclose(own.prior.mean(), scale * arrays[p["prior"]["mean"]][0])
            low, high = (np.inf if b is None else b for b in p["bounds"])
            assert np.abs(own.bounds).tolist() == [abs(low), high]


# ---- normalised outputs --------------------------------------------------------------------------


@pytest.mark.skipif(not FOLDER.exists(), reason="the reference is not here")
@pytest.mark.parametrize("case_id", ["relu.4", "lvl.3", "dexp.2", "srelu.3"])
def test_normalised_outputs_are_those_of_the_reference(case_id):
    manifest, arrays = load("layers_nonlinearity")
    (case,) = (c for c in manifest["cases"] if c["id"].startswith(f"{case_id}~normout"))
    head, size = case_id.split(".")
    ours = layer(head, (int(size),), n=True)
    for p in case["parameters"]:
        ours.parameters[p["name"]].values = arrays[p["key"]]
    expected = arrays[case["final_output_key"]]
    y = ours.evaluate(arrays[case["input_keys"]["input"]])
    assert np.abs(y - expected).max() <= 1e-10 * np.abs(expected).max()


@pytest.mark.skipif(not FOLDER.exists(), reason="the reference is not here")
def test_n_of_relu_does_what_was_meant():
    # the reference reads the option and drops it
    manifest, arrays = load("layers_nonlinearity")
    (case,) = (c for c in manifest["cases"] if c["keyword"] == "relu.5.n")
    x, dropped = arrays[case["input_keys"]["input"]], arrays[case["final_output_key"]]
    np.testing.assert_allclose(layer("relu", (5,)).evaluate(x), dropped, rtol=1e-12)
    normalised = layer("relu", (5,), n=True).evaluate(x)
    np.testing.assert_allclose(normalised, dropped / dropped.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("head", ["lvl", "relu", "dexp", "prelu", "srelu", "sig"])
def test_normalised_outputs_need_the_whole_trial(head):
    assert layer(head).memory == 0
    assert layer(head, n=True).memory is None
    x = np.random.default_rng(0).normal(1, 1, (60, 1))
    np.testing.assert_allclose(layer(head, n=True).evaluate(x).std(), 1, rtol=1e-12)


def test_a_constant_output_is_not_divided():
    x = np.column_stack([np.full(9, -0.3), np.full(9, 0.3), np.linspace(-1, 1, 9)])
    y, plain = layer("relu", (3,), n=True).evaluate(x), layer("relu", (3,)).evaluate(x)
    np.testing.assert_array_equal(y[:, :2], plain[:, :2])
    np.testing.assert_allclose(y[:, 2], plain[:, 2] / plain[:, 2].std(), rtol=1e-14)


def test_normalised_outputs_of_trials_do_not_depend_on_how_they_are_given():
    rng = np.random.default_rng(1)
    model = Model("wc.3x2-relu.2.s.n-wc.2x1")
    x = rng.normal(size=(4, 30, 3))
    together = model.predict(x)
    np.testing.assert_array_equal(model.predict(list(x)), together)
    for trial, y in zip(x, together, strict=True):
        np.testing.assert_array_equal(model.predict(trial), y)


def test_fits_see_whole_trials_of_normalised_outputs():
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 1, (3, 500, 3))
    truth = Model("wc.3x1-relu.1.n")
    truth.layers[0].set_parameter_values(coefficients=[[1.0], [-2.0], [0.5]])
    fitted = Model("wc.3x1-relu.1.n").fit(x, truth.predict(x), verbose=0)
    score = np.corrcoef(np.ravel(fitted.predict(x)), np.ravel(truth.predict(x)))[0, 1]
    assert score > 0.999
