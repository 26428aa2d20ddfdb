"""The tests as a whole: README's command runs them on every core, and `.ci/run` runs that."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import pytest_xdist_auto_num_workers

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
OPTIONS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]


@pytest.mark.parametrize(
    ("cores", "arguments", "n_workers"),
    [
        ({0}, ["tests"], 0),
        ({0, 1}, ["tests"], 2),
        ({0, 1}, ["tests/metrics", "nems_dsl/metrics"], 2),
        ({0, 1}, ["tests/metrics/test_power.py::test_it"], 0),
        (set(range(64)), ["tests"], 8),
    ],
)
def test_workers_are_as_many_as_cores(cores, arguments, n_workers, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: cores, raising=False)
    assert pytest_xdist_auto_num_workers(SimpleNamespace(args=arguments)) == n_workers


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="these tests have no workers")
def test_a_worker_has_one_thread_of_linear_algebra():
    from threadpoolctl import threadpool_info

    threads = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert threads and set(threads) == {1}


def test_ci_runs_the_command_of_the_readme():
    (command,) = re.findall(r"^(pip install .* && pytest)\b", README, re.MULTILINE)
    (run,) = re.findall(r"^readme_tests\(\) \{ (.*); \}$", CI, re.MULTILINE)
    assert run.replace(" --quiet", "") == command
    assert f"step '{command}' readme_tests" in CI


def test_ci_sets_nothing_that_a_newcomer_has_not_set():
    assert not re.findall(r"\w*_NUM_THREADS=", CI)
    before = CI.partition("\nstep ")[0].partition("\nstep() {")[0]
    for name in ("PYTEST_ADDOPTS", "OPENBLAS_CORETYPE", "NUMBA_CACHE_DIR", "CI"):
        assert not re.search(rf"\b{name}=", before)


def test_ci_selects_what_is_slow():
    assert "-m not slow" in OPTIONS["ini_options"]["addopts"]
    assert "pytest -m slow" in CI and "\nstep" in CI and "slow_tests\n" in CI
