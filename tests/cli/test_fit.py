"""nems-dsl fit: what it prints, what it leaves, and how it refuses."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.cli import outcome
from nems_dsl.cli.fit import Dtype, Loss
from nems_dsl.fitting.losses import LOSSES

STRING = "wc.6x1-fir.1x4-lvl.1"
PNG = b"\x89PNG"


def table(text):
    header, *rows = [line.split() for line in text.splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_a_model_per_channel(nems, tmp_path, trials):
    done = nems("fit", STRING, "--data", trials, "--no-figure")
    assert done.code == 0
    rows = table(done.out)
    assert tuple(rows[0]) == outcome.COLUMNS
    assert [row["channel"] for row in rows] == ["0", "1"]
    assert "2 models, held out: the last trial of 5" in done.err
    assert {path.name for path in tmp_path.iterdir()} == {
        "trials.npz", f"{STRING}.ch0.json", f"{STRING}.ch1.json"
    }  # fmt: skip
    stored = np.load(trials)
    for row in rows:
        model = Model.load(tmp_path / f"{STRING}.ch{row['channel']}.json")
        column = stored["resp_4"][:, [int(row["channel"])]]
        assert row["r_test"] == f"{model.score(stored['stim_4'], column):.3f}"
        assert row["nmse_test"] == f"{model.score(stored['stim_4'], column, 'nmse'):.3f}"
        assert float(row["r_test"]) > 0.6
        assert row["converged"] == "yes"


def test_the_figure_and_the_quiet(nems, tmp_path, trials):
    done = nems("fit", STRING, "-d", trials, "-c", "1", "--out", "new/folder", "-q")
    assert (done.code, done.err) == (0, "")
    assert [row["channel"] for row in table(done.out)] == ["1"]
    folder = tmp_path / "new" / "folder"
    assert {path.name for path in folder.iterdir()} == {
        f"{STRING}.ch1.json", f"{STRING}.ch1.png"
    }  # fmt: skip
    assert (folder / f"{STRING}.ch1.png").read_bytes().startswith(PNG)


def test_one_model_of_all_channels(nems, tmp_path, trials):
    done = nems("fit", "wc.NxR-lvl.R", "--data", trials, "--name", "both")
    assert done.code == 0
    assert len(table(done.out)) == 2
    assert Model.load(tmp_path / "both.json").string == "wc.6x2-lvl.2"
    assert {path.name for path in tmp_path.iterdir()} == {"trials.npz", "both.json", "both.png"}


@pytest.mark.parametrize("separate", [True, False])
def test_a_pair_of_csv_files_with_headers(nems, tmp_path, recording, separate):
    for name, signal_ in (("stim", recording.stim), ("resp", recording.resp[:, :1])):
        columns = ",".join(f"{name}{i}" for i in range(signal_.shape[1]))
        np.savetxt(f"{tmp_path}/{name}.csv", signal_, delimiter=",", header=columns, comments="")
    data = ["-d", "stim.csv", "-d", "resp.csv"] if separate else ["-d", "stim.csv,resp.csv"]
    done = nems("fit", STRING, *data, "--no-figure")
    assert done.code == 0
    assert "the last 80 of 400 bins" in done.err
    assert len(table(done.out)) == 1
    assert (tmp_path / f"{STRING}.json").exists()


def test_options_reach_the_fit(nems, tmp_path, trials):
    done = nems(
        "fit", STRING, "-d", trials, "-c", "0", "--loss", "mse", "--max-iter", "2", "--test", "0",
        "--dtype", "float32", "--no-figure",
    )  # fmt: skip
    (row,) = table(done.out)
    assert (row["r_test"], row["iterations"], row["converged"]) == ("nan", "2", "no")
    assert Model.load(tmp_path / f"{STRING}.ch0.json").results.loss_name == "mse"


def test_all_losses_can_be_chosen():
    assert {loss.value for loss in Loss} == set(LOSSES)
    assert {dtype.value for dtype in Dtype} == {"float64", "float32"}


def test_files_are_not_overwritten_unasked(nems, tmp_path, trials):
    kept = tmp_path / f"{STRING}.ch1.json"
    kept.write_text("mine")
    done = nems("fit", STRING, "-d", trials, "--no-figure")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {STRING}.ch1.json exists; --force overwrites")
    assert kept.read_text() == "mine"
    assert nems("fit", STRING, "-d", trials, "--no-figure", "--force").code == 0
    assert Model.load(kept).string == STRING


def spoil(signal_, value):
    signal_ = signal_.copy()
    signal_[7, 1] = value
    return signal_


def refused(nems, *arguments):
    done = nems("fit", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error")
    return done.err


def test_faulty_strings_are_refused_before_the_data_are_read(nems):
    error = refused(nems, "wc.6x1-fri.4", "-d", "nowhere.npz")
    assert error.startswith("error[E101]: no keyword `fri`")


def test_a_missing_file(nems):
    assert "nowhere.npz: No such file" in refused(nems, STRING, "-d", "nowhere.npz")


def test_a_string_that_does_not_fit_the_data(nems, trials):
    error = refused(nems, "wc.18x1", "-d", trials)
    assert error.startswith("error[E201]")
    assert "18x1" in error
    error = refused(nems, "wc.6x3", "-d", trials)
    assert error.startswith("error[E203]")


def test_no_such_channel(nems, trials):
    assert "there is no channel 5" in refused(nems, STRING, "-d", trials, "-c", "5")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: dict(stim=x.T, resp=y.T), "transpose stim and resp"),
        (lambda x, y: dict(stim=x.T, resp=y), "time first; transpose stim"),
        (lambda x, y: dict(stim=x, resp=y[:-3]), "shapes (400, 6) and (397, 2)"),
        (lambda x, y: dict(stimulus=x, resp=y), "has no stim: it has stimulus, resp"),
        (lambda x, y: {}, "has no stim and no resp: it is empty"),
        (lambda x, y: dict(stim=spoil(x, np.nan), resp=y), "is NaN at bin 7, channel 1"),
        (lambda x, y: dict(stim=x, resp=spoil(y, np.inf)), "infinite at bin 7"),
        (lambda x, y: dict(stim=x, resp=y * [1, 0]), "channel 1 of the response has no variance"),
        (lambda x, y: dict(stim=x, resp=y * np.nan), "has 0 samples to fit that are not NaN"),
        (lambda x, y: dict(stim=x[:3], resp=y[:3]), "too short to hold out"),
        (lambda x, y: dict(stim=x.astype(str), resp=y), "stim must hold real numbers"),
        (lambda x, y: dict(stim=x[:0], resp=y[:0]), "stim has no samples"),
        (lambda x, y: dict(stim=x, resp=y, fs=-1), "fs must be one number above 0"),
        (lambda x, y: dict(stim=x[None, None], resp=y), "stim has shape (1, 1, 400, 6)"),
        (lambda x, y: dict(stim_0=x, resp_0=y, resp_1=y), "1 trial of stim, but 2 of resp"),
    ],
)
def test_faulty_npz_files(nems, tmp_path, recording, change, message):
    np.savez(tmp_path / "bad.npz", **change(recording.stim, recording.resp))
    error = refused(nems, STRING, "-d", "bad.npz")
    assert "bad.npz" in error or "channel" in error
    assert message in error
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


def test_objects_are_not_unpickled(nems, tmp_path):
    np.savez(tmp_path / "bad.npz", stim=np.array([[1], [2, 3]], dtype=object), resp=np.ones(2))
    assert "save trials of unequal length as stim_0" in refused(nems, STRING, "-d", "bad.npz")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 and no more"])
def test_damaged_npz_files(nems, tmp_path, content):
    (tmp_path / "bad.npz").write_bytes(content)
    assert "bad.npz is no npz file" in refused(nems, STRING, "-d", "bad.npz")


def test_an_array_alone(nems, tmp_path):
    with (tmp_path / "bad.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    assert "holds a single array" in refused(nems, STRING, "-d", "bad.npz")


@pytest.mark.parametrize(
    ("stim", "message"),
    [
        ("1,2\n3,4\n5\n6,7\n", "stim.csv, line 3: 1 column, where the lines before have 2"),
        ("1,2\n3,x\n5,6\n6,7\n", "stim.csv, line 2, column 2: 'x' is not a number"),
        (",0,1\n0,1,2\n1,3,4\n2,5,6\n3,7,8\n", "labels of a data frame"),
        ("0,1\n1,2\n3,4\n5,6\n7,8\n", "labels of a data frame"),
        ("1,2\n3,4\n5,6\n", "differ in length: shapes (3, 2) and (4, 1)"),
        ("", "stim.csv has no samples"),
        ("1,2\n3,\n5,6\n6,7\n", "is NaN at bin 1, channel 1"),
        ("\x00\xff", "stim.csv"),
    ],
)
def test_faulty_csv_files(nems, tmp_path, stim, message):
    (tmp_path / "stim.csv").write_text(stim, encoding="latin-1")
    (tmp_path / "resp.csv").write_text("1\n2\n3\n5\n")
    assert message in refused(nems, "wc.2x1", "-d", "stim.csv,resp.csv")


@pytest.mark.parametrize("data", ["a.mat", "a.csv", "a.npz,b.npz", "a.csv,b.csv,c.csv"])
def test_files_of_another_kind(nems, data):
    assert "one .npz file, or two .csv files" in refused(nems, STRING, "-d", data)


def test_a_folder_that_cannot_be_written(nems, tmp_path, trials):
    (tmp_path / "file").write_text("")
    error = refused(nems, STRING, "-d", trials, "--out", "file/folder")
    assert "file" in error


def test_ctrl_c(nems, trials, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Model, "fit", interrupt)
    done = nems("fit", STRING, "-d", trials)
    assert (done.code, done.out) == (128 + signal.SIGINT, "")


def test_data_in_large_units_are_pointed_out(tmp_path):
    rng = np.random.default_rng(0)
    x, y = 1e3 * rng.random((200, 3)), rng.random(200)
    np.savez(tmp_path / "loud.npz", stim=x, resp=y)
    command = ["-m", "nems_dsl.cli", "fit", "wc.3x1-lvl.1", "--data", "loud.npz", "--no-figure"]
    run = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stderr.count("warning: the input 'stim' has a root mean square of") == 1
    assert "Traceback" not in run.stderr and ".py" not in run.stderr
