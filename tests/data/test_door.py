"""Fits and scores of what users have, compared with those of plain arrays."""

import numpy as np
import pandas as pd
import pytest

from nems_dsl import Model, fit
from nems_dsl.data import read_recording
from nems_dsl.data.signal import DataWarning

rng = np.random.default_rng(0)
X = rng.normal(size=(240, 3))
Y = X @ [1.0, -0.5, 0.2] + 0.3 * rng.normal(size=240)
X3, Y3 = X.reshape(4, 60, 3), Y.reshape(4, 60)
STRING = "wc.3x1-fir.1x3-lvl.1"
TIMES = np.arange(240) / 100
BAD = rng.random(240) < 0.1
HOLED = np.where(BAD, np.nan, Y)


def loss(x, y):
    return fit(STRING, x, y, verbose=0).results.loss


@pytest.mark.parametrize(
    ("x", "y", "plain"),
    [
        (X, np.ma.masked_array(np.where(BAD, -9999, Y), BAD), (X, HOLED)),
        (X3, Y3, (X3, Y3[:, :, None])),
        (
            pd.DataFrame(X, index=TIMES),
            pd.Series(Y, index=TIMES).sample(frac=1, random_state=0),
            (X, Y),
        ),
        (
            [pd.DataFrame(X[:100]), pd.DataFrame(X[100:])],
            [pd.Series(Y[:100])[::-1], pd.Series(Y[100:])],
            ([X[:100], X[100:]], [Y[:100], Y[100:]]),
        ),
        (pd.DataFrame(X), pd.array(np.where(BAD, None, Y), dtype="Float64"), (X, HOLED)),
    ],
    ids=["masked", "trials by time", "shuffled", "trials", "NA"],
)
def test_fits_are_those_of_plain_arrays(x, y, plain):
    assert loss(x, y) == pytest.approx(loss(*plain), rel=1e-9)
    model = fit(STRING, *plain, verbose=0)
    assert model.score(x, y) == pytest.approx(model.score(*plain), rel=1e-9)


def test_padding_is_cut_and_predictions_have_it_again():
    x, y = X3.copy(), Y3.copy()
    x[1, 40:] = y[1, 40:] = np.nan
    lists = [x[0], x[1, :40], x[2], x[3]], [y[0], y[1, :40], y[2], y[3]]
    assert loss(x, y) == pytest.approx(loss(*lists), rel=1e-9)
    model = Model(STRING)
    prediction = model.predict(x)
    assert prediction.shape == (4, 60, 1) and np.isnan(prediction[1, 40:]).all()
    np.testing.assert_array_equal(prediction[1, :40], model.predict(lists[0])[1])
    recording = read_recording(x)
    assert read_recording(recording, y).lengths == recording.lengths == [60, 40, 60, 60]
    used = np.isfinite(y)
    masked = read_recording(recording, y, mask=used)
    assert [len(trial) for trial in masked.target] == recording.lengths


def test_trials_that_are_shorter_than_the_model_looks_back():
    with pytest.warns(DataWarning, match="60 trials of 4 bins, and the model looks back on 14"):
        fit("wc.3x1-fir.1x15-lvl.1", X3.swapaxes(0, 1), Y3.T, verbose=0)


def test_a_response_read_later_is_matched_with_what_the_stimulus_said():
    recording = read_recording(pd.DataFrame(X, index=TIMES))
    shuffled = pd.Series(Y, index=TIMES).sample(frac=1, random_state=0)
    np.testing.assert_array_equal(read_recording(recording, shuffled).target[0][:, 0], Y)
    with pytest.raises(ValueError, match="10 of 240 labels"):
        read_recording(recording, shuffled.sort_index()[10:])
