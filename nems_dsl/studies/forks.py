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

# a wait without end would not notice that a copy has died without a word
_LOOK_UP = 0.5


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
    following = context.Value("l", 0)
    copies: list[Any] = []
    readers: list[Connection] = []
    try:
        for _ in range(n_copies):
            reader, writer = context.Pipe(duplex=False)
            readers.append(reader)
            copy = context.Process(
                target=_work, args=(work, n_tasks, following, writer, list(readers)), daemon=True
            )
            with warnings.catch_warnings():
                # that other threads are there: the copy waits for none of them
                warnings.simplefilter("ignore", DeprecationWarning)
                copy.start()
            copies.append(copy)
            writer.close()
        done: dict[int, tuple[bool, Any]] = {}
        for number in range(n_tasks):
            while number not in done and readers:
                for ready in connection.wait(readers, timeout=_LOOK_UP):
                    reader = cast("Connection", ready)
                    try:
                        told, is_done, result = pickle.loads(reader.recv_bytes())
                    except EOFError:
                        readers.remove(reader)
                        reader.close()
                        continue
                    done[told] = is_done, result
            is_done, result = done.pop(number, (False, None))
            yield _with_warnings(*result) if is_done else work(number)
    finally:
        for copy in copies:
            copy.kill()
        for copy in copies:
            copy.join()
            copy.close()
        for reader in readers:
            reader.close()


def _work(
    work: Callable[[int], Result],
    n_tasks: int,
    following: Any,
    writer: Connection,
    inherited: list[Connection],
) -> None:
    """Do what nobody else has begun, until there is nothing left or nobody listens."""
    # Ctrl-C is for the first process, which ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for reader in inherited:
        reader.close()
    while True:
        with following.get_lock():
            number = following.value
            following.value += 1
        if number >= n_tasks:
            return
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result = work(number)
            told = [(each.message, each.filename, each.lineno) for each in caught]
            message = pickle.dumps((number, True, (result, told)))
        except Exception:
            # it is done again where it can be raised
            message = pickle.dumps((number, False, None))
        try:
            writer.send_bytes(message)
        except OSError:
            return


def _with_warnings(result: Result, told: list[tuple[Any, str, int]]) -> Result:
    """Give a result, and the warnings that came with it."""
    for message, filename, lineno in told:
        warnings.warn_explicit(message, type(message), filename, lineno)
    return result
