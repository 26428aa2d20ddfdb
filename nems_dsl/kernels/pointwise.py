"""Pointwise layers, with one value of each parameter per channel: lvl, scl, relu, prelu and dexp.

An output may be the input's own array, and dx that of dy; the loops are slower then, not wrong.
`double_exponential` evaluates in float64 whatever the type of the signals: its steps overflow
float32 long before its result does.
"""

import numpy as np
from numba import njit

from .compiled import EXACT, SUMS
from .exponential import LARGEST, exp, exp_within

# Beyond these the curve is a step, to within inputs of 1e-149, or constant, and products with
# exp(kappa) would overflow or vanish.
LARGEST_KAPPA = 350.0
SMALLEST_KAPPA = -700.0
# exp(-exp(7)) is 0 in float64; exp(-z) beyond would only overflow in products.
SATURATED = -7.0
# Bins between two loops of one exponential each, which are faster than one loop of two.
STRETCH = 512


@njit(**EXACT)
def level(x, shift, y):
    """Level shift: ``y = x + shift``.

    Parameters
    ----------
    x : (channels, time)
    shift : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out, s = x[c], y[c], shift[c]
        for t in range(signal.size):
            out[t] = signal[t] + s


@njit(**SUMS)
def level_vjp(x, shift, dy, dx, dshift):
    """Gradient of `level`: ``dx = dy``, ``dshift += sum dy``.

    Parameters
    ----------
    x, dy : (channels, time)
    shift : (channels,)
    dx : (channels, time), overwritten
    dshift : (channels,), added to
    """
    for c in range(x.shape[0]):
        d, out = dy[c], dx[c]
        total = 0.0
        for t in range(d.size):
            error = d[t]
            out[t] = error
            total += error
        dshift[c] += total


@njit(**EXACT)
def scale(x, gain, y):
    """Factor: ``y = gain * x``.

    Parameters
    ----------
    x : (channels, time)
    gain : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out, g = x[c], y[c], gain[c]
        for t in range(signal.size):
            out[t] = g * signal[t]


@njit(**SUMS)
def scale_vjp(x, gain, dy, dx, dgain):
    """Gradient of `scale`: ``dx = gain * dy``, ``dgain += sum dy * x``.

    Parameters
    ----------
    x, dy : (channels, time)
    gain : (channels,)
    dx : (channels, time), overwritten
    dgain : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out, g = x[c], dy[c], dx[c], gain[c]
        total = 0.0
        for t in range(d.size):
            error = d[t]
            out[t] = g * error
            total += error * signal[t]
        dgain[c] += total


@njit(**EXACT)
def rectify(x, shift, offset, gain, y):
    """Rectified line: ``y = offset + gain * max(x + shift, 0)``.

    Parameters
    ----------
    x : (channels, time)
    shift, offset, gain : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out, s, b, g = x[c], y[c], shift[c], offset[c], gain[c]
        for t in range(signal.size):
            z = signal[t] + s
            # Not max(z, 0): a NaN must come through.
            out[t] = b if z <= 0 else b + g * z


@njit(**SUMS)
def rectify_vjp(x, shift, offset, gain, dy, dx, dshift, doffset, dgain):
    """Gradient of `rectify`, with slope 0 at the corner.

    ``dx = gain * dy`` where ``x + shift > 0``, else 0; ``dshift += sum dx``, ``doffset += sum dy``,
    ``dgain += sum dy * max(x + shift, 0)``.

    Parameters
    ----------
    x, dy : (channels, time)
    shift, offset, gain : (channels,)
    dx : (channels, time), overwritten
    dshift, doffset, dgain : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out, s, g = x[c], dy[c], dx[c], shift[c], gain[c]
        d_shift = d_offset = d_gain = 0.0
        for t in range(signal.size):
            error, z = d[t], signal[t] + s
            passed = error if z > 0 else error * 0
            out[t] = g * passed
            d_shift += g * passed
            d_offset += error
            d_gain += passed * z
        dshift[c] += d_shift
        doffset[c] += d_offset
        dgain[c] += d_gain


@njit(**EXACT)
def hinge(x, shift, alpha, y):
    """Two slopes: ``y = z`` where ``z = x + shift`` is above 0, elsewhere ``alpha * z``.

    Parameters
    ----------
    x : (channels, time)
    shift, alpha : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out, s, a = x[c], y[c], shift[c], alpha[c]
        for t in range(signal.size):
            z = signal[t] + s
            out[t] = z if z > 0 else a * z


