"""Starting from another model: what is taken from where, and what that does to predictions."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.datasets import simulate
from nems_dsl.layers.base import Layer, Parameter, Phi
from nems_dsl.models import ModelSet, take_parameters
from nems_dsl.models.alignment import align

RNG = np.random.default_rng(0)
X = RNG.random((80, 18))


def random(string, seed=1):
    """A model whose parameters are nobody's start."""
    return Model(string).sample_from_priors(seed=seed)


def values(model, layer, name):
    return model.layers[layer].parameters[name].values


def sources(report):
    return {each.name: (each.source, each.n_taken) for each in report.parameters}


def test_the_same_string_is_copied_whole():
    source, model = random("wc.18x2-stp.2-fir.2x15-dexp.1"), Model("wc.18x2-stp.2-fir.2x15-dexp.1")
    before = model.get_parameter_values()
    taken, report = take_parameters(model, source)
    np.testing.assert_array_equal(taken.predict(X), source.predict(X))
    assert report.n_taken == source.parameter_count
    assert taken.results is None
    for layer, by_name in model.get_parameter_values().items():
        for name, value in by_name.items():
            np.testing.assert_array_equal(value, before[layer][name])


@pytest.mark.parametrize(
    ("string", "other"),
    [
        ("wc.18x1-fir.1x25-dexp.1", "wc.18x1-fir.1x15-dexp.1"),
        ("fir.18x20-lvl.1", "fir.18x8-lvl.1"),
        ("strf.18x2x25-dexp.1", "strf.18x2x10-dexp.1"),
        ("wc.18x2-fir.2x25.ac-lvl.1", "wc.18x2-fir.2x15.ac-lvl.1"),
        ("wc.18x2-fir.2x20.ac-lvl.1", "wc.18x2-fir.2x10-lvl.1"),
        ("wc.18x2-fir.2x20x3-lvl.3", "wc.18x2-fir.2x10x3-lvl.3"),
        ("wc.18x1.g-fir.1x25-relu.1.o", "wc.18x1.g-fir.1x15-relu.1"),
    ],
)
def test_more_lags_change_no_prediction(string, other):
    source = random(other)
    taken, _ = take_parameters(Model(string), source)
    np.testing.assert_allclose(taken.predict(X), source.predict(X), rtol=1e-12, atol=1e-12)


def test_fewer_lags_are_the_first_ones():
    source = random("wc.18x1-fir.1x15-dexp.1")
    taken, report = take_parameters(Model("wc.18x1-fir.1x10-dexp.1"), source)
    np.testing.assert_array_equal(
        values(taken, "fir", "coefficients"), values(source, "fir", "coefficients")[:, :10]
    )
    assert sources(report)["fir.coefficients"] == ("fir.coefficients", 10)


def test_lags_are_matched_and_not_places():
    source = random("fir.18x10-lvl.1")
    taken, _ = take_parameters(Model("fir.18x10.ac-lvl.1"), source)
    # the first tap looks 5 bins ahead there
    coefficients = values(taken, "fir", "coefficients")
    np.testing.assert_array_equal(coefficients[:, 5:], values(source, "fir", "coefficients")[:, :5])
    np.testing.assert_array_equal(coefficients[:, :5], 0)


@pytest.mark.parametrize(
    ("string", "other"),
    [
        ("wc.18x3-fir.3x15-dexp.1", "wc.18x1-fir.1x15-dexp.1"),
        ("strf.18x3x15-dexp.1", "strf.18x1x15-dexp.1"),
        ("wc.18x3-fir.3x15-wc.1x2-lvl.2", "wc.18x1-fir.1x15-wc.1x2-lvl.2"),
    ],
)
def test_a_higher_rank_hardly_changes_predictions_and_is_alive(string, other):
    source = random(other)
    taken, _ = take_parameters(Model(string), source)
    prediction, wanted = taken.predict(X), source.predict(X)
    assert not np.array_equal(prediction, wanted)
    assert np.abs(prediction - wanted).mean() < 0.1 * wanted.std()
    from nems_dsl import Objective

    objective = Objective(taken, X, RNG.standard_normal(prediction.shape))
    _, gradient = objective.value_and_grad(objective.theta0)
    assert np.all(gradient != 0)


def test_a_lower_rank_takes_the_first():
    source = random("wc.18x3-fir.3x15-dexp.1")
    taken, report = take_parameters(Model("wc.18x2-fir.2x15-dexp.1"), source)
    np.testing.assert_array_equal(
        values(taken, "wc", "coefficients"), values(source, "wc", "coefficients")[:, :2]
    )
    np.testing.assert_array_equal(
        values(taken, "fir", "coefficients"), values(source, "fir", "coefficients")[:2]
    )
    assert sources(report)["wc.coefficients"] == ("wc.coefficients", 36)


