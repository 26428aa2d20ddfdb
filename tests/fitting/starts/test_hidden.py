"""Models with hidden layers start at the smaller model inside, or better."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective, fit
from nems_dsl.data import read_recording
from nems_dsl.fitting.objective import Objective as InnerObjective
from nems_dsl.fitting.starts import find_starts
from nems_dsl.fitting.starts.drawn_units import UnitPool
from nems_dsl.fitting.starts.hidden import _part, start_hidden
from nems_dsl.fitting.starts.hidden_units import find_units, layer_output
from nems_dsl.fitting.starts.race import race
from nems_dsl.fitting.starts.smaller import fit_smaller
from nems_dsl.graph import connect
from nems_dsl.graph.hidden import find_hidden

# string: places of hidden curves; None where there are none, or the rest is no chain
HIDDEN = {
    "wc.6x2-fir.2x5x4-relu.4-wc.4x1-dexp.1": (2,),
    "wc.6x1x4.g-fir.1x5x4-relu.4.s-wc.4x2-dexp.2": (2,),
    "fir.6x5x4-tanh.4-fir.4x3-lvl.1": (1,),
    "wc.6x4-relu.4-wc.4x3-relu.3-wc.3x1": (1, 3),
    "wc.6x2-fir.2x5-dexp.1": None,
    "wc.6x2-fir.2x5x2-relu.2": None,
    "relu.6-wc.6x1-lvl.1": None,
}
SMALLER = {
    "wc.6x2-fir.2x5x4-relu.4-wc.4x1-dexp.1": "wc.6x2-fir.2x5-dexp.1",
    "wc.6x2-fir.2x5x4-relu.4.s-wc.4x1-lvl.1": "wc.6x2-fir.2x5-lvl.1",
    "wc.6x1x4.g-fir.1x5x4-relu.4.s-wc.4x1-dexp.1": "wc.6x2.g-fir.2x5-dexp.1",
    "wc.6x2-fir.2x5x3-srelu.3-wc.3x1-dexp.1": "wc.6x2-fir.2x5-dexp.1",
    "wc.6x4-relu.4-fir.4x3-lvl.1": "wc.6x2-fir.2x3-lvl.1",
    "wc.6x2-fir.2x5x2-tanh.2-wc.2x1-dexp.1": "wc.6x2-fir.2x5-dexp.1",
    "wc.6x2-fir.2x5x2-sig.2-wc.2x1-dexp.1": "wc.6x2-fir.2x5-dexp.1",
    "wc.6x2-fir.2x5x2-dexp.2-wc.2x1-dexp.1": "wc.6x2-fir.2x5-dexp.1",
}
LNLN = "wc.6x2-fir.2x5x4-relu.4-wc.4x1-dexp.1"


def simulate(seed, n_bins=800, n_channels=6):
    """Two rectified drives of correlated noise, and as much noise beside them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_bins + 4, n_channels)) + rng.standard_normal((n_bins + 4, 1))
    filters = rng.standard_normal((2, 5, n_channels))
    drives = [
        sum(x[4 - lag : n_bins + 4 - lag] @ each[lag] for lag in range(5)) for each in filters
    ]
    y = sum(np.maximum(drive / drive.std(), 0) for drive in drives)
    return x[4:], y + y.std() * rng.standard_normal(n_bins)


@pytest.fixture(scope="module")
def data():
    return simulate(0)


def objective_of(string, data):
    x, y = data
    nodes = connect(list(Model(string).layers))
    return InnerObjective(nodes, read_recording(x, y))


def units_of(objective):
    hidden = find_hidden(objective.engine.nodes)
    return hidden, find_units(objective.engine.nodes, hidden, objective.vector, 6)


@pytest.mark.parametrize(("string", "places"), HIDDEN.items())
def test_hidden_layers_are_found(string, places):
    hidden = find_hidden(connect(list(Model(string).layers)))
    assert (None if hidden is None else hidden.places) == places


@pytest.mark.parametrize("string", SMALLER)
def test_units_are_told_apart(string, data):
    objective = objective_of(string, data)
    _, units = units_of(objective)
    rng = np.random.default_rng(1)
    theta = np.clip(objective.theta0 + rng.uniform(0.1, 1, objective.n_parameters), 0.1, 2)
    before = layer_output(objective, units.front.cut, theta)
    turned = theta.copy()
    turned[units.flips[1]] *= -1
    after = layer_output(objective, units.front.cut, turned)
    np.testing.assert_allclose(after[1], -before[1], rtol=1e-12)
    np.testing.assert_array_equal(np.delete(after, 1, 0), np.delete(before, 1, 0))
    copied = theta.copy()
    copied[units.own[0]] = theta[units.own[1]]
    np.testing.assert_allclose(
        layer_output(objective, units.front.cut, copied)[0], before[1], rtol=1e-12
    )


@pytest.mark.parametrize("string", ["wc.6x4-relu.4-wc.4x2.g-lvl.2", "wc.6x4.g-relu.4-wc.4x1"])
def test_units_without_free_weights_or_signs_are_not(string, data):
    x, y = data
    objective = objective_of(string, (x, np.column_stack([y, -y]) if "lvl.2" in string else y))
    assert units_of(objective)[1] is None
    assert start_hidden(objective, np.random.default_rng(0)) is None


