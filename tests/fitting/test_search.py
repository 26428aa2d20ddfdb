"""A search that ends at a constant is tried again, and what a model cannot do is said."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import fit

STRING = "wc.6x1.g-fir.1x5-relu.1"


@pytest.fixture(scope="module")
def data():
    """A filter whose output is mostly below 0, rectified after a shift that the model lacks."""
    rng = np.random.default_rng(1)
    x = 0.25 + rng.random((1500, 6))
    taps = rng.normal(size=5)
    drive = np.convolve(x[:, 2], taps - taps.mean() - 0.8)[:1500]
    y = np.maximum(drive - drive.mean(), 0)
    return x, y / y.std() + 0.3 * rng.standard_normal(1500)


def test_a_fit_that_ends_at_a_constant_is_tried_again(data):
    results = fit(STRING, *data, verbose=0, shrinkage="none").results
    assert [start.init for start in results.starts] == ["model", "prior"]
    assert results.starts[0].loss > 1 and results.loss < 0.9
    # whoever wants one search gets one
    alone = fit(STRING, *data, verbose=0, shrinkage="none", init="staged").results
    assert [start.init for start in alone.starts] == ["staged"]
    short = fit(STRING, *data, verbose=0, shrinkage="none", max_iterations=1).results
    assert len(short.starts) == 1
    good = fit("wc.6x1.g-fir.1x5-relu.1.s", *data, verbose=0, shrinkage="none").results
    assert len(good.starts) == 1 and good.loss < 0.7


def test_nothing_to_be_found_is_said():
    rng = np.random.default_rng(0)
    x, y = rng.random((4000, 3)), rng.standard_normal(4000)
    results = fit("wc.3x1.g-relu.1.s.o", x, y, verbose=0, shrinkage="none").results
    assert results.loss > 0.99 and len(results.starts) == 2
    assert any("no better than the mean" in text or "constant" in text for text in results.warnings)


def test_a_response_below_the_floor_is_said(data):
    x, y = data
    (said,) = fit("wc.6x1-fir.1x5-relu.1.s", x, y - 1, verbose=0, shrinkage="none").results.warnings
    assert "relu gives nothing below 0" in said and "relu.o" in said
    for string, shift in (("wc.6x1-fir.1x5-relu.1.s", 0), ("wc.6x1-fir.1x5-relu.1.s.o", 1)):
        assert fit(string, x, y - shift, verbose=0, shrinkage="none").results.warnings == ()
