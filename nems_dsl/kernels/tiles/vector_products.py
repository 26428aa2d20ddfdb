"""Products of weights with rows, by tiles of some rows of output and some vectors of bins.

Rows of the source are found through offsets into a flat array, so that a row at several lags is as
many rows, and nothing is copied for it. A sum runs over its terms in order, whatever its place in a
tile: it has the same bits anywhere.
"""

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..compiled import EXACT, njit
from .vectors import INT, N_REGISTERS, VECTOR_BYTES, Vectors, row_of, size_of, store_all, sums_of

# Sums of a tile, with what is loaded for them, and no more than there are registers: many rows, or
# more vectors of few.
MOST_ROWS = 8 if N_REGISTERS >= 32 else 4
N_VECTORS, N_VECTORS_OF_FEW = 3, 6
_VECTORS_OF_3 = _VECTORS_OF_4 = N_VECTORS_OF_FEW if MOST_ROWS == 8 else N_VECTORS

# So many rows of the source, each as long as a tile is wide, stay in the cache next to the core.
TERMS_OF_STRETCH = 128


@intrinsic(prefer_literal=True)
def _product(
    typing, n_rows, n_vectors, weights, first, offsets, source, at, n_bins, out, out_at, stride
):
    """out[i, t] = sum_p weights[p, i] source[offsets[p] + t], for rows i, tile by tile of t.

    There is a tile's width of bins, or more: the last tile takes in bins of the one before, and
    finds the same.
    """
    rows, vectors, whole = n_rows.literal_value, n_vectors.literal_value, types.int64

    def codegen(context, builder, signature, arguments):
        def row(array, at):
            return row_of(context, builder, signature.args[array], arguments[array], at)

        vec = Vectors(builder, source.dtype)
        w, lags, x, y = (
            row(2, arguments[3]),
            row(4, INT(0)),
            row(5, arguments[6]),
            row(8, arguments[9]),
        )
        n_terms = size_of(context, builder, offsets, arguments[4])
        n, sums = arguments[7], sums_of(builder, vec, rows, vectors)
        width = INT(vectors * vec.n)
        last = builder.sub(n, width)
        with cgutils.for_range_slice(builder, INT(0), n, width, INT) as (start, _):
            t = builder.select(builder.icmp_signed("<", start, last), start, last)
            here = builder.gep(x, [t])
            store_all(builder, vec.zero, sums)
            with cgutils.for_range(builder, n_terms) as term:
                lagged = builder.gep(here, [builder.load(builder.gep(lags, [term.index]))])
                values = [vec.load(lagged, INT(v * vec.n)) for v in range(vectors)]
                of_term = builder.gep(w, [builder.mul(term.index, INT(rows))])
                for i, places in enumerate(sums):
                    weight = vec.spread(builder.load(builder.gep(of_term, [INT(i)])))
                    for value, place in zip(values, places, strict=True):
                        vec.accumulate(weight, value, place)
            for i, places in enumerate(sums):
                to = builder.gep(y, [builder.add(t, builder.mul(arguments[10], INT(i)))])
                for v, place in enumerate(places):
                    vec.store(builder.load(place), to, INT(v * vec.n))
        return context.get_dummy_value()

    arrays = (weights, whole, offsets, source, whole, whole, out, whole, whole)
    return types.void(n_rows, n_vectors, *arrays), codegen


@njit(**EXACT)
def width_of(like):
    """Bins of the widest tile."""
    return N_VECTORS_OF_FEW * (VECTOR_BYTES // like.itemsize)


@njit(**EXACT)
def edges_of(n_rows):
    """Where tiles of about equally many rows begin, and where the last ends."""
    n_tiles = -(-n_rows // MOST_ROWS)
    edges = np.empty(n_tiles + 1, np.int64)
    for i in range(n_tiles + 1):
        edges[i] = n_rows * i // n_tiles
    return edges


@njit(**EXACT)
def pack_weights(w, edges):
    """Weights in the order in which tiles take them: tile, term, row of the tile.

    Parameters
    ----------
    w : (rows, terms)
    edges : (tiles + 1,) int64

    Returns
    -------
    (rows * terms,)
    """
    packed = np.empty(w.size, w.dtype)
    at = 0
    for i in range(edges.size - 1):
        for p in range(w.shape[1]):
            for row in range(edges[i], edges[i + 1]):
                packed[at] = w[row, p]
                at += 1
    return packed


@njit(**EXACT)
def _product_of(n_rows, weights, first, offsets, source, at, n, out, out_at, stride):
    if n_rows == 8:
        _product(8, N_VECTORS, weights, first, offsets, source, at, n, out, out_at, stride)
    elif n_rows == 7:
        _product(7, N_VECTORS, weights, first, offsets, source, at, n, out, out_at, stride)
    elif n_rows == 6:
        _product(6, N_VECTORS, weights, first, offsets, source, at, n, out, out_at, stride)
    elif n_rows == 5:
        _product(5, N_VECTORS, weights, first, offsets, source, at, n, out, out_at, stride)
    elif n_rows == 4:
        _product(4, _VECTORS_OF_4, weights, first, offsets, source, at, n, out, out_at, stride)
    elif n_rows == 3:
        _product(3, _VECTORS_OF_3, weights, first, offsets, source, at, n, out, out_at, stride)
    elif n_rows == 2:
        _product(2, N_VECTORS_OF_FEW, weights, first, offsets, source, at, n, out, out_at, stride)
    else:
        _product(1, N_VECTORS_OF_FEW, weights, first, offsets, source, at, n, out, out_at, stride)


@njit(**EXACT)
def _multiply(weights, edges, offsets, source, n_bins, out, out_at, stride):
    width = width_of(source)
    stretch = width * max(TERMS_OF_STRETCH // offsets.size, 1)
    for start in range(0, n_bins, stretch):
        t = min(start, max(n_bins - width, 0))
        n = min(stretch, n_bins - t)
        for i in range(edges.size - 1):
            row, n_rows = edges[i], edges[i + 1] - edges[i]
            first, to = row * offsets.size, out_at + row * stride + t
            _product_of(n_rows, weights, first, offsets, source, t, n, out, to, stride)


@njit(**EXACT)
def multiply(weights, edges, offsets, source, n_bins, out, out_at, stride):
    """Sum over rows of a source: ``out[i,t] = sum_p weights[i,p] source[offsets[p] + t]``.

    Where there are fewer bins than in a tile, a whole tile of the source is read none the less.

    Parameters
    ----------
    weights : flat, as `pack_weights` gives them
    edges : (tiles + 1,) int64
    offsets : (terms,) int64
    source : flat
    n_bins : int
    out : flat, overwritten from `out_at`
    out_at, stride : int
        Where row 0 begins in `out`, and how far it is to the next row.
    """
    width = width_of(source)
    if n_bins >= width:
        _multiply(weights, edges, offsets, source, n_bins, out, out_at, stride)
        return
    few = np.empty(edges[-1] * width, out.dtype)
    _multiply(weights, edges, offsets, source, width, few, 0, width)
    _copy_rows(few, width, edges[-1], n_bins, out, out_at, stride)


@njit(**EXACT)
def _copy_rows(few, width, n_rows, n_bins, out, out_at, stride):
    for row in range(n_rows):
        for t in range(n_bins):
            out[out_at + row * stride + t] = few[row * width + t]
