"""Labels that come in go out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nems_dsl import Model, fit
from nems_dsl.interop import predict_labelled

X = np.random.default_rng(0).random((60, 3))
MODEL = Model("fir.3x4x2-lvl.2").sample_from_priors(seed=1)
TIMES = np.arange(60) / 50 + 2.0
NAMES = ["a", "b"]


def test_a_frame_keeps_its_index():
    found = predict_labelled(MODEL, pd.DataFrame(X, index=TIMES), channels=NAMES)
    assert list(found.columns) == NAMES and found.index.tolist() == TIMES.tolist()
    np.testing.assert_array_equal(found.to_numpy(), MODEL.predict(X))
    series = pd.Series(X[:, 0], index=TIMES, name="env")
    one = Model("fir.1x4-lvl.1").sample_from_priors(seed=1)
    found = predict_labelled(one, series)
    assert list(found.columns) == [0]
    np.testing.assert_array_equal(found.to_numpy(), one.predict(X[:, :1]))


def test_trials_that_alternate_in_an_index_stay_in_their_rows():
    trial = np.arange(60) % 2
    index = pd.MultiIndex.from_arrays([trial, np.arange(60) // 2], names=["trial", "bin"])
    found = predict_labelled(MODEL, pd.DataFrame(X, index=index))
    assert found.index.equals(index)
    for number in (0, 1):
        alone = MODEL.predict(X[trial == number])
        np.testing.assert_array_equal(found[trial == number].to_numpy(), alone)


@pytest.mark.filterwarnings("ignore::nems_dsl.data.signal.DataWarning")
def test_a_column_of_times_stays_a_column():
    frame = pd.DataFrame(X, columns=["x", "y", "z"]).assign(time=TIMES)
    found = predict_labelled(MODEL, frame, channels=NAMES)
    assert list(found.columns) == ["time", *NAMES]
    np.testing.assert_array_equal(found["time"], TIMES)
    np.testing.assert_array_equal(found[NAMES].to_numpy(), MODEL.predict(X))


@pytest.mark.parametrize("dims", [("trial", "time", "freq"), ("freq", "time", "trial")])
def test_a_data_array_keeps_dimensions_and_coordinates(dims):
    xarray = pytest.importorskip("xarray")
    coords = {
        "trial": ["s1", "s2", "s3"],
        "time": TIMES[:20],
        "freq": [1.0, 2.0, 4.0],
        "speaker": ("trial", [7, 7, 8]),
        "cf": ("freq", [10, 20, 40]),
    }
    stack = X.reshape(3, 20, 3)
    x = xarray.DataArray(stack, dims=("trial", "time", "freq"), coords=coords).transpose(*dims)
    found = predict_labelled(MODEL, x, channels=NAMES)
    assert found.dims == tuple("channel" if dim == "freq" else dim for dim in dims)
    assert set(found.coords) == {"trial", "time", "speaker", "channel"}
    for name in ("trial", "time", "speaker"):
        xarray.testing.assert_equal(found[name].variable, x[name].variable)
    assert found.channel.values.tolist() == NAMES
    ours = found.transpose("trial", "time", "channel").values
    np.testing.assert_array_equal(ours, MODEL.predict(stack))


def test_a_data_array_of_one_trial_or_without_names():
    xarray = pytest.importorskip("xarray")
    found = predict_labelled(MODEL, xarray.DataArray(X))
    assert found.dims == ("dim_0", "channel")
    np.testing.assert_array_equal(found.values, MODEL.predict(X))
    one = Model("fir.1x4-lvl.1").sample_from_priors(seed=1)
    found = predict_labelled(one, xarray.DataArray(X[:, 0], dims="time", coords={"time": TIMES}))
    assert found.dims == ("time", "channel") and found.time.values.tolist() == TIMES.tolist()
    np.testing.assert_array_equal(found.values, one.predict(X[:, 0]))


def test_a_frame_of_pynapple_keeps_times_and_support():
    nap = pytest.importorskip("pynapple")
    support = nap.IntervalSet([2.0, 2.8], [2.5, 3.3])
    x = nap.TsdFrame(t=TIMES, d=X).restrict(support)
    found = predict_labelled(MODEL, x, channels=NAMES)
    assert isinstance(found, nap.TsdFrame) and list(found.columns) == NAMES
    np.testing.assert_array_equal(found.t, x.t)
    np.testing.assert_array_equal(found.time_support.values, x.time_support.values)
    first = x.t <= 2.5
    np.testing.assert_array_equal(found.d[first], MODEL.predict(x.d[first]))
    np.testing.assert_array_equal(found.d[~first], MODEL.predict(x.d[~first]))


def test_what_has_no_labels_is_refused():
    with pytest.raises(TypeError, match="a ndarray has no labels that are known"):
        predict_labelled(MODEL, X)
    with pytest.raises(ValueError, match="channels has 1 names, and the model 2"):
        predict_labelled(MODEL, pd.DataFrame(X), channels=["a"])


def test_many_models_have_a_column_each():
    rng = np.random.default_rng(3)
    x = pd.DataFrame(X, index=TIMES)
    models = fit("wc.Nx1-lvl.1", x, pd.DataFrame(X[:, :2] + rng.random((60, 2)), index=TIMES))
    found = predict_labelled(models, x)
    np.testing.assert_array_equal(found.to_numpy(), models.predict(X))
