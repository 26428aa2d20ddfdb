"""Files of arrays: NumPy's, MATLAB's, HDF5 and NWB."""

import datetime

import numpy as np
import pytest
import scipy.io
from scipy import sparse

from nems_dsl.data.files import contents, read_data_files

STIM = np.random.default_rng(0).normal(size=(60, 3))
RESP = np.random.default_rng(1).normal(size=(60, 2))
CUTS = [20, 45]


def cells(array, shape):
    cell = np.empty(len(CUTS) + 1, dtype=object)
    for i, part in enumerate(np.split(array, CUTS)):
        cell[i] = part
    return cell.reshape(shape)


def refused(path, *parts, **names):
    with pytest.raises(ValueError) as caught:
        read_data_files(path, **names)
    for part in (path.name, *parts):
        assert part in str(caught.value)


# ---- NumPy -----------------------------------------------------------------------------------


def test_a_pair_of_npy_files(tmp_path):
    np.save(tmp_path / "s.npy", STIM.astype("f4"))
    np.save(tmp_path / "r.npy", RESP[:, 0])
    data = read_data_files(tmp_path / "s.npy", tmp_path / "r.npy")
    np.testing.assert_array_equal(data.stim[0], STIM.astype("f4"))
    assert data.resp[0].shape == (60, 1)
    np.save(tmp_path / "s.npy", STIM.reshape(3, 20, 3))
    np.save(tmp_path / "r.npy", RESP[:, 0].reshape(3, 20))
    assert [t.shape for t in read_data_files(tmp_path / "s.npy", tmp_path / "r.npy").resp] == [
        (20, 1)
    ] * 3


def test_trials_are_paired_by_number(tmp_path):
    parts = {f"{name}_{i + 4}": a[i * 20 : i * 20 + 20 + i] for i in range(3)
             for name, a in (("stim", STIM), ("resp", RESP))}  # fmt: skip
    parts = {name: parts[name][:20] for name in parts}
    np.savez(tmp_path / "a.npz", **dict(reversed(parts.items())))
    data = read_data_files(tmp_path / "a.npz")
    np.testing.assert_array_equal(np.concatenate(data.resp), RESP)
    parts["resp_9"] = parts.pop("resp_5")
    np.savez(tmp_path / "a.npz", **parts)
    refused(tmp_path / "a.npz", "1 of 3 labels of the first are missing in the second, such as 5")


def test_names_of_ones_own(tmp_path):
    np.savez(tmp_path / "a.npz", envelope=STIM, spikes=RESP, stim=RESP)
    data = read_data_files(tmp_path / "a.npz", stim="envelope", resp="spikes")
    np.testing.assert_array_equal(data.stim[0], STIM)
    refused(tmp_path / "a.npz", "has no resp: it has envelope, spikes, stim")
    refused(tmp_path / "a.npz", "has no 'units'", resp="units")


def test_padding_is_cut(tmp_path):
    stim, resp = STIM.reshape(3, 20, 3).copy(), RESP.reshape(3, 20, 2).copy()
    stim[1, 15:] = resp[1, 15:] = np.nan
    for stored in (
        {"stim": stim, "resp": resp},
        {f"{name}_{i}": a[i] for i in range(3) for name, a in (("stim", stim), ("resp", resp))},
    ):
        np.savez(tmp_path / "a.npz", **stored)
        data = read_data_files(tmp_path / "a.npz")
        assert [len(t) for t in data.stim] == [len(t) for t in data.resp] == [20, 15, 20]


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "s.npy", np.array([1, None]), allow_pickle=True)
    np.save(tmp_path / "r.npy", RESP)
    with pytest.raises(ValueError, match=r"s\.npy is no npy file"):
        read_data_files(tmp_path / "s.npy", tmp_path / "r.npy")


