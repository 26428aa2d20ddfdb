"""Optimisers: they end where the minimum is, within bounds, and say how it went."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear, minimize

from nems_dsl import Model, Objective, fit
from nems_dsl.datasets import simulate
from nems_dsl.fit_choices import OPTIMIZERS
from nems_dsl.fitting.optimisers.gauss_newton import _moved as moved_within
from nems_dsl.fitting.optimisers.gauss_newton import gauss_newton
from nems_dsl.fitting.units import find_spread
from nems_dsl.layers.base import Layer, Parameter, Phi

#: The minimum of the loss alone.
PLAIN = {"verbose": 0, "shrinkage": "none"}

NAMES = list(OPTIMIZERS)


@pytest.fixture(scope="module")
def data():
    simulation = simulate(n_times=2000, n_channels=6, n_taps=5, snr=4.0, seed=2)
    return simulation.stim, simulation.resp


def lags(x, n):
    columns = [np.vstack([np.zeros((k, x.shape[1])), x[: len(x) - k]]) for k in range(n)]
    return np.stack(columns, axis=2).reshape(len(x), -1)


def coefficients(fitted):
    values = fitted.get_parameter_values()
    return np.concatenate([np.ravel(v) for layer in values.values() for v in layer.values()])


# ---- the same minimum ----------------------------------------------------------------------------


@pytest.mark.parametrize("init", ["auto", "mean", "prior"])
@pytest.mark.parametrize("optimizer", NAMES)
@pytest.mark.parametrize("loss", ["nmse", "mse"])
def test_a_convex_problem_has_one_minimum(data, optimizer, init, loss):
    x, y = data
    design = np.column_stack([lags(x, 3), np.ones(len(x))])
    expected = np.linalg.lstsq(design, y[:, 0], rcond=None)[0]
    fitted = fit(
        "fir.6x3-lvl.1",
        x,
        y,
        loss=loss,
        optimizer=optimizer,
        init=init,
        verbose=0,
        shrinkage="none",
        tolerance=1e-13,
    )
    np.testing.assert_allclose(coefficients(fitted), expected, rtol=1e-4, atol=1e-5)
    assert fitted.results.converged and fitted.results.optimizer == optimizer


@pytest.mark.parametrize("init", ["auto", "mean"])
@pytest.mark.parametrize("optimizer", NAMES)
def test_active_bounds(optimizer, init):
    rng = np.random.default_rng(0)
    x = 0.3 * rng.random((400, 1)) + rng.random((400, 8))
    y = x @ rng.normal(size=8) + rng.normal(size=400)
    design = np.column_stack([x, np.ones(400)])
    low = np.append(np.zeros(8), -np.inf)
    expected = lsq_linear(design, y, (low, np.full(9, np.inf)), method="bvls", tol=1e-14)
    assert 2 <= np.sum(expected.active_mask[:8] == -1) <= 6
    fitted = fit(
        "wc.8x1.p-lvl.1", x, y, loss="mse", optimizer=optimizer, init=init, **PLAIN,
        tolerance=1e-13,
    )  # fmt: skip
    np.testing.assert_allclose(coefficients(fitted), expected.x, rtol=1e-4, atol=1e-5)
    at_zero = coefficients(fitted)[:8] == 0
    np.testing.assert_array_equal(at_zero, expected.active_mask[:8] == -1)


@pytest.mark.parametrize("optimizer", NAMES)
def test_bounds_on_either_side_and_bounds_that_meet(optimizer):
    rng = np.random.default_rng(1)
    x = rng.random((300, 4))
    y = x @ [3.0, -2.0, 0.3, 0.2] + 0.5 * rng.normal(size=300)
    model = Model("wc.4x1-lvl.1")
    model.set_parameter_values({"wc": {"coefficients": [[0.0], [0.0], [0.1], [0.5]]}})
    low, high = np.array([-1.0, -1.0, -1.0, 0.5]), np.array([1.0, 1.0, 1.0, 0.5])
    model.layers["wc"].parameters["coefficients"].bounds = (low[:, None], high[:, None])
    fitted = model.fit(
        x,
        y,
        loss="mse",
        optimizer=optimizer,
        init="model",
        verbose=0,
        shrinkage="none",
        tolerance=1e-13,
    )
    design = np.column_stack([x[:, :3], np.ones(300)])
    expected = lsq_linear(
        design, y - 0.5 * x[:, 3],
        (np.append(low[:3], -np.inf), np.append(high[:3], np.inf)), method="bvls", tol=1e-14,
    )  # fmt: skip
    found = coefficients(fitted)
    assert found[3] == 0.5 and found[0] == 1.0 and found[1] == -1.0
    np.testing.assert_allclose(found[[2, 4]], expected.x[2:], rtol=1e-4, atol=1e-5)


def test_a_step_that_rounding_ends_short_of_a_bound_ends_on_it():
    theta, low, high = np.array([0.3, 0.3, -2.0]), np.array([0.1, 0.0, -5.0]), np.full(3, 0.7)
    short = 1 - 1e-15
    step = short * np.array([0.1 - 0.3, -0.3, 2.7])
    assert np.all((theta + step)[:2] != low[:2]) and (theta + step)[2] != 0.7
    assert moved_within(theta, step, low, high).tolist() == [0.1, 0.0, 0.7]
    # what stops short of it by more than rounding stays where it is
    np.testing.assert_array_equal(
        moved_within(theta, 0.999 * step, low, high), theta + 0.999 * step
    )


@pytest.mark.parametrize("optimizer", NAMES)
def test_bounds_that_all_meet_leave_nothing_to_do(optimizer):
    x = np.random.default_rng(0).random((50, 3))
    model = Model("wc.3x1")
    model.set_parameter_values({"wc": {"coefficients": np.full((3, 1), 0.5)}})
    model.layers["wc"].parameters["coefficients"].bounds = (0.5, 0.5)
    results = model.fit(x, x[:, 0] ** 2, optimizer=optimizer, init="model", **PLAIN).results
    assert results.loss == results.initial_loss and results.converged
    assert results.message == "the bounds of all parameters meet"


@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
def test_counts_with_bounds(optimizer):
    rng = np.random.default_rng(0)
    x = rng.random((500, 3))
    y = rng.poisson(0.3 + x @ [2.0, 0.0, 0.5]).astype(float)
    model = Model("wc.3x1.p-srelu.1.o")
    objective = Objective(model, x, y, loss="poisson")
    fitted = model.fit(x, y, loss="poisson", optimizer=optimizer, **PLAIN, tolerance=1e-12)
    reference = min(
        minimize(
            objective.value_and_grad, np.clip(start, *objective.bounds), jac=True,
            method="trust-constr", bounds=np.column_stack(objective.bounds),
            options={"gtol": 1e-10, "xtol": 1e-14, "maxiter": 500},
        ).fun
        for start in (objective.theta0, np.full(objective.n_parameters, 0.5))
    )  # fmt: skip
    assert fitted.results.loss <= reference + 1e-6


def test_the_search_for_least_squares_alone():
    """Rosenbrock's valley, as a sum of squares, with and without a bound in the way."""

    class Valley:
        def __init__(self, high):
            self.bounds = np.array([-np.inf, -np.inf]), np.array([high, np.inf])
            self.n_calls = 0

        def parts(self, theta):
            a, b = theta
            residuals = np.array([1 - a, 10 * (b - a * a)])
            return residuals, np.array([[-1.0, 0.0], [-20 * a, 10.0]])

        def value_and_grad(self, theta):
            self.n_calls += 1
            residuals, jacobian = self.parts(theta)
            return float(residuals @ residuals), 2 * jacobian.T @ residuals

        def curvature(self, theta):
            _, jacobian = self.parts(theta)
            return 2 * jacobian.T @ jacobian

    for high, expected in ((np.inf, [1.0, 1.0]), (0.5, [0.5, 0.25])):
        problem, seen = Valley(high), []

        def after(value, theta, seen=seen):
            seen.append((value, theta.copy()))
            return False

        gauss_newton(problem, np.array([-1.2, 1.0]), after, 100)
        np.testing.assert_allclose(seen[-1][1], expected, rtol=1e-6)
        values = [value for value, _ in seen]
        assert values == sorted(values, reverse=True) and problem.n_calls < 80
        assert all(theta[0] <= high for _, theta in seen)


