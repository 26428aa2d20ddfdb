"""Processes of the sweep's own, each watched: one that dies or overruns costs no more than its job.

They are spawned, not forked: a fork would take over the locks of threads that it does not have,
those of BLAS and of numba among them, and a server of forks is of no use either, for it keeps the
environment in which it was started, and BLAS reads the number of its threads there.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection
from typing import Any

from ...errors import NemsError
from ...models import Model, compile_model
from ..store.rows import JobRow
from .datasets import SharedFilesError
from .jobs import Feed, Job, Task
from .limits import JobLimitError
from .run import failed_row, run_job

logger = logging.getLogger(__name__)
_LOOK_UP = 0.5
_ANY = "wc.1x1-fir.1x2-dexp.1"
_MOST_STARTS, _MOST_TRIES = 3, 2
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class WorkerDiedError(NemsError, RuntimeError):
    """A process died in a job, by a signal or by itself."""


class WorkerPool:
    """Processes that run the jobs of a feed.

    Parameters
    ----------
    n_workers : int
    """

    def __init__(self, n_workers: int):
        self.n_workers = n_workers
        self._workers: list[_Worker] = []
        self._tries: Counter[str] = Counter()
        self._n_failed_starts = 0

    def rows(self, feed: Feed) -> Iterator[list[JobRow]]:
        """Run all jobs.

        Yields
        ------
        list of JobRow
            Maybe empty; at least one every half second.

        Raises
        ------
        RuntimeError
            Workers do not start, or do not see the data.
        """
        while True:
            self._hand_out(feed)
            # workers have something to do while rows are stored
            yield []
            if not self._workers:
                return
            ready = connection.wait([worker.pipe for worker in self._workers], self._patience())
            rows = []
            for worker in list(self._workers):
                if worker.pipe in ready:
                    rows += self._listen(worker, feed)
                elif worker.is_overdue:
                    rows += self._end(worker, feed)
            yield rows

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    # ---- tasks -------------------------------------------------------------------------------

    def _hand_out(self, feed: Feed) -> None:
        """Give every worker that has none a task; send those home that get none."""
        n_idle = 0
        for worker in list(self._workers):
            if worker.is_ready and worker.task is None:
                task = feed.take()
                if task is not None:
                    worker.give(task)
                else:
                    n_idle += 1
        is_busy = any(worker.task is not None for worker in self._workers)
        if n_idle and not is_busy and n_idle == len(self._workers):
            self.close()
            return
        while len(self._workers) < self.n_workers and not n_idle:
            task = feed.take()
            if task is None:
                return
            self._workers.append(_Worker(task))

    def _patience(self) -> float:
        ends = [worker.kill_at for worker in self._workers if worker.kill_at is not None]
        return min([_LOOK_UP, *(max(0.0, end - time.monotonic()) for end in ends)])

    def _listen(self, worker: _Worker, feed: Feed) -> list[JobRow]:
        try:
            what, content = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bury(worker, feed)
        if what == "fault":
            raise content
        row = worker.hear(what, content)
        if what == "ready":
            self._n_failed_starts = 0
        if row is None:
            return []
        feed.note(row.seconds)
        return [row]

    # ---- workers that are gone ---------------------------------------------------------------

    def _bury(self, worker: _Worker, feed: Feed) -> list[JobRow]:
        """See what a worker died of, and what becomes of its jobs."""
        code = worker.kill()
        self._workers.remove(worker)
        task, job = worker.task, worker.job
        if not worker.is_ready:
            self._n_failed_starts += 1
            # one that was killed may have better luck the next time
            if code != -signal.SIGKILL or self._n_failed_starts >= _MOST_STARTS:
                raise RuntimeError(
                    f"worker processes do not start ({_describe(code)}): see what they have "
                    "written. They load the script that is run, so that a script must call sweep "
                    "under `if __name__ == '__main__':`"
                )
        if task is None:
            return []
        feed.put_back(task, worker.not_begun())
        if job is None:
            return []
        self._tries[job.identity] += 1
        if self._tries[job.identity] < _MOST_TRIES:
            logger.warning("a worker died in %s, which is done again", job.canonical)
            feed.put_back(task, [job])
            return []
        limits = task.limits
        hint = "" if limits.max_memory is None else f"; maybe {limits.out_of_memory()}"
        fault = WorkerDiedError(
            f"the worker died in this job, {_MOST_TRIES} times ({_describe(code)}){hint}. If the "
            "system was out of memory, use fewer workers, or limit the job by max_memory"
        )
        return [failed_row(task, job, fault, worker.seconds)]

    def _end(self, worker: _Worker, feed: Feed) -> list[JobRow]:
        """Kill a worker whose job does not end."""
        worker.kill()
        self._workers.remove(worker)
        task, job = worker.task, worker.job
        assert task is not None and job is not None
        feed.put_back(task, worker.not_begun())
        fault = JobLimitError(f"{task.limits.out_of_time()}, and its worker was killed")
        return [failed_row(task, job, fault, worker.seconds)]


class _Worker:
    """A process, and what it is doing."""

    def __init__(self, task: Task):
        context = multiprocessing.get_context("spawn")
        self.pipe, others = context.Pipe()
        with _one_thread_each():
            self.process = context.Process(target=_work, args=(others,), daemon=True)
            self.process.start()
        # else its death would not close the pipe
        others.close()
        self.is_ready = False
        self.task: Task | None = task
        self.job: Job | None = None
        self.kill_at: float | None = None
        self._n_begun = 0
        self._began = 0.0

    @property
    def is_overdue(self) -> bool:
        """The worker is to be killed."""
        return self.kill_at is not None and time.monotonic() > self.kill_at

    @property
    def seconds(self) -> float:
        """How long it has been at its job."""
        return time.monotonic() - self._began

    def give(self, task: Task) -> None:
        """Let it begin with a task."""
        self.task, self._n_begun = task, 0
        try:
            self.pipe.send(task)
        except (BrokenPipeError, ConnectionError):
            # it is dead, which the pipe will tell when it is listened to
            logger.debug("a worker died before its task reached it")

    def hear(self, what: str, content: Any) -> JobRow | None:
        """Take in what it tells."""
        if what == "ready":
            self.is_ready = True
            assert self.task is not None
            self.give(self.task)
        elif what == "begins":
            assert self.task is not None
            self.job = self.task.jobs[content]
            self._n_begun, self._began = content + 1, time.monotonic()
            after = self.task.limits.kill_after
            self.kill_at = None if after is None else self._began + after
        elif what == "ends":
            self.job = self.kill_at = None
            if not self.not_begun():
                self.task = None
            row: JobRow = content
            return row
        return None

    def not_begun(self) -> tuple[Job, ...]:
        """Give the jobs of its task that it has not come to."""
        return () if self.task is None else self.task.jobs[self._n_begun :]

    def kill(self) -> int | None:
        """End the process; give its exit code."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode


# ---- in the worker ---------------------------------------------------------------------------


def _work(pipe: Any) -> None:
    """Run tasks until there are none; each job is announced, so that its fault is known for its."""
    # Ctrl-C reaches all processes of a terminal; the sweep's own sees to the others
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # so does what a cluster sends to a job; a worker ends with its sweep, or is killed by it
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # what any fit loads is not of the memory, nor of the time, that a job may take
    compile_model(Model(_ANY))
    try:
        pipe.send(("ready", None))
        while True:
            task: Task = pipe.recv()
            for number, job in enumerate(task.jobs):
                pipe.send(("begins", number))
                pipe.send(("ends", run_job(task, job, is_alone=True)))
    except SharedFilesError as fault:
        pipe.send(("fault", fault))
    except (EOFError, BrokenPipeError, ConnectionError):
        # the sweep is gone
        return


def _end_with_parent() -> None:
    """End this process with the sweep's, even in the middle of a job that never ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that are started here use a core each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _describe(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}, {signal.Signals(-code).name}"
    return f"exit code {code}"