def test_headers_that_say_more_than_there_is(tmp_path, monkeypatch):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, 1000), }"
    for n_bins, text in ((10**6, "holds less"), (10**12, "this machine has")):
        text_of = (header % n_bins).ljust(117) + "\n"
        raw = b"\x93NUMPY\x01\x00" + len(text_of).to_bytes(2, "little") + text_of.encode()
        (tmp_path / "s.npy").write_bytes(raw + bytes(80))
        with pytest.raises(ValueError, match=text):
            read_data_files(tmp_path / "s.npy", tmp_path / "s.npy")
    np.savez(tmp_path / "a.npz", stim=STIM, resp=RESP)
    monkeypatch.setattr(contents, "memory", lambda: 1000.0)
    refused(tmp_path / "a.npz", "stim of shape (60, 3) takes 1.44e-06 GB")


def test_files_that_are_not_there(tmp_path):
    for name in ("a.npz", "a.mat", "a.h5", "a.nwb"):
        with pytest.raises(OSError, match=name):
            read_data_files(tmp_path / name)
    for ending in ("npy", "csv", "tsv", "parquet"):
        with pytest.raises(OSError, match="stim"):
            read_data_files(tmp_path / f"stim.{ending}", tmp_path / f"resp.{ending}")


# ---- MATLAB ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "n_trials"),
    [
        ({"stim": STIM, "resp": RESP, "fs": 100}, 1),
        ({"stim": STIM, "resp": RESP[:, 0][None]}, 1),
        ({"x": STIM, "y": RESP}, 1),
        ({"stim": cells(STIM, (1, 3)), "resp": cells(RESP, (1, 3))}, 3),
        ({"stim": cells(STIM, (3, 1)), "resp": cells(RESP, (1, 3))}, 3),
        ({"stim": STIM.reshape(3, 20, 3), "resp": RESP.reshape(3, 20, 2)}, 3),
        ({"stim": STIM, "resp": sparse.csc_matrix(RESP)}, 1),
        ({"stim": STIM, "resp": RESP > 0}, 1),
    ],
)
def test_mat_files(tmp_path, stored, n_trials):
    scipy.io.savemat(tmp_path / "a.mat", stored)
    data = read_data_files(tmp_path / "a.mat")
    assert len(data.stim) == n_trials
    np.testing.assert_array_equal(np.concatenate(data.stim), STIM)
    expected = RESP[:, :1] if data.resp[0].shape[1] == 1 else RESP
    is_logical = set(np.unique(data.resp[0])) <= {0, 1}
    np.testing.assert_array_equal(
        np.concatenate(data.resp), expected > 0 if is_logical else expected
    )
    assert data.fs == (100 if "fs" in stored else None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(stim={"audio": STIM}), "stim is a struct, of audio"),
        (dict(resp="spikes"), "must hold real numbers"),
        (dict(fs=[1, 2]), "fs must be one number above 0"),
        (dict(stim=STIM.T), "pass the transpose of"),
        (dict(resp=RESP[:-1]), "stim and resp differ in length: shapes (60, 3) and (59, 2)"),
    ],
)
def test_faulty_mat_files(tmp_path, change, message):
    scipy.io.savemat(tmp_path / "a.mat", {"stim": STIM, "resp": RESP} | change)
    refused(tmp_path / "a.mat", message)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"MATLAB 5.0 MAT-file, and no more", b"\0" * 200]
)
def test_damaged_mat_files(tmp_path, content):
    (tmp_path / "a.mat").write_bytes(content)
    refused(tmp_path / "a.mat", "np.savez")


# ---- HDF5 ------------------------------------------------------------------------------------


def write_hdf5(path, signals, **attributes):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, array in signals.items():
            file[name] = array
        file.attrs.update(attributes)


@pytest.mark.parametrize(
    "names", [("stim", "resp"), ("X", "y"), ("stim_3", "resp_3"), ("stim/0", "resp/0")]
)
@pytest.mark.parametrize("ending", ["h5", "hdf5"])
def test_hdf5(tmp_path, names, ending):
    path = tmp_path / f"a.{ending}"
    write_hdf5(path, dict(zip(names, (STIM, RESP[:, 0]), strict=True)), fs=50)
    data = read_data_files(path)
    np.testing.assert_array_equal(data.stim[0], STIM)
    assert (data.resp[0].shape, data.fs) == ((60, 1), 50)


