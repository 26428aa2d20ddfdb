"""Signal and noise power: the formula of the source, known powers, missing values."""

import math

import numpy as np
import pytest

from nems_dsl.metrics import jackknife, noise_power, signal_power
from nems_dsl.metrics.power import _complete, _pairwise, powers
from tests.metrics.simulated import assert_unbiased, simulate

SEEDS = range(300)


def sahani_linden(repeats):
    """Write the formulas of the paper down, for (T, N)."""
    n = repeats.shape[1]
    mean_power = repeats.var(axis=0).mean()
    signal = (n * repeats.mean(axis=1).var() - mean_power) / (n - 1)
    return signal, mean_power - signal


@pytest.mark.parametrize("n_repeats", [2, 3, 20])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_complete_data_give_the_formula_of_the_source(n_repeats, offset):
    repeats = simulate(200, n_repeats, seed=1)[1] + offset
    expected = sahani_linden(repeats - offset)
    np.testing.assert_allclose((signal_power(repeats), noise_power(repeats)), expected, rtol=1e-9)


@pytest.mark.parametrize("n_repeats", [2, 3, 20])
def test_the_formula_for_missing_values_is_the_same_where_none_are(n_repeats):
    repeats = simulate(200, n_repeats, seed=2)[1].T
    missing = np.zeros(repeats.shape, dtype=bool)
    np.testing.assert_allclose(_pairwise(repeats, missing), _complete(repeats), rtol=1e-11)


def test_signal_power_is_the_mean_covariance_of_pairs():
    repeats = simulate(50, 6, seed=3)[1]
    covariance = np.cov(repeats.T, ddof=0)
    pairs = covariance[np.triu_indices(6, 1)]
    assert signal_power(repeats) == pytest.approx(pairs.mean(), rel=1e-11)
    total = signal_power(repeats) + noise_power(repeats)
    assert total == pytest.approx(repeats.var(axis=0).mean(), rel=1e-11)


def test_missing_values_by_a_loop_over_pairs():
    repeats = simulate(40, 5, seed=4, present=0.6)[1]
    repeats = repeats[np.count_nonzero(~np.isnan(repeats), axis=1) >= 2]
    count = np.count_nonzero(~np.isnan(repeats), axis=1)
    shared = different = degrees = 0.0
    for one in range(5):
        for other in range(one):
            both = ~np.isnan(repeats[:, one]) & ~np.isnan(repeats[:, other])
            weight = (2 / (count * (count - 1)))[both]
            a, b = repeats[both, one], repeats[both, other]
            a, b = a - np.average(a, weights=weight), b - np.average(b, weights=weight)
            shared += weight @ (a * b)
            different += weight @ (a - b) ** 2 / 2
            degrees += weight.sum() - (weight**2).sum() / weight.sum()
    scale = (1 - 1 / len(repeats)) / degrees
    assert signal_power(repeats) == pytest.approx(scale * shared, rel=1e-11)
    assert noise_power(repeats) == pytest.approx(scale * different, rel=1e-11)


@pytest.mark.parametrize("present", [1.0, 0.7])
@pytest.mark.parametrize(("signal", "noise"), [(1.0, 0.5), (1.0, 8.0), (0.0, 2.0)])
def test_powers_have_no_bias(signal, noise, present):
    # short repeats, so that a wrong number of degrees of freedom would be seen
    runs = [simulate(20, 5, seed, signal=signal, noise=noise, present=present)[1] for seed in SEEDS]
    # the noise is counted about its mean over the bins, which takes 1/T of it
    n_bins = np.mean([np.sum(np.count_nonzero(~np.isnan(run), axis=1) >= 2) for run in runs])
    assert_unbiased([noise_power(run) for run in runs], noise * (1 - 1 / n_bins))
    if present == 1.0:
        assert_unbiased([signal_power(run) for run in runs], signal)
    else:
        # of the signal, the bins that are left are a sample
        lost = (n_bins - 1) / n_bins * 20 / 19
        assert_unbiased([signal_power(run) for run in runs], signal * lost)


def test_the_bound_would_show_a_bias():
    means = [simulate(20, 5, seed, noise=8.0)[1].mean(axis=1).var() for seed in SEEDS]
    with pytest.raises(AssertionError):
        assert_unbiased(means, 1.0)