class Odd:
    """A function with a fault."""

    bounds = np.full(3, -np.inf), np.full(3, np.inf)

    def __init__(self, curvature, edge=np.inf):
        self.matrix, self.edge = curvature, edge

    def value_and_grad(self, theta):
        if theta[0] > self.edge:
            return np.inf, np.full(3, np.nan)
        return float(np.sum((theta - 1) ** 2)) + 1.0, 2 * (theta - 1)

    def curvature(self, theta):
        return self.matrix.copy()


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((3, 3)),
        np.full((3, 3), np.nan),
        np.diag([2.0, 2.0, np.inf]),
        np.diag([2.0, 0.0, 2.0]),
        np.ones((3, 3)),
        np.diag([1e-30, 1e-30, 1e-30]),
        np.diag([1e300, 1.0, 1.0]),
        np.diag([-1.0, 2.0, 2.0]),
        np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ],
    ids=str,
)
def test_a_curvature_of_any_kind_is_no_fault(matrix):
    seen = []

    def after(value, theta):
        seen.append(value)
        assert np.isfinite(theta).all()
        return False

    message = gauss_newton(Odd(matrix), np.zeros(3), after, 30)
    assert isinstance(message, str)
    assert seen == sorted(seen, reverse=True)


def test_steps_to_where_there_is_no_number_are_taken_back():
    seen = []
    gauss_newton(
        Odd(2 * np.eye(3), edge=0.5), np.zeros(3), lambda v, t: seen.append(t) is not None, 50
    )
    assert seen and all(theta[0] <= 0.5 for theta in seen)


