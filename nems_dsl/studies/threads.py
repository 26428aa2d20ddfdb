"""Work for several channels side by side: in order, with one fault that is always the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from .._threads import usable_cores
from ..errors import NemsError
from .forks import can_fork, run_in_forks

Result = TypeVar("Result")

# a wait without end would not notice Ctrl-C on Windows
_LOOK_UP = 0.2


class AbandonedError(NemsError):
    """Raised inside a task whose result nobody wants any more."""


def count_threads(n_jobs: int | None, n_tasks: int) -> int:
    """Give the number of threads for some tasks.

    Parameters
    ----------
    n_jobs : int, optional
        As the user gave it: None or -1 for all usable cores.
    n_tasks : int
        There are never more threads than tasks.

    Raises
    ------
    ValueError
        It is no number of threads.
    """
    if n_jobs is None or n_jobs == -1:
        n_jobs = usable_cores()
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int) or n_jobs < 1:
        raise ValueError(
            f"n_jobs must be a number of threads, at least 1, or -1 for all cores, not {n_jobs!r}"
        )
    return max(1, min(n_jobs, n_tasks))


class Tasks(Generic[Result]):
    """Numbered tasks in threads, or in copies of this process.

    A task that fails ends those after it, but none before it, so that the fault that is raised
    is that of the first task that fails, whatever the number of threads.

    Parameters
    ----------
    work : callable
        Called with a task's number. It should call `keep_going` with it now and then.
    n_tasks, n_threads : int
    may_fork : bool
        Whether copies of this process may do the work, where they can be made: nothing that it
        changes matters, and it calls nothing of the user's.

    Examples
    --------
    >>> list(Tasks(lambda number: number**2, 4, 2).results())
    [0, 1, 4, 9]
    """

    def __init__(
        self,
        work: Callable[[int], Result],
        n_tasks: int,
        n_threads: int,
        *,
        may_fork: bool = False,
    ):
        self._work, self._may_fork = work, may_fork and n_threads > 1
        self._n_tasks, self._n_threads = n_tasks, n_threads
        self._end, self._lock = n_tasks, threading.Lock()
        self._all_are_there = threading.Event()

    def keep_going(self, number: int) -> None:
        """Return if the result of a task is still wanted.

        Raises
        ------
        AbandonedError
            A task before it has failed, or the user has interrupted the whole.
        """
        if number >= self._end:
            raise AbandonedError

    def results(self) -> Generator[Result, None, None]:
        """Run the tasks; yield their results in order, each as soon as it can be had."""
        if self._n_tasks == 1:
            # in the user's own thread, where Ctrl-C reaches the search itself
            yield self._work(0)
            return
        if self._may_fork and can_fork():
            yield from run_in_forks(self._work, self._n_tasks, self._n_threads)
            return
        pool = ThreadPoolExecutor(self._n_threads, thread_name_prefix="nems_dsl")
        futures: list[Future[Result]] = []
        try:
            futures += [pool.submit(self._run, number) for number in range(self._n_tasks)]
            # not before, for an interrupted pool forgets a thread that it is just starting
            self._all_are_there.set()
            for future in futures:
                yield _wait_for(future)
        finally:
            # reached at the end, on a fault, on Ctrl-C, and when the iterator is closed
            self._stop_from(0)
            self._all_are_there.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, number: int) -> Result:
        self._all_are_there.wait()
        try:
            self.keep_going(number)
            return self._work(number)
        except BaseException:
            self._stop_from(number)
            raise

    def _stop_from(self, number: int) -> None:
        with self._lock:
            self._end = min(self._end, number)


def _wait_for(future: Future[Result]) -> Result:
    while True:
        try:
            return future.result(timeout=_LOOK_UP)
        except TimeoutError:
            if future.done():
                return future.result()
