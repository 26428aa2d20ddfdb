"""Log compression, `dlog`."""

from math import log

from numba import njit

from .compiled import EXACT, SUMS
from .logarithm import log1p

# Beyond these the shift acts at a fiftieth of its rate.
SOFT = 2.0
SOFTNESS = 50.0
# 10**shift stays a normal number, and so does its inverse.
LARGEST_EXPONENT = 300.0
# (x + d) / d: where it is below, the logarithm's argument is 0, negative, or as good as 0.
SMALLEST_RATIO = 1e-6
LARGEST_RATIO = 1e300

_LN_10 = log(10.0)


@njit(**EXACT)
def _soften(shift):
    """Give the exponent of 10 that a shift stands for, and its slope."""
    o, slope = float(shift), 1.0
    if o > SOFT:
        o, slope = SOFT + (o - SOFT) / SOFTNESS, 1 / SOFTNESS
    if o < -SOFT:
        o, slope = -SOFT + (o + SOFT) / SOFTNESS, 1 / SOFTNESS
    if abs(o) > LARGEST_EXPONENT:
        o, slope = (LARGEST_EXPONENT if o > 0 else -LARGEST_EXPONENT), 0.0
    return o, slope


@njit(**EXACT)
def _bounded(ratio):
    # NaN is within any bounds here, so that it comes through
    if ratio < SMALLEST_RATIO - 1:
        return SMALLEST_RATIO - 1
    if ratio > LARGEST_RATIO:
        return LARGEST_RATIO
    return ratio


@njit(**EXACT)
def log_compress(x, shift, y):
    """Log compression: ``y = log((x + d) / d)``, ``d = 10**o``.

    o is the shift, but for what is beyond +-2, which is divided by 50. Where ``x + d`` is less
    than ``1e-6 d``, that is taken for it.

    Parameters
    ----------
    x : (channels, time)
    shift : (channels,)
    y : (channels, time), overwritten
    """
    for c in range(x.shape[0]):
        signal, out = x[c], y[c]
        per_d = 10.0 ** -_soften(shift[c])[0]
        for t in range(signal.size):
            out[t] = log1p(_bounded(signal[t] * per_d))


@njit(**SUMS)
def log_compress_vjp(x, shift, dy, dx, dshift):
    """Gradient of `log_compress`; 0 where x is so far below 0 that y is constant.

    ``dx = dy / (x + d)``, ``dshift += -sum dy * log(10) * x / (x + d)``, a fiftieth of it where
    the shift is beyond +-2.

    Parameters
    ----------
    x, dy : (channels, time)
    shift : (channels,)
    dx : (channels, time), overwritten
    dshift : (channels,), added to
    """
    for c in range(x.shape[0]):
        signal, d, out = x[c], dy[c], dx[c]
        o, softened = _soften(shift[c])
        per_d = 10.0**-o
        total = 0.0
        for t in range(signal.size):
            ratio = signal[t] * per_d
            bounded = _bounded(ratio)
            error = float(d[t])
            slope = error * 0 if ratio < bounded else error / (1 + bounded)
            out[t] = slope * per_d
            total += slope * bounded
        dshift[c] -= total * (_LN_10 * softened)
