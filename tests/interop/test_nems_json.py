"""Models that NEMS saved as JSON are read: predictions, bounds, priors, flags, notes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.distributions import HalfNormal, Uniform

FOLDER = Path(__file__).parents[3] / "shared" / "reference" / "nems_json"
FILES = sorted(FOLDER.glob("*.json"))


def array(values):
    values = np.asarray(values, dtype=float)
    marks = {"__nems_json_type__": "ndarray", "__nems_json_subtype__": "ndarray"}
    return {"data": values.tolist(), "dtype": "float64", "shape": list(values.shape), **marks}


def layer(kind, name, shape, parameters, *, reads=None, output=None, frozen=(), **attributes):
    """Write a layer as it is saved: of each parameter its values, bounds and prior."""
    args = [
        {
            "kwargs": {
                "name": key,
                "shape": list(np.shape(values)),
                "prior": {"data": [family, {k: array(v) for k, v in numbers.items()}]},
                "bounds": list(bounds),
            },
            "is_frozen": key in frozen,
            "is_permanent": False,
        }
        for key, (values, bounds, family, numbers) in parameters.items()
    ]
    flat = [np.ravel(values) for values, *_ in parameters.values()]
    vector = np.concatenate([[], *flat])[None]
    phi = {"args": args, "attributes": {"_array": array(vector), "_index": 0}}
    kwargs = {"input": reads, "output": output, "parameters": phi, "name": name, "shape": shape}
    return {"kwargs": kwargs, "attributes": attributes, "class_name": kind}


def normal(values, bounds=(-np.inf, np.inf)):
    return values, bounds, "Normal", {"_mean": np.zeros(np.shape(values)), "_sd": 0.5}


def model(*layers, **rest):
    data = {"layers": layers, "name": "UnnamedModel", "meta": {}, "results": None, **rest}
    return json.dumps({**data, "__nems_json_type__": "Model", "__nems_json_subtype__": "Model"})


def weights(**attributes):
    values = [[1.0], [2.0]]
    return layer("WeightChannels", "wc1", [2, 1], {"coefficients": normal(values)}, **attributes)


def test_filters_have_their_channels_first_here():
    taps = [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]
    text = model(
        layer(
            "FiniteImpulseResponse",
            "fir1",
            [3, 2],
            {"coefficients": normal(taps)},
            stride=2,
            include_anticausal=False,
            fshape=[3, 2],
            regularizer="l2:4",
        )
    )
    read = Model.from_nems_json(text)
    assert read.string == Model("fir.2x3.s2.l2e-4").string
    impulse = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert read.predict(impulse).ravel().tolist() == [1.0, 23.0, 0.0]


def test_units_of_bounds_and_priors_are_converted_with_the_values():
    uniform = {"_lower": [0.2, 0.2], "_upper": [0.4, 0.4]}
    text = model(
        layer(
            "ShortTermPlasticity",
            "stp1",
            [2],
            {
                "u": ([0.02, 0.03], (1e-6, 0.2), "HalfNormal", {"_sd": [0.1, 0.1]}),
                "tau": ([0.3, 0.5], (0.01, np.inf), "Uniform", uniform),
            },
            frozen=("u",),
            fs=100.0,
            quick_eval=True,
        )
    )
    u, tau = Model.from_nems_json(text).layers[0].parameters.values()
    assert u.bounds == (1e-6, 0.2) and u.is_frozen and u.prior == HalfNormal([0.1, 0.1])
    np.testing.assert_allclose(tau.values, [30.0, 50.0], rtol=1e-14)
    assert tau.bounds == (1.0, np.inf) and not tau.is_frozen
    assert tau.prior == Uniform(np.multiply(100.0, [0.2, 0.2]), np.multiply(100.0, [0.4, 0.4]))


def test_signals_that_are_read_by_name_keep_it():
    gate = layer("MultiplySignals", "mult1", None, {}, reads=["wc1", "gate"])
    read = Model.from_nems_json(model(weights(output="wc1"), gate))
    assert read.string == Model("wc1=wc.2x1-mult@wc1,gate").string
    x = {"stim": np.ones((4, 2)), "gate": np.arange(4.0)[:, None]}
    assert read.predict(x).ravel().tolist() == [0.0, 3.0, 6.0, 9.0]


def test_the_state_tells_a_constant_row():
    rows = {"gain": normal([[1.0], [2.0]]), "offset": normal([[0.5], [0.0]])}
    text = model(weights(), layer("StateGain", "stategain1", [2, 1], rows))
    assert Model.from_nems_json(text).string == "wc.2x1-stategain.2x1"
    read = Model.from_nems_json(text, S=1)
    assert read.string == "wc.2x1-stategain.1x1.c"
    predicted = read.predict(np.ones((2, 2)), state=np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(predicted.ravel(), [3.5, 9.5], rtol=1e-14)


def test_names_and_notes_are_kept(tmp_path):
    own = weights()
    own["kwargs"]["name"] = "spectral"
    notes = {"cell": "A1-u3", "depths": array([400.0, 800.0]), "snr": np.nan}
    path = tmp_path / "old.json"
    path.write_text(model(own, name="mine", meta=notes, results={"final_error": 0.5}))
    read = Model.load(path)
    assert read.name == "mine" and read.layers.names == ["spectral"]
    expected = {"cell": "A1-u3", "depths": [400.0, 800.0], "snr": "nan"}
    assert read.meta == {**expected, "nems_results": {"final_error": 0.5}}
    assert Model.load(read.save(tmp_path / "new.json")) == read


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            layer("LevelShift", "lvl1", [2], {"shift": normal([1.0, np.nan])}),
            "'lvl1'.*shift has values that are not finite",
        ),
        (layer("Odd", "odd1", [2], {}), "'odd1', a Odd.*no keyword here stands for the class"),
        (weights(new_option=3), "'wc1', a WeightChannels.*'new_option'.*is not known"),
        (weights(regularizer="l3"), "regularizer = 'l3' has no option of `wc`"),
        (weights(reads={"input": "a"}), "'wc1' reads .*no string says so"),
        (weights(output="state"), "writes to 'state', and no string says so"),
        (
            layer("ShortTermPlasticity", "stp1", [2], {}, fs=200.0),
            "layer 1 .'stp1'.*fs = 200.0 has no option of `stp`",
        ),
        (layer("StateDexp", "sdexp1", [2, 1], {}), "exchange kappa and offset"),
        (
            layer(
                "FiniteImpulseResponse",
                "fir1",
                [3, 2, 2],
                {"coefficients": normal(np.ones((3, 2, 2)))},
            ),
            "as many outputs as channels",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_with_file_layer_and_a_way(tmp_path, broken, said):
    path = tmp_path / "odd.json"
    path.write_text(model(broken))
    with pytest.raises(ValueError, match=said) as raised:
        Model.load(path)
    assert "odd.json" in str(raised.value) and "natively" in str(raised.value)


def test_files_that_are_none_or_damaged_are_told(tmp_path):
    with pytest.raises(ValueError, match="is damaged, or no JSON"):
        Model.from_nems_json('{"layers": [')
    with pytest.raises(ValueError, match="no model with layers that NEMS saved"):
        Model.from_nems_json('{"layers": []}')
    damaged = json.loads(model(weights()))
    del damaged["layers"][0]["kwargs"]["parameters"]["attributes"]
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(damaged))
    with pytest.raises(ValueError, match=r"damaged\.json is damaged"):
        Model.load(path)


@pytest.mark.skipif(not FILES, reason="the reference is not there")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_saved_models_predict_what_they_predicted(path):
    read = Model.load(path)
    with np.load(FOLDER / "expected.npz") as arrays:
        found = {k.split("/")[1]: arrays[k] for k in arrays if k.split("/")[0] == path.stem}
    predicted = read.predict(found["x"], state=found.get("state"))
    np.testing.assert_allclose(predicted, found["y"], rtol=1e-10, atol=1e-10)
    saved = json.loads(path.read_text())
    assert read.meta == saved["meta"]
    for layer_here, there in zip(read.layers, saved["layers"], strict=True):
        args = there["kwargs"]["parameters"]["args"]
        assert list(layer_here.parameters) == [each["kwargs"]["name"] for each in args]
        for parameter, each in zip(layer_here.parameters.values(), args, strict=True):
            assert parameter.is_frozen == each["is_frozen"]
            assert type(parameter.prior).__name__ == each["kwargs"]["prior"]["data"][0]
            scale = 100.0 if parameter.name == "tau" else 1.0
            assert parameter.bounds == tuple(scale * b for b in each["kwargs"]["bounds"])
