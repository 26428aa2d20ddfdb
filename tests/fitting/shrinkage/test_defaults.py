"""What `shrinkage` does to a fit."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.datasets import load_speech
from nems_dsl.fit_options import FitOptions
from nems_dsl.fitting.shrinkage.held_out import predict_held_out
from nems_dsl.models.objective import Objective


@pytest.fixture(scope="module")
def short():
    """Ten seconds of speech, and a minute that is held out."""
    speech = load_speech()
    x, y = speech.stim[0][:1000], speech.resp[0][:1000, [3]]
    return (x, y), (speech.stim[1], speech.resp[1][:, [3]])


def test_a_default_fit_predicts_better_on_short_data(short):
    data, held_out = short
    results = {}
    for shrinkage in ("auto", "none"):
        fitted = fit("wc.18x2-fir.2x15-dexp.1", *data, verbose=0, shrinkage=shrinkage)
        results[shrinkage] = fitted.score(*held_out), fitted.results
    assert results["auto"][0] > results["none"][0] + 0.05
    assert results["auto"][1].edf < results["none"][1].edf / 2
    assert results["none"][1].loss < results["auto"][1].loss
    assert results["none"][1].strengths == {} and results["none"][1].shrinkage == ()
    (said,) = results["auto"][1].shrinkage
    assert said.startswith("wc-fir: ") and said.endswith("from the data")


@pytest.mark.parametrize("end", ["lvl.1", "relu.1.s.o", "sig.1", "dexp.1"])
def test_degrees_of_freedom_fall_with_the_strength(short, end):
    data, _ = short
    found = [
        fit(f"fir.18x5-{end}", *data, verbose=0, shrinkage=strength).results.edf
        for strength in (1e-2, 0.1, 1.0, 10.0)
    ]
    assert found == sorted(found, reverse=True) and found[-1] < found[0] / 2


def test_a_string_has_its_own_say(short):
    data, _ = short
    written = {
        shrinkage: fit("fir.18x5.l21-lvl.1", *data, verbose=0, shrinkage=shrinkage).results
        for shrinkage in ("auto", "none", 3.0)
    }
    assert len({each.loss for each in written.values()}) == 1
    given = fit("fir.18x5-lvl.1", *data, verbose=0, shrinkage=1.0).results
    assert given.loss == pytest.approx(written["none"].loss, rel=1e-9)
    asked = fit("fir.18x5.l2-lvl.1", *data, verbose=0, shrinkage="none").results
    (said,) = asked.shrinkage
    assert said.startswith("fir-lvl: ridge, strength") and said.endswith("from the data")
    smooth = fit("fir.18x5.sl-lvl.1", *data, verbose=0, shrinkage="none").results
    assert "bins" in smooth.shrinkage[0] and "channels" not in smooth.shrinkage[0]


def test_much_data_are_fitted_as_before():
    speech = load_speech()
    y = [resp[:, [2]] for resp in speech.resp]
    losses = [
        fit("wc.18x2-fir.2x15-dexp.1", speech.stim, y, verbose=0, shrinkage=shrinkage).results.loss
        for shrinkage in ("auto", "none")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_priors_do_the_work_where_they_are_asked_for(short):
    data, _ = short
    assert fit("wc.18x1-fir.1x5-dexp.1", *data, verbose=0, priors=1.0).results.strengths == {}


@pytest.mark.parametrize("wrong", ["some", -1.0, float("nan"), True, None, (1, 2)])
def test_what_is_no_shrinkage_is_refused(wrong):
    with pytest.raises(ValueError, match="shrinkage"):
        FitOptions(shrinkage=wrong)


def test_branches_have_each_their_own(short):
    (x, y), _ = short
    pupil = np.random.default_rng(0).random((len(x), 1))
    model = Model("a=fir.1x5@pupil-b=wc.18x1@stim-mult@a,b-dexp.1")
    results = model.fit({"stim": x, "pupil": pupil}, y, verbose=0).results
    assert set(results.strengths) == {"fir", "wc"}


def test_stretches_are_predicted_as_by_fits_without_them():
    """Exact for a linear model: against ridge regressions to what is left."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6))
    y = x @ rng.normal(size=(6, 1)) + rng.normal(size=(400, 1))
    objective = Objective(Model("wc.6x1.l25e-1-lvl.1"), x, y)
    theta = objective.theta0
    for _ in range(5):
        _, gradient = objective.value_and_grad(theta)
        theta = theta - np.linalg.solve(objective.curvature(theta), gradient)
    found = predict_held_out(objective, theta, 4)
    assert found is not None
    seen = x - x.mean(axis=0)
    penalty = 0.5 * np.trace(seen.T @ seen / 400) / 6
    at = 0
    for predicted, told in zip(found.predictions, found.targets, strict=True):
        out = np.arange(at, at + told.shape[1])
        at += told.shape[1]
        design = np.column_stack([np.delete(x, out, axis=0), np.ones(400 - len(out))])
        square = design.T @ design + 400 * penalty * np.diag([1.0] * 6 + [0.0])
        weights = np.linalg.solve(square, design.T @ np.delete(y, out, axis=0))
        expected = np.column_stack([x[out], np.ones(len(out))]) @ weights
        np.testing.assert_allclose(told[0], y[out, 0])
        np.testing.assert_allclose(predicted[0], expected[:, 0], rtol=1e-6, atol=1e-6)
    assert at == 400


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_one_stretch_alone_tells_does_not_run_away(seed):
    """A straight line along what the other stretches hardly determine leaves the data behind."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2000, 1))
    # only in the last stretch is the drive where the curve is steep
    x[:1750] -= 3.5
    y = 1 / (1 + np.exp(-3 * x)) + 0.3 * rng.normal(size=x.shape)
    model = fit("wc.1x1-dexp.1", x, y, verbose=0, shrinkage="none")
    objective = Objective(model, x, y, loss="mse")
    found = predict_held_out(objective, objective.theta0, 8)
    assert found is not None
    whole = model.predict(x)
    span = np.ptp(whole)
    told = np.concatenate(found.predictions, axis=1)
    assert np.abs(told - whole.T).max() > span / 3
    assert whole.min() - 0.51 * span < told.min() and told.max() < whole.max() + 0.51 * span
    assert found.loss < 2 * np.var(y)
