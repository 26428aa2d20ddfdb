"""Tuning curves that a layer can make: those that made a response are found again."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.fitting.linear.moments import Lags, StimulusMoments
from nems_dsl.fitting.linear.ridge import ridge_problem
from nems_dsl.fitting.starts.tuning import choose_curves


def curves_of(string="wc.12x1.g"):
    return Model(string).layers[0].facts.tunings()


def simulate(curves, planted, n_times=3000, noise=0.1, seed=0, n_outputs=1):
    rng = np.random.default_rng(seed)
    x = rng.random((n_times, curves.shape[1]))
    drive = x @ curves[planted].T
    y = noise * rng.normal(size=(n_times, n_outputs))
    for place, output in itertools.product(range(len(planted)), range(n_outputs)):
        taps = rng.normal(size=4)
        y[:, output] += np.convolve(drive[:, place], taps)[:n_times]
    return ridge_problem(StimulusMoments([x], Lags(3, 0)), [y])


def test_curves_are_those_of_their_parameters():
    curves, parameters = curves_of()
    layer = Model("wc.12x1.g").layers[0]
    assert curves.shape == (len(parameters["mean"]), 12)
    for number in (0, 7, len(curves) - 1):
        layer.set_parameter_values({k: np.full((1,), v[number]) for k, v in parameters.items()})
        np.testing.assert_allclose(
            layer.evaluate(np.eye(12))[:, 0], curves[number], rtol=1e-9, atol=1e-12
        )
    low, high = zip(
        *(layer.parameters[name].bound_arrays() for name in ("mean", "sd")), strict=True
    )
    for name, least, most in zip(("mean", "sd"), low, high, strict=True):
        assert np.all(parameters[name] >= least) and np.all(parameters[name] <= most)
    assert Model("wc.12x1").layers[0].facts.tunings is None


@pytest.mark.parametrize("planted", [[20], [3, 40], [5, 33, 61]])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_planted_curves_are_found(planted, n_outputs):
    curves, parameters = curves_of()
    ridge = simulate(curves, planted, n_outputs=n_outputs)
    chosen = choose_curves(ridge, curves, len(planted))
    for name, tolerance in (("mean", 0.1), ("sd", 0.2)):
        found, expected = (np.sort(parameters[name][which]) for which in (chosen, planted))
        np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.mark.parametrize(("most", "fewest"), [(1, 64), (1, 8), (1 << 23, 64)])
def test_of_very_many_curves_some_are_compared(most, fewest, monkeypatch):
    curves, parameters = curves_of()
    ridge = simulate(curves, [20])
    monkeypatch.setattr("nems_dsl.fitting.starts.tuning._MOST_VALUES", most)
    monkeypatch.setattr("nems_dsl.fitting.starts.tuning._FEWEST_CURVES", fewest)
    (chosen,) = choose_curves(ridge, curves, 1)
    # 8 of 92 are coarse
    distance = 0.05 if fewest == 64 else 0.15
    assert parameters["mean"][chosen] == pytest.approx(parameters["mean"][20], abs=distance)
    assert most == 1 or chosen == 20


def test_an_exchange_mends_what_one_after_the_other_gets_wrong():
    # of two curves, a third that lies between explains most by itself
    rng = np.random.default_rng(0)
    curves = np.array([[1.0, 0, 0], [0, 1.0, 0], [0.7, 0.7, 0.1], [0, 0, 1.0]])
    x = rng.normal(size=(4000, 3))
    y = x @ curves[0] + x @ curves[1] + 0.01 * rng.normal(size=4000)
    y += np.roll(x @ curves[0], 1) - np.roll(x @ curves[1], 1)
    ridge = ridge_problem(StimulusMoments([x], Lags(1, 0)), [y[:, None]])
    assert sorted(choose_curves(ridge, curves, 2)) == [0, 1]


def test_equal_curves_and_constant_outputs_are_no_fault():
    curves, _ = curves_of()
    twice = np.concatenate([curves[:5], curves[:5]])
    rng = np.random.default_rng(0)
    x = rng.random((500, 12))
    y = np.column_stack([x @ curves[2], np.full(500, 3.0), np.full(500, np.nan)])
    ridge = ridge_problem(StimulusMoments([x], Lags(2, 0)), [y])
    chosen = choose_curves(ridge, twice, 3)
    assert 2 in [number % 5 for number in chosen]
