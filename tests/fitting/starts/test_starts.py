"""Where fits start: near the truth, where they were told to, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective, fit
from nems_dsl.datasets import simulate
from nems_dsl.fitting.starts import Start, find_starts
from nems_dsl.fitting.starts.from_data import start_from_data

CHAINS = [
    "wc.6x1-fir.1x5-dexp.1",
    "wc.6x2-fir.2x5-dexp.1",
    "wc.6x2.g-fir.2x5-lvl.1-dexp.1",
    "fir.6x5-relu.1.o.s",
    "strf.6x2x5-dexp.1",
    "strf.6x5-lvl.1",
    "wc.6x2.g-stp.2-fir.2x5-dexp.1",
    "fir.6x5x2-lvl.2",
    "wc.6x1x3-fir.1x5x3-relu.3.s",
]


@pytest.fixture(scope="module")
def data():
    simulation = simulate(n_times=3000, n_channels=6, n_taps=5, snr=4.0, seed=2)
    return simulation.stim, simulation.resp


def objective_of(string, data, n_outputs=1):
    x, y = data
    return Objective(Model(string), x, np.repeat(y, n_outputs, axis=1))


def outputs_of(string):
    return Model(string).predict(np.zeros((2, 6))).shape[1]


@pytest.mark.parametrize("string", CHAINS)
def test_a_start_from_data_is_near_the_best(string, data):
    objective = objective_of(string, data, outputs_of(string))
    theta = start_from_data(objective)
    low, high = objective.bounds
    assert np.all((theta >= low) & (theta <= high))
    x, y = data
    best = fit(
        string,
        x,
        np.repeat(y, outputs_of(string), axis=1),
        verbose=0,
        shrinkage="none",
        n_starts=3,
        seed=1,
    )
    assert objective.value(theta) < 1.25 * best.results.loss
    assert objective.value(theta) < objective.value(objective.theta0)


@pytest.mark.parametrize(
    "string", ["wc.6x2-fir.2x5-dexp.1", "strf.6x2x5-lvl.1", "fir.6x5-relu.1.o.s"]
)
def test_a_start_from_data_is_close_to_the_truth(string):
    rng = np.random.default_rng(3)
    x = rng.random((6000, 6))
    truth = Model(string)
    layers = list(truth.layers)
    for layer in layers[:-1]:
        for parameter in layer.parameters.values():
            if parameter.name != "shift":
                parameter.values = rng.normal(size=parameter.shape)
    drive = x
    for layer in layers[:-1]:
        drive = layer.evaluate(drive)
    if "dexp" in string:
        values = {"base": [0.1], "amplitude": [1.0], "kappa": [0.3]}
        layers[-1].set_parameter_values(values)
    if "lvl" not in string:
        # as much of the drive below the bend as above
        layers[-1].set_parameter_values(shift=[-drive.mean()])
    y = truth.predict(x)
    y = y + 0.2 * y.std() * rng.normal(size=y.shape)
    made, objective = Objective(truth, x, y), Objective(Model(string), x, y)
    best = made.value(made.theta0)
    assert best == pytest.approx(0.196, abs=0.01)
    assert objective.value(start_from_data(objective)) < 1.3 * best


def test_models_of_another_form_have_no_start_from_data(data):
    for string in ("relu.6-wc.6x1-lvl.1", "wc.6x4-relu.4-wc.4x3-relu.3-wc.3x1"):
        assert start_from_data(objective_of(string, data)) is None
        for init in ("data", "staged"):
            with pytest.raises(ValueError, match=rf"init='{init}' wants a chain.*init='mean'"):
                Model(string).fit(*data, init=init, verbose=0, shrinkage="none")
        assert (
            Model(string).fit(*data, verbose=0, shrinkage="none", max_iterations=2).results.loss > 0
        )


def test_open_sizes_are_found_from_the_data(data):
    fitted = fit("wc.Nx1-fir.1x5-dexp.R", *data, verbose=0, shrinkage="none", init="data")
    assert [start.init for start in fitted.results.starts] == ["data"]


# ---- names ---------------------------------------------------------------------------------------


def first_start(objective, init, seed=0):
    return next(iter(find_starts(objective, init, 1, seed)))


def test_mean_and_prior(data):
    objective = objective_of("wc.6x2.g-stp.2-fir.2x5-dexp.1", data)
    mean = first_start(objective, "mean")
    assert mean.init == "mean"
    for slot in objective.vector.slots:
        parameter = objective.vector.layers[slot.layer].parameters[slot.name]
        expected = np.broadcast_to(parameter.prior.mean(), slot.shape).ravel()
        low, high = (b.ravel() for b in parameter.bound_arrays())
        np.testing.assert_array_equal(
            mean.theta[slot.start : slot.stop], np.clip(expected, low, high)
        )
    one, same, other = (first_start(objective, "prior", seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.theta, same.theta)
    assert not np.any(one.theta == other.theta)
    low, high = objective.bounds
    assert np.all((one.theta >= low) & (one.theta <= high))


def test_staged_differs_from_data_and_neither_moves_the_model(data):
    objective = objective_of("wc.6x2-fir.2x5-dexp.1", data)
    before = objective.vector.read()
    found = {init: first_start(objective, init) for init in ("data", "staged", "mean", "auto")}
    np.testing.assert_array_equal(objective.vector.read(), before)
    values = {init: objective.value(start.theta) for init, start in found.items()}
    assert values["data"] < values["mean"] and values["staged"] < values["mean"]
    assert not np.array_equal(found["data"].theta, found["staged"].theta)
    np.testing.assert_array_equal(found["auto"].theta, found["data"].theta)
    assert found["auto"].init == "data" and found["staged"].init == "staged"


def test_auto_goes_on_from_what_was_fitted_or_set(data):
    x, y = data
    string = "wc.6x2-fir.2x5-dexp.1"
    fitted = fit(string, x, y, verbose=0, shrinkage="none", max_iterations=2)
    again = fitted.fit(x, y, verbose=0, shrinkage="none")
    assert again.results.starts[0].init == "model"
    assert again.results.initial_loss == pytest.approx(fitted.results.loss, rel=1e-9)
    by_hand = Model(string)
    by_hand.set_parameter_values({"dexp": {"kappa": [0.9]}})
    assert (
        by_hand.fit(x, y, verbose=0, shrinkage="none", max_iterations=1).results.starts[0].init
        == "model"
    )
    assert (
        by_hand.fit(x, y, verbose=0, shrinkage="none", init="data").results.starts[0].init == "data"
    )
    # what is frozen may stand anywhere
    frozen = Model(string)
    frozen.set_parameter_values({"dexp": {"kappa": [0.9]}})
    frozen.freeze_layers("dexp")
    assert (
        frozen.fit(x, y, verbose=0, shrinkage="none", max_iterations=1).results.starts[0].init
        == "data"
    )


def test_a_model_to_start_from(data):
    x, y = data
    other = fit("wc.6x2-fir.2x5-dexp.1", x, y, verbose=0, shrinkage="none")
    fitted = Model("wc.6x2-fir.2x5-dexp.1").fit(x, y, init=other, verbose=0, shrinkage="none")
    assert fitted.results.starts[0].init == "model"
    assert fitted.results.initial_loss == pytest.approx(other.results.loss, rel=1e-9)
    model = Model("wc.6x2-fir.2x5-dexp.1")
    start = model.fit(x, y, init="model", verbose=0, shrinkage="none", max_iterations=1).results
    assert start.initial_loss == pytest.approx(Objective(model, x, y).value(model_theta(model)))


def model_theta(model):
    return np.concatenate(
        [p.values.ravel() for layer in model.layers for p in layer.parameters.values()]
    )


def test_unknown_names_are_refused(data):
    with pytest.raises(ValueError, match=r"no start 'dta'.*did you mean 'data'"):
        Model("wc.6x1-lvl.1").fit(*data, init="dta", verbose=0, shrinkage="none")
    with pytest.raises(ValueError, match="n_starts must be at least 1, not 0"):
        Model("wc.6x1-lvl.1").fit(*data, n_starts=0, verbose=0, shrinkage="none")
    for init in (None, 3, ["data"]):
        with pytest.raises(ValueError, match="init must be the name of a start or a fitted model"):
            Model("wc.6x1-lvl.1").fit(*data, init=init, verbose=0, shrinkage="none")


@pytest.mark.parametrize("init", ["auto", "data", "staged", "mean", "prior", "model"])
def test_frozen_parameters_never_move(init, data):
    model = Model("wc.6x2-fir.2x5-dexp.1")
    model.set_parameter_values({"wc": {"coefficients": np.ones((6, 2)) / 3}})
    model.freeze_layers("wc")
    model.layers["dexp"].parameters["base"].values = [0.05]
    model.layers["dexp"].parameters["base"].freeze()
    before = {name: dict(values) for name, values in model.get_parameter_values().items()}
    fitted = model.fit(*data, init=init, verbose=0, shrinkage="none", n_starts=2, max_iterations=5)
    after = fitted.get_parameter_values()
    np.testing.assert_array_equal(after["wc"]["coefficients"], before["wc"]["coefficients"])
    np.testing.assert_array_equal(after["dexp"]["base"], before["dexp"]["base"])
    assert not np.array_equal(after["fir"]["coefficients"], before["fir"]["coefficients"])


@pytest.mark.parametrize("init", ["auto", "model"])
def test_a_start_beyond_its_bounds_is_brought_within(init):
    # the best lies beyond the bounds, where the start is
    x = np.random.default_rng(0).random((300, 3))
    model = Model("wc.3x1.p-lvl.1")
    model.set_parameter_values({"wc": {"coefficients": -np.ones((3, 1))}})
    for optimizer in ("gauss-newton", "l-bfgs-b", "closed-form"):
        fitted = model.fit(
            x, -x.sum(axis=1), init=init, optimizer=optimizer, verbose=0, shrinkage="none"
        )
        assert fitted.layers["wc"].parameters["coefficients"].values.min() >= 0


# ---- several starts ------------------------------------------------------------------------------


def test_all_starts_are_recorded_and_the_best_is_kept(data):
    x, y = data
    fitted = Model("wc.6x2-fir.2x5-dexp.1").fit(
        x, y, init="mean", n_starts=4, seed=3, verbose=0, shrinkage="none", max_iterations=6
    )
    results = fitted.results
    assert [start.init for start in results.starts] == ["mean", "prior", "prior", "prior"]
    assert results.loss == min(start.loss for start in results.starts)
    best = min(results.starts, key=lambda start: start.loss)
    assert results.initial_loss == best.initial_loss
    assert results.n_iterations == best.n_iterations
    assert len({start.initial_loss for start in results.starts}) == 4
    objective = Objective(fitted, x, y)
    assert objective.value(objective.theta0) == pytest.approx(results.loss, rel=1e-12)
    alone = Model("wc.6x2-fir.2x5-dexp.1").fit(
        x, y, init="mean", n_starts=1, seed=3, verbose=0, shrinkage="none", max_iterations=6
    )
    assert alone.results.loss == results.starts[0].loss >= results.loss


def test_the_same_seed_gives_the_same_bits(data):
    x, y = data

    def run(seed):
        fitted = Model("wc.6x2.g-fir.2x5-dexp.1").fit(
            x, y, n_starts=3, seed=seed, verbose=0, shrinkage="none", max_iterations=5
        )
        return fitted, model_theta(fitted)

    (one, theta), (same, again), (other, _) = run(5), run(5), run(6)
    np.testing.assert_array_equal(theta, again)
    assert one.results.starts == same.results.starts
    losses = [[start.initial_loss for start in m.results.starts] for m in (one, other)]
    assert losses[0][0] == losses[1][0] and losses[0][1] != losses[1][1]


def test_the_same_bits_for_any_number_of_threads(data):
    x, y = data
    # one output, three channels: three models, side by side
    many = np.column_stack([y, -y + 0.1 * x[:, :1], y**2])
    found = [
        fit(
            "wc.6x1-fir.1x5-dexp.1",
            x,
            many,
            n_starts=2,
            verbose=0,
            shrinkage="none",
            max_iterations=4,
            n_jobs=n,
        )
        for n in (1, 3)
    ]
    one, other = (each.predict(x) for each in found)
    np.testing.assert_array_equal(one, other)


# ---- fits that get nowhere -----------------------------------------------------------------------


def test_a_fit_that_ends_at_a_constant_is_tried_again(data, monkeypatch):
    string = "wc.6x1-fir.1x5-dexp.1"
    far = objective_of(string, data).theta0
    # where the sigmoid is flat, nothing leads away
    far[-2:] = 50.0, 5.0
    flat = Start("data", far)
    monkeypatch.setattr("nems_dsl.fitting.search.find_starts", lambda *_: iter([flat]))
    results = fit(string, *data, verbose=0, shrinkage="none").results
    first, *others = results.starts
    assert first.init == "data" and first.loss > 0.999
    assert others and all(start.init == "prior" for start in others)
    assert results.loss < 0.8 and results.loss == min(start.loss for start in results.starts)
    # a start that was asked for, or set by hand, is all that is tried
    by_hand = Model(string)
    by_hand.set_parameter_values({"dexp": {"kappa": [5.0]}})
    for model, init in ((Model(string), "mean"), (by_hand, "auto")):
        only = model.fit(*data, verbose=0, shrinkage="none", init=init).results
        assert len(only.starts) == 1 or init == "auto"


def test_a_fit_that_gets_somewhere_is_not(data):
    assert len(fit("wc.6x1-fir.1x5-dexp.1", *data, verbose=0, shrinkage="none").results.starts) == 1
