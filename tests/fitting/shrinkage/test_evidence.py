"""Strength and smoothness from the data, against direct formulas and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from nems_dsl import Model
from nems_dsl.data import read_recording
from nems_dsl.fitting.linear.moments import Lags
from nems_dsl.fitting.shrinkage.choice import choose_prior
from nems_dsl.fitting.shrinkage.evidence import best_strengths, independent_shares, spectrum
from nems_dsl.fitting.shrinkage.priors import Smoothness, widths_to_try


def make(seed=0, n=400, n_inputs=20, noise=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n_inputs)) * np.linspace(0.2, 2, n_inputs)
    return x, x @ rng.normal(size=n_inputs) + noise * rng.normal(size=n) * n_inputs**0.5


@pytest.mark.parametrize("noise", [0.3, 1.0, 5.0])
def test_the_evidence_is_the_marginal_likelihood(noise):
    x, y = make(noise=noise)
    x, y = x - x.mean(axis=0), y - y.mean()
    covariance, cross, variance = x.T @ x / len(x), x.T @ y / len(x), y @ y / len(y)
    seen = spectrum(covariance, np.eye(len(covariance)))
    along = cross @ seen.axes
    found = best_strengths(seen, along[None], np.array([variance]), np.array([len(y)]))
    (value,), (highest,) = found
    power = np.trace(covariance) / len(covariance)

    def evidence(strength):
        # y ~ N(0, s^2 (1 + X X' / (n strength power))), at the best s
        square = np.eye(len(y)) + x @ x.T / (len(y) * strength * power)
        s2 = y @ np.linalg.solve(square, y) / len(y)
        return -0.5 * (len(y) * np.log(s2 / variance) + np.linalg.slogdet(square)[1])

    assert highest == pytest.approx(evidence(value), rel=1e-6)
    for factor in (0.5, 0.9, 1.1, 2.0):
        assert evidence(value * factor) < highest


def test_each_output_gets_the_strength_that_it_gets_alone():
    x, y = make()
    rng = np.random.default_rng(1)
    ys = np.stack([y, y + 20 * rng.normal(size=len(y)), np.full(len(y), 3.0), x[:, 0]])
    ys -= ys.mean(axis=1, keepdims=True)
    x = x - x.mean(axis=0)
    seen = spectrum(x.T @ x / len(x), np.eye(20))
    along, variance, counts = ys @ x / len(x) @ seen.axes, ys.var(axis=1), np.full(4, len(y))
    together = best_strengths(seen, along, variance, counts)
    for k in range(4):
        alone = best_strengths(seen, along[k : k + 1], variance[k : k + 1], counts[k : k + 1])
        np.testing.assert_allclose([each[k] for each in together], np.ravel(alone), rtol=1e-9)
    assert together.values[2] == 1 and together.evidence[2] == 0


def test_more_noise_asks_for_more():
    strengths = []
    for noise in (0.3, 1.0, 3.0, 10.0):
        x, y = make(noise=noise)
        fitted = Model("wc.20x1-lvl.1").fit(x, y, verbose=0)
        strengths.append(fitted.results.strengths["wc-lvl"])
        assert fitted.results.edf < 21
    assert strengths == sorted(strengths)


def test_the_share_that_counts_is_that_of_the_variance_of_a_slope():
    """The slope of a slow response on a slow stimulus varies more than white noise says."""
    memory, n, shares, slopes = 0.8, 2000, [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        x, noise = (lfilter([1], [1, -memory], rng.normal(size=n)) for _ in range(2))
        slopes.append(x @ noise / (x @ x))
        residual = noise - slopes[-1] * x
        if seed < 20:
            shares.append(independent_shares([residual[None]], [x[None]])[0])
    white = 1 / n
    known = (1 - memory**2) / (1 + memory**2)
    assert np.mean(shares) == pytest.approx(known, rel=0.15)
    assert np.var(slopes) == pytest.approx(white / np.mean(shares), rel=0.3)


def test_white_noise_counts_in_full():
    rng = np.random.default_rng(0)
    (share,) = independent_shares([rng.normal(size=(1, 3000))], [rng.normal(size=(1, 3000))])
    assert 0.9 < share <= 1


def test_missing_samples_are_no_noise():
    rng = np.random.default_rng(0)
    x = lfilter([1], [1, -0.9], rng.normal(size=4000))
    noise = lfilter([1], [1, -0.9], rng.normal(size=4000))
    some = np.where(rng.random(4000) < 0.5, noise, np.nan)
    whole, half = independent_shares([np.stack([noise, some])], [np.stack([x, x])])
    # of samples that are further apart more count
    assert whole < half < 3 * whole


@pytest.mark.parametrize("widths", [(0, 0), (1, 0), (0, 2), (2, 4)])
def test_precision_and_root_are_those_of_the_covariance(widths):
    prior = Smoothness(*widths)
    covariance = prior.covariance(6, 9)
    np.testing.assert_allclose(prior.precision(6, 9) @ covariance, np.eye(54), atol=1e-8)
    root = prior.root(6, 9)
    # what is next to impossible is left out
    np.testing.assert_allclose(root @ root.T, covariance, atol=0.011)
    np.testing.assert_allclose(np.diag(covariance), 1)


def test_a_smooth_field_is_found_to_be_smooth():
    rng = np.random.default_rng(2)
    kinds = {}
    for name in ("rough", "smooth"):
        x = rng.normal(size=(3000, 8))
        field = np.outer(np.sin(np.arange(8) / 2), np.exp(-((np.arange(15) - 6) ** 2) / 18))
        if name == "rough":
            field = rng.normal(size=field.shape)
        y = sum(np.roll(x, lag, axis=0) @ field[:, lag] for lag in range(15))
        y = (y + 2 * y.std() * rng.normal(size=len(y)))[:, None]
        prior = choose_prior(
            read_recording(x, y), "stim", Lags(14, 0), [y], widths_to_try(8, 15, True, True)
        )
        kinds[name] = prior.kind
    assert kinds["rough"] == "ridge" and "channels and" in kinds["smooth"]


def test_the_fields_are_those_of_ridge():
    x, y = make(n=600)
    recording = read_recording(x, y[:, None])
    prior = choose_prior(recording, "stim", Lags(0, 0), [y[:, None]], [Smoothness()])
    covariance = np.cov(x.T, bias=True)
    power = np.trace(covariance) / 20
    cross = (x - x.mean(axis=0)).T @ (y - y.mean()) / len(y)
    expected = np.linalg.solve(covariance + prior.strengths[0] * power * np.eye(20), cross)
    np.testing.assert_allclose(prior.fields[0], expected, rtol=1e-8)
    effective = np.trace(
        np.linalg.solve(covariance + prior.strengths[0] * power * np.eye(20), covariance)
    )
    assert prior.effective[0] == pytest.approx(effective, rel=1e-8)
