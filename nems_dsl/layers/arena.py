"""Memory for the derivatives of one block of data after the other.

Arrays of a megabyte or more that come and go are given back to the system each time, which then
has to hand out and clear every page anew: that takes longer than the work on them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_ALIGNMENT = 64
_local = threading.local()


class Arena:
    """Memory that is handed out from its beginning, and used again after `reset`."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)
        self._used = 0

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Give an array, valid until the next `reset`."""
        dtype = np.dtype(dtype)
        n_bytes = int(np.prod(shape)) * dtype.itemsize
        start = self._used
        self._used += -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
        if self._used > len(self._memory):
            return np.empty(shape, dtype)
        return self._memory[start : start + n_bytes].view(dtype).reshape(shape)

    def reset(self) -> None:
        """Take everything back, and make room for as much as was asked for."""
        if self._used > len(self._memory):
            self._memory = np.empty(self._used, np.uint8)
        self._used = 0


@contextmanager
def using(arena: Arena) -> Iterator[None]:
    """Let `empty` take its memory from an arena, in this thread."""
    before = getattr(_local, "arena", None)
    _local.arena = arena
    try:
        yield
    finally:
        _local.arena = before


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Give an array, from the arena in use if there is one."""
    arena: Arena | None = getattr(_local, "arena", None)
    return np.empty(shape, dtype) if arena is None else arena.empty(shape, dtype)
