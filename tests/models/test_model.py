"""Models: building, wiring, evaluating, parameters."""

from __future__ import annotations

import numpy as np
import pytest

import nems_dsl
from nems_dsl import Model, ModelStringError, fit
from nems_dsl.distributions import Normal
from nems_dsl.layers.base import Layer, Parameter, Phi
from nems_dsl.layers.fir import FiniteImpulseResponse
from nems_dsl.layers.nonlinearity import DoubleExponential
from nems_dsl.layers.weight_channels import WeightChannels

STRING = "wc.18x4-fir.4x15-dexp.1"


class Plus(Layer):
    def evaluate(self, one, other):
        return one + other


class Minus(Layer):
    def evaluate(self, left, right):
        return left - right


# ---- building --------------------------------------------------------------------------------


def test_one_model_however_it_is_built():
    layers = [WeightChannels((18, 4)), FiniteImpulseResponse((4, 15)), DoubleExponential(1)]
    built = [
        Model(STRING),
        Model("wc.18x4 - fir.x15\n - dexp"),
        Model(layers=STRING),
        Model(layers=layers),
        Model.from_keywords("wc.18x4", "fir.4x15", "dexp.1"),
        Model("wc.Nx4-fir.4x15-dexp.R", N=18, R=1),
    ]
    added = Model()
    added.add_layers(*(layer for layer in Model(STRING).layers))
    for model in [*built, added]:
        assert model.string == STRING
        assert model.model_id == built[0].model_id
        assert model.parameter_count == 18 * 4 + 4 * 15 + 4
        assert [type(layer) for layer in model.layers] == [type(layer) for layer in layers]


def test_options_of_layers_come_back_in_the_string():
    layer = WeightChannels((18, 2, 3), g=True, n=True, l2=1e-2)
    assert Model(layers=layer).string == "wc.18x2x3.g.n.l2e-2"
    text = "a=wc.18x2.p-fir.2x4.l2-relu.1.s.o-b=lvl.1@a"
    with pytest.raises(ModelStringError):
        Model(text)
    text = "a=wc.18x2.p-b=fir.2x4.l2-relu.1.s.o"
    assert Model(layers=list(Model(text).layers)).string == text


def test_layers_that_do_not_fit_are_refused_as_a_string_is():
    with pytest.raises(ModelStringError, match=r"fir\.4x15"):
        Model(layers=[WeightChannels((18, 4)), FiniteImpulseResponse((3, 15))])
    with pytest.raises(TypeError, match="not the class"):
        Model(layers=[Plus])
    with pytest.raises(TypeError, match="not by both"):
        Model(STRING, layers=[Plus()])
    with pytest.raises(ValueError, match="has no keyword"):
        _ = Model(layers=[Plus(input=["a", "b"])]).string
    with pytest.raises(ValueError, match="no layers"):
        Model().predict(np.zeros((3, 1)))
    with pytest.raises(ValueError, match="takes a shape in x out"):
        WeightChannels((18,))
    with pytest.raises(TypeError, match="gg"):
        WeightChannels((18, 4), gg=True)
    with pytest.raises(ValueError, match="no dialect 'nemz'"):
        Model(STRING, dialect="nemz")


def test_symbols_wait_for_data():
    model = Model("wc.Nx4-fir.4x15-wc.1xR-lvl")
    assert "N" in repr(model) and "R" in repr(model)
    with pytest.raises(ValueError, match=r"sizes N, R .* are open"):
        _ = model.layers
    rng = np.random.default_rng(0)
    x, y = rng.random((100, 18)), rng.random((100, 3))
    fitted = model.fit(x, y, verbose=0, max_iterations=2)
    assert fitted.string == "wc.18x4-fir.4x15-wc.1x3-lvl.3"
    assert model.string == "wc.Nx4-fir.4x15-wc.1xR-lvl.R"
    assert Model("wc.Nx2-fir.2x5").predict(x).shape == (100, 1)
    with pytest.raises(ModelStringError) as caught:
        fitted.predict(x[:, :5])
    assert caught.value.code == "E201"
    with pytest.raises(ModelStringError) as caught:
        fitted.score(x, y[:, :2])
    assert caught.value.code == "E203"


def test_a_model_of_one_output_points_to_fits_of_several():
    rng = np.random.default_rng(0)
    x, y = rng.random((100, 3)), rng.random((100, 2))
    with pytest.raises(ModelStringError) as caught:
        Model("wc.3x1-lvl.1").fit(x, y, verbose=0)
    assert caught.value.code == "E203"
    hint = "nems_dsl.fit(string, x, y) fits a model to each channel"
    assert hint in str(caught.value)
    with pytest.raises(ModelStringError) as caught:
        Model("wc.3x3-lvl.3").fit(x, y, verbose=0)
    assert hint not in str(caught.value)