@pytest.mark.parametrize(
    ("string", "other", "kept"),
    [
        # other stimulus channels, other responses, other parameters, other keywords
        ("wc.9x1-fir.1x15", "wc.18x1-fir.1x15", ["wc.coefficients"]),
        (
            "stp.9-wc.9x1-fir.1x15", "stp.18-wc.18x1-fir.1x15",
            ["stp.u", "stp.tau", "wc.coefficients"],
        ),
        (
            "wc.18x4-fir.4x15x5-dexp.5", "wc.18x4-fir.4x15x3-dexp.3",
            ["fir.coefficients", *(f"dexp.{p}" for p in ("base", "amplitude", "shift", "kappa"))],
        ),
        ("wc.18x1.g-fir.1x15", "wc.18x1-fir.1x15", ["wc.mean", "wc.sd"]),
        ("wc.18x1-fir.1x15-lvl.1", "wc.18x1-fir.1x15", ["lvl.shift"]),
        ("wc.18x2-fir.2x15x2-lvl.2", "wc.18x2-fir.2x15-lvl.1", ["fir.coefficients", "lvl.shift"]),
    ],
)  # fmt: skip
def test_what_does_not_go_together_keeps_its_start(string, other, kept):
    model = Model(string)
    taken, report = take_parameters(model, random(other))
    assert [each.name for each in report.parameters if each.source is None] == kept
    for name in kept:
        layer, _, key = name.partition(".")
        np.testing.assert_array_equal(values(taken, layer, key), values(model, layer, key))
        assert f"{name} " in str(report) and "own start" in str(report)


def test_values_are_brought_within_bounds_and_the_frozen_stay_frozen():
    source = random("wc.18x1-fir.1x15-lvl.1")
    source.set_parameter_values({"wc": {"coefficients": np.linspace(-1, 1, 18)[:, None]}})
    model = Model("wc.18x1.p-fir.1x15-lvl.1")
    model.freeze_layers("fir")
    taken, report = take_parameters(model, source)
    np.testing.assert_array_equal(
        values(taken, "wc", "coefficients")[:, 0], np.maximum(np.linspace(-1, 1, 18), 0)
    )
    assert "brought within the bounds" in str(report)
    assert taken.layers["fir"].parameters["coefficients"].is_frozen
    assert not taken.layers["wc"].parameters["coefficients"].is_frozen


def test_permanent_parameters_stay():
    source = Model("wc.18x1-relu.1.o")
    source.set_parameter_values({"relu": {"offset": [3.0]}})
    taken, report = take_parameters(Model("wc.18x1-relu.1"), source)
    assert values(taken, "relu", "offset") == 0
    assert [each.name for each in report.parameters] == ["wc.coefficients"]


@pytest.mark.parametrize(
    ("string", "other", "pairs"),
    [
        ("wc.18x4-fir.4x15-dexp.1", "wc.18x4-fir.4x15-dexp.1", [(0, 0), (1, 1), (2, 2)]),
        ("wc.18x4-stp.4-fir.4x15-dexp.1", "wc.18x4-fir.4x15-lvl.1", [(0, 0), (2, 1)]),
        ("wc.18x4-relu.4-wc.4x1", "wc.4x1-lvl.1", [(2, 0)]),
        ("wc.18x4-relu.4-wc.4x1", "wc.18x4-lvl.4", [(0, 0)]),
        ("wc.18x4-fir.4x15", "fir.18x15-wc.1x4", [(1, 0)]),
        ("fir.18x15-lvl.1", "wc.18x4-dexp.4", []),
    ],
)
def test_layers_are_matched_in_order(string, other, pairs):
    assert align(list(Model(string).layers), list(Model(other).layers)) == pairs


def test_names_are_matched_too():
    class Gain(Layer):
        def initial_parameters(self):
            return Phi(Parameter("gain", (2,)))

        def evaluate(self, x):
            return x * self.get_parameter_values()[0]

    class Shift(Gain):
        pass

    one = Model(layers=[Gain(name="a"), Gain(name="b"), Gain()])
    other = Model(layers=[Gain(name="b"), Shift(), Gain(name="c")])
    assert align(list(one.layers), list(other.layers)) == [(1, 0), (2, 2)]
    other.layers[0].set_parameter_values(gain=[5.0, 6.0])
    taken, report = take_parameters(one, other)
    assert taken.layers["b"].parameters["gain"].values.tolist() == [5, 6]
    assert sources(report)["b.gain"] == ("b.gain", 2)
    assert sources(report)["a.gain"] == (None, 0)


def test_sources_that_are_none():
    model = Model("wc.18x1-fir.1x15")
    with pytest.raises(TypeError, match="not from str"):
        take_parameters(model, "wc.18x1-fir.1x15")
    with pytest.raises(TypeError, match=r"not from a set; give one, as in models\[0\]"):
        model.start_from(ModelSet([Model("wc.18x1")]))
    with pytest.raises(ValueError, match=r"sizes N of wc\.Nx1 are open"):
        take_parameters(Model("wc.Nx1"), model)
    with pytest.raises(ValueError, match=r"nothing of lvl\.18 can be a start for wc\.18x1-fir"):
        take_parameters(model, Model("lvl.18"))


def test_a_fit_that_starts_from_a_fit_begins_where_that_ended():
    data = simulate(n_times=1500, n_channels=6, n_taps=5, snr=4.0, seed=2)
    small = fit("wc.6x1-fir.1x5-dexp.1", data.stim, data.resp, verbose=0)
    large = Model("wc.6x1-fir.1x12-dexp.1").start_from(small).fit(data.stim, data.resp, verbose=0)
    assert large.results.initial_loss == pytest.approx(small.results.loss, rel=1e-12)
    assert large.results.loss < small.results.loss
