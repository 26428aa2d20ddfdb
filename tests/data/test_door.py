"""Fits and scores of what users have, compared with those of plain arrays."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from nems_dsl import Model, Objective, cross_validate, fit
from nems_dsl.data import read_recording, recording
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


def test_arrays_of_xarray_go_by_the_names_of_their_dimensions():
    xarray = pytest.importorskip("xarray")
    x = xarray.DataArray(X3, dims=("trial", "time", "freq")).transpose("freq", "time", "trial")
    y = xarray.DataArray(Y3, dims=("trial", "time")).T
    assert loss(x, y) == pytest.approx(loss(X3, Y3), rel=1e-9)
    model = Model(STRING)
    np.testing.assert_array_equal(model.predict(x), model.predict(X3))
    numbers = {"trial": [3, 1, 2, 4]}
    order = np.argsort(numbers["trial"])
    shuffled = y.assign_coords(numbers)[:, order]
    assert loss(x.assign_coords(numbers), shuffled) == pytest.approx(loss(X3, Y3), rel=1e-9)


# the entries that take a stimulus and a response
ENTRIES = {
    "fit": lambda x, y: fit(STRING, x, y, verbose=0),
    "Model.fit": lambda x, y: Model(STRING).fit(x, y, verbose=0),
    "score": lambda x, y: Model(STRING).score(x, y),
    "cross_validate": lambda x, y: cross_validate(STRING, x, y, n_folds=3),
    "Objective": lambda x, y: Objective(Model(STRING), x, y),
}


def cell(*items, shape=None):
    array = np.empty(len(items), object)
    array[:] = items
    return array if shape is None else array.reshape(shape)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (np.ma.masked_less(X, -2), Y, r"the input 'stim' is masked at .* mask the response there"),
        (sparse.csr_matrix(np.round(X)), Y, r"'stim' is a sparse matrix; pass its \.toarray\(\)"),
        (X.astype(object), Y, r"the input 'stim' must hold real numbers.*\.astype\(float\)"),
        (X, Y.astype(str), r"the target must hold real numbers.*\.astype\(float\)"),
        ([*X.tolist()[:-1], [1.0]], Y, r"the input 'stim' is ragged; .* list of arrays"),
        (cell(*X3, shape=(2, 2)), Y3, r"array of arrays; .*list\(np\.ravel"),
        (X, Y[None], r"the target does not match .*pass its transpose, \.T"),
        (X.T, Y, r"pass the transpose of the input 'stim', \.T"),
        (X3, Y3.T, r"trials come first: pass its transpose, \.T"),
        (X3, Y, r"trial after trial, pass \.reshape\(4, 60, -1\)"),
        (X, np.stack([Y[:, None]] * 5), r"5 repeats, pass its mean.*\[x\] \* 5"),
        (
            pd.DataFrame(X, index=TIMES), pd.Series(Y, index=TIMES + 0.5),
            r"the indexes of the input 'stim' and the target differ.*reindex",
        ),
    ],
    ids=[
        "masked stimulus", "sparse", "objects", "text", "ragged", "cells", "row", "turned",
        "time by trials", "trials in a row", "repeats", "other index",
    ],
)  # fmt: skip
def test_what_every_entry_refuses_with_a_way_out(entry, x, y, text):
    with pytest.raises(ValueError, match=text):
        ENTRIES[entry](x, y)


@pytest.mark.parametrize("shape", [(4,), (1, 4), (4, 1)])
def test_cells_of_matlab_are_trials(shape):
    x, y = cell(*X3, shape=shape), cell(*Y3[:, :, None], shape=shape)
    assert loss(x, y) == pytest.approx(loss(list(X3), list(Y3)), rel=1e-9)


def test_repeats_as_columns_are_told():
    repeats = Y[:, None] + 0.5 * np.random.default_rng(1).normal(size=(240, 6))
    with pytest.warns(DataWarning, match=r"6 columns of the target.*look like repeats.*mean"):
        fit(STRING, X, repeats, verbose=0)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_reads_each_array_once(entry, monkeypatch):
    seen = []
    read = recording.read_signal
    monkeypatch.setattr(
        recording, "read_signal", lambda x, what, **how: seen.append(what) or read(x, what, **how)
    )
    ENTRIES[entry](X, Y)
    assert seen == ["the input 'stim'", "the target"]
    once = read_recording(X, Y)
    seen.clear()
    ENTRIES[entry](once, None)
    assert seen == []
    Model(STRING).predict(X)
    Model(STRING).evaluate(X)
    assert seen == ["the input 'stim'"] * 2


def test_padding_is_cut_and_predictions_have_it_again():
    x, y = X3.copy(), Y3.copy()
    x[1, 40:] = y[1, 40:] = np.nan
    lists = [x[0], x[1, :40], x[2], x[3]], [y[0], y[1, :40], y[2], y[3]]
    assert loss(x, y) == pytest.approx(loss(*lists), rel=1e-9)
    model = Model(STRING)
    prediction = model.predict(x)
    assert prediction.shape == (4, 60, 1) and np.isnan(prediction[1, 40:]).all()
    np.testing.assert_array_equal(prediction[1, :40], model.predict(lists[0])[1])
    read = read_recording(x)
    assert read_recording(read, y).lengths == read.lengths == [60, 40, 60, 60]
    used = np.isfinite(y)
    masked = read_recording(read, y, mask=used)
    assert [len(trial) for trial in masked.target] == read.lengths


def test_trials_that_are_shorter_than_the_model_looks_back():
    with pytest.warns(DataWarning, match="60 trials of 4 bins, and the model looks back on 14"):
        fit("wc.3x1-fir.1x15-lvl.1", X3.swapaxes(0, 1), Y3.T, verbose=0)


def test_a_response_read_later_is_matched_with_what_the_stimulus_said():
    read = read_recording(pd.DataFrame(X, index=TIMES))
    shuffled = pd.Series(Y, index=TIMES).sample(frac=1, random_state=0)
    np.testing.assert_array_equal(read_recording(read, shuffled).target[0][:, 0], Y)
    with pytest.raises(ValueError, match="10 of 240 labels"):
        read_recording(read, shuffled.sort_index()[10:])
