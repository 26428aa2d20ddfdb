"""One job: the row of a fit, and of whatever goes wrong."""

import json

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.data import hold_out, read_recording
from nems_dsl.experiments import prepared as experiments
from nems_dsl.models.saving import from_dict
from nems_dsl.studies import cross_validate
from nems_dsl.sweeps.running import run
from nems_dsl.sweeps.running.executors import run_here
from nems_dsl.sweeps.running.inputs import InputCache
from nems_dsl.sweeps.running.jobs import Recipe
from tests.sweeps.small import STRING, collect, make_feed, recording

DATA = recording()


@pytest.fixture
def rows(tmp_path):
    def call(given, strings=STRING, recipe=None, **arguments):
        feed = make_feed(tmp_path, {"cell": given}, strings, recipe, **arguments)
        found = collect(run_here(feed))
        run.forget_inputs()
        return found

    return call


def test_a_row_tells_of_a_fit(rows):
    recipe = Recipe({"tolerance": 1e-7}, test=0.3)
    first, second = rows(DATA, "wc.6x{r=1}-fir.{r}x4-{nl=lvl}.1", recipe)
    split = hold_out(read_recording(DATA.stim, DATA.resp[:, 1]), 0.3, gap=3)
    fitted = Model(STRING).fit(split.fit, tolerance=1e-7, seed=0, verbose=0)
    assert second.status == "ok" and second.error is None and second.traceback is None
    assert second.r_test == pytest.approx(fitted.score(split.test), rel=1e-12)
    assert second.r_fit == pytest.approx(fitted.score(split.fit), rel=1e-12)
    results = fitted.results
    assert (second.loss, second.loss_name) == (results.loss, "nmse")
    assert (second.iterations, second.evaluations) == (results.n_iterations, results.n_evaluations)
    assert (second.converged, second.optimizer) == (True, results.optimizer)
    assert second.n_parameters == 11 and second.seed == 0
    assert (second.dataset, second.channel, second.fold) == ("cell", 1, -1)
    assert (second.canonical, second.model_id) == (STRING, fitted.model_id)
    assert second.variables == {"r": 1, "nl": "lvl"}
    assert json.loads(second.recipe) == {
        "fit": {"tolerance": 1e-7},
        "gap": None,
        "seed": 0,
        "test": 0.3,
    }
    assert {"nems_dsl", "numpy", "python"} <= set(second.versions)
    assert 0 < second.seconds and second.r_test > 0.6 and 0 < second.se_test < 0.2
    kept = from_dict(json.loads(second.model), Model)
    np.testing.assert_array_equal(kept.predict(DATA.stim), fitted.predict(DATA.stim))
    assert first.channel == 0 and first.r_test != second.r_test


def test_a_model_of_all_channels(rows):
    (row,) = rows(DATA, "wc.6x2-fir.2x4x2-lvl.2")
    split = hold_out(read_recording(DATA.stim, DATA.resp), 0.2, gap=3)
    fitted = from_dict(json.loads(row.model), Model)
    assert row.channel is None
    assert row.r_test == pytest.approx(np.mean(fitted.score(split.test)), rel=1e-12)


def test_nothing_held_out(rows):
    row = rows(DATA, STRING, Recipe(test=0))[0]
    assert (row.r_test, row.se_test) == (None, None) and row.r_fit > 0.6


def test_a_string_that_does_not_fit_fails_in_its_place(rows):
    good, bad = rows(DATA, [STRING, "wc.5x1"], Recipe(channels=(0,)))
    assert good.status == "ok"
    assert bad.status == "failed" and bad.canonical == "wc.5x1" and bad.channel == 0
    assert bad.error.startswith("ModelStringError: ") and "expects 6 input channels" in bad.error
    assert "Traceback" in bad.traceback and "bind_data" in bad.traceback
    assert bad.model is None and bad.r_test is None


def test_what_a_job_raises_is_told(rows, monkeypatch):
    def fit(*data, **arguments):
        raise faults.pop()

    faults = [FloatingPointError("the loss is nan"), MemoryError("cannot allocate")]
    monkeypatch.setattr("nems_dsl.studies.part.fit_model", fit)
    first, second = rows(DATA)
    assert first.error == "JobLimitError: there was not enough memory for the job"
    assert "MemoryError: cannot allocate" in first.traceback
    assert second.error == "FloatingPointError: the loss is nan"


def test_an_interrupted_fit_ends_the_sweep(rows, monkeypatch):
    def interrupt(self, iteration, loss):
        raise KeyboardInterrupt

    # the fit itself would end with what it has found, and the sweep go on
    monkeypatch.setattr("nems_dsl.fitting.report.Report.iteration", interrupt)
    with pytest.raises(KeyboardInterrupt):
        rows(DATA)


