"""Causal temporal filters (fir), plain and one per slice of a bank, by unrolled loops or by BLAS.

The loops are bound by loads, most of which cross a cache line because a lag shifts them. There are
three forms of them, which a shape chooses between:

tiles
    Four rows (channels or filters) by five taps: the rows share the lagged loads. The bins are
    taken in blocks, with the source copied to a scratch row between zeros, so that no loop has an
    edge: short segments cost little more than a long one.
projection
    One filter on several channels: sum over channels first, for five taps at a time, and lag the
    five sums afterwards, so that no lagged load is repeated per channel.
rows
    One or two rows by eight taps, for banks and for the few channels that leave a tile empty.

A last group of fewer taps repeats its last one with weight 0: the loop keeps one shape, and reads
no bin that the filter does not reach.

A signal may hold several segments, such as trials, one after the other: segment i has the bins from
``starts[i]`` to ``starts[i + 1]``, and no filter reaches across. Blocks are counted from the start
of a segment and no sum depends on its place, so that a segment filters to the same bits alone.
"""

from .filter_gemm import fir_gemm as fir_gemm
from .filter_gemm import fir_gemm_vjp_filter as fir_gemm_vjp_filter
from .filter_gemm import fir_gemm_vjp_input as fir_gemm_vjp_input
from .filter_gemm import lag as lag
from .filter_gemm import prefers_gemm as prefers_gemm
from .filter_projection import fir_by_projection
from .filter_rows import bank_fir as bank_fir
from .filter_rows import bank_fir_vjp_filter as bank_fir_vjp_filter
from .filter_rows import bank_fir_vjp_input as bank_fir_vjp_input
from .filter_rows import fir_by_rows, fir_by_rows_vjp_filter, fir_by_rows_vjp_input
from .filter_tiles import N_ROWS, fir_by_tiles, fir_by_tiles_vjp_filter, fir_by_tiles_vjp_input

# In plain Python, so that numba compiles only the form in use. It depends on the shape of the
# weights alone: a segment is filtered alike alone and among others.


def _fills_a_tile(n_rows):
    return n_rows >= N_ROWS


def fir(h, x, y, starts):
    """Filter causally, with zeros before the start: ``y[f,t] = sum_c sum_k h[f,c,k] x[c,t-k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    x : (channels, time)
    y : (filters, time), overwritten
    starts : (segments + 1,) int64
    """
    n_filters, n_channels, _ = h.shape
    if _fills_a_tile(n_filters):
        fir_by_tiles(h, x, y, starts)
    elif _fills_a_tile(n_channels):
        fir_by_projection(h, x, y, starts)
    else:
        fir_by_rows(h, x, y, starts)


def fir_vjp_input(h, dy, dx, starts):
    """Gradient of the input of `fir`: ``dx[c,s] = sum_f sum_k h[f,c,k] dy[f,s+k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    dy : (filters, time)
    dx : (channels, time), overwritten
    starts : (segments + 1,) int64
    """
    if _fills_a_tile(h.shape[1]):
        fir_by_tiles_vjp_input(h, dy, dx, starts)
    else:
        fir_by_rows_vjp_input(h, dy, dx, starts)


def fir_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps of `fir`: ``dh[f,c,k] += sum_s x[c,s] dy[f,s+k]``.

    Parameters
    ----------
    x : (channels, time)
    dy : (filters, time)
    dh : (filters, channels, taps), added to
    starts : (segments + 1,) int64
    """
    if _fills_a_tile(dh.shape[1]):
        fir_by_tiles_vjp_filter(x, dy, dh, starts)
    else:
        fir_by_rows_vjp_filter(x, dy, dh, starts)
