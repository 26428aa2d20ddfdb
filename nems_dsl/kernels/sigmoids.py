"""Saturating curves, with one value of each parameter per channel, and the smooth rectifier.

The sigmoids share their arguments: ``y = base + amplitude * f(slope * (x + shift))``, f from 0 to
1. They evaluate in float64 whatever the type of the signals. An output may be the input's own
array, and dx that of dy.
"""

from math import sqrt

from numba import njit

from .compiled import EXACT, SUMS
from .exponential import exp
from .logarithm import log1p

# Saturated long before, at any sensible slope; products with errors stay finite.
LARGEST_INPUT = 1e100


@njit(**EXACT)
def _bounded(z):
    # NaN is within any bounds here, so that it comes through
    if z > LARGEST_INPUT:
        return LARGEST_INPUT
    if z < -LARGEST_INPUT:
        return -LARGEST_INPUT
    return z


@njit(**EXACT)
def logistic(x, base, amplitude, shift, slope, y):
    """Logistic sigmoid: ``y = base + amplitude / (1 + exp(-slope * (x + shift)))``.

    Parameters
    ----------
    x : (channels, time)
    base, amplitude, shift, slope : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out = x[c], y[c]
        b, a, s, k = float(base[c]), float(amplitude[c]), float(shift[c]), float(slope[c])
        for t in range(signal.size):
            z = k * _bounded(signal[t] + s)
            e = exp(-abs(z))
            out[t] = b + a * ((1.0 if z >= 0 else e) / (1 + e))


@njit(**SUMS)
def logistic_vjp(x, base, amplitude, shift, slope, dy, dx, dbase, damplitude, dshift, dslope):
    """Gradient of `logistic`; exactly 0 where the curve is saturated.

    With ``f = 1 / (1 + exp(-slope * (x + shift)))`` and ``d = dy * amplitude * f * (1 - f)``:
    ``dx = slope * d``, ``dshift += sum dx``, ``dslope += sum d * (x + shift)``,
    ``dbase += sum dy``, ``damplitude += sum dy * f``.

    Parameters
    ----------
    x, dy : (channels, time)
    base, amplitude, shift, slope : (channels,)
    dx : (channels, time), overwritten
    dbase, damplitude, dshift, dslope : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out = x[c], dy[c], dx[c]
        a, s, k = float(amplitude[c]), float(shift[c]), float(slope[c])
        d_base = d_amplitude = d_shift = d_slope = 0.0
        for t in range(signal.size):
            w = _bounded(signal[t] + s)
            z = k * w
            e = exp(-abs(z))
            per = 1 / (1 + e)
            error = float(d[t])
            change = (error * a) * (e * per * per)
            out[t] = change * k
            d_base += error
            d_amplitude += error * ((1.0 if z >= 0 else e) * per)
            d_shift += change * k
            d_slope += change * w
        dbase[c] += d_base
        damplitude[c] += d_amplitude
        dshift[c] += d_shift
        dslope[c] += d_slope


@njit(**EXACT)
def algebraic(x, base, amplitude, shift, slope, y):
    """Sigmoid without exponentials, slow to saturate.

    ``y = base + amplitude / 2 * (1 + z / sqrt(1 + z**2))``, ``z = slope * (x + shift)``

    Parameters
    ----------
    x : (channels, time)
    base, amplitude, shift, slope : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out = x[c], y[c]
        b, a, s, k = float(base[c]), float(amplitude[c]), float(shift[c]), float(slope[c])
        for t in range(signal.size):
            z = _bounded(k * _bounded(signal[t] + s))
            out[t] = b + a * (0.5 + 0.5 * z / sqrt(1 + z * z))


@njit(**SUMS)
def algebraic_vjp(x, base, amplitude, shift, slope, dy, dx, dbase, damplitude, dshift, dslope):
    """Gradient of `algebraic`.

    With ``f`` the curve from 0 to 1 and ``d = dy * amplitude / 2 * (1 + z**2)**-1.5``:
    ``dx = slope * d``, ``dshift += sum dx``, ``dslope += sum d * (x + shift)``,
    ``dbase += sum dy``, ``damplitude += sum dy * f``.

    Parameters
    ----------
    x, dy : (channels, time)
    base, amplitude, shift, slope : (channels,)
    dx : (channels, time), overwritten
    dbase, damplitude, dshift, dslope : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out = x[c], dy[c], dx[c]
        a, s, k = float(amplitude[c]), float(shift[c]), float(slope[c])
        d_base = d_amplitude = d_shift = d_slope = 0.0
        for t in range(signal.size):
            w = _bounded(signal[t] + s)
            z = _bounded(k * w)
            per = 1 / sqrt(1 + z * z)
            error = float(d[t])
            change = (0.5 * error * a) * (per * per * per)
            out[t] = change * k
            d_base += error
            d_amplitude += error * (0.5 + 0.5 * (z * per))
            d_shift += change * k
            d_slope += change * w
        dbase[c] += d_base
        damplitude[c] += d_amplitude
        dshift[c] += d_shift
        dslope[c] += d_slope


