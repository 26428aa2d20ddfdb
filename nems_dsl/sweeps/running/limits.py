"""What a job may take, and what ends it when it takes more."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import NemsError

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_MOST_GRACE, _GRACE = 10.0, 0.5


class JobLimitError(NemsError, RuntimeError):
    """A job took more than it may."""


@dataclass(frozen=True)
class Limits:
    """What one job may take.

    Attributes
    ----------
    max_seconds : float or None
        Of wall time.
    max_memory : int or None
        Bytes, beyond what the worker holds when the job begins.

    Raises
    ------
    ValueError
        A limit is 0 or less, or there is no such limit on this system.
    """

    max_seconds: float | None = None
    max_memory: int | None = None

    def __post_init__(self) -> None:
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ValueError(f"max_seconds must be above 0, not {self.max_seconds}")
        if self.max_memory is None:
            return
        if self.max_memory <= 0:
            raise ValueError(f"max_memory must be above 0 bytes, not {self.max_memory}")
        if sys.platform != "linux":
            raise ValueError(
                f"this system ({sys.platform}) does not limit the memory of a process; leave "
                "max_memory out"
            )

    @property
    def kill_after(self) -> float | None:
        """Seconds after which a worker is killed that did not end its job by itself."""
        if self.max_seconds is None:
            return None
        return self.max_seconds + min(_MOST_GRACE, max(_GRACE, self.max_seconds / 4))

    def clock(self) -> Callable[[int, float], None]:
        """Give a callback for a fit that begins now.

        Raises
        ------
        JobLimitError
            When it is called after the time of the job.
        """
        ends_at = None if self.max_seconds is None else time.perf_counter() + self.max_seconds

        def check(iteration: int, loss: float) -> None:
            if ends_at is not None and time.perf_counter() > ends_at:
                raise JobLimitError(self.out_of_time())

        return check

    def out_of_time(self) -> str:
        """Say that a job was ended for its time."""
        return f"the job took more than max_seconds={self.max_seconds:g}"

    def out_of_memory(self) -> str:
        """Say that a job was ended for its memory."""
        if self.max_memory is None:
            return "there was not enough memory for the job"
        return f"the job took more than max_memory={write_size(self.max_memory)}"

    @contextmanager
    def memory(self) -> Iterator[None]:
        """Refuse this whole process more memory than a job may take."""
        if self.max_memory is None:
            yield
            return
        import resource

        before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + self.max_memory
        hardest = before[1]
        if hardest != resource.RLIM_INFINITY:
            limit = min(limit, hardest)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hardest))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)


def read_size(size: Any) -> int | None:
    """Read an amount of memory.

    Parameters
    ----------
    size : int, float, str or None
        Bytes, or text with a unit of 1024, as ``"500M"`` or ``"2 GB"``.

    Raises
    ------
    ValueError
        It is no amount of memory.

    Examples
    --------
    >>> read_size("1.5G"), read_size("200 MiB"), read_size(4096)
    (1610612736, 209715200, 4096)
    """
    if size is None:
        return None
    if isinstance(size, int | float) and not isinstance(size, bool):
        return int(size)
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?\s*", str(size).upper())
    if found is None:
        raise ValueError(f"an amount of memory is written as 500M or 2G, not {size!r}")
    return int(float(found[1]) * _UNITS[found[2]])


def write_size(size: int) -> str:
    """Write an amount of memory.

    Examples
    --------
    >>> write_size(2**31), write_size(1000)
    ('2G', '1000')
    """
    for unit in ("T", "G", "M", "K"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.4g}{unit}"
    return str(size)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back while something is finished that takes but a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    import signal

    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.signal(kind, signal.SIG_IGN) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


@contextmanager
def ending_in_order(tell: Callable[[str], None]) -> Iterator[None]:
    """Let SIGTERM end what is done here as Ctrl-C does, and then the process, with its usual code.

    This is what Slurm sends at the end of the time of a job, and what ``docker stop`` and ``kill``
    send. A handler of the user's own is left alone.

    Parameters
    ----------
    tell : callable
        Called with what it was when the signal comes.

    Raises
    ------
    SystemExit
        SIGTERM came; with the code 143, which shells give to it.
    """
    import signal

    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    has_come = False

    def end(number: int, frame: object) -> None:
        nonlocal has_come
        has_come = True
        tell("ended by SIGTERM")
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        if has_come:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