@pytest.mark.parametrize(("string", "smaller"), SMALLER.items())
def test_the_smaller_model_is_put_in(string, smaller, data):
    objective = objective_of(string, data)
    found = fit_smaller(objective, *units_of(objective))
    alone = fit(smaller, *data, verbose=0, shrinkage="none").results.loss
    assert found.loss == pytest.approx(alone, rel=2e-3)
    # sigmoids are straight only where they are hardly used
    exact = 1e-6 if "relu" in string else 2e-3
    assert objective.value(found.theta) == pytest.approx(found.loss, rel=exact)
    low, high = objective.bounds
    assert np.all((low <= found.theta) & (found.theta <= high))
    # bounds are as they were
    np.testing.assert_array_equal(objective.vector.bounds(), objective.bounds)


def test_a_default_fit_is_below_the_smaller_model(data):
    results = fit(LNLN, *data, verbose=0, shrinkage="none").results
    assert [start.init for start in results.starts] == ["data"]
    assert results.loss < fit(SMALLER[LNLN], *data, verbose=0, shrinkage="none").results.loss


@pytest.mark.slow
def test_default_fits_are_about_as_good_as_the_best_of_many_random_ones():
    excess = []
    for seed in (1, 2):
        x, y = simulate(seed)
        for string in list(SMALLER)[:4]:
            drawn = Model(string).sample_from_priors(10, seed=1)
            best = min(
                start.fit(
                    x, y, init="model", optimizer="l-bfgs-b", verbose=0, shrinkage="none"
                ).results.loss
                for start in drawn
            )
            excess.append(fit(string, x, y, verbose=0, shrinkage="none").results.loss / best - 1)
    # so short data have many minima
    assert max(excess) < 0.02 and np.sum(np.array(excess) < 0.01) >= 6


@pytest.mark.slow
def test_starts_are_the_same_for_the_same_seed(data):
    objective = objective_of(LNLN, data)
    one, same, other = (next(find_starts(objective, "auto", 1, seed)).theta for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_dead_units_are_aimed_at_what_is_left(data):
    objective = objective_of(LNLN, data)
    hidden, units = units_of(objective)
    smaller = fit_smaller(objective, hidden, units)
    theta = smaller.theta.copy()
    theta[units.own[3]] = 0
    rng = np.random.default_rng(0)
    pool = UnitPool(objective, hidden, units, theta, 10, rng)
    revived = pool.revive(theta)
    assert layer_output(objective, units.place, theta)[3].std() == 0
    assert layer_output(objective, units.place, revived)[3].std() > 0
    assert objective.value(revived) == pytest.approx(objective.value(theta), rel=1e-12)
    gradient = objective.value_and_grad(revived)[1]
    assert np.all(gradient[units.weights[3]] != 0)
    np.testing.assert_array_equal(pool.revive(revived), revived)


def test_a_race_keeps_the_best_and_leaves_out_what_is_not_finite(data):
    objective = objective_of(LNLN, data)
    rng = np.random.default_rng(0)
    starts = [rng.normal(0, 0.1, objective.n_parameters) for _ in range(3)]
    (winner,) = race(objective, [*starts, np.full(objective.n_parameters, np.nan)])
    assert objective.value(winner) < min(objective.value(start) for start in starts)
    # out of time before it began
    assert len(race(objective, starts, ends_at=-np.inf)) == 3


def test_a_race_takes_a_part_of_long_data():
    rng = np.random.default_rng(0)
    x = rng.random((60_000, 6))
    objective = objective_of("wc.6x2-relu.2-wc.2x1", (x, x.sum(axis=1)))
    part = _part(objective)
    n_bins = np.sum(~np.isnan(part.recording.target[0]))
    assert 9_000 < n_bins < 12_000
    known = np.flatnonzero(~np.isnan(part.recording.target[0][:, 0]))
    assert known[-1] - known[0] > 50_000
    short = objective_of("wc.6x2-relu.2-wc.2x1", (x[:5000], x[:5000].sum(axis=1)))
    assert _part(short) is short


def test_counts_have_a_start_too():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((800, 6))
    counts = rng.poisson(np.exp(0.5 * x[:, 0]) + np.maximum(x[:, 1], 0))
    string, smaller = "wc.6x4-relu.4-wc.4x1-srelu.1.o", "wc.6x1-srelu.1.o"
    results = fit(string, x, counts, loss="poisson", verbose=0, shrinkage="none").results
    assert results.starts[0].init == "data"
    assert (
        results.loss
        < fit(smaller, x, counts, loss="poisson", verbose=0, shrinkage="none").results.loss
    )


def test_users_objectives_are_left_alone(data):
    model = Model(LNLN)
    objective = Objective(model, *data)
    before = objective.vector.read()
    next(find_starts(objective, "auto", 1, 0))
    np.testing.assert_array_equal(objective.vector.read(), before)
