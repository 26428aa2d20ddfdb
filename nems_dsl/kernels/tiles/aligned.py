"""Scratch memory that begins at a cache line."""

import numpy as np

from ..compiled import EXACT, njit

LINE = 64


@njit(**EXACT)
def aligned_rows(n_rows, n, like):
    """Give uninitialized rows that start at a cache line, so that no aligned store crosses one.

    They are longer than n where that is needed.
    """
    per_line = LINE // like.itemsize
    n += -n % per_line
    flat = np.empty(n_rows * n + per_line, like.dtype)
    skip = (-flat.ctypes.data % LINE) // like.itemsize
    return flat[skip : skip + n_rows * n].reshape(n_rows, n)
