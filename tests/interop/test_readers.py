"""Signals side by side in one container, or one file."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from nems_dsl.interop import from_nwb, from_pandas, from_pynapple, from_xarray

RNG = np.random.default_rng(0)
X, Y, S = RNG.random((60, 3)), RNG.random((60, 2)), RNG.random((60, 1))
TIMES = np.arange(60) / 10


def test_columns_side_by_side():
    columns = ["low", "mid", "high", "u1", "u2", "pupil"]
    table = pd.DataFrame(np.hstack([X, Y, S]), columns=columns, index=TIMES)
    found = from_pandas(table, columns[:3], columns[3:5], state="pupil")
    np.testing.assert_array_equal(found.signals["stim"][0], X)
    np.testing.assert_array_equal(found.signals["state"][0], S)
    np.testing.assert_array_equal(found.target[0], Y)
    assert found.labels["resp"] == ("u1", "u2")
    assert from_pandas(table, columns[:3], "u2").n_channels == 1
    with pytest.raises(ValueError, match=r"no column 'midd'.*did you mean 'mid'"):
        from_pandas(table, ["midd"], "u1")


def test_arrays_of_a_dataset():
    xarray = pytest.importorskip("xarray")
    dataset = xarray.Dataset(
        {
            "spec": (("freq", "trial", "time"), X.reshape(2, 30, 3).transpose(2, 0, 1)),
            "rate": (("trial", "time", "unit"), Y.reshape(2, 30, 2)),
            "pupil": (("time", "trial"), S.reshape(2, 30).T),
        },
        coords={"unit": ["u1", "u2"], "time": TIMES[:30], "trial": [4, 2]},
    )
    found = from_xarray(dataset, "spec", "rate", state="pupil")
    np.testing.assert_array_equal(np.stack(found.signals["stim"]), X.reshape(2, 30, 3))
    np.testing.assert_array_equal(np.stack(found.signals["state"]), S.reshape(2, 30, 1))
    np.testing.assert_array_equal(np.stack(found.target), Y.reshape(2, 30, 2))
    assert found.labels["resp"] == ("u1", "u2") and found.trial_labels == (4, 2)
    with pytest.raises(ValueError, match="no array 'stim'"):
        from_xarray(dataset)


def test_spikes_in_the_bins_of_a_stimulus():
    nap = pytest.importorskip("pynapple")
    recorded = nap.IntervalSet(0.0, 5.0)
    spikes = {3: np.sort(RNG.uniform(0, 5, 200)), 8: np.sort(RNG.uniform(0, 5, 90))}
    units = nap.TsGroup({key: nap.Ts(t) for key, t in spikes.items()}, time_support=recorded)
    stim = nap.TsdFrame(t=TIMES + 0.05, d=X)
    found = from_pynapple(stim, units)
    theirs = units.count(0.1)
    np.testing.assert_allclose(theirs.t, stim.t[:50])
    np.testing.assert_array_equal(found.target[0][:50], theirs.d)
    # the units were not recorded after 5 s
    assert np.isnan(found.target[0][50:]).all()
    assert found.labels["resp"] == (3, 8)
    one = from_pynapple(stim, units[8])
    np.testing.assert_array_equal(one.target[0][:50, 0], theirs.d[:, 1])


def test_intervals_of_pynapple_are_trials():
    nap = pytest.importorskip("pynapple")
    stim = nap.TsdFrame(t=TIMES + 0.05, d=X).restrict(nap.IntervalSet([0, 3], [2, 6]))
    units = nap.Ts(t=np.array([0.31, 2.5, 3.52]), time_support=nap.IntervalSet(0, 6))
    found = from_pynapple(stim, units)
    assert found.lengths == [20, 30]
    assert [np.flatnonzero(trial).tolist() for trial in found.target] == [[3], [5]]
    response = nap.Tsd(t=stim.t, d=np.arange(50.0), time_support=stim.time_support)
    np.testing.assert_array_equal(from_pynapple(stim, response).target[1][:, 0], np.arange(20, 50))
    gap = nap.TsdFrame(t=np.delete(TIMES, 7), d=np.delete(X, 7, axis=0))
    with pytest.raises(ValueError, match="the steps of trial 0 of the stimulus differ"):
        from_pynapple(gap, units)


@pytest.fixture
def nwb(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    began = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile("a session", "1", began)
    file.add_stimulus(pynwb.TimeSeries(name="spectrogram", data=X, unit="dB", rate=10.0))
    file.add_acquisition(pynwb.TimeSeries(name="lfp", data=Y, unit="mV", rate=10.0))
    file.add_unit(spike_times=[0.05, 0.06, 3.01], obs_intervals=[[0.0, 5.0]], id=12)
    path = tmp_path / "session.nwb"
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_file_of_nwb(nwb):
    found = from_nwb(nwb)
    np.testing.assert_array_equal(found.signals["stim"][0], X)
    counts = found.target[0][:, 0]
    assert counts[0] == 2 and counts[30] == 1 and np.nansum(counts) == 3
    assert np.isnan(counts[50:]).all() and not np.isnan(counts[:50]).any()
    assert found.labels["resp"] == ("12",)
    np.testing.assert_array_equal(from_nwb(nwb, resp="lfp").target[0], Y)
    with pytest.raises(ValueError, match="has no time series 'eeg'"):
        from_nwb(nwb, resp="eeg")
