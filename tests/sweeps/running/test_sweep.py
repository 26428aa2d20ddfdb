"""The sweep as a whole: resuming, writing, progress, memory."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from nems_dsl import open_results, sweep
from nems_dsl.sweeps.running import executors, jobs, run, writing
from nems_dsl.sweeps.running import sweeping as module
from nems_dsl.sweeps.running.datasets import share_datasets
from nems_dsl.sweeps.running.jobs import Feed, Recipe, plan_jobs
from nems_dsl.sweeps.running.limits import Limits
from nems_dsl.sweeps.running.sweep_progress import Progress
from nems_dsl.sweeps.running.variants import PlainVariant
from nems_dsl.sweeps.store.rows import JobRow
from tests.sweeps.small import PATTERN, STRING, recording

DATA = recording()


@pytest.fixture
def run_sweep(tmp_path, monkeypatch):
    """Sweep in this process; give the rows that were stored."""
    fitted = []
    run_job = executors.run_job
    monkeypatch.setattr(
        executors, "run_job", lambda task, job: fitted.append(job) or run_job(task, job)
    )

    def call(strings=PATTERN, data=None, **arguments):
        fitted.clear()
        arguments = {"executor": "serial", "show_progress": False, **arguments}
        results = sweep(strings, data or {"cell": DATA}, tmp_path / "results.db", **arguments)
        return results.to_pandas(), len(fitted)

    return call


def test_a_table_of_all_jobs(run_sweep, tmp_path):
    table, n_fitted = run_sweep()
    assert n_fitted == len(table) == 8
    assert sorted(map(tuple, table[["canonical", "channel"]].values.tolist())) == sorted(
        (f"wc.6x{r}-fir.{r}x4-{nl}.1", channel)
        for r in (1, 2) for nl in ("lvl", "dexp") for channel in (0, 1)
    )  # fmt: skip
    assert set(table.status) == {"ok"} and table.r_test.min() > 0.5
    assert table.r.tolist() == [int(string[5]) for string in table.canonical]
    assert (table.se_test > 0).all() and table.converged.all()
    assert "8 jobs done, 0 failed; " in (tmp_path / "results.log").read_text()


@pytest.mark.slow
def test_what_is_there_is_not_done_again(run_sweep, tmp_path):
    run_sweep(STRING)
    more, n_fitted = run_sweep(PATTERN)
    assert n_fitted == 6 and len(more) == 8
    again, n_fitted = run_sweep(PATTERN)
    assert n_fitted == 0
    assert again.equals(more)
    log = (tmp_path / "results.log").read_text().splitlines()
    assert "6 jobs done, 0 failed, 2 were in " in log[1]
    assert "nothing to do: all 8 jobs are in " in log[2]
    other = {"cell": DATA, "other": recording(7)}
    assert run_sweep(PATTERN, other)[1] == 8
    assert run_sweep(PATTERN, other, test=0.3)[1] == 16
    assert run_sweep(PATTERN, other, resume=False)[1] == 16
    assert run_sweep(PATTERN, other, channels=0)[1] == 0


def test_a_sweep_gives_its_own_rows(tmp_path):
    store, changed = tmp_path / "results.db", recording(seed=4)

    def call(data, **arguments):
        return sweep(PATTERN, data, store, "serial", channels=0, show_progress=False, **arguments)

    first = call({"a": DATA, "b": changed})
    second = call({"a": DATA}, test=0.4)
    third = call({"a": changed}, test=0.4)
    everything = open_results(store)
    assert [len(each) for each in (first, second, third, everything)] == [8, 4, 4, 16]
    assert [each.pivot().shape for each in (first, second, third)] == [(2, 4), (1, 4), (1, 4)]
    scores = [each.select(dataset="a").best().r_test[0] for each in (first, second, third)]
    assert len(set(scores)) == 3 and min(scores) > 0.5
    with pytest.raises(ValueError, match=r"in 2 ways, .* results\.select\(recipe=\.\.\.\)"):
        everything.best()
    with pytest.raises(ValueError, match="the dataset 'a' changed between sweeps"):
        everything.select(recipe=second.recipes).pivot()
    # an earlier sweep is known again, though it is not the last
    assert call({"a": DATA}, test=0.4).best().equals(second.best())


def test_a_sweep_of_one_channel_and_all_channels(tmp_path):
    strings = [STRING, "wc.6xR-fir.Rx4xR-lvl.R"]
    results = sweep(strings, {"a": DATA}, tmp_path / "results.db", "serial", channels=1)
    assert results.to_pandas().canonical.unique().tolist() == [STRING]  # for R is 1
    both = sweep(strings, {"a": DATA}, tmp_path / "results.db", "serial", channels=[0, 1])
    assert len(both) == 3 and both.pivot().shape == (3, 2)
    every = sweep(strings, {"a": DATA}, tmp_path / "results.db", "serial")
    assert len(every) == 3 and every.pivot().shape == (3, 2)
    with pytest.raises(ValueError, match="in 2 ways"):
        open_results(tmp_path / "results.db").pivot()


def test_jobs_that_failed_are_done_again(run_sweep, monkeypatch, tmp_path):
    fit_and_score = run.fit_and_score

    def fail(task, job):
        if job.channel == 1:
            raise ValueError("not today\nand not tomorrow")
        return fit_and_score(task, job)

    monkeypatch.setattr(run, "fit_and_score", fail)
    table, _ = run_sweep(STRING)
    assert table.set_index("channel").status.to_dict() == {0: "ok", 1: "failed"}
    line = (tmp_path / "results.log").read_text().splitlines()[0]
    assert line.endswith(f"WARNING failed: {STRING}, cell, channel 1: ValueError: not today")
    monkeypatch.setattr(run, "fit_and_score", fit_and_score)
    table, n_fitted = run_sweep(STRING)
    assert n_fitted == 1 and set(table.status) == {"ok"}


def test_channels_are_given_as_numbers_or_as_a_mask(run_sweep):
    one, n_fitted = run_sweep(STRING, channels=np.int64(1))
    assert one.channel.tolist() == [1] and n_fitted == 1
    assert run_sweep(STRING, channels=np.array([False, True]))[1] == 0
    both, n_fitted = run_sweep("wc.6xR-fir.Rx4-lvl.R", channels=[True, True])
    assert n_fitted == 1 and both.status.tolist() == ["ok", "ok"]


def test_arguments_of_the_fit(run_sweep):
    table, _ = run_sweep(STRING, fit={"loss": "mse"}, max_iterations=1, n_folds=2)
    assert set(table.loss_name) == {"mse"} and sorted(table.fold) == [0, 0, 1, 1]
    for recipe in table.recipe:
        assert json.loads(recipe)["fit"] == {"loss": "mse", "max_iterations": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"maximum": 3}, "sweep has no option 'maximum'; there are pattern_or"),
        ({"n_worker": 3}, r"sweep has no option 'n_worker'; did you mean n_workers=\?"),
        ({"verbose": 0}, "sweep cannot pass 'verbose' on to the fits: fits are silent"),
        ({"executor": "processes"}, "executor is a concurrent.futures.Executor, 'serial'"),
        ({"max_memory": "1G"}, "max_memory limits processes of the sweep's own"),
        ({"channels": [5]}, "there is no channel 5"),
        ({"data": {"cell": (DATA.stim, DATA.resp[:9])}}, "data set 'cell'"),
        ({"n_folds": 3, "by": "trials"}, "data set 'cell': 3 folds of trials need at least 3"),
        ({"data": {"brief": (DATA.stim[:3], DATA.resp[:3])}}, "data set 'brief': a single trial"),
        ({"strings": "wc.6x1-flr.1x4"}, "`flr`"),
        ({"where": "rr > 1"}, "no variable `rr`"),
        ({"executor": None, "n_workers": 0}, "n_workers must be at least 1, not 0"),
    ],
)
def test_faults_are_told_before_any_fit(run_sweep, arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        run_sweep(**arguments)


def test_scratch_is_cleared(run_sweep, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run_sweep(STRING, scratch=scratch)
    assert not list(scratch.iterdir())
    with pytest.raises(FileNotFoundError):
        run_sweep(PATTERN, scratch=tmp_path / "nowhere")


def test_threads(run_sweep):
    with ThreadPoolExecutor(2) as threads:
        table, _ = run_sweep(executor=threads)
    assert len(table) == 8 and set(table.status) == {"ok"}


@pytest.mark.slow
def test_the_example(tmp_path):
    path = Path(__file__).resolve().parents[3] / "examples" / "sweep.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)], cwd=tmp_path, capture_output=True, text=True,
        timeout=100, env={**os.environ, "PYTHONPATH": str(path.parents[1])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and "wc.18x2-fir.2x15-dexp.1" in done.stdout
    assert (tmp_path / "speech.png").exists()
    assert len(path.read_text().splitlines()) < 30


# ---- the parent ------------------------------------------------------------------------------


class FakeStore:
    location = Path("fake.db")

    def __init__(self):
        self.batches = []

    def add(self, rows):
        self.batches.append(len(rows))

    def succeeded(self, identities):
        return set()


def fake_row(task, job, **_):
    known = run._known(task, job)
    return JobRow(**{**known, "model": "x" * 2000}, r_test=0.5, seconds=1e-3)


def run_many(n_variants, tmp_path, monkeypatch):
    """Run a sweep of many jobs that do nothing; give the peak of the memory, and the batches."""
    monkeypatch.setattr(executors, "run_job", fake_row)
    monkeypatch.setattr(jobs, "_bind", lambda string, *sizes: (string, True))
    (dataset,) = share_datasets({"cell": DATA}, tmp_path)
    variants = (PlainVariant(f"wc.6x{n}", f"wc.6x{n}", {"n": n}) for n in range(n_variants))
    store, progress = FakeStore(), Progress(False)
    plan = module._unknown(plan_jobs(variants, [dataset], Recipe()), store, True, progress)
    feed = Feed(plan, Recipe(), Limits())
    tracemalloc.start()
    try:
        module._run(feed, "serial", None, store, progress)
        return tracemalloc.get_traced_memory()[1], store.batches
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_jobs(tmp_path, monkeypatch):
    few, _ = run_many(500, tmp_path, monkeypatch)
    many, batches = run_many(5000, tmp_path, monkeypatch)
    assert sum(batches) == 10_000 and max(batches) <= 256
    assert many < 1.2 * few


def test_rows_are_written_before_long(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(writing.time, "monotonic", lambda: now[0])
    store = FakeStore()
    writer = writing.Writer(store, Progress(False))
    row = JobRow(
        identity="1", string="a", canonical="a", model_id="1", dataset="d", data_digest="d",
        recipe="{}",
    )  # fmt: skip
    writer.add([row])
    now[0] = 0.9
    writer.add([row])
    assert store.batches == []
    now[0] = 1.1
    writer.add([row])
    assert store.batches == []
    # rather when nothing has come
    writer.add([])
    assert store.batches == [3]
    now[0] = 2.7
    # but not much later, whatever comes
    writer.add([row])
    assert store.batches == [3, 1]
    writer.add([row] * 300)
    assert store.batches == [3, 1, 300]
    writer.flush()
    assert store.batches == [3, 1, 300]


def test_rows_are_kept_if_they_cannot_be_written():
    class Full(FakeStore):
        def add(self, rows):
            raise OSError("the disk is full")

    writer = writing.Writer(Full(), Progress(False))
    writer._rows = ["row"]
    with pytest.raises(OSError, match="full"):
        writer.flush()
    assert writer._rows == ["row"]


# ---- progress --------------------------------------------------------------------------------


def test_a_bar_for_people(run_sweep, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    run_sweep(["wc.6x1-lvl.1", "wc.5x1"], show_progress=True)
    shown = stream.getvalue()
    assert "4/4" in shown and "2 failed" in shown and "fit/s" in shown
    assert "2 jobs done, 2 failed; " in shown.splitlines()[-1]
    stream.truncate(0)
    run_sweep(["wc.6x1-lvl.1"], show_progress=True)
    assert "nothing to do: all 2 jobs are in " in stream.getvalue()


def test_quiet_where_nobody_looks(run_sweep, capfd):
    run_sweep(STRING, show_progress=None)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_the_digest_of_random_data_differs(run_sweep):
    rng = np.random.default_rng(0)
    for n_fitted in (1, 1):
        x = rng.random((100, 2))
        assert run_sweep("wc.2x1", {"cell": (x, x[:, :1])})[1] == n_fitted
