"""What a sweep survives: tried for real, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, event

from nems_dsl.sweeps import sweep
from nems_dsl.sweeps.running import writing

ROOT = Path(__file__).resolve().parents[3]
SLOW, FAST = "wc.2x{k=1..2}-slow.{k}-wc.{k}x1", "wc.2x{k=1..3}-lvl.{k}-wc.{k}x1"
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="finds workers as Linux lists them"
)


class Script:
    """The script of odd jobs, in a folder with its store."""

    def __init__(self, folder):
        self.folder = folder
        self.store = folder / "results.db"
        self.processes = []

    def start(self, **arguments):
        arguments = {"store": str(self.store), **arguments}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.sweeps.odd_jobs", json.dumps(arguments)],
            cwd=self.folder, env={**os.environ, "PYTHONPATH": path}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, **arguments):
        process = self.start(**arguments)
        out, err = process.communicate(timeout=100)
        return process.returncode, out + err

    def rows(self):
        """Give the rows of the store by the models' strings and channels, as SQLite has them."""
        if not self.store.exists():
            return {}
        connection = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            found = connection.execute(
                "SELECT * FROM nems_dsl_jobs JOIN nems_dsl_models m ON model_key = m.key "
                "JOIN nems_dsl_neurons n ON neuron_key = n.key"
            ).fetchall()
        except sqlite3.OperationalError:
            # the tables are not made yet
            return {}
        finally:
            connection.close()
        rows = {(row["canonical"], row["channel"]): dict(row) for row in found}
        assert len(rows) == len(found)
        return rows

    def wait_for(self, n_rows, process):
        for _ in range(600):
            if len(self.rows()) >= n_rows:
                return
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        raise AssertionError(f"there are not {n_rows} rows after 30 s")

    def log(self):
        return (self.folder / "results.log").read_text()


@pytest.fixture
def script(tmp_path):
    script = Script(tmp_path)
    yield script
    for process in script.processes:
        process.kill()
        process.communicate()


def workers_of(process):
    """Give the numbers of the processes that a sweep has started to do its work."""
    found = []
    for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for child in children.read_text().split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.slow
def test_jobs_that_hang_hog_or_die_cost_no_more_than_themselves(script):
    strings = [f"wc.2x1-{head}.1" for head in ("lvl", "hang", "hog", "die")] + ["wc.2x1"]
    code, told = script.run(strings=strings, n_workers=2, max_seconds=2, max_memory="500M")
    assert (code, told) == (0, "")
    rows = script.rows()
    assert {string: rows[string, 0]["error"] for string in strings} == {
        "wc.2x1-lvl.1": None,
        "wc.2x1": None,
        "wc.2x1-hang.1": "JobLimitError: the job took more than max_seconds=2, and its worker "
        "was killed",
        "wc.2x1-hog.1": "JobLimitError: the job took more than max_memory=500M",
        "wc.2x1-die.1": "WorkerDiedError: the worker died in this job, 2 times (signal 9, "
        "SIGKILL); maybe the job took more than max_memory=500M. If the system was out of memory, "
        "use fewer workers, or limit the job by max_memory",
    }
    log = script.log()
    assert log.count(" WARNING failed: ") == 3 and "2 jobs done, 3 failed; " in log


@pytest.mark.slow
def test_workers_and_then_the_sweep_are_killed(script):
    # so many that a sweep on a busy machine is not over before it is looked at
    arguments = {"strings": SLOW, "n_workers": 2, "n_channels": 20}
    n_jobs = 2 * 20
    process = script.start(**arguments)
    script.wait_for(1, process)
    first = workers_of(process)
    assert len(first) == 2
    for worker in first:
        os.kill(worker, signal.SIGKILL)
    # others have taken their place
    script.wait_for(len(script.rows()) + 3, process)
    workers = workers_of(process)
    assert len(workers) == 2 and not set(workers) & set(first)
    process.kill()
    process.communicate()
    before = script.rows()
    assert 4 <= len(before) < n_jobs
    for _ in range(100):
        if all(map(has_ended, workers)):
            break
        time.sleep(0.05)
    assert all(map(has_ended, workers))
    assert script.run(**arguments) == (0, "")
    after = script.rows()
    assert len(after) == n_jobs and {row["status"] for row in after.values()} == {"ok"}
    assert {key: after[key] for key in before} == before
    assert f"{n_jobs - len(before)} jobs done, 0 failed, {len(before)} were in " in script.log()


@pytest.mark.slow
def test_workers_end_with_the_sweep_even_if_their_jobs_do_not(script):
    process = script.start(strings=["wc.2x1-hang.1"], n_workers=1)
    for _ in range(600):
        if (script.folder / "hanging").exists():
            break
        time.sleep(0.05)
    (worker,) = workers_of(process)
    process.kill()
    process.communicate()
    for _ in range(100):
        if has_ended(worker):
            break
        time.sleep(0.05)
    assert has_ended(worker)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished(script):
    arguments = {"strings": SLOW, "n_workers": 2, "n_channels": 7}
    process = script.start(**arguments)
    script.wait_for(2, process)
    workers = workers_of(process)
    # as a terminal does
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT and err.count("Traceback") == 1
    assert all(map(has_ended, workers))
    n_rows = len(script.rows())
    assert 2 <= n_rows < 14
    assert f"{n_rows} jobs done, 0 failed, interrupted; " in script.log()
    assert not list(script.folder.glob("nems_dsl_sweep_*"))


@pytest.mark.slow
def test_a_full_disk_keeps_what_is_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "ROWS_PER_COMMIT", 20)
    rng = np.random.default_rng(0)
    x = rng.random((200, 2))
    data = {"cell": (x, x @ rng.random((2, 60)))}
    store = Script(tmp_path)

    def fill(connection, _):
        connection.execute("PRAGMA max_page_count=45")

    event.listen(Engine, "connect", fill)
    try:
        with pytest.raises(OSError, match="full"):
            sweep(FAST, data, store.store, "serial", show_progress=False)
    finally:
        event.remove(Engine, "connect", fill)
    before = store.rows()
    assert 0 < len(before) < 180
    assert "ended by OSError" in store.log()
    assert len(sweep(FAST, data, store.store, "serial", show_progress=False)) == 180
    after = store.rows()
    assert {key: after[key] for key in before} == before


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "careless.py"
    script.write_text(
        "import numpy as np\nfrom nems_dsl.sweeps.running.sweeping import sweep\n"
        "x = np.random.default_rng(0).random((50, 2))\n"
        "sweep('wc.2x1', {'a': (x, x[:, :1])}, n_workers=1)\n"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 1
    assert "under `if __name__ == '__main__':`" in done.stderr.splitlines()[-1]
