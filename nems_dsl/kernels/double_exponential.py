"""The double exponential (dexp), with what its gradient needs kept from the forward pass.

Reading two numbers takes a small part of the time of two exponentials. It evaluates in float64
whatever the type of the signals: its steps overflow float32 long before its result does. An output
may be the input's own array, and dx that of dy; the loops are slower then, not wrong.
"""

import numpy as np

from .compiled import EXACT, SUMS, njit
from .exponential import LARGEST, SMALLEST, exp, exp_within

# Beyond these the curve is a step, to within inputs of 1e-149, or constant, and products with
# exp(kappa) would overflow or vanish.
LARGEST_KAPPA = 350.0
SMALLEST_KAPPA = -700.0
# exp(-exp(7)) is 0 in float64; exp(-z) beyond would only overflow in products.
SATURATED = -7.0
# Bins between two loops of one exponential each, which are faster than one loop of two.
STRETCH = 512


@njit(**EXACT)
def steepness(kappa):
    """Give exp(kappa), within limits."""
    return exp(min(max(float(kappa), SMALLEST_KAPPA), LARGEST_KAPPA))


@njit(**EXACT)
def clipped(z):
    """Give z within the limits of what two exponentials can tell."""
    if z > LARGEST:
        return LARGEST
    if z < SATURATED:
        return SATURATED
    return z


@njit(**EXACT)
def double_exponential(x, base, amplitude, shift, kappa, inner, outer, y):
    """Sigmoid with two bends: ``y = base + amplitude * exp(-exp(-exp(kappa) * (x + shift)))``.

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
        b, a, s, k = float(base[c]), float(amplitude[c]), float(shift[c]), steepness(kappa[c])
        for start in range(0, x.shape[1], STRETCH):
            stop = start + STRETCH
            signal, out = x[c, start:stop], y[c, start:stop]
            kept, other = inner[c, start:stop], outer[c, start:stop]
            for t in range(signal.size):
                found[t] = exp_within(-clipped(k * (signal[t] + s)))
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
    """Gradient of `double_exponential`; exactly 0 where the curve is saturated.

    With ``z = exp(kappa) * (x + shift)``, ``g = exp(-exp(-z))`` and
    ``d = dy * amplitude * exp(-z) * g``: ``dx = d * exp(kappa)``, ``dshift += sum dx``,
    ``dkappa += sum d * z``, ``dbase += sum dy``, ``damplitude += sum dy * g``.

    Parameters
    ----------
    x, dy : (channels, time)
    base, amplitude, shift, kappa : (channels,)
    inner, outer : (channels, time)
        What `double_exponential` kept.
    dx : (channels, time), overwritten
    dbase, damplitude, dshift, dkappa : (channels,), added to
    """
    for c in range(x.shape[0]):
        a, s, k = float(amplitude[c]), float(shift[c]), steepness(kappa[c])
        free = SMALLEST_KAPPA <= kappa[c] <= LARGEST_KAPPA
        signal, d, out, kept, other = x[c], dy[c], dx[c], inner[c], outer[c]
        d_base = d_amplitude = d_shift = d_kappa = 0.0
        for t in range(signal.size):
            z = clipped(k * (signal[t] + s))
            e, g = float(kept[t]), float(other[t])
            error = float(d[t])
            # At both limits of z one factor is exactly 0 and the other small, so that their
            # product with any finite error is 0, in whatever order it is taken.
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
