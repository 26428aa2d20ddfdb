"""One thread for linear algebra while the package computes, and the cores for all else."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from contextlib import ContextDecorator
from typing import Any, ClassVar


class one_blas_thread(ContextDecorator):
    """Keep linear algebra to one thread, as a context or a decorator; afterwards it is as before.

    The products of a fit are small. Threads that share one take longer than one alone, wait for
    each other at full speed, and add in an order that depends on how many they are: the last bits
    of a result would be those of a machine. Contexts may lie within one another, and threads of
    Python may be in several: the first to come sets the limit, and the last to go takes it off.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> with one_blas_thread():
    ...     print({each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"})
    {1}
    """

    _lock = threading.Lock()
    _n_inside = 0
    _before: ClassVar[dict[str, Any]] = {}
    # what a library counts for each thread of Python by itself
    _own = threading.local()
    # finding the libraries takes longer than a small fit
    _libraries: tuple[Any, ...] = ()
    _has_scipy = False

    def __enter__(self) -> one_blas_thread:
        """Set the limit, if nobody has."""
        cls = one_blas_thread
        with cls._lock:
            # SciPy brings a library of its own, and may have come since
            has_scipy = "scipy.linalg" in sys.modules
            if not cls._libraries or has_scipy != cls._has_scipy:
                cls._libraries, cls._has_scipy = _find_libraries(), has_scipy
            shared = [each for each in cls._libraries if not _is_per_thread(each)]
            cls._own.depth = getattr(cls._own, "depth", 0) + 1
            if cls._own.depth == 1:
                cls._own.before = {}
                _limit(set(cls._libraries) - set(shared), cls._own.before)
            cls._n_inside += 1
            _limit(shared, cls._before)
        return self

    def __exit__(self, *fault: object) -> None:
        """Take it off, if nobody else is inside."""
        cls = one_blas_thread
        with cls._lock:
            cls._own.depth -= 1
            if not cls._own.depth:
                _restore(cls._own.before)
            cls._n_inside -= 1
            if not cls._n_inside:
                _restore(cls._before)


def _find_libraries() -> tuple[Any, ...]:
    from threadpoolctl import ThreadpoolController

    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)


def _is_per_thread(library: Any) -> bool:
    return getattr(library, "threading_layer", None) == "openmp"


def _limit(libraries: Iterable[Any], before: dict[str, Any]) -> None:
    """Set one thread where that was not done before, and note how many there were."""
    for library in libraries:
        if library.filepath not in before:
            before[library.filepath] = library, library.get_num_threads()
            _set(library, 1)


def _restore(before: dict[str, Any]) -> None:
    for library, n in before.values():
        _set(library, n)
    before.clear()


def _set(library: Any, n: int) -> None:
    # newer versions let one thread alone, the first, set what is the whole process's: the last to
    # go may be another
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n)


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