@njit(**SUMS)
def hinge_vjp(x, shift, alpha, dy, dx, dshift, dalpha):
    """Gradient of `hinge`, with slope alpha at the corner.

    ``dx = dy`` where ``x + shift > 0``, else ``alpha * dy``; ``dshift += sum dx``,
    ``dalpha += sum dy * min(x + shift, 0)``.

    Parameters
    ----------
    x, dy : (channels, time)
    shift, alpha : (channels,)
    dx : (channels, time), overwritten
    dshift, dalpha : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out, s, a = x[c], dy[c], dx[c], shift[c], alpha[c]
        d_shift = d_alpha = 0.0
        for t in range(signal.size):
            error, z = d[t], signal[t] + s
            slope = error if z > 0 else a * error
            out[t] = slope
            d_shift += slope
            d_alpha += error * (z * 0 if z > 0 else z)
        dshift[c] += d_shift
        dalpha[c] += d_alpha


@njit(**EXACT)
def _slope(kappa):
    return exp(min(max(float(kappa), SMALLEST_KAPPA), LARGEST_KAPPA))


@njit(**EXACT)
def _clipped(z):
    if z > LARGEST:
        return LARGEST
    if z < SATURATED:
        return SATURATED
    return z


@njit(**EXACT)
def double_exponential(x, base, amplitude, shift, kappa, y):
    """Sigmoid with two bends: ``y = base + amplitude * exp(-exp(-exp(kappa) * (x + shift)))``.

    Parameters
    ----------
    x : (channels, time)
    base, amplitude, shift, kappa : (channels,)
    y : (channels, time), overwritten
    """
    inner = np.empty(STRETCH)
    for c in range(x.shape[0]):
        b, a, s, k = float(base[c]), float(amplitude[c]), float(shift[c]), _slope(kappa[c])
        for start in range(0, x.shape[1], STRETCH):
            signal, out = x[c, start : start + STRETCH], y[c, start : start + STRETCH]
            for t in range(signal.size):
                inner[t] = exp_within(-_clipped(k * (signal[t] + s)))
            for t in range(signal.size):
                out[t] = b + a * exp(-inner[t])


@njit(**SUMS)
def double_exponential_vjp(
    x, base, amplitude, shift, kappa, dy, dx, dbase, damplitude, dshift, dkappa
):
    """Gradient of `double_exponential`; exactly 0 where the curve is saturated.

    With ``z = exp(kappa) * (x + shift)``, ``g = exp(-exp(-z))`` and
    ``d = dy * amplitude * exp(-z) * g``: ``dx = d * exp(kappa)``, ``dshift += sum dx``,
    ``dkappa += sum d * z``, ``dbase += sum dy``, ``damplitude += sum dy * g``.

    Parameters
    ----------
    x, dy : (channels, time)
    base, amplitude, shift, kappa : (channels,)
    dx : (channels, time), overwritten
    dbase, damplitude, dshift, dkappa : (channels,), added to
    """
    inner = np.empty(STRETCH)
    for c in range(x.shape[0]):
        a, s, k = float(amplitude[c]), float(shift[c]), _slope(kappa[c])
        free = SMALLEST_KAPPA <= kappa[c] <= LARGEST_KAPPA
        d_base = d_amplitude = d_shift = d_kappa = 0.0
        for start in range(0, x.shape[1], STRETCH):
            stop = start + STRETCH
            signal, d, out = x[c, start:stop], dy[c, start:stop], dx[c, start:stop]
            for t in range(signal.size):
                inner[t] = exp_within(-_clipped(k * (signal[t] + s)))
            for t in range(signal.size):
                e = inner[t]
                g = exp(-e)
                z = _clipped(k * (signal[t] + s))
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
