"""nems-dsl fit: what it prints, what it leaves, and how it refuses."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.cli import outcome
from nems_dsl.fitting.objective import Objective
from nems_dsl.fitting.results import FitResults
from nems_dsl.studies import cross_validate, many

STRING = "wc.6x1-fir.1x4-lvl.1"
# it cannot follow the units of its input
SET_IN_ITS_UNITS = "dlog.3-wc.3x1"
PNG = b"\x89PNG"


def table(text):
    header, *rows = [line.split() for line in text.splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_a_model_per_channel(nems, tmp_path, trials):
    done = nems("fit", STRING, "--data", trials, "--no-figure")
    assert done.code == 0
    assert "name" not in table(done.out)[0]
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


def test_columns_of_times_and_names_of_channels(nems, tmp_path, recording):
    times = np.arange(400) / 50
    for name, signal_ in (("stim", recording.stim), ("resp", recording.resp)):
        names = ",".join(["time", *(f"{name}_{letter}" for letter in "abcdef"[: signal_.shape[1]])])
        np.savetxt(
            f"{tmp_path}/{name}.csv",
            np.c_[times, signal_],
            delimiter=",",
            header=names,
            comments="",
        )
    done = nems("fit", STRING, "-d", "stim.csv", "-d", "resp.csv", "-c", "resp_b", "--no-figure")
    assert [(row["channel"], row["name"]) for row in table(done.out)] == [("1", "resp_b")]
    assert "resp.csv: column 'time' read as time, 50 Hz; 2 channels: resp_a, resp_b" in done.err
    error = refused(nems, STRING, "-d", "stim.csv,resp.csv", "-c", "resp_c", "-q")
    assert "no channel is called 'resp_c': there are resp_a, resp_b" in error


def test_signals_of_other_names(nems, tmp_path, recording):
    np.savez(tmp_path / "a.npz", sound=recording.stim, spikes=recording.resp)
    data = ["-d", "a.npz", "--stim", "sound", "--resp", "spikes"]
    done = nems("fit", STRING, *data, "-c", "0", "--no-figure")
    assert len(table(done.out)) == 1
    assert "has no 'units'" in refused(nems, STRING, "-d", "a.npz", "--resp", "units")
    error = refused(nems, STRING, *data, "-c", "a")
    assert "the response has no names for its channels; or give its number" in error


def test_options_reach_the_fit(nems, tmp_path, trials):
    done = nems(
        "fit", STRING, "-d", trials, "-c", "0", "--loss", "mse", "--max-iter", "2", "--test", "0",
        "--dtype", "float32", "--no-figure",
    )  # fmt: skip
    (row,) = table(done.out)
    assert (row["r_test"], row["iterations"], row["converged"]) == ("nan", "2", "no")
    assert Model.load(tmp_path / f"{STRING}.ch0.json").results.loss_name == "mse"


def test_any_number_of_threads_leaves_the_same(nems, tmp_path, trials):
    outcomes = []
    for threads in (["-j", "1"], ["--threads", "2"], []):
        done = nems("fit", STRING, "-d", trials, "--no-figure", "--force", *threads)
        assert done.code == 0
        rows = [{**row, "seconds": ""} for row in table(done.out)]
        values = [
            Model.load(tmp_path / f"{STRING}.ch{channel}.json").layers["fir"].get_parameter_values()
            for channel in (0, 1)
        ]
        outcomes.append((rows, np.array(values).tolist()))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    refused = nems("fit", STRING, "-d", trials, "--threads", "0")
    assert refused.code == 2 and "--threads" in refused.err


def test_options_of_the_search_reach_it(nems, tmp_path, trials):
    done = nems(
        "fit", STRING, "-d", trials, "-c", "0", "--init", "mean", "--starts", "3", "--seed", "4",
        "--optimizer", "l-bfgs-b", "--tolerance", "1e-3", "--validation", "0.3", "--no-figure",
    )  # fmt: skip
    assert done.code == 0
    model = Model.load(tmp_path / f"{STRING}.ch0.json")
    results = model.results
    assert [start.init for start in results.starts] == ["mean", "prior", "prior"]
    assert results.optimizer == "l-bfgs-b"
    assert len(results.validation_history) == len(results.loss_history)
    stored = np.load(trials)
    # the stimulus stays whole, and the response of the test is missing
    x = [stored[f"stim_{i}"] for i in range(5)]
    y = [stored[f"resp_{i}"][:, [0]] for i in range(5)]
    y[4] = np.full_like(y[4], np.nan)
    again = Model(STRING).fit(
        x, y, init="mean", n_starts=3, seed=4, optimizer="l-bfgs-b", tolerance=1e-3,
        validation=0.3, verbose=0,
    )  # fmt: skip
    assert again.results.starts == results.starts
    assert again.results.loss == results.loss


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-seconds", "0"], "max_seconds must be above 0"),
        (["--validation", "1.5"], "the share to hold out must lie between 0 and 1"),
        (["--optimizer", "closed-form"], "cannot be used here"),
    ],
)
def test_options_that_mean_nothing(nems, trials, options, message):
    done = nems("fit", STRING, "-d", trials, *options)
    assert (done.code, done.out) == (1, "")
    assert message in done.err


@pytest.mark.parametrize(
    "options", [["--init", "luck"], ["--optimizer", "adam"], ["--starts", "0"]]
)
def test_choices_that_are_not_there(nems, trials, options):
    done = nems("fit", STRING, "-d", trials, *options)
    assert (done.code, done.out) == (2, "")
    assert options[0] in done.err


def test_warnings_stand_below_the_table(nems, trials):
    done = nems("fit", STRING, "-d", trials, "--max-iter", "1", "--init", "mean", "--no-figure")
    assert [row["converged"] for row in table(done.out)] == ["no", "no"]
    warning = "warning: channels 0, 1: not converged: the limit of 1 iterations was reached"
    assert warning in done.err.splitlines()
    quiet = nems(
        "fit", STRING, "-d", trials, "--max-iter", "1", "--init", "mean", "--no-figure", "-q",
        "--force",
    )  # fmt: skip
    assert quiet.err == ""


def test_cross_validation(nems, tmp_path, trials):
    done = nems("fit", STRING, "-d", trials, "--cross-validate", "5", "--no-figure")
    assert done.code == 0
    assert "2 models, held out: each of 5 parts in turn" in done.err
    rows = table(done.out)
    assert tuple(rows[0]) == outcome.VALIDATED
    stored = np.load(trials)
    x, y = ([stored[f"{name}_{i}"] for i in range(5)] for name in ("stim", "resp"))
    expected = cross_validate(STRING, x, y, n_folds=5)
    for place, row in enumerate(rows):
        assert row["r_test"] == f"{expected.score[place]:.3f}"
        assert row["se"] == f"{expected.standard_error[place]:.3f}"
        assert row["r_fit"] == f"{expected.score_fit[place]:.3f}"
        model = Model.load(tmp_path / f"{STRING}.ch{place}.json")
        whole = Model(STRING).fit(x, [trial[:, [place]] for trial in y], verbose=0)
        assert np.array_equal(model.predict(x[0]), whole.predict(x[0]))


@pytest.mark.parametrize("string", [STRING, "wc.NxR-lvl.R"])
def test_cross_validation_of_chosen_channels(nems, trials, string):
    done = nems("fit", string, "-d", trials, "--cross-validate", "5", "-c", "1", "--no-figure")
    (row,) = table(done.out)
    stored = np.load(trials)
    x = [stored[f"stim_{i}"] for i in range(5)]
    y = [stored[f"resp_{i}"][:, [1]] for i in range(5)]
    expected = cross_validate(string, x, y, n_folds=5)
    assert (row["channel"], row["r_test"]) == ("1", f"{expected.score:.3f}")


def test_cross_validation_leaves_no_other_part_to_hold_out(nems, trials):
    done = nems("fit", STRING, "-d", trials, "--cross-validate", "5", "--test", "0.2")
    assert (done.code, done.out) == (2, "")
    assert "leave out --test" in " ".join(done.err.replace("│", " ").split())


def test_files_are_not_overwritten_unasked(nems, tmp_path, trials):
    kept = tmp_path / f"{STRING}.ch1.json"
    kept.write_text("mine")
    done = nems("fit", STRING, "-d", trials)
    assert done.code == 0
    told = f"{STRING}.ch1.json exists, so this is saved as {STRING}-2.ch0.json; --force overwrites"
    assert done.err.splitlines()[0] == told
    assert kept.read_text() == "mine"
    new = [f"{STRING}-2.ch0.json", f"{STRING}-2.ch1.json", f"{STRING}-2.png"]
    assert done.err.splitlines()[-3:] == [f"saved {name}" for name in new]
    assert {path.name for path in tmp_path.iterdir()} == {"trials.npz", kept.name, *new}
    assert Model.load(tmp_path / new[1]).string == STRING
    forced = nems("fit", STRING, "-d", trials, "--no-figure", "--force")
    assert forced.code == 0 and "exist" not in forced.err
    assert Model.load(kept).string == STRING


@pytest.mark.slow
def test_each_run_gets_a_number_of_its_own(nems, tmp_path, trials):
    arguments = ("fit", "wc.NxR-lvl.R", "-d", trials, "--name", "both", "--out", "models")
    ends = ["both", "both-2", "both-3"]
    for number, loss in enumerate(("nmse", "mse", "nmse")):
        done = nems(*arguments, "--loss", loss)
        assert done.code == 0
        files = {path.name for path in (tmp_path / "models").iterdir()}
        assert files == {f"{end}.{kind}" for end in ends[: number + 1] for kind in ("json", "png")}
    told = "models/both.json and 1 more exist, so this is saved as both-3.json; --force overwrites"
    assert done.err.splitlines()[0] == told
    loaded = [Model.load(tmp_path / "models" / f"{end}.json") for end in ends]
    assert [model.results.loss_name for model in loaded] == ["nmse", "mse", "nmse"]
    # a hole is filled only if all of a run fits into it
    (tmp_path / "models" / "both-2.json").unlink()
    assert nems(*arguments, "-q").err == ""
    assert (tmp_path / "models" / "both-4.json").exists()


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
        (lambda x, y: dict(stim=x.T, resp=y.T), "pass the transpose, .T, of both"),
        (lambda x, y: dict(stim=x.T, resp=y), "pass the transpose of bad.npz: stim, .T"),
        (lambda x, y: dict(stim=x, resp=y[:-3]), "shapes (400, 6) and (397, 2)"),
        (lambda x, y: dict(sound=x, resp=y), "has no stim: it has sound, resp"),
        (lambda x, y: {}, "has no stim and no resp: it is empty"),
        (lambda x, y: dict(stim=spoil(x, np.nan), resp=y), "is NaN at bin 7, channel 1"),
        (lambda x, y: dict(stim=x, resp=spoil(y, np.inf)), "infinite at bin 7"),
        (lambda x, y: dict(stim=x, resp=y * 0), "channel 0 of the response has no variance"),
        (lambda x, y: dict(stim=x, resp=y * np.nan), "has 0 samples that are not NaN"),
        (lambda x, y: dict(stim=x[:3], resp=y[:3]), "too short to hold out"),
        (lambda x, y: dict(stim=x.astype(str), resp=y), "stim must hold real numbers"),
        (lambda x, y: dict(stim=x[:0], resp=y[:0]), "stim has no samples"),
        (lambda x, y: dict(stim=x, resp=y, fs=-1), "fs must be one number above 0"),
        (lambda x, y: dict(stim=x[None, None], resp=y), "not (1, 1, 400, 6)"),
        (
            lambda x, y: dict(stim_0=x, resp_0=y, resp_1=y),
            "1 labels are only in the second, such as 1",
        ),
    ],
)
def test_faulty_npz_files(nems, tmp_path, recording, change, message):
    np.savez(tmp_path / "bad.npz", **change(recording.stim, recording.resp))
    error = refused(nems, STRING, "-d", "bad.npz")
    assert "bad.npz" in error or "channel" in error
    assert message in error
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


def test_a_silent_channel_costs_itself(process, tmp_path, recording):
    np.savez(tmp_path / "half.npz", stim=recording.stim, resp=recording.resp * [1, 0])
    done = process("fit", STRING, "-d", "half.npz", "--no-figure", cwd=tmp_path)
    assert done.returncode == 0
    heard, silent = table(done.stdout)
    assert float(heard["r_test"]) > 0.6 and heard["converged"] == "yes"
    assert {silent[name] for name in ("r_test", "nmse_test", "r_fit")} == {"nan"}
    told = "warning: channel 1 of the response has no variance: all samples are 0"
    assert done.stderr.count(told) == 1
    results = Model.load(tmp_path / f"{STRING}.ch1.json").results
    assert results.is_failed and not results.converged


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
        ("1,2\n3,4\n5\n6,7\n", "stim.csv, line 3: 1 column, where the first row has 2"),
        ("1,2\n3,x\n5,6\n6,7\n", "stim.csv, line 2, column 2: 'x' is not a number"),
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


@pytest.mark.parametrize("data", ["a.txt", "a.csv", "a.npz,b.npz", "a.csv,b.csv,c.csv"])
def test_files_of_another_kind(nems, data):
    assert "give one file of .npz, .mat, .h5, .hdf5, .nwb, or two of .npy, .csv" in refused(
        nems, STRING, "-d", data
    )


def test_a_folder_that_cannot_be_written(nems, tmp_path, trials):
    (tmp_path / "file").write_text("")
    error = refused(nems, STRING, "-d", trials, "--out", "file/folder")
    assert "file" in error


def test_ctrl_c(nems, trials, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(many, "fit_model", interrupt)
    done = nems("fit", STRING, "-d", trials)
    assert (done.code, done.out) == (128 + signal.SIGINT, "")


def test_ctrl_c_leaves_what_was_finished(nems, tmp_path, trials, monkeypatch):
    fit, seen = many.fit_model, []

    def interrupt(model, *args, **kwargs):
        seen.append(model)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return fit(model, *args, **kwargs)

    monkeypatch.setattr(many, "fit_model", interrupt)
    done = nems("fit", STRING, "-d", trials, "--threads", "1")
    assert done.code == 128 + signal.SIGINT
    assert [row["channel"] for row in table(done.out)] == ["0"]
    assert "interrupted: 1 of 2 models saved" in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"trials.npz", f"{STRING}.ch0.json"}


def test_ctrl_c_in_a_single_fit_saves_the_best_so_far(nems, tmp_path, trials, monkeypatch):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Objective, "conditioning", interrupt)
    done = nems("fit", STRING, "-d", trials, "-c", "0", "--optimizer", "l-bfgs-b")
    assert done.code == 128 + signal.SIGINT
    assert table(done.out)[0]["converged"] == "no"
    assert "warning: channel 0: not converged: interrupted" in done.err
    results = Model.load(tmp_path / f"{STRING}.ch0.json").results
    assert isinstance(results, FitResults) and results.status == 2


def test_ctrl_c_while_a_model_is_saved_ends_the_other_fits(nems, trials, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Model, "save", interrupt)
    done = nems("fit", STRING, "-d", trials, "--threads", "1")
    assert (done.code, done.out) == (128 + signal.SIGINT, "")
    assert not [each for each in threading.enumerate() if each.name.startswith("nems_dsl")]


def test_data_in_large_units_are_pointed_out(tmp_path):
    rng = np.random.default_rng(0)
    x, y = 1e3 * rng.random((200, 3)), rng.random(200)
    np.savez(tmp_path / "loud.npz", stim=x, resp=y)
    command = ["-m", "nems_dsl.cli", "fit", SET_IN_ITS_UNITS, "--data", "loud.npz", "--no-figure"]
    run = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stderr.count("warning: the input 'stim' has a root mean square of") == 1
    assert "Traceback" not in run.stderr and ".py" not in run.stderr
