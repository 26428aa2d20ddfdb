"""Causal temporal filters (fir), plain and one per slice of a bank.

They are bound by loads, most of which cross a cache line because a lag shifts them. There are six
forms, which a shape chooses between by what they were measured to cost:

products
    Several rows of output (filters, or channels of the input's gradient) by some vectors of bins,
    kept in registers over all channels and taps: the rows share the lagged loads. As fast as
    products of large matrices.
pairs
    The same for several rows and columns with many taps, in long segments: two bins at a time, with
    two thirds of the multiplications. They round about as much as products do.
tiles
    Four channels by five taps, for the gradients of few filters.
projection
    One filter on several channels: sum over channels first, for five taps at a time, and lag the
    five sums afterwards, so that no lagged load is repeated per channel.
rows
    One or two rows by eight taps, for few channels.
windows
    One filter alone, as in a bank, by eight taps: the lagged rows are shuffled together from
    vectors that are in registers.

All but rows take the bins in blocks, copied to scratch rows between zeros where they are read
at a lag, so that no loop has an edge: short segments cost little more than a long one.

Blocks are counted from the start of a segment and no sum depends on its place, so that a segment
filters to the same bits alone.
"""

import itertools

import numpy as np

from .filter_pairs import (
    fir_by_pairs,
    fir_by_pairs_vjp_filter,
    fir_by_pairs_vjp_input,
    shortest_segment,
    shortest_segment_vjp_filter,
)
from .filter_products import (
    fir_by_products,
    fir_by_products_vjp_filter,
    fir_by_products_vjp_input,
)
from .filter_projection import fir_by_projection
from .filter_rows import fir_by_rows, fir_by_rows_vjp_filter, fir_by_rows_vjp_input
from .filter_tiles import N_ROWS, fir_by_tiles_vjp_filter, fir_by_tiles_vjp_input
from .filter_windows import bank_fir as bank_fir
from .filter_windows import bank_fir_vjp_filter as bank_fir_vjp_filter
from .filter_windows import bank_fir_vjp_input as bank_fir_vjp_input
from .processor import has_wide_vectors

# In plain Python, so that numba compiles only the form in use. It depends on the shape of the
# weights alone: a segment is filtered alike alone and among others.


def prefers_products(n_rows: int, n_columns: int) -> bool:
    """Whether products beat the other forms, at blocks of 1000 to 5000 bins and 4 to 25 taps.

    Parameters
    ----------
    n_rows : int
        Rows of the output: filters, or channels for the gradient of the input.
    n_columns : int
        Rows that each of them is a sum over: channels, or filters.
    """
    return n_rows >= 3 and (n_rows > N_ROWS or n_columns > 1 or not has_wide_vectors())


def prefers_products_vjp_filter(n_filters: int, n_channels: int) -> bool:
    """Whether products beat the other forms for the gradient of the taps."""
    least = 4 if has_wide_vectors() else 2
    return n_filters >= least and n_channels > 1


def prefers_pairs(n_rows: int, n_columns: int, n_taps: int) -> bool:
    """Whether pairs beat products in long segments, with arguments as of `prefers_products`.

    What they cost beside products of weights is for each row and each column, not for both.
    """
    return has_wide_vectors() and n_rows >= 5 and n_columns >= 5 and n_columns * n_taps >= 75


def prefers_pairs_vjp_filter(n_filters: int, n_channels: int, n_taps: int) -> bool:
    """Whether pairs beat products for the gradient of the taps, in long segments."""
    return has_wide_vectors() and min(n_filters, n_channels) >= 5 and n_taps >= 12


def by_length(by_pairs, by_products, arrays, starts, least):
    """Find bins of segments of `least` bins or more in pairs, and of those that are shorter alone.

    The form is chosen for each segment by itself, so that it is the same alone and among others.
    """
    is_long = np.diff(starts) >= least
    if is_long.all():
        by_pairs(*arrays, starts)
        return
    edges = [0, *(np.flatnonzero(is_long[1:] != is_long[:-1]) + 1), len(is_long)]
    for first, last in itertools.pairwise(edges):
        (by_pairs if is_long[first] else by_products)(*arrays, starts[first : last + 1])


def fir(h, x, y, starts):
    """Filter as `plain.fir` does."""
    n_filters, n_channels, _ = h.shape
    if prefers_pairs(*h.shape):
        by_length(fir_by_pairs, fir_by_products, (h, x, y), starts, shortest_segment(x))
    elif prefers_products(n_filters, n_channels):
        fir_by_products(h, x, y, starts)
    elif n_channels >= N_ROWS:
        fir_by_projection(h, x, y, starts)
    else:
        fir_by_rows(h, x, y, starts)


def fir_vjp_input(h, dy, dx, starts):
    """Gradient of the input, as `plain.fir_vjp_input` gives it."""
    n_filters, n_channels, n_taps = h.shape
    if prefers_pairs(n_channels, n_filters, n_taps):
        least, arrays = shortest_segment(dy), (h, dy, dx)
        by_length(fir_by_pairs_vjp_input, fir_by_products_vjp_input, arrays, starts, least)
    elif prefers_products(n_channels, n_filters):
        fir_by_products_vjp_input(h, dy, dx, starts)
    elif n_channels >= N_ROWS:
        fir_by_tiles_vjp_input(h, dy, dx, starts)
    else:
        fir_by_rows_vjp_input(h, dy, dx, starts)


def fir_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps, as `plain.fir_vjp_filter` gives it."""
    n_filters, n_channels, _ = dh.shape
    if prefers_pairs_vjp_filter(*dh.shape):
        least, arrays = shortest_segment_vjp_filter(x), (x, dy, dh)
        by_length(fir_by_pairs_vjp_filter, fir_by_products_vjp_filter, arrays, starts, least)
    elif prefers_products_vjp_filter(n_filters, n_channels):
        fir_by_products_vjp_filter(x, dy, dh, starts)
    elif n_channels >= N_ROWS:
        fir_by_tiles_vjp_filter(x, dy, dh, starts)
    else:
        fir_by_rows_vjp_filter(x, dy, dh, starts)
