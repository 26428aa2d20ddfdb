"""A sweep on a cluster of dask's, one of whose workers is killed."""

from __future__ import annotations

import os
import signal

import pytest

from nems_dsl._threads import one_blas_thread
from nems_dsl.sweeps import sweep
from nems_dsl.sweeps.running.executors import run_by_executor, run_here
from tests.sweeps.small import PATTERN, collect, make_feed, recording, told

distributed = pytest.importorskip("distributed")
DATA = {name: recording(seed, 3000) for seed, name in enumerate("AB")}


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(client, tmp_path):
    with one_blas_thread():
        expected = told(collect(run_here(make_feed(tmp_path, DATA))))
    workers = list(client.run(os.getpid).values())
    executor = client.get_executor()
    # as if all jobs were of another process, for here they are
    rows = run_by_executor(executor, make_feed(tmp_path, DATA, parent="elsewhere"), 2)
    found = []
    for some in rows:
        if some and not found:
            os.kill(workers[0], signal.SIGKILL)
        found += some
    assert told(found) == expected
    assert len(expected) == 16
    assert set(client.run(os.getpid).values()) != set(workers)


@pytest.mark.slow
def test_a_sweep_on_a_cluster(client, tmp_path):
    store = tmp_path / "results.db"
    results = sweep(PATTERN, DATA, store, client.get_executor(), channels=0, show_progress=False)
    table = results.to_pandas()
    assert len(table) == 8 and set(table.status) == {"ok"}
    # the data were beside the store, where other machines see them, and are gone
    assert {path.suffix for path in tmp_path.iterdir()} <= {".db", ".log", ".lock"}
