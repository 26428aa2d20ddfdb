"""The floor of the correlation: shifts, known spreads, false alarms, and refusals."""

import math

import numpy as np
import pytest

from nems_dsl.metrics import correlation, r_floor
from nems_dsl.metrics.chance import _draw_shifts, _shifted_correlations


def smooth(n, seed, memory=0.9):
    """Give an autoregressive series; neighbours correlate by `memory`."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(n)
    series = np.empty(n)
    series[0] = noise[0]
    for t in range(1, n):
        series[t] = memory * series[t - 1] + math.sqrt(1 - memory**2) * noise[t]
    return series


def holed(values, seed):
    return np.where(np.random.default_rng(seed).random(values.shape) < 0.1, np.nan, values)


@pytest.mark.parametrize("holes", [False, True])
def test_shifts_by_a_loop(holes):
    lengths = (40, 33, 57)
    ours = [5.0 + 2.0 * smooth(n, n) for n in lengths]
    theirs = [smooth(n, n + 1) - 3.0 for n in lengths]
    if holes:
        ours = [holed(one, i) for i, one in enumerate(ours)]
        theirs = [holed(one, i + 9) for i, one in enumerate(theirs)]
    shifts = _draw_shifts(list(lengths), 50, None, seed=0)
    expected = [
        correlation([np.roll(p, s) for p, s in zip(ours, row, strict=True)], theirs)
        for row in shifts
    ]
    got = _shifted_correlations(ours, theirs, shifts)
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_shifts_without_a_correlation_are_left_out():
    # a prediction of one peak, and a target of which only some bins are known
    ours, theirs = np.full(50, 0.1), np.full(50, np.nan)
    ours[20:23] = 0.3, 0.7, 0.2
    theirs[5:12] = smooth(7, 0)
    r = np.array([correlation(np.roll(ours, s), theirs) for s in range(1, 50)])
    assert 0 < np.isnan(r).sum() < 49
    shifted = _shifted_correlations([ours], [theirs], np.arange(1, 50)[:, np.newaxis])
    np.testing.assert_allclose(shifted, r, atol=1e-12)
    chance = r_floor(ours, theirs, min_shift=1, quantile=1.0)
    assert chance.floor == pytest.approx(np.nanmax(r)) and math.isnan(chance.r)
    assert math.isnan(chance.p_value)


def test_the_summary_is_that_of_the_shifts():
    ours, theirs = smooth(60, 1), smooth(60, 2)
    r = np.array([correlation(np.roll(ours, s), theirs) for s in range(6, 55)])
    chance = r_floor(ours, theirs, quantile=0.9)
    assert chance.n_shifts == 49 and chance.quantile == 0.9
    assert chance.r == pytest.approx(correlation(ours, theirs), rel=1e-12)
    assert chance.floor == pytest.approx(np.quantile(r, 0.9), abs=1e-12)
    assert chance.mean == pytest.approx(r.mean(), abs=1e-12)
    assert chance.sd == pytest.approx(r.std(), abs=1e-12)
    assert chance.p_value == pytest.approx((1 + np.sum(r >= chance.r)) / 50)


def test_shifts_stay_away_from_none():
    shifts = _draw_shifts([100, 40], 5000, None, seed=0)
    assert shifts.shape == (5000, 2)
    assert shifts.min(axis=0).tolist() == [10, 4] and shifts.max(axis=0).tolist() == [90, 36]
    assert _draw_shifts([100], 1000, 7, seed=0)[:, 0].tolist() == list(range(7, 94))
    assert _draw_shifts([100], 87, 7, seed=0)[:, 0].tolist() == list(range(7, 94))
    assert len(_draw_shifts([100], 86, 7, seed=0)) == 86

    late = smooth(500, 0, memory=0.0)
    early = np.roll(late, -3)
    assert r_floor(early, late, quantile=1.0, min_shift=1).floor == pytest.approx(1.0)
    assert r_floor(early, late, quantile=1.0, min_shift=4).floor < 0.3


def test_the_seed_draws():
    ours, theirs = ([smooth(80, s + k) for k in range(3)] for s in (0, 10))
    one, again, other = (r_floor(ours, theirs, seed=seed) for seed in (0, 0, 1))
    assert one == again
    assert one.n_shifts == other.n_shifts == 1000
    assert one.mean != other.mean
    assert one.r == other.r
    # a thousand draws of the same distribution
    assert one.mean == pytest.approx(other.mean, abs=4 * one.sd * math.sqrt(2 / 1000))


def test_trials_are_moved_within_themselves():
    # the loud trial stays loud, and the correlation that this makes is there in every shift
    rng = np.random.default_rng(0)
    ours = [rng.random(50), 100 + rng.random(50)]
    theirs = [rng.random(50), 100 + rng.random(50)]
    chance = r_floor(ours, theirs)
    assert chance.mean == pytest.approx(1.0, abs=1e-3)
    stacked = r_floor(np.stack(ours)[:, :, np.newaxis], np.stack(theirs)[:, :, np.newaxis])
    assert stacked == chance
    assert r_floor(np.concatenate(ours), np.concatenate(theirs)).mean < 0.5


def test_channels_are_on_their_own():
    ours = np.stack([smooth(90, 1), smooth(90, 2)], axis=1)
    theirs = np.stack([smooth(90, 3), smooth(90, 4)], axis=1)
    both = r_floor(ours, theirs)
    for name in ("r", "floor", "mean", "sd", "p_value"):
        value = getattr(both, name)
        assert value.shape == (2,) and value.dtype == np.float64
        for channel in range(2):
            one = getattr(r_floor(ours[:, channel], theirs[:, channel]), name)
            assert type(one) is float
            assert one == pytest.approx(value[channel], rel=1e-12)


@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_the_spread_is_that_of_theory(memory):
    # Bartlett: the variance of r between independent series is (1 + ab) / (1 - ab) / T
    n = 2000
    chances = [r_floor(smooth(n, (s, 0), memory), smooth(n, (s, 1), memory)) for s in range(40)]
    variance = np.array([chance.sd for chance in chances]) ** 2
    expected = (1 + memory**2) / (1 - memory**2) / n
    # a series of finite length has its mean taken off, and its own variance put in: terms of the
    # order of the memory over T
    slack = 2 * (1 + memory) / (1 - memory) / n
    error = variance.std(ddof=1) / math.sqrt(variance.size)
    assert abs(variance.mean() - expected) < 4 * error + slack * expected
    quantile = np.array([chance.floor for chance in chances])
    assert abs(np.mean(quantile / np.sqrt(variance)) - 1.645) < 4 * np.std(
        quantile / np.sqrt(variance)
    ) / math.sqrt(40)


def test_smooth_series_rise_above_the_floor_as_often_as_they_should():
    n_runs, n = 400, 600
    above = naive = 0
    p_values = []
    for seed in range(n_runs):
        chance = r_floor(smooth(n, (seed, 0)), smooth(n, (seed, 1)))
        above += chance.r > chance.floor
        naive += chance.r > 1.645 / math.sqrt(n)
        p_values.append(chance.p_value)
    error = math.sqrt(0.05 * 0.95 / n_runs)
    assert abs(above / n_runs - 0.05) < 4 * error
    assert naive / n_runs > 0.05 + 4 * error
    assert abs(np.mean(p_values) - 0.5) < 4 * math.sqrt(1 / 12 / n_runs)


def test_a_true_prediction_is_far_above_the_floor():
    target = smooth(1000, 0)
    chance = r_floor(prediction=target + smooth(1000, 1), target=target)
    assert chance.floor < 0.4 < 0.6 < chance.r
    assert chance.p_value == 1 / (1 + chance.n_shifts)


def test_equal_correlations_count_as_reached():
    # one spike each: every shift but one has the same correlation
    ours, theirs = np.zeros(50), np.zeros(50)
    ours[10], theirs[30] = 1.0, 3.0
    assert r_floor(ours, theirs, min_shift=1).p_value == 1.0


def test_constant_series_are_nan():
    varying = smooth(50, 0)
    for pair in ((np.full(50, 0.1), varying), (varying, np.full(50, 0.1))):
        chance = r_floor(*pair)
        assert all(map(math.isnan, (chance.r, chance.floor, chance.mean, chance.sd)))
        assert math.isnan(chance.p_value)
    nothing = r_floor(np.full(50, np.nan), varying)
    assert math.isnan(nothing.floor)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantile": 95}, "quantile must be between 0 and 1, got 95"),
        ({"n_shifts": 0}, "n_shifts must be 1 or more, got 0"),
        ({"min_shift": 0}, "min_shift must be 1 or more, got 0"),
        (
            {"min_shift": 26},
            "trial 1 has 50 time bins: too few to be moved by 26 or more either way. Make "
            "min_shift smaller, or leave the trial out",
        ),
    ],
)
def test_refusals(options, message):
    trials = [np.zeros(60), np.zeros(50)]
    with pytest.raises(ValueError) as caught:
        r_floor(trials, trials, **options)
    assert str(caught.value) == message


def test_shapes_are_compared_as_by_the_other_metrics():
    with pytest.raises(ValueError, match=r"^the shapes differ: prediction \(4, 100\)"):
        r_floor(np.zeros((4, 100)), np.zeros((100, 4)))
    with pytest.raises(ValueError, match=r"^target is infinite at time 3, channel 0"):
        r_floor(np.zeros(5), [0.0, 0.0, 0.0, np.inf, 0.0])
