"""Every offered keyword computes what the reference computes, layer by layer."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.layers.base import Layer
from tests.nems_reference import (
    FOLDER,
    load,
    native_string_of,
    native_values,
    offered_cases,
    with_its_faults,
)

FILES = (
    "layers_linear",
    "layers_conv2d",
    "layers_nonlinearity",
    "layers_stp",
    "layers_state",
    "chains",
)
CASES = [(name, case) for name in FILES for case in offered_cases(name)]
RTOL = 1e-10

# one value of a parameter for several channels, or several for one: ours refuses such a shape
SPREAD = [
    "lvl.1~in6", "lvl.3~in2x3", "dexp.1~in5", "dexp.3~in2x3", "dexp.4~in1",
    "relu.1.s.g", "relu.4.os.g", "relu.1@", "stp.1~in4",
    "dlog.1~in8", "dlog.1+wc", "sig.1.s.g", "sig.4.os.g", "srelu.1.s.g", "prelu.1~in5",
    "stategain.3x1~in5", "statehinge.3x1~in5",
    "sdexp.2x3@",  # of a state of 4 columns the last 2 go unused there
]  # fmt: skip

# what looks unintended there in every case, whether its note says so or not
FAULTY = ("sdexp",)
STATE_CASES = [
    (name, case)
    for name, case in CASES
    if case["state_key"] and not case["id"].startswith(tuple(SPREAD))
]

# a bank that comes in as blocks of channels: no shape says so here
SPREAD += ["wc.18x3x2.b"]
# what a keyword means here, and does not do there
OURS = ("wc.18x2x2.b.n",)

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the reference is not here")


def _layers(name, case) -> list[Layer]:
    """Build each keyword's layer on its own, so that a bank may come in from outside."""
    arrays = load(name)[1]
    layers = []
    for keyword in native_string_of(case).split("-"):
        head, shape, *flags = keyword.split(".")
        (entry,) = (cls for head_, cls in catalogue().items() if head_ == head)
        sizes = tuple(map(int, shape.split("x")))
        options = dict(pair for flag in flags for pair in _read_flag(entry.signature, flag))
        if head == "stategain" and arrays[case["state_key"]].shape[1] == sizes[0] - 1:
            # a row more than the state has columns is a constant term, of which the string is mute
            sizes, options = (sizes[0] - 1, *sizes[1:]), {**options, "c": True}
        layers.append(entry(shape=sizes, **options))
    for parameter in case["parameters"]:
        layer = layers[parameter["layer"]]
        own = layer.parameters[parameter["name"]]
        values = arrays[parameter["key"]]
        own.values = native_values(layer.signature.head, own.name, values, own.shape)
    return layers


def _evaluate(layer, x, case, arrays) -> np.ndarray:
    state = [arrays[case["state_key"]] for _ in layer.signature.signals]
    return layer.evaluate(x, *state)


def _read_flag(signature, flag):
    """Give the options that a flag stands for, with their values."""
    for name in signature.synonyms.get(flag, (flag,)):
        options = [option for option in signature.options if name.startswith(option.name)]
        option = max(options, key=lambda option: len(option.name))
        number = name[len(option.name) :] or option.default
        yield option.name, True if option.number is None else float(number)


def _is_spread(case) -> bool:
    return any(case["id"].startswith(pattern) for pattern in SPREAD)


def _is_ours(case) -> bool:
    unintended = (case["note"] or "").startswith("QUIRK")
    return unintended or case["id"].startswith(OURS)


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name}:{case['id']}" for name, case in CASES]
)
def test_outputs(name, case):
    arrays = load(name)[1]
    x = arrays[case["input_keys"]["input"]]
    layers = _layers(name, case)
    if _is_spread(case):
        with pytest.raises(ValueError, match="takes"):
            _evaluate(layers[0], x, case, arrays)
        return
    for layer, key in zip(layers, case["output_keys"], strict=True):
        x, expected = _evaluate(layer, x, case, arrays), arrays[key]
        if _is_ours(case) or layer.signature.head in FAULTY:
            # what looks unintended there is not what ours does: a difference that is pinned
            assert x.shape != expected.shape or np.abs(x - expected).max() > 1e-6
            return
        assert x.shape == expected.shape
        assert np.abs(x - expected).max() <= RTOL * (np.abs(expected).max() or 1.0)


@pytest.mark.parametrize(
    ("name", "case"), STATE_CASES, ids=[f"{name}:{case['id']}" for name, case in STATE_CASES]
)
def test_a_state_keyword_differs_by_its_faults_alone(name, case):
    arrays = load(name)[1]
    x = arrays[case["input_keys"]["input"]]
    for layer, key in zip(_layers(name, case), case["output_keys"], strict=True):
        parameters = {name: p.values for name, p in layer.parameters.items()}
        layer.set_parameter_values(with_its_faults(layer.signature.head, parameters))
        x, expected = _evaluate(layer, x, case, arrays), arrays[key]
        assert np.abs(x - expected).max() <= RTOL * (np.abs(expected).max() or 1.0)


def _cases_of_a_class_alone() -> list:
    if not FOLDER.exists():
        return []
    return [case for case in load("layers_state")[0]["cases"] if "~perchan" in case["id"]]


@pytest.mark.parametrize("case", _cases_of_a_class_alone(), ids=lambda case: case["id"])
def test_a_gain_per_channel_of_the_state_differs_by_its_fault_alone(case):
    arrays = load("layers_state")[1]
    layer = catalogue()["sdexp"](shape=tuple(case["layers"][0]["shape"]), per=True)
    values = {p["name"]: arrays[p["key"]] for p in case["parameters"]}
    layer.set_parameter_values(with_its_faults("sdexp", values))
    y = _evaluate(layer, arrays[case["input_keys"]["input"]], case, arrays)
    np.testing.assert_allclose(y, arrays[case["final_output_key"]], rtol=RTOL)
