"""Signals of one recording: aligned by their labels, cut where padded, and refused with a hint."""

import re

import numpy as np
import pandas as pd
import pytest

from nems_dsl.data.matching import match_signals
from nems_dsl.data.orientation import check_trials_are_long
from nems_dsl.data.reading import read_signal
from nems_dsl.data.signal import DataWarning

X = np.random.default_rng(0).normal(size=(200, 6))
Y = X[:, 0] + 1
X3, Y3 = X.reshape(4, 50, 6), Y.reshape(4, 50)
TIMES = np.arange(200) / 100


def match(x, y=None, mask=None, **more):
    inputs = {"stim": read_signal(x, "the input 'stim'")}
    inputs |= {name: read_signal(v, f"the input {name!r}") for name, v in more.items()}
    response = None if y is None else read_signal(y, "the target", role="response")
    masks = None if mask is None else read_signal(mask, "the mask", role="mask")
    return match_signals(inputs, response, masks)


def refused(*signals, text, **more):
    with pytest.raises(ValueError, match=re.escape(text)):
        match(*signals, **more)


def response(x, y, **more):
    return match(x, y, **more).response.trials


# ---- axes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [X3, list(X3)], ids=["stack", "list"])
@pytest.mark.parametrize("y", [Y3, pd.DataFrame(Y3), Y3[:, :, None], list(Y3)], ids=range(4))
def test_responses_of_trials_by_time(x, y):
    np.testing.assert_array_equal(np.array(response(x, y))[:, :, 0], Y3)


def test_states_and_masks_of_trials_by_time():
    matched = match(X3, Y3, Y3 > 0, pupil=Y3)
    assert [trial.shape for trial in matched.inputs["pupil"].trials] == [(50, 1)] * 4
    np.testing.assert_array_equal(np.array(matched.mask.trials)[:, :, 0], Y3 > 0)


R = np.repeat(Y[:, None], 3, axis=1)
R3 = R.reshape(4, 50, 3)


@pytest.mark.parametrize(
    ("x", "y", "hint", "follow"),
    [
        (X, Y[None], "pass its transpose, .T", lambda x, y: (x, y.T)),
        (X, R.T, "pass its transpose, .T", lambda x, y: (x, y.T)),
        (X.T, Y, "pass the transpose of the input 'stim', .T", lambda x, y: (x.T, y)),
        (X.T, R, "pass the transpose of the input 'stim', .T", lambda x, y: (x.T, y)),
        (X.T, Y[None], "pass the transpose, .T, of both", lambda x, y: (x.T, y.T)),
        (X.T, R.T, "pass the transpose, .T, of both", lambda x, y: (x.T, y.T)),
        (X, np.stack([R] * 5, 1), ".mean(axis=1)", lambda x, y: (x, y.mean(axis=1))),
        (X, np.stack([R] * 5), ".mean(axis=0)", lambda x, y: (x, y.mean(axis=0))),
        (X, np.stack([R] * 5), "[x] * 5", lambda x, y: ([x] * 5, y)),
        (X3, Y3.T, "pass its transpose, .T", lambda x, y: (x, y.T)),
        (X3, Y, ".reshape(4, 50, -1)", lambda x, y: (x, y.reshape(4, 50, -1))),
        (X3, R, ".reshape(4, 50, -1)", lambda x, y: (x, y.reshape(4, 50, -1))),
        ([X[:30], X[30:]], R, "np.split(y, [30])", lambda x, y: (x, np.split(y, [30]))),
        (X3, R3.swapaxes(0, 1), ".swapaxes(0, 1)", lambda x, y: (x, y.swapaxes(0, 1))),
        (X3, R3.swapaxes(1, 2), "pass its .swapaxes(1, 2)", lambda x, y: (x, y.swapaxes(1, 2))),
        (
            X3.swapaxes(1, 2), R3, "pass the input 'stim' as .swapaxes(1, 2)",
            lambda x, y: (x.swapaxes(1, 2), y),
        ),
        (
            X3.swapaxes(1, 2), Y3, "pass the input 'stim' as .swapaxes(1, 2)",
            lambda x, y: (x.swapaxes(1, 2), y),
        ),
        (
            X3.swapaxes(1, 2), R3.swapaxes(1, 2), "pass both as .swapaxes(1, 2)",
            lambda x, y: (x.swapaxes(1, 2), y.swapaxes(1, 2)),
        ),
    ],
)  # fmt: skip
def test_hints_that_are_followed_lead_on(x, y, hint, follow):
    refused(x, y, text=hint)
    x, y = follow(x, y)
    matched = match(x, y)
    assert matched.response.lengths == matched.inputs["stim"].lengths
    np.testing.assert_allclose(
        np.concatenate(matched.response.trials)[:200, 0],
        np.concatenate(matched.inputs["stim"].trials)[:200, 0] + 1,
    )


