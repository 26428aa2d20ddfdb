"""Products of weights with rows that give bins in pairs, by tiles as those of `vector_products`.

A pair is put together of four sums, ``m0 + m1 + m2`` and ``m1 - m2 + m3``, while they are in
registers. A sum runs over its terms in order, whatever its place in a tile.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..compiled import EXACT, njit
from .vector_products import MOST_ROWS, N_VECTORS, N_VECTORS_OF_FEW, width_of
from .vectors import INT, VECTOR_BYTES, Vectors, row_of, store_all, sums_of

_VECTORS_OF_3 = _VECTORS_OF_4 = N_VECTORS_OF_FEW if MOST_ROWS == 8 else N_VECTORS

N_SUMS = 4
# that in which sums are taken: each is added to those before it
_ORDER = (1, 2, 0, 3)


@intrinsic(prefer_literal=True)
def _pairs(
    typing, n_rows, n_vectors, weights, first, offsets, ends, source, n_bins, out, out_at, stride
):
    """Pairs 0 to (n_bins + 1) // 2 of some rows, tile by tile.

    Sum number s has the terms from ``ends[s]`` to ``ends[s + 1]``. The last tile takes in pairs of
    the one before; of an odd number of bins, the last is not written.
    """
    rows, vectors, whole = n_rows.literal_value, n_vectors.literal_value, types.int64

    def codegen(context, builder, signature, arguments):
        def row(array, at):
            return row_of(context, builder, signature.args[array], arguments[array], at)

        vec = Vectors(builder, source.dtype)
        w, lags, limits = row(2, arguments[3]), row(4, INT(0)), row(5, INT(0))
        x, y, n = row(6, INT(0)), row(8, arguments[9]), arguments[7]
        sums, firsts, seconds = (sums_of(builder, vec, rows, vectors) for _ in range(3))
        limits = [builder.load(builder.gep(limits, [INT(s)])) for s in range(N_SUMS + 1)]

        def add_terms(number, here):
            store_all(builder, vec.zero, sums)
            with cgutils.for_range_slice(
                builder, limits[number], limits[number + 1], INT(1), INT
            ) as (term, _):
                lagged = builder.gep(here, [builder.load(builder.gep(lags, [term]))])
                values = [vec.load(lagged, INT(v * vec.n)) for v in range(vectors)]
                of_term = builder.gep(w, [builder.mul(term, INT(rows))])
                for i, places in enumerate(sums):
                    weight = vec.spread(builder.load(builder.gep(of_term, [INT(i)])))
                    for value, place in zip(values, places, strict=True):
                        vec.accumulate(weight, value, place)

        def each():
            for i in range(rows):
                for v in range(vectors):
                    yield i, v, builder.load(sums[i][v]), firsts[i][v], seconds[i][v]

        n_pairs = builder.lshr(builder.add(n, INT(1)), INT(1))
        width = INT(vectors * vec.n)
        last = builder.sub(n_pairs, width)
        with cgutils.for_range_slice(builder, INT(0), n_pairs, width, INT) as (start, _):
            t = builder.select(builder.icmp_signed("<", start, last), start, last)
            here = builder.gep(x, [t])
            add_terms(1, here)
            for _i, _v, total, kept, _other in each():
                builder.store(total, kept)
            add_terms(2, here)
            for _i, _v, total, kept, other in each():
                before = builder.load(kept)
                builder.store(builder.fadd(before, total), kept)
                builder.store(builder.fsub(before, total), other)
            add_terms(0, here)
            for _i, _v, total, kept, _other in each():
                builder.store(builder.fadd(builder.load(kept), total), kept)
            add_terms(3, here)
            at = builder.shl(t, INT(1))
            left = builder.sub(n, at)
            for i, v, total, kept, other in each():
                to = builder.gep(y, [builder.add(at, builder.mul(arguments[10], INT(i)))])
                even, odd = builder.load(kept), builder.fadd(builder.load(other), total)
                low, high = vec.interleave(even, odd)
                vec.store(low, to, INT(2 * v * vec.n))
                place = INT((2 * v + 1) * vec.n)
                if v < vectors - 1:
                    vec.store(high, to, place)
                else:
                    vec.store_first(high, to, place, builder.sub(left, place))
        return context.get_dummy_value()

    arrays = (weights, whole, offsets, ends, source, whole, out, whole, whole)
    return types.void(n_rows, n_vectors, *arrays), codegen


@njit(**EXACT)
def _pairs_of(n_rows, w, first, offsets, ends, x, n, out, to, stride):
    if n_rows == 8:
        _pairs(8, N_VECTORS, w, first, offsets, ends, x, n, out, to, stride)
    elif n_rows == 7:
        _pairs(7, N_VECTORS, w, first, offsets, ends, x, n, out, to, stride)
    elif n_rows == 6:
        _pairs(6, N_VECTORS, w, first, offsets, ends, x, n, out, to, stride)
    elif n_rows == 5:
        _pairs(5, N_VECTORS, w, first, offsets, ends, x, n, out, to, stride)
    elif n_rows == 4:
        _pairs(4, _VECTORS_OF_4, w, first, offsets, ends, x, n, out, to, stride)
    elif n_rows == 3:
        _pairs(3, _VECTORS_OF_3, w, first, offsets, ends, x, n, out, to, stride)
    elif n_rows == 2:
        _pairs(2, N_VECTORS_OF_FEW, w, first, offsets, ends, x, n, out, to, stride)
    else:
        _pairs(1, N_VECTORS_OF_FEW, w, first, offsets, ends, x, n, out, to, stride)


@njit(**EXACT)
def multiply_pairs(weights, edges, offsets, ends, source, n_bins, out, out_at, stride):
    """Find rows of bins, in pairs.

    Parameters
    ----------
    weights : flat, as `pack_weights` gives them
    edges : (tiles + 1,) int64
    offsets : (terms,) int64
        Where the rows of the source begin.
    ends : (5,) int64
        Where the terms of each sum begin, and those of the last end.
    source : flat
    n_bins : int
        Two tiles' width, or more.
    out : flat, overwritten from `out_at`
    out_at, stride : int
        Where row 0 begins in `out`, and how far it is to the next row.
    """
    n_pairs = (n_bins + 1) // 2
    width = width_of(source)
    n_stretches = n_pairs // width
    for stretch in range(n_stretches):
        j = stretch * width
        n = 2 * width if stretch < n_stretches - 1 else n_bins - 2 * j
        for i in range(edges.size - 1):
            row, n_rows = edges[i], edges[i + 1] - edges[i]
            first, to = row * offsets.size, out_at + row * stride + 2 * j
            _pairs_of(n_rows, weights, first, offsets, ends, source[j:], n, out, to, stride)


@njit(**EXACT)
def n_lanes(like):
    """Elements of a vector."""
    return VECTOR_BYTES // like.itemsize


@intrinsic(prefer_literal=True)
def part_pairs(typing, with_bins, source, first, n_pairs, out, out_at, stride):
    """Write rows of the pairs from bin ``first + 2`` on: what bins and those before them give.

    Even and odd bins go to rows of their own: first of differences of bins two apart, then of sums
    and of differences of neighbours, then of bins if they are wanted. Whole vectors are read and
    written.
    """
    whole, n_rows = types.int64, 8 if with_bins.literal_value else 6

    def codegen(context, builder, signature, arguments):
        vec = Vectors(builder, source.dtype)
        x = row_of(context, builder, signature.args[1], arguments[1], arguments[2])
        to = row_of(context, builder, signature.args[4], arguments[4], arguments[5])
        rows = [builder.gep(to, [builder.mul(arguments[6], INT(i))]) for i in range(n_rows)]
        with cgutils.for_range_slice(builder, INT(0), arguments[3], INT(vec.n), INT) as (j, _):
            here = builder.gep(x, [builder.shl(j, INT(1))])

            def bins(lag):
                return [vec.load(here, INT(2 - lag + v * vec.n)) for v in range(2)]

            def write(row, halves):
                for i, half in enumerate(vec.part(*halves)):
                    vec.store(half, rows[row + i], j)

            now, one, two = bins(0), bins(1), bins(2)
            write(0, [builder.fsub(a, b) for a, b in zip(now, two, strict=True)])
            write(2, [builder.fadd(a, b) for a, b in zip(now, one, strict=True)])
            write(4, [builder.fsub(a, b) for a, b in zip(now, one, strict=True)])
            if n_rows == 8:
                write(6, now)
        return context.get_dummy_value()

    return types.void(with_bins, source, whole, whole, out, whole, whole), codegen


@intrinsic(prefer_literal=True)
def part_errors(typing, summed, source, first, n_pairs, out, out_at, other_at):
    """Write elements at even and at odd places, or their sums and differences, to two rows.

    Whole vectors of them are read and written.
    """
    whole, is_summed = types.int64, bool(summed.literal_value)

    def codegen(context, builder, signature, arguments):
        vec = Vectors(builder, source.dtype)
        x = row_of(context, builder, signature.args[1], arguments[1], arguments[2])
        to, other = (
            row_of(context, builder, signature.args[4], arguments[4], arguments[i]) for i in (5, 6)
        )
        with cgutils.for_range_slice(builder, INT(0), arguments[3], INT(vec.n), INT) as (j, _):
            here = builder.gep(x, [builder.shl(j, INT(1))])
            even, odd = vec.part(vec.load(here, INT(0)), vec.load(here, INT(vec.n)))
            pair = (builder.fadd(even, odd), builder.fsub(even, odd)) if is_summed else (even, odd)
            for row, value in zip((to, other), pair, strict=True):
                vec.store(value, row, j)
        return context.get_dummy_value()

    return types.void(summed, source, whole, whole, out, whole, whole), codegen
