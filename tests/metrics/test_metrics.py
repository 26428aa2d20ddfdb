"""Metrics: reference vectors, known answers, invariances, NaN, trials, and messages."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nems_dsl.metrics import (
    METRICS,
    bits_per_spike,
    correlation,
    explained_variance,
    get_metric,
    mse,
    nmse,
    poisson_log_likelihood,
    r2,
)

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "visible"


def reference_cases():
    path = REFERENCE / "metrics.json"
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip("no reference vectors beside the tree"))]
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=case["id"]) for case in cases]


@pytest.mark.parametrize("case", reference_cases())
def test_reference_vectors(case):
    with np.load(REFERENCE / "metrics.npz") as stored:
        prediction, target = stored[case["prediction_key"]], stored[case["target_key"]]
    value = np.atleast_1d(get_metric(case["metric"])(prediction=prediction, target=target))
    if case["expects_nan"]:
        assert np.all(np.isnan(value)) and value.size == len(case["value"])
    else:
        np.testing.assert_allclose(value, case["value"], **case["tolerance"]["float64"])


def random_pair(shape=(200, 3), seed=0):
    rng = np.random.default_rng(seed)
    target = rng.standard_normal(shape)
    return target + 0.5 * rng.standard_normal(shape), target


def pair_for(metric, shape=(200, 3), seed=0):
    prediction, target = random_pair(shape, seed)
    if metric in (poisson_log_likelihood, bits_per_spike):
        return np.exp(prediction), np.floor(np.exp(target))
    return prediction, target


def test_known_answers():
    prediction, target = [1.0, 3.0, 2.0, 6.0], [1.0, 2.0, 3.0, 4.0]
    assert correlation(prediction, target) == pytest.approx(7 / math.sqrt(5 * 14))
    assert mse(prediction, target) == 1.5
    assert nmse(prediction, target) == pytest.approx(math.sqrt(1.5 / 1.25))
    assert r2(prediction, target) == pytest.approx(1 - 6 / 5)
    assert explained_variance(prediction, target) == pytest.approx(1 - (6 - 4 * 0.25) / 5)


def test_order_of_arguments_matters_where_it_must():
    prediction, target = [1.0, 3.0, 2.0, 6.0], [1.0, 2.0, 3.0, 4.0]
    for metric in (nmse, r2, explained_variance, poisson_log_likelihood, bits_per_spike):
        assert metric(prediction=prediction, target=target) == metric(prediction, target)
        assert metric(prediction, target) != metric(target, prediction)


def test_correlation_agrees_with_numpy():
    prediction, target = random_pair()
    expected = [np.corrcoef(prediction[:, c], target[:, c])[0, 1] for c in range(3)]
    np.testing.assert_allclose(correlation(prediction, target), expected, rtol=1e-13)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("gain", "shift"), [(1.0, 0.0), (0.3, 7.0), (1e-9, 1.0), (1e12, -3.0), (-2.7, 0.1)]
)
def test_linear_prediction_correlates_exactly(gain, shift, seed):
    target = np.random.default_rng(seed).random(200)
    expected = math.copysign(1.0, gain)
    if abs(gain) > 1e-6:
        assert correlation(gain * target + shift, target) == expected
    else:
        # The shift has eaten seven digits of the target.
        assert correlation(gain * target + shift, target) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-305, 1e-160, 1.0, 1e160, 1e300, 1.7e308])
def test_correlation_neither_overflows_nor_underflows(scale):
    prediction, target = random_pair((50,))
    prediction, target = prediction / 5, target / 5
    expected = correlation(prediction, target)
    assert correlation(prediction * scale, target) == pytest.approx(expected, rel=1e-9)


def test_correlation_with_a_large_offset():
    prediction, target = random_pair((1000,))
    prediction, target = np.round(prediction, 2), np.round(target, 2)
    expected = correlation(prediction, target)
    assert correlation(prediction + 1e8, target) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e300])
def test_constant_has_no_correlation(value):
    constant, varying = np.full(1000, value), np.random.default_rng(0).random(1000)
    assert math.isnan(correlation(constant, varying))
    assert math.isnan(correlation(varying, constant))
    assert math.isnan(correlation(constant, constant))
    assert math.isnan(r2(varying, constant))
    assert math.isnan(explained_variance(varying, constant))


def test_constant_target_gives_the_plain_root():
    assert nmse([1.0, 4.0], [0.1, 0.1]) == pytest.approx(math.sqrt((0.81 + 15.21) / 2))


def test_too_few_samples():
    assert math.isnan(correlation([1.0], [2.0]))
    assert math.isnan(r2([1.0], [2.0]))
    assert math.isnan(explained_variance([1.0], [2.0]))
    assert mse([1.0], [2.0]) == 1.0
    nothing = [np.nan, np.nan]
    for metric in METRICS.values():
        assert math.isnan(metric(nothing, [1.0, 2.0]))


@pytest.mark.parametrize(
    "metric", [correlation, r2, explained_variance, poisson_log_likelihood, bits_per_spike]
)
def test_values_per_channel(metric):
    prediction, target = pair_for(metric)
    values = metric(prediction, target)
    assert values.shape == (3,) and values.dtype == np.float64
    for channel in range(3):
        one = metric(prediction[:, channel], target[:, channel])
        assert type(one) is float
        assert one == pytest.approx(values[channel], rel=1e-14)


@pytest.mark.parametrize("metric", [mse, nmse])
def test_values_over_the_whole_array_or_per_channel(metric):
    prediction, target = random_pair()
    whole = metric(prediction, target)
    assert type(whole) is float
    assert whole == pytest.approx(metric(prediction.ravel(), target.ravel()), rel=1e-14)
    values = metric(prediction, target, per_channel=True)
    assert values.shape == (3,)
    assert values[1] == pytest.approx(metric(prediction[:, 1], target[:, 1]), rel=1e-14)
    assert type(metric(prediction[:, :1], target[:, :1], per_channel=True)) is float


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_forms_of_the_data_agree(metric):
    prediction, target = pair_for(metric, (4, 50, 3))
    expected = metric(prediction, target)
    joined = prediction.reshape(200, 3), target.reshape(200, 3)
    ragged = [np.split(a, [10, 120]) for a in joined]
    close(metric(*joined), expected)
    close(metric(*ragged), expected)
    close(metric(tuple(ragged[0]), tuple(ragged[1])), expected)
    close(metric(list(prediction), target), expected)
    close(metric(prediction, list(target)), expected)
    close(metric(joined[0].tolist(), joined[1].tolist()), expected)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_one_channel_may_be_one_dimensional(metric):
    prediction, target = pair_for(metric, (60, 1))
    expected = metric(prediction, target)
    close(metric(prediction[:, 0], target), expected)
    close(metric(prediction, target[:, 0]), expected)
    trials = [prediction[:20, 0], prediction[20:, 0]]
    close(metric(trials, [target[:20], target[20:, 0]]), expected)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_integers_and_single_precision_are_computed_in_double(metric):
    prediction = np.array([1, 2, 4, 250], dtype=np.uint8)
    target = np.array([3, 1, 200, 255], dtype=np.uint8)
    assert metric(prediction, target) == metric(prediction.astype(float), target.astype(float))
    single = prediction.astype(np.float32) / 3
    assert metric(single, target) == metric(single.astype(np.float64), target.astype(float))


series = arrays(
    np.float64, st.integers(3, 30), elements=st.floats(-100, 100, width=32).map(lambda v: round(v))
)


@given(series, st.floats(0.1, 10), st.floats(-100, 100), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_correlation_knows_neither_shift_nor_scale(target, gain, shift, random):
    prediction = np.array([random.uniform(-1, 1) for _ in target]) + target
    r = correlation(prediction, target)
    assert math.isnan(r) or -1.0 <= r <= 1.0
    assert correlation(gain * prediction + shift, target) == pytest.approx(r, abs=1e-9, nan_ok=True)
    assert correlation(prediction, -gain * target + shift) == pytest.approx(
        -r, abs=1e-9, nan_ok=True
    )
    assert correlation(target, prediction) == pytest.approx(r, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_nan_is_the_same_as_deletion(metric, data):
    target = data.draw(series)
    in_target, in_prediction = (
        data.draw(arrays(np.bool_, target.shape)),
        data.draw(arrays(np.bool_, target.shape)),
    )
    keep = ~(in_target | in_prediction)
    assume(keep.any())
    prediction = np.round(np.cos(target), 1)
    if metric in (poisson_log_likelihood, bits_per_spike):
        prediction, target = 1.5 + prediction, np.abs(target)
    expected = metric(prediction[keep], target[keep])
    holed = np.where(in_prediction, np.nan, prediction), np.where(in_target, np.nan, target)
    assert metric(*holed) == pytest.approx(expected, rel=1e-14, nan_ok=True)


def test_nan_of_one_channel_leaves_the_others_alone():
    prediction, target = random_pair()
    before = correlation(prediction, target)
    target[:50, 1] = np.nan
    after = correlation(prediction, target)
    assert after[0] == before[0] and after[2] == before[2]
    expected = correlation(prediction[50:, 1], target[50:, 1])
    assert after[1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_arguments_stay_as_they_are(metric):
    prediction, target = pair_for(metric)
    target[3, 1] = np.nan
    copies = prediction.copy(), target.copy()
    metric(prediction, target)
    np.testing.assert_array_equal(prediction, copies[0])
    np.testing.assert_array_equal(target, copies[1])


def test_explained_variance_knows_no_shift_but_a_gain():
    prediction, target = random_pair((500,))
    assert explained_variance(target + 7.0, target) == pytest.approx(1.0, abs=1e-12)
    assert explained_variance(0.5 * target, target) == pytest.approx(0.75)
    centred = prediction - prediction.mean() + target.mean()
    assert explained_variance(prediction, target) == pytest.approx(r2(centred, target))


Z = np.zeros


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        (
            Z((4, 100)),
            Z((100, 4)),
            "the shapes differ: prediction (4, 100), target (100, 4); time goes first, "
            "(time, channels): did you mean prediction.T? It is (4, 100)",
        ),
        (
            Z(100),
            Z((1, 100)),
            "the shapes differ: prediction (100, 1), target (1, 100); time goes first, "
            "(time, channels): did you mean target.T? It is (1, 100)",
        ),
        (
            Z((100, 4)),
            Z((99, 4)),
            "the shapes differ: prediction (100, 4), target (99, 4); "
            "they must agree in time and channels",
        ),
        (
            Z((300, 3)),
            Z((30, 10, 3)),
            "the shapes differ: prediction (300, 3), target (30, 10, 3); "
            "both must have the same number of axes",
        ),
        (
            [Z((5, 2)), Z((6, 2))],
            [Z((5, 2)), Z((7, 2))],
            "the shapes differ in trial 1: prediction (6, 2), target (7, 2); "
            "they must agree in time and channels",
        ),
        (
            [Z((5, 2)), Z((6, 2))],
            Z((11, 2)),
            "prediction has 2 trials and target has one array of shape (11, 2): "
            "one of each is needed",
        ),
        (
            [Z((5, 2))] * 3,
            [Z((5, 2))] * 2,
            "prediction has 3 trials and target has 2 trials: one of each is needed",
        ),
        (
            [Z((5, 2)), Z((5, 3))],
            [Z((5, 2)), Z((5, 3))],
            "the trials of prediction differ in channels: [2, 3]",
        ),
        (
            np.array([[1.0], [np.inf]]),
            Z((2, 1)),
            "prediction is infinite at time 1, channel 0: put NaN where a value is missing",
        ),
        (
            Z(2),
            np.array([-np.inf, 0]),
            "target is infinite at time 0, channel 0: put NaN where a value is missing",
        ),
        (1.0, Z(2), "prediction is a single number; it must have shape (T,) or (T, channels)"),
        (
            [[1.0, 2.0], [1.0]],
            Z(2),
            "prediction is ragged; give trials of unequal length as a list of arrays, "
            "[np.array(trial) for trial in ...]",
        ),
        (
            Z(2),
            ["a", "b"],
            "target must hold real numbers, not <U1: these are text; if it stands for numbers, "
            "pass .astype(float)",
        ),
        (Z((5, 0)), Z((5, 0)), "prediction has no channels: its shape is (5, 0)"),
    ],
)
@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_messages(metric, prediction, target, message):
    with pytest.raises(ValueError) as caught:
        metric(prediction, target)
    assert str(caught.value) == message


def test_registry():
    names = "correlation nmse mse r2 explained_variance poisson_log_likelihood bits_per_spike"
    assert list(METRICS) == names.split()
    assert get_metric("nmse") is nmse
    with pytest.raises(ValueError) as caught:
        get_metric("nsme")
    assert str(caught.value) == (
        "no metric 'nsme'; there are 'correlation', 'nmse', 'mse', 'r2', 'explained_variance', "
        "'poisson_log_likelihood', 'bits_per_spike'; did you mean 'nmse'?"
    )
    with pytest.raises(ValueError, match=r"^no metric 'q'; there are 'correlation', 'nmse'"):
        get_metric("q")
    with pytest.raises(TypeError):
        METRICS["mine"] = mse
