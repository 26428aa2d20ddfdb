"""Cross-validation: what is held out has no say in the fit, the choice, or the score."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm
from scipy.stats import t as student

from nems_dsl import Model, ModelStringError, fit
from nems_dsl.data.folds import join, make_folds, mask
from nems_dsl.datasets import simulate
from nems_dsl.layers.base import Layer
from nems_dsl.metrics import METRICS, correlation
from nems_dsl.studies import NotFittedWarning, cross_validate, part

STRING = "wc.4x1-fir.1x4-lvl.1"
# of sums over the same samples, added in another order
ROUNDING = 1e-12


@pytest.fixture(scope="module")
def data():
    simulation = simulate(n_times=800, n_channels=4, n_outputs=3, n_taps=4, snr=2.0, seed=1)
    return simulation.stim, simulation.resp


def ragged(signal):
    return np.split(signal, [110, 190, 400, 520, 700])


def values_of(model):
    return np.concatenate(
        [v.ravel() for layer in model.get_parameter_values().values() for v in layer.values()]
    )


def pooled_correlation(result, x, y, models=None):
    """Give the correlation within folds, predictions in units of what they are on data of the fit.

    Written from its definition, for one channel.
    """
    trials = x if isinstance(x, list) else [x]
    y = y if isinstance(y, list) else [y.reshape(len(y), -1)]
    shared = ours = theirs = 0
    for model, fold in zip(models or result.models, result.folds, strict=True):
        predicted = [model.predict(trial) for trial in trials]
        scale = join(predicted, fold.fit)[~np.isnan(join(y, fold.fit))].std()
        p, t = join(predicted, fold.test) / scale, join(y, fold.test)
        p, t = p[~np.isnan(t)], t[~np.isnan(t)]
        if not t.size:
            continue
        p, t = p - p.mean(), t - t.mean()
        shared, ours, theirs = shared + np.sum(p * t), ours + np.sum(p * p), theirs + np.sum(t * t)
    return shared / np.sqrt(ours * theirs)


def flat(signal):
    return np.concatenate(signal) if isinstance(signal, list) else signal


# ---- fits and predictions --------------------------------------------------------------------


@pytest.mark.parametrize("by", ["time", "trials"])
def test_each_bin_is_predicted_by_the_model_that_has_not_seen_it(data, by):
    x, y = map(ragged, data)
    y = [trial[:, :1] for trial in y]
    result = cross_validate(STRING, x, y, n_folds=5, by=by)
    assert [len(trial) for trial in result.prediction] == [len(trial) for trial in y]
    for model, fold in zip(result.models, result.folds, strict=True):
        # with the stimulus of the whole trial: no filter starts afresh at a block
        np.testing.assert_array_equal(
            join(result.prediction, fold.test), join(model.predict(x), fold.test)
        )
    assert len({values_of(model).tobytes() for model in result.models}) == 5
    assert result.score == pytest.approx(pooled_correlation(result, x, y), rel=ROUNDING)


def test_a_fold_is_fitted_as_if_its_test_were_missing(data):
    x, y = data[0], data[1][:, :1]
    result = cross_validate(STRING, x, y, n_folds=4, max_iterations=30)
    for model, fold in zip(result.models, result.folds, strict=True):
        by_hand = Model(STRING).fit(x, mask([y], fold.fit)[0], verbose=0, max_iterations=30)
        np.testing.assert_array_equal(values_of(model), values_of(by_hand))


def test_trials_that_are_held_out_are_left_out_of_the_fit(data):
    x, y = data[0].reshape(8, 100, 4), data[1].reshape(8, 100, 3)[:, :, :1]
    result = cross_validate(STRING, x, y, n_folds=4, tolerance=1e-5)
    for number, model in enumerate(result.models):
        kept = [trial for trial in range(8) if trial % 4 != number]
        by_hand = Model(STRING).fit(x[kept], y[kept], verbose=0, tolerance=1e-5)
        # a fold's covariances are those of all trials without its own: the same but for rounding,
        # and for how the size of the field is shared between `wc` and `fir`
        np.testing.assert_allclose(model.predict(x), by_hand.predict(x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("form", ["array", "stack", "list", "dict", "one column"])
def test_predictions_have_the_form_of_the_input(data, form):
    x, y = data[0], data[1][:, :1]
    plain = {"n_folds": 4, "by": "time", "shrinkage": "none"}
    expected = cross_validate("wc.4x1-lvl.1", x, y, **plain)
    if form == "stack":
        x, y = x.reshape(4, 200, 4), y.reshape(4, 200, 1)
    elif form == "list":
        x, y = list(x.reshape(4, 200, 4)), list(y.reshape(4, 200, 1))
    elif form == "dict":
        x = {"input": x}
    elif form == "one column":
        y = y[:, 0]
    result = cross_validate("wc.4x1-lvl.1", x, y, **plain)
    assert type(result.prediction) is (list if form == "list" else np.ndarray)
    assert np.shape(result.prediction) == ((4, 200, 1) if form in ("stack", "list") else (800, 1))
    # without memory it makes no difference where trials begin
    np.testing.assert_allclose(np.reshape(result.prediction, (800, 1)), expected.prediction)
    assert result.score == pytest.approx(expected.score)


def test_a_population_model_is_fitted_as_one(data):
    x, y = data
    result = cross_validate("wc.4x2-fir.2x4x3-lvl.3", x, y, n_folds=4)
    assert all(isinstance(model, Model) for model in result.models)
    assert result.score.shape == result.standard_error.shape == result.score_fit.shape == (3,)
    assert result.scores.shape == result.scores_fit.shape == (4, 3)
    assert result.prediction.shape == (800, 3)
    assert (result.score > 0.6).all()
    first = result.folds[0]
    np.testing.assert_allclose(
        result.scores_fit[0],
        correlation(
            prediction=join([result.models[0].predict(x)], first.fit), target=join([y], first.fit)
        ),
        rtol=ROUNDING,
    )


def test_a_model_of_one_output_is_fitted_to_each_channel(data):
    x, y = data
    result = cross_validate(STRING, x, y, n_folds=4)
    assert [len(models) for models in result.models] == [3] * 4
    for channel in range(3):
        alone = cross_validate(STRING, x, y[:, channel], n_folds=4)
        assert result.score[channel] == pytest.approx(alone.score, rel=ROUNDING)
        assert result.standard_error[channel] == pytest.approx(alone.standard_error, rel=1e-9)
        np.testing.assert_allclose(result.scores[:, channel], alone.scores[:, 0], rtol=ROUNDING)
        np.testing.assert_array_equal(result.prediction[:, channel], alone.prediction[:, 0])
        for models, model in zip(result.models, alone.models, strict=True):
            np.testing.assert_array_equal(values_of(models[channel]), values_of(model))


def test_missing_samples_are_left_out(data):
    x, y = data[0], data[1][:, :1].copy()
    gone = np.arange(800) % 5 == 2
    gone[300:500] = True
    y[gone] = np.nan
    result = cross_validate(STRING, x, y, n_folds=8)
    assert np.isfinite(result.prediction).all()
    assert result.score == pytest.approx(pooled_correlation(result, x, y), rel=ROUNDING)
    np.testing.assert_array_equal(
        np.isnan(result.scores[:, 0]), [False] * 3 + [True] * 2 + [False] * 3
    )
    assert np.isfinite([result.score, result.standard_error, result.score_fit]).all()
    kfold = cross_validate(STRING, x, y, n_folds=8, method="kfold")
    assert kfold.score == pytest.approx(np.nanmean(result.scores))


def test_a_mask_is_as_missing_samples(data):
    x, y = data[0], data[1][:, 0]
    used = np.arange(800) % 3 > 0
    masked = cross_validate(STRING, x, y, n_folds=4, mask=used)
    missing = cross_validate(STRING, x, np.where(used, y, np.nan), n_folds=4)
    np.testing.assert_array_equal(masked.prediction, missing.prediction)
    assert masked.score == missing.score


@pytest.mark.slow
def test_threads_change_nothing(data):
    x, y = map(ragged, data)
    strings = ["wc.4x1.l2e-4-fir.1x4", "wc.4x1.l2e-1-fir.1x4"]
    alone, threaded = (
        cross_validate(strings, x, y, n_folds=3, n_inner_folds=3, n_jobs=n, max_iterations=15)
        for n in (1, 3)
    )
    for one, other in zip(alone.prediction, threaded.prediction, strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("score", "standard_error", "scores", "scores_fit", "choices", "inner_scores"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(threaded, name))


def test_a_model_starts_from_where_it_is_and_stays_there(data):
    x, y = data[0], data[1][:, 0]
    model = Model(STRING)
    model.freeze_layers("wc")
    before = values_of(model)
    result = cross_validate(model, x, y, n_folds=3)
    np.testing.assert_array_equal(values_of(model), before)
    for fitted in result.models:
        np.testing.assert_array_equal(
            fitted.get_parameter_values()["wc"]["coefficients"],
            model.get_parameter_values()["wc"]["coefficients"],
        )


def test_arguments_of_a_fit_are_handed_on(data, capsys):
    seen = []
    result = cross_validate(
        STRING, data[0], data[1][:, 0], n_folds=3, max_iterations=2, loss="mse",
        callback=lambda number, loss: seen.append(number),
    )  # fmt: skip
    assert [model.results.n_iterations for model in result.models] == [2, 2, 2]
    assert {model.results.loss_name for model in result.models} == {"mse"}
    assert len(seen) >= 6
    assert capsys.readouterr().out == ""


# ---- the gap ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("string", "gap"),
    [
        ("wc.4x1-lvl.1", 0),
        ("wc.4x2-fir.2x7", 6),
        ("wc.4x1-fir.1x7-fir.1x5", 10),
        ("wc.4x2-fir.2x7.ac", 6),
        ("strf.4x1x9-lvl.1", 8),
        (["wc.4x1-fir.1x3", "wc.4x1-fir.1x8"], 7),
    ],
)
def test_the_gap_is_what_the_model_remembers_and_looks_ahead(data, string, gap):
    x, y = data[0], data[1][:, 0]
    result = cross_validate(string, x, y, n_folds=4, max_iterations=2)
    assert result.gap == gap
    first = result.folds[0]
    assert first.fit[0].start == first.test[0].stop + gap


def test_no_bin_of_the_stimulus_serves_a_fit_and_its_test(data):
    # moving the stimulus of a held-out bin, as far as the test depends on it, is not seen by a fit
    x, y = data[0], data[1][:, 0]
    string = "wc.4x1-fir.1x6.ac-lvl.1"
    fold = make_folds([800], 4, gap=5)[1]
    (test,) = fold.test
    target = mask([y[:, None]], fold.fit)[0]
    fitted = Model(string).fit(x, target, verbose=0)
    predicted, at_fit = fitted.predict(x)[test.start : test.stop], fitted.predict(x)
    for bin_ in (test.start - 2, test.start, test.stop - 1, test.stop + 2):
        moved = x.copy()
        moved[bin_] += 1
        again = fitted.predict(moved)
        assert not np.array_equal(again[test.start : test.stop], predicted)
        np.testing.assert_array_equal(join([again], fold.fit), join([at_fit], fold.fit))


def test_a_model_at_half_the_rate_has_a_gap_in_its_own_bins():
    rng = np.random.default_rng(0)
    x = rng.random((401, 3))
    y = Model("wc.3x1-fir.1x8.s2").predict(x)
    y = y / y.std() + 0.1 * rng.standard_normal(y.shape)
    result = cross_validate("wc.3x1-fir.1x8.s2", x, y, n_folds=3)
    assert len(y) == 201 and result.gap == 4
    assert result.prediction.shape == (201, 1) and np.isfinite(result.prediction).all()
    assert result.score > 0.9


def test_what_remembers_for_ever_needs_a_gap_or_trials(data):
    x, y = data[0], data[1][:, 0]
    string = "wc.4x1-stp.1-lvl.1"
    with pytest.raises(ValueError, match=r"what stp remembers has no bounds.*say by gap="):
        cross_validate(string, x, y, n_folds=4)
    assert cross_validate(string, x, y, n_folds=2, gap=30, max_iterations=2).gap == 30
    trials = x.reshape(4, 200, 4), y.reshape(4, 200, 1)
    assert cross_validate(string, *trials, n_folds=4, max_iterations=2).by == "trials"


def test_a_layer_of_ones_own_can_be_cross_validated(data):
    class Rectify(Layer):
        memory = 0

        def evaluate(self, signal):
            return np.maximum(signal, 0)

    model = Model(STRING)
    model.add_layers(Rectify(name="rectify"))
    result = cross_validate(model, data[0], data[1][:, 0] - 0.5, n_folds=3, max_iterations=3)
    assert result.gap == 3
    assert result.candidates == ["wc-fir-lvl-rectify"]


# ---- leaks -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_responses_that_are_held_out_or_in_the_gap_have_no_influence(data):
    x, y = data[0], data[1][:, 0]
    strings = ["wc.4x1.l2e-4-fir.1x4", "wc.4x1.l2e-2-fir.1x4", "wc.4x1.l2e0-fir.1x4"]
    arguments = {"n_folds": 4, "n_inner_folds": 3, "tolerance": 1e-4}
    before = cross_validate(strings, x, y, **arguments)
    for number in (0, 2):
        fold = before.folds[number]
        seen = ~np.isnan(mask([y[:, None]], fold.fit)[0][:, 0])
        assert 0 < seen.sum() < 800 - fold.n_test
        spoilt = np.where(seen, y, 5 * np.random.default_rng(number).standard_normal(800))
        after = cross_validate(strings, x, spoilt, **arguments)
        np.testing.assert_array_equal(
            values_of(after.models[number]), values_of(before.models[number])
        )
        np.testing.assert_array_equal(after.inner_scores[number], before.inner_scores[number])
        np.testing.assert_array_equal(after.choices[number], before.choices[number])
        other = 3 - number
        assert not np.array_equal(values_of(after.models[other]), values_of(before.models[other]))


def test_a_model_that_memorises_scores_across_a_boundary_but_not_across_a_gap():
    # each 25 bins have a channel of their own, and a level of their own, so that a block's edges
    # can be told from the bins next to them, and nothing else can
    rng = np.random.default_rng(0)
    epoch = np.arange(1000) // 25
    x = np.eye(40)[epoch]
    y = rng.standard_normal(40)[epoch] + 0.1 * rng.standard_normal(1000)
    leaky, tight = (
        cross_validate("wc.40x1-lvl.1", x, y, n_folds=16, gap=gap, method="kfold", metric="r2")
        for gap in (0, 25)
    )
    # blocks of 62 or 63 bins: a share of each is in epochs that begin or end outside
    assert leaky.score - tight.score > 0.3
    assert tight.score < 0
    whole = Model("wc.40x1-lvl.1").fit(x, y, verbose=0)
    assert whole.score(x, y) > 0.99


def test_predictions_of_noise_have_no_score():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((1500, 10)), rng.standard_normal(1500)
    result = cross_validate("fir.10x10-lvl.1", x, y, n_folds=10, shrinkage="none")
    assert result.score_fit > 0.2
    assert abs(result.score) < 3 / np.sqrt(1500)
    # what folds share makes it up to the root of 2 larger than that of a fixed prediction, and
    # Student's t another 5 to 15 %
    assert 1 / np.sqrt(1500) < result.standard_error < 2.2 / np.sqrt(1500)


# ---- the choice among models -----------------------------------------------------------------


@pytest.mark.slow
def test_choosing_is_not_done_by_what_is_held_out():
    # forty models that know nothing: the best of them on all of the data looks as if it did
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((600, 5)), rng.standard_normal(600)
    candidates = []
    for _ in range(40):
        model = Model("wc.5x1")
        model.set_parameter_values({"wc": {"coefficients": rng.standard_normal((5, 1))}})
        model.freeze_layers()
        candidates.append(model)
    leaky = max(model.score(x, y) for model in candidates)
    result = cross_validate(candidates, x, y, n_folds=5, n_inner_folds=3)
    assert leaky > 0.07
    assert result.score < 0.5 * leaky
    assert len(set(result.choices.ravel())) > 1


@pytest.mark.slow
def test_a_penalty_is_chosen_that_helps():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((220, 12))
    y = x @ (0.25 * rng.standard_normal(12)) + rng.standard_normal(220)
    strings = [f"fir.12x10.l2{weight}-lvl.1" for weight in ("e-6", "e-1", "1", "1e3")]
    result = cross_validate(strings, x, y, n_folds=5, metric="mse")
    alone = [cross_validate(string, x, y, n_folds=5, metric="mse") for string in strings]
    scores = [each.score for each in alone]
    # the weakest fits noise, and the strongest predicts the mean
    assert np.argmin(scores) in (1, 2)
    assert set(result.choices.ravel()) <= {1, 2}
    assert result.score < min(scores[0], scores[3])
    assert result.candidates == strings
    for model, choice in zip(result.models, result.choices[:, 0], strict=True):
        assert model.string == strings[choice]
    assert result.inner_scores.shape == (5, 1, 4)
    np.testing.assert_array_equal(result.inner_scores.argmin(axis=2), result.choices)


def test_a_choice_is_the_same_as_by_hand(data):
    x, y = map(ragged, data)
    y = [trial[:, :2] for trial in y]
    strings = ["wc.4x1-fir.1x2x2", "wc.4x2-fir.2x4x2"]
    result = cross_validate(strings, x, y, n_folds=3, n_inner_folds=4, method="kfold")
    fold = result.folds[1]
    kept = sorted(part.trial for part in fold.fit)
    inner = [
        cross_validate(
            string, [x[i] for i in kept], [y[i] for i in kept], n_folds=len(kept), method="kfold"
        )
        for string in strings
    ]
    np.testing.assert_allclose(
        result.inner_scores[1, 0], [each.score.mean() for each in inner], rtol=1e-12
    )
    assert result.choices[1, 0] == np.argmax([each.score.mean() for each in inner])


def test_channels_choose_for_themselves():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((500, 3))
    late = np.roll(x[:, 0], 3)
    y = np.column_stack([x[:, 1], late]) + 0.3 * rng.standard_normal((500, 2))
    result = cross_validate(["fir.3x1", "fir.3x5"], x, y, n_folds=3, n_inner_folds=3)
    assert (result.choices[:, 1] == 1).all()
    assert result.choices.shape == (3, 2) and result.inner_scores.shape == (3, 2, 2)
    assert all(model.string == "fir.3x5" for _, model in result.models)


def test_candidates_without_a_score_are_not_chosen(data):
    x, y = data[0], data[1][:, 0]
    constant = Model("wc.4x1")
    constant.set_parameter_values({"wc": {"coefficients": np.zeros((4, 1))}})
    constant.freeze_layers()
    result = cross_validate([constant, STRING], x, y, n_folds=3, n_inner_folds=2)
    assert (result.choices == 1).all()
    assert np.isnan(result.inner_scores[:, 0, 0]).all()
    assert (cross_validate([constant, constant], x, y, n_folds=2).choices == 0).all()


# ---- scores ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["correlation", "r2", "mse", "nmse", "explained_variance"])
def test_methods_differ_in_the_score_and_not_in_the_fits(data, metric):
    x, y = data[0], data[1][:, 0]
    pooled, kfold = (
        cross_validate(STRING, x, y, n_folds=5, method=method, metric=metric)
        for method in ("pooled", "kfold")
    )
    np.testing.assert_array_equal(pooled.prediction, kfold.prediction)
    np.testing.assert_array_equal(pooled.scores, kfold.scores)
    measure = METRICS[metric]
    assert kfold.score == pytest.approx(kfold.scores.mean(), rel=1e-12)
    for number, fold in enumerate(kfold.folds):
        expected = measure(join([kfold.prediction], fold.test), join([y[:, None]], fold.test))
        assert kfold.scores[number, 0] == pytest.approx(expected, rel=ROUNDING)
    assert pooled.score_fit == kfold.score_fit == pytest.approx(kfold.scores_fit.mean())
    if metric == "correlation":
        expected = pooled_correlation(pooled, x, y)
    elif metric == "mse":
        expected = np.mean((pooled.prediction[:, 0] - y) ** 2)
    else:
        squares, against = 0, 0
        for fold in pooled.folds:
            target, error = join([y], fold.test), join([y - pooled.prediction[:, 0]], fold.test)
            if metric == "explained_variance":
                squares += error.size * np.var(error)
                against += target.size * np.var(target)
            else:
                squares += np.sum(error**2)
                against += np.sum((target - join([y], fold.fit).mean()) ** 2)
        expected = np.sqrt(squares / against) if metric == "nmse" else 1 - squares / against
    assert pooled.score == pytest.approx(expected, rel=ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pooled", "kfold"])
def test_the_standard_error_is_the_spread_over_recordings(method):
    scores, variances = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((500, 3))
        y = x @ [1.0, -0.5, 0.2] + 1.5 * rng.standard_normal(500)
        result = cross_validate("wc.3x1-lvl.1", x, y, n_folds=10, method=method)
        scores.append(result.score)
        # it is wider by Student's t of ten blocks
        variances.append((result.standard_error * norm.ppf(0.975) / student.ppf(0.975, 9)) ** 2)
    # of 60 recordings a variance has a relative error of 18%
    assert np.mean(variances) == pytest.approx(np.var(scores, ddof=1), rel=0.4)
    # what 500 samples allow, to first order
    r = np.mean(scores)
    assert np.mean(variances) == pytest.approx((1 - r**2) ** 2 / 499, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [0.95, 0.0])
def test_where_nothing_can_be_learnt_scores_are_0_but_for_their_errors(memory):
    scores, errors = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((700, 4))
        noise = np.sqrt(1 - memory**2) * rng.standard_normal(1000)
        y = lfilter([1], [1, -memory], noise)[300:]
        result = cross_validate("wc.4x1-lvl.1", x, y, n_folds=10, by="time")
        scores.append(result.score)
        errors.append(result.standard_error)
    spread = np.std(scores, ddof=1)
    assert abs(np.mean(scores)) < 2.5 * spread / np.sqrt(40)
    # errors that took folds for independent would be 30 % too small; 40 recordings tell a spread
    # to 11 %, and t makes them 4 % larger or more
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(1.06 * spread, rel=0.22)
    assert np.mean(np.abs(scores) > 2 * np.array(errors)) < 0.15


def test_what_is_the_same_in_a_whole_fold_is_no_score(data):
    # blocks of the response at different levels: the mean of the others runs against each
    x, y = data[0], data[1][:, 0]
    level = np.repeat([0.0, 9.0, 0.0, 9.0], 200)
    before, after = (cross_validate("lvl.1", x[:, :1], z, n_folds=4) for z in (y, y + level))
    assert np.corrcoef(after.prediction[:, 0], y + level)[0, 1] < -0.5
    assert abs(after.score) < 0.2 and abs(before.score) < 0.2


def test_printing_gives_a_table(data):
    x, y = data
    result = cross_validate(STRING, x, y, n_folds=4, max_iterations=2)
    lines = str(result).splitlines()
    assert lines[:3] == [
        "wc.4x1-fir.1x4-lvl.1",
        "correlation, pooled over 4 folds by time, with gaps of 3 bins",
        "",
    ]
    assert lines[3].split() == ["channel", "test", "se", "fit"]
    for channel in range(3):
        numbers = result.score, result.standard_error, result.score_fit
        cells = [f"{values[channel]:.3f}" for values in numbers]
        assert lines[4 + channel].split() == [str(channel), *cells]
    mean = [f"{result.score.mean():.3f}", f"{result.score_fit.mean():.3f}"]
    assert lines[7].split() == ["mean", *mean]
    assert lines[8:] == ["", "12 of 12 fits did not converge"]
    assert repr(result) == (
        "<CrossValidation of wc.4x1-fir.1x4-lvl.1: 4 folds by time, 3 channels, mean correlation "
        f"{result.score.mean():.3f}>"
    )


def test_printing_shows_what_was_chosen(data):
    x, y = map(ragged, data)
    y = [trial[:, 0] for trial in y]
    result = cross_validate(["wc.4x1-fir.1x4", "wc.4x1", "fir.4x2"], x, y, n_folds=3)
    lines = result.summary().splitlines()
    assert lines[:2] == [
        "wc.4x1-fir.1x4 and 2 others", "correlation, pooled over 3 folds by trials"
    ]  # fmt: skip
    assert lines[4].split()[0] == "0"
    counts = Counter(result.candidates[choice] for choice in result.choices[:, 0])
    shown = [f"chosen {count} of 3 times: {string}" for string, count in counts.most_common()]
    assert lines[5:] == ["", *shown]


def test_many_channels_make_a_short_table():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2))
    y = x @ rng.standard_normal((2, 23)) + rng.standard_normal((200, 23))
    lines = cross_validate("wc.2xR", x, y, n_folds=2).summary().splitlines()
    assert [line.split()[0] for line in lines[4:24]] == [str(n) for n in range(20)]
    assert lines[24].strip() == "(3 more)" and lines[25].split()[0] == "mean"


# ---- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "arguments", "error", "message"),
    [
        ([], {}, ValueError, "the list of models is empty"),
        ([3], {}, TypeError, "give a model by its string or as a Model, not as 3"),
        ("wc.4x", {}, ModelStringError, "wc.4x"),
        ("wc.5x1", {}, ModelStringError, "wc.5x1"),
        (STRING, {"method": "loo"}, ValueError, "'pooled', 'kfold', not 'loo'"),
        (STRING, {"method": "jackknife"}, ValueError, "'jackknife': predictions of folds stitched"),
        (STRING, {"metric": "corelation"}, ValueError, "did you mean 'correlation'"),
        (STRING, {"by": "trials"}, ValueError, "need at least 10 trials; there are 1"),
        (STRING, {"n_folds": 1}, ValueError, "n_folds must be at least 2"),
        (STRING, {"gap": 900}, ValueError, "nothing left to fit"),
        (STRING, {"groups": [1, 2]}, ValueError, "one label for each of the 1 trials"),
        (STRING, {"n_jobs": 0}, ValueError, "n_jobs must be"),
        ([STRING, "fir.4x3.s2"], {}, ValueError, "differ in the sampling rate"),
        ([STRING, STRING], {"n_inner_folds": 1}, ValueError, "n_folds must be at least 2"),
    ],
)  # fmt: skip
def test_faults_are_named_before_any_fit(data, monkeypatch, model, arguments, error, message):
    monkeypatch.setattr(part, "fit_model", lambda *_, **__: pytest.fail("there was a fit"))
    with pytest.raises(error, match=message):
        cross_validate(model, data[0], data[1][:, 0], **arguments)


def test_part_of_what_is_fitted_may_be_held_out_for_early_stopping(data):
    x, y = data[0], data[1][:, 0]
    result = cross_validate(STRING, x, y, n_folds=3, validation=0.2, max_iterations=5)
    assert result.score > 0.5 and np.isfinite(result.prediction).all()
    assert all(model.results.validation_history for model in result.models)


def test_faults_of_the_data_are_named_before_any_fit(data, monkeypatch):
    monkeypatch.setattr(part, "fit_model", lambda *_, **__: pytest.fail("there was a fit"))
    x, y = data[0], data[1][:, 0]
    with pytest.raises(ValueError, match="does not match the input"):
        cross_validate(STRING, x, y[:-1])
    with pytest.raises(ValueError, match="some have one output and some have more"):
        cross_validate([STRING, "wc.4x3"], x, data[1])
    with pytest.raises(ValueError, match="channel 0 of the response has no variance: all samples"):
        cross_validate(STRING, x, 0 * y, n_folds=4)
    with pytest.raises(ValueError, match="must hold at least 2 trials"):
        trials = x.reshape(2, 400, 4), y.reshape(2, 400, 1)
        cross_validate([STRING, "wc.4x1"], *trials, n_folds=2)


def test_a_fault_in_a_fit_says_in_which_fold(data):
    with pytest.raises(ValueError, match="for counts") as caught:
        cross_validate("wc.4x1-sig.1", data[0], data[1] - 10, n_folds=3, loss="poisson")
    assert caught.value.__notes__ == ["in fold 0 of 3, channels [0]"]


@pytest.mark.parametrize("method", ["pooled", "kfold"])
def test_a_channel_that_cannot_be_fitted_costs_itself_alone(data, method):
    x, y = data
    y = y.copy()
    y[:, 1] = 0
    # recorded in one block of time only, and so in one fold
    y[200:, 2] = np.nan
    with pytest.warns(NotFittedWarning) as seen:
        result = cross_validate(STRING, x, y, n_folds=4, method=method)
    silent, brief = sorted(str(each.message) for each in seen)
    assert silent.startswith("channel 1 of the response has no variance: all samples are 0; what")
    assert brief.startswith(
        "fold 0 of 4: channel 2 of the response has 0 samples there that are not"
    )
    alone = cross_validate(STRING, x, y[:, 0], n_folds=4, method=method)
    assert result.score[0] == alone.score and result.standard_error[0] == alone.standard_error
    assert np.isnan(result.score[1:]).all()
    np.testing.assert_array_equal(result.prediction[:, 0], alone.prediction[:, 0])
    assert "5 of 12 fits found nothing to be learnt" in str(result)


@pytest.mark.slow
@pytest.mark.parametrize("string", ["wc.4xR-lvl.R", "wc.4x2-fir.2x3xR-dexp.R"])
def test_one_model_of_all_channels_goes_on_without_a_silent_one(data, string):
    x, y = data[0], data[1][:, :2]
    more = np.insert(y, 1, 0, axis=1)
    heard = [0, 2]
    with pytest.warns(NotFittedWarning, match="channel 1 of the response has no variance"):
        model = fit(string, x, more, verbose=0)
    alone = fit(string, x, y, verbose=0)
    assert model.results.silent == (1,) and not model.results.is_failed
    assert model.results.loss == pytest.approx(alone.results.loss, rel=1e-4)
    assert np.isnan(model.predict(x)[:, 1]).all() and np.isnan(model.score(x, more)[1])
    np.testing.assert_allclose(model.score(x, more)[heard], alone.score(x, y), atol=1e-4)
    assert type(model.results).from_dict(model.results.to_dict()) == model.results
    with pytest.warns(NotFittedWarning, match="channel 1 of the response has no variance: all"):
        result = cross_validate(string, x, more, n_folds=4)
    among = cross_validate(string, x, y, n_folds=4)
    np.testing.assert_allclose(result.score[heard], among.score, atol=1e-3)
    assert np.isnan(result.score[1]) and np.isnan(result.prediction[:, 1]).all()
    with pytest.raises(ValueError, match="has no variance"):
        fit(string, x, 0 * y, verbose=0)
    with pytest.raises(ValueError, match="has no variance"):
        cross_validate(string, x, 0 * y)


def test_a_fold_that_cannot_be_fitted_is_left_out(data):
    x, y = data[0], data[1][:, 0].copy()
    y[200:] = 0
    with pytest.warns(NotFittedWarning, match="fold 0 of 4: channel 0"):
        result = cross_validate(STRING, x, y, n_folds=4, method="kfold")
    assert np.isnan(result.prediction[:200]).all() and np.isfinite(result.prediction[200:]).all()
    assert result.models[0].results.is_failed and result.models[1].results.converged
