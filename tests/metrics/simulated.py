"""Repeats of known signal and noise power, and what a mean over many of them may be off by."""

from __future__ import annotations

import numpy as np


def simulate(n_bins, n_repeats, seed, *, signal=1.0, noise=1.0, present=1.0):
    """Give a signal (T,) of exactly that power, and repeats (T, N) with white noise.

    Each value is there with the probability `present`.
    """
    rng = np.random.default_rng(seed)
    shape = rng.standard_normal(n_bins)
    shape = np.sqrt(signal) * (shape - shape.mean()) / shape.std()
    repeats = shape[:, np.newaxis] + np.sqrt(noise) * rng.standard_normal((n_bins, n_repeats))
    repeats[rng.random(repeats.shape) > present] = np.nan
    return shape, repeats


def assert_unbiased(estimates, truth):
    """Four standard errors of the mean: exceeded by chance in one of 16,000 tests."""
    estimates = np.asarray(estimates)
    error = estimates.std(ddof=1) / np.sqrt(estimates.size)
    assert abs(estimates.mean() - truth) < 4 * error, (estimates.mean(), truth, error)
