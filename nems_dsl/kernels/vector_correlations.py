"""Correlations of rows with rows over bins, by tiles of rows of both sides.

Rows are found through offsets into flat arrays, so that a row at several lags is as many rows.
"""

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from .vectors import INT, N_REGISTERS, Vectors, row_of, store_all, sums_of

# Rows of both sides: their sums, and what is loaded for them, fill the registers.
N_LEFT, N_RIGHT = (4, 6) if N_REGISTERS >= 32 else (3, 4)

_EXACT = {"cache": True, "nogil": True, "error_model": "numpy"}


@intrinsic
def _correlations(typing, left, ours, i, right, theirs, j, n_bins, out, out_at):
    """out[a, b] += sum_t left[ours[i + a] + t] right[theirs[j + b] + t], over n_bins."""
    whole = types.int64

    def codegen(context, builder, signature, arguments):
        kinds, n = signature.args, arguments[6]
        vec = Vectors(builder, left.dtype)

        def rows(array, n_rows):
            places = array + 1, arguments[array + 2]
            base = row_of(context, builder, kinds[array], arguments[array], INT(0))
            first = row_of(context, builder, kinds[places[0]], arguments[places[0]], places[1])
            offsets = [builder.load(builder.gep(first, [INT(k)])) for k in range(n_rows)]
            return [builder.gep(base, [offset]) for offset in offsets]

        lefts, rights = rows(0, N_LEFT), rows(3, N_RIGHT)
        sums = sums_of(builder, vec, N_LEFT, N_RIGHT)
        store_all(builder, vec.zero, sums)

        def add(load):
            values = [load(row) for row in lefts]
            for b, row in enumerate(rights):
                other = load(row)
                for a, value in enumerate(values):
                    vec.accumulate(value, other, sums[a][b])

        full = builder.and_(n, INT(-vec.n))
        with cgutils.for_range_slice(builder, INT(0), full, INT(vec.n), INT) as (t, _):
            add(lambda row: vec.load(row, t))
        left_over = builder.sub(n, full)
        with builder.if_then(builder.icmp_signed(">", left_over, INT(0))):
            add(lambda row: vec.load_first(row, full, left_over))
        result = row_of(context, builder, kinds[7], arguments[7], arguments[8])
        for a, places in enumerate(sums):
            for b, place in enumerate(places):
                vec.add_sum(place, builder.gep(result, [INT(a * N_RIGHT + b)]))
        return context.get_dummy_value()

    sides = (left, ours, whole, right, theirs, whole)
    return types.void(*sides, whole, out, whole), codegen


@njit(**_EXACT)
def zero_tiles(n_rows, n_columns, like):
    """Tiles of sums for `correlate` to add to."""
    n_tiles = -(-n_rows // N_LEFT) * -(-n_columns // N_RIGHT)
    return np.zeros(n_tiles * N_LEFT * N_RIGHT, like.dtype)


@njit(**_EXACT)
def correlate(left, ours, right, theirs, n_bins, tiles):
    """Add sums over bins, ``sum_t left[ours[a] + t] right[theirs[b] + t]``, tile by tile.

    Parameters
    ----------
    left, right : flat
    ours : (rows + N_LEFT,) int64
        Places beyond the rows are read, and what comes of them is dropped.
    theirs : (columns + N_RIGHT,) int64
    n_bins : int
    tiles : flat, added to
        As `zero_tiles` gives them.
    """
    at = 0
    for b in range(0, theirs.size - N_RIGHT, N_RIGHT):
        for a in range(0, ours.size - N_LEFT, N_LEFT):
            _correlations(left, ours, a, right, theirs, b, n_bins, tiles, at)
            at += N_LEFT * N_RIGHT


@njit(**_EXACT)
def add_tiles(tiles, sums):
    """Add what `correlate` found to an array, (rows, columns)."""
    at = 0
    for b in range(0, sums.shape[1], N_RIGHT):
        for a in range(0, sums.shape[0], N_LEFT):
            for i in range(min(N_LEFT, sums.shape[0] - a)):
                for j in range(min(N_RIGHT, sums.shape[1] - b)):
                    sums[a + i, b + j] += tiles[at + i * N_RIGHT + j]
            at += N_LEFT * N_RIGHT
