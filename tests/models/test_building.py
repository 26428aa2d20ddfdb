"""Models of layers and strings side by side, and of signals that no string can spell."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, fit
from nems_dsl.layers.base import Layer
from nems_dsl.layers.fir import FiniteImpulseResponse
from nems_dsl.layers.joining import Concatenate
from nems_dsl.layers.weight_channels import WeightChannels


class Own(Layer):
    def evaluate(self, x):
        return np.tanh(x)


class Plus(Layer):
    def evaluate(self, one, other):
        return one + other


# ---- strings among layers --------------------------------------------------------------------


@pytest.mark.parametrize(
    "layers",
    [
        ["wc.8x2", "fir.2x5", "dexp.1"],
        ["wc.8x2-fir.2x5", "dexp"],
        ["wc.8x2 - fir.x5", "dexp"],
        [WeightChannels((8, 2)), "fir.x5", "dexp"],
        [WeightChannels((8, 2)), "fir.x5-dexp"],
        ["wc.8x2", FiniteImpulseResponse((2, 5)), "dexp"],
        ("wc.Nx2", WeightChannels((2, 2)), "fir.2x5-dexp"),
    ],
)
def test_strings_and_layers_make_one_model(layers):
    model = Model(layers=layers, N=8)
    strings = {"wc.8x2-fir.2x5-dexp.1", "wc.8x2-wc.2x2-fir.2x5-dexp.1"}
    assert model.string in strings
    for layer in layers:
        assert isinstance(layer, str) or any(each is layer for each in model.layers)


def test_layers_are_added_by_strings():
    model = Model("wc.8x2")
    model.layers[0].set_parameter_values(coefficients=np.ones((8, 2)))
    model.add_layers("fir.x5", "dexp")
    assert model.string == "wc.8x2-fir.2x5-dexp.1"
    assert np.all(model.layers[0].parameters["coefficients"].values == 1)
    empty = Model()
    empty.add_layers("wc.Nx2")
    empty.add_layers("fir.x5", "lvl")
    assert empty.string == "wc.Nx2-fir.2x5-lvl.1"
    assert empty.predict(np.ones((10, 3))).shape == (10, 1)
    with pytest.raises(ValueError, match=r"sizes N of wc\.Nx2"):
        empty.add_layers(Own())


def test_layers_of_ones_own_stand_among_strings():
    x = np.random.default_rng(0).random((50, 8))
    model = Model(layers=["wc.8x2", Own(), "fir.2x5-lvl", Own(), "dexp.1"])
    assert model.layers.names == ["wc", "Own1", "fir", "lvl", "Own2", "dexp"]
    assert model.predict(x).shape == (50, 1)
    branched = Model(
        layers=["a=wc.8x2-b=wc.8x2@stim", Plus(input=["a", "b"], output="sum"), "fir.2x5@sum"]
    )
    assert branched.predict(x).shape == (50, 1)
    banks = Model(layers=["wc.8x1x3", Own(), "fir.1x5x3", Own(), "relu.3", "cat@stim"])
    assert banks.layers.names[2] == "fir"


@pytest.mark.parametrize(
    ("layers", "shown", "at", "hint"),
    [
        (["wc.8x2", "fir.3x5"], "wc.8x2-fir.3x5", "3", "write fir.2x5"),
        ([WeightChannels((8, 2)), "fir.3x5"], "wc.8x2-fir.3x5", "3", "write fir.2x5"),
        (["wc.8x2 - fri.x5", Own()], "wc.8x2 - fri.x5-Own", "fri", "did you mean fir.x5"),
        (["wc.8x2", Own(), "dexp"], "wc.8x2-Own-dexp", "dexp", "write for example dexp.4"),
        ([Own(), "wc.8x2-fir.3x5"], "Own-wc.8x2-fir.3x5", "3", "write fir.2x5"),
    ],
)
def test_faults_point_into_the_strings_as_they_were_given(layers, shown, at, hint):
    with pytest.raises(ModelStringError) as caught:
        Model(layers=layers)
    fault = caught.value
    assert fault.string == shown
    assert fault.string[slice(*fault.span)] == at
    assert fault.hint.startswith(hint)


def test_what_cannot_be_a_layer_is_refused():
    with pytest.raises(ModelStringError, match="E0"):
        Model(layers=[Own(), "wc.8x2--"])
    with pytest.raises(ModelStringError, match="experiment string"):
        Model(layers=[Own(), "zs_wc.8x2_"])
    with pytest.raises(ValueError, match=r"sizes N are open.*Model\(layers=\[\.\.\.\], N=18\)"):
        Model(layers=["wc.Nx2", Own()])
    with pytest.raises(ValueError, match=r"nems_dsl.convert\(string, 'nems', 'native'\)"):
        Model(layers=["fir.15x4", Own()], dialect="nems")
    assert Model(layers=["wc.18x4", "fir.15x4"], dialect="nems").string == "wc.18x4-fir.4x15"
    with pytest.raises(TypeError, match="strings of keywords, not of 3"):
        Model(layers=["wc.8x2", 3])


def test_keywords_may_come_in_a_list():
    expected = "wc.8x1-lvl.1"
    assert Model.from_keywords(["wc.8x1", "lvl.1"]).string == expected
    assert Model.from_keywords(("wc.8x1",), "lvl.1").string == expected
    assert Model.from_keywords(keyword for keyword in expected.split("-")).string == expected


def test_a_model_is_fitted_as_its_string_is():
    x = np.random.default_rng(0).random((100, 3))
    model = Model("wc.3x1-lvl.1", meta={"cell": 1})
    one = fit(model, x, x[:, 1], verbose=0)
    assert one == fit("wc.3x1-lvl.1", x, x[:, 1], verbose=0)
    assert [each.meta for each in fit(model, x, x[:, :2], verbose=0)] == [{"cell": 1}] * 2
    assert fit(Model(layers=[Own(), "wc.3x1"]), x, x[:, 1], verbose=0).results is not None
    with pytest.raises(ModelStringError, match=r"model\.fit\(x, y\)"):
        Model(model)


# ---- names that no string can spell ----------------------------------------------------------

UNSPELLABLE = ["pupil_size", "pupil size", "größe", "2nd", "x-y", "a@b", "a,b", "pupil of left"]


@pytest.mark.parametrize("name", UNSPELLABLE)
def test_signals_have_any_name(name, tmp_path):
    rng = np.random.default_rng(0)
    data = {"stim": rng.random((60, 3)), name: rng.random((60, 2))}
    model = Model(
        layers=[
            WeightChannels((3, 2), output="first stage"),
            WeightChannels((2, 2), input=name, output=f"{name}2"),
            Concatenate(input=["first stage", f"{name}2"]),
            "wc.4x1-lvl",
        ]
    )
    fitted = model.fit(data, rng.random(60), verbose=0, max_iterations=2)
    out = fitted.evaluate(data)
    assert list(out) == ["stim", name, "first stage", f"{name}2", "output"]
    assert fitted.copy() == fitted
    assert name in str(fitted) and name in repr(fitted) and name in fitted.diagram()
    with pytest.raises(ModelStringError) as caught:
        fitted.predict({**data, name: data["stim"]})
    assert name in str(caught.value)
    with pytest.raises(ValueError, match="which the data do not have"):
        fitted.predict({"stim": data["stim"], name.upper() + "_": data[name]})
    for call in (lambda: fitted.string, lambda: fitted.model_id):
        with pytest.raises(ValueError, match="cannot spell the name 'first stage'"):
            call()
    with pytest.raises(ValueError, match=r"cannot be saved.*'first stage'.*'firststage'"):
        fitted.save(tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


def test_names_that_differ_in_spelling_alone_are_two():
    x = {"pupilsize": np.zeros((20, 1)), "pupil_size": np.ones((20, 1))}
    layer = WeightChannels((1, 1), input="pupil_size", parameters={"coefficients": [[2.0]]})
    model = Model(layers=[layer])
    np.testing.assert_array_equal(model.predict(x), np.full((20, 1), 2.0))
    assert model != Model(layers=[WeightChannels((1, 1), input="pupilsize")])
    joined = Model(layers=[Concatenate(input=["pupil_size", "pupilsize"]), "wc.2x1"])
    assert joined.evaluate({**x, "stim": np.zeros((20, 1))})["output"].shape == (20, 1)


def test_several_channels_are_fitted_without_a_string():
    rng = np.random.default_rng(0)
    x = {"pupil_size": rng.random((100, 2))}
    y = rng.random((100, 2))
    models = fit(Model(layers=[WeightChannels((2, 1), input="pupil_size")]), x, y, verbose=0)
    assert models.predict(x).shape == (100, 2)
    assert repr(models).startswith("ModelSet(wc.2x1@pupil_size, channels 0 to 1")
