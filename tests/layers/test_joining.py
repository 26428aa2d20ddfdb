"""Signals that part and meet again: values, strings, gradients through all branches."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, Objective, canonical, explain
from nems_dsl.compiler.catalogue import catalogue
from tests.nems_reference import FOLDER, load

RNG = np.random.default_rng(0)
DATA = {"stim": RNG.random((60, 3)), "state": RNG.normal(size=(60, 2))}

BRANCHED = [
    "a=wc.3x2-b=wc.3x2@stim-cat@a,b-fir.4x3-dexp.1",
    "a=wc.3x2-b=wc.3x2@stim-cat.s@a,b-fir.3x3-dexp.1",
    "a=wc.3x2-b=fir.2x3x2-mult@a,b-wc.2x1",
    "a=wc.3x2-mult@a,a-wc.2x1-lvl.1",
    "a=wc.3x2-mult@a,a,a-wc.2x1-lvl.1",
    "a=wc.3x2-b=lvl.2-c=dexp.2@a-mult@a,b,c,b-wc.2x1",
    "a=wc.3x2-b=wc.2x1-c=lvl.1-mult@a,b,c-wc.2x1",
    "a=wc.3x2-b=wc.3x2@stim-multexp@a,b-wc.2x1",
    "a=wc.3x1-b=wc.3x2@stim-multexp@a,b-wc.2x1",
    "a=wc.3x2-b=wc.3x1@stim-multexp@a,b-wc.2x1",
    "a=wc.3x2-multexp@a,a-wc.2x1",
    "a=wc.3x2-b=wc.3x4@stim-skip.4x2@a,b-fir.4x3-lvl.1",
    "a=wc.3x2-b=wc.3x4@stim-skip.4x5@a,b,a-fir.6x3-lvl.1",
    "a=wc.3x2-skip.3x2@a,stim-fir.4x3-lvl.1",
    "a=wc.3x2-skip.2x2@a,a-fir.4x3-lvl.1",
    "wc.3x2-fir.2x3x2-sum-dexp.1",
    "wc.3x1-rep.3-lvl.3-wc.3x1",
    "wc.3x2x4-sd-wc.4x1-lvl.1x2-sum",
    "a=wc.3x2x2-b=sd-cat@a,b-cat.s@a,b-sum",
    "drive=wc.3x1-fir.1x4-gain=wc.2x1@state-mult@drive,gain-dexp.1",
    "a=wc.3x2-b=relu.2.s-c=fir.2x3-d=fir.2x3@a-mult@c,d-lvl.1",
]


def differences(objective, theta, step=1e-6):
    moves = step * np.eye(theta.size)
    return [(objective.value(theta + m) - objective.value(theta - m)) / (2 * step) for m in moves]


@pytest.mark.parametrize("string", BRANCHED)
def test_branches_that_meet_again_have_right_gradients(string):
    model = Model(string)
    target = RNG.random((60, 1))
    objective = Objective(model, DATA, target, loss="mse")
    rng = np.random.default_rng(1)
    low, high = objective.bounds
    theta = np.clip(objective.theta0 + rng.normal(0, 0.4, objective.theta0.size), low, high)
    _, gradient = objective.value_and_grad(theta)
    expected = differences(objective, theta)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
    # a second evaluation finds its buffers as the first left them
    np.testing.assert_array_equal(objective.value_and_grad(theta)[1], gradient)


@pytest.mark.parametrize("string", BRANCHED)
def test_canonical_form_is_its_own(string):
    text = canonical(string)
    assert canonical(text) == text
    model = Model(string)
    assert Model(text).predict(DATA).shape == model.predict(DATA).shape
    assert model.string == text
    explain(string)


@pytest.mark.parametrize("string", BRANCHED)
def test_trials_count_apart(string):
    model = Model(string).sample_from_priors(seed=3)
    whole = {name: x.reshape(3, 20, -1) for name, x in DATA.items()}
    together = model.predict(whole)
    for trial, expected in enumerate(together):
        alone = model.predict({name: x[trial] for name, x in whole.items()})
        np.testing.assert_allclose(alone, expected, rtol=1e-12, atol=1e-14)


def test_the_example_of_the_language_page_fits():
    string = "drive=wc.18x1@stim-fir.1x15-gain=wc.2x1@state-mult@drive,gain-dexp.1"
    assert canonical(string) == "drive=wc.18x1-fir.1x15-gain=wc.2x1@state-mult@drive,gain-dexp.1"
    rng = np.random.default_rng(2)
    data = {"stim": rng.random((800, 18)), "state": rng.random((800, 2)) + 0.5}
    drive = data["stim"] @ rng.normal(size=(18, 1))
    response = np.tanh(drive * (data["state"] @ [[1.0], [0.5]]))
    fitted = Model(string).fit(data, response, verbose=0, max_iterations=200)
    assert fitted.score(data, response) > 0.95


def test_a_missing_signal_lists_those_there_are():
    model = Model("drive=wc.3x1-gain=wc.2x1@pupil-mult@drive,gain")
    with pytest.raises(ValueError, match=r"'pupil'.*there are: 'stim', 'state'"):
        model.predict(DATA)


@pytest.mark.parametrize(
    ("string", "code"),
    [
        ("wc.3x2-mult", "E404"),
        ("wc.3x2-multexp", "E404"),
        ("wc.3x2-skip.3x2", "E404"),
        ("a=wc.3x2-b=wc.3x3@stim-mult@a,b", "E202"),
        ("a=wc.3x2-b=wc.3x3@stim-multexp@a,b", "E202"),
        ("a=wc.3x2-b=wc.3x2x4@stim-cat@a,b", "E202"),
        ("a=wc.3x2-skip.4x2@a,stim", "E202"),
        ("a=wc.3x2-b=lvl.2-skip.3x1@a,b,stim", "E202"),
        ("a=wc.3x2-skip.x2@a,stim", "E104"),
        ("a=wc.3x2-b=lvl.2-multexp@a,b,a", "E404"),
        ("sum.3", "E104"),
        ("rep", "E103"),
        ("wc.3x2-sd", "E202"),
    ],
)
def test_what_cannot_be_joined_is_refused(string, code):
    with pytest.raises(ModelStringError) as caught:
        Model(string).bind_data(DATA)
    assert code in [diagnostic.code for diagnostic in caught.value.diagnostics]


def test_sizes_that_only_data_tell():
    model = Model("both=cat@stim,state-wc.5x2-a=cat@stim,stim-wc.6x1-sum-fir.x3")
    assert model.string.endswith("fir.1x3")
    assert model.predict(DATA).shape == (60, 1)
    # two keywords of one head are not taken for one: each has its own size
    two = Model("a=mult@stim,one-wc.3x1-b=mult@state,one-wc.2x1")
    assert two.predict({**DATA, "one": RNG.random((60, 1))}).shape == (60, 1)
    with pytest.raises(ModelStringError, match="expects"):
        Model("cat@stim,state-wc.6x2").bind_data(DATA)
    with pytest.raises(ModelStringError, match="the channels of `cat` are not known"):
        Model("cat@stim,state-fir.x3")
    # an end that no shape can mend still gets a message
    with pytest.raises(ModelStringError, match="the chain ends with 5 channels"):
        Model("cat@stim,state").bind_data(DATA, (1,))


def test_exponentials_do_not_overflow():
    layer = catalogue()["multexp"]()
    b = np.array([[1e4], [-1e4], [800.0], [0.0]])
    for dtype in (np.float64, np.float32):
        a = np.array([[1e3], [1e3], [-1.0], [0.0]], dtype)
        y = layer.evaluate(a, b.astype(dtype))
        assert np.isfinite(y).all()
        assert y[1] == y[3] == 0
    model = Model("a=wc.3x1-b=wc.3x1@stim-multexp@a,b")
    model.set_parameter_values({"wc2": {"coefficients": np.full((3, 1), 1e4)}})
    objective = Objective(model, DATA["stim"], RNG.random((60, 1)), loss="mse", dtype="float64")
    _, gradient = objective.value_and_grad(objective.theta0)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[3:], 0)


def test_nothing_of_the_length_of_the_data_is_allocated():
    string = (
        "a=wc.3x4-b=wc.3x4@stim-c=wc.3x1@stim-d=mult@a,b,c-e=multexp@c,d-"
        "f=cat.s@e,a,b-skip.6x4@d,f,f-rep.2-sum"
    )
    x = {"stim": np.random.default_rng(0).random((40_000, 3))}
    objective = Objective(Model(string), x, x["stim"][:, :1])
    theta = objective.theta0 + 0.1
    objective.value_and_grad(theta)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    objective.value_and_grad(theta)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 64_000


# ---- the reference -------------------------------------------------------------------------------


def _reference_cases():
    if not FOLDER.exists():
        return []
    heads = ("cat", "skip", "mult", "multexp", "sd")
    cases = [c for c in load("layers_algebra")[0]["cases"] if c["keyword"].split(".")[0] in heads]
    return [c for c in cases if not (c["note"] or "").startswith("the keyword builds the dir")]


@pytest.mark.parametrize("case", _reference_cases(), ids=lambda case: case["id"])
def test_the_reference_is_met(case):
    arrays = load("layers_algebra")[1]
    head, *options = case["keyword"].split(".")
    if "dims01" in case["id"]:
        pytest.skip("swaps time, which no keyword does here")
    names = [o for o in options if o in case["input_keys"]] or list(case["input_keys"])
    inputs = [arrays[case["input_keys"][name]] for name in names]
    shape = next((tuple(map(int, o.split("x"))) for o in options if o[0].isdigit()), ())
    layer = catalogue()[head](shape=shape, s="s" in options) if head == "cat" else None
    layer = layer or catalogue()[head](shape=shape)
    for parameter in case["parameters"]:
        layer.parameters[parameter["name"]].values = arrays[parameter["key"]]
    np.testing.assert_allclose(
        layer.evaluate(*inputs),
        arrays[case["final_output_key"]],
        rtol=1e-12,
        atol=1e-12,
        err_msg=json.dumps(case["id"]),
    )
