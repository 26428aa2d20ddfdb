"""The tests as a whole: they run on every core."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from tests.conftest import pytest_xdist_auto_num_workers


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
