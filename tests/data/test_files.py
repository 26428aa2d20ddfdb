"""Recordings in files; how faulty ones are refused is tested through the command line."""

import numpy as np
import pytest

from nems_dsl.datasets import read_data_files

STIM = np.arange(12.0).reshape(6, 2)
RESP = np.arange(6.0)


@pytest.mark.parametrize(("x", "y"), [("stim", "resp"), ("x", "y"), ("stim_0", "resp_0")])
def test_one_trial(tmp_path, x, y):
    np.savez(tmp_path / "a.npz", **{x: STIM, y: RESP})
    data = read_data_files(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.stim[0], STIM)
    np.testing.assert_array_equal(data.resp[0], RESP[:, None])
    assert (len(data.stim), data.state, data.fs) == (1, None, None)


def test_trials_are_ordered_by_number(tmp_path):
    trials = {f"{name}_{i}": np.full((i + 1, 2), i) for name in ("stim", "resp") for i in range(12)}
    np.savez(tmp_path / "a.npz", **trials, stim_step=0.5)
    data = read_data_files(tmp_path / "a.npz")
    assert [trial[0, 0] for trial in data.stim] == list(range(12))
    assert data.stim[0].dtype == np.float64


def test_stacked_trials_state_and_rate(tmp_path):
    np.savez(
        tmp_path / "a.npz", stim=np.zeros((3, 5, 2)), resp=np.zeros((3, 5, 1)),
        state=np.ones((3, 5, 1)), fs=np.array([50]),
    )  # fmt: skip
    data = read_data_files(tmp_path / "a.npz")
    assert [trial.shape for trial in data.resp] == [(5, 1)] * 3
    assert list(data.inputs) == ["stim", "state"]
    assert data.fs == 50.0


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["", "a{}b\n", "\ufeffa{}b2\n"])
def test_csv(tmp_path, delimiter, header):
    lines = header.format(delimiter) + f"1{delimiter}2.5e0\n3{delimiter} nan\n-4{delimiter}\n\n"
    (tmp_path / "stim.csv").write_text(lines.replace("nan", "0"), encoding="utf-8")
    (tmp_path / "resp.csv").write_text(lines, encoding="utf-8")
    data = read_data_files(tmp_path / "stim.csv", tmp_path / "resp.csv")
    np.testing.assert_array_equal(data.resp[0], [[1, 2.5], [3, np.nan], [-4, np.nan]])
    assert data.source.endswith("resp.csv")