def test_cross_validation_of_a_model_is_that_of_its_string():
    rng = np.random.default_rng(0)
    x = rng.random((200, 3))
    y = x[:, :1] + rng.random((200, 1))
    result = Model("wc.3x1-lvl.1").cross_validate(x, y, n_folds=4, metric="r2")
    expected = nems_dsl.cross_validate("wc.3x1-lvl.1", x, y, n_folds=4, metric="r2")
    assert np.array_equal(result.prediction, expected.prediction)
    assert (result.score, result.metric) == (expected.score, "r2")


# ---- layers by name --------------------------------------------------------------------------


def test_layers_by_place_and_name():
    layers = Model("wc.18x4-relu.4-wc.4x1").layers
    assert layers[0] is layers["wc1"] and layers[-1] is layers["wc2"]
    assert layers["relu"] is layers["relu1"]
    assert layers[1:] == [layers[1], layers[2]]
    with pytest.raises(KeyError, match="did you mean 'relu'"):
        layers["rleu"]
    with pytest.raises(IndexError, match="there are 3"):
        layers[3]


# ---- wiring ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Minus(input=["x", "y"]), -1),
        (Minus(input=["y", "x"]), 1),
        (Minus(input={"left": "y", "right": "x"}), 1),
        (Minus(input={"right": "y", "left": "x"}), -1),
    ],
)
def test_inputs_by_name(layer, expected):
    data = {"x": np.ones((4, 1)), "y": np.full((4, 1), 2.0)}
    np.testing.assert_array_equal(Model(layers=layer).predict(data), np.full((4, 1), expected))


def test_branches_meet_again():
    model = Model(
        layers=[
            WeightChannels((2, 1), output="sum", parameters={"coefficients": [[1], [1]]}),
            WeightChannels((2, 1), input="stim", parameters={"coefficients": [[1], [0]]}),
            Plus(input=["sum", "stim"], name="odd"),
        ]
    )
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    out = model.evaluate(x)
    np.testing.assert_array_equal(out["sum"], [[3], [7]])
    np.testing.assert_array_equal(out["output"], [[4, 5], [10, 11]])
    assert list(out) == ["stim", "sum", "output"]


def test_named_signals_in_a_string():
    x = np.random.default_rng(0).random((20, 3))
    model = Model("drive=wc.3x2@stim-fir.2x4@drive-lvl.1")
    assert model.string == "drive=wc.3x2-fir.2x4-lvl.1"
    out = model.evaluate({"input": x})
    assert list(out) == ["input", "drive", "output"]
    expected = x @ model.layers[0].parameters["coefficients"].values
    np.testing.assert_allclose(out["drive"], expected, rtol=1e-12, atol=1e-15)
    state = Model("wc.2x1@state-lvl.1")
    assert state.predict({"stim": x, "state": x[:, :2]}).shape == (20, 1)
    with pytest.raises(ValueError, match=r"'state', which the data do not have; there are: 'stim'"):
        state.predict(x)


def test_two_names_of_one_signal_or_of_two_outputs_are_refused():
    x = np.zeros((4, 1))
    with pytest.raises(ValueError, match="mean the same"):
        Model(layers=Plus(input=["stim", "stim"])).predict({"stim": x, "input": x})
    with pytest.raises(ValueError, match="output called 'a'"):
        Model(layers=[Plus(output="a"), Plus(output="a")])


# ---- evaluating ------------------------------------------------------------------------------


def test_predictions_come_back_in_the_form_of_the_data():
    rng = np.random.default_rng(0)
    model = Model("wc.3x2-fir.2x4x2-lvl.2")
    x = rng.random((5, 20, 3))
    stacked = model.predict(x)
    assert stacked.shape == (5, 20, 2)
    listed = model.predict(list(x))
    assert isinstance(listed, list) and len(listed) == 5
    for trial in range(5):
        np.testing.assert_array_equal(stacked[trial], listed[trial])
        np.testing.assert_array_equal(stacked[trial], model.predict(x[trial]))
    assert Model("lvl.1").predict(np.arange(4.0)).shape == (4, 1)


def test_an_output_of_a_wrong_length_is_an_error():
    class Half(Layer):
        def evaluate(self, x):
            return x[::2]

    with pytest.raises(ValueError, match=r"Half.evaluate gave an array of shape \(5, 1\) for 10"):
        Model(layers=Half()).predict(np.zeros((10, 1)))


