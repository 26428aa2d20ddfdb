"""Taps of filters that are discrete systems of poles and zeros, read at a delay.

With q a delay by one sample, the response of a system with P poles and Z zeros to an impulse is
that of ``gain q^max(P-Z,0) prod_j (1 - zero_j q) / prod_i (1 - pole_i q)``. It is computed at a
finer rate than the taps, and read between its samples along straight lines.
"""

import math

import numpy as np

from .compiled import EXACT, njit

#: samples of the response per tap
OVERSAMPLED = 5


@njit(**EXACT)
def _respond(poles, zeros, left_out, order, response):
    """Write the response of a gain of 1, without the zero `left_out`, `order` samples late."""
    n = response.size
    response[:] = 0
    if order >= n:
        return
    response[order] = 1
    for j in range(zeros.size):
        if j != left_out:
            for i in range(n - 1, 0, -1):
                response[i] -= zeros[j] * response[i - 1]
    for pole in poles:
        for i in range(1, n):
            response[i] += pole * response[i - 1]


@njit(**EXACT)
def _places(k, delay, n_taps):
    """Sample on the left of what tap k reads and the share of the next one; -1 if outside.

    On a sample, the line on the left counts: it is the one that a longer delay moves along.
    """
    at = OVERSAMPLED * (k + 1) - OVERSAMPLED * delay
    if not 0 <= at <= OVERSAMPLED * n_taps:
        return -1, 0.0
    left = max(math.ceil(at) - 1, 0)
    return left, at - left


@njit(**EXACT)
def taps(poles, zeros, delays, gains, h):
    """Taps from poles, zeros, delays in bins, and gains.

    Parameters
    ----------
    poles : (filters, poles)
    zeros : (filters, zeros)
    delays, gains : (filters,)
    h : (filters, taps), overwritten
    """
    n_taps = h.shape[1]
    response = np.empty(OVERSAMPLED * n_taps + 1)
    order = max(poles.shape[1] - zeros.shape[1], 0)
    for f in range(h.shape[0]):
        _respond(poles[f], zeros[f], -1, order, response)
        for k in range(n_taps):
            left, share = _places(k, delays[f], n_taps)
            h[f, k] = 0
            if left >= 0:
                line = response[left] + share * (response[left + 1] - response[left])
                h[f, k] = gains[f] * line


@njit(**EXACT)
def taps_vjp(poles, zeros, delays, gains, dh, d_poles, d_zeros, d_delays, d_gains):
    """Gradients of the parameters of `taps`, all overwritten.

    Parameters
    ----------
    poles, d_poles : (filters, poles)
    zeros, d_zeros : (filters, zeros)
    delays, gains, d_delays, d_gains : (filters,)
    dh : (filters, taps)
    """
    n_taps = dh.shape[1]
    n = OVERSAMPLED * n_taps + 1
    response, d_response = np.empty(n), np.empty(n)
    order = max(poles.shape[1] - zeros.shape[1], 0)
    for f in range(dh.shape[0]):
        _respond(poles[f], zeros[f], -1, order, response)
        d_response[:] = 0
        d_delays[f] = d_gains[f] = 0
        for k in range(n_taps):
            left, share = _places(k, delays[f], n_taps)
            if left >= 0:
                slope = response[left + 1] - response[left]
                d_gains[f] += dh[f, k] * (response[left] + share * slope)
                d_delays[f] -= OVERSAMPLED * dh[f, k] * gains[f] * slope
                d_response[left] += dh[f, k] * gains[f] * (1 - share)
                d_response[left + 1] += dh[f, k] * gains[f] * share
        for i in range(d_poles.shape[1]):
            # a pole's derivative is the response once more through q / (1 - pole q)
            moved = d_poles[f, i] = 0.0
            for s in range(1, n):
                moved = poles[f, i] * moved + response[s - 1]
                d_poles[f, i] += moved * d_response[s]
        for j in range(d_zeros.shape[1]):
            # a zero's is -q times the response without it
            _respond(poles[f], zeros[f], j, order, response)
            d_zeros[f, j] = 0
            for s in range(1, n):
                d_zeros[f, j] -= response[s - 1] * d_response[s]
