"""The variables of a search: another view of the same theta."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective

#: The minimum of the loss alone.
PLAIN = {"verbose": 0, "shrinkage": "none"}

STRINGS = {
    "wc.6x2-fir.2x5-dexp.1": 1,
    "wc.6x2.g-fir.2x5-lvl.1": 0,
    "wc.6x2.n-fir.2x5-lvl.1": 0,
    "wc.6x1.p-lvl.1": 0,
    "fir.6x5-relu.1.s": 1,
    "fir.6x5.p-lvl.1": 0,
    "strf.6x2x5-lvl.1": 1,
    "strf.6x5-lvl.1": 1,
    "a=wc.6x2-b=wc.6x3@stim-cat@a,b-wc.5x1": 2,
    "stp.6-wc.6x1-lvl.1": 0,
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.random((400, 1)) + 0.05 * rng.random((400, 6))
    return x, x @ rng.normal(size=6) + rng.normal(size=400)


@pytest.mark.parametrize(("string", "n_blocks"), STRINGS.items())
def test_it_maps_there_and_back(string, n_blocks, data):
    objective = Objective(Model(string), *data)
    conditioning = objective.conditioning()
    assert len(conditioning.blocks) == n_blocks
    theta = np.random.default_rng(1).normal(size=objective.n_parameters)
    variables = conditioning.variables(theta)
    np.testing.assert_allclose(conditioning.theta(variables), theta, rtol=1e-9, atol=1e-12)
    # the chain rule: a step in the variables changes the loss as the turned gradient says
    _, gradient = objective.value_and_grad(objective.theta0)
    step = 1e-6 * np.random.default_rng(2).normal(size=theta.size)
    start = conditioning.variables(objective.theta0)
    up, down = (objective.value(conditioning.theta(start + s * step)) for s in (1, -1))
    expected = float(conditioning.gradient(gradient) @ step)
    assert up - down == pytest.approx(2 * expected, rel=1e-4, abs=1e-12)


def test_channels_come_out_alike_and_uncorrelated(data):
    (block,) = Objective(Model("wc.6x1-lvl.1"), *data).conditioning().blocks
    moment = data[0].T @ data[0]
    before, after = (np.linalg.cond(m) for m in (moment, block.whiten @ moment @ block.whiten))
    assert after < 200 < before


def test_a_silent_stimulus_changes_nothing():
    x, y = np.zeros((50, 3)), np.random.default_rng(0).random(50)
    fitted = Model("wc.3x1-lvl.1").fit(x, y, **PLAIN)
    assert fitted.results.converged


def test_correlated_channels_take_few_iterations(data):
    x, y = data
    fitted = Model("wc.6x1-lvl.1").fit(x, y, **PLAIN, tolerance=1e-10)
    residual = (
        y
        - np.column_stack([x, np.ones(len(x))])
        @ np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0]
    )
    assert fitted.results.loss == pytest.approx(residual.std() / y.std(), rel=1e-6)
    assert fitted.results.n_iterations < 60


@pytest.mark.parametrize("string", ["fir.6x5-relu.1.s", "fir.6x5.ac-relu.1.s", "strf.6x5-dexp.1"])
def test_channels_at_all_lags_come_out_alike(string):
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(size=(900, 6)), axis=0) / 10 + rng.random((900, 1))
    x = [smooth[:500], smooth[500:]]
    objective = Objective(Model(string), x, [rng.normal(size=(len(t), 1)) for t in x])
    (block,) = objective.conditioning().blocks
    assert block.is_lagged and block.n_rows == 30
    ahead = objective.reach.future
    lagged = []
    for trial in x:
        padded = np.pad(trial, ((4 - ahead, ahead), (0, 0)))
        windows = np.stack([padded[4 - k : 4 - k + len(trial)] for k in range(5)], axis=2)
        lagged.append(windows.reshape(len(trial), -1))
    whole = np.concatenate(lagged)
    moment = whole.T @ whole / len(whole)
    after = block.whiten.T @ moment @ block.whiten
    # what the loss bends by in the variables: alike, but for the directions with hardly any power
    assert np.linalg.cond(after) < np.linalg.cond(moment) / 10
    ridge = 1e-3 * np.trace(moment) / 30
    power = np.trace(moment) / 30
    loaded = block.whiten.T @ (moment + ridge * np.eye(30)) @ block.whiten
    np.testing.assert_allclose(loaded, power * np.eye(30), atol=1e-8 * power)
    again = objective.conditioning().blocks[0]
    assert again.whiten is block.whiten


def test_a_branch_that_nothing_reads_is_left_alone():
    rng = np.random.default_rng(0)
    x = {"stim": rng.standard_normal((300, 2)), "run": rng.standard_normal((300, 1))}
    y = x["stim"][:, :1] + rng.standard_normal((300, 1))
    read, unread = "d=wc.2x1-cat@d-wc.1x1-lvl.1", "d=wc.2x1-r=wc.1x1@run-cat@d-wc.1x1-lvl.1"
    losses = [Model(string).fit(x, y, verbose=0).results.loss for string in (read, unread)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_bounded_weights_keep_their_own_coordinates():
    x = np.random.default_rng(0).random((200, 6))
    model = Model("fir.6x5-lvl.1")
    model.layers["fir"].parameters["coefficients"].bounds = (-1, 1)
    assert Objective(model, x, x[:, 0]).conditioning().blocks == []