# ---- closed form ---------------------------------------------------------------------------------


@pytest.mark.parametrize("string", ["fir.6x3-lvl.1", "wc.6x1-lvl.1", "strf.6x3-lvl.1"])
def test_closed_form_is_least_squares(data, string):
    x, y = data
    design = np.column_stack([lags(x, 3) if "3" in string else x, np.ones(len(x))])
    expected = np.linalg.lstsq(design, y[:, 0], rcond=None)[0]
    for init in ("auto", "mean"):
        fitted = fit(string, x, y, **PLAIN, init=init)
        assert fitted.results.optimizer == "closed-form"
        np.testing.assert_allclose(coefficients(fitted), expected, rtol=1e-8, atol=1e-8)
        assert fitted.results.n_iterations <= 4


@pytest.mark.parametrize("priors", [0.0, 0.3])
def test_closed_form_is_ridge(data, priors):
    x, y = data
    model = Model("wc.6x1.l2e-1-lvl.1")
    fitted = model.fit(x, y, loss="mse", priors=priors, **PLAIN)
    design = np.column_stack([x, np.ones(len(x))])
    objective = Objective(model, x, y, loss="mse", priors=priors)
    penalty = np.zeros((7, 7))
    for each in (*objective.penalties, *(shrunk.penalty for shrunk in objective.shrunk)):
        each.add_curvature(objective.theta0, penalty)
    assert penalty[0, 0] > 0
    wanted = 2 / len(x) * design.T @ y[:, 0]
    if priors:
        at_zero = np.zeros(7)
        (prior,) = (p for p in objective.penalties if type(p).__name__ == "PriorPenalty")
        prior.add_gradient(np.zeros(7), at_zero)
        wanted = wanted - at_zero
    expected = np.linalg.solve(2 / len(x) * design.T @ design + penalty, wanted)
    assert fitted.results.optimizer == "closed-form"
    np.testing.assert_allclose(coefficients(fitted), expected, rtol=1e-8, atol=1e-8)


def test_closed_form_is_chosen_for_what_is_linear_in_what_is_free(data):
    x, y = data
    for string, frozen, chosen in (
        ("wc.6x2-fir.2x3-lvl.1", ("wc",), True),
        ("wc.6x2-fir.2x3-lvl.1", ("fir",), True),
        ("wc.6x2-fir.2x3-lvl.1", ("lvl",), False),
        ("wc.6x2-fir.2x3-dexp.1", ("wc", "fir"), False),
        ("relu.6-wc.6x1-lvl.1", ("relu",), True),
        ("wc.6x1-relu.1.o", ("wc",), True),
        ("wc.6x1-relu.1.o", ("relu",), False),
        ("wc.6x2.g-fir.2x3", ("wc",), True),
    ):
        model = Model(string)
        model.freeze_layers(*frozen)
        results = model.fit(x, y, **PLAIN, init="mean").results
        assert (results.optimizer == "closed-form") == chosen, (string, frozen)
        if chosen:
            assert results.n_iterations <= 4 and results.converged
    results = fit("wc.6x1-srelu.1.o", x, y - y.min() + 0.1, loss="poisson", **PLAIN).results
    assert results.optimizer != "closed-form"


