"""Fits: they find what is there, keep to their limits, and say how it went."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective, fit
from nems_dsl.datasets import simulate
from nems_dsl.layers.base import Layer, Parameter, Phi

#: The minimum of the loss alone.
PLAIN = {"verbose": 0, "shrinkage": "none"}

X5 = np.random.default_rng(0).random((60, 5))
Y5 = X5 @ np.arange(5.0)


@pytest.fixture(scope="module")
def data():
    simulation = simulate(n_times=3000, n_channels=6, n_taps=5, snr=4.0, seed=2)
    return simulation.stim, simulation.resp


def test_a_fit_is_a_copy_that_is_better(data):
    x, y = data
    model = Model("wc.6x1-fir.1x5-dexp.1")
    before = model.get_parameter_values()
    # from the priors' means, for a start from data has little left to gain
    fitted = model.fit(x, y, init="mean", **PLAIN)
    results = fitted.results
    assert model.results is None
    for layer, values in model.get_parameter_values().items():
        for name, value in values.items():
            np.testing.assert_array_equal(value, before[layer][name])
    assert results.converged and results.status == 0 and results.message
    assert results.loss < 0.6 * results.initial_loss
    assert results.loss == pytest.approx(fitted.score(x, y, metric="nmse"), rel=1e-9)
    assert results.loss_history[0] == results.initial_loss
    assert len(results.loss_history) == results.n_iterations + 1
    assert results.n_evaluations >= results.n_iterations > 5
    assert results.seconds > 0 and results.n_parameters == 15
    assert fitted.score(x, y) > 0.85
    assert "converged" in str(results)


def test_the_gradient_is_zero_at_the_end(data):
    x, y = data
    fitted = Model("wc.6x1-fir.1x5-lvl.1").fit(x, y, **PLAIN, tolerance=1e-12)
    objective = Objective(fitted, x, y)
    start = Objective(Model("wc.6x1-fir.1x5-lvl.1"), x, y)
    _, gradient = objective.value_and_grad(objective.theta0)
    _, at_start = start.value_and_grad(start.theta0)
    assert np.abs(gradient).max() < 1e-5 * np.abs(at_start).max()


def test_a_perfect_fit_converges_and_says_so():
    x = np.random.default_rng(0).random((400, 5))
    fitted = fit("wc.5x1-lvl.1", x, x @ np.arange(5) - 1, **PLAIN)
    assert fitted.results.converged
    assert fitted.results.loss < 1e-8
    assert fitted.score(x, x @ np.arange(5) - 1) == 1.0


def test_a_linear_model_reaches_the_least_squares(data):
    x, y = data
    fitted = fit("fir.6x3-lvl.1", x, y, **PLAIN, tolerance=1e-12)
    lagged = np.column_stack([np.vstack([np.zeros((k, 6)), x[: len(x) - k]]) for k in range(3)])
    design = np.column_stack([lagged, np.ones(len(x))])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert fitted.results.loss == pytest.approx(residual.std() / y.std(), rel=1e-8)


@pytest.mark.parametrize("loss", ["nmse", "mse"])
def test_losses_have_the_same_minimum(data, loss):
    x, y = data
    fitted = fit("wc.6x1-lvl.1", x, y, loss=loss, **PLAIN, tolerance=1e-12)
    reference = fit("wc.6x1-lvl.1", x, y, **PLAIN, tolerance=1e-12)
    np.testing.assert_allclose(fitted.predict(x), reference.predict(x), rtol=1e-5)
    assert fitted.results.loss_name == loss


def test_bounds_hold(data):
    x, y = data
    fitted = Model("wc.6x1.p-stp.1-fir.1x5-dexp.1").fit(x, y, **PLAIN, max_iterations=60)
    for layer in fitted.layers:
        for parameter in layer.parameters.values():
            low, high = parameter.bound_arrays()
            assert np.all((parameter.values >= low) & (parameter.values <= high))


def test_a_start_out_of_bounds_is_brought_within(data):
    x, y = data
    model = Model("wc.6x1.p-lvl.1")
    model.set_parameter_values({"wc": {"coefficients": -np.ones((6, 1))}})
    assert model.fit(x, y, **PLAIN).layers["wc"].parameters["coefficients"].values.min() >= 0


def test_frozen_layers_stay(data):
    x, y = data
    model = Model("wc.6x1-fir.1x5-dexp.1")
    model.freeze_layers("wc", 2)
    fitted = model.fit(x, y, **PLAIN)
    for name in ("wc", "dexp"):
        for key, value in model.get_parameter_values()[name].items():
            np.testing.assert_array_equal(fitted.get_parameter_values()[name][key], value)
    assert not np.array_equal(
        fitted.get_parameter_values()["fir"]["coefficients"],
        model.get_parameter_values()["fir"]["coefficients"],
    )
    model.freeze_layers()
    nothing = model.fit(x, y, **PLAIN)
    assert nothing.results.n_parameters == 0 and nothing.results.converged
    assert "free" in nothing.results.message
    model.unfreeze_layers()
    assert model.fit(x, y, **PLAIN).results.n_parameters == 15


def test_limits(data):
    x, y = data
    model = Model("wc.6x2-fir.2x5-dexp.1")
    short = model.fit(x, y, **PLAIN, max_iterations=3)
    assert not short.results.converged and short.results.n_iterations == 3
    assert short.results.loss < short.results.initial_loss
    for arguments in ({"max_iterations": 0}, {"tolerance": -1}, {"tolerance": 2}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            model.fit(x, y, **PLAIN, **arguments)
    with pytest.raises(TypeError, match="epochs"):
        model.fit(x, y, epochs=3)


def test_progress_is_printed_or_not(data, capsys):
    x, y = data
    seen = []
    model = Model("wc.6x1-lvl.1")
    model.fit(
        x,
        y,
        verbose=0,
        shrinkage="none",
        callback=lambda iteration, loss: seen.append((iteration, loss)),
    )
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    assert [iteration for iteration, _ in seen] == list(range(len(seen)))
    assert seen[0][1] > seen[-1][1]
    model.fit(x, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Epoch 0", "=" * 30]
    assert lines[2].startswith("        Iteration 0, error is: ")
    assert lines[-3:-1] == ["Fit successful: True", "Status: 0"]
    assert lines[-1].startswith("Message: ")


def test_nan_in_the_target_is_as_if_it_were_not_there(data):
    x, y = data
    holes = y.copy()
    holes[100:400] = np.nan
    # without memory a bin that is left out can as well be cut
    with_holes = fit("wc.6x1-dexp.1", x, holes, **PLAIN)
    seen = ~np.isnan(holes[:, 0])
    cut = fit("wc.6x1-dexp.1", x[seen], y[seen], **PLAIN)
    assert with_holes.results.loss == pytest.approx(cut.results.loss, rel=1e-6)
    assert with_holes.score(x, holes) == pytest.approx(cut.score(x[seen], y[seen]), rel=1e-4)


def test_the_same_fit_twice_is_the_same(data):
    x, y = data
    one, other = (fit("wc.6x2-fir.2x5-dexp.1", x, y, **PLAIN) for _ in range(2))
    np.testing.assert_array_equal(one.predict(x), other.predict(x))


def test_float32_fits_as_well(data):
    x, y = data
    single = fit("wc.6x1-fir.1x5-dexp.1", x, y, **PLAIN, dtype="float32")
    double = fit("wc.6x1-fir.1x5-dexp.1", x, y, **PLAIN)
    assert single.results.loss == pytest.approx(double.results.loss, rel=2e-3)


class Hinge(Layer):
    """A layer as users write them."""

    def initial_parameters(self):
        return Phi(Parameter("threshold", initial_value=0.1), Parameter("gain", initial_value=1.0))

    def evaluate(self, x):
        threshold, gain = self.get_parameter_values()
        return gain * np.maximum(x - threshold, 0)


def test_own_layers_fit_as_keywords_do(data):
    x, y = data
    own = Model(layers=[*Model("wc.6x1-fir.1x5").layers, Hinge()])
    keyword = Model("wc.6x1-fir.1x5-relu.1.s.g")
    keyword.set_parameter_values({"relu": {"shift": [-0.1], "gain": [1.0]}})
    own, keyword = (m.fit(x, y, **PLAIN, tolerance=1e-9) for m in (own, keyword))
    assert own.results.converged
    assert own.results.loss == pytest.approx(keyword.results.loss, rel=1e-4)


def test_a_layer_that_gives_nan_is_reported():
    class Log(Layer):
        def evaluate(self, x):
            with np.errstate(invalid="ignore"):
                return np.log(x - 0.5)

    x = np.random.default_rng(0).random((50, 1))
    with pytest.raises(FloatingPointError, match="at the start of the fit"):
        Model(layers=[*Model("wc.1x1").layers, Log()]).fit(x, x, **PLAIN)


def test_extreme_parameters_do_not_end_a_fit(data):
    x, y = data
    model = Model("wc.6x1-fir.1x5-dexp.1")
    model.set_parameter_values(
        {"dexp": {"kappa": [60.0]}, "wc": {"coefficients": np.full((6, 1), 1e3)}}
    )
    fitted = model.fit(x, y, **PLAIN)
    assert np.isfinite(fitted.results.loss)
    assert np.all(np.isfinite(fitted.predict(x)))
    negative = Model("stp.6-wc.6x1-lvl.1").fit(x - 0.5, y, **PLAIN)
    assert np.isfinite(negative.results.loss)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"X": X5, "y": Y5}, "fit has no option 'X': the stimulus is called x here"),
        ({"x": X5, "y": Y5, "optimiser": "l-bfgs-b"}, "did you mean optimizer="),
        ({"x": X5, "y": Y5, "verbos": 0}, "did you mean verbose="),
    ],
)
def test_what_other_programs_call_otherwise(arguments, said):
    model = Model("wc.5x1-lvl.1")
    for call in (model.fit, lambda **given: fit(model, **given)):
        with pytest.raises(TypeError, match=said):
            call(**arguments)
