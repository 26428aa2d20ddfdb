"""nems-dsl sweep: what it prints, what it leaves, and how it refuses."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nems_dsl.sweeps.results.stored_results import open_results
from nems_dsl.sweeps.running import executors
from nems_dsl.sweeps.running import sweeping as module
from nems_dsl.sweeps.running.datasets import DatasetWarning

ROOT = Path(__file__).resolve().parents[2]
PATTERN = "wc.6x{r=1..2}-fir.{r}x4-lvl.1"


@pytest.fixture
def _here(monkeypatch):
    """Run jobs in this process, which takes no time to start."""
    monkeypatch.setattr(module, "run_in_processes", lambda feed, n: executors.run_here(feed))


@pytest.mark.usefixtures("_here")
def test_the_best_models(nems, tmp_path, trials):
    done = nems("sweep", PATTERN, "--data", trials, "--store", "new.db")
    assert done.code == 0
    header, *rows = [line.split() for line in done.out.splitlines()]
    assert header == ["canonical", "n_parameters", "r_test", "se", "n_neurons"]
    table = open_results(tmp_path / "new.db").to_pandas()
    means = table.groupby("canonical").r_test.mean().sort_values(ascending=False)
    assert [row[0] for row in rows] == means.index.tolist()
    assert [row[2] for row in rows] == [f"{mean:.3f}" for mean in means]
    assert rows[0][4] == "2" and set(table.dataset) == {"trials"}
    assert done.err.startswith("4 jobs done, 0 failed; ")
    again = nems("sweep", PATTERN, "--data", trials, "--store", "new.db")
    assert (again.code, again.out) == (0, done.out)
    done, warned = again.err.splitlines()
    assert done == "nothing to do: all 4 jobs are in new.db"
    assert warned.startswith("the best of 2 models by r_test is so in part by luck, and its score")


@pytest.mark.usefixtures("_here")
def test_failed_jobs_are_told_by_the_exit_code(nems, trials):
    done = nems("sweep", "wc.6x1-lvl.1", "wc.5x1", "-d", f"A1={trials}", "-c", "1")
    assert done.code == 1
    assert done.err.splitlines()[0].startswith("1 jobs done, 1 failed; ")
    assert done.err.splitlines()[1] == "see results.log for what failed"
    assert [line.split()[0] for line in done.out.splitlines()] == ["canonical", "wc.6x1-lvl.1"]
    table = open_results("results.db").to_pandas()
    assert set(table.dataset) == {"A1"} and set(table.channel) == {1}
    all_failed = nems("sweep", "wc.5x1", "-d", trials, "--store", "none.db")
    assert all_failed.code == 1 and "no model has a score" in all_failed.err


@pytest.mark.usefixtures("_here")
def test_a_data_set_that_is_not_there_costs_itself(nems, trials):
    with pytest.warns(DatasetWarning, match=r"'A' could not be loaded.*No such file.*none\.npz"):
        done = nems("sweep", "wc.6x1-lvl.1", "-d", "A=none.npz", "-d", trials)
    assert done.code == 1
    assert done.err.splitlines()[0].startswith("2 jobs done, 1 failed; ")
    table = open_results("results.db").to_pandas()
    assert table.groupby("dataset").status.agg(set).to_dict() == {"A": {"failed"}, "trials": {"ok"}}


@pytest.mark.usefixtures("_here")
def test_options(nems, trials):
    done = nems(
        "sweep", PATTERN, "-d", trials, "--where", "r > 1", "--folds", "2", "--max-iter", "1",
        "--loss", "mse", "--seed", "3", "--edges", "omit", "--patience", "10", "-q",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    table = open_results("results.db").to_pandas()
    assert set(table.r) == {2} and sorted(table.fold) == [0, 0, 1, 1]
    assert set(table.loss_name) == {"mse"} and set(table.seed) == {3}
    assert set(table.recipe) == {
        '{"by": "auto", "fit": {"edges": "omit", "loss": "mse", "max_iterations": 1}, "gap": null, '
        '"n_folds": 2, "seed": 3}'
    }
    again = nems("sweep", "wc.6x1", "-d", trials, "--test", "0", "-q")
    assert again.out.split()[:3] == ["canonical", "n_parameters", "r_fit"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["wc.6x1-flr.1x3"], 1, "`flr`"),
        (["wc.6x1", "--where", "q = 1"], 1, "has no meaning here"),
        (["wc.6x1", "--max-memory", "much"], 1, "written as 500M or 2G, not 'much'"),
        (["wc.6x1", "--max-seconds", "0"], 1, "max_seconds must be above 0"),
        (["wc.6x1", "-d", "other/trials.npz"], 1, "two data sets are called 'trials'"),
        (["wc.6x1", "--channel", "9"], 1, "there is no channel 9"),
        (["wc.6x1", "--loss", "mae"], 2, "Invalid value"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_is_refused(nems, trials, arguments, code, message):
    done = nems("sweep", *arguments, "--data", trials)
    assert done.code == code and message in done.err
    assert done.out == ""


@pytest.mark.slow
def test_processes_and_ctrl_c(process, tmp_path, recording):
    rng = np.random.default_rng(0)
    x = rng.random((5_000, 18))
    np.savez(tmp_path / "long.npz", x=x, y=x @ rng.random((18, 40)))
    arguments = ["sweep", "wc.18x{r=1..4}-fir.{r}x25-dexp.1", "-d", "long.npz", "-j", "1"]
    running = subprocess.Popen(
        [sys.executable, "-m", "nems_dsl.cli", *arguments], cwd=tmp_path,
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    store = tmp_path / "results.db"
    for _ in range(600):
        if store.exists() and n_rows(store):
            break
        time.sleep(0.05)
    # as a terminal does, to all of them
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err and out == ""
    assert n_rows(store) >= 1


def environment():
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def n_rows(store):
    try:
        return len(open_results(store).to_pandas(["canonical"]))
    except (ValueError, OSError):
        # it is just being made
        return 0


def test_a_bar_on_a_terminal(nems, trials, monkeypatch, _here):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    done = nems("sweep", "wc.6x1-lvl.1", "-d", trials)
    assert done.code == 0 and "2/2" in done.err and "2 jobs done" in done.err


@pytest.mark.usefixtures("_here")
def test_shards_are_merged(nems, tmp_path, trials):
    whole = nems("sweep", PATTERN, "--data", trials, "--store", "whole.db")
    for shard in ("1/2", "2/2"):
        assert (
            nems("sweep", PATTERN, "--data", trials, "--store", "r.db", "--shard", shard).code == 0
        )
    parts = sorted(tmp_path.glob("r.shard-*.db"))
    done = nems("merge", "r.db", *parts)
    assert (done.code, done.err) == (0, "4 rows added; r.db\n")
    assert nems("merge", "r.db", *parts).err == "0 rows added, 4 were there before; r.db\n"
    again = nems("sweep", PATTERN, "--data", trials, "--store", "r.db")
    assert again.out == whole.out
    assert again.err.startswith("nothing to do: all 4 jobs are in r.db")
    refused = nems("sweep", PATTERN, "--data", trials, "--shard", "3/2")
    assert refused.code == 1 and "a shard is one of 1/2 to 2/2, not 3/2" in refused.err
    assert nems("merge", "r.db", "none.db").code == 1
