"""`stp`, `dep`, `stp2`: what their options mean, where they start, and class options elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective, canonical
from nems_dsl.layers.plasticity import Depression, ShortTermPlasticity, TwoCoursePlasticity
from tests.nems_reference import FOLDER, TAU_UNIT, load

LAYERS = [ShortTermPlasticity, Depression, TwoCoursePlasticity]
# `e` says what quick_eval says; the others change no result, the rate (fs) included
IMMATERIAL = {"shape", "chunksize", "fs", "quick_eval"}


def noise(*shape, seed=0):
    return np.abs(np.random.default_rng(seed).normal(0.5, 1, shape))


def stp(n_channels=3, layer=ShortTermPlasticity, **options):
    made = layer(shape=n_channels, **options)
    rng = np.random.default_rng(1)
    made.set_parameter_values(
        u=rng.uniform(0.02, 0.1, n_channels), tau=rng.uniform(4, 40, n_channels)
    )
    return made


# ---- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_threshold_is_subtracted_before_rectification(layer):
    x, threshold = noise(50, 3), np.array([0.1, -0.2, 0.4])
    with_threshold = stp(layer=layer, t=True)
    with_threshold.set_parameter_values(threshold=threshold)
    np.testing.assert_allclose(
        with_threshold.evaluate(x), stp(layer=layer).evaluate(x - threshold), rtol=1e-12
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_crosstalk_depletes_by_the_mean(layer):
    loud = noise(50, 3)
    loud[:, 1:] = 0
    alone, shared = stp(layer=layer).evaluate(loud), stp(layer=layer, x=True).evaluate(loud)
    # channel 0 drives itself with a third of its strength
    third = stp(layer=layer)
    names = [name for name in third.parameters if name.startswith("u") and name != "urat"]
    for name in names:
        third.parameters[name].values = third.parameters[name].values / 3
    np.testing.assert_allclose(shared[:, 0], third.evaluate(loud)[:, 0], rtol=1e-12)
    assert (shared[2:, 0] > alone[2:, 0]).all()
    same = np.repeat(noise(50, 1), 3, axis=1)
    np.testing.assert_allclose(
        stp(layer=layer, x=True).evaluate(same), stp(layer=layer).evaluate(same), rtol=1e-12
    )


def test_crosstalk_stays_within_a_slice_of_a_bank():
    x = noise(40, 3, 2)
    layer = ShortTermPlasticity(shape=(3, 2), x=True)
    for k in range(2):
        alone = ShortTermPlasticity(shape=3, x=True).evaluate(x[:, :, k])
        np.testing.assert_allclose(layer.evaluate(x)[:, :, k], alone, rtol=1e-12)


def test_facilitation_amplifies_up_to_five_times():
    x = np.ones((400, 1))
    for options in ({"f": True}, {"f": True, "e": True}):
        layer = ShortTermPlasticity(shape=1, parameters={"u": [-0.1], "tau": [50.0]}, **options)
        x[0] = 0
        y = layer.evaluate(x)[1:]
        assert (np.diff(y, axis=0) >= 0).all() and y[0] < 1.2 and y[-1] == 5
        assert layer.parameters["u"].bounds == (-0.2, 0.2)


def test_eulers_rule_converges_to_the_trapezoid_rule():
    smooth = 0.5 + 0.4 * np.sin(np.arange(4000)[:, None] / 400)
    values = {"u": [0.001], "tau": [500.0]}
    fine = [
        ShortTermPlasticity(shape=1, e=e, parameters=values).evaluate(smooth) for e in (False, True)
    ]
    # without the start, which the lead-in of 100 bins treats in its own way
    assert np.abs(fine[0] - fine[1])[3000:].max() < 1e-3


def test_options_name_the_start_and_widen_the_bounds():
    layer = Model("stp.3.u1.tau8").layers[0]
    u, tau = layer.parameters["u"], layer.parameters["tau"]
    assert (u.values == 1).all() and (tau.values == 8).all()
    assert u.bounds == (1e-6, 2.0) and tau.bounds == (1.0, np.inf)
    assert canonical("stp.3.tau8.e.u1e-1.x.t.f") == "stp.3.x.t.f.e.ue-1.tau8"
    both = Model("dep.3.u1e-3").layers[0]
    assert (both.parameters["u"].values == 1e-3).all() and both.parameters["u"].bounds == (0, 0.2)


# ---- dep and stp2 ------------------------------------------------------------------------------


def test_depression_begins_at_rest_and_takes_missing_values_for_nothing():
    x = noise(30, 3)
    x[10, 1] = np.nan
    for options in ({}, {"e": True}, {"t": True}):
        layer = stp(layer=Depression, **options)
        y = layer.evaluate(x)
        np.testing.assert_allclose(y[0], x[0])
        assert y[10, 1] == 0
        filled = np.nan_to_num(x, nan=0.0)
        np.testing.assert_array_equal(y, layer.evaluate(filled))


def test_depression_is_causal_by_one_bin():
    x = noise(20, 3)
    later = x.copy()
    later[12] *= 2
    for options in ({}, {"e": True}):
        y, moved = (stp(layer=Depression, **options).evaluate(a) for a in (x, later))
        np.testing.assert_allclose(moved[12], 2 * y[12], rtol=1e-12)
        assert (moved[13] < y[13]).all()


@pytest.mark.parametrize("options", [{}, {"e": True}, {"x": True}])
def test_two_courses_are_the_mix_of_two(options):
    x = noise(60, 3)
    layer = stp(layer=TwoCoursePlasticity, **options)
    ratio = np.array([0.0, 0.3, 1.0])
    layer.set_parameter_values(u2=np.full(3, 0.05), tau2=np.full(3, 7.0), urat=ratio)
    slow = stp(**options)
    fast = ShortTermPlasticity(
        shape=3, parameters={"u": np.full(3, 0.05), "tau": np.full(3, 7.0)}, **options
    )
    expected = ratio * slow.evaluate(x) + (1 - ratio) * fast.evaluate(x)
    np.testing.assert_allclose(layer.evaluate(x), expected, rtol=1e-12)


def test_two_courses_start_apart():
    values = {n: p.values[0] for n, p in TwoCoursePlasticity(shape=1).parameters.items()}
    assert values == {"u": 0.025, "tau": 50, "u2": 0.025, "tau2": 5, "urat": 0.5}


@pytest.mark.parametrize("string", ["stp.2.x.t.f.e", "dep.2.x.t.e", "stp2.2.x.t.f.e"])
def test_all_options_at_once_have_a_gradient_in_a_chain(string):
    rng = np.random.default_rng(2)
    x = [rng.normal(0.5, 1, (n, 3)) for n in (30, 1, 24)]
    y = [rng.normal(0, 1, (len(trial), 1)) for trial in x]
    objective = Objective(Model(f"wc.3x2-{string}-fir.2x4"), x, y)
    # away from the start, where both channels may be alike
    theta = objective.theta0 * rng.uniform(0.8, 1.2, objective.n_parameters) + 0.01
    _, gradient = objective.value_and_grad(theta)
    expected, step = np.empty_like(theta), 1e-6
    for i, move in enumerate(step * np.eye(theta.size)):
        expected[i] = (objective.value(theta + move) - objective.value(theta - move)) / (2 * step)
    assert np.abs(gradient - expected).max() <= 1e-6 * np.abs(expected).max()
    assert (gradient != 0).all()


# ---- the reference's class options -------------------------------------------------------------


def _class_cases():
    if not FOLDER.exists():
        return []
    found = []
    for case in load("layers_stp")[0]["cases"]:
        given = [option["kwargs"] for option in case["class_options"]]
        if given and set(given[0]) <= IMMATERIAL:
            found.append((case, given[0]))
    return found


@pytest.mark.parametrize(
    ("case", "given"), [pytest.param(*pair, id=pair[0]["id"]) for pair in _class_cases()]
)
def test_class_options_of_the_reference(case, given):
    arrays = load("layers_stp")[1]
    slow = given.get("quick_eval") is False
    layer = ShortTermPlasticity(shape=given["shape"], e=slow, f=True)
    values = {p["name"]: arrays[p["key"]] for p in case["parameters"]}
    layer.set_parameter_values(u=values["u"], tau=TAU_UNIT * values["tau"])
    expected = arrays[case["final_output_key"]]
    actual = layer.evaluate(arrays[case["input_keys"]["input"]])
    assert np.abs(actual - expected).max() <= 1e-9 * np.abs(expected).max()


def test_class_options_are_found():
    assert len(_class_cases()) >= 7 or not FOLDER.exists()
