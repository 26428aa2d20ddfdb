"""Fits that follow the noise are told so; those that have enough data, or shrink, are not."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import fit


def told(results):
    return [text for text in results.warnings if "free directions" in text]


@pytest.mark.parametrize("n", [150, 80])
def test_few_samples_and_no_shrinkage(n):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n + 5000, 8))
    y = x[:, :1] + rng.normal(size=(n + 5000, 1))
    plain = fit("fir.8x10-lvl.1", x[:n], y[:n], verbose=0, shrinkage="none")
    (text,) = told(plain.results)
    assert f"for {n:,} samples" in text and "shrinkage" in text
    # what it says of new data holds
    said = float(text.split("about ")[1].split(" on others")[0])
    new = np.corrcoef(plain.predict(x[n:])[:, 0], y[n:, 0])[0, 1]
    assert said == pytest.approx(new, abs=0.15)
    assert not told(fit("fir.8x10-lvl.1", x[:n], y[:n], verbose=0).results)


def test_enough_samples():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 8))
    y = x[:, :1] + rng.normal(size=(3000, 1))
    assert not told(fit("fir.8x10-lvl.1", x, y, verbose=0, shrinkage="none").results)


def test_without_noise_few_samples_are_enough():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 8))
    y = x[:, :1] - 2 * x[:, 3:4]
    assert not told(fit("fir.8x10-lvl.1", x, y, verbose=0, shrinkage="none").results)