def test_hdf5_of_other_names_and_kinds(tmp_path):
    path = tmp_path / "a.h5"
    write_hdf5(path, {"day1/sound": STIM, "day1/spikes": RESP, "fs": 20.0})
    data = read_data_files(path, stim="day1/sound", resp="day1/spikes")
    assert (data.resp[0].shape, data.fs) == ((60, 2), 20)
    refused(path, "has no stim and no resp: it has day1/sound, day1/spikes")
    write_hdf5(path, {"stim": STIM, "resp": "text"})
    refused(path, "resp must hold real numbers")


def test_hdf5_that_is_too_large_is_not_read(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["resp"] = RESP
        file.create_dataset("stim", (10**9, 10**5), dtype="f8", chunks=(1000, 10))
    refused(tmp_path / "a.h5", "takes 8e+05 GB")


def test_damaged_hdf5(tmp_path):
    pytest.importorskip("h5py")
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    refused(tmp_path / "a.h5", "is no HDF5 file, or a damaged one", "np.savez")


def test_mat_files_of_version_7_3(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["fs"] = np.array([[200.0]])
        for name, array in (("stim", STIM), ("resp", RESP)):
            parts = [
                file.create_dataset(f"#refs#/{name}{i}", data=part.T).ref
                for i, part in enumerate(np.split(array, CUTS))
            ]
            file.create_dataset(name, (3, 1), dtype=h5py.ref_dtype)[:, 0] = parts
        file["x"] = STIM.T
        file["row"] = RESP[:, :1]
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    data = read_data_files(path)
    assert ([len(trial) for trial in data.stim], data.fs) == ([20, 25, 15], 200)
    np.testing.assert_array_equal(np.concatenate(data.resp), RESP)
    whole = read_data_files(path, stim="x", resp="row")
    np.testing.assert_array_equal(whole.stim[0], STIM)
    np.testing.assert_array_equal(whole.resp[0], RESP[:, :1])


@pytest.mark.parametrize(("package", "name"), [("h5py", "a.h5"), ("pynwb", "a.nwb")])
def test_packages_that_are_not_there(tmp_path, monkeypatch, package, name):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    (tmp_path / name).touch()
    refused(tmp_path / name, package, "pip install 'nems_dsl[", "np.savez")


# ---- NWB -------------------------------------------------------------------------------------


@pytest.fixture
def nwb(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile("a recording", "id", start)
    times = 2.0 + np.arange(60) / 10
    series = pynwb.TimeSeries
    file.add_stimulus(series(name="sound", data=STIM, unit="dB", rate=10.0, starting_time=2.0))
    file.add_acquisition(series(name="lfp", data=RESP, unit="V", timestamps=times))
    file.add_acquisition(series(name="pupil", data=RESP[:, 0], unit="mm", timestamps=times + 0.5))
    file.add_unit(id=4, spike_times=[1.0, 2.01, 2.05, 7.99, 8.0], obs_intervals=[[0.0, 20.0]])
    file.add_unit(id=9, spike_times=[2.5, 6.0], obs_intervals=[[2.0, 4.0], [5.0, 20.0]])
    path = tmp_path / "a.nwb"
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def test_units_are_counted_in_the_bins_of_a_series(nwb):
    data = read_data_files(nwb)
    np.testing.assert_array_equal(data.stim[0], STIM)
    expected = np.zeros((60, 2))
    expected[[0, 59], 0] = [2, 1]
    expected[[5, 40], 1] = 1
    expected[20:30, 1] = np.nan
    np.testing.assert_array_equal(data.resp[0], expected)
    assert (data.fs, data.labels["resp"]) == (10, ("4", "9"))
    assert "the stimulus is sound" in data.notes[0] and "the spikes of 2 units" in data.notes[1]


def test_series_by_name(nwb):
    data = read_data_files(nwb, stim="sound", resp="lfp")
    np.testing.assert_array_equal(data.resp[0], RESP)
    refused(nwb, "the indexes of", "5 of 60 labels", resp="pupil")
    refused(nwb, "has no time series 'eeg'", "lfp", "pupil", "sound", resp="eeg")


def test_damaged_nwb(tmp_path):
    pytest.importorskip("pynwb")
    (tmp_path / "a.nwb").write_bytes(b"hello")
    refused(tmp_path / "a.nwb", "is no NWB file, or a damaged one")
