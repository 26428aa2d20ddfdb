"""The linear part of a model: told from the rest, and fitted without a pass over the data."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective
from nems_dsl.fitting.linear.field import lags_of
from nems_dsl.fitting.linear.moments import Lags, StimulusMoments
from nems_dsl.fitting.linear.ridge import ridge_problem
from nems_dsl.fitting.starts.front import FrontProblem, fit_front
from nems_dsl.graph.skeleton import find_skeleton
from nems_dsl.graph.wiring import connect, needed

from ..test_moments import lagged

# string: labels of the front, labels of the tail; None where it is not of that form
SKELETONS = {
    "wc.6x1-lvl.1": (["wc"], ["lvl"]),
    "fir.6x5": (["fir"], []),
    "wc.6x2-fir.2x5-dexp.1": (["wc", "fir"], ["dexp"]),
    "wc.6x2.g-fir.2x5-lvl.1-dexp.1": (["wc", "fir"], ["lvl", "dexp"]),
    "fir.6x5-relu.1.o.s": (["fir"], ["relu"]),
    "strf.6x2x5-dexp.1": (["strf"], ["dexp"]),
    "strf.6x5-relu.1-dexp.1": (["strf"], ["relu", "dexp"]),
    "wc.6x2.g-stp.2-fir.2x5-dexp.1": (["wc", "fir"], ["dexp"]),
    "stp.6-wc.6x1-lvl.1": (["wc"], ["lvl"]),
    "wc.6x2-fir.2x5-dexp.1-stp.1": (["wc", "fir"], ["dexp"]),
    "do.6x5-sig.1": (["do"], ["sig"]),
    "wc.6x1-scl.1-lvl.1-dexp.1": (["wc"], ["scl", "lvl", "dexp"]),
    "wc.6x2-lvl.2-fir.2x5-dexp.1": (["wc", "lvl", "fir"], ["dexp"]),
    "wc.6x2-fir.2x5x3-relu.3": (["wc", "fir"], ["relu"]),
    "a=wc.6x2-b=wc.6x3@stim-cat@a,b-fir.5x4-sig.1": (["wc", "wc", "cat", "fir"], ["sig"]),
    "wc.6x1x4-fir.1x5x4-relu.4": (["wc", "fir"], ["relu"]),
    "wc.6x2-fir.2x5.s2-relu.1": None,
    "wc.6x2-fir.2x5x3-relu.3-wc.3x1-dexp.1": None,
    "relu.6-wc.6x1-lvl.1": None,
    "dlog.6-wc.6x1-lvl.1": None,
    "strf.6x2x5.relu-lvl.1": None,
    "wc.6x1-fir.1x5@pupil-dexp.1": None,
    "dexp.6": None,
}


def skeleton_of(string):
    model = Model(string)
    nodes = connect(list(model.layers))
    return nodes, find_skeleton(nodes, needed(nodes, len(nodes) - 1))


@pytest.mark.parametrize(("string", "expected"), SKELETONS.items())
def test_front_and_tail(string, expected):
    nodes, skeleton = skeleton_of(string)
    if expected is None:
        assert skeleton is None
        return
    labels = [
        [nodes[place].layer.label for place in part] for part in (skeleton.front, skeleton.tail)
    ]
    assert [[label.split("[")[0] for label in part] for part in labels] == list(expected)
    assert skeleton.cut == skeleton.front[-1] and len(skeleton.nodes) == len(skeleton.front)


def test_a_layer_that_two_read_is_no_tail():
    assert skeleton_of("a=wc.6x1-b=relu.1@a-cat@a,b-wc.2x1")[1] is None


FRONTS = [
    "wc.3x2-fir.2x5",
    "wc.3x2.g-lvl.2-fir.2x5",
    "fir.3x4",
    "strf.3x2x4",
    "strf.3x4x2",
    "wc.3x2-fir.2x5x2-scl.2",
    "wc.3x2-fir.2x7.ac",
    "a=wc.3x2-b=wc.3x1@stim-cat@a,b-fir.3x4",
    "wc.3x2.n-do.2x4",
]


def make_problem(string, seed=0, lengths=(300, 7, 90)):
    rng = np.random.default_rng(seed)
    _, skeleton = skeleton_of(string)
    lags = lags_of(skeleton.nodes)
    x = [rng.random((n, 3)) for n in lengths]
    outputs = Model(string).predict(np.zeros((2, 3))).shape[1]
    whole = [lagged(trial, lags) for trial in x]
    field = rng.normal(size=(3 * lags.n, outputs))
    y = [w @ field + rng.normal(size=(len(w), outputs)) for w in whole]
    ridge = ridge_problem(StimulusMoments(x, lags), y)
    return FrontProblem(skeleton.nodes, 3, ridge), x, y, np.concatenate(whole)


def a_theta(problem, seed=1):
    low, high = problem.bounds
    theta = problem.vector.read() + 0.2 * np.random.default_rng(seed).normal(size=len(low))
    return np.clip(
        theta, np.where(np.isinf(low), -9, low + 1e-2), np.where(np.isinf(high), 99, high - 1e-2)
    )


@pytest.mark.parametrize("string", FRONTS)
def test_the_receptive_field_is_what_the_layers_do(string):
    problem, x, _, whole = make_problem(string)
    theta = a_theta(problem)
    field = problem.field.values(theta)
    problem.vector.write(theta)
    out = x
    values = []
    for trial in out:
        signals = []
        for node in problem.nodes:
            taken = [trial if s.layer is None else signals[s.layer] for s in node.sources]
            signals.append(node.layer.evaluate(*taken))
        values.append(signals[-1])
    prediction = np.concatenate(values)
    # what is left is the front's constant, once all lags lie within the trial
    without = (prediction - whole @ field.T)[problem.field.lags.n : 300 - problem.field.lags.future]
    np.testing.assert_allclose(without, np.broadcast_to(without[0], without.shape), atol=1e-10)


@pytest.mark.parametrize("string", FRONTS)
def test_the_error_is_that_of_the_data(string):
    problem, _, y, whole = make_problem(string)
    theta = a_theta(problem)
    field, target = problem.field.values(theta), np.concatenate(y)
    value, gradient = problem.value_and_grad(theta)
    error = (target - target.mean(axis=0)) - (whole - whole.mean(axis=0)) @ field.T
    penalty = problem.ridge.covariance.matrix - np.cov(whole.T, bias=True)
    np.testing.assert_allclose(penalty, penalty[0, 0] * np.eye(len(penalty)), atol=1e-9)
    expected = np.sum(error**2) / len(target) + penalty[0, 0] * np.sum(field**2)
    assert value == pytest.approx(expected / target.var(axis=0).sum(), rel=1e-9)
    differences = np.empty_like(theta)
    for entry in range(len(theta)):
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[entry] += sign * 1e-6
            ends.append(problem.value_and_grad(moved)[0])
        differences[entry] = (ends[0] - ends[1]) / 2e-6
    size = np.abs(differences).max()
    np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-6 * size)


@pytest.mark.parametrize("string", FRONTS)
def test_the_curvature_is_that_of_the_fields(string):
    problem, _, y, _ = make_problem(string)
    theta = a_theta(problem)
    rows = []
    for entry in np.eye(len(theta)) * 1e-6:
        above, below = (problem.field.values(theta + sign * entry) for sign in (1, -1))
        rows.append((above - below) / 2e-6)
    fields = np.array(rows)
    variance = np.concatenate(y).var(axis=0).sum()
    expected = (
        2
        / variance
        * np.einsum(
            "aok,kl,bol->ab", fields, problem.ridge.covariance.matrix, fields, optimize=True
        )
    )
    found = problem.curvature(theta)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


def test_what_no_rank_limits_is_the_ridge_solution():
    for string in ("fir.3x4", "strf.3x4", "fir.3x4x2", "wc.3x3-fir.3x4"):
        problem, *_ = make_problem(string)
        fit_front(problem, closed_form=True)
        field = problem.field.values(problem.vector.read())
        weights = problem.ridge.weights
        np.testing.assert_allclose(field, weights, rtol=2e-2, atol=1e-2 * np.abs(weights).max())


def test_a_field_of_low_rank_is_factorised():
    rng = np.random.default_rng(0)
    weights, taps = rng.normal(size=(6, 2)), rng.normal(size=(2, 5))
    x = rng.random((4000, 6))
    _, skeleton = skeleton_of("wc.6x2-fir.2x5")
    lags = Lags(4, 0)
    field = (weights @ taps).ravel()
    y = lagged(x, lags) @ field + 0.01 * rng.normal(size=4000)
    problem = FrontProblem(
        skeleton.nodes, 6, ridge_problem(StimulusMoments([x], lags), [y[:, None]])
    )
    fit_front(problem, closed_form=True)
    found = problem.field.values(problem.vector.read())[0]
    np.testing.assert_allclose(found, field, rtol=0.02, atol=0.02 * np.abs(field).max())


def test_frozen_parameters_and_bounds_hold():
    rng = np.random.default_rng(0)
    x, y = rng.random((500, 3)), rng.normal(size=500)
    model = Model("wc.3x2.p-fir.2x5-dexp.1")
    model.freeze_layers("fir")
    objective = Objective(model, x, y)
    skeleton = find_skeleton(objective.engine.nodes, objective.engine.structure.needed)
    before = skeleton.nodes[1].layer.parameters["coefficients"].values.copy()
    moments = StimulusMoments([x], lags_of(skeleton.nodes))
    problem = FrontProblem(skeleton.nodes, 3, ridge_problem(moments, objective.target))
    fit_front(problem, closed_form=True)
    np.testing.assert_array_equal(skeleton.nodes[1].layer.parameters["coefficients"].values, before)
    assert skeleton.nodes[0].layer.parameters["coefficients"].values.min() >= 0
