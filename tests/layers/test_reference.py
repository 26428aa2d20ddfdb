"""Every offered keyword computes what the reference computes, layer by layer."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.layers.base import Layer
from tests.nems_reference import FOLDER, load, native_string, native_values, offered_cases

FILES = ("layers_linear", "layers_nonlinearity", "layers_stp", "chains")
CASES = [(name, case) for name in FILES for case in offered_cases(name)]
RTOL = 1e-10

# one value of a parameter for several channels, or several for one: ours refuses such a shape
SPREAD = [
    "lvl.1~in6", "lvl.3~in2x3", "dexp.1~in5", "dexp.3~in2x3", "dexp.4~in1",
    "relu.1.s.g", "relu.4.os.g", "relu.1@", "stp.1~in4",
]  # fmt: skip

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the reference is not here")


def _layers(name, case) -> list[Layer]:
    """Build each keyword's layer on its own, so that a bank may come in from outside."""
    arrays = load(name)[1]
    layers = []
    for keyword in native_string(case["keyword"]).split("-"):
        head, shape, *flags = keyword.split(".")
        (entry,) = (cls for head_, cls in catalogue().items() if head_ == head)
        sizes = tuple(map(int, shape.split("x")))
        names = {"os": ("o", "s")}
        options = {name: True for flag in flags for name in names.get(flag, (flag,))}
        layers.append(entry(shape=sizes, **options))
    for parameter in case["parameters"]:
        layer = layers[parameter["layer"]]
        own = layer.parameters[parameter["name"]]
        values = arrays[parameter["key"]]
        own.values = native_values(layer.signature.head, own.name, values, own.shape)
    return layers


def _is_spread(case) -> bool:
    return any(case["id"].startswith(pattern) for pattern in SPREAD)


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name}:{case['id']}" for name, case in CASES]
)
def test_outputs(name, case):
    arrays = load(name)[1]
    x = arrays[case["input_keys"]["input"]]
    layers = _layers(name, case)
    if _is_spread(case):
        with pytest.raises(ValueError, match="takes"):
            layers[0].evaluate(x)
        return
    for layer, key in zip(layers, case["output_keys"], strict=True):
        x, expected = layer.evaluate(x), arrays[key]
        if (case["note"] or "").startswith("QUIRK"):
            # what looks unintended there is not what ours does: a difference that is pinned
            assert x.shape != expected.shape or np.abs(x - expected).max() > 1e-6
            return
        assert x.shape == expected.shape
        assert np.abs(x - expected).max() <= RTOL * (np.abs(expected).max() or 1.0)
