"""Models with a hidden layer grow as far as data held out bear it."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.data import read_recording
from nems_dsl.data.folds import Stretch
from nems_dsl.fit_options import FitOptions
from nems_dsl.fitting.early_stopping import choose_fold, choose_size
from nems_dsl.fitting.objective import Objective
from nems_dsl.fitting.report import Report
from nems_dsl.fitting.search import search
from nems_dsl.graph import connect

LNLN, LN = "wc.6x4-relu.4-wc.4x1-lvl.1", "wc.6x1-lvl.1"


def held_out_search(string, x, y, **options):
    """Search with a part held out; give the model and its results."""
    model = Model(string)
    objective = Objective(connect(list(model.layers)), read_recording(x, y))
    results = search(objective, FitOptions(**options), "auto", Report(0, None, 1.0), holds_out=True)
    return model, results


def data(kind, seed, n_bins=1500, noise=1.0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_bins, 6))
    drive = x @ [1, -0.5, 0, 0.3, 0, 0.8]
    clean = drive if kind == "linear" else np.abs(drive)
    clean = (clean - clean.mean()) / clean.std()
    return x, clean + noise * rng.standard_normal(n_bins), clean


def test_blocks_are_spread_and_gaps_kept():
    lengths, gap = [900, 40, 2000], 7
    fold = choose_fold(lengths, gap, [Stretch(i, 0, n) for i, n in enumerate(lengths)])
    assert fold.n_test == pytest.approx(sum(lengths) / 5, abs=2)
    assert len({part.trial for part in fold.test}) > 1
    for test in fold.test:
        for part in fold.fit:
            if part.trial == test.trial:
                assert part.stop <= test.start - gap or part.start >= test.stop + gap
    assert fold.n_fit > 0.7 * sum(lengths)


@pytest.mark.parametrize(("length", "gap"), [(499, 0), (2000, 200)])
def test_short_recordings_are_not_cut(length, gap):
    assert choose_fold([length], gap, [Stretch(0, 0, length)]) is None


def test_a_hidden_layer_that_is_of_use_is_kept():
    x, y, clean = data("bent", 0)
    model, results = held_out_search(LNLN, x, y)
    assert results.starts[0].init == "data" and results.converged
    assert not any("held out" in text for text in results.warnings)
    assert results.loss < 0.95 * fit(LN, x, y, verbose=0).results.loss
    assert np.corrcoef(model.predict(x)[:, 0], clean)[0, 1] > 0.95


def test_one_that_is_of_none_is_the_smaller_model():
    x, y, _ = data("linear", 0, n_bins=600, noise=3.0)
    model, results = held_out_search(LNLN, x, y)
    assert results.starts[0].init == "smaller" and results.n_iterations == 0
    (said,) = results.warnings
    assert said.startswith("the hidden layer predicts data held out no better")
    smaller = fit(LN, x, y, verbose=0, shrinkage="none")
    assert results.loss == pytest.approx(smaller.results.loss, rel=1e-3)
    np.testing.assert_allclose(model.predict(x), smaller.predict(x), atol=0.01)


def test_models_of_another_form_are_fitted_as_ever():
    x, y, _ = data("bent", 0, n_bins=600)
    for string in (LN, "wc.6x3-relu.3-wc.3x3-relu.3-wc.3x1"):
        _, results = held_out_search(string, x, y, max_iterations=5)
        plain = Model(string)
        objective = Objective(connect(list(plain.layers)), read_recording(x, y))
        assert choose_size(objective, 0) is None
        as_ever = search(objective, FitOptions(max_iterations=5), "auto", Report(0, None, 1.0))
        assert results.loss == as_ever.loss


def test_counts_are_held_out_too():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1200, 6))
    y = rng.poisson(np.abs(x[:, 0]) + 0.1)
    model = Model("wc.6x2-relu.2-wc.2x1-srelu.1.o")
    recording = read_recording(x, y)
    objective = Objective(connect(list(model.layers)), recording, loss="poisson")
    size = choose_size(objective, 0)
    assert not size.is_smaller
    smaller = fit("wc.6x1-srelu.1.o", x, y, loss="poisson", verbose=0).results.loss
    assert objective.value(size.theta) < smaller