# ---- refusals ------------------------------------------------------------------------------------


class Own(Layer):
    def initial_parameters(self):
        return Phi(Parameter("gain", initial_value=1.0))

    def evaluate(self, x):
        return self.get_parameter_values()[0] * np.maximum(x, 0)


@pytest.mark.parametrize(
    ("string", "optimizer", "message"),
    [
        ("wc.6x1-lvl.1", "lbfgs", r"no optimizer 'lbfgs'; there are .*did you mean 'l-bfgs-b'"),
        ("wc.6x1-lvl.1", "adam", "no optimizer 'adam'"),
        ("wc.6x2-fir.2x5-lvl.1", "closed-form", r"not linear in fir\.coefficients.*leave it out"),
        ("wc.6x1-dexp.1", "closed-form", "dexp is not linear in what comes in"),
        ("wc.6x1.g-lvl.1", "closed-form", r"not linear in wc\.mean"),
        ("wc.6x1.l1-lvl.1", "gauss-newton", r"absolute values \(l1\) has no curvature"),
        ("own", "gauss-newton", "Own gives no derivative"),
        ("own", "closed-form", "Own gives no derivative"),
    ],
)
def test_what_cannot_be_used_is_refused(data, string, optimizer, message):
    model = Model(layers=[*Model("wc.6x1").layers, Own()]) if string == "own" else Model(string)
    with pytest.raises(ValueError, match=message):
        model.fit(*data, optimizer=optimizer, **PLAIN)


def test_closed_form_is_for_squares(data):
    x, y = data
    with pytest.raises(ValueError, match="the loss 'poisson' is no sum of squares"):
        fit(
            "wc.6x1-srelu.1.o",
            x,
            y - y.min(),
            loss="poisson",
            optimizer="closed-form",
            verbose=0,
            shrinkage="none",
        )


def test_the_choice_is_recorded(data):
    x, y = data
    for string, name in (
        ("wc.6x1-lvl.1", "closed-form"),
        ("wc.6x2-fir.2x5-dexp.1", "gauss-newton"),
        ("wc.6x1.l1-lvl.1", "l-bfgs-b"),
    ):
        results = fit(string, x, y, **PLAIN).results
        assert results.optimizer == name and f"by {name}" in str(results)
    own = Model(layers=[*Model("wc.6x1").layers, Own()]).fit(x, y, **PLAIN, max_iterations=5)
    assert own.results.optimizer == "l-bfgs-b"
    for name in ("gauss-newton", "l-bfgs-b"):
        results = fit("wc.6x2-fir.2x5-dexp.1", x, y, optimizer=name, **PLAIN).results
        assert results.optimizer == name


# ---- penalties with a corner ---------------------------------------------------------------------


@pytest.mark.parametrize("string", ["wc.8x1.l1e-1-lvl.1", "wc.8x1.p.l1e-1-lvl.1"])
@pytest.mark.parametrize("loss", ["mse", "nmse"])
def test_l1_gives_zeros_and_satisfies_its_conditions(string, loss):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 8))
    y = x @ [1.0, 0, 0, -0.8, 0, 0, 0.4, 0] + 0.5 * rng.normal(size=300)
    model = Model(string)
    fitted = model.fit(x, y, loss=loss, **PLAIN, tolerance=1e-12)
    theta = coefficients(fitted)
    penalised = Objective(model, x, y, loss=loss)
    weights = next(p.weights for p in penalised.penalties if not p.is_smooth)
    # a penalty is on weights between signals of one standard deviation, and mse is in units of y
    x_sd, y_sd = find_spread([x]).sd, y.std()
    weights = weights * x_sd * (y_sd if loss == "mse" else 1 / y_sd)
    assert weights[0] > 0 and weights[-1] == 0
    smooth = Objective(model, x, y, loss=loss, regularizers=False)
    _, gradient = smooth.value_and_grad(theta)
    zero = theta == 0
    zero[-1] = False
    assert 2 <= zero.sum() < 8
    moving = ~zero
    np.testing.assert_allclose(
        gradient[moving], -weights[moving] * np.sign(theta[moving]), atol=2e-5
    )
    if ".p." in string:
        assert np.all(gradient[zero] >= -weights[zero] - 2e-5)
    else:
        assert np.all(np.abs(gradient[zero]) <= weights[zero] + 2e-5)
    value = smooth.value(theta) + weights @ np.abs(theta)
    assert fitted.results.loss == pytest.approx(value, rel=1e-12)


