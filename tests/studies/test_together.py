"""Linear models of many channels, solved together, against each channel fitted alone."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import nems_dsl
from nems_dsl.fitting.results import NotFittedWarning
from nems_dsl.models.later import LaterModels
from nems_dsl.studies import together


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 500, 6)) + rng.normal(size=(3, 500, 1))
    drive = x[:, :, 2:4].sum(axis=2)
    slow = np.cumsum(rng.normal(size=(3, 500)), axis=1) / 10
    y = np.stack(
        [
            drive + rng.normal(size=drive.shape),
            1e6 + 1e-3 * (np.roll(drive, 2, axis=1) + 4 * rng.normal(size=drive.shape)),
            -3 * np.roll(drive, 1, axis=1) ** 2 + slow,
            rng.normal(size=drive.shape),
        ],
        axis=2,
    )
    return x, y


def is_later(models):
    return isinstance(models._models, LaterModels)


@pytest.mark.parametrize("string", ["fir.6x5-lvl.1", "wc.6x1-lvl.1", "fir.6x4.l2e-2-lvl.1"])
@pytest.mark.parametrize(
    "options",
    [{}, {"shrinkage": 0.1}, {"loss": "mse"}, {"regularizers": False}],
    ids=lambda options: "-".join(options) or "default",
)
def test_each_model_is_the_one_that_a_fit_alone_gives(data, string, options):
    x, y = data
    models = nems_dsl.fit(string, x, y, verbose=0, **options)
    assert is_later(models)
    for k in range(4):
        alone = nems_dsl.fit(string, x, y[:, :, k], verbose=0, **options)
        expected, size = alone.predict(x), y[:, :, k].std()
        np.testing.assert_allclose(models[k].predict(x), expected, rtol=0, atol=1e-6 * size)
        results = models[k].results
        assert results.loss == pytest.approx(alone.results.loss, rel=1e-9)
        assert results.strengths == alone.results.strengths
        assert results.warnings == alone.results.warnings
        errors = results.standard_errors.to_pandas()
        np.testing.assert_allclose(
            errors["error"],
            alone.results.standard_errors.to_pandas()["error"],
            rtol=1e-6,
        )


@pytest.mark.parametrize(
    ("string", "options"),
    [
        ("fir.6x5.1", {}),
        ("wc.6x2-fir.2x5-lvl.1", {}),
        ("fir.6x5-lvl.1", {"shrinkage": "none"}),
        ("fir.6x5-srelu.1", {"loss": "poisson"}),
        ("fir.6x5-lvl.1", {"validation": 0.2}),
        ("fir.6x5-lvl.1", {"edges": "omit"}),
        ("fir.6x5-relu.1", {}),
    ],
)
def test_what_is_no_such_line_is_searched_for(data, string, options):
    x, y = data
    if options.get("loss") == "poisson":
        y = np.abs(y)
    string = string.removesuffix(".1") if string == "fir.6x5.1" else string
    assert not is_later(nems_dsl.fit(string, x, y[:, :, :2], verbose=0, **options))


def test_bounds_frozen_parameters_and_a_callback_need_a_search_of_each(data):
    x, y = data
    bounded, frozen = (nems_dsl.Model("fir.6x5-lvl.1") for _ in range(2))
    bounded.layers["fir"].parameters["coefficients"].bounds = (-1, 1)
    frozen.freeze_layers("lvl")
    for model in (bounded, frozen):
        assert not is_later(nems_dsl.fit(model, x, y, verbose=0))
    called = []
    models = nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0, callback=lambda *a: called.append(a))
    assert called and not is_later(models)


def test_channels_with_nothing_to_fit_and_with_holes_are_fitted_beside(data):
    x, y = data
    y = y.copy()
    y[:, :, 1] = 5
    y[0, 10:20, 2] = np.nan
    with pytest.warns(NotFittedWarning, match="channel 1"):
        models = nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0)
    assert repr(models).endswith("3 of 4 converged)")
    alone = nems_dsl.fit("fir.6x5-lvl.1", x, y[:, :, 2], verbose=0)
    np.testing.assert_allclose(models[2].predict(x), alone.predict(x), rtol=1e-6, atol=1e-9)
    assert not models[2].has_later_results and models[0].has_later_results
    assert np.isnan(models[1].predict(x)).all()
    scores = models.score(x, y)
    assert np.isnan(scores[1]) and scores[0] > 0.5


def test_one_silent_channel_among_those_that_are_solved_is_no_error(data):
    x, y = data
    y = y.copy()
    y[:, :, 2] = 0
    with pytest.warns(NotFittedWarning, match="channel 2"):
        models = nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0, n_jobs=2)
    assert repr(models).endswith("3 of 4 converged)") and models[2].results.is_failed
    y[0, 0, 1] = np.inf
    with pytest.raises(ValueError, match="channel 1"):
        nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0)


def test_a_perfect_response_is_fitted_beside():
    x = np.random.default_rng(0).normal(size=(400, 4))
    y = np.column_stack([x[:, 0] + 2, x[:, 1] + np.random.default_rng(1).normal(size=400)])
    models = nems_dsl.fit("fir.4x3-lvl.1", x, y, verbose=0)
    assert models[0].results.loss < 1e-6 and not models[0].has_later_results


def test_choosing_channels_and_slices(data):
    x, y = data
    models = nems_dsl.fit("fir.6x5-lvl.1", x, y, channels=[3, 0], verbose=0)
    whole = nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0)
    assert models.channels == (3, 0)
    for mine, column in zip(models, (3, 0), strict=True):
        np.testing.assert_allclose(mine.predict(x), whole[column].predict(x), rtol=1e-9, atol=1e-9)
    assert whole[1:3].channels == (1, 2) and len(whole[1:3]) == 2
    assert whole.channel(2) is whole[2] and whole[-1] is whole[3]
    with pytest.raises(IndexError):
        whole[4]


def test_results_are_worked_out_once_and_when_they_are_asked_for(data, monkeypatch):
    x, y = data
    calls, fit_model = [], together.fit_model
    monkeypatch.setattr(
        together, "fit_model", lambda *a, **b: calls.append(1) or fit_model(*a, **b)
    )
    models = nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0)
    models.predict(x), models.score(x, y), repr(models), models.get_parameter_values()
    other = copy.deepcopy(models[0])
    assert not calls
    assert models[0].results is models[0].results and len(calls) == 1
    assert other.results is models[0].results and len(calls) == 1
    assert "3" in models.summary() and len(calls) == 4


def test_a_pickle_and_a_saved_set_hold_all_of_it(data, tmp_path):
    x, y = data
    models = nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0)
    kept = [pickle.loads(pickle.dumps(models)), nems_dsl.ModelSet.load(models.save(tmp_path / "m"))]
    for each in kept:
        np.testing.assert_array_equal(each.predict(x), models.predict(x))
        assert [r.loss for r in each.results] == [r.loss for r in models.results]


def test_data_that_were_changed_after_the_fit_are_named(data):
    x, y = data[0], data[1].copy()
    models = nems_dsl.fit("fir.6x5-lvl.1", x, y, verbose=0)
    y[:] = 2 * y
    with pytest.raises(ValueError, match="channel 2 has changed in its array since the fit"):
        models[2].results  # noqa: B018
    x = data[0].copy()
    models = nems_dsl.fit("fir.6x5-lvl.1", x, data[1], verbose=0)
    x[0] = 0
    with pytest.raises(ValueError, match="the signal 'stim' has changed in its array"):
        models[0].results  # noqa: B018


def test_several_outputs_of_one_model_are_solved_one_by_one(data):
    x, y = data
    model = nems_dsl.fit("fir.6x5xR-lvl.R", x, y, verbose=0)
    assert model.results.message == "solved output by output"
    searched = nems_dsl.fit("fir.6x5xR-lvl.R", x, y, verbose=0, optimizer="gauss-newton")
    assert model.results.loss == pytest.approx(searched.results.loss, rel=1e-6)
    size = y.std(axis=(0, 1))
    assert np.all(np.abs(model.predict(x) - searched.predict(x)).max(axis=(0, 1)) < 1e-3 * size)
    holes = np.where(np.random.default_rng(0).random(y.shape) < 0.1, np.nan, y)
    some = nems_dsl.fit("fir.6x5xR-lvl.R", x, holes, verbose=0)
    assert some.results.message != "solved output by output" and some.results.converged


@pytest.mark.parametrize(
    "string", ["fir.6x5xR.sl1e-2-lvl.R", "fir.6x5x30-lvl.30", "wc.6xR.l2-lvl.R"]
)
def test_outputs_with_priors_of_all_kinds(data, string):
    x, y = data
    if "30" in string:
        y = np.concatenate([y + k * y[:, :, ::-1] for k in range(8)], axis=2)[:, :, :30]
    x = x.copy()
    # a channel without power, of which some priors say nothing
    x[:, :, 5] = 0
    model = nems_dsl.fit(string, x, y, verbose=0)
    searched = nems_dsl.fit(string, x, y, verbose=0, optimizer="gauss-newton")
    assert model.results.converged
    assert model.results.loss == pytest.approx(searched.results.loss, rel=1e-6)
