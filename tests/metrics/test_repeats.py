"""Forms of repeats, what is left out, and what is refused."""

import math

import numpy as np
import pytest

from nems_dsl.metrics import (
    jackknife,
    noise_ceiling,
    noise_corrected_correlation,
    noise_power,
    normalized_correlation,
    signal_power,
    signal_power_explained,
)
from tests.metrics.simulated import simulate

ALONE = [signal_power, noise_power, noise_ceiling]
PREDICTED = [normalized_correlation, noise_corrected_correlation, signal_power_explained]


def population(n_repeats=6, n_bins=80, n_channels=3, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((n_bins, n_channels))
    prediction = signal + 0.5 * rng.standard_normal(signal.shape)
    return prediction, signal + rng.standard_normal((n_repeats, n_bins, n_channels))


def call(metric, prediction, repeats):
    if metric in ALONE:
        return metric(repeats=repeats)
    return metric(prediction=prediction, repeats=repeats)


every = pytest.mark.parametrize("metric", ALONE + PREDICTED)


@every
def test_forms_agree(metric):
    prediction, repeats = population()
    expected = call(metric, prediction, repeats)
    assert expected.shape == (3,) and expected.dtype == np.float64
    for form in (list(repeats), tuple(repeats), repeats.tolist()):
        np.testing.assert_allclose(call(metric, prediction, form), expected, rtol=1e-12)
    np.testing.assert_allclose(call(metric, prediction.tolist(), repeats), expected, rtol=1e-12)
    for channel in range(3):
        one = repeats[:, :, channel]
        for form in (one.T, one.T.tolist(), list(one), one[:, :, np.newaxis]):
            value = call(metric, prediction[:, channel], form)
            assert type(value) is float
            assert value == pytest.approx(expected[channel], rel=1e-12)


@every
def test_shorter_repeats_are_those_that_end_in_nan(metric):
    prediction, repeats = population()
    ragged = [one[:n] for one, n in zip(repeats, (80, 80, 61, 50, 33, 70), strict=True)]
    for one, short in zip(repeats, ragged, strict=True):
        one[len(short) :] = np.nan
    np.testing.assert_allclose(
        call(metric, prediction, ragged), call(metric, prediction, repeats), rtol=1e-12
    )


@every
def test_a_repeat_or_a_bin_of_nan_is_none(metric):
    prediction, repeats = population()
    expected = call(metric, prediction, repeats)
    more = np.concatenate([repeats, np.full((1, 80, 3), np.nan)])
    np.testing.assert_allclose(call(metric, prediction, more), expected, rtol=1e-12)
    longer = np.concatenate([repeats, np.full((6, 9, 3), np.nan)], axis=1)
    padded = np.concatenate([prediction, np.ones((9, 3))])
    np.testing.assert_allclose(call(metric, padded, longer), expected, rtol=1e-12)
    # one repeat alone tells nothing about the noise
    longer[2, 80:] = 5.0
    np.testing.assert_allclose(call(metric, padded, longer), expected, rtol=1e-12)


@pytest.mark.parametrize("metric", PREDICTED)
def test_nan_in_the_prediction_leaves_the_bin_out(metric):
    prediction, repeats = population()
    expected = metric(prediction[10:], repeats[:, 10:])
    prediction[:10] = np.nan
    np.testing.assert_allclose(metric(prediction, repeats), expected, rtol=1e-12)


@every
def test_integers_are_computed_in_double(metric):
    prediction, repeats = population(n_channels=1)
    counts = np.clip(np.round(60 * repeats + 120), 0, 255).astype(np.uint8)
    expected = call(metric, prediction, counts.astype(float))
    assert call(metric, prediction, counts) == expected


@every
def test_arguments_stay_as_they_are(metric):
    prediction, repeats = population()
    repeats[2, 30:, 1] = np.nan
    before = prediction.copy(), repeats.copy()
    call(metric, prediction, repeats)
    np.testing.assert_array_equal(prediction, before[0])
    np.testing.assert_array_equal(repeats, before[1])


def test_the_order_of_arguments_matters():
    # a prediction of twice the signal explains as much as none; the other way round, all is swapped
    signal, repeats = simulate(500, 2, seed=0, noise=0.01)
    assert signal_power_explained(prediction=2 * signal, repeats=repeats) < 0.1
    assert signal_power_explained(prediction=signal, repeats=2 * repeats) > 0.7


Z = np.zeros


@pytest.mark.parametrize(
    ("repeats", "message"),
    [
        (
            Z((55, 120)),
            "repeats of shape (55, 120) are read as (T, repeats), with more repeats than time "
            "bins. If they are (repeats, T), pass repeats.T; if they are as meant, pass "
            "repeats.T[:, :, np.newaxis], which is (repeats, T, channels)",
        ),
        (
            Z(100),
            "repeats have shape (100,): expected (T, repeats), (repeats, T, channels), or a list "
            "of arrays (T_i, channels)",
        ),
        (
            Z((2, 3, 4, 5)),
            "repeats must have shape (T, channels) or (trials, T, channels), not (2, 3, 4, 5)",
        ),
        (
            Z((100, 1)),
            "repeats have 1 repeat of 100 time bins: signal and noise are told apart by two or "
            "more",
        ),
        (
            [Z((100, 2))],
            "repeats have 1 repeat of 100 time bins: signal and noise are told apart by two or "
            "more",
        ),
        (
            [Z((9, 2)), Z((9, 3))],
            "the trials of repeats differ in channels: [2, 3]",
        ),
        (Z((3, 0, 2)), "repeats has no samples"),
        (
            np.where(np.arange(6).reshape(2, 3, 1) == 4, np.inf, 0.0),
            "repeats: infinite at repeat 1, time 1, channel 0: put NaN where a value is missing",
        ),
        (
            [["a", "b"], ["c", "d"]],
            "repeats must hold real numbers, not <U1: these are text; if it stands for numbers, "
            "pass .astype(float)",
        ),
    ],
)
@pytest.mark.parametrize("metric", ALONE)
def test_repeats_that_are_refused(metric, repeats, message):
    with pytest.raises(ValueError) as caught:
        metric(repeats)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("prediction", "repeats", "message"),
    [
        (
            Z(120),
            Z((55, 120)),
            "prediction has 120 time bins and 1 channel, and each of the 120 repeats 55 and 1 "
            "channel; an array of two axes is (T, repeats): did you mean repeats.T?",
        ),
        (
            Z((700, 2)),
            Z((700, 20, 2)),
            "prediction has 700 time bins and 2 channels, and each of the 700 repeats 20 and 2 "
            "channels; an array of three axes is (repeats, T, channels): "
            "did you mean repeats.swapaxes(0, 1)?",
        ),
        (
            Z(90),
            [Z(80), Z(100)],
            "prediction has 90 time bins and 1 channel, and each of the 2 repeats 100 and 1 "
            "channel; the prediction must be as long as the longest repeat",
        ),
        (
            Z((80, 2)),
            Z((5, 80, 3)),
            "prediction has 80 time bins and 2 channels, and each of the 5 repeats 80 and 3 "
            "channels; the channels must be the same",
        ),
        (
            Z((5, 80, 3)),
            Z((5, 80, 3)),
            "prediction has shape (5, 80, 3): expected (T,) or (T, channels), one prediction for "
            "all the repeats",
        ),
        (
            [Z((80, 3))],
            Z((5, 80, 3)),
            "prediction is a list: pass one array (T, channels), for all the repeats",
        ),
        (
            np.array([0.0, np.inf]),
            Z((2, 2)),
            "prediction: infinite at time 1, channel 0: put NaN where a value is missing",
        ),
    ],
)
@pytest.mark.parametrize("metric", PREDICTED)
def test_a_prediction_that_is_refused(metric, prediction, repeats, message):
    with pytest.raises(ValueError) as caught:
        metric(prediction, repeats)
    assert str(caught.value) == message


