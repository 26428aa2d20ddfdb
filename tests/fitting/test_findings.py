"""Filters, curves and units that do not suit the data are told, and those that do are not."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import fit


def driven(n, filter_, shift=0, seed=0, slow=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    for bin_ in range(1, n):
        x[bin_] += slow * x[bin_ - 1]
    drive = sum(weight * np.roll(x[:, 0], lag + shift) for lag, weight in enumerate(filter_))
    return x, drive / drive.std(), rng


def told(string, x, y, words, **options):
    results = fit(string, x, y, verbose=0, **options).results
    return [text for text in results.warnings if words in text]


@pytest.mark.parametrize("string", ["fir.2x5-lvl.1", "wc.2x1-fir.1x5-dexp.1"])
def test_too_few_lags(string):
    x, drive, rng = driven(2000, np.ones(10))
    y = drive + 0.5 * rng.normal(size=2000)
    (said,) = told(string, x, y, "too few lags")
    assert "more than 4 bins ago" in said
    assert not told(string.replace("x5", "x10"), x, y, "too few lags")


def test_a_response_before_its_stimulus():
    x, drive, rng = driven(2000, np.ones(4), shift=-2)
    y = drive + 0.5 * rng.normal(size=2000)
    (said,) = told("fir.2x6-lvl.1", x, y, "comes before")
    assert "aligned in time" in said
    x, drive, rng = driven(2000, np.ones(4))
    assert not told("fir.2x6-lvl.1", x, drive + 0.5 * rng.normal(size=2000), "comes before")


def test_each_flat_end_alone():
    x, drive, rng = driven(3000, np.ones(3))
    noise = 0.3 * rng.normal(size=3000)
    both = told("fir.2x3-sig.1", x, 2 * drive + 0.5 + noise, "is flat at its")
    assert len(both) == 2 and "lower" in both[0] and "upper" in both[1]
    lower = told("fir.2x3-relu.1", x, drive + noise, "relu gives nothing below 0")
    assert len(lower) == 1
    sparse = np.maximum(drive - 1, 0) + noise
    assert not told("fir.2x3-relu.1.s.o", x, sparse, "is flat at its")
    assert not told("fir.2x3-dexp.1", x, sparse, "is flat at its")


def test_what_the_stimulus_does_not_have():
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.normal(size=(4000, 1)), axis=0)
    spectrum[200:] *= 1e-4
    x = np.fft.irfft(spectrum, 4000, axis=0)
    x /= x.std()
    y = np.roll(x[:, 0], 2) + rng.normal(size=4000)
    (said,) = told("fir.1x20-lvl.1", x, y, "of the receptive field", shrinkage="none")
    assert "cycles a bin" in said and "shrinkage" in said
    assert not told("fir.1x20-lvl.1", x, y, "of the receptive field")
    white = rng.normal(size=(4000, 1))
    assert not told(
        "fir.1x20-lvl.1", white, np.roll(white[:, 0], 2), "receptive field", shrinkage="none"
    )


def test_a_hidden_layer_that_wants_other_starts():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 4))
    y = np.abs(x[:, 0] + 1) + x[:, 1] + 0.3 * rng.normal(size=2000)
    string = "wc.4x2-relu.2-wc.2x1-lvl.1"
    options = {"shrinkage": "none", "init": "prior", "seed": 1, "max_iterations": 1}
    (said,) = told(string, x, y, "n_starts=5", **options)
    assert "linear model explains" in said and "shrink" not in said
    assert not told(string, x, y, "linear model explains", shrinkage="none")


def test_slow_noise_is_followed():
    x, drive, rng = driven(1200, np.ones(5), slow=0.9)
    noise = rng.normal(size=1200)
    for bin_ in range(1, 1200):
        noise[bin_] += 0.95 * noise[bin_ - 1]
    y = drive + 3 * noise / noise.std()
    (said,) = told("fir.2x40-lvl.1", x, y, "free directions", shrinkage="none")
    assert "81 free directions for 1,200 samples" in said
