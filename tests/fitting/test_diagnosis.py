"""What is wrong with a fit is said, and nothing is said of a good one."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective, fit
from nems_dsl.datasets import simulate
from nems_dsl.fitting.findings import Ended, find_warnings
from nems_dsl.fitting.results import FitResults
from nems_dsl.layers.base import Layer, Parameter, Phi


@pytest.fixture(scope="module")
def data():
    simulation = simulate(n_times=4000, n_channels=6, n_taps=5, snr=4.0, seed=2)
    return simulation.stim, simulation.resp


def warnings_of(model, x, y, converged=True, message="", **arguments):
    """Diagnose a model as it stands; one that was not fitted need not predict."""
    objective = Objective(model, x, y, **arguments)
    loss = objective.value(objective.theta0)
    found, rank = find_warnings(objective, Ended(objective.theta0, loss, converged, message))
    of_fits = ("than the mean of the response", "the hidden layer explains")
    return [text for text in found if not any(words in text for words in of_fits)], rank


GOOD = [
    "wc.6x1-lvl.1",
    "fir.6x5-lvl.1",
    "wc.6x1-fir.1x5-dexp.1",
    "wc.6x2-fir.2x5-dexp.1",
    "wc.6x3-fir.3x5-lvl.1-dexp.1",
    "fir.6x5-relu.1.o.s",
    "strf.6x5-lvl.1",
    "strf.6x1x5-dexp.1",
    "strf.6x2x5-dexp.1",
    "wc.6x1-fir.1x5-sig.1",
]


@pytest.mark.parametrize("string", GOOD)
@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_good_fits_have_no_warnings(string, dtype, data):
    results = fit(string, *data, verbose=0, dtype=dtype).results
    # a curve between two levels predicts these data less well than a line does, which is said
    told = [text for text in results.warnings if "sig" not in string or "ridge" not in text]
    assert told == [] and results.converged
    assert 0 < results.rank <= results.n_parameters


@pytest.mark.parametrize("string", ["wc.6x1.g-fir.1x5-dexp.1", "wc.6x1-stp.1-fir.1x5-lvl.1"])
def test_good_fits_of_what_made_the_data_have_no_warnings(string):
    rng = np.random.default_rng(0)
    x = rng.random((4000, 6))
    truth = Model(string)
    values = {"fir": {"coefficients": rng.normal(size=(1, 5, 1))}}
    if ".g" in string:
        values["wc"] = {"mean": [0.45], "sd": [0.2]}
        values["dexp"] = {"kappa": [0.3], "amplitude": [1.0], "base": [0.1], "shift": [-0.2]}
    else:
        values["wc"] = {"coefficients": rng.random((6, 1)) / 3}
        values["stp"] = {"u": [0.3], "tau": [8.0]}
    for name, given in values.items():
        layer = truth.layers[name]
        layer.set_parameter_values(
            {k: np.reshape(v, layer.parameters[k].shape) for k, v in given.items()}
        )
    y = truth.predict(x)
    y = y + 0.1 * y.std() * rng.normal(size=y.shape)
    assert fit(string, x, y, verbose=0).results.warnings == ()


# string: its free parameters, and how many directions of them the prediction depends on
RANKS = {
    "wc.18x2-fir.2x25-dexp.1": (90, 90 - 4 - 1),
    "wc.18x2-fir.2x25-lvl.1": (87, 87 - 4),
    "wc.18x1-fir.1x25": (43, 42),
    "wc.6x3-fir.3x5-lvl.1": (34, 34 - 9),
    "fir.6x5-lvl.1": (31, 31),
    "fir.6x5-lvl.1-lvl.1": (32, 31),
    "wc.6x2.g-fir.2x5-lvl.1": (15, 15),
    "wc.6x1-scl.1-lvl.1": (8, 7),
    "wc.6x2-fir.2x5x2-lvl.2": (12 + 20 + 2, 34 - 4),
}


@pytest.mark.parametrize(("string", "expected"), RANKS.items())
@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_rank(string, expected, dtype):
    n_channels = 18 if ".18x" in string else 6
    rng = np.random.default_rng(0)
    x = rng.random((3000, n_channels))
    model = Model(string)
    for layer in model.layers:
        for name, parameter in layer.parameters.items():
            if name == "coefficients":
                parameter.values = rng.normal(size=parameter.shape) / n_channels
    n_outputs = model.predict(x[:2]).shape[1]
    warnings, rank = warnings_of(model, x, rng.normal(size=(3000, n_outputs)), dtype=dtype)
    assert (
        sum(p.size for layer in model.layers for p in layer.parameters.values()),
        rank,
    ) == expected
    assert warnings == []


def test_too_few_bins_have_no_more_rank_than_bins(data):
    x, y = data
    _, rank = warnings_of(Model("fir.6x5-lvl.1"), x[100:112], y[100:112])
    assert rank == 12


def test_not_converged(data):
    x, y = data
    results = fit("wc.6x2-fir.2x5-dexp.1", x, y, max_iterations=1, init="mean", verbose=0).results
    assert results.warnings[0] == "not converged: the limit of 1 iterations was reached"
    assert f"warning: {results.warnings[0]}" in str(results)


def test_parameters_at_bounds():
    rng = np.random.default_rng(0)
    x = rng.random((500, 4))
    y = x @ [1.0, -1.0, -0.5, 2.0] + 0.1 * rng.normal(size=500)
    for optimizer in ("gauss-newton", "l-bfgs-b", "closed-form"):
        results = fit("wc.4x1.p-lvl.1", x, y, optimizer=optimizer, verbose=0).results
        assert results.warnings == ("2 of 4 values of wc.coefficients at the lower bound 0",)
    model = Model("wc.4x1-lvl.1")
    model.layers["lvl"].parameters["shift"].bounds = (-5.0, -0.25)
    results = model.fit(x, y, verbose=0).results
    assert results.warnings == ("lvl.shift at the upper bound -0.25",)


def test_dead_units():
    rng = np.random.default_rng(0)
    x, y = rng.random((300, 4)), rng.normal(size=300)
    model = Model("wc.4x3-relu.3-wc.3x1-lvl.1")
    weights = rng.random((4, 3))
    weights[:, 1] *= -1
    model.set_parameter_values({0: {"coefficients": weights}})
    warnings, _ = warnings_of(model, x, y)
    assert warnings[0] == "dead units: 1 of 3 channels of relu never change"
    # what depends on weights of a dead unit is redundant too, which is no news about the others
    assert all("redundant" in warning for warning in warnings[1:])


def test_a_constant_prediction():
    rng = np.random.default_rng(0)
    x, y = rng.random((300, 4)), rng.normal(size=(300, 2))
    model = Model("wc.4x2-relu.2")
    model.set_parameter_values({"wc": {"coefficients": -np.ones((4, 2))}})
    warnings, rank = warnings_of(model, x, y)
    assert "the prediction is constant in 2 of 2 channels" in warnings and rank == 0
    model.set_parameter_values({"wc": {"coefficients": np.tile([1.0, -1.0], (4, 1))}})
    warnings, _ = warnings_of(model, x, y)
    assert "the prediction is constant in 1 of 2 channels" in warnings
    one = Model("wc.4x1-relu.1")
    one.set_parameter_values({"wc": {"coefficients": -np.ones((4, 1))}})
    assert "the prediction is constant" in warnings_of(one, x, y[:, 0])[0]


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_a_saturated_output_is_constant(dtype):
    x = np.random.default_rng(0).random((300, 4))
    model = Model("wc.4x1-dexp.1")
    model.set_parameter_values({"dexp": {"shift": [30.0], "kappa": [2.0]}})
    warnings, _ = warnings_of(model, x, x[:, 0], dtype=dtype)
    assert "the prediction is constant" in warnings


def test_a_duplicated_channel_makes_weights_redundant():
    rng = np.random.default_rng(0)
    x = rng.random((800, 5))
    x[:, 3] = x[:, 1]
    y = x @ rng.normal(size=5) + rng.normal(size=800)
    results = fit("wc.5x1-lvl.1", x, y, verbose=0).results
    assert results.rank == 5 and results.n_parameters == 6
    (warning,) = results.warnings
    assert warning.startswith("redundant parameters: 1 ") and "wc.coefficients" in warning
    assert "lvl" not in warning


def test_a_silent_channel_makes_weights_redundant():
    rng = np.random.default_rng(0)
    x = rng.random((800, 5))
    x[:, 3] = 0
    y = x @ rng.normal(size=5) + rng.normal(size=800)
    results = fit("fir.5x3-lvl.1", x, y, verbose=0).results
    assert results.rank == 13 and results.n_parameters == 16
    (warning,) = results.warnings
    assert warning.startswith("redundant parameters: 3 ") and "fir.coefficients" in warning


def test_nearly_equal_channels_are_ill_conditioned():
    rng = np.random.default_rng(0)
    x = rng.random((800, 5))
    x[:, 3] = x[:, 1] + 3e-6 * rng.normal(size=800)
    y = x @ rng.normal(size=5) + rng.normal(size=800)
    results = fit("wc.5x1-lvl.1", x, y, verbose=0).results
    assert results.rank == 6
    (warning,) = results.warnings
    assert warning.startswith("ill-conditioned parameters: 1 ") and "wc.coefficients" in warning


def test_equal_units_are_redundant():
    rng = np.random.default_rng(0)
    x, y = rng.random((500, 4)), rng.normal(size=500)
    model = Model("wc.4x2-dexp.2-wc.2x1")
    model.set_parameter_values(
        {
            0: {"coefficients": np.repeat(rng.normal(size=(4, 1)), 2, axis=1)},
            2: {"coefficients": np.ones((2, 1))},
        }
    )
    (warning,), _ = warnings_of(model, x, y)
    assert warning.startswith("redundant parameters: ")


def test_what_cannot_be_known_is_not_said():
    class Own(Layer):
        def initial_parameters(self):
            return Phi(Parameter("gain", initial_value=1.0))

        def evaluate(self, x):
            return self.get_parameter_values()[0] * x

    rng = np.random.default_rng(0)
    x, y = rng.random((100, 3)), rng.normal(size=100)
    assert warnings_of(Model(layers=[*Model("wc.3x1").layers, Own()]), x, y) == ([], None)
    frozen = Model("wc.3x1-lvl.1")
    frozen.freeze_layers()
    assert warnings_of(frozen, x, y) == ([], None)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["nmse", "mse"])
def test_a_fit_that_is_worse_than_the_mean(loss):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(500, 6)), np.zeros(500)
    y[300] = 1
    for end in ("sig", "srelu"):
        fitted = fit(f"wc.6x1-fir.1x4-{end}.1", x, y, loss=loss, verbose=0)
        nmse = fitted.score(x, y, metric="nmse")
        assert nmse > 1.01
        said = f"the prediction is worse than the mean of the response: its nmse is {nmse:.3g}; "
        assert any(warning.startswith(said) for warning in fitted.results.warnings)
        free = fit(f"wc.6x1-fir.1x4-{end}.1.s.o.g", x, y, loss=loss, verbose=0)
        assert not any("worse" in warning for warning in free.results.warnings)


def test_rates_that_are_worse_than_their_mean():
    rng = np.random.default_rng(0)
    x, y = rng.random((500, 4)), rng.poisson(2.0, 500)
    results = fit("wc.4x1-sig.1", x, y, loss="poisson", verbose=0).results
    mean = y.mean()
    more = results.loss - (mean - mean * np.log(mean))
    assert more > 0.01
    (said,) = (warning for warning in results.warnings if "worse" in warning)
    assert f"the loss is {more:.3g} above that of the mean" in said


def test_results_are_printed_and_stored(data, capsys):
    x, y = data
    fitted = Model("wc.6x1.p-lvl.1").fit(x, -y)
    warned = fitted.results
    assert warned.warnings
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Warning: ")] == [
        f"Warning: {each}" for each in warned.warnings
    ]
    read = FitResults.from_dict(warned.to_dict())
    assert read == warned