def test_more_repeats_than_bins_are_taken_where_the_form_is_told():
    signal, repeats = simulate(10, 30, seed=0)
    as_array = repeats.T[:, :, np.newaxis]
    found = signal_power(list(repeats.T))
    assert found > 0 and found == pytest.approx(signal_power(as_array), rel=1e-12)
    # the length of the prediction tells
    found = normalized_correlation(signal, repeats)
    expected = normalized_correlation(signal, as_array)
    assert found > 0.5 and found == pytest.approx(expected, rel=1e-12)


@every
def test_jackknife_forms(metric):
    prediction, repeats = population()
    repeats[4, :, 1] = np.nan  # a repeat that one channel does not have
    signals = (repeats,) if metric in ALONE else (prediction, repeats)
    value, error = jackknife(metric, *signals)
    np.testing.assert_allclose(value, call(metric, prediction, repeats), rtol=1e-12)
    assert error.shape == (3,) and (error > 0).all()
    for channel in range(3):
        one = repeats[:, :, channel].T
        if channel == 1:
            one = np.delete(one, 4, axis=1)
        signals = (one,) if metric in ALONE else (prediction[:, channel], one)
        alone = jackknife(metric, *signals)
        assert type(alone.value) is type(alone.standard_error) is float
        assert alone.standard_error == pytest.approx(error[channel], rel=1e-9)


def test_jackknife_is_the_standard_error_of_a_mean():
    # for the mean of N values it is their standard deviation over the root of N, exactly
    repeats = simulate(30, 7, seed=0)[1]
    level = jackknife(lambda repeats: float(np.mean(repeats)), repeats).standard_error
    expected = repeats.mean(axis=0).std(ddof=1) / math.sqrt(7)
    assert level == pytest.approx(expected, rel=1e-10)


def test_jackknife_of_too_few():
    repeats = simulate(30, 2, seed=0)[1]
    value, error = jackknife(signal_power, repeats)
    assert value == signal_power(repeats) and math.isnan(error)
    with pytest.raises(TypeError, match=r"^jackknife takes a metric, and repeats or a prediction"):
        jackknife(signal_power)
