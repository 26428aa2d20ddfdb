"""Losses against their formulas, their gradients and curvatures against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.fitting.losses import LOSSES, make_loss

NAMES = sorted(LOSSES)
WEIGHTS = [None, [1.0, 1.0, 1.0], [0.5, 2.0, 3.0], [0.0, 1.0, 4.0]]


def make_data(dtype=float, seed=0, lengths=(40, 23)):
    """Give predictions, positive, and counts with NaN, as (channels, T) blocks."""
    rng = np.random.default_rng(seed)
    predictions = [(0.3 + 2 * rng.random((3, n))).astype(dtype) for n in lengths]
    targets = [rng.poisson(1.5, (3, n)).astype(dtype) for n in lengths]
    targets[0][1, 4:9] = np.nan
    targets[-1][:, -1] = np.nan
    return predictions, targets


def make(name, targets, weights=None):
    weights = None if weights is None else np.array(weights)
    return make_loss(name, [target.T.astype(float) for target in targets], weights)


def evaluate(loss, predictions, targets):
    """Give the loss, and its derivative by each prediction."""
    derivatives = [np.full_like(p, np.nan) for p in predictions]
    total = sum(map(loss.add, predictions, targets, derivatives))
    value, factor = loss.finish(total)
    return value, [factor * d.astype(float) for d in derivatives]


def by_formula(name, predictions, targets, weights):
    p, y = np.concatenate(predictions, 1).astype(float), np.concatenate(targets, 1).astype(float)
    w = np.broadcast_to(np.ones(3) if weights is None else weights, p.T.shape).T
    valid = ~np.isnan(y)
    p, y, w = p[valid], y[valid], w[valid]
    if name == "poisson":
        return np.sum(w * (p - y * np.log(p))) / np.sum(w)
    mse = np.sum(w * (p - y) ** 2) / np.sum(w)
    if name == "mse":
        return mse
    mean = np.sum(w * y) / np.sum(w)
    return np.sqrt(mse / (np.sum(w * (y - mean) ** 2) / np.sum(w)))


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_its_formula(name, weights):
    predictions, targets = make_data()
    loss = make(name, targets, weights)
    value, _ = evaluate(loss, predictions, targets)
    assert value == pytest.approx(by_formula(name, predictions, targets, weights), rel=1e-13)
    counted = np.array([True] * 3 if weights is None else weights) > 0
    assert loss.n_samples == sum(int((~np.isnan(t[counted])).sum()) for t in targets)
    assert loss.is_squared == (name != "poisson")


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_of_central_differences(name, weights):
    predictions, targets = make_data(lengths=(9, 5))
    loss = make(name, targets, weights)
    _, derivatives = evaluate(loss, predictions, targets)
    step = 1e-6
    for block, derivative in zip(predictions, derivatives, strict=True):
        numeric = np.empty_like(derivative)
        for place in np.ndindex(*block.shape):
            block[place] += step
            above, _ = evaluate(loss, predictions, targets)
            block[place] -= 2 * step
            below, _ = evaluate(loss, predictions, targets)
            block[place] += step
            numeric[place] = (above - below) / (2 * step)
        np.testing.assert_allclose(derivative, numeric, rtol=1e-6, atol=1e-9)
    for target, derivative in zip(targets, derivatives, strict=True):
        assert np.all(derivative[np.isnan(target)] == 0)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", ["mse", "nmse"])
def test_the_curvature_of_squares_is_the_change_of_their_gradient(name, weights):
    predictions, targets = make_data()
    loss = make(name, targets, weights)
    low, high = np.empty_like(predictions[0]), np.empty_like(predictions[0])
    loss.add(predictions[0], targets[0], low)
    loss.add(predictions[0] + 0.5, targets[0], high)
    curvature = np.full_like(low, np.nan)
    loss.curvature(predictions[0], targets[0], curvature)
    np.testing.assert_allclose(curvature, (high - low) / 0.5, rtol=1e-12, atol=1e-12)
    # of the square of the nmse it is the Hessian, at twice the loss times the factor
    value, factor = loss.finish(loss.add(predictions[0], targets[0], low))
    scale = factor if name == "mse" else 2 * value * factor
    moved = predictions[0].copy()
    place = (1, 2)
    values = []
    for step in (-1e-3, 0, 1e-3):
        moved[place] = predictions[0][place] + step
        result, _ = loss.finish(loss.add(moved, targets[0], low))
        values.append(result**loss.search_power)
    second = (values[0] - 2 * values[1] + values[2]) / 1e-6
    assert scale * curvature[place] == pytest.approx(second, rel=1e-5)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_curvature_of_poisson_is_what_counts_give_on_average(weights):
    rates, _ = make_data(seed=1, lengths=(50,))
    counts = np.arange(60.0)
    expected = np.zeros_like(rates[0])
    loss = make("poisson", [np.tile([0.0, 1.0], (3, 25))], weights)
    step, slopes = 1e-5, [np.empty_like(rates[0]) for _ in range(2)]
    log_factorial = 0.0
    for count in counts:
        log_factorial += np.log(max(count, 1))
        probability = np.exp(count * np.log(rates[0]) - rates[0] - log_factorial)
        target = np.full_like(rates[0], count)
        for slope, sign in zip(slopes, (-1, 1), strict=True):
            loss.add(rates[0] + sign * step, target, slope)
        expected += probability * (slopes[1] - slopes[0]) / (2 * step)
    curvature = np.empty_like(expected)
    loss.curvature(rates[0], np.ones_like(expected), curvature)
    np.testing.assert_allclose(curvature, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_curvature_where_nothing_was_recorded(name):
    predictions, targets = make_data()
    loss, curvature = make(name, targets), np.full_like(predictions[0], np.nan)
    loss.curvature(predictions[0], targets[0], curvature)
    missing = np.isnan(targets[0])
    assert missing.any() and np.all(curvature[missing] == 0) and np.all(curvature[~missing] > 0)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", NAMES)
def test_single_precision_is_close(name, weights):
    exact, single = [
        evaluate(make(name, targets, weights), predictions, targets)
        for predictions, targets in (make_data(), make_data(np.float32))
    ]
    assert single[0] == pytest.approx(exact[0], rel=1e-6)
    for a, b in zip(exact[1], single[1], strict=True):
        np.testing.assert_allclose(b, a, atol=1e-6 * np.abs(a).max())
    predictions, targets = make_data(np.float32)
    out = np.empty_like(predictions[0])
    make(name, targets, weights).curvature(predictions[0], targets[0], out)
    assert out.dtype == np.float32 and np.all(np.isfinite(out))


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_of_0_leaves_a_channel_out(name):
    predictions, targets = make_data()
    without = [t.copy() for t in targets]
    for target in without:
        target[0] = np.nan
    value, derivatives = evaluate(make(name, targets, [0, 1, 1]), predictions, targets)
    expected, others = evaluate(make(name, without), predictions, without)
    assert value == pytest.approx(expected, rel=1e-14)
    for a, b in zip(derivatives, others, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_ratios_of_weights_matter(name):
    predictions, targets = make_data()
    one = evaluate(make(name, targets, [1, 2, 3]), predictions, targets)
    other = evaluate(make(name, targets, [10, 20, 30]), predictions, targets)
    assert one[0] == pytest.approx(other[0], rel=1e-14)
    np.testing.assert_allclose(one[1][0], other[1][0], rtol=1e-13)


@pytest.mark.parametrize(
    ("rate", "count", "value", "slope"),
    [
        (0.0, 0.0, 0.0, 1.0),
        (2.0, 0.0, 2.0, 1.0),
        (2.0, 3.0, 2 - 3 * np.log(2), -0.5),
        (0.0, 1.0, np.inf, 0.0),
        (-1e-9, 0.0, np.inf, 0.0),
        (-1.0, 2.0, np.inf, 0.0),
        (-1.0, np.nan, 0.0, 0.0),
        (np.nan, 0.0, np.nan, 0.0),
        (np.nan, 1.0, np.nan, 0.0),
    ],
)
def test_rates_that_are_none_make_poisson_infinite(rate, count, value, slope):
    loss = make_loss("poisson", [np.array([[0.0], [1.0]])])
    derivative = np.full((1, 1), np.nan)
    total = loss.add(np.array([[rate]]), np.array([[count]]), derivative)
    np.testing.assert_allclose(total, value)
    assert derivative[0, 0] == slope
    loss.curvature(np.array([[rate]]), np.array([[count]]), derivative)
    assert derivative[0, 0] == (1 / rate if rate > 0 and count == count else 0)


def test_the_best_constant_rate_is_the_mean_count():
    counts = np.array([[0.0, 3.0, 1.0, 4.0, np.nan, 0.0]])
    loss, derivative = make_loss("poisson", [counts.T]), np.empty_like(counts)
    loss.add(np.full_like(counts, np.nanmean(counts)), counts, derivative)
    assert derivative.sum() == pytest.approx(0, abs=1e-14)


def test_poisson_refuses_what_is_no_count():
    target = [np.zeros((4, 2)), np.ones((5, 2))]
    target[1][3, 1] = -0.5
    with pytest.raises(ValueError, match=r"-0\.5 at trial 1, bin 3, channel 1 \(1 such value"):
        make_loss("poisson", target)
    with pytest.raises(ValueError, match=r"-0\.5 at bin 3, channel 1"):
        make_loss("poisson", target[1:])
    # a channel that does not count may hold anything
    assert make_loss("poisson", target, np.array([1.0, 0.0])).n_samples == 9


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="did you mean 'poisson'"):
        make_loss("poison", [np.ones((3, 1))])
