"""The variables of a search: another view of the same theta."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective

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
    fitted = Model("wc.3x1-lvl.1").fit(x, y, verbose=0)
    assert fitted.results.converged


def test_correlated_channels_take_few_iterations(data):
    x, y = data
    fitted = Model("wc.6x1-lvl.1").fit(x, y, verbose=0, tolerance=1e-10)
    residual = (
        y
        - np.column_stack([x, np.ones(len(x))])
        @ np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0]
    )
    assert fitted.results.loss == pytest.approx(residual.std() / y.std(), rel=1e-6)
    assert fitted.results.n_iterations < 60
