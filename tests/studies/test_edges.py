"""Edges of trials in studies: what depends on a stimulus that is not there, and what it is then."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nems_dsl
from nems_dsl import Model
from nems_dsl._threads import one_blas_thread
from nems_dsl.data import EdgeWarning, read_recording
from nems_dsl.metrics import correlation
from nems_dsl.studies.channels import fit_channels, plan_channels, split_recording

STRING = "wc.3x1-fir.1x6-lvl.1"
PAST = 5
RNG = np.random.default_rng(3)
X = [RNG.normal(size=(length, 3)) for length in (40, 55, 45, 50)]
FIELD = [0.1, 0.5, 1.0, 0.5, -0.4, 0.3]
Y = [
    np.convolve(x[:, 0], FIELD)[: len(x), None] * [1.0, -2.0] + 0.5 * RNG.normal(size=(len(x), 2))
    for x in X
]
ONE = [y[:, :1] for y in Y]


def without_beginnings(trials):
    return [np.where(np.arange(len(trial))[:, None] < PAST, np.nan, trial) for trial in trials]


def held(trials):
    return [np.pad(trial, ((PAST, 0), (0, 0)), mode="edge") for trial in trials]


def late(trials):
    return [np.pad(trial, ((PAST, 0), (0, 0)), constant_values=np.nan) for trial in trials]


def moved(trials, offset=1e4):
    return [trial + offset for trial in trials]


@pytest.fixture(autouse=True)
def _one_thread():
    # sweeps add in the order of one thread
    with one_blas_thread():
        yield


def test_scores_are_of_bins_whose_past_is_known():
    fitted = Model(STRING).fit(X, ONE, verbose=0, shrinkage="none")
    assert fitted.score(X, ONE, edges="omit") == fitted.score(X, without_beginnings(ONE))
    assert fitted.score(X, ONE, edges="zeros") == fitted.score(X, ONE)
    by_hand = fitted.score(held(X), late(ONE))
    assert fitted.score(X, ONE, edges="hold") == pytest.approx(by_hand, rel=1e-12)
    assert len({fitted.score(X, ONE, edges=edges) for edges in ("zeros", "omit", "hold")}) == 3
    with pytest.raises(ValueError, match="did you mean 'omit'"):
        fitted.score(X, ONE, edges="omitt")


@pytest.mark.parametrize("edges", ["omit", "hold"])
def test_a_model_is_scored_as_it_was_fitted(edges):
    fitted = Model(STRING).fit(X, ONE, edges=edges, verbose=0, shrinkage="none")
    assert fitted.edges == edges
    assert fitted.score(X, ONE) == fitted.score(X, ONE, edges=edges)
    assert fitted.score(X, ONE) != fitted.score(X, ONE, edges="zeros")
    models = nems_dsl.fit(STRING, X, Y, edges=edges, verbose=0, shrinkage="none")
    assert models.score(X, Y)[0] == fitted.score(X, ONE)
    zeros = nems_dsl.fit(STRING, X, Y, verbose=0, shrinkage="none")
    assert zeros.score(X, Y, edges=edges)[0] == zeros[0].score(X, ONE, edges=edges)


def test_a_cross_validation_that_omits_is_one_of_a_response_without_beginnings():
    found = nems_dsl.cross_validate(STRING, X, Y, n_folds=4, edges="omit")
    expected = nems_dsl.cross_validate(STRING, X, without_beginnings(Y), n_folds=4, edges="omit")
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.score, expected.score)
    np.testing.assert_array_equal(found.scores_fit, expected.scores_fit)
    for one, other in zip(found.prediction, expected.prediction, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(found.score, nems_dsl.cross_validate(STRING, X, Y, n_folds=4).score)


def test_a_cross_validation_that_holds_is_one_of_longer_trials():
    found = nems_dsl.cross_validate(STRING, X, Y, n_folds=4, edges="hold", shrinkage="none")
    longer = nems_dsl.cross_validate(
        STRING, held(X), late(Y), n_folds=4, edges="omit", shrinkage="none"
    )
    np.testing.assert_allclose(found.scores, longer.scores, rtol=1e-6)
    np.testing.assert_allclose(found.score, longer.score, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["trials", "time"])
@pytest.mark.parametrize("edges", ["omit", "hold"])
def test_a_sweep_does_as_a_cross_validation(edges, by, tmp_path):
    found = nems_dsl.cross_validate(STRING, X, Y, n_folds=3, by=by, edges=edges)
    results = nems_dsl.sweep(
        STRING, {"cell": (X, Y)}, tmp_path / "r.db", "serial", n_folds=3, by=by, edges=edges,
        show_progress=False,
    )  # fmt: skip
    rows = results.to_pandas()
    for name, scores in (("r_test", found.scores), ("r_fit", found.scores_fit)):
        written = rows.pivot(index="fold", columns="channel", values=name)
        np.testing.assert_array_equal(written.to_numpy(float), scores)
    assert {json.loads(recipe)["fit"]["edges"] for recipe in rows.recipe} == {edges}


def test_channels_are_scored_as_they_were_fitted():
    recording = read_recording(X, Y)
    jobs = plan_channels(STRING, recording)
    split = split_recording(jobs, recording, 0.25)
    found = [row for rows in fit_channels(jobs, split, edges="omit") for row in rows]
    for row in found:
        prediction = row.model.predict(X[-1:])
        target = [trial[:, [row.channel]] for trial in without_beginnings(Y[-1:])]
        assert row.r_test == correlation(prediction, target)


@pytest.mark.slow
@pytest.mark.parametrize("edges", ["omit", "hold"])
def test_an_offset_of_the_stimulus_says_nothing_where_edges_are_not_zeros(edges, tmp_path):
    scores = [
        nems_dsl.cross_validate(STRING, x, Y, n_folds=4, edges=edges).scores for x in (X, moved(X))
    ]
    np.testing.assert_allclose(*scores, rtol=1e-6)
    with pytest.warns(EdgeWarning, match="edges='omit'"):
        nems_dsl.cross_validate(STRING, moved(X), Y, n_folds=4)
    tables = {}
    for way in ("zeros", edges):
        tables[way] = nems_dsl.sweep(
            STRING, {"cell": (moved(X), Y)}, tmp_path / f"{way}.db", "serial", edges=way,
            show_progress=False, max_iterations=2,
        ).to_pandas()  # fmt: skip
    assert all("edges='omit'" in str(warnings) for warnings in tables["zeros"].warnings)
    assert not any("edges=" in str(warnings) for warnings in tables[edges].warnings)
