"""Every keyword that is offered computes what NEMS computes, layer by layer.

Each case of the reference is a string of NEMS with its parameters: it goes through the same door
as a user's own. What differs on purpose is pinned below, and explained in docs/dialects.md.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nems_dsl import ModelStringError, convert
from nems_dsl.compiler import bind
from nems_dsl.compiler.build import build_layers
from nems_dsl.graph.evaluation import evaluate_layer
from nems_dsl.graph.wiring import connect
from nems_dsl.interop.nems import layers_from_nems, model_from_nems, set_nems_values
from nems_dsl.syntax import read

FOLDER = Path(__file__).parents[3] / "shared" / "reference" / "visible"
FILES = (
    "layers_linear",
    "layers_nonlinearity",
    "layers_stp",
    "layers_state",
    "layers_algebra",
    "layers_conv2d",
    "chains",
)
# a keyword or an option that is not (yet) offered; a test of its own pins which those are
NOT_OFFERED = {"E112", "E113"}

# a case, or all cases of a name, and how ours differs: it is refused, or computes something else
DIFFERENT = {
    # one parameter serves several channels there; here it has as many values as channels
    "lvl.1~in6": "refused",
    "dexp.1~in5": "refused",
    "dlog.1~in8": "refused",
    "dlog.1+wc.18x4+fir.15x4+dexp.1": "refused",
    "prelu.1~in5": "refused",
    "stp.1~in4": "refused",
    "sig.1.s.g": "refused",
    "relu.1.s.g": "refused",
    "relu.1": "refused",
    "srelu.1.s.g": "refused",
    # channels are cut into blocks there
    "wc.18x3x2.b": "refused",
    "stategain.3x1~in5": "refused",
    "statehinge.3x1~in5": "refused",
    # one channel feeds several outputs of a pointwise keyword there
    "sig.4.os.g": "refused",
    "relu.4.os.g": "refused",
    "lvl.3~in2x3": "refused",
    "dexp.3~in2x3": "refused",
    # as many outputs as channels are one filter for each channel there, whatever is written
    "fir.8x4x4": "other",
    "fir.6x3x3": "other",
    # one tap leaves the filter out there
    "strf.18x1x1x4.relu": "other",
    "strf.18x2x1x3": "other",
    "strf.18x3x1": "other",
    # the last bin is 0 there for some lengths
    # kappa and offset have changed places there
    "sdexp.2x1": "other",
    "sdexp.2x4": "other",
    "sdexp.1x3": "other",
    "sdexp.3x2": "other",
    "sdexp.2x3": "refused",
    "wc.18x2+fir.15x2+sdexp.2x1": "other",
    "wc.18x2.g+stp.2+fir.15x2+dexp.1+sdexp.2x1": "other",
    # only the first column of x0 is used there
    "statehinge.2x4~in4": "other",
    "statehinge.1x2~in2": "other",
    "statehinge.2x3.m~in3": "other",
    # the weighted axis comes last there
    "wc.18x4x2+sd+wc.2x3": "other",
    "stp.2@1": "other",
    "stp.2@1_T21": "other",
}

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the reference is not here")


@cache
def load(name):
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return json.loads((FOLDER / f"{name}.json").read_text()), dict(arrays)


def cases():
    """Give the cases that are a string; those of a class alone have no keyword to be offered."""
    if not FOLDER.exists():
        return []
    return [
        pytest.param(name, case, id=f"{name}:{case['id']}")
        for name in FILES
        for case in load(name)[0]["cases"]
        if case["keyword"] and case["keyword_is_complete"]
    ]


def signals_of(case, arrays, dtype):
    signals = {name: arrays[key] for name, key in case["input_keys"].items()}
    if case["state_key"]:
        signals["state"] = arrays[case["state_key"]]
    signals["stim"] = signals.pop("input", next(iter(signals.values())))
    return {name: np.asarray(values, dtype) for name, values in signals.items()}


def values_of(case, arrays):
    values = {layer["name"]: {} for layer in case["layers"]}
    for parameter in case["parameters"]:
        values[parameter["layer_name"]][parameter["name"]] = arrays[parameter["key"]]
    return values


def outputs_of(layers, signals):
    outputs = []
    for node in connect(layers):
        sources = [
            signals[source.signal] if source.layer is None else outputs[source.layer]
            for source in node.sources
        ]
        outputs.append(evaluate_layer(node, sources))
    return outputs


def difference_of(case):
    return DIFFERENT.get(case["id"], DIFFERENT.get(case["id"].split("@")[0], ""))


def is_close(ours, theirs, tolerance):
    if ours.shape != theirs.shape:
        return False
    return np.allclose(ours, theirs, rtol=tolerance["rtol"], atol=tolerance["atol"])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "case"), cases())
def test_outputs(name, case, dtype):
    arrays = load(name)[1]
    signals = signals_of(case, arrays, dtype)
    sizes = {key: values.shape[1:] for key, values in signals.items()}
    difference = difference_of(case)
    try:
        layers = layers_from_nems(case["keyword"], values_of(case, arrays), signals=sizes)
    except ModelStringError as fault:
        if NOT_OFFERED & {each.code for each in fault.diagnostics}:
            pytest.skip(str(fault.diagnostics[0].message))
        assert difference == "refused", fault
        return
    assert difference != "refused"
    outputs = outputs_of(layers, signals)
    tolerance = case["tolerance"][dtype]
    fits = [
        is_close(ours, np.asarray(arrays[key]), tolerance)
        for ours, key in zip(outputs, case["output_keys"], strict=True)
    ]
    if difference == "other":
        assert not all(fits)
        return
    for ours, key, fit in zip(outputs, case["output_keys"], fits, strict=True):
        assert ours.shape == arrays[key].shape
        assert fit, np.abs(ours - arrays[key]).max()
    assert outputs[-1].dtype == dtype


# arguments of a class there that no keyword of it can say, and the native options that do
CLASS_ARGUMENTS = {
    ("include_anticausal", True): "ac",
    ("activation", "relu"): "relu",
    ("skip_alpha", -0.4): "skl4e-1",
    ("normalize_output", True): "n",
    ("quick_eval", False): "e.f",
    ("chunksize", 50): "",
    ("input1", "a"): "@a,b",
    ("input2", "b"): "",
}


def class_cases():
    if not FOLDER.exists():
        return []
    found = []
    for name in FILES:
        for case in load(name)[0]["cases"]:
            arguments = [
                (argument, value)
                for option in case["class_options"]
                for argument, value in option["kwargs"].items()
                if argument != "shape"
            ]
            if case["id"].startswith("multexp~"):
                found.append(pytest.param(name, case, "multexp@a,b", id=f"{name}:{case['id']}"))
            elif case["keyword"] and arguments and set(map(str, arguments)) <= KNOWN_ARGUMENTS:
                there = convert_or_head(case["keyword"])
                options = [CLASS_ARGUMENTS[argument] for argument in arguments]
                native = ".".join([there, *filter(None, options)]).replace(".@", "@")
                found.append(pytest.param(name, case, native, id=f"{name}:{case['id']}"))
    return found


KNOWN_ARGUMENTS = set(map(str, CLASS_ARGUMENTS))


def convert_or_head(keyword):
    return "mult" if keyword == "mult" else convert(keyword, "nems", "native")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "case", "native"), class_cases())
def test_outputs_of_native_options(name, case, native, dtype):
    """What only a class can do there, an option does here."""
    arrays = load(name)[1]
    signals = signals_of(case, arrays, dtype)
    sizes = {key: values.shape[1:] for key, values in signals.items()}
    layers = build_layers(bind(read(native), signals=sizes))
    set_nems_values(layers, [layer["name"] for layer in case["layers"]], values_of(case, arrays))
    ours = outputs_of(layers, signals)[-1]
    assert is_close(ours, arrays[case["final_output_key"]], case["tolerance"][dtype])


def test_every_quirk_is_known():
    marked = {
        param.values[1]["id"]
        for param in cases()
        if (param.values[1]["note"] or "").startswith("QUIRK")
    }
    assert marked
    page = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text(encoding="utf-8")
    heads = {name.split(".")[0] for name in marked}
    assert all(f"`{head}`" in page for head in heads)


def test_a_model_predicts_what_the_chain_gives():
    for name, case in (param.values for param in cases() if param.values[0] == "chains"):
        if case["state_key"] or case["keyword"] != "wc.18x4-fir.15x4-dexp.1":
            continue
        arrays = load(name)[1]
        model = model_from_nems(case["keyword"], values_of(case, arrays))
        ours = model.predict(arrays[case["input_keys"]["input"]])
        assert is_close(ours, arrays[case["final_output_key"]], case["tolerance"]["float64"])


# ---- initial values ------------------------------------------------------------------------------

# starts that differ on purpose, by native head and parameter; docs/dialects.md says why
OTHER_START = {
    ("wc", "coefficients"),  # each output starts with channels of its own
    ("strf", "wcoefficients"),
    ("stp", "tau"),  # 50 bins, where a unit too many makes 5000 of it there
    ("sdexp", "amp_g"),  # 1 for the first state, and not for the first channel
}
# one unit there in units of ours
UNITS = {("stp", "tau"): 100.0, ("prelu", "alpha"): 0.1}


# in units of the response, which may be any
NO_BOUNDS = {("sdexp", "base_d"), ("sdexp", "amp_d")}


def initial_cases():
    if not FOLDER.exists():
        return []
    return [
        pytest.param(case, id=case["id"])
        for case in load("initial")[0]["cases"]
        if case.get("keyword") and not case["class_options"]
    ]


@pytest.mark.parametrize("case", initial_cases())
def test_initial(case):
    """Starts, bounds and counts, through the same conversion as values."""
    arrays = load("initial")[1]
    sizes = {"stim": (4, 3)} if case["keyword"] == "sd" else {}
    try:
        ours, theirs = (
            layers_from_nems(case["keyword"], values, signals=sizes)
            for values in (None, values_of(case, arrays))
        )
    except ModelStringError as fault:
        if NOT_OFFERED & {each.code for each in fault.diagnostics}:
            pytest.skip(str(fault.diagnostics[0].message))
        raise
    for mine, other, described in zip(ours, theirs, case["layers"], strict=True):
        assert sum(p.size for p in mine.parameters.values()) == described["n_parameters"]
        free = sum(p.size for p in mine.parameters.values() if not p.is_frozen)
        assert free == described["n_free"]
        for name, parameter in mine.parameters.items():
            if (mine.signature.head, name) not in OTHER_START:
                np.testing.assert_allclose(parameter.values, other.parameters[name].values)
    for described in case["parameters"]:
        mine = ours[described["layer"]]
        name, unit = described["name"], UNITS.get((mine.signature.head, described["name"]), 1.0)
        bounds = zip(described["bounds"], (-np.inf, np.inf), strict=True)
        low, high = (none if bound is None else bound * unit for bound, none in bounds)
        if (mine.signature.head, name) in NO_BOUNDS:
            low, high = -np.inf, np.inf
        if name in mine.parameters:
            own = mine.parameters[name].bound_arrays()
            np.testing.assert_allclose(own[0], low)
            np.testing.assert_allclose(own[1], high)
