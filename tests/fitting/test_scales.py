"""Data in units that starting values are not made for are pointed out."""

import warnings

import numpy as np
import pytest

from nems_dsl import fit
from nems_dsl.fitting import ScaleWarning

RNG = np.random.default_rng(0)
X, Y = RNG.random((200, 3)), RNG.random(200)


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (X * 1e3, Y, "input 'stim' has a root mean square of 5"),
        (X, Y * 1e4, "target has a standard deviation of 2"),
    ],
)
def test_far_from_one(x, y, match):
    with pytest.warns(ScaleWarning, match=match):
        fit("wc.3x1-lvl.1", x, y, verbose=0, max_iterations=1)


def test_usual_units_are_not_worth_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit("wc.3x1-lvl.1", 20 * X, 50 * Y, verbose=0, max_iterations=1)
        fit("wc.3x1-lvl.1", 1e-4 * X, 1e-4 * Y, verbose=0, max_iterations=1)
