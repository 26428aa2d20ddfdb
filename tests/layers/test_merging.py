"""`rep` and `mrg`: a copy of a channel for each state."""

import numpy as np
import pytest

from nems_dsl import Model, canonical
from nems_dsl.layers.merging import MergeChannels


def test_the_state_picks_and_stays_within_the_channels():
    x = np.arange(15.0).reshape(5, 3)
    state = np.array([[-7.0], [0.4], [0.6], [2.0], [1e9]])
    assert MergeChannels(3).evaluate(x, state)[:, 0].tolist() == [0, 3, 7, 11, 14]


def test_each_state_is_fitted_by_its_own_copy():
    rng = np.random.default_rng(0)
    x, state = rng.random((400, 3)), rng.integers(0, 2, (400, 1)).astype(float)
    y = x[:, :1] + np.where(state > 0, 5.0, -1.0)
    assert canonical("wc.3x1-rep.2-lvl-mrg") == "wc.3x1-rep.2-lvl.2-mrg.2"
    fitted = Model("wc.3x1-rep.2-lvl-mrg").fit(
        {"stim": x, "state": state}, y, verbose=0, shrinkage="none"
    )
    shift = fitted.layers["lvl"].parameters["shift"].values
    assert shift[1] - shift[0] == pytest.approx(6, abs=1e-5)
    assert fitted.score({"stim": x, "state": state}, y) == pytest.approx(1)
