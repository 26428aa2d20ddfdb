"""A stimulus that lies on its side: the message says how to turn it, whatever is called."""

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError

X = np.random.default_rng(0).random((300, 18))


@pytest.mark.parametrize(
    ("x", "turn"),
    [
        (X.T, lambda x: x.T),
        (X[:, :1].T, lambda x: x.T),
        (X.reshape(3, 100, 18).swapaxes(1, 2), lambda x: x.swapaxes(1, 2)),
        (list(X.reshape(3, 100, 18).swapaxes(1, 2)), lambda x: [trial.T for trial in x]),
    ],
)
def test_a_model_says_that_the_stimulus_is_turned(x, turn):
    n_channels = 1 if np.shape(x) == (1, 300) else 18
    model = Model(f"wc.{n_channels}x1-lvl.1")
    with pytest.raises(ModelStringError, match=r"help: .*transpose") as caught:
        model.predict(x)
    assert "write wc" not in str(caught.value)
    model.predict(turn(x))


@pytest.mark.parametrize("y", [X[:, 3], X[:, [3]], X[:, 3][None]])
def test_a_fit_says_it_too(y):
    with pytest.raises(ValueError, match="transpose") as caught:
        Model("wc.18x1-lvl.1").fit(X.T, y, verbose=0)
    assert "wc.300x1" not in str(caught.value)


def test_a_stimulus_of_other_channels_is_not_turned():
    with pytest.raises(ModelStringError, match=r"write wc\.17x1"):
        Model("wc.18x1-lvl.1").predict(X[:, :17])
    with pytest.raises(ModelStringError, match=r"write wc\.17x1"):
        Model("wc.18x1-lvl.1").predict([X[:5, :17], X[:18, :17]])
