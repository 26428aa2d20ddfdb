"""Poisson likelihood and bits per spike: known answers, limits, and refusals."""

import math

import numpy as np
import pytest
from scipy import stats

from nems_dsl import Model
from nems_dsl.metrics import bits_per_spike, poisson_log_likelihood


def draw(n=500, seed=0):
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.standard_normal(n) - 1)
    return rate, rng.poisson(rate)


def test_the_likelihood_is_that_of_scipy():
    rate, count = draw()
    expected = stats.poisson.logpmf(count, rate)
    assert poisson_log_likelihood(rate, count) == pytest.approx(expected.mean(), rel=1e-12)
    total = poisson_log_likelihood(prediction=rate, target=count, reduction="sum")
    assert total == pytest.approx(expected.sum(), rel=1e-12)


def test_probabilities_of_all_counts_add_up_to_one():
    counts = np.arange(60)
    each = [poisson_log_likelihood([3.7], [count]) for count in counts]
    assert math.fsum(np.exp(each)) == pytest.approx(1.0, rel=1e-12)


def test_bits_are_the_gain_over_the_mean_rate():
    rate, count = draw()
    mean = np.full(count.size, count.mean())
    gain = stats.poisson.logpmf(count, rate).sum() - stats.poisson.logpmf(count, mean).sum()
    expected = gain / count.sum() / math.log(2)
    assert expected > 0.1
    assert bits_per_spike(prediction=rate, target=count) == pytest.approx(expected, rel=1e-10)
    assert bits_per_spike(mean, count) == pytest.approx(0.0, abs=1e-12)


def test_one_of_n_bins_is_worth_log2_n_bits():
    count = np.zeros(32)
    count[5] = 3
    assert bits_per_spike(count, count) == pytest.approx(5.0)


def test_the_mean_rate_is_the_best_constant():
    count = draw()[1]
    best = poisson_log_likelihood(np.full(count.size, count.mean()), count)
    for gain in (0.9, 1.1):
        constant = np.full(count.size, gain * count.mean())
        assert poisson_log_likelihood(constant, count) < best
        assert bits_per_spike(constant, count) < 0


def test_a_mean_over_repeats_counts_as_its_repeats_do():
    # the likelihood is linear in y but for the term that does not depend on the model
    rate, _ = draw()
    counts = np.random.default_rng(1).poisson(rate, size=(4, rate.size))
    repeated = bits_per_spike(np.tile(rate, 4), counts.ravel())
    assert bits_per_spike(rate, counts.mean(axis=0)) == pytest.approx(repeated, rel=1e-12)
    assert poisson_log_likelihood([1.0], [0.5]) == pytest.approx(-1 - math.lgamma(1.5))


@pytest.mark.parametrize("metric", [poisson_log_likelihood, bits_per_spike])
def test_a_rate_of_zero(metric):
    assert math.isfinite(metric([0.0, 1.0], [0, 1]))
    assert metric([0.0, 1.0], [1, 1]) == -math.inf


def test_no_spikes():
    assert poisson_log_likelihood([0.5, 0.25], [0, 0]) == -0.375
    assert math.isnan(bits_per_spike([0.5, 0.25], [0, 0]))


@pytest.mark.parametrize("metric", [poisson_log_likelihood, bits_per_spike])
def test_refusals(metric):
    with pytest.raises(ValueError) as caught:
        metric(np.array([[1.0, 1.0], [1.0, -0.25]]), np.ones((2, 2)))
    assert str(caught.value) == (
        "prediction is -0.25 at time 1, channel 1: a Poisson rate is 0 or more. Let the model end "
        "in a layer that keeps it so, as relu, or choose another metric"
    )
    with pytest.raises(ValueError) as caught:
        metric(np.ones(3), np.array([0.0, 1.0, -1.0]))
    assert str(caught.value) == (
        "target is -1 at time 2, channel 0: spike counts are 0 or more. Pass counts per bin, not "
        "z-scored; for other signals choose another metric"
    )
    # what is left out anyway is not looked at
    assert math.isfinite(metric([-1.0, 1.0, 2.0], [np.nan, 1.0, 3.0]))


def test_reduction_is_checked():
    with pytest.raises(ValueError, match=r"^reduction must be 'mean' or 'sum', got 'total'$"):
        poisson_log_likelihood([1.0], [1.0], reduction="total")


def test_by_name_through_score():
    rng = np.random.default_rng(0)
    model = Model("wc.3x1-relu.1")
    x = rng.random((400, 3))
    rate = model.predict(x)
    y = rng.poisson(rate)
    assert rate.min() >= 0 and y.sum() > 0
    for metric in (poisson_log_likelihood, bits_per_spike):
        found = model.score(x, y, metric=metric.__name__)
        assert found == pytest.approx(metric(rate, y), rel=1e-12)
    explained = model.score(x, y, metric="explained_variance")
    assert explained == pytest.approx(1 - np.var(y - rate) / np.var(y), rel=1e-12)