def test_scores():
    rng = np.random.default_rng(0)
    x = rng.random((200, 3))
    y = np.stack([x[:, 0], rng.random(200)], 1)
    y[3, 0] = np.nan
    model = Model("wc.3x2-lvl.2")
    model.set_parameter_values({"wc": {"coefficients": [[1, 1], [0, 0], [0, 0]]}})
    r = model.score(x, y)
    assert r.shape == (2,) and r[0] == 1.0 and abs(r[1]) < 0.3
    single = Model("wc.3x1-lvl.1")
    single.set_parameter_values({"wc": {"coefficients": [[1], [0], [0]]}})
    assert type(single.score(x, y[:, 0])) is float
    assert single.score(x, y[:, 0], metric="nmse") < 1e-12
    assert single.score(x, y[:, 0], metric="r2") == pytest.approx(1)
    with pytest.raises(ValueError, match="did you mean 'correlation'"):
        single.score(x, y[:, 0], metric="corelation")


# ---- parameters ------------------------------------------------------------------------------


def test_parameters_are_set_and_checked():
    model = Model(STRING)
    values = model.get_parameter_values()
    assert list(values) == ["wc", "fir", "dexp"]
    values["dexp"]["base"][0] = 3.0
    assert model.layers["dexp"].parameters["base"].values[0] != 3.0
    model.set_parameter_values(values)
    assert model.layers["dexp"].parameters["base"].values[0] == 3.0
    with pytest.raises(ValueError, match=r"shape \(18, 4\), not \(4, 18\)"):
        model.set_parameter_values({"wc": {"coefficients": np.zeros((4, 18))}})
    with pytest.raises(KeyError, match="there are: base, amplitude, shift, kappa"):
        model.set_parameter_values({"dexp": {"bias": [0]}})
    with pytest.raises(ValueError, match="read-only"):
        model.layers[0].parameters["coefficients"].values[0] = 1


def test_samples_differ_by_seed_and_respect_bounds_and_frozen_parameters():
    model = Model("wc.18x3.g-stp.3-fir.3x15-relu.1.s")
    model.freeze_layers("fir")
    one, same, other = (model.sample_from_priors(seed=seed) for seed in (1, 1, 2))
    for layer in model.layers.names:
        for name, parameter in one.layers[layer].parameters.items():
            low, high = parameter.bound_arrays()
            assert np.all((parameter.values >= low) & (parameter.values <= high))
            again = same.layers[layer].parameters[name].values
            np.testing.assert_array_equal(parameter.values, again)
            differs = not np.array_equal(
                parameter.values, other.layers[layer].parameters[name].values
            )
            assert differs == (not parameter.is_frozen)
    assert len(model.sample_from_priors(n=3, seed=0)) == 3


def test_priors_and_bounds_of_a_layer_can_be_chosen():
    layer = WeightChannels(
        (3, 1), priors={"coefficients": Normal(0.5, 0.1)}, bounds={"coefficients": (0, 1)}
    )
    assert np.all(layer.parameters["coefficients"].values == 0.5)
    assert layer.parameters["coefficients"].bounds == (0, 1)
    with pytest.raises(ValueError, match="cross"):
        Parameter("a", bounds=(1, 0))
    with pytest.raises(ValueError, match="does not fit"):
        Parameter("a", (3,), Normal(np.zeros(2), 1))
    with pytest.raises(ValueError, match="two parameters are called 'a'"):
        Phi(Parameter("a"), Parameter("a"))
    with pytest.raises(ValueError, match="needs a shape"):
        Parameter("a", shape=None)


def test_outputs_start_out_different_so_that_a_fit_can_tell_them_apart():
    for shape in [(18, 4), (18, 3), (4, 10), (18, 1, 70), (32, 8)]:
        weights = WeightChannels(shape).parameters["coefficients"].values.reshape(shape[0], -1)
        columns = {tuple(column) for column in weights.T}
        assert len(columns) == weights.shape[1]


def test_fit_of_a_string():
    x = np.random.default_rng(0).random((300, 4))
    fitted = fit("wc.Nx1-lvl", x, x @ [1, 2, 3, 4] + 5, verbose=0)
    assert fitted.string == "wc.4x1-lvl.1"
    np.testing.assert_allclose(
        fitted.layers["wc"].parameters["coefficients"].values[:, 0], [1, 2, 3, 4], rtol=1e-4
    )
