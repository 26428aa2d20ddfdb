"""Keywords that read a state: their strings, where they start, and fits of whole models."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, Objective, canonical, fit, parse
from nems_dsl.layers.state import StateGain, StateWeights
from nems_dsl.layers.state_hinge import StateHinge
from nems_dsl.layers.state_sigmoid import StateDoubleExponential
from nems_dsl.testing import check_layer

HEADS = ("stategain", "sdexp", "statehinge", "sw")


# ---- strings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("head", HEADS)
def test_sizes_come_from_the_chain(head):
    whole = f"wc.18x3-{head}.2x3"
    for shape in ("", ".2", ".S", ".Sx3", ".x3", ".2x3"):
        model = parse(f"wc.18x3-{head}{shape}", S=2)
        assert model.string == whole
    assert parse(f"wc.18x3-{head}").string == f"wc.18x3-{head}.Sx3"
    assert canonical(f"a=wc.18x3-{head}.2@a,state") == f"a={whole}"
    assert canonical(f"p=wc.4x2@state-wc.18x3@stim-b={head}@stim,p").endswith(f"{head}.2x18@stim,p")


def test_options_in_canonical_form():
    assert canonical("wc.18x1-stategain.l2.g.2.c") == "wc.18x1-stategain.2x1.c.g.l2"
    assert canonical("wc.18x1-statehinge.m.2") == "wc.18x1-statehinge.2x1.m"
    model = Model(layers=[StateGain((2, 3), c=True, d=True, l2=1e-2)])
    assert model.string == "stategain.2x3.c.d.l2e-2"


@pytest.mark.parametrize(
    ("string", "code"),
    [
        ("wc.18x3-stategain.3x2", "E201"),
        ("wc.18x3-sw.2x3-lvl.3", "E201"),
        ("wc.18x3-stategain.2x3x1", "E104"),
        ("wc.18x3-stategain.2x3.g.d", "E107"),
        ("wc.18x3-stategain.0x3", "E110"),
        ("wc.18x3-sdexp.2x3.m", "E102"),
        ("a=wc.18x3-stategain.2x3@a,state,state", "E404"),
    ],
)
def test_faults(string, code):
    with pytest.raises(ModelStringError) as caught:
        parse(string)
    assert code in [fault.code for fault in caught.value.diagnostics]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("shape", [".2x1", ""])
def test_a_missing_or_wrong_state_is_an_error(head, shape):
    model = Model(f"wc.3x1-{head}{shape}")
    x, state = np.ones((20, 3)), np.ones((20, 2))
    missing = f"{head} reads the signal 'state', which the data do not have; there are: 'stim'"
    for data in (x, {"stim": x}, {"stim": x, "pupil": state}):
        with pytest.raises(ValueError, match=missing):
            model.predict(data)
    with pytest.raises(ValueError, match="10 bins against 20 bins"):
        model.predict({"stim": x, "state": state[:10]})
    if shape:
        with pytest.raises(ModelStringError, match=f"`{head}` expects 3 state channels here"):
            model.predict({"stim": x, "state": np.ones((20, 3))})
    assert model.predict({"stim": x, "state": state}).shape == (20, 1)
    named = Model(f"a=wc.3x1-{head}.2x1@a,pupil")
    assert named.predict({"stim": x, "pupil": state}).shape == (20, 1)


# ---- starts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [StateGain((2, 3)), StateHinge((2, 3))], ids=["gain", "hinge"])
def test_a_constant_first_state_leaves_the_signal_as_it_is(layer):
    rng = np.random.default_rng(0)
    x, state = rng.random((30, 3)), np.stack([np.ones(30), rng.random(30)], axis=1)
    np.testing.assert_array_equal(layer.evaluate(x, state), x)


@pytest.mark.parametrize("options", [{"c": True}, {"c": True, "g": True}, {"d": True}], ids=str)
def test_a_constant_term_needs_no_such_state(options):
    rng = np.random.default_rng(0)
    x, state = rng.random((30, 3)), rng.normal(size=(30, 2))
    layer = StateGain((2, 3), **options)
    np.testing.assert_array_equal(layer.evaluate(x, state), x)


def test_parameters_by_option():
    def shapes(**options):
        return {n: p.shape for n, p in StateGain((2, 3), **options).parameters.items()}

    assert shapes() == {"gain": (2, 3), "offset": (2, 3)}
    assert shapes(c=True) == {"gain": (3, 3), "offset": (3, 3)}
    assert shapes(g=True) == {"gain": (2, 3)}
    assert shapes(c=True, d=True) == {"offset": (3, 3)}


def test_priors_and_bounds():
    first = [[1, 1, 1], [0, 0, 0]]
    for layer in (StateGain((2, 3)), StateWeights((2, 3))):
        assert layer.parameters["gain"].values.tolist() == first
        assert not layer.parameters["offset"].values.any()
        for parameter in layer.parameters.values():
            assert parameter.prior.parameters["sd"] == 0.05
    sigmoid = StateDoubleExponential((2, 3)).parameters
    # a fault elsewhere: it is the first output there that starts with a gain, of every state
    assert sigmoid["amp_g"].values.tolist() == first
    assert [n for n, p in sigmoid.items() if p.values.any()] == ["amp_g"]
    bounds = {n: p.bounds for n, p in sigmoid.items() if np.isfinite(p.bounds).all()}
    assert bounds == {"base_g": (0, 10), "amp_g": (0, 10)}
    hinge = StateHinge((2, 3)).parameters
    assert [n for n, p in hinge.items() if p.values.tolist() == first] == ["gain1", "gain2"]


# ---- what they compute -----------------------------------------------------------------------


def test_every_output_of_a_hinge_has_its_own_corner():
    layer = StateHinge((1, 2), parameters={"gain2": [[0, 0]], "x0": [[0.0, 1.0]]})
    assert layer.evaluate(np.ones((1, 2)), np.array([[0.5]])).tolist() == [[0.0, -0.5]]


@pytest.mark.parametrize(
    ("below", "above", "sign"), [(-1, 2, -1), (1, -2, 1), (1, 2, 1), (0, 2, 1)]
)
def test_a_monotonic_hinge_goes_on_as_it_came(below, above, sign):
    layer = StateHinge((1, 1), m=True, parameters={"gain1": [[below]], "gain2": [[above]]})
    assert layer.evaluate(np.ones((1, 1)), np.ones((1, 1))).tolist() == [[2.0 * sign]]


def test_kappa_is_a_slope_and_offset_a_place():
    layer = StateDoubleExponential((1, 1), parameters={"kappa_g": [[8.0]], "offset_g": [[3.0]]})
    y = layer.evaluate(np.ones((2, 1)), np.array([[2.9], [3.1]]))
    assert y.ravel().tolist() == [0.0, 1.0]


def test_a_gain_per_channel_of_the_state():
    rng = np.random.default_rng(0)
    x, state = rng.random((30, 2)), rng.normal(size=(30, 3))
    layer = StateDoubleExponential((3, 2), per=True)
    rng = np.random.default_rng(1)
    layer.set_parameter_values({n: rng.normal(size=(3, 2)) for n in layer.parameters})
    y = layer.evaluate(x, state)
    assert y.shape == (30, 3)
    for s in range(3):
        alone = {n: p.values[s : s + 1] for n, p in layer.parameters.items()}
        one = StateDoubleExponential((1, 2), parameters=alone).evaluate(x, state[:, s : s + 1])
        np.testing.assert_allclose(y[:, s], one.sum(axis=1), rtol=1e-12)
    assert parse("wc.18x2-sdexp.per-fir.x5", S=3).string == "wc.18x2-sdexp.3x2.per-fir.3x5"


# ---- whole models ----------------------------------------------------------------------------


def simulate(lengths=(900, 600), seed=0):
    """Give trials of a stimulus and of a state of two channels, and a response that it gates."""
    rng = np.random.default_rng(seed)
    x = [rng.random((n, 4)) for n in lengths]
    state = [np.stack([np.sin(np.arange(n) / 50), rng.random(n)], axis=1) for n in lengths]
    drive = Model("wc.4x1-fir.1x3")
    drive.layers[0].set_parameter_values(coefficients=[[1.0], [-0.5], [0.3], [0.0]])
    drive.layers[1].set_parameter_values(coefficients=[[0.2, 0.7, 0.3]])
    linear = drive.predict(x)
    y = [d * (1 + 0.6 * s[:, :1]) + 0.3 * s[:, 1:] for d, s in zip(linear, state, strict=True)]
    return {"stim": x, "state": state}, y


def test_a_fit_finds_what_the_state_does():
    data, y = simulate()
    model = fit("wc.4x1-fir.1x3-stategain.c", data, y, verbose=False)
    assert model.string == "wc.4x1-fir.1x3-stategain.2x1.c"
    assert model.score(data, y) > 0.9999
    gain, offset = model.layers[-1].get_parameter_values("gain", "offset")
    np.testing.assert_allclose(gain.ravel() / gain[0], [1, 0.6, 0], atol=0.01)
    np.testing.assert_allclose(offset.ravel(), [0, 0, 0.3], atol=0.01)
    without = fit("wc.4x1-fir.1x3-lvl", data["stim"], y, verbose=False)
    assert model.score(data, y) > without.score(data["stim"], y) + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("last", ["sdexp", "statehinge.m", "statehinge", "stategain.c.g", "sw"])
def test_others_fit_as_well(last):
    data, y = simulate()
    model = fit(f"wc.4x1-fir.1x3-{last}", data, y, verbose=False)
    assert model.score(data, y) > 0.8


STRINGS = [
    "wc.3x2-fir.2x4-stategain.2x1.c-dexp.1",
    "wc.3x2.g-sdexp.2x2-fir.2x4",
    "wc.3x2-statehinge.2x2.m-wc.2x1-lvl.1",
    "wc.3x2-sw.2x2-relu.1.s",
    "p=wc.2x2@state-fir.2x3x2-q=relu.2.s-d=wc.3x2@stim-stategain.2x2.c@d,q-fir.2x4",
    "wc.3x2-stategain.2x2.d.l2-stategain.2x2.g-fir.2x4-sdexp.2x1",
    "sdexp.2x2@state,state-wc.2x1",
    "wc.3x3-sdexp.2x3.per-wc.2x1",
]


@pytest.mark.parametrize("string", STRINGS)
def test_whole_models_have_the_right_gradient(string):
    rng = np.random.default_rng(1)
    lengths = (30, 17, 44)
    signals = {"stim": 3, "state": 2}
    data = {name: [rng.random((n, size)) for n in lengths] for name, size in signals.items()}
    y = [rng.normal(size=(n, 1)) for n in lengths]
    y[0][3:6] = np.nan
    objective = Objective(Model(string), data, y)
    low, high = objective.bounds
    theta = objective.theta0 + 0.1 * rng.normal(size=objective.n_parameters)
    theta = np.clip(theta, np.asarray(low) + 1e-3, np.asarray(high) - 1e-3)
    _, gradient = objective.value_and_grad(theta)
    for place in range(theta.size):
        moved = theta.copy()
        moved[place] += 1e-6
        above = objective.value(moved)
        moved[place] -= 2e-6
        expected = (above - objective.value(moved)) / 2e-6
        assert abs(gradient[place] - expected) < 1e-6 * max(1, np.abs(gradient).max())


@pytest.mark.parametrize("string", STRINGS)
def test_trials_are_the_same_in_every_form(string):
    rng = np.random.default_rng(2)
    data = {"stim": rng.random((3, 40, 3)), "state": rng.random((3, 40, 2))}
    model = Model(string)
    together = model.predict(data)
    for trial in range(3):
        alone = model.predict({name: values[trial] for name, values in data.items()})
        np.testing.assert_allclose(together[trial], alone, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("last", "hint"),
    [
        ("stategain.2x3", "write wc.4x1-stategain.2x1, or"),
        ("sdexp.2x3", "write wc.4x1-sdexp.2x1, or"),
        ("sdexp.2x3.per", "end the chain with a keyword that gives 1 channel, or"),
    ],
)
def test_a_response_of_other_channels_is_an_error_that_helps(last, hint):
    data, y = simulate()
    with pytest.raises(ModelStringError, match="the chain ends with") as caught:
        Model(f"wc.4x3-{last}").fit(data, y, verbose=0)
    assert hint in str(caught.value)


def test_a_number_can_be_added_to_the_gain():
    rng = np.random.default_rng(0)
    x, state, gain = rng.normal(size=(60, 2)), rng.normal(size=(60, 3)), rng.normal(size=(3, 2))
    model = Model("stategain.3x2.g.o5e-1")
    assert not model.layers[0].parameters["gain"].values.any()
    model.set_parameter_values({"stategain": {"gain": gain}})
    found = model.predict({"stim": x, "state": state})
    np.testing.assert_allclose(found, x * (0.5 + state @ gain), atol=1e-12)
    check_layer("wc.Nx2-stategain.Sx2.g.o")
    check_layer("wc.Nx2-stategain.Sx2.c.o2")


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e3])
def test_a_gain_with_a_fixed_part_is_fitted_in_any_units(unit):
    rng = np.random.default_rng(1)
    x, state = rng.normal(size=(800, 4)), rng.random((800, 2))
    drive = x @ [1.0, -1.0, 0.5, 0.0]
    y = unit * (drive * (1 + 0.8 * state[:, 0]) + 0.1 * rng.normal(size=800))
    fitted = fit(
        "wc.4x1-stategain.2x1.g.o-lvl.1",
        {"stim": x, "state": state},
        y,
        verbose=0,
        shrinkage="none",
    )
    assert fitted.results.loss < 0.15
    gain = fitted.layers["stategain"].parameters["gain"].values[:, 0]
    np.testing.assert_allclose(gain, [0.8, 0], atol=0.1)
