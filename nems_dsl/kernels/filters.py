"""Causal temporal filters (fir), plain and one per slice of a bank.

A signal may hold several segments, such as trials, one after the other: segment i has the bins from
``starts[i]`` to ``starts[i + 1]``, and no filter reaches across.
"""

from .compiled import EXACT, IS_PLAIN, njit

if IS_PLAIN:
    from .plain import bank_fir as bank_fir
    from .plain import bank_fir_vjp_filter as bank_fir_vjp_filter
    from .plain import bank_fir_vjp_input as bank_fir_vjp_input
    from .plain import fir as fir
    from .plain import fir_vjp_filter as fir_vjp_filter
    from .plain import fir_vjp_input as fir_vjp_input
else:
    from .tiles import bank_fir as bank_fir
    from .tiles import bank_fir_vjp_filter as bank_fir_vjp_filter
    from .tiles import bank_fir_vjp_input as bank_fir_vjp_input
    from .tiles import fir as fir
    from .tiles import fir_vjp_filter as fir_vjp_filter
    from .tiles import fir_vjp_input as fir_vjp_input


@njit(**EXACT)
def lag(x, n_taps, lagged, starts):
    """Rows of the input at each lag, zeros before the start: ``lagged[c*K+k,t] = x[c,t-k]``.

    Parameters
    ----------
    x : (channels, time)
    n_taps : int
    lagged : (channels * taps, time), overwritten
    starts : (segments + 1,) int64
    """
    for i in range(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        for c in range(x.shape[0]):
            for k in range(n_taps):
                row = lagged[c * n_taps + k, a:b]
                shift = min(k, row.size)
                for t in range(shift):
                    row[t] = 0
                source, late = x[c, a : b - shift], row[shift:]
                for t in range(source.size):
                    late[t] = source[t]
