"""The linear front is found by trial, and its impulse responses are the product of its weights."""

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.layers.base import Layer, Parameter, Phi
from nems_dsl.visualization import LinearFront, NoLinearFront, receptive_field


def randomised(string, seed=0):
    return Model(string).sample_from_priors(seed=seed)


@pytest.mark.parametrize(
    ("string", "n_linear"),
    [
        ("wc.18x4-fir.4x15-dexp.1", 2),
        ("wc.18x4.g-fir.4x15-lvl.1-dexp.1", 3),
        ("strf.18x15-lvl.1", 2),
        ("fir.18x15-relu.1.s", 1),
        ("wc.18x4-relu.4-wc.4x1", 1),
        ("wc.18x1-stp.1-fir.1x15", 1),
    ],
)
def test_where_the_linear_front_ends(string, n_linear):
    front = LinearFront.of(randomised(string))
    assert len(front.front) == n_linear
    assert front.n_inputs == 18


@pytest.mark.parametrize("string", ["stp.18-wc.18x1", "dexp.18-wc.18x1", "relu.18-wc.18x1"])
def test_chains_that_do_not_begin_linearly(string):
    with pytest.raises(
        NoLinearFront, match=f"begins with {string.partition('.')[0]}, which is not"
    ):
        LinearFront.of(randomised(string))


def test_the_field_is_weights_times_filters():
    model = randomised("wc.18x4-fir.4x15-dexp.1")
    values = model.get_parameter_values()
    weights, taps = values["wc"]["coefficients"], values["fir"]["coefficients"]
    np.testing.assert_allclose(receptive_field(model), weights @ taps, atol=1e-12)


def test_a_constant_is_no_part_of_the_field():
    model = Model("wc.3x1-lvl.1")
    weights = [[1.0], [2.0], [-3.0]]
    model.set_parameter_values({"wc": {"coefficients": weights}, "lvl": {"shift": [5.0]}})
    np.testing.assert_allclose(receptive_field(model), weights)


def test_each_output_has_its_own_field():
    model = randomised("wc.6x3-dexp.3")
    weights = model.layers["wc"].get_parameter_values()[0]
    for channel in range(3):
        np.testing.assert_allclose(receptive_field(model, channel)[:, 0], weights[:, channel])


class Blur(Layer):
    """A linear layer of one's own, which does not tell its memory."""

    def evaluate(self, x):
        return x + 0.5 * np.concatenate([np.zeros((2, x.shape[1])), x])[: len(x)]


class Trend(Layer):
    def evaluate(self, x):
        return x * np.arange(len(x))[:, None]


class Square(Layer):
    def initial_parameters(self):
        return Phi(Parameter("a", initial_value=1.0))

    def evaluate(self, x):
        return self.get_parameter_values("a")[0] * x**2


def test_layers_of_ones_own():
    from nems_dsl.layers.weight_channels import WeightChannels

    model = Model(layers=[Blur(), WeightChannels(shape=(2, 1)), Square()])
    model.layers[1].set_parameter_values(coefficients=[[1.0], [-1.0]])
    front = LinearFront.of(model, np.zeros((10, 2)))
    assert (len(front.front), front.names) == (2, "Blur-wc")
    field = receptive_field(model, x=np.zeros((10, 2)))
    np.testing.assert_allclose(field, [[1, 0, 0.5], [-1, 0, -0.5]])
    with pytest.raises(ValueError, match="pass x as well"):
        receptive_field(model)


def test_a_layer_that_changes_with_time_has_no_field():
    with pytest.raises(NoLinearFront, match="begins with Trend"):
        LinearFront.of(Model(layers=[Trend()]), np.zeros((10, 2)))


def test_drivers():
    pointwise = LinearFront.of(randomised("wc.6x3-dexp.3"))
    assert [pointwise.drivers(c) for c in range(3)] == [[0], [1], [2]]
    mixed = LinearFront.of(randomised("wc.6x3-relu.3-wc.3x1"))
    assert mixed.drivers(0) == [0, 1, 2]
    linear = LinearFront.of(randomised("wc.6x3"))
    assert linear.drivers(2) == [2]


def test_static_or_not():
    drive = np.linspace(-1, 1, 20)[:, None]
    assert LinearFront.of(randomised("wc.6x1-dexp.1")).is_static(drive)
    assert not LinearFront.of(randomised("wc.6x1-relu.1-fir.1x3")).is_static(drive)
