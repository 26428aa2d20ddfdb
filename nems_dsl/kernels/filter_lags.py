"""The input of a filter at each of its lags."""

from numba import njit

_EXACT = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_EXACT)
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
