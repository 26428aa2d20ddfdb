"""What the tests of all kernels share: random arrays, differences, reference vectors."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from . import slow

SHAPES = settings(max_examples=30, deadline=None)
REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "visible"


def randoms(*shapes, seed=0, dtype=float):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape).astype(dtype) for shape in shapes]


def assert_close(actual, expected, rtol=1e-12):
    scale = np.abs(expected).max(initial=1e-300)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * max(scale, 1))


def assert_gradients(function, arrays, gradients, dy, rtol=1e-7):
    """Compare with central differences of `function`, which maps the arrays to an output."""
    for i, gradient in enumerate(gradients):
        expected = slow.central_differences(function, arrays, i, dy)
        scale = max(np.abs(expected).max(initial=0), 1)
        np.testing.assert_allclose(
            gradient, expected, rtol=0, atol=rtol * scale, err_msg=f"argument {i}"
        )


def loops(layer):
    """Give the compiled loops of a class of layers."""
    return layer.curve.forward, layer.curve.vjp


def evaluate(forward, x, parameters):
    y = np.full_like(x, np.nan)
    forward(x, *parameters, y)
    return y


def gradients(vjp, x, parameters, dy, start=0):
    d_parameters = [np.full_like(p, start) for p in parameters]
    dx = np.full_like(x, np.nan)
    vjp(x, *parameters, dy, dx, *d_parameters)
    return [dx, *d_parameters]


# for curves that saturate
EXTREME_INPUTS = [
    0.0,
    -0.0,
    1e-300,
    -1e-300,
    1e-8,
    1.0,
    -1.0,
    20.0,
    -20.0,
    750.0,
    -750.0,
    1e300,
    -1e300,
]


def reference_cases(name, accept):
    """Parametrize over the cases of one file that `accept` takes and no QUIRK marks."""
    manifest = REFERENCE / f"{name}.json"
    if not manifest.exists():
        return pytest.mark.parametrize(
            "case", [pytest.param(None, marks=pytest.mark.skip("no reference vectors"))]
        )
    cases = json.loads(manifest.read_text())["cases"]
    chosen = [c for c in cases if accept(c) and not (c["note"] or "").startswith("QUIRK")]
    return pytest.mark.parametrize("case", chosen, ids=[c["id"] for c in chosen])


def reference_arrays(name, case):
    """Input, parameters by name and output of a case, as stored: time first."""
    with np.load(REFERENCE / f"{name}.npz") as arrays:
        parameters = {p["name"]: arrays[p["key"]] for p in case["parameters"]}
        return arrays[case["input_keys"]["input"]], parameters, arrays[case["final_output_key"]]


def time_last(x):
    """(time, channels, ...) to (channels..., time), all but time flattened."""
    return np.ascontiguousarray(x.reshape(x.shape[0], -1).T)