def test_ragged_repeats_have_no_bias():
    signal, noise = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        shape = rng.standard_normal(60)
        lengths = (60, 60, 45, 30, 30, 15)
        repeats = [(shape + rng.standard_normal(60))[:n, np.newaxis] for n in lengths]
        signal.append(signal_power(repeats))
        noise.append(noise_power(repeats))
    # here the signal is drawn anew each time, and counts about its mean as the noise does
    assert_unbiased(signal, 1 - 1 / 60)
    assert_unbiased(noise, 1 - 1 / 60)


def test_the_spread_of_the_signal_power_is_that_of_theory():
    # mean of products of independent noise: 4 S n / (N T) + 2 n^2 / (N (N - 1) T)
    n_bins, n_repeats, noise = 400, 8, 2.0
    values = [signal_power(simulate(n_bins, n_repeats, s, noise=noise)[1]) for s in SEEDS]
    expected = 4 * noise / (n_repeats * n_bins)
    expected += 2 * noise**2 / (n_repeats * (n_repeats - 1) * n_bins)
    relative_error = math.sqrt(2 / (len(SEEDS) - 1))
    assert abs(np.var(values, ddof=1) / expected - 1) < 4 * relative_error


@pytest.mark.parametrize("present", [1.0, 0.8])
@pytest.mark.parametrize("power", [signal_power, noise_power])
def test_the_jackknife_gives_the_spread(power, present):
    seeds = range(150)
    runs = [jackknife(power, simulate(200, 8, seed, present=present)[1]) for seed in seeds]
    variance = np.var([run.value for run in runs], ddof=1)
    squared = np.array([run.standard_error for run in runs]) ** 2
    ratio = squared.mean() / variance
    error = ratio * math.sqrt(2 / (len(seeds) - 1) + squared.var() / squared.mean() ** 2 / 150)
    # Efron and Stein: not too small on average; a part of second order, as the product of two
    # noises is, counts at most twice, and N / (N - 2) is for the step from N - 1 repeats to N
    assert 1 - 4 * error < ratio < 2 * 8 / 6 + 4 * error
    if power is signal_power and present == 1.0:
        first, second = 4 / 8, 2 / (8 * 7)
        assert abs(ratio - (first + 2 * second) / (first + second)) < 4 * error


def test_a_constant_added_to_a_repeat_changes_nothing():
    for present in (1.0, 0.7):
        repeats = simulate(80, 5, seed=5, present=present)[1]
        moved = repeats + np.array([0.0, 3.0, -20.0, 7.0, 100.0])
        assert signal_power(moved) == pytest.approx(signal_power(repeats), rel=1e-10)
        assert noise_power(moved) == pytest.approx(noise_power(repeats), rel=1e-10)


def test_units():
    repeats = simulate(80, 5, seed=5, present=0.7)[1]
    assert signal_power(1e3 * repeats) == pytest.approx(1e6 * signal_power(repeats), rel=1e-10)
    assert noise_power(1e3 * repeats) == pytest.approx(1e6 * noise_power(repeats), rel=1e-10)


def test_no_noise_and_no_signal():
    signal = np.random.default_rng(0).standard_normal(100)
    same = np.tile(signal[:, np.newaxis], 6)
    assert signal_power(same) == pytest.approx(signal.var(), rel=1e-12)
    assert noise_power(same) < 1e-30
    constant = np.tile([0.1, 0.7, 1 / 3], (50, 1))
    assert signal_power(constant) == noise_power(constant) == 0.0
    constant[3, 1] = np.nan
    assert signal_power(constant) == noise_power(constant) == 0.0


def test_too_little_is_nan():
    one_bin = np.full((5, 2), np.nan)
    one_bin[2] = 1.0, 2.0
    assert math.isnan(signal_power(one_bin)) and math.isnan(noise_power(one_bin))
    nothing = np.full((5, 2), np.nan)
    assert math.isnan(signal_power(nothing)) and math.isnan(noise_power(nothing))
    # three repeats, of which each pair has one bin in common
    apart = np.array([[1.0, 2.0, np.nan], [np.nan, 1.0, 2.0], [1.0, np.nan, 2.0]])
    assert math.isnan(signal_power(apart)) and math.isnan(noise_power(apart))


def test_the_mean_over_repeats_has_the_signal_and_a_share_of_the_noise():
    repeats = simulate(90, 7, seed=6)[1].T
    one = powers(repeats)
    assert one.inverse_count == pytest.approx(1 / 7)
    assert one.signal + one.noise / 7 == pytest.approx(repeats.mean(axis=0).var(), rel=1e-12)
