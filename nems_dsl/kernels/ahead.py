"""Compiling what is going to be called, by several processes at a time.

Numba compiles a function when it is first called, one after the other, and keeps it on disk. So
calls are tried out first, without doing anything, to learn which functions are wanted; these are
dealt out to processes that compile them into the same place on disk.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from numba.core import dispatcher as numba_dispatcher
from numba.core import event
from numba.core.compiler_lock import global_compiler_lock

_MOST_PROCESSES = 4
# below so many, a process takes longer to begin than they do
_FEWEST = 3
_PATIENCE = 120.0


class Wanted(NamedTuple):
    """A function of these types of arguments."""

    function: Any
    types: tuple[Any, ...]


@contextmanager
def trying_out() -> Iterator[list[Wanted]]:
    """Learn what is called by this thread and not compiled yet; nothing is done in its place."""
    found: list[Wanted] = []
    kind: Any = numba_dispatcher._DispatcherBase
    compile_for = kind._compile_for_args
    here = threading.get_ident()

    def note(self: Any, *args: Any, **options: Any) -> Callable[..., float]:
        if threading.get_ident() != here:
            compiled: Callable[..., float] = compile_for(self, *args, **options)
            return compiled
        found.append(Wanted(self, tuple(self.typeof_pyval(each) for each in args)))
        return lambda *_: 0.0

    with _one_at_a_time:
        kind._compile_for_args = note
        try:
            yield found
        finally:
            kind._compile_for_args = compile_for


_one_at_a_time = threading.Lock()


def load(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Load what is on disk; give what is not, each once."""
    missing = {}
    for each in wanted:
        if each.types not in each.function.overloads and not _load(each):
            missing[id(each.function), each.types] = each
    return list(missing.values())


@global_compiler_lock
def _load(wanted: Wanted) -> bool:
    function, types = wanted
    if types in function.overloads:
        return True
    found = function._cache.load_overload(types, function.targetctx)
    if found is None:
        return False
    function.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
    function.add_overload(found)
    return True


def compile_all(
    wanted: Sequence[Wanted], n_processes: int, step: Callable[[], None] = lambda: None
) -> None:
    """Compile functions, with other processes if there is enough to do.

    Parameters
    ----------
    wanted : sequence of Wanted
    n_processes : int
        At most, this one among them.
    step : callable
        Called after each that this process compiles.
    """
    n_others = min(n_processes, _MOST_PROCESSES, len(wanted) // _FEWEST + 1) - 1
    elsewhere = [each for each in wanted if _is_importable(each.function)]
    # what is not Python would begin the user's program anew
    is_python = bool(sys.executable) and not getattr(sys, "frozen", False)
    if n_others < 1 or len(elsewhere) < _FEWEST or not is_python:
        for each in wanted:
            each.function.compile(each.types)
            step()
        return
    with tempfile.TemporaryDirectory(prefix="nems-dsl-") as folder:
        tasks = [
            (each.function.py_func.__module__, each.function.py_func.__name__, each.types)
            for each in elsewhere
        ]
        (Path(folder) / "tasks").write_bytes(pickle.dumps(tasks))
        others = [_start(folder) for _ in range(n_others)]
        try:
            for each in wanted:
                if each not in elsewhere or _claim(folder, elsewhere.index(each)):
                    each.function.compile(each.types)
                    step()
            waiting = time.perf_counter()
            for other in others:
                other.wait(_PATIENCE)
            CLOCK.seconds += time.perf_counter() - waiting
        except subprocess.TimeoutExpired:
            # what it has not compiled is compiled when it is called
            pass
        finally:
            for other in others:
                other.kill()
                other.wait()
    for each in load(wanted):
        each.function.compile(each.types)


def _start(folder: str) -> subprocess.Popen[bytes]:
    package = str(Path(__file__).parents[2])
    paths = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import work; work({folder!r})"],
        env=os.environ | {"PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def work(folder: str) -> None:
    """Compile what nobody else has begun, from the end of the list."""
    tasks = pickle.loads((Path(folder) / "tasks").read_bytes())
    for number in reversed(range(len(tasks))):
        if _claim(folder, number):
            module, name, types = tasks[number]
            getattr(importlib.import_module(module), name).compile(types)


def _claim(folder: str, number: int) -> bool:
    try:
        os.close(os.open(Path(folder) / str(number), os.O_CREAT | os.O_EXCL))
    except (FileExistsError, FileNotFoundError):
        # another has it, or all are done and the folder is gone
        return False
    return True


def _is_importable(function: Any) -> bool:
    module = sys.modules.get(function.py_func.__module__)
    return getattr(module, function.py_func.__name__, None) is function


class Clock(event.Listener):
    """Adds up the seconds that this process waits for compiled code, and how many functions."""

    def __init__(self) -> None:
        self.seconds, self.n = 0.0, 0
        self._own = threading.local()

    def on_start(self, event: Any) -> None:
        """Begin, unless this is for another function that is being compiled."""
        self.n += 1
        self._own.depth = getattr(self._own, "depth", 0) + 1
        if self._own.depth == 1:
            self._own.began = time.perf_counter()

    def on_end(self, event: Any) -> None:
        """End."""
        self._own.depth -= 1
        if not self._own.depth:
            self.seconds += time.perf_counter() - self._own.began


#: From the import on.
CLOCK = Clock()
event.register("numba:compile", CLOCK)
