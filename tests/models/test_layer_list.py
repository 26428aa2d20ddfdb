"""Layers by place and by name, names that are unique, and layers that belong to one model."""

from __future__ import annotations

import copy
import gc
import pickle

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, fit
from nems_dsl.layers.base import Layer, Parameter, Phi
from nems_dsl.layers.fir import FiniteImpulseResponse
from nems_dsl.layers.weight_channels import WeightChannels


class Gain(Layer):
    def initial_parameters(self):
        return Phi(Parameter("gain", initial_value=2.0))

    def evaluate(self, x):
        return self.parameters["gain"].values * x


# ---- by place and name -----------------------------------------------------------------------


def test_several_layers_at_once():
    layers = Model("wc.18x4-relu.4-wc.4x1").layers
    one, two, three = layers
    for which in [("wc1", "wc2"), ["wc1", -1], (np.int64(0), "wc2"), slice(None, None, 2)]:
        found = layers[which]
        assert found[0] is one and found[1] is three and len(found) == 2
    assert layers[()] == []
    assert layers[np.int64(-2)] is two
    with pytest.raises(KeyError, match="did you mean 'relu'"):
        layers["wc1", "rleu"]
    for which in (1.5, None, {}):
        with pytest.raises(TypeError, match="by its place or its name"):
            layers[which]


def test_membership_and_index():
    model = Model("wc.18x4-relu.4-relu.4-wc.4x1")
    layers = model.layers
    assert "wc1" in layers and "relu2" in layers and "wc" not in layers and 3 not in layers
    assert layers[2] in layers and Gain() not in layers
    # two layers that are equal have each its own place
    assert layers[1] == layers[2]
    assert [layers.index(layer) for layer in layers] == [0, 1, 2, 3]
    assert layers.index("wc2") == 3
    assert layers.index(model.copy().layers[0]) == 0
    for which in ("fir", Gain()):
        with pytest.raises(ValueError, match="not among the layers wc1, relu1, relu2, wc2"):
            layers.index(which)


def test_messages_print_as_they_are():
    model = Model("wc.4x1-lvl.1")
    for call, message in [
        (lambda: Model().layers["wc"], "no layer 'wc': the model has no layers"),
        (lambda: model.layers["fir"], "no layer 'fir'; there are 'wc', 'lvl'"),
        (lambda: model.freeze_parameters("wc"), "'wc' is a layer; its parameters are "),
        (lambda: model.freeze_parameters("wc.a"), "no parameter 'wc.a'; there are 'wc."),
        (lambda: Model().freeze_parameters("wc.a"), "no parameter 'wc.a'; there are none"),
        (lambda: model.layers["wc"].parameters["b"], "no parameter 'b'; there are: coefficients"),
    ]:
        with pytest.raises(KeyError) as caught:
            call()
        assert str(caught.value).startswith(message)
        assert str(pickle.loads(pickle.dumps(caught.value))).startswith(message)
    with pytest.raises(IndexError, match="no layer 0; there are none"):
        Model().layers[0]


# ---- names -----------------------------------------------------------------------------------


def test_a_layer_that_is_renamed_is_called_so_everywhere():
    x = np.random.default_rng(0).random((100, 8))
    model = Model("wc.8x1-fir.1x5")
    layers = model.layers
    layers[0].name = "front"
    assert layers.names == model.layers.names == ["front", "fir"]
    model.freeze_layers("front")
    assert model.layers["front"].parameters["coefficients"].is_frozen
    assert list(model.get_parameter_values()) == ["front", "fir"]
    model.unfreeze_parameters("front.coefficients")
    assert str(model).splitlines()[2].startswith("front")
    with pytest.raises(KeyError, match="there are 'front', 'fir'"):
        model.layers["wc"]
    fitted = model.fit(x, x[:, 0], verbose=0, max_iterations=1)
    started = Model("wc.8x1-fir.1x7").start_from(fitted)
    assert fitted.layers.names == ["front", "fir"] and started.layers.names == ["wc", "fir"]
    assert fitted.start_from(started).layers.names == ["front", "fir"]
    layers[0].name = None
    assert model.layers.names == ["wc", "fir"]
    assert model.string == "wc.8x1-fir.1x5"