# ---- ending --------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
def test_tolerance_and_iterations(data, optimizer):
    x, y = data
    model = Model("wc.6x2-fir.2x5-dexp.1")
    arguments = {"optimizer": optimizer, "init": "mean", "verbose": 0}
    loose, tight = (
        model.fit(x, y, tolerance=tolerance, **arguments).results for tolerance in (1e-2, 1e-8)
    )
    assert loose.n_iterations < tight.n_iterations and tight.loss <= loose.loss
    assert loose.converged and loose.status == 0
    for n in (1, 3):
        results = model.fit(x, y, max_iterations=n, **arguments).results
        assert results.n_iterations == n and len(results.loss_history) == n + 1
        assert results.status == 1 and not results.converged
        assert f"limit of {n} iterations" in results.message
        assert results.warnings[0] == f"not converged: {results.message}"


@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
def test_seconds(data, optimizer):
    results = fit(
        "wc.6x2-fir.2x5-dexp.1",
        *data,
        optimizer=optimizer,
        max_seconds=1e-9,
        verbose=0,
        shrinkage="none",
        n_starts=5,
    ).results
    assert results.status == 1 and "seconds" in results.message
    assert len(results.starts) == 1 and np.isfinite(results.loss)


@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
def test_a_callback_that_returns_true(data, optimizer):
    x, y = data
    seen = []

    def callback(number, loss):
        seen.append(loss)
        return number == 2

    fitted = fit(
        "wc.6x2-fir.2x5-dexp.1", x, y, optimizer=optimizer, callback=callback, init="mean",
        **PLAIN,
    )  # fmt: skip
    assert len(seen) == 3 and list(fitted.results.loss_history) == seen
    assert fitted.results.status == 1 and fitted.results.message == "the callback ended it"
    assert fitted.score(x, y, metric="nmse") == pytest.approx(fitted.results.loss, rel=1e-9)


@pytest.mark.parametrize("when", [0, 3])
@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
def test_ctrl_c_gives_the_best_so_far(data, optimizer, when):
    x, y = data

    def callback(number, loss):
        if number == when:
            raise KeyboardInterrupt

    fitted = fit(
        "wc.6x2-fir.2x5-dexp.1", x, y, optimizer=optimizer, callback=callback, init="mean",
        n_starts=3, **PLAIN,
    )  # fmt: skip
    results = fitted.results
    assert results.status == 2 and results.message == "interrupted" and not results.converged
    assert "not converged: interrupted" in results.warnings
    assert results.n_iterations == when and len(results.starts) == 1
    assert results.loss == min(results.loss_history) or optimizer == "l-bfgs-b"
    assert fitted.score(x, y, metric="nmse") == pytest.approx(results.loss, rel=1e-9)


def test_ctrl_c_in_a_later_start_keeps_the_earlier(data):
    x, y = data
    calls = []

    def callback(number, loss):
        calls.append(number)
        if calls.count(0) == 2:
            raise KeyboardInterrupt

    results = fit("wc.6x2-fir.2x5-dexp.1", x, y, callback=callback, n_starts=3, **PLAIN).results
    alone = fit("wc.6x2-fir.2x5-dexp.1", x, y, **PLAIN).results
    assert results.status == 2 and results.loss == alone.loss
    assert [start.init for start in results.starts] == ["data", "prior"]


def test_other_errors_of_a_callback_are_the_users_own(data):
    def callback(number, loss):
        raise RuntimeError("mine")

    for optimizer in NAMES:
        with pytest.raises(RuntimeError, match="mine"):
            fit(
                "wc.6x1-lvl.1",
                *data,
                optimizer=optimizer,
                callback=callback,
                verbose=0,
                shrinkage="none",
            )


