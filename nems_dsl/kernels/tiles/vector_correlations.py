"""Correlations of rows with rows over bins, by tiles of rows of both sides.

Rows are found through offsets into flat arrays, so that a row at several lags is as many rows.
"""

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..compiled import EXACT, njit
from .vectors import INT, N_REGISTERS, Vectors, row_of, store_all, sums_of

# Rows of both sides: their sums, and what is loaded for them, fill the registers.
N_LEFT, N_RIGHT = (4, 6) if N_REGISTERS >= 32 else (3, 4)

# Offsets that are read beyond the last.
N_MORE = 6
# Square tiles need as many registers, but for one where products take an operand from memory.
N_SQUARE = 5 if N_REGISTERS >= 32 else 3


@intrinsic(prefer_literal=True)
def _correlations(typing, n_left, n_right, left, ours, i, right, theirs, j, n_bins, out, out_at):
    """out[a, b] += sum_t left[ours[i + a] + t] right[theirs[j + b] + t], over n_bins."""
    whole, n_lefts, n_rights = types.int64, n_left.literal_value, n_right.literal_value

    def codegen(context, builder, signature, arguments):
        kinds, n = signature.args[2:], arguments[8]
        arguments = arguments[2:]
        vec = Vectors(builder, left.dtype)

        def rows(array, n_rows):
            places = array + 1, arguments[array + 2]
            base = row_of(context, builder, kinds[array], arguments[array], INT(0))
            first = row_of(context, builder, kinds[places[0]], arguments[places[0]], places[1])
            offsets = [builder.load(builder.gep(first, [INT(k)])) for k in range(n_rows)]
            return [builder.gep(base, [offset]) for offset in offsets]

        lefts, rights = rows(0, n_lefts), rows(3, n_rights)
        sums = sums_of(builder, vec, n_lefts, n_rights)
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
                vec.add_sum(place, builder.gep(result, [INT(a * n_rights + b)]))
        return context.get_dummy_value()

    sides = (left, ours, whole, right, theirs, whole)
    return types.void(n_left, n_right, *sides, whole, out, whole), codegen


@njit(**EXACT)
def prefers_squares(n_rows, n_columns):
    """Whether square tiles cover so many rows and columns with fewer places that are wasted."""
    squares = -(-n_rows // N_SQUARE) * -(-n_columns // N_SQUARE) * N_SQUARE * N_SQUARE
    return squares < -(-n_rows // N_LEFT) * -(-n_columns // N_RIGHT) * N_LEFT * N_RIGHT


@njit(**EXACT)
def _tile_of(n_rows, n_columns):
    """Rows and columns of a tile."""
    if prefers_squares(n_rows, n_columns):
        return N_SQUARE, N_SQUARE
    return N_LEFT, N_RIGHT


@njit(**EXACT)
def zero_tiles(n_rows, n_columns, like):
    """Tiles of sums for `correlate` to add to."""
    n_left, n_right = _tile_of(n_rows, n_columns)
    n_tiles = -(-n_rows // n_left) * -(-n_columns // n_right)
    return np.zeros(n_tiles * n_left * n_right, like.dtype)


@njit(**EXACT)
def correlate(left, ours, right, theirs, n_bins, tiles):
    """Add sums over bins, ``sum_t left[ours[a] + t] right[theirs[b] + t]``, tile by tile.

    Parameters
    ----------
    left, right : flat
    ours : (rows + N_MORE,) int64
        Places beyond the rows are read, and what comes of them is dropped.
    theirs : (columns + N_MORE,) int64
    n_bins : int
    tiles : flat, added to
        As `zero_tiles` gives them.
    """
    at, n_rows, n_columns = 0, ours.size - N_MORE, theirs.size - N_MORE
    n_left, n_right = _tile_of(n_rows, n_columns)
    for b in range(0, n_columns, n_right):
        for a in range(0, n_rows, n_left):
            _correlations_of(n_right, left, ours, a, right, theirs, b, n_bins, tiles, at)
            at += n_left * n_right


@njit(**EXACT)
def _correlations_of(n_right, left, ours, a, right, theirs, b, n_bins, tiles, at):
    if n_right == N_SQUARE:
        _correlations(N_SQUARE, N_SQUARE, left, ours, a, right, theirs, b, n_bins, tiles, at)
    else:
        _correlations(N_LEFT, N_RIGHT, left, ours, a, right, theirs, b, n_bins, tiles, at)


@njit(**EXACT)
def add_tiles(tiles, sums):
    """Add what `correlate` found to an array, (rows, columns)."""
    at = 0
    n_left, n_right = _tile_of(*sums.shape)
    for b in range(0, sums.shape[1], n_right):
        for a in range(0, sums.shape[0], n_left):
            for i in range(min(n_left, sums.shape[0] - a)):
                for j in range(min(n_right, sums.shape[1] - b)):
                    sums[a + i, b + j] += tiles[at + i * n_right + j]
            at += n_left * n_right
