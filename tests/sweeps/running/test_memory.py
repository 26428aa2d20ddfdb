"""The memory of the process that runs a sweep does not grow with the number of jobs."""

from __future__ import annotations

import gc
import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from nems_dsl.sweeps.running import executors
from nems_dsl.sweeps.running.run import failed_row
from nems_dsl.sweeps.running.sweeping import sweep

N_MODELS, N_CHANNELS = 400, 20
N_JOBS = N_MODELS * N_CHANNELS
# anything that was kept for a job, its identity above all, would take more
BYTES_PER_JOB = 40


@pytest.mark.slow
def test_nothing_is_kept_for_a_job_that_is_done(tmp_path, monkeypatch):
    # made beforehand, as a list would itself grow
    held, n_held = np.zeros(N_JOBS), itertools.count()

    def nothing_but_a_row(task, job):
        row = failed_row(task, job, ValueError("nothing is fitted here"), 1e-4)
        if tracemalloc.is_tracing():
            held[next(n_held)] = tracemalloc.get_traced_memory()[0]
        return replace(row, status="ok", error=None, traceback=None, r_test=0.5, model="{}")

    monkeypatch.setattr(executors, "run_job", nothing_but_a_row)
    values = np.random.default_rng(0).random((300, 4 + N_CHANNELS))
    data = {"cell": (values[:, :4], values[:, 4:])}
    pattern = f"wc.4x1-fir.1x{{1..{N_MODELS}}}-lvl.1"
    # Python looks for circles the more rarely, the more other tests have left behind
    gc.collect()
    gc.freeze()
    gc.collect()
    # the first fills caches, which have bounds
    for store in ("first.db", "second.db"):
        results = sweep(pattern, data, tmp_path / store, "serial", show_progress=False)
        assert len(results) == N_JOBS
        tracemalloc.start()
    tracemalloc.stop()
    gc.unfreeze()
    assert held.all()
    # rows that wait to be written come and go; the least of many looks is what stays
    quarter = N_JOBS // 4
    early, late = held[quarter : 2 * quarter].min(), held[-quarter:].min()
    assert late - early < BYTES_PER_JOB * 2 * quarter
