"""Where jobs run makes no difference, not by a bit."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from nems_dsl._threads import one_blas_thread
from nems_dsl.sweeps.running import executors
from nems_dsl.sweeps.running.datasets import SharedFilesError
from nems_dsl.sweeps.running.executors import run_by_executor, run_here, run_in_processes
from nems_dsl.sweeps.running.run import run_task
from tests.sweeps.small import PATTERN, collect, make_feed, recording, told

ROOT = Path(__file__).resolve().parents[3]
# long enough for linear algebra to use several threads, if it may
DATA = {"A": recording(0, 12_000, 1), "B": recording(1)}


@pytest.fixture
def feed(tmp_path):
    return lambda **arguments: make_feed(tmp_path, DATA, **arguments)


@pytest.mark.slow
def test_results_are_the_same_to_the_last_bit(feed):
    with one_blas_thread():
        expected = told(collect(run_here(feed())))
        assert len(expected) == 12
        assert {facts["status"] for facts in expected.values()} == {"ok"}
        assert told(collect(run_here(feed()))) == expected
        with ThreadPoolExecutor(2) as threads:
            assert told(collect(run_by_executor(threads, feed()))) == expected
    assert told(collect(run_in_processes(feed(), 2))) == expected


@pytest.mark.slow
def test_threads_of_linear_algebra_make_no_difference(tmp_path):
    script = (
        "import sys; from tests.sweeps.small import *\n"
        "from nems_dsl.sweeps.running.executors import *\n"
        "from nems_dsl.sweeps.running.sweeping import sweep\n"
        "data = {'A': recording(0, 30_000, 1)}\n"
        "sweep(PATTERN, data, sys.argv[1], 'serial', show_progress=False)\n"
        "from nems_dsl.sweeps.store.store import Store\n"
        "import sqlite3\n"
        "rows = sqlite3.connect(sys.argv[1]).execute('SELECT identity, loss, r_fit, se_fit, '\n"
        "    'r_test, se_test, iterations FROM nems_dsl_jobs ORDER BY identity').fetchall()\n"
        "print(*map(repr, rows), sep='\\n')\n"
    )
    found = []
    for n_threads in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": n_threads}
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / f"{n_threads}.db")],
            env=environment, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0].count("\n") == 4 and found[0] == found[1]


class Dying(Executor):
    """Gives up a task whose second job it has come to, as a cluster whose worker dies."""

    def __init__(self, n_left, fault):
        self.n_left, self.fault = n_left, fault

    def submit(self, function, task):
        future = Future()
        if len(task.jobs) > 1 or self.n_left > 0:
            self.n_left -= len(task.jobs) == 1
            future.set_exception(self.fault)
        else:
            future.set_result(function(task))
        return future


@pytest.mark.slow
def test_a_task_that_fails_is_done_again_job_by_job(feed):
    once = feed()
    for _ in range(200):
        once.note(0.01)
    rows = collect(run_by_executor(Dying(1, RuntimeError("the worker is gone")), once, 1))
    failed = [row for row in rows if row.status == "failed"]
    assert len(rows) == 12 and [row.error for row in failed] == ["RuntimeError: the worker is gone"]


@pytest.mark.slow
def test_workers_that_do_not_see_the_data_end_the_sweep(feed, tmp_path):
    todo = feed()
    for path in tmp_path.iterdir():
        path.unlink()
    for rows in (
        run_here(todo),
        run_in_processes(feed_without_files(todo), 1),
        run_by_executor(Dying(0, None), todo, 1),
    ):
        with pytest.raises(SharedFilesError, match="scratch="):
            collect(rows)


def feed_without_files(feed):
    return feed


def kill_first(task, marker):
    if not os.path.exists(marker):
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run_task(task)


@pytest.mark.slow
def test_a_pool_that_breaks_is_replaced(feed, tmp_path, monkeypatch, caplog):
    marker = str(tmp_path / "marker")

    class Pool(ProcessPoolExecutor):
        def submit(self, function, task):
            return super().submit(kill_first, task, marker)

    context = multiprocessing.get_context("spawn")
    with Pool(1, mp_context=context) as pool:
        rows = collect(run_by_executor(pool, feed()))
    assert len(told(rows)) == 12 and {row.status for row in rows} == {"ok"}
    assert "the executor broke; going on in 1 processes" in caplog.text


def test_tasks_in_flight_are_few(feed):
    waiting = []

    class Lazy(Executor):
        def submit(self, function, task):
            waiting.append((Future(), function, task))
            most.append(len(waiting))
            return waiting[-1][0]

    def work(futures, **arguments):
        future, function, task = waiting.pop(0)
        future.set_result(function(task))
        return original(futures, **arguments)

    most, original = [], executors.wait
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executors, "wait", work)
        rows = collect(run_by_executor(Lazy(), feed(strings=PATTERN), n_workers=2))
    assert len(rows) == 12 and max(most) == 4