@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
def test_early_stopping_is_no_worse_on_data_held_out(optimizer):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 20))
    y = x[:, :2] @ [1.0, -0.5] + 2 * rng.normal(size=400)
    model = Model("wc.20x3-fir.3x6-dexp.1")
    arguments = {"optimizer": optimizer, "init": "mean", "verbose": 0, "max_iterations": 60}
    fit_x, fit_y, test_x, test_y = x[:120], y[:120], x[120:], y[120:]
    to_the_end = model.fit(fit_x, fit_y, tolerance=0.0, **arguments)
    stopped = model.fit(
        fit_x, fit_y, tolerance=0.0, validation=(test_x, test_y), patience=4, **arguments
    )
    held_out = [each.score(test_x, test_y, metric="nmse") for each in (stopped, to_the_end)]
    assert held_out[0] < held_out[1]
    results = stopped.results
    assert held_out[0] == pytest.approx(min(results.validation_history), rel=1e-9)
    assert len(results.validation_history) == len(results.loss_history)
    assert results.n_iterations < to_the_end.results.n_iterations
    assert results.loss == pytest.approx(stopped.score(fit_x, fit_y, metric="nmse"), rel=1e-9)


def test_a_share_is_held_out_of_the_end(data):
    x, y = data
    n = 1600
    share = fit("wc.6x1-fir.1x5-dexp.1", x, y, validation=0.2, **PLAIN)
    assert share.results.validation_history
    seen = share.score(x[:n], y[:n], metric="nmse")
    assert share.results.loss == pytest.approx(seen, rel=2e-2)
    for validation in (0, 1, 1.5, True, "some"):
        with pytest.raises(ValueError, match=r"validation|share"):
            fit("wc.6x1-lvl.1", x, y, validation=validation, **PLAIN)


def test_a_broken_line_search_begins_afresh_as_long_as_that_helps(data, monkeypatch):
    from nems_dsl.fitting.optimisers import lbfgs

    x, y = data
    calls, search = [], lbfgs.minimize

    def broken(*arguments, **keywords):
        keywords["options"] = {**keywords["options"], "maxiter": 5}
        found = search(*arguments, **keywords)
        calls.append(found.fun)
        found.status = 2
        return found

    monkeypatch.setattr(lbfgs, "minimize", broken)
    counts = np.round(50 * np.maximum(y, 0))
    for loss, target, string in (
        ("nmse", y, "wc.6x1-fir.1x5-dexp.1"),
        ("poisson", counts + 40, "wc.6x1-srelu.1.s.o.g"),
    ):
        calls.clear()
        results = fit(
            string, x, target, loss=loss, optimizer="l-bfgs-b", init="mean", **PLAIN,
            max_iterations=40,
        ).results  # fmt: skip
        assert 2 <= len(calls) < 20 and results.loss < results.initial_loss


# ---- data at their worst -------------------------------------------------------------------------

WORST = [
    "wc.6x1-lvl.1",
    "wc.6x2-fir.2x5-dexp.1",
    "wc.6x2.g-fir.2x5-lvl.1-dexp.1",
    "fir.6x5-relu.1.o.s",
    "strf.6x2x5-dexp.1",
    "wc.6x2.g-stp.2-fir.2x5-dexp.1",
    "wc.6x2-fir.2x5x3-relu.3-wc.3x1-dexp.1",
]


def worst_data(kind):
    rng = np.random.default_rng(0)
    x, y = rng.random((300, 6)), rng.normal(size=(300, 1))
    if kind == "silent":
        x[:] = 0
    elif kind == "constant channels":
        x[:, 1], x[:, 2] = 0.7, 0.0
    elif kind == "shorter than the memory":
        x, y = x[:3], y[:3]
    elif kind == "two bins":
        x, y = x[:2], y[:2]
    elif kind == "trials of a bin":
        x, y = [t[None] for t in x[:8]], [t[None] for t in y[:8]]
    elif kind == "equal channels":
        x[:] = x[:, :1]
    elif kind == "few samples":
        y[6:] = np.nan
    return x, y


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        "silent",
        "constant channels",
        "shorter than the memory",
        "two bins",
        "trials of a bin",
        "equal channels",
        "few samples",
    ],
)
@pytest.mark.parametrize("string", WORST)
@pytest.mark.parametrize("optimizer", [None, "gauss-newton", "l-bfgs-b"])
@pytest.mark.filterwarnings("ignore:the data are read as 8 trials of 1 bins")
def test_no_data_end_in_an_error(kind, string, optimizer):
    x, y = worst_data(kind)
    results = fit(string, x, y, optimizer=optimizer, **PLAIN, max_iterations=30).results
    assert np.isfinite(results.loss) and results.loss <= results.initial_loss
    if kind == "silent":
        assert any("the prediction is constant" in warning for warning in results.warnings)


