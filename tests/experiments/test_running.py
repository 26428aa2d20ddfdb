"""Running experiment strings: what each word does, on which data, and what the model keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import nems_dsl
from nems_dsl import Model, ModelStringError, run
from nems_dsl.data import read_recording
from nems_dsl.data.folds import Stretch
from nems_dsl.preparation import Preparation


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.gamma(2.0, size=(4, 300, 5)) * [1, 10, 100, 1, 1]
    drive = np.log(x[:, :, 1] + 1) + 0.5 * np.log(x[:, :, 2] + 1)
    y = np.stack([drive, np.roll(drive, 1, axis=1)], axis=2)
    return x, 1000 + 50 * y + 20 * rng.normal(size=y.shape)


def prepared(string, x, y=None, stretches=None):
    recording = read_recording(x, y)
    stretches = stretches or [Stretch(n, 0, len(t)) for n, t in enumerate(x)]
    experiment = nems_dsl.parse_experiment(f"{string}_wc.5x1-lvl.1_")
    found = Preparation.estimate(experiment.steps, recording, stretches)
    return found, found.apply(recording)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("zs", lambda x: (x - x.mean((0, 1))) / x.std((0, 1))),
        ("mm", lambda x: (x - x.min((0, 1))) / (x.max((0, 1)) - x.min((0, 1)))),
        ("root", lambda x: np.sign(x) * np.sqrt(np.abs(x))),
        ("root.3", np.cbrt),
        ("log", lambda x: np.log(x + 1)),
        ("log.o1e-2", lambda x: np.log(x + 0.01)),
        ("ch.2x3", lambda x: x[:, :, 1:3]),
        ("delay.2", lambda x: np.concatenate([np.zeros_like(x[:, :2]), x[:, :-2]], axis=1)),
        ("zs-rect", lambda x: np.maximum((x - x.mean((0, 1))) / x.std((0, 1)), 0)),
        ("root-zs", lambda x: (np.sqrt(x) - np.sqrt(x).mean((0, 1))) / np.sqrt(x).std((0, 1))),
    ],
)
def test_what_words_do(data, word, expected):
    x, _ = data
    found = np.stack(prepared(word, x)[1].signals["stim"])
    np.testing.assert_allclose(found, expected(x), rtol=1e-12, atol=1e-12)


def test_smoothing_leaves_missing_bins_out():
    x = np.ones((1, 60, 5))
    y = np.full((1, 60, 1), 3.0)
    y[0, 20:25] = np.nan
    found = prepared("smooth.2.r", x, y)[1].target[0]
    assert np.isnan(found[20:25]).all()
    np.testing.assert_allclose(found[~np.isnan(found)], 3.0)
    impulse = np.zeros((1, 61, 5))
    impulse[0, 30] = 1
    smooth = prepared("smooth.3", impulse)[1].signals["stim"][0][:, 0]
    lag = np.arange(61) - 30
    assert np.sqrt(smooth @ lag**2) == pytest.approx(3, rel=0.02)
    assert smooth.sum() == pytest.approx(1)


@pytest.mark.parametrize("word", ["zs.r", "mm.r", "root.3.r", "log.r", "log.o2.r-zs.r-root.r"])
def test_the_units_of_the_response_come_back(data, word):
    x, y = data
    found, seen = prepared(word, x, y)
    back = found.undo(seen.target)
    np.testing.assert_allclose(np.stack(back), y, rtol=1e-9)
    one = found.columns([1])
    np.testing.assert_allclose(
        np.stack(one.undo([trial[:, 1:] for trial in seen.target])), y[:, :, 1:], rtol=1e-9
    )


def test_what_is_estimated_is_of_the_data_of_the_fit_alone(data):
    x, y = data
    spoilt = x.copy()
    spoilt[3] = 1e6
    clean = run("zs-est75_fir.5x3-lvl.1_", x, y)
    other = run("zs-est75_fir.5x3-lvl.1_", spoilt, y)
    for one, two in zip(clean.model, other.model, strict=True):
        known = [m.preparation.steps[0].known for m in (one, two)]
        np.testing.assert_array_equal(known[0]["offset"], known[1]["offset"])
        # the stretch that is tested has a part in the units of a fit, and in nothing else
        np.testing.assert_allclose(one.predict(x), two.predict(x), rtol=1e-6)
    folds = run("zs-kf4.tr_fir.5x3-lvl.1_", x, y)
    offsets = [
        model.preparation.steps[0].known["offset"] for fold in folds.folds.models for model in fold
    ]
    whole = folds.model[0].preparation.steps[0].known["offset"]
    np.testing.assert_allclose(whole, x.mean((0, 1)))
    assert not any(np.allclose(offset, whole, rtol=1e-6) for offset in offsets)
    held = [fold.test[0].trial for fold in folds.folds.folds]
    np.testing.assert_allclose(offsets[0], np.delete(x, held[0], axis=0).mean((0, 1)))


def test_a_model_takes_raw_data_and_a_file_keeps_its_preparation(data, tmp_path):
    x, y = data
    found = run("log-zs-zs.r-est75_wc.5x1-fir.1x3-dexp.1_", x, y)
    models = found.model
    prediction = models.predict(x)
    assert np.all(np.abs(prediction.mean((0, 1)) - y.mean((0, 1))) < 20)
    np.testing.assert_allclose(models.score(x[3], y[3]), found.score, rtol=1e-9)
    path = models[1].save(tmp_path / "model.json")
    loaded = Model.load(path)
    assert loaded.preparation.string == "log-zs-zs.r"
    np.testing.assert_array_equal(loaded.predict(x), models[1].predict(x))
    np.testing.assert_array_equal(models[1].copy().predict(x), models[1].predict(x))
    # what knows no preparation must not read it as if there were none
    assert json.loads(path.read_text())["format_version"] == 2
    plain = Model("wc.5x1-lvl.1").save(tmp_path / "plain.json")
    assert json.loads(plain.read_text())["format_version"] == 1
    spoilt = path.read_text().replace('"head": "log"', '"head": "lag"')
    path.write_text(spoilt)
    with pytest.raises(ValueError, match="no word of preparation `lag`"):
        Model.load(path)


def test_a_model_with_preparation_is_fitted_again_to_raw_data(data):
    x, y = data
    first = run("log-zs-zs.r-est75_wc.5x1-fir.1x3-dexp.1_", x, y[:, :, 0]).model
    again = first.fit(x[:3], y[:3, :, 0], verbose=0)
    assert again.preparation.string == "log-zs-zs.r"
    np.testing.assert_allclose(again.predict(x), first.predict(x), rtol=1e-3, atol=3)
    assert nems_dsl.Objective(first, x, y[:, :, 0]).loss.mean == pytest.approx(
        first.preparation.apply(read_recording(x, y[:, :, 0])).target[0].mean(), abs=0.2
    )
    assert np.isfinite(first.dstrf(x[0], times=[100], lags=3)).all()


@pytest.mark.slow
def test_it_is_what_the_functions_give(data):
    x, y = data
    found = run("kf4.tr_wc.5x1-fir.1x3-dexp.1_", x, y)
    other = nems_dsl.cross_validate(
        "wc.5x1-fir.1x3-dexp.1", x, y, n_folds=4, by="trials", verbose=0
    )
    np.testing.assert_array_equal(found.score, other.score)
    np.testing.assert_array_equal(found.folds.prediction, other.prediction)
    found = run("wc.5x1-fir.1x3-dexp.1", x, y)
    fitted = nems_dsl.fit("wc.5x1-fir.1x3-dexp.1", x[:3], y[:3], verbose=0)
    np.testing.assert_allclose(found.score, fitted.score(x[3], y[3]), rtol=1e-6)
    assert np.all(found.standard_error > 0)


def test_options_of_the_fit_are_those_of_the_string(data):
    x, y = data
    found = run("est100_wc.5x1-fir.1x3-relu.1.s.o_lbfgs.i3-mse-shrink.none", x, y[:, :, 0])
    results = found.model.results
    assert results.optimizer == "l-bfgs-b" and results.n_iterations <= 3
    assert results.loss_name == "mse" and not results.shrinkage
    assert np.isnan(found.score) and np.isnan(found.row["score"])


def test_rows_and_channels(data):
    x, y = data
    found = run("zs_wc.5x1-lvl.1_", x, y, channels=[1])
    assert isinstance(found.model, Model) and np.ndim(found.score) == 0
    row = found.row
    assert row["experiment"] == found.string == "zs_wc.5x1-lvl.1_"
    assert row["model"] == "wc.5x1-lvl.1" and row["n_parameters"] == 6
    assert row["score"] == found.score and row["standard_error"] == found.standard_error
    both = run("zs_wc.5x1-lvl.1_", x, y)
    assert both.score[1] == found.score and both.data_digest != found.data_digest
    assert both.row["score"] == pytest.approx(both.score.mean())
    assert "correlation" in repr(both) and "2 of 2" in repr(both.model)


BITS = """
import numpy as np
from nems_dsl import run
rng = np.random.default_rng(0)
x = rng.gamma(2.0, size=(900, 5)); y = np.log(x[:, :2] + 1) + rng.normal(size=(900, 2))
found = run("log-zs-kf3_wc.5x1-fir.1x3-dexp.1_seed4", x, y, n_jobs={n_jobs})
print(found.score.tobytes().hex(), found.model.predict(x).tobytes().hex()[:2000], found.data_digest)
"""


@pytest.mark.slow
def test_bits_do_not_depend_on_process_and_workers():
    told = set()
    for n_jobs, seed in ((1, "1"), (2, "2")):
        done = subprocess.run(
            [sys.executable, "-c", BITS.format(n_jobs=n_jobs)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        told.add(done.stdout)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("string", "kind", "message"),
    [
        ("ch.3x9_wc.5x1-lvl.1_", ValueError, "keeps channels 3 to 9.*a signal that has 5"),
        ("zs.s_wc.5x1-lvl.1_", ValueError, "zs.s is about the signal 'state', which the data lack"),
        ("zs-log_wc.5x1-lvl.1_", ValueError, "log.o1 needs values above -1"),
        ("kf9.tr_wc.5x1-lvl.1_", ValueError, "9"),
        ("zs_wc.4x1-lvl.1_", ModelStringError, "wc"),
        ("zs_wc.5x1-lvl.1_pois", ValueError, "is for counts"),
    ],
)
def test_what_does_not_suit_the_data_is_named(data, string, kind, message):
    x, y = data
    with pytest.raises(kind, match=message):
        run(string, x - 5 if "log" in string else x, y[:, :, :1] - 2000 * ("pois" in string))
