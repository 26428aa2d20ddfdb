"""Where jobs are run: here, in processes of one's own, or by any `concurrent.futures.Executor`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from typing import Any

from ..store.rows import JobRow
from .datasets import SharedFilesError
from .jobs import Feed, Task
from .limits import Limits
from .run import failed_row, run_job, run_task
from .workers import WorkerPool

logger = logging.getLogger(__name__)
SERIAL = "serial"
_LOOK_UP = 0.5
_MOST_UNKNOWN = 32


def run_here(feed: Feed) -> Iterator[list[JobRow]]:
    """Run jobs one after the other, in this process."""
    while (task := feed.take()) is not None:
        for job in task.jobs:
            row = run_job(task, job)
            feed.note(row.seconds)
            yield [row]


def run_in_processes(feed: Feed, n_workers: int) -> Iterator[list[JobRow]]:
    """Run jobs in processes on this machine, which are watched and replaced when they die."""
    pool = WorkerPool(n_workers)
    try:
        yield from pool.rows(feed)
    finally:
        pool.close()


def run_by_executor(
    executor: Executor, feed: Feed, n_workers: int | None = None
) -> Iterator[list[JobRow]]:
    """Run jobs by an executor of the user's.

    A task whose worker died is done again, each of its jobs by itself; a job that fails so twice
    is one that failed. If the executor breaks, as a `ProcessPoolExecutor` does when one of its
    processes is killed, what is left is done in processes of the sweep's own.

    Parameters
    ----------
    executor : Executor
        It is not shut down.
    feed : Feed
    n_workers : int, optional
        How many tasks it runs at a time, if it does not tell.

    Yields
    ------
    list of JobRow
        Maybe empty; at least one every half second.
    """
    n_workers = n_workers or getattr(executor, "_max_workers", None)
    most = 2 * (n_workers or _MOST_UNKNOWN)
    pending: dict[Future[list[JobRow]], Task] = {}
    is_broken = False
    try:
        while not is_broken:
            is_broken = not _submit(executor, feed, pending, most)
            if not pending:
                break
            done, _ = wait(pending, timeout=_LOOK_UP, return_when=FIRST_COMPLETED)
            rows: list[JobRow] = []
            for future in done:
                task = pending.pop(future)
                fault = future.exception()
                if isinstance(fault, BrokenExecutor):
                    feed.put_back(task, task.jobs)
                    is_broken = True
                elif fault is not None:
                    rows += _after_fault(feed, task, fault)
                else:
                    rows += future.result()
            for row in rows:
                feed.note(row.seconds)
            yield rows
    finally:
        for future in pending:
            future.cancel()
    if is_broken:
        for future, task in pending.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                yield future.result()
            else:
                feed.put_back(task, task.jobs)
        n_own = n_workers or 1
        logger.warning("the executor broke; going on in %d processes of the sweep's own", n_own)
        yield from run_in_processes(feed, n_own)


def _submit(
    executor: Executor, feed: Feed, pending: dict[Future[list[JobRow]], Task], most: int
) -> bool:
    """Hand tasks to an executor; tell whether it takes them."""
    while len(pending) < most and (task := feed.take()) is not None:
        try:
            pending[executor.submit(run_task, task)] = task
        except BrokenExecutor:
            feed.put_back(task, task.jobs)
            return False
    return True


def _after_fault(feed: Feed, task: Task, fault: BaseException) -> list[JobRow]:
    """Do the jobs of a task again whose worker failed, not just a job; or give them up."""
    if isinstance(fault, SharedFilesError | KeyboardInterrupt):
        raise fault
    if len(task.jobs) > 1:
        logger.warning("a task of %d jobs failed, each is done again: %s", len(task.jobs), fault)
        feed.put_back(task, task.jobs)
        return []
    (job,) = task.jobs
    return [failed_row(task, job, fault, 0.0)]


def check_executor(executor: Any, limits: Limits) -> None:
    """Refuse what is no executor, and limits that it cannot keep."""
    if executor is not None and executor != SERIAL and not hasattr(executor, "submit"):
        raise TypeError(
            f"executor is a concurrent.futures.Executor, {SERIAL!r} for this process, or None for "
            f"processes of the sweep's own, not {executor!r}"
        )
    if executor is not None and limits.max_memory is not None:
        raise ValueError(
            "max_memory limits processes of the sweep's own; with an executor, limit its workers "
            "where they are started, such as by memory_limit= of dask's clusters"
        )


def shares_memory(executor: Executor | str) -> bool:
    """Tell whether jobs run in this process."""
    return isinstance(executor, str | ThreadPoolExecutor)
