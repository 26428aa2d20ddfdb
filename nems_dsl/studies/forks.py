"""Tasks in copies of this process, which hold what it holds and do not take turns with it.

Fits of small models are many short calls, for which threads take turns at Python's lock. A copy of
the process, made where it stands, needs no start, no import, and no data to be sent, and knows
layers that were defined in a notebook. Only Linux makes such copies safely.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any, TypeVar, cast

Result = TypeVar("Result")


def can_fork() -> bool:
    """Whether copies of this process can be made from here.

    From another thread than the first, or from a copy, they are not: who else holds a lock there
    is not known.
    """
    is_first = threading.current_thread() is threading.main_thread()
    is_copy = multiprocessing.parent_process() is not None
    return sys.platform == "linux" and is_first and not is_copy


def run_in_forks(work: Callable[[int], Result], n_tasks: int, n_copies: int) -> Iterator[Result]:
    """Run tasks in copies of this process; give their results in order.

    What a copy fails at, or cannot send, or dies of, is done again here, so that whatever is raised
    is raised here, with nothing lost on the way.

    Parameters
    ----------
    work : callable
        Called with a task's number. What it changes is changed in a copy alone.
    n_tasks, n_copies : int
    """
    context = multiprocessing.get_context("fork")
    copies: list[Any] = []
    ends: list[Connection] = []
    waiting = iter(range(n_tasks))
    try:
        for _ in range(n_copies):
            here, there = context.Pipe()
            ends.append(here)
            copy = context.Process(target=_work, args=(work, there, list(ends)), daemon=True)
            with warnings.catch_warnings():
                # that other threads are there: the copy waits for none of them
                warnings.simplefilter("ignore", DeprecationWarning)
                copy.start()
            copies.append(copy)
            there.close()
            _deal(here, waiting)
        done: dict[int, Any] = {}
        for number in range(n_tasks):
            while number not in done and ends:
                for ready in connection.wait(ends):
                    here = cast("Connection", ready)
                    try:
                        told, result = pickle.loads(here.recv_bytes())
                    except (EOFError, OSError):
                        ends.remove(here)
                        here.close()
                        continue
                    done[told] = result
                    _deal(here, waiting)
            result = done.pop(number, None)
            yield work(number) if result is None else _with_warnings(*result)
    finally:
        for copy in copies:
            copy.kill()
        for copy in copies:
            copy.join()
            copy.close()
        for here in ends:
            here.close()


def _deal(end: Connection, waiting: Iterator[int]) -> None:
    """Give a copy its next task; None if there is none, which ends it."""
    try:
        end.send(next(waiting, None))
    except OSError:
        # it has died; its end tells so, and what it had is done by the first process
        return


def _work(work: Callable[[int], Result], end: Connection, inherited: list[Connection]) -> None:
    """Do what is dealt out, until there is nothing left or nobody listens."""
    # Ctrl-C is for the first process, which ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:
        other.close()
    try:
        while (number := end.recv()) is not None:
            end.send_bytes(_done(work, number))
    except (EOFError, OSError):
        return


def _done(work: Callable[[int], Result], number: int) -> bytes:
    """Give a task's number and result, with the warnings that came; None if it has failed."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = work(number)
        told = [(each.message, each.filename, each.lineno) for each in caught]
        return pickle.dumps((number, (result, told)))
    except Exception:
        # not swallowed: the first process does it again, where it can be raised
        return pickle.dumps((number, None))


def _with_warnings(result: Result, told: list[tuple[Any, str, int]]) -> Result:
    """Give a result, and the warnings that came with it."""
    for message, filename, lineno in told:
        warnings.warn_explicit(message, type(message), filename, lineno)
    return result