@pytest.mark.parametrize(
    "string", ["wc.6x2-fir.2x5x3-dexp.3", "wc.6x2.g-fir.2x5x3-lvl.3", "wc.6x3-relu.3.s.o"]
)
@pytest.mark.parametrize("fill", [np.nan, 3.0])
def test_a_channel_that_does_not_count_may_hold_nothing(string, fill):
    rng = np.random.default_rng(0)
    x = rng.random((300, 6))
    y = np.column_stack([x @ rng.normal(size=6), np.full(300, fill), x[:, 0]])
    results = fit(string, x, y, channel_weights=[1, 0, 1], **PLAIN).results
    assert results.loss < 0.9 and results.starts[0].init == "data"


@pytest.mark.parametrize("optimizer", [None, "gauss-newton", "l-bfgs-b"])
def test_dead_units_are_no_error(optimizer):
    x, y = worst_data("plain")
    for string in ("wc.6x2-relu.2-wc.2x1-lvl.1", "wc.6x2-relu.2.s-wc.2x1"):
        model = Model(string)
        model.set_parameter_values({0: {"coefficients": -np.ones((6, 2))}})
        results = model.fit(x, y, optimizer=optimizer, init="model", **PLAIN).results
        assert any("dead units: 2 of 2 channels of relu" in each for each in results.warnings)


@pytest.mark.parametrize("optimizer", NAMES)
def test_nothing_free_is_no_error(data, optimizer):
    model = Model("wc.6x1-lvl.1")
    model.freeze_layers()
    for init in ("auto", "mean", "prior", "model", "data", "staged"):
        results = model.fit(*data, optimizer=optimizer, init=init, **PLAIN).results
        assert results.n_parameters == 0 and results.converged and results.rank is None
        assert results.message == "no parameter is free"


@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
def test_rates_that_are_impossible_on_the_way_are_stepped_back_from(optimizer):
    rng = np.random.default_rng(0)
    x = rng.random((400, 3))
    y = rng.poisson(np.exp(3 * x[:, 0] - 2)).astype(float)
    fitted = fit(
        "wc.3x1-dexp.1", x, y, loss="poisson", optimizer=optimizer, init="prior", n_starts=3,
        **PLAIN,
    )  # fmt: skip
    assert np.isfinite(fitted.results.loss)
    assert fitted.predict(x).min() >= 0


@pytest.mark.parametrize("optimizer", ["gauss-newton", "l-bfgs-b"])
@pytest.mark.parametrize("init", ["auto", "mean"])
def test_many_counts_have_a_loss_below_zero(optimizer, init):
    rng = np.random.default_rng(0)
    x = rng.random((800, 3))
    rates = 30 * np.exp(x @ [1.0, -1.0, 0.5])
    y = rng.poisson(rates).astype(float)
    fitted = fit(
        "wc.3x1-srelu.1.s.o.g",
        x,
        y,
        loss="poisson",
        optimizer=optimizer,
        init=init,
        verbose=0,
        shrinkage="none",
    )
    results = fitted.results
    assert results.loss < 0 and results.message != "the fit is perfect"
    assert results.converged or init == "mean"
    assert np.corrcoef(fitted.predict(x)[:, 0], rates)[0, 1] > 0.99
    objective = Objective(fitted, x, y, loss="poisson")
    assert objective.loss.least < results.loss
    saturated = np.mean(y - np.where(y > 0, y * np.log(np.maximum(y, 1)), 0))
    assert objective.loss.least == pytest.approx(saturated, rel=1e-12)
