"""How tests share a machine: a worker for each core, and one thread of BLAS in each worker."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# How long an example takes says more about the machine, and what must be compiled, than about it.
settings.register_profile("nems_dsl", deadline=None)
settings.load_profile("nems_dsl")

# A shell starts what is to run in the background with Ctrl-C ignored, and tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: A worker takes up to a gigabyte of memory, so a machine of many cores gets no more than these.
MOST_WORKERS = 8


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of workers of ``-n auto``: one for each core that pytest may use.

    Tests that are named one by one run in pytest's own process, as they do on one core: they are
    done before workers have started.
    """
    if any("::" in argument for argument in config.args):
        return 0
    if hasattr(os, "sched_getaffinity"):
        n_cores = len(os.sched_getaffinity(0))
    else:
        n_cores = os.cpu_count() or 1
    return 0 if n_cores == 1 else min(n_cores, MOST_WORKERS)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Give a worker one thread of linear algebra: the other cores have workers of their own."""
    if not hasattr(session.config, "workerinput"):
        return
    # A limit is set on libraries that are loaded, and SciPy brings a BLAS of its own.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
