"""Noise ceiling and metrics that allow for noise: formulas, known answers, undefined values."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nems_dsl.metrics import (
    correlation,
    noise_ceiling,
    noise_corrected_correlation,
    noise_power,
    normalized_correlation,
    signal_power,
    signal_power_explained,
)
from nems_dsl.metrics.halves import _compare, _compare_complete, half_ceiling, half_splits
from tests.metrics.simulated import assert_unbiased, simulate

# A ratio of two estimates is biased by about the square of its spread: at 3,000 bins that is 1e-4
# and below, a tenth of the standard error of the mean of 40 runs.
SEEDS, N_BINS = range(40), 3000


def predict(signal, r, seed):
    """Give a series that correlates with the signal by r exactly, and varies as much."""
    other = np.random.default_rng((seed, 1)).standard_normal(signal.size)
    other -= other.mean()
    other -= (other @ signal) / (signal @ signal) * signal
    return r * signal + math.sqrt(1 - r**2) * other * (signal.std() / other.std())


def test_formulas_where_nothing_is_missing():
    signal, repeats = simulate(300, 9, seed=0, noise=4.0)
    prediction = predict(signal, 0.7, seed=0) + 3.0
    mean, power = repeats.mean(axis=1), signal_power(repeats)
    ceiling = noise_ceiling(repeats)
    assert ceiling == pytest.approx(math.sqrt(power / mean.var()), rel=1e-12)
    assert ceiling == pytest.approx(
        math.sqrt(power / (power + noise_power(repeats) / 9)), rel=1e-12
    )
    covariance = np.cov(prediction, mean, ddof=0)[0, 1]
    norm = normalized_correlation(prediction, repeats)
    assert norm == pytest.approx(covariance / math.sqrt(prediction.var() * power), rel=1e-11)
    assert norm == pytest.approx(correlation(prediction, mean) / ceiling, rel=1e-12)
    explained = (2 * covariance - prediction.var()) / power
    assert signal_power_explained(prediction, repeats) == pytest.approx(explained, rel=1e-11)
    each = [one.var() - (one - prediction).var() for one in repeats.T]
    assert explained == pytest.approx(np.mean(each) / power, rel=1e-11)


@pytest.mark.parametrize("n_repeats", [2, 4, 6])
def test_halves_by_a_loop_over_all_splits(n_repeats):
    signal, repeats = simulate(200, n_repeats, seed=3)
    r = []
    for half in combinations(range(n_repeats), n_repeats // 2):
        other = [i for i in range(n_repeats) if i not in half]
        one, two = repeats[:, list(half)].mean(axis=1), repeats[:, other].mean(axis=1)
        r.append(np.corrcoef(one, two)[0, 1])
    ceiling = math.sqrt(2 / (1 + math.sqrt(1 / np.mean(r) ** 2)))
    expected = np.corrcoef(signal, repeats.mean(axis=1))[0, 1] / ceiling
    got = noise_corrected_correlation(signal, repeats, n_splits=20)
    assert got == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("n_repeats", [2, 3, 4, 5, 6, 7])
def test_every_split_comes_once(n_repeats):
    half = n_repeats // 2
    first, second = half_splits(n_repeats, 1000, seed=0)
    assert (first.sum(axis=1) == half).all() and (second.sum(axis=1) == half).all()
    assert not (first * second).any()
    pairs = {frozenset((tuple(a), tuple(b))) for a, b in zip(first, second, strict=True)}
    expected = math.comb(n_repeats, half) * math.comb(n_repeats - half, half) // 2
    assert len(pairs) == len(first) == expected


def test_splits_are_drawn_by_the_seed():
    first, second = half_splits(21, 50, seed=0)
    assert first.shape == second.shape == (50, 21)
    assert (first.sum(axis=1) == 10).all() and (second.sum(axis=1) == 10).all()
    assert not (first * second).any()
    assert (first + second).sum(axis=0).min() > 30
    signal, repeats = simulate(100, 21, seed=0, noise=9.0)
    one, again, other = (
        noise_corrected_correlation(signal, repeats, n_splits=50, seed=seed) for seed in (0, 0, 1)
    )
    assert one == again != other
    assert one == pytest.approx(other, abs=0.05)


@pytest.mark.parametrize("size", [1, 150, 1000])
def test_splits_go_in_blocks(size, monkeypatch):
    repeats = simulate(100, 6, seed=0, noise=4.0, present=0.8)[1].T
    repeats = repeats[:, np.count_nonzero(~np.isnan(repeats), axis=0) >= 2]
    whole = half_ceiling(repeats, 20, seed=0)
    monkeypatch.setattr("nems_dsl.metrics.halves._BLOCK", size)
    assert half_ceiling(repeats, 20, seed=0) == pytest.approx(whole, rel=1e-13)


@pytest.mark.parametrize("present", [1.0, 0.6])
@pytest.mark.parametrize(("n_repeats", "noise"), [(4, 1.0), (5, 4.0), (12, 9.0)])
def test_the_ceiling_is_the_correlation_of_the_signal_itself(n_repeats, noise, present):
    # the difference in each run, so that the truth need not be known where values are missing
    difference = []
    for seed in SEEDS:
        signal, repeats = simulate(N_BINS, n_repeats, seed, noise=noise, present=present)
        kept = np.count_nonzero(~np.isnan(repeats), axis=1) >= 2
        mean = np.nanmean(repeats[kept], axis=1)
        difference.append(noise_ceiling(repeats) - correlation(signal[kept], mean))
    assert_unbiased(difference, 0.0)


@pytest.mark.parametrize("present", [1.0, 0.6])
@pytest.mark.parametrize(("n_repeats", "noise"), [(4, 1.0), (5, 4.0), (12, 9.0)])
@pytest.mark.parametrize("metric", [normalized_correlation, noise_corrected_correlation])
def test_the_corrected_correlation_is_that_with_the_signal(metric, n_repeats, noise, present):
    options = {"n_splits": 30} if metric is noise_corrected_correlation else {}
    values = []
    for seed in SEEDS:
        signal, repeats = simulate(N_BINS, n_repeats, seed, noise=noise, present=present)
        prediction = predict(signal, 0.6, seed)
        kept = np.count_nonzero(~np.isnan(repeats), axis=1) >= 2
        truth = correlation(prediction[kept], signal[kept])
        values.append(metric(5 * prediction - 2, repeats, **options) - truth)
        assert correlation(prediction[kept], np.nanmean(repeats[kept], axis=1)) < truth
    assert_unbiased(values, 0.0)


@pytest.mark.parametrize("present", [1.0, 0.6])
@pytest.mark.parametrize("gain", [0.0, 0.5, 1.0, 2.5])
def test_signal_power_explained_by_a_wrong_gain(gain, present):
    values = []
    for seed in SEEDS:
        signal, repeats = simulate(N_BINS, 6, seed, noise=4.0, present=present)
        values.append(signal_power_explained(gain * signal + 1.0, repeats))
    if gain == 0.0:
        np.testing.assert_allclose(values, 0.0, atol=1e-12)
    else:
        assert_unbiased(values, 1 - (1 - gain) ** 2)


def test_a_perfect_response():
    signal = np.random.default_rng(0).standard_normal(200)
    same = np.tile(signal[:, np.newaxis], 5)
    assert noise_ceiling(same) == pytest.approx(1.0, rel=1e-12)
    for metric in (normalized_correlation, noise_corrected_correlation):
        assert metric(3 * signal + 1, same) == pytest.approx(1.0, rel=1e-12)
        assert metric(-signal, same) == pytest.approx(-1.0, rel=1e-12)
    assert signal_power_explained(signal, same) == pytest.approx(1.0, rel=1e-12)


def test_no_signal_is_nan():
    negative = 0
    for seed in range(30):
        _, repeats = simulate(100, 4, seed, signal=0.0)
        prediction = np.random.default_rng(seed).standard_normal(100)
        values = [
            noise_ceiling(repeats),
            normalized_correlation(prediction, repeats),
            signal_power_explained(prediction, repeats),
        ]
        if signal_power(repeats) > 0:
            assert np.isfinite(values).all()
        else:
            negative += 1
            assert np.isnan(values).all()
    # about half of them
    assert 5 < negative < 25


@pytest.mark.parametrize("unit", [1.0, 0.1, 1 / 3, 7e-5])
def test_what_rounding_leaves_of_no_signal_is_nan(unit):
    # the two repeats have no covariance; nor have they where the bin that one lacks is left out
    repeats = unit * np.array([[0.0, 2.0], [3.0, 1.0], [3.0, 3.0]])
    prediction = np.array([0.0, 1.0, 3.0])
    for form in (repeats, np.vstack([repeats, [5.0, np.nan]])):
        assert signal_power(form) == 0.0
        assert math.isnan(noise_ceiling(form))
        rate = np.resize(prediction, len(form))
        assert math.isnan(normalized_correlation(rate, form))
        assert math.isnan(signal_power_explained(rate, form))
    # and with a third repeat, constant, of which half is missing
    third = np.repeat([unit, np.nan], 3)
    repeats = np.column_stack([np.tile(repeats, (2, 1)), third])
    assert signal_power(repeats) == 0.0 < noise_power(repeats)
    assert math.isnan(noise_ceiling(repeats))


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_a_silent_unit_is_nan(level):
    repeats = np.full((50, 6), level)
    prediction = np.arange(50.0)
    some = np.where(np.random.default_rng(0).random(repeats.shape) < 0.3, np.nan, repeats)
    assert math.isnan(noise_ceiling(repeats)) and math.isnan(noise_ceiling(some))
    for metric in (normalized_correlation, noise_corrected_correlation, signal_power_explained):
        assert math.isnan(metric(prediction, repeats))
        assert math.isnan(metric(prediction, some))
        assert math.isnan(metric(prediction, np.full((50, 6), np.nan)))
        assert math.isnan(metric(np.full(50, np.nan), repeats))


def test_a_constant_prediction():
    _, repeats = simulate(50, 6, seed=0)
    constant = np.full(50, 0.3)
    assert math.isnan(normalized_correlation(constant, repeats))
    assert math.isnan(noise_corrected_correlation(constant, repeats))
    assert signal_power_explained(constant, repeats) == pytest.approx(0.0, abs=1e-12)


def test_a_half_without_spikes_agrees_with_nothing():
    repeats = np.zeros((40, 4))
    repeats[:10, 0] = repeats[:10, 1] = 1.0
    prediction = repeats.mean(axis=1)
    # of three splits one has all spikes in one half; the others have the same response in both
    ceiling = math.sqrt(2 / (1 + 1 / (2 / 3)))
    assert noise_corrected_correlation(prediction, repeats) == pytest.approx(1 / ceiling)


@pytest.mark.parametrize("unit", [1.0, 0.1, 1 / 3])
@pytest.mark.parametrize("n_bins", [37, 49, 80])
def test_two_constant_halves_agree_in_nothing(n_bins, unit):
    # repeats 0 and 1 have one spike a bin between them, and so have 2 and 3
    one, two = (np.random.default_rng(0).random((2, n_bins)) < 0.4).astype(float)
    repeats = unit * np.stack([one, 1 - one, two, 1 - two])
    first, second = (
        np.array([[1.0, 1, 0, 0], [1, 0, 0, 1]]),
        np.array([[0, 0, 1.0, 1], [0, 1, 1, 0]]),
    )
    for compare in (_compare, _compare_complete):
        r, inverse = compare(repeats, first, second)
        assert r[0] == 0.0 and r[1] == pytest.approx(-1.0)
        np.testing.assert_allclose(inverse, 0.5)


@pytest.mark.parametrize("n_repeats", [2, 5, 8])
def test_halves_agree_with_those_where_values_are_missing(n_repeats):
    repeats = simulate(300, n_repeats, seed=0, noise=3.0)[1].T
    splits = half_splits(n_repeats, 50, seed=0)
    np.testing.assert_allclose(
        _compare_complete(repeats, *splits), _compare(repeats, *splits), rtol=1e-10
    )


def test_halves_without_a_common_bin_are_no_split():
    repeats = simulate(80, 4, seed=0, noise=0.5)[1]
    repeats[:40, 2:] = np.nan
    repeats[40:, :2] = np.nan
    # 0 and 1 never meet 2 and 3; in the other two splits each half has one value for each bin
    one = np.concatenate([repeats[:40, 0], repeats[40:, 2]])
    two = np.concatenate([repeats[:40, 1], repeats[40:, 3]])
    crossed = np.concatenate([repeats[:40, 0], repeats[40:, 3]])
    other = np.concatenate([repeats[:40, 1], repeats[40:, 2]])
    r = (correlation(one, two) + correlation(crossed, other)) / 2
    assert half_ceiling(repeats.T, 3, seed=0) == pytest.approx(math.sqrt(2 / (1 + 1 / r)))


@pytest.mark.parametrize("level", [0.1, 0.7, 1 / 3])
def test_a_constant_with_holes_has_no_ceiling(level):
    for seed in range(20):
        repeats = np.full((7, 60), level)
        repeats[np.random.default_rng(seed).random(repeats.shape) < 0.3] = np.nan
        repeats = repeats[:, np.count_nonzero(~np.isnan(repeats), axis=0) >= 2]
        assert math.isnan(half_ceiling(repeats, 70, seed=0))


def test_at_least_one_split():
    with pytest.raises(ValueError, match=r"^n_splits must be 1 or more, got 0$"):
        noise_corrected_correlation(np.zeros(5), np.zeros((5, 3)), n_splits=0)


values = st.one_of(st.integers(0, 3).map(float), st.just(math.nan))


@given(arrays(np.float64, st.tuples(st.integers(5, 12), st.integers(2, 5)), elements=values))
@settings(deadline=None, max_examples=200)
def test_whatever_the_data_a_ceiling_is_from_0_to_1(repeats):
    ceiling = noise_ceiling(repeats)
    assert math.isnan(ceiling) or 0 < ceiling <= 1
    assert math.isnan(noise_power(repeats)) or noise_power(repeats) >= 0
    prediction = np.arange(float(len(repeats)))
    for metric in (normalized_correlation, noise_corrected_correlation, signal_power_explained):
        value = metric(prediction, repeats)
        assert math.isnan(value) or math.isfinite(value)
