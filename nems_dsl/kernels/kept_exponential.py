"""The double exponential, with what its gradient needs kept from the forward pass.

Reading two numbers takes a small part of the time of two exponentials.
"""

import numpy as np
from numba import njit

from .compiled import EXACT, SUMS
from .exponential import LARGEST, SMALLEST, exp_within
from .pointwise import LARGEST_KAPPA, SMALLEST_KAPPA, STRETCH, _clipped, _slope


@njit(**EXACT)
def double_exponential(x, base, amplitude, shift, kappa, inner, outer, y):
    """Do as `pointwise.double_exponential`, and keep both exponentials.

    Parameters
    ----------
    x : (channels, time)
    base, amplitude, shift, kappa : (channels,)
    inner : (channels, time), overwritten
        ``exp(-exp(kappa) * (x + shift))``
    outer : (channels, time), overwritten
        ``exp(-inner)``
    y : (channels, time), overwritten
    """
    found = np.empty(STRETCH)
    for c in range(x.shape[0]):
        b, a, s, k = float(base[c]), float(amplitude[c]), float(shift[c]), _slope(kappa[c])
        for start in range(0, x.shape[1], STRETCH):
            stop = start + STRETCH
            signal, out = x[c, start:stop], y[c, start:stop]
            kept, other = inner[c, start:stop], outer[c, start:stop]
            for t in range(signal.size):
                found[t] = exp_within(-_clipped(k * (signal[t] + s)))
            for t in range(signal.size):
                e = found[t]
                # as exp(-e), whose other limit no e reaches
                g = exp_within(-LARGEST if e > -SMALLEST else -e)
                kept[t] = e
                other[t] = g
                out[t] = b + a * g


@njit(**SUMS)
def double_exponential_vjp(
    x, base, amplitude, shift, kappa, inner, outer, dy, dx, dbase, damplitude, dshift, dkappa
):
    """Do as `pointwise.double_exponential_vjp`, with the exponentials that were kept."""
    for c in range(x.shape[0]):
        a, s, k = float(amplitude[c]), float(shift[c]), _slope(kappa[c])
        free = SMALLEST_KAPPA <= kappa[c] <= LARGEST_KAPPA
        signal, d, out, kept, other = x[c], dy[c], dx[c], inner[c], outer[c]
        d_base = d_amplitude = d_shift = d_kappa = 0.0
        for t in range(signal.size):
            z = _clipped(k * (signal[t] + s))
            e, g = float(kept[t]), float(other[t])
            error = float(d[t])
            # the products are taken as where nothing is kept
            slope = (error * a) * (e * g)
            out[t] = slope * k
            d_base += error
            d_amplitude += error * g
            d_shift += slope * k
            d_kappa += slope * z
        dbase[c] += d_base
        damplitude[c] += d_amplitude
        dshift[c] += d_shift
        dkappa[c] += d_kappa if free else 0.0
