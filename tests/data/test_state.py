"""A state beside the stimulus is the same as a state in a dict of signals."""

from __future__ import annotations

import numpy as np
import pytest

import nems_dsl
from nems_dsl import Model
from nems_dsl.data.trials import with_state

STRING = "wc.4x1-stategain.2x1"


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x, state = rng.random((200, 4)), rng.random((200, 2))
    return x, state, x[:, :1] * state[:, :1] + 0.1 * rng.random((200, 1))


def test_a_state_is_merged(data):
    x, s, y = data
    both = {"stim": x, "state": s}
    model = Model(STRING)
    np.testing.assert_array_equal(model.predict(x, state=s), model.predict(both))
    np.testing.assert_array_equal(model.predict(x, s), model.predict(both))
    assert list(model.evaluate(x, state=s)) == ["stim", "state", "output"]
    assert model.score(x, y, state=s) == model.score(both, y)
    fitted = model.fit(both, y, verbose=0)
    assert model.fit(x, y, state=s, verbose=0) == fitted
    assert nems_dsl.fit(STRING, x, y, state=s, verbose=0) == fitted
    folds = model.cross_validate(both, y, n_folds=3)
    for other in (
        model.cross_validate(x, y, state=s, n_folds=3),
        nems_dsl.cross_validate(STRING, {"stim": x}, y, state=s, n_folds=3),
    ):
        np.testing.assert_array_equal(other.prediction, folds.prediction)


def test_trials_have_states_of_their_own(data):
    x, s, _ = data
    model = Model(STRING)
    listed = model.predict([x[:50], x[50:]], state=[s[:50], s[50:]])
    np.testing.assert_array_equal(np.concatenate(listed), model.predict(x, state=s))


def test_a_state_is_given_once(data):
    x, s, y = data
    model = Model(STRING)
    both = {"stim": x, "state": s}
    for call in (
        lambda: model.predict(both, state=s),
        lambda: model.evaluate(both, state=s),
        lambda: model.score(both, y, state=s),
        lambda: model.fit(both, y, state=s),
        lambda: model.cross_validate(both, y, state=s),
        lambda: nems_dsl.fit(STRING, both, y, state=s),
    ):
        with pytest.raises(ValueError, match="given twice"):
            call()
    with pytest.raises(TypeError, match="read before"):
        model.predict(nems_dsl.data.read_recording(x), state=s)
    assert with_state(x) is x
