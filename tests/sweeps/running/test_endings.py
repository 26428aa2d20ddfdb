"""How sweeps end that are told to, and what they leave behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from nems_dsl import sweep
from nems_dsl.datasets import simulate
from nems_dsl.sweeps import open_results
from nems_dsl.sweeps.running.leftovers import clear_left, mark_ours

_LONG = """
import nems_dsl
from nems_dsl.datasets import simulate
data = simulate(n_times=3000, n_channels=6, n_taps=4, n_outputs=4, seed=0)
pattern = "wc.6x{r=1..6}-fir.{r}x{t=4..12}-{lvl,dexp}.1"
nems_dsl.sweep(pattern, {"A": data}, "r.db", "serial", show_progress=False)
"""


@pytest.fixture(scope="module")
def data():
    return simulate(n_times=300, n_channels=6, n_taps=4, seed=0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_sigterm_ends_a_sweep_in_order(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", _LONG], cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
    )  # fmt: skip
    ends_at = time.monotonic() + 60
    while not list(tmp_path.glob("nems_dsl_sweep_*/in_use")) and time.monotonic() < ends_at:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 143, complaint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.db", "r.log"]
    assert "ended by SIGTERM" in (tmp_path / "r.log").read_text()


def test_a_handler_of_the_users_own_is_left_alone(data, tmp_path):
    def own(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, own)
    try:
        sweep("wc.6x1-lvl.1", {"A": data}, tmp_path / "r.db", "serial")
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)
    sweep("wc.6x1-lvl.1", {"A": data}, tmp_path / "r.db", "serial")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(sys.platform == "win32", reason="needs marks by flock")
def test_what_a_killed_sweep_left_is_cleared_by_the_next(data, tmp_path):
    kept, left, foreign = (tmp_path / f"nems_dsl_sweep_{name}" for name in ("a", "b", "c"))
    for folder in (kept, left, foreign):
        folder.mkdir()
        (folder / "data.npy").write_bytes(b"0")
    mark = mark_ours(kept)
    os.close(mark_ours(left))  # as the end of a process does
    sweep("wc.6x1-lvl.1", {"A": data}, tmp_path / "r.db", "serial", scratch=tmp_path)
    # a folder without a mark may be of a version that made none, and in use
    assert sorted(tmp_path.glob("nems_dsl_sweep_*")) == [kept, foreign]
    os.close(mark)
    assert clear_left(tmp_path, "nems_dsl_sweep_") == 1


@pytest.mark.parametrize("name", ["results.log", "results.LOG"])
def test_a_log_is_never_written_into_a_store(name, data, tmp_path):
    for _ in range(2):
        sweep("wc.6x1-lvl.1", {"A": data}, tmp_path / name, "serial")
    assert len(open_results(tmp_path / name)) == 1
    logs = [p for p in tmp_path.iterdir() if p.name != name]
    assert len(logs) == 1 and "1 jobs done" in logs[0].read_text()


def test_a_log_is_not_written_into_another_store(data, tmp_path):
    for name in ("a.log", "a.db"):
        sweep("wc.6x1-lvl.1", {"A": data}, tmp_path / name, "serial")
    assert len(open_results(tmp_path / "a.log")) == 1
    assert "1 jobs done" in (tmp_path / "a.db.log").read_text()


@pytest.mark.parametrize("name", ["\ud800x", "a\nb", "a\x1b[31m", "a\u202eb", "\udcff"])
def test_names_that_cannot_be_stored_or_shown_are_refused_by_name(name, data, tmp_path):
    with pytest.raises(ValueError, match=r"the name '.* of a data set has the character") as caught:
        sweep("wc.6x1-lvl.1", {name: data}, tmp_path / "r.db", "serial")
    assert str(caught.value).isascii()
