"""Scores of what is held out, and their errors, against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from nems_dsl.metrics import METRICS, get_metric
from nems_dsl.studies.held_out import (
    ERRORS,
    HeldOut,
    find_errors,
    find_variances,
    score_each,
    score_folds,
)
from nems_dsl.studies.part import score_channels
from nems_dsl.studies.pooled import MEASURES, mean_of, spread


def of_one_model(prediction, target, mean=None):
    """Give folds that are all predicted by one model, fixed beforehand: folds share nothing."""
    n, width = len(target), spread(np.concatenate(prediction), np.concatenate(target))
    mean = np.zeros(target[0].shape[1]) if mean is None else mean
    return [
        HeldOut(
            y,
            [p if k == own else np.full_like(p, np.nan) for k in range(n)],
            [width if k == own else np.full_like(width, np.nan) for k in range(n)],
            mean,
            own,
        )
        for own, (p, y) in enumerate(zip(prediction, target, strict=True))
    ]


def noisy(rng, n, n_parts, r):
    """Give white signals with correlation `r` in parts of unequal length."""
    target = rng.standard_normal(n)
    prediction = r * target + np.sqrt(1 - r**2) * rng.standard_normal(n)
    cuts = np.sort(rng.choice(np.arange(20, n - 20, 10), n_parts - 1, replace=False))
    return np.split(prediction[:, None], cuts), np.split(target[:, None], cuts)


def test_there_is_a_measure_for_each_metric():
    assert list(MEASURES) == list(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_of_one_fold_a_pooled_score_is_the_metric(name):
    rng = np.random.default_rng(0)
    target = rng.poisson(2.0, (300, 2)).astype(float)
    prediction = 0.5 * target + rng.random((300, 2)) + 0.1
    target[::7, 1] = np.nan
    folds = of_one_model([prediction], [target], mean_of(target))
    expected = score_channels(get_metric(name), prediction, target)
    np.testing.assert_allclose(score_folds(name, "pooled", folds), expected, rtol=1e-10)


@pytest.mark.parametrize("name", ["mse", "poisson_log_likelihood", "bits_per_spike"])
def test_what_needs_no_mean_is_the_metric_of_all_folds_together(name):
    rng = np.random.default_rng(1)
    target = list(rng.poisson(2.0, (4, 50, 1)).astype(float))
    prediction = [0.5 * y + rng.random(y.shape) + 0.1 for y in target]
    found = score_folds(name, "pooled", of_one_model(prediction, target))
    expected = get_metric(name)(np.concatenate(prediction), np.concatenate(target))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("name", "expected"), [("r2", 0), ("nmse", 1), ("explained_variance", 0), ("correlation", None)]
)
def test_what_predicts_the_mean_of_its_data_has_the_score_of_knowing_nothing(name, expected):
    rng = np.random.default_rng(2)
    target = [rng.standard_normal((60, 1)) + level for level in (0, 3, -2, 5)]
    folds = []
    for own, y in enumerate(target):
        rest = np.concatenate(target[:own] + target[own + 1 :]).mean(axis=0)
        folds.append(HeldOut(y, [np.full_like(y, rest[0])], [np.zeros(1)], rest))
    (found,) = score_folds(name, "pooled", folds)
    if expected is None:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(expected, abs=1e-12)


def test_neither_means_nor_gains_of_folds_make_a_correlation():
    rng = np.random.default_rng(3)
    target = list(rng.standard_normal((5, 80, 1)))
    prediction = [y + rng.standard_normal(y.shape) for y in target]
    plain = [
        HeldOut(y, [p], [np.ones(1)], np.zeros(1)) for p, y in zip(prediction, target, strict=True)
    ]
    moved = [
        HeldOut(y + 7 * n, [gain * p - 30 * n], [np.full(1, gain)], np.zeros(1))
        for n, (p, y, gain) in enumerate(zip(prediction, target, (1, 9, 0.1, 3, 2), strict=True))
    ]
    np.testing.assert_allclose(
        score_folds("correlation", "pooled", moved), score_folds("correlation", "pooled", plain)
    )


def test_a_loud_part_of_a_fold_counts_for_more_than_a_quiet_one():
    # each half of a fold is right about one thing: the sign of the loud half decides
    rng = np.random.default_rng(4)
    target = [rng.standard_normal((80, 1)) * size for size in (5.0, 0.2)]
    folds = of_one_model([target[0], -target[1]], target)
    (found,) = score_folds("correlation", "pooled", folds)
    assert found > 0.9
    assert score_folds("correlation", "kfold", folds)[0] == pytest.approx(0)


def test_a_model_that_has_learnt_nothing_counts_as_no_correlation():
    rng = np.random.default_rng(5)
    target = list(rng.standard_normal((4, 5000, 1)))
    good = [HeldOut(y, [y], [np.ones(1)], np.zeros(1)) for y in target]
    dull = [HeldOut(y, [0 * y + 3], [np.zeros(1)], np.zeros(1)) for y in target]
    assert score_folds("correlation", "pooled", good)[0] == pytest.approx(1)
    half = score_folds("correlation", "pooled", [*good[:2], *dull[2:]])[0]
    assert half == pytest.approx(0.5, abs=0.02)
    assert np.isnan(score_folds("correlation", "pooled", dull)[0])


# ---- errors ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "r"),
    [
        ("correlation", 0.2),
        ("correlation", 0.7),
        ("nmse", 0.7),
        ("explained_variance", 0.2),
        *(pytest.param(name, 0.2, marks=pytest.mark.slow) for name in ("r2", "mse", "nmse")),
        *(pytest.param(name, 0.7, marks=pytest.mark.slow) for name in ("r2", "mse")),
    ],
)
def test_the_error_is_the_spread_of_scores_over_data_sets(name, r):
    rng = np.random.default_rng(3)
    n, n_sets = 600, 250
    scores, variances = [], []
    for _ in range(n_sets):
        folds = of_one_model(*noisy(rng, n, 10, r))
        scores.append(score_folds(name, "pooled", folds)[0])
        variances.append(find_variances(name, "pooled", folds)[0][0])
    # a variance from 250 sets has a relative error of sqrt(2 / 249), 9%; theirs adds 3%
    assert np.mean(variances) == pytest.approx(np.var(scores, ddof=1), rel=0.25)
    if name == "correlation":
        # of a correlation of white normal signals, to first order
        assert np.mean(variances) == pytest.approx((1 - r**2) ** 2 / (n - 1), rel=0.15)


@pytest.mark.parametrize("name", ["mse", pytest.param("correlation", marks=pytest.mark.slow)])
def test_the_error_over_folds_is_the_spread_of_mean_scores(name):
    rng = np.random.default_rng(4)
    scores, variances = [], []
    for _ in range(250):
        target = rng.standard_normal((10, 60, 1))
        folds = of_one_model(list(0.5 * target + rng.standard_normal((10, 60, 1))), list(target))
        scores.append(score_folds(name, "kfold", folds)[0])
        variances.append(find_variances(name, "kfold", folds)[0][0])
    assert np.mean(variances) == pytest.approx(np.var(scores, ddof=1), rel=0.25)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "n_folds", "n_inputs"),
    [
        ("pooled", 5, 8),
        ("pooled", 10, 8),
        ("kfold", 5, 8),
        *(pytest.param("pooled", n, 8, marks=pytest.mark.slow) for n in (2, 3, 4)),
        *(pytest.param("kfold", n, 8, marks=pytest.mark.slow) for n in (4, 10)),
        # half as many parameters as samples
        pytest.param("pooled", 10, 90, marks=pytest.mark.slow),
    ],
)
def test_errors_count_what_fits_share_where_nothing_is_learnt(method, n_folds, n_inputs):
    # least squares on regressors that say nothing: each model knows all folds but its own
    rng = np.random.default_rng(6)
    n = 60 if n_inputs == 8 else 20
    scores, variances, fixed = [], [], []
    for _ in range(150):
        x = rng.standard_normal((n_folds, n, n_inputs))
        y = rng.standard_normal((n_folds, n, 1))
        weights = [
            np.linalg.lstsq(
                np.delete(x, k, axis=0).reshape(-1, n_inputs),
                np.delete(y, k, axis=0).reshape(-1, 1),
                rcond=None,
            )[0]
            for k in range(n_folds)
        ]
        scales = [
            spread(
                np.delete(x, k, axis=0).reshape(-1, n_inputs) @ w,
                np.delete(y, k, axis=0).reshape(-1, 1),
            )
            for k, w in enumerate(weights)
        ]
        folds = [
            HeldOut(y[k], [x[k] @ w for w in weights], scales, np.zeros(1), k)
            for k in range(n_folds)
        ]
        alone = of_one_model([x[k] @ w for k, w in enumerate(weights)], list(y))
        scores.append(score_folds("correlation", method, folds)[0])
        variances.append(find_variances("correlation", method, folds)[0])
        fixed.append(find_variances("correlation", method, alone)[0])
    truth = np.var(scores, ddof=1)
    assert abs(np.mean(scores)) < 3 * np.sqrt(truth / 150)
    if n_folds > 3:
        assert np.mean(fixed) < 0.72 * truth
    # a variance from 150 sets has a relative error of 12 %
    assert np.mean(variances) == pytest.approx(truth, rel=0.3)


def test_two_errors_are_wider_for_few_blocks_as_students_t_is():
    rng = np.random.default_rng(7)
    for n_folds, n_blocks in ((2, 10), (5, 10), (20, 20)):
        target = list(rng.standard_normal((n_folds, 50, 1)))
        folds = of_one_model([y + rng.standard_normal(y.shape) for y in target], target)
        variance, freedom = find_variances("correlation", "pooled", folds)
        assert freedom == pytest.approx(n_blocks - 1)
        wider = student.ppf(0.975, n_blocks - 1) / norm.ppf(0.975)
        found = find_errors("correlation", "pooled", folds)
        np.testing.assert_allclose(found, wider * np.sqrt(variance), rtol=1e-12)


def test_channels_and_folds_that_hold_nothing_do_not_count():
    rng = np.random.default_rng(5)
    target = [rng.standard_normal((40, 1)) for _ in range(4)]
    prediction = [part + rng.standard_normal(part.shape) for part in target]
    nothing = np.full((40, 1), np.nan)
    for method in ("pooled", "kfold"):
        few = of_one_model(prediction, target)
        more = of_one_model([*prediction, np.zeros((40, 1))], [*target, nothing])
        for of in (score_folds, find_errors):
            np.testing.assert_allclose(
                of("correlation", method, more), of("correlation", method, few), rtol=1e-9
            )
    silent = of_one_model([*prediction, target[0]], [*target, np.zeros((40, 1))])
    scores = score_each("correlation", silent)
    np.testing.assert_allclose(
        score_folds("correlation", "kfold", silent), [scores[:4].mean()], rtol=1e-12
    )
    # an error has a value there
    scores = score_each("mse", silent)
    assert np.isfinite(scores).all()
    assert score_folds("mse", "kfold", silent)[0] == pytest.approx(scores.mean())


def test_a_constant_prediction_is_not_passed_over():
    rng = np.random.default_rng(6)
    target = list(rng.standard_normal((4, 40, 1)))
    folds = of_one_model([*target[:3], np.zeros((40, 1))], target)
    assert np.isnan(score_folds("correlation", "kfold", folds)[0])
    assert np.isnan(find_errors("correlation", "kfold", folds)[0])
    np.testing.assert_array_equal(score_each("correlation", folds)[:, 0], [1, 1, 1, np.nan])


def test_channels_are_scored_by_themselves():
    rng = np.random.default_rng(7)
    prediction, target = rng.standard_normal((2, 50, 3)) * [1, 10, 100]
    target[::7, 1] = np.nan
    for name in ("correlation", "nmse"):
        metric = get_metric(name)
        found = score_channels(metric, prediction, target)
        assert found.shape == (3,)
        for channel in range(3):
            expected = metric(prediction[:, channel], target[:, channel])
            assert found[channel] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_it_is_known_which_metrics_are_better_low(name):
    target = np.random.default_rng(8).poisson(2.0, 200).astype(float)
    good, bad = 0.9 * target + 0.2, np.roll(target, 1) + 0.2
    assert (METRICS[name](good, target) < METRICS[name](bad, target)) == (name in ERRORS)


@pytest.mark.parametrize("method", ["pooled", "kfold"])
def test_an_infinite_score_has_no_error(method):
    prediction = [np.full((5, 1), value) for value in (1.0, 2.0, 0.0)]
    folds = of_one_model(prediction, [np.eye(5)[:, :1]] * 3)
    assert score_folds("poisson_log_likelihood", method, folds) == [-np.inf]
    assert np.isnan(find_errors("poisson_log_likelihood", method, folds)[0])


def test_a_prediction_that_is_rounding_is_constant():
    prediction = np.column_stack([[0.1 + 0.2, 0.3], [1e8, 1e8 + 1], [np.nan, np.nan]])
    width = spread(prediction, np.zeros((2, 3)))
    assert width[0] == 0 and width[1] == pytest.approx(0.5) and np.isnan(width[2])
    # what is not of the data of a fit does not count
    assert spread(prediction, np.array([[0, np.nan, 0], [0, 1, 0]])).tolist()[1] == 0