def test_warnings_of_a_fit_are_kept(rows):
    row = rows(DATA, STRING, Recipe({"max_iterations": 1, "optimizer": "l-bfgs-b"}))[0]
    assert row.converged is False
    assert any("not converge" in warning for warning in row.warnings)


def test_units_that_do_not_suit_are_told_of(rows):
    large = 1000 * DATA.stim, DATA.resp
    # priors are of parameters in the user's units, which a fit cannot leave then
    recipe = Recipe({"init": "mean", "priors": 1.0, "max_iterations": 2}, channels=(0,))
    (row,) = rows(large, STRING, recipe)
    assert any("'stim' has a root mean square of" in warning for warning in row.warnings)
    (row,) = rows(DATA, STRING, recipe)
    assert not any("root mean square" in warning for warning in row.warnings)


# ---- what is held out ------------------------------------------------------------------------


def trials(n=6, seed=0):
    data = recording(seed, 100 * n)
    return np.split(data.stim, n), np.split(data.resp, n)


def test_repeats_are_held_out_together(rows):
    x, y = trials()
    labels = ["a", "b", "c", "a", "b", "c"]
    row = rows((x, y, labels), STRING)[0]
    fitted = from_dict(json.loads(row.model), Model)
    held = [2, 5]
    assert row.r_test == pytest.approx(
        fitted.score([x[t] for t in held], [y[t][:, [0]] for t in held]), rel=1e-12
    )
    folds = rows((x, y, labels), STRING, Recipe(n_folds=3, channels=(0,)))
    for fold, row in enumerate(folds):
        fitted = from_dict(json.loads(row.model), Model)
        held = [fold, fold + 3]
        assert row.r_test == pytest.approx(
            fitted.score([x[t] for t in held], [y[t][:, [0]] for t in held]), rel=1e-12
        )


@pytest.mark.parametrize("by", ["trials", "time"])
def test_folds_are_those_of_a_cross_validation(rows, by):
    x, y = trials()
    found = rows((x, y), STRING, Recipe(n_folds=3, by=by, channels=(1,)))
    expected = cross_validate(
        STRING, x, [trial[:, [1]] for trial in y], n_folds=3, by=by, method="kfold"
    )
    assert expected.gap == (3 if by == "time" else 0)
    assert [row.fold for row in found] == [0, 1, 2]
    np.testing.assert_allclose([row.r_test for row in found], expected.scores[:, 0], rtol=1e-6)
    np.testing.assert_allclose([row.r_fit for row in found], expected.scores_fit[:, 0], rtol=1e-6)


def test_blocks_of_time_need_a_gap(rows):
    endless = "wc.6x1-stp.1-fir.1x4-lvl.1"
    row = rows(DATA, endless, Recipe(n_folds=3, channels=(0,)))[0]
    assert "what stp remembers has no bounds" in row.error and "gap=" in row.error
    row = rows(DATA, endless, Recipe({"max_iterations": 2}, n_folds=3, gap=20, channels=(0,)))[0]
    assert row.status == "ok"


# ---- what is shared --------------------------------------------------------------------------


def test_jobs_share_the_preparation(tmp_path, monkeypatch):
    opened, prepared = [], []
    monkeypatch.setattr(run, "_inputs", InputCache())
    cls = type(make_feed(tmp_path, {"cell": DATA}).take().dataset)
    open_ = cls.open
    monkeypatch.setattr(cls, "open", lambda self: opened.append(self.name) or open_(self))
    fit = experiments.fit_part
    monkeypatch.setattr(
        experiments, "fit_part", lambda model, x, *rest: prepared.append(x) or fit(model, x, *rest)
    )
    feed = make_feed(tmp_path, {"cell": DATA})
    assert len(collect(run_here(feed))) == 8
    assert opened == ["cell"]
    assert len(prepared) == 8 and len({id(x) for x in prepared}) == 1


def test_what_is_shared_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("nems_dsl.sweeps.running.inputs._MOST_MODELS", 2)
    monkeypatch.setattr("nems_dsl.sweeps.running.inputs._FEWEST_MODELS", 2)
    cache = InputCache()
    monkeypatch.setattr(run, "_inputs", cache)
    data = {name: recording(seed) for seed, name in enumerate("abcdef")}
    feed = make_feed(tmp_path, data, "wc.6x{r=1..3}-lvl.{r}-wc.{r}x1", Recipe(channels=(0,)))
    met = {}
    for task in iter(feed.take, None):
        for job in task.jobs:
            found = cache.recording(task.dataset, job.canonical)
            met.setdefault(task.dataset.name, []).append(id(found))
            met.setdefault("alive", []).append(found)
    # the third model finds the inputs read afresh
    for name in data:
        first, second, third = met[name]
        assert first == second != third
    assert len(cache._entries) <= 6