def test_a_mismatch_of_which_nothing_is_known():
    refused([X, X], Y3, text="the target does not match the input: 4 bins against 2 trials of 200")
    refused(X, text="the input 'pupil' does not match the input 'stim': 199 bins", pupil=X[1:])
    # a model may give fewer bins than it takes
    assert len(response(X, Y[::2])[0]) == 100
    assert len(response(X[:12], Y[:12:2])[0]) == X.shape[1]


def test_turned_arrays_of_as_many_channels():
    with pytest.warns(DataWarning, match=r"read as 6 bins of 200 channels.* the transpose, \.T"):
        match(X.T, X.T)
    match(X[:20, :], X[:20, :])


def repeats(kind, n_repeats=6, n_bins=2000, seed=1):
    rng = np.random.default_rng(seed)
    rate = np.exp(np.convolve(rng.normal(size=n_bins), np.ones(4) / 3, "same"))[:, None]
    noise = rng.normal(size=(n_bins, n_repeats))
    if kind == "neurons":
        return rate * rng.uniform(0.3, 2, n_repeats) + noise
    return rng.poisson(np.tile(rate, n_repeats)) if kind == "counts" else rate + noise


@pytest.mark.parametrize("kind", ["counts", "voltages"])
@pytest.mark.parametrize("n_repeats", [4, 10, 40])
@pytest.mark.parametrize("seed", range(3))
def test_columns_that_look_like_repeats(kind, n_repeats, seed):
    y = repeats(kind, n_repeats, seed=seed)
    with pytest.warns(DataWarning, match=rf"the {n_repeats} columns .* read as channels, and look"):
        match(y[:, :1], y)
    response(y[:, :1], y.mean(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_columns_that_are_neurons(seed):
    y = repeats("neurons", 8, seed=seed)
    match(y[:, :1], y)
    match(y[:, :1], (y - y.mean(axis=0)) / y.std(axis=0))
    # noise without a signal, copies of one another, and silent ones
    match(y[:, :1], np.random.default_rng(seed).normal(size=(2000, 8)))
    match(y[:, :1], np.repeat(y[:, :1], 8, axis=1))
    match(y[:, :1], np.where(np.arange(8) == 3, 0, y))


def test_columns_whose_names_say_it():
    y = pd.DataFrame(repeats("neurons"), columns=[f"rep{i}" for i in range(6)])
    with pytest.warns(DataWarning, match="look like repeats"):
        match(y.to_numpy()[:, :1], y)
    counts = pd.DataFrame(repeats("counts"), columns=[f"unit {i}" for i in range(6)])
    match(y.to_numpy()[:, :1], counts)


def test_trials_shorter_than_the_memory():
    x = X3.swapaxes(0, 1)
    with pytest.warns(DataWarning, match="50 trials of 4 bins, and the model looks back on 14"):
        check_trials_are_long(match(x, Y3.T).response.lengths, 14)
    for lengths, memory in [([50] * 4, 14), ([8] * 50, 3), ([4], 14), ([4] * 50, None)]:
        check_trials_are_long(lengths, memory)
    # a few short ones among others are no sign of anything
    check_trials_are_long([4, 50, 50], 14)
    # 300 trials of 4 bins are most often 4 trials of 300 bins
    with pytest.warns(DataWarning, match="hardly longer.*from_mne"):
        check_trials_are_long([4] * 300, 3)
    check_trials_are_long([4] * 3, 3)
    check_trials_are_long([40] * 300, 14)


# ---- labels ----------------------------------------------------------------------------------

INDEXES = {
    "seconds": TIMES,
    "bins": np.arange(200),
    "dates": pd.date_range("2020-01-01", periods=200, freq="10ms"),
    "zoned": pd.date_range("2020-01-01", periods=200, freq="10ms", tz="Europe/Paris"),
    "durations": pd.to_timedelta(TIMES, unit="s"),
    "text": [f"sample {i}" for i in range(200)],
    "pairs": pd.MultiIndex.from_product([["a", "b"], range(100)]),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_indexes(index):
    frame, series = pd.DataFrame(X, index=index), pd.Series(Y, index=index)
    for one in (series, series.sample(frac=1, random_state=0), series[::-1]):
        np.testing.assert_array_equal(response(frame, one)[0][:, 0], Y)
    refused(frame, series[10:], text="10 of 200 labels of the first are missing in the second")
    refused(frame[10:], series, text="10 labels are only in the second, such as")
    refused(frame[:-3], series[3:], text="3 of 197 labels of the first are missing")
    assert len(response(frame, series.to_numpy())[0]) == 200


def test_the_way_out_of_different_indexes():
    frame, series = pd.DataFrame(X, index=TIMES), pd.Series(Y, index=TIMES)[10:]
    refused(frame, series, text="reindex")
    again = response(frame, series.reindex(frame.index))[0][:, 0]
    np.testing.assert_array_equal(again, np.r_[np.full(10, np.nan), Y[10:]])
    refused(frame, pd.Series(Y), text="pass bare arrays of both, np.asarray(...)")
    match(np.asarray(frame), np.asarray(pd.Series(Y)))


def test_times_that_differ_by_rounding_are_the_same():
    series = pd.Series(Y, index=np.round(TIMES * 3, 10) / 3)
    assert (series.index != TIMES).any()
    np.testing.assert_array_equal(response(pd.DataFrame(X, index=TIMES), series[::-1])[0][:, 0], Y)


def test_labels_that_repeat():
    index = np.r_[0, TIMES[:-1]]
    frame, series = pd.DataFrame(X, index=index), pd.Series(Y, index=index)
    np.testing.assert_array_equal(response(frame, series)[0][:, 0], Y)
    refused(frame, series[::-1], text="hold 0 more than once")
    words = frame.index.astype(str)
    refused(frame.set_axis(words), series.set_axis(words)[::-1], text="hold 0.0 more than once")


def test_missing_labels_at_the_same_place():
    index = np.r_[np.nan, TIMES[1:]]
    response(pd.DataFrame(X, index=index), pd.Series(Y, index=index))


def test_labels_of_different_kinds():
    frame = pd.DataFrame(X, index=TIMES)
    refused(
        frame, pd.Series(Y, index=INDEXES["dates"]), text="are numbers, those of the second dates"
    )
    refused(frame, pd.Series(Y, index=INDEXES["text"]), text="200 of 200 labels")


def test_a_response_at_every_second_label():
    frame, series = pd.DataFrame(X, index=TIMES), pd.Series(Y, index=TIMES)
    assert len(response(frame, series[::2])[0]) == 100
    refused(frame, series[1::2], text="100 of 200 labels")


def test_trials_are_paired_by_label():
    xarray = pytest.importorskip("xarray")
    x = xarray.DataArray(X3, dims=("trial", "time", "freq"), coords={"trial": [3, 1, 2, 7]})
    y = xarray.DataArray(Y3, dims=("trial", "time"), coords={"trial": [3, 1, 2, 7]})
    np.testing.assert_array_equal(np.array(response(x, y[::-1]))[:, :, 0], Y3)
    np.testing.assert_array_equal(np.array(response(x, Y3))[:, :, 0], Y3)
    refused(x, y.assign_coords(trial=[3, 1, 2, 8]), text="the trials of the input 'stim' and those")
    refused(x, y[:3], text="1 of 4 labels of the first are missing in the second, such as 7")


@pytest.mark.slow
def test_gaps_of_pynapple():
    nap = pytest.importorskip("pynapple")
    support = nap.IntervalSet([0, 1], [0.49, 1.99])
    x = nap.TsdFrame(t=TIMES, d=X, time_support=support)
    y = nap.Tsd(t=TIMES, d=Y, time_support=support)
    expected = [Y[:50], Y[100:]]
    for one in (y, y.d, list(map(np.array, expected))):
        for ours, theirs in zip(response(x, one), expected, strict=True):
            np.testing.assert_array_equal(ours[:, 0], theirs)
    whole = nap.Tsd(t=TIMES, d=Y)
    refused(x, whole, text="200 bins against 2 trials of 50, 100 bins")
    match(x, whole.restrict(x.time_support))


# ---- padding ---------------------------------------------------------------------------------


def padded():
    x, y = X3.copy(), Y3[:, :, None].copy()
    x[1, 40:] = y[1, 40:] = np.nan
    x[3, :5] = y[3, :5] = np.nan
    return x, y


@pytest.mark.parametrize("as_given", [np.asarray, list])
def test_padding_is_cut_off_stimulus_and_response(as_given):
    x, y = padded()
    short = [Y3[0], Y3[1, :40], Y3[2], Y3[3, 5:]]
    for one in (as_given(y), short, y[:, :, 0]):
        matched = match(as_given(x), one)
        assert matched.inputs["stim"].lengths == [50, 40, 50, 45]
        for ours, theirs in zip(matched.response.trials, short, strict=True):
            np.testing.assert_array_equal(ours.ravel(), theirs)


def test_padding_of_one_input_is_cut_off_all():
    x, y = padded()
    state = X3[:, :, :1].copy()
    state[1, 30:] = y[1, 30:] = np.nan
    for more in (state, X3[:, :, :1]):
        matched = match(x, y, np.isfinite(y), pupil=more)
        lengths = matched.response.lengths
        assert lengths == [50, 30 if more is state else 40, 50, 45]
        assert matched.inputs["pupil"].lengths == lengths == matched.mask.lengths
        for one, other in zip(*(s.trials for s in matched.inputs.values()), strict=True):
            np.testing.assert_array_equal(one[:, 0], other[:, 0])


def test_padding_where_something_was_recorded():
    x, y = padded()
    y[1, 45] = 2.0
    refused(x, y, text="the target is not NaN at trial 1, bin 45, channel 0 (1 such values in all)")
    # other lengths are left to the model, which may give fewer bins than it takes
    assert match(x, y[:, ::2]).response.lengths == [25] * 4