@njit(**EXACT)
def saturated_line(x, base, amplitude, shift, slope, y):
    """Line between two levels: ``y = base + min(max(slope * (x + shift), 0), amplitude)``.

    Parameters
    ----------
    x : (channels, time)
    base, amplitude, shift, slope : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out = x[c], y[c]
        b, a, s, k = float(base[c]), float(amplitude[c]), float(shift[c]), float(slope[c])
        for t in range(signal.size):
            z = k * _bounded(signal[t] + s)
            # Not min and max: a NaN must come through.
            raised = 0.0 if z <= 0 else z
            out[t] = b + (a if raised >= a else raised)


@njit(**SUMS)
def saturated_line_vjp(x, base, amplitude, shift, slope, dy, dx, dbase, damplitude, dshift, dslope):
    """Gradient of `saturated_line`, with slope 0 at both corners.

    With ``d = dy`` where the line is neither at 0 nor at the amplitude, else 0:
    ``dx = slope * d``, ``dshift += sum dx``, ``dslope += sum d * (x + shift)``,
    ``dbase += sum dy``, ``damplitude += sum dy`` over where the line is at the amplitude.

    Parameters
    ----------
    x, dy : (channels, time)
    base, amplitude, shift, slope : (channels,)
    dx : (channels, time), overwritten
    dbase, damplitude, dshift, dslope : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out = x[c], dy[c], dx[c]
        a, s, k = float(amplitude[c]), float(shift[c]), float(slope[c])
        d_base = d_amplitude = d_shift = d_slope = 0.0
        for t in range(signal.size):
            w = _bounded(signal[t] + s)
            z = k * w
            error = float(d[t])
            at_top = (0.0 if z <= 0 else z) >= a
            change = 0.0 if at_top or z <= 0 else error
            out[t] = change * k
            d_base += error
            d_amplitude += error if at_top else 0.0
            d_shift += change * k
            d_slope += change * (w if change != 0 else 0.0)
        dbase[c] += d_base
        damplitude[c] += d_amplitude
        dshift[c] += d_shift
        dslope[c] += d_slope


@njit(**EXACT)
def soft_rectify(x, shift, offset, gain, y):
    """Smooth rectifier: ``y = offset + gain * log(1 + exp(x + shift))``.

    Parameters
    ----------
    x : (channels, time)
    shift, offset, gain : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out = x[c], y[c]
        s, b, g = float(shift[c]), float(offset[c]), float(gain[c])
        for t in range(signal.size):
            z = signal[t] + s
            out[t] = b + g * ((z if z > 0 else 0.0) + log1p(exp(-abs(z))))


@njit(**SUMS)
def soft_rectify_vjp(x, shift, offset, gain, dy, dx, dshift, doffset, dgain):
    """Gradient of `soft_rectify`.

    ``dx = gain * dy / (1 + exp(-x - shift))``, ``dshift += sum dx``, ``doffset += sum dy``,
    ``dgain += sum dy * log(1 + exp(x + shift))``.

    Parameters
    ----------
    x, dy : (channels, time)
    shift, offset, gain : (channels,)
    dx : (channels, time), overwritten
    dshift, doffset, dgain : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out, s, g = x[c], dy[c], dx[c], float(shift[c]), float(gain[c])
        d_shift = d_offset = d_gain = 0.0
        for t in range(signal.size):
            z = signal[t] + s
            e = exp(-abs(z))
            error = float(d[t])
            passed = error * ((1.0 if z >= 0 else e) / (1 + e))
            out[t] = g * passed
            d_shift += g * passed
            d_offset += error
            d_gain += error * ((z if z > 0 else 0.0) + log1p(e))
        dshift[c] += d_shift
        doffset[c] += d_offset
        dgain[c] += d_gain
