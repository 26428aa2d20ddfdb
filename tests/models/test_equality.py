"""What makes two models, layers or parameters equal, and copies that go their own ways."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from nems_dsl import Model, keyword_info
from nems_dsl.distributions import Normal
from nems_dsl.layers.base import Layer, Parameter, Phi
from nems_dsl.layers.weight_channels import WeightChannels


class Scaled(Layer):
    def __init__(self, factor, **arguments):
        self.factor = factor
        super().__init__(**arguments)

    def initial_parameters(self):
        return Phi(Parameter("gain", initial_value=2.0))

    def evaluate(self, x):
        return self.factor * self.parameters["gain"].values * x


COPIES = [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]


def freeze(model):
    model.freeze_parameters("wc.coefficients")


def rename(model):
    model.layers[0].name = "front"


def call(model):
    model.name = "other"


def set_values(model):
    model.set_parameter_values({"lvl": {"shift": [1.0]}})


def narrow(model):
    model.layers["lvl"].parameters["shift"].bounds = (0, 1)


def expect(model):
    model.layers["lvl"].parameters["shift"].prior = Normal(1, 2)


@pytest.mark.parametrize("change", [freeze, rename, call, set_values, narrow, expect])
def test_models_differ_by(change):
    one, other = Model("wc.3x1-lvl.1", name="one"), Model("wc.3x1 - lvl", name="one")
    assert one == other
    change(other)
    assert one != other
    change(one)
    assert one == other


def test_models_are_their_strings_and_not_how_they_came_to_be():
    x = np.random.default_rng(0).random((50, 3))
    model = Model("wc.3x1-lvl.1")
    assert model == Model(layers=[WeightChannels((3, 1), input="stim"), "lvl"])
    assert model == Model(layers=list(model.layers))
    assert model != Model("wc.3x1.n-lvl.1") and model != Model("wc.3x1")
    assert Model("wc.Nx1") == Model("wc.Nx1") != Model("wc.3x1")
    fitted = model.fit(x, x[:, 0], verbose=0)
    again = Model("wc.3x1-lvl.1", meta={"cell": 3})
    again.set_parameter_values(fitted.get_parameter_values())
    assert again == fitted and again.results is None
    assert model.__eq__("wc.3x1-lvl.1") is NotImplemented
    assert model != "wc.3x1-lvl.1" and Model() == Model()


def test_layers_of_ones_own_are_compared_with_all_that_they_hold():
    table = np.array([1.0, np.nan])
    assert Scaled(table) == Scaled(table.copy())
    assert Scaled(2.0) != Scaled(3.0)
    assert Scaled(2.0, input="a") == Scaled(2.0, input=["a"]) != Scaled(2.0, input="b")
    assert Model(layers=[Scaled(2.0)]) == Model(layers=[Scaled(2.0)])
    assert Model(layers=[Scaled(2.0)]) != Model(layers=[Scaled(2.0, output="a")])
    assert Scaled(2.0) != Parameter("gain") and Parameter("gain") == Parameter("gain")


def test_what_changes_is_no_key():
    model = Model("wc.3x1")
    for thing in (model, model.layers, model.layers[0], Parameter("a")):
        with pytest.raises(TypeError, match="unhashable"):
            hash(thing)


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_are_equal_and_independent(make):
    for signature in keyword_info().values():
        model = Model(signature.example, name="one", meta={"a": [1]}).sample_from_priors(seed=0)
        model.layers[0].name = "first"
        again = make(model)
        assert again == model and again.meta == model.meta
        assert again.string == model.string
        again.meta["a"].append(2)
        again.layers[0].name = None
        assert again != model and model.meta == {"a": [1]}
        for one, other in zip(model.layers, again.layers, strict=True):
            assert one is not other
            assert all(one.parameters[key] is not other.parameters[key] for key in one.parameters)


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_layers_are_copied_without_their_model(make):
    model = Model("wc.3x1-lvl.1")
    again = make(model.layers[0])
    assert again == model.layers[0]
    again.name = "lvl"
    again.set_parameter_values(coefficients=np.ones((3, 1)))
    assert again != model.layers[0] and model.layers.names == ["wc", "lvl"]
    assert make(Scaled(3.0)) == Scaled(3.0)
    assert make(Model(layers=[Scaled(3.0)])) == Model(layers=[Scaled(3.0)])
