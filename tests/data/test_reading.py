"""Users' data at the door: what is read, as what, and how the rest is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from nems_dsl.data.reading import read_signal
from nems_dsl.data.signal import DataWarning, restore

X = np.random.default_rng(0).normal(size=(60, 3))
STACK = X.reshape(4, 15, 3)


def read(values, role="input", **options):
    return read_signal(values, "the input 'stim'", role=role, **options)


def refused(values, *parts, role="input"):
    with pytest.raises(ValueError) as caught:
        read(values, role)
    for part in ("the input 'stim'", *parts):
        assert part in str(caught.value)


def cell(*trials, shape=None):
    array = np.empty(len(trials), dtype=object)
    for i, trial in enumerate(trials):
        array[i] = trial
    return array.reshape(shape or array.shape)


@pytest.mark.parametrize(
    ("values", "form", "shapes"),
    [
        (X, "array", [(60, 3)]),
        (X[:, 0], "array", [(60, 1)]),
        (X.tolist(), "array", [(60, 3)]),
        (STACK, "stack", [(15, 3)] * 4),
        ([X[:20], X[20:, :]], "list", [(20, 3), (40, 3)]),
        ((X[:20, 0], X[20:, 0]), "list", [(20, 1), (40, 1)]),
        (cell(X[:20], X[20:]), "list", [(20, 3), (40, 3)]),
        (cell(X[:20], X[20:], shape=(1, 2)), "list", [(20, 3), (40, 3)]),
        (cell(X[:20], X[20:], shape=(2, 1)), "list", [(20, 3), (40, 3)]),
        (cell(X, shape=(1, 1)), "list", [(60, 3)]),
        ([True, False, True], "array", [(3, 1)]),
        (np.asmatrix(X), "array", [(60, 3)]),
    ],
)
def test_forms(values, form, shapes):
    signal = read(values)
    assert (signal.form, [trial.shape for trial in signal.trials]) == (form, shapes)
    assert {trial.dtype for trial in signal.trials} == {np.dtype(np.float64)}
    assert (signal.labels, signal.times, signal.kept) == (None, None, None)


@pytest.mark.parametrize("values", [X, STACK, [X], pd.DataFrame(X), X[::2], X.T[::-1].T])
def test_views_of_what_the_user_has(values):
    base = values[0] if isinstance(values, list) else np.asarray(values)
    assert np.shares_memory(read(values).trials[0], base)


def test_single_precision_is_kept_on_request():
    assert read(X.astype("f4"), single=True).trials[0].dtype == np.float32
    assert read(X.astype("f4")).trials[0].dtype == np.float64
    assert read(X.astype(">f4"), single=True).trials[0].dtype == np.float64


@pytest.mark.parametrize(
    ("values", "way_out"),
    [
        (sparse.csc_matrix(np.round(X)), ".toarray()"),
        (sparse.coo_array(np.round(X)), ".toarray()"),
        ([sparse.csr_matrix(np.round(X))], ".toarray()"),
        (X.astype(object), ".astype(float)"),
        (cell(1.0, 2.0, None), ".astype(float)"),
        (pd.Series(X[:, 0], dtype=object), ".astype(float)"),
        (pd.DataFrame({"a": X[:, 0], "b": "1"}), "column 'b'"),
        (pd.DataFrame({"a": pd.Categorical([1, 2, 1])}), ".astype(float)"),
        (cell(X[:9], X[9:20], X[20:30], X[30:], shape=(2, 2)), "list(np.ravel(...))"),
        (cell(X, None), "list(np.ravel(...))"),
        (pd.Series([X, X]), "list(np.ravel(...))"),
        ({1: X}.values(), "pass list(...)"),
        (read, "is a function, and not an array"),
        (X.astype(str), ".astype(float)"),
        (X.astype(bytes), ".astype(float)"),
        (X + 1j, ".real"),
        (np.arange("2020-01-01", "2020-03-01", dtype="M8[D]"), "index"),
        (np.arange(3) * np.timedelta64(1, "s"), "np.timedelta64(1, 's')"),
        (pd.Series(pd.date_range("2020", periods=4)), "index"),
        ([[1, 2, 3], [4, 5]], "list of arrays"),
        (np.array(3.0), "single number"),
        (3, "single number"),
        (np.ma.masked_array(3.0), "single number"),
        (None, "None"),
        ("recording.npz", "read_data_files"),
        ({"stim": X}, "a dict, of 'stim'"),
        ({1, 2}, "list(...)"),
        ((row for row in X), "list(...)"),
        (np.zeros((2, 3, 4, 5)), "not (2, 3, 4, 5)"),
        ([STACK, STACK], "not (4, 15, 3)"),
        ([X, X[:, :2]], "differ in channels: [2, 3]"),
        ([], "no samples"),
        (np.zeros((0, 3)), "no samples"),
        ([X, X[:0]], "no samples"),
        (np.zeros((5, 0)), "no channels"),
    ],
)
def test_what_is_refused_with_a_way_out(values, way_out):
    refused(values, way_out)


@pytest.mark.parametrize(
    ("values", "follow"),
    [
        (sparse.csc_matrix(np.round(X)), lambda v: v.toarray()),
        (X.astype(object), lambda v: v.astype(float)),
        (X.astype(str), lambda v: v.astype(float)),
        (pd.Series(X[:, 0], dtype=object), lambda v: v.astype(float)),
        (X + 1j, lambda v: v.real),
        (np.arange(3) * np.timedelta64(1, "s"), lambda v: v / np.timedelta64(1, "s")),
        (cell(X[:9], X[9:20], X[20:30], X[30:], shape=(2, 2)), lambda v: list(np.ravel(v))),
        (pd.Series([X, X]), lambda v: list(np.ravel(v))),
        ({1: X}.values(), list),
        ([[1, 2, 3], [4, 5]], lambda v: [np.array(trial) for trial in v]),
        ((row for row in X), list),
    ],
)
def test_the_way_out_leads_out(values, follow):
    read(follow(values))


# ---- masks -----------------------------------------------------------------------------------

BAD = np.zeros(X.shape, dtype=bool)
BAD[7, 1] = True
MASKED = np.ma.masked_array(np.where(BAD, -9999, X), BAD)
HOLED = np.where(BAD, np.nan, X)
RECORDS = np.ma.array([(1, 2.0), (3, 4.0)], mask=[(0, 1), (0, 0)], dtype=[("a", int), ("b", float)])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (MASKED, [HOLED]),
        (MASKED.reshape(4, 15, 3), HOLED.reshape(4, 15, 3)),
        ([MASKED[:20], X[20:]], [HOLED[:20], X[20:]]),
        ([list(MASKED[:20]), X[20:]], [HOLED[:20], X[20:]]),
        ([[1, np.ma.masked], [3, 4]], [[[1, np.nan], [3, 4]]]),
        (np.ma.masked_equal([1, -9999, 3], -9999), [[[1], [np.nan], [3]]]),
        (np.ma.masked_array([True, False], [True, False]), [[[np.nan], [0]]]),
        (cell(MASKED[:20], X[20:], shape=(1, 2)), [HOLED[:20], X[20:]]),
        (RECORDS, [[[1, np.nan], [3, 4]]]),
    ],
    ids=range(9),
)
def test_masked_responses_are_missing(values, expected):
    signal = read(values, "response")
    for ours, theirs in zip(signal.trials, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    refused(values, "masked")


def test_masked_arrays_are_left_as_they_are():
    before = MASKED.copy()
    read(MASKED, "response")
    np.testing.assert_array_equal(MASKED.data, before.data)
    np.testing.assert_array_equal(MASKED.mask, before.mask)


def test_a_mask_that_masks_nothing():
    assert np.shares_memory(read(np.ma.masked_array(X)).trials[0], X)
    assert np.shares_memory(read(np.ma.masked_array(X, np.zeros_like(BAD))).trials[0], X)
    refused(np.ma.masked_array([1, 0], [True, False]), "itself masked", role="mask")


# ---- NaN -------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_given", [np.asarray, list])
@pytest.mark.parametrize(("first", "last"), [(0, 4), (3, 0), (2, 5)])
def test_padding_is_cut(as_given, first, last):
    padded = STACK.copy()
    padded[1, :first] = padded[1, 15 - last :] = np.nan
    signal = read(as_given(padded))
    assert signal.lengths == [15, 15 - first - last, 15, 15]
    np.testing.assert_array_equal(signal.trials[1], STACK[1, first : 15 - last])
    assert signal.kept[1] == (first, 15 - last, 15)
    again = restore(signal.trials, signal.form, signal.kept)
    np.testing.assert_array_equal(again, padded)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((1, 7), "is NaN at trial 1, bin 7, channel 0 (3 such values in all)"),
        ((1, slice(-2, None), 2), "is NaN at trial 1, bin 13, channel 2 (2 such values in all)"),
        ((2,), "is NaN at trial 2, bin 0, channel 0 (45 such values in all)"),
    ],
)
def test_nan_that_is_no_padding(place, text):
    holed = STACK.copy()
    holed[place] = np.nan
    refused(holed, text)
    assert np.isnan(read(holed, "response").trials[place[0]]).any()


def test_ends_of_a_single_array_are_not_cut():
    holed = X.copy()
    holed[-3:] = np.nan
    refused(holed, "is NaN at bin 57, channel 0")


def test_infinite_inputs():
    loud = pd.DataFrame(X, columns=["low", "mid", "high"])
    loud.iloc[5, 1] = np.inf
    refused(loud, "infinite at bin 5, channel 1 ('mid')", "log of 0")


# ---- pandas and its like ---------------------------------------------------------------------


def test_names_and_index_of_a_frame():
    times = np.arange(60) / 100
    signal = read(pd.DataFrame(X, columns=["a", "b", "c"], index=times))
    assert signal.labels == ("a", "b", "c")
    np.testing.assert_array_equal(signal.times[0], times)
    series = read(pd.Series(X[:, 0], name="unit 1"))
    assert (series.labels, series.trials[0].shape) == (("unit 1",), (60, 1))
    columns = pd.MultiIndex.from_tuples([("A1", 0), ("A1", 1), ("MGB", 0)])
    assert read(pd.DataFrame(X, columns=columns)).labels == tuple(columns)


@pytest.mark.parametrize(
    "dtype", ["Int64", "Float32", "boolean", "Sparse[float]", "int64[pyarrow]", "double[pyarrow]"]
)
def test_types_of_pandas(dtype):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    holds_missing = dtype != "Sparse[float]"
    values = [1, 0, None if holds_missing else np.nan]
    frame = pd.DataFrame({"a": pd.array(values, dtype=dtype), "b": [1, 2, 3]})
    np.testing.assert_array_equal(
        read(frame, "response").trials[0], [[1, 1], [0, 2], [np.nan, 3]]
    )  # fmt: skip
    refused(frame, "is NaN at bin 2, channel 0 ('a')")


def test_frames_of_several_types():
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": np.array([1, 2], "f4")})
    np.testing.assert_array_equal(read(frame).trials[0], [[1, 1, 1], [2, 0, 2]])


def test_trials_in_the_index():
    index = pd.MultiIndex.from_product([["b", "a"], [0.1, 0.2]], names=["trial", "time"])
    signal = read(pd.DataFrame(X[:4], index=index))
    assert (signal.form, signal.lengths, signal.trial_labels) == ("list", [2, 2], ("b", "a"))
    assert [times.tolist() for times in signal.times] == [[0.1, 0.2]] * 2


def test_frames_as_trials_have_their_channels_in_one_order():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    signal = read([frame[:20], frame[20:][["c", "a", "b"]]])
    np.testing.assert_array_equal(signal.trials[1], X[20:])
    refused([frame[:20], frame[20:].rename(columns={"c": "d"})], "trial 1", "'d'", "'c'")


def test_a_column_of_times_is_no_channel():
    frame = pd.DataFrame({"time": np.arange(60) / 50, "a": X[:, 0], "trial": [1] * 30 + [2] * 30})
    with pytest.warns(DataWarning, match="'time' as its times and column 'trial' as the numbers"):
        signal = read(frame)
    assert (signal.labels, signal.trial_labels, signal.lengths) == (("a",), (1, 2), [30, 30])
    records = frame[["time", "a"]].to_records(index=False)
    with pytest.warns(DataWarning, match="'time' as its times"):
        assert read(np.array(records)).labels == ("a",)
    with_index = frame[["time", "a"]].set_index("time")
    np.testing.assert_array_equal(read(with_index).times[0], frame["time"])


def test_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None, 3], "b": [0.5, 1.5, 2.5]})
    signal = read(frame, "response")
    assert signal.labels == ("a", "b")
    np.testing.assert_array_equal(signal.trials[0], [[1, 0.5], [np.nan, 1.5], [3, 2.5]])
    assert read(polars.Series("a", [1, 2])).trials[0].shape == (2, 1)
    refused(polars.DataFrame({"a": ["x"]}), "column 'a'")


def test_tables_of_arrow():
    arrow = pytest.importorskip("pyarrow")
    assert read(arrow.table({"a": [1, 2], "b": [0.5, 1]})).labels == ("a", "b")


class Tensor:
    """What converts to an array by the protocol, or says why it cannot."""

    ndim = 2

    def __init__(self, array, fault=None):
        self.array, self.fault = array, fault

    def __array__(self, dtype=None, copy=None):
        if self.fault is not None:
            raise self.fault
        return self.array


def test_tensors():
    np.testing.assert_array_equal(read(Tensor(X)).trials[0], X)
    assert len(read([Tensor(X), Tensor(X)]).trials) == 2
    refused(Tensor(X, RuntimeError("Use tensor.detach().numpy()")), "detach", "NumPy array")
    refused(Tensor(X, TypeError("can't convert cuda tensor, use .cpu()")), ".cpu()")


# ---- xarray and pynapple ---------------------------------------------------------------------


def test_dimensions_of_xarray_go_by_name():
    xarray = pytest.importorskip("xarray")
    coords = {"time": np.arange(15) / 10, "trial": [5, 6, 7, 8], "freq": ["a", "b", "c"]}
    array = xarray.DataArray(STACK, dims=("trial", "time", "freq"), coords=coords)
    for turned in (array, array.transpose("freq", "time", "trial")):
        signal = read(turned)
        np.testing.assert_array_equal(signal.trials, STACK)
        assert (signal.form, signal.labels) == ("stack", ("a", "b", "c"))
        assert signal.trial_labels == (5, 6, 7, 8)
        np.testing.assert_array_equal(signal.times[3], coords["time"])
    assert read(array[0].T).trials[0].shape == (15, 3)
    assert read(array[:, :, 0].rename(trial="repeat").T).lengths == [15] * 4
    assert read(xarray.DataArray(X)).trials[0].shape == (60, 3)
    assert read(xarray.DataArray(STACK)).lengths == [15] * 4


def test_what_xarray_does_not_tell():
    xarray = pytest.importorskip("xarray")
    array = xarray.DataArray(X, dims=("when", "freq"))
    refused(array, ".rename({'when': 'time'})")
    assert read(array.rename({"when": "time"})).trials[0].shape == (60, 3)
    ears = xarray.DataArray(STACK, dims=("ear", "time", "freq"))
    refused(ears, ".stack(channel=['ear', 'freq'])")
    assert read(ears.stack(channel=["ear", "freq"])).trials[0].shape == (15, 12)
    twice = ears.rename(ear="trial", freq="repeat")
    refused(twice, ".stack(trials=['trial', 'repeat'])")
    assert read(twice.stack(trials=["trial", "repeat"])).lengths == [15] * 12
    refused(array.rename(when="time").to_dataset(name="sound"), "dataset['sound']")


@pytest.mark.slow
def test_times_of_pynapple_and_its_gaps():
    nap = pytest.importorskip("pynapple")
    times = np.arange(60) / 10
    signal = read(nap.TsdFrame(t=times, d=X, columns=["a", "b", "c"]))
    assert (signal.form, signal.labels) == ("array", ("a", "b", "c"))
    np.testing.assert_allclose(signal.times[0], times)
    support = nap.IntervalSet([0, 2.95], [0.95, 5])
    cut = read(nap.Tsd(t=times, d=X[:, 0], time_support=support))
    assert (cut.form, cut.lengths, cut.is_cut) == ("list", [10, 21], True)
    np.testing.assert_array_equal(cut.trials[1][:, 0], X[30:51, 0])
    refused([nap.Tsd(t=times, d=X[:, 0], time_support=support)], "gaps")
    tensor = nap.TsdTensor(t=times, d=np.zeros((60, 2, 2)))
    refused(tensor, "nap.TsdFrame(")
    flat = nap.TsdFrame(
        t=tensor.t, d=tensor.d.reshape(len(tensor.t), -1), time_support=tensor.time_support
    )
    assert read(flat).trials[0].shape == (60, 4)
    refused(nap.Ts(t=times), ".count(bin_size)")
    refused(nap.TsGroup({0: nap.Ts(t=times)}), ".count(bin_size)")
    assert read(nap.TsGroup({0: nap.Ts(t=times)}).count(0.5)).n_channels == 1