def test_names_are_unique_and_a_clash_names_both():
    model = Model("wc.8x1-fir.1x5-lvl.1")
    model.layers["lvl"].name = "last"
    for name in ("fir", "last"):
        with pytest.raises(ValueError, match=rf"called '{name}': .* at place .* and .* at place"):
            model.layers[0].name = name
    assert model.layers.names == ["wc", "fir", "last"]
    with pytest.raises(ValueError, match="WeightChannels at place 0 and FiniteImpulse"):
        Model(layers=[WeightChannels((8, 1), name="a"), FiniteImpulseResponse((1, 5), name="a")])
    with pytest.raises(ValueError, match="would be called 'last'"):
        model.add_layers(Gain(name="last"))
    two = Model("wc.8x4-relu.4-wc.4x1")
    with pytest.raises(ValueError, match="'wc2'"):
        two.layers["relu"].name = "wc2"
    with pytest.raises(ValueError, match="called 'wc'"):
        two.layers["wc1"].name = "wc"
    for name in ("", 3):
        with pytest.raises(TypeError, match="a layer's name is a word"):
            two.layers[0].name = name


def test_a_copy_has_names_of_its_own():
    model = Model("wc.8x1-fir.1x5")
    for make in (copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))):
        again = make(model)
        again.layers[0].name = "other"
        assert again.layers.names == ["other", "fir"]
        with pytest.raises(ValueError, match="called 'fir'"):
            again.layers[0].name = "fir"
        assert model.layers.names == ["wc", "fir"]


# ---- one place for each layer ----------------------------------------------------------------


def test_a_layer_has_one_place():
    layer = WeightChannels((3, 3))
    for build in [
        lambda: Model(layers=[layer, layer]),
        lambda: Model(layers=["wc.4x3", layer, Gain(), layer]),
        lambda: Model().add_layers(layer, layer),
    ]:
        with pytest.raises(ValueError, match=r"WeightChannels at place . and WeightChannels at"):
            build()
    model = Model(layers=[layer])
    with pytest.raises(ValueError, match=r"two places.*copy\.copy\(layer\)"):
        model.add_layers(layer)
    assert len(model.layers) == 1
    model.add_layers(copy.copy(layer))
    assert model.string == "wc.3x3-wc.3x3"


def test_layers_never_share_parameters():
    one, other = Gain(), Gain()
    other.parameters = one.parameters
    with pytest.raises(ValueError, match="share the parameter 'gain': Gain at place 0 and Gain"):
        Model(layers=[one, other])
    shallow = copy.copy(one)
    shallow.set_parameter_values(gain=5.0)
    assert one.parameters["gain"].values == 2.0
    model = Model(layers=[Gain(), Gain()])
    model.layers[1].parameters = model.layers[0].parameters
    x = np.random.default_rng(0).random((50, 1))
    with pytest.raises(ValueError, match="share the parameter"):
        model.fit(x, 3 * x, verbose=0)


def test_a_layer_of_another_model_is_copied():
    layer = Gain()
    first = Model(layers=[layer])
    assert first.layers[0] is layer
    second = Model(layers=["wc.4x1", layer])
    second.layers["Gain"].set_parameter_values(gain=7.0)
    second.layers["Gain"].name = "strong"
    assert (float(layer.parameters["gain"].values), layer.name) == (2.0, None)
    first.add_layers(*second.layers)
    assert first.layers.names == ["Gain", "wc", "strong"]
    assert second.layers.names == ["wc", "strong"]
    del first, second
    gc.collect()
    assert Model(layers=[layer]).layers[0] is layer


def test_what_fails_changes_nothing():
    model = Model("wc.4x1")
    first = model.layers[0]
    layer = Gain()
    with pytest.raises(ModelStringError):
        model.add_layers(layer, "fir.3x5-lvl.2")
    with pytest.raises(TypeError):
        model.add_layers("fir.1x5", 3)
    assert model.string == "wc.4x1" and model.layers[0] is first
    model.add_layers(layer)
    assert model.layers[1] is layer


def test_a_set_of_models_says_so_too():
    x = np.random.default_rng(0).random((100, 3))
    models = fit("wc.3x1", x, x[:, :2], verbose=0)
    with pytest.raises(KeyError) as caught:
        models.channel(5)
    assert str(caught.value) == "no model is for channel 5; there are channels 0 to 1"
