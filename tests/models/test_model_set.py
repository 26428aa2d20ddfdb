"""Sets of models: a sequence that predicts, scores, prints and is kept as one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.metrics import correlation, nmse
from nems_dsl.models import ModelSet

RNG = np.random.default_rng(0)
X = RNG.random((300, 4))
Y = X @ RNG.standard_normal((4, 5)) + 0.3 * RNG.standard_normal((300, 5))
STRING = "wc.4x1-lvl.1"


@pytest.fixture(scope="module")
def models():
    return fit(STRING, X, Y, channels=[3, 0, 1], verbose=0)


def test_it_is_a_sequence(models):
    assert len(models) == 3 and len(list(models)) == 3
    assert models[0] is next(iter(models)) and models[-1] is models[2]
    assert models[1] in models and models.index(models[1]) == 1
    part = models[1:]
    assert isinstance(part, ModelSet)
    assert (part.channels, part.n_columns, part[0]) == ((0, 1), 5, models[1])
    with pytest.raises(IndexError):
        models[3]
    with pytest.raises(TypeError):
        models[0] = models[1]
    assert models.channel(3) is models[0]
    with pytest.raises(KeyError, match="no model is for channel 2; there are channels 3, 0, 1"):
        models.channel(2)


def test_what_they_have_in_common(models):
    assert (models.string, models.model_id) == (STRING, Model(STRING).model_id)
    assert models.results == tuple(model.results for model in models)
    values = models.get_parameter_values()
    assert values["wc"]["coefficients"].shape == (3, 4, 1)
    np.testing.assert_array_equal(
        values["wc"]["coefficients"][2], models[2].layers["wc"].parameters["coefficients"].values
    )


@pytest.mark.parametrize(
    "x", [X, X.reshape(3, 100, 4), [X[:120], X[120:]], {"stim": X}, X.astype("float32")]
)
def test_predictions_stand_side_by_side(models, x):
    prediction = models.predict(x)
    each = [model.predict(x) for model in models]
    if isinstance(x, list):
        for trial, parts in zip(prediction, zip(*each, strict=True), strict=True):
            np.testing.assert_array_equal(trial, np.hstack(parts))
    else:
        np.testing.assert_array_equal(prediction, np.concatenate(each, axis=-1))


def test_scores_are_of_the_channels_that_were_fitted(models):
    y = Y.copy()
    y[10:30, 0] = np.nan
    for metric in ("correlation", "nmse", "mse", "r2"):
        scores = models.score(X, y, metric)
        assert scores.shape == (3,)
        for score, model, channel in zip(scores, models, (3, 0, 1), strict=True):
            assert score == pytest.approx(model.score(X, y[:, channel], metric), rel=1e-12)
        cut = models.score(X, y[:, [3, 0, 1]], metric)
        np.testing.assert_allclose(scores, cut, rtol=1e-12)
    for metric in (correlation, nmse):
        expected = metric(models[1].predict(X), Y[:, [0]])
        found = models.score(X, Y, metric.__name__)[1]
        assert found == pytest.approx(expected, rel=1e-12)


def test_scores_of_another_response_are_refused(models):
    with pytest.raises(ValueError, match="has 4 channels; a response of these models has 3 or 5"):
        models.score(X, Y[:, :4])
    with pytest.raises(ValueError, match="does not match the input"):
        models.score(X, [Y[:100], Y[100:]])
    with pytest.raises(ValueError, match="did you mean 'nmse'"):
        models.score(X, Y, "nmsee")


def test_a_permuted_whole_is_read_as_the_response():
    turned = fit(STRING, X, Y, channels=[4, 2, 0, 3, 1], verbose=0)
    scores = turned.score(X, Y)
    assert scores[0] == pytest.approx(turned[0].score(X, Y[:, 4]), rel=1e-12)
    assert scores.min() > 0.5


def test_the_table(models):
    short = fit(STRING, X, Y, channels=[3, 0], verbose=0, max_iterations=1)
    title, header, *rows = short.summary().splitlines()
    assert title == repr(short)
    assert header.split() == [
        "channel", "loss", "iterations", "evaluations", "seconds", "converged", "optimizer",
        "warnings",
    ]  # fmt: skip
    assert len(rows) == 2
    for row, model, channel in zip(rows, short, (3, 0), strict=True):
        results = model.results
        assert row.split()[:4] == [
            str(channel), "nmse", f"{results.loss:.4f}", str(results.n_iterations)
        ]  # fmt: skip
        assert results.optimizer in row
        assert ("yes" in row) == results.converged
    assert str(models) == models.summary()
    assert repr(models) == "ModelSet(wc.4x1-lvl.1, channels 3, 0, 1: 3 of 3 converged)"


def test_models_that_were_not_fitted():
    plain = ModelSet([Model(STRING), Model(STRING)])
    assert repr(plain) == "ModelSet(wc.4x1-lvl.1, channels 0 to 1: not fitted)"
    assert plain.results == (None, None)
    assert plain.summary().splitlines()[-1].split() == ["1", *["-"] * 7]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "at least one"),
        (([Model("wc.4x1"), Model("wc.4x1-lvl.1")],), "have one string, not wc.4x1 and wc.4x1-lvl"),
        (([Model("wc.4x2")],), "one output each; wc.4x2 gives 2"),
        (([Model("wc.4x1")], [0, 1]), "1 models need as many different channels"),
        (([Model("wc.4x1"), Model("wc.4x1")], [1, 1], 3), "as many different channels"),
        (([Model("wc.4x1")], [1]), "not all from 0 to 0: say how many columns"),
        (([Model("wc.4x1")], [-1], 3), "not all from 0 to 2"),
    ],
)
def test_what_is_no_set(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModelSet(*arguments)


def test_a_set_is_kept_in_a_folder(models, tmp_path):
    folder = models.save(tmp_path / "new" / "cells")
    assert {path.name for path in folder.iterdir()} == {
        "models.json", "channel_3.json", "channel_0.json", "channel_1.json"
    }  # fmt: skip
    again = ModelSet.load(str(folder))
    assert (again.string, again.channels, again.n_columns) == (STRING, (3, 0, 1), 5)
    assert again.results == models.results
    np.testing.assert_array_equal(again.predict(X), models.predict(X))


def test_damaged_folders_are_refused(models, tmp_path):
    with pytest.raises(ValueError, match=r"holds no set of models: it has no file models\.json"):
        ModelSet.load(tmp_path)
    folder = models.save(tmp_path)
    listed = json.loads((folder / "models.json").read_text())
    for change, message in [
        ({"format": "another"}, "is no list of models"),
        ({"format_version": 99}, "format version 99"),
        ({"channels": [0]}, "is damaged: 3 models need as many different channels"),
        ({"files": ["channel_3.json", "nowhere.json"]}, r"names nowhere\.json, which is not there"),
    ]:
        (folder / "models.json").write_text(json.dumps({**listed, **change}))
        with pytest.raises(ValueError, match=message):
            ModelSet.load(folder)
    del listed["channels"]
    (folder / "models.json").write_text(json.dumps(listed))
    with pytest.raises(ValueError, match="is damaged: channels"):
        ModelSet.load(folder)
    (folder / "models.json").write_text("{")
    with pytest.raises(ValueError, match="is damaged, or no list of models"):
        ModelSet.load(folder)
