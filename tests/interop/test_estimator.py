"""EncodingModel in the hands of scikit-learn."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.datasets import simulate
from nems_dsl.interop import EncodingModel

pytest.importorskip("sklearn")
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

DATA = simulate(n_times=800, n_channels=4, n_taps=4, n_outputs=2, snr=4.0, seed=1)
X, Y = DATA.stim, DATA.resp
FILTER = "fir.Nx4xR-lvl.R"
QUICK = (
    "check_estimators_fit_returns_self",
    "check_fit_check_is_fitted",
    "check_estimators_unfitted",
    "check_estimators_nan_inf",
    "check_estimators_overwrite_params",
    "check_n_features_in_after_fitting",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_regressor_multioutput",
    "check_regressors_train",
    "check_requires_y_none",
    "check_supervised_y_2d",
    "check_dataframe_column_names_consistency",
    "check_estimator_sparse_array",
    "check_get_params_invariance",
    "check_set_params",
)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.filterwarnings("ignore")
def test_a_check_of_scikit_learn_passes(name):
    getattr(estimator_checks, name)("EncodingModel", EncodingModel())


@pytest.mark.slow
@pytest.mark.parametrize("string", ["wc.NxR-lvl.R", "wc.Nx2-fir.2x3xR-lvl.R"])
def test_all_checks_of_scikit_learn_pass(string):
    model = EncodingModel(string)
    expected = model.expected_failed_checks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = estimator_checks.check_estimator(
            model, expected_failed_checks=expected, on_fail=None
        )
    by_status = {each["check_name"]: each["status"] for each in found}
    assert len(by_status) > 40
    assert {name for name, status in by_status.items() if status == "failed"} == set()
    # what is expected to fail does, so that the list holds nothing that could pass
    assert {name for name, status in by_status.items() if status == "xfail"} == set(expected)


def test_what_a_fit_leaves():
    model = EncodingModel("wc.Nx1-fir.1x4-lvl.1", loss="mse")
    assert model.fit(X, Y[:, 0]) is model
    assert (model.n_features_in_, model.n_outputs_) == (4, 1)
    assert model.string_ == "wc.4x1-fir.1x4-lvl.1" == model.model_.string
    assert model.n_iter_ == model.model_.results.n_iterations
    ours = Model(model.string).fit(X, Y[:, 0], loss="mse", verbose=0)
    np.testing.assert_array_equal(model.predict(X), ours.predict(X)[:, 0])
    assert model.score(X, Y[:, 0]) == ours.score(X, Y[:, 0])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_parameters_are_those_of_a_fit():
    model = EncodingModel(FILTER, shrinkage="none", seed=3)
    assert model.get_params()["shrinkage"] == "none"
    assert {"string", "dialect", "metric", "loss", "init", "dtype"} <= set(model.get_params())
    copied = clone(model.set_params(loss="mse"))
    assert copied.get_params() == model.get_params()
    assert "loss='mse'" in repr(copied)
    with pytest.raises(TypeError, match="EncodingModel has no option 'max_iter': write max_iter"):
        EncodingModel(FILTER, max_iter=3)
    with pytest.raises(ValueError, match="Invalid parameter 'los'"):
        model.set_params(los="mse")


def test_the_dialect_reaches_the_model():
    model = EncodingModel("fir.4x3", dialect="nems").fit(X[:, :3], Y[:, 0])
    assert model.string_ == "fir.3x4"


def test_faults_say_what_to_do():
    model = EncodingModel(FILTER)
    for call in (lambda: model.predict(X), lambda: model.score(X, Y)):
        with pytest.raises(NotFittedError):
            call()
    with pytest.raises(ValueError, match=r"more is better, and of 'mse' less; write metric='r2'"):
        EncodingModel(FILTER, metric="mse").fit(X, Y)
    with pytest.raises(ValueError, match="no metric 'r3'"):
        EncodingModel(FILTER, metric="r3").fit(X, Y)
    with pytest.raises(ValueError, match="give a state by state="):
        model.fit({"stim": X}, Y)
    model.fit(X, Y)
    with pytest.raises(ValueError, match="X has 3 features, but EncodingModel is expecting 4"):
        model.predict(X.reshape(2, 400, 4)[..., :3])


def test_missing_responses_are_left_out():
    gaps = Y.copy()
    gaps[100:200, 1] = np.nan
    model = EncodingModel("wc.NxR-lvl.R").fit(X, gaps)
    assert np.isfinite(model.predict(X)).all()
    assert model.score(X, gaps) == pytest.approx(np.mean(model.model_.score(X, gaps)))


@pytest.mark.parametrize("as_list", [False, True])
def test_a_search_over_strings_holds_out_trials(as_list):
    x, noise = X.reshape(4, 200, 4), Y.reshape(4, 200, 2)
    y = np.roll(x[..., :2], 2, axis=1) + 0.1 * noise
    if as_list:
        x, y = (
            [each[: 150 + 10 * i] for i, each in enumerate(x)],
            [each[: 150 + 10 * i] for i, each in enumerate(y)],
        )
    search = GridSearchCV(EncodingModel(), {"string": ["wc.NxR-lvl.R", FILTER]}, cv=KFold(2))
    search.fit(x, y)
    by_hand = [Model(FILTER).fit(x[s], y[s], verbose=0).score(x[o], y[o]).mean() for s, o in (
        (slice(2, 4), slice(0, 2)), (slice(0, 2), slice(2, 4)))]  # fmt: skip
    assert search.best_params_ == {"string": FILTER}
    assert search.best_score_ == pytest.approx(np.mean(by_hand), abs=1e-12)
    assert [each.shape for each in search.predict(x)] == [each.shape for each in y]


def test_a_pipeline_scales_and_scores():
    pipeline = make_pipeline(StandardScaler(), EncodingModel("wc.Nx1-fir.1x4-lvl.1"))
    pipeline.fit(X[:600], Y[:600, 0])
    assert pipeline.predict(X[600:]).shape == (200,)
    assert pipeline.score(X[600:], Y[600:, 0]) > 0.5
    scores = cross_val_score(pipeline, X, Y[:, 0], cv=2, scoring="r2")
    assert scores.shape == (2,) and (scores > 0.2).all()


def test_a_table_gives_the_names_of_features():
    import pandas as pd

    table = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = EncodingModel("wc.Nx1-lvl.1").fit(table, pd.Series(Y[:, 0]))
    assert list(model.feature_names_in_) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table[["b", "a", "c", "d"]])


def test_a_state_is_routed_through_a_search():
    rng = np.random.default_rng(0)
    state = rng.uniform(0.5, 2.0, (len(X), 1))
    y = (X @ rng.random((4, 1)) + 0.5) * state
    model = EncodingModel("wc.Nx1-lvl.1-stategain.1x1")
    assert model.fit(X, y, state=state).score(X, y, state=state) > 0.99
    with config_context(enable_metadata_routing=True):
        asked = model.set_fit_request(state=True).set_score_request(state=True)
        search = GridSearchCV(asked, {"string": ["wc.Nx1-lvl.1", model.string]}, cv=2)
        search.fit(X, y, state=state)
    assert search.best_params_["string"] == model.string
