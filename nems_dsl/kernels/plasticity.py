"""Short-term plasticity: depression or facilitation of each channel by its own recent input.

The depletion D of a synapse obeys ``D' = -(1/tau + X) D + X`` with ``X = u max(x, 0)``. The
trapezoid rule on its integrating-factor form gives, per bin, ``D[t] = w[t] (D[t-1] + X[t-1]/2) +
X[t]/2`` with the decay ``w[t] = exp(-(1/tau + (X[t-1] + X[t])/2))``. The decay is stored, not its
inverse, which overflows for strong input. Euler's rule gives ``D[t] = (1 - 1/tau - X[t-1]) D[t-1]
+ X[t-1]``. Both are one linear recursion, of a decay and a summand.

A trial starts as if its first bin had been there `LEAD_IN` times before, or else from rest. Then
each bin is depressed by earlier ones only: the trapezoid's D[t] has X[t] in it, and serves the bin
after. Facilitation (u < 0) feeds on itself: its D is held.
"""

import numpy as np

from .compiled import EXACT, njit
from .exponential import exp

LEAD_IN = 100
MOST_FACILITATED = -4.0
# Beyond it the depletion is held in any case, and in float32 infinity times 0 is near.
_MOST_GROWTH = 80.0

_FUSED = {**EXACT, "fastmath": {"contract"}}


@njit(**EXACT)
def rectified(x):
    """Give `x` where it is above 0, else 0."""
    # Not max(x, 0): a NaN must come through.
    return 0.0 if x <= 0 else float(x)


@njit(**EXACT)
def limits(u, euler):
    """Give the bounds of the depletion; Euler's steps may pass full depletion, and must not."""
    return MOST_FACILITATED if u < 0 else -np.inf, 1.0 if euler and u > 0 else np.inf


@njit(**EXACT)
def start(first, rate, euler, from_rest, lowest, highest):
    """Give the depletion in the first bin, of drive X = `first`, and its slopes by both numbers."""
    if from_rest:
        return (0.0, 0.0, 0.0) if euler else (first / 2, 0.5, 0.0)
    decay = 1 - rate - first if euler else exp(-(rate + first))
    depletion = by_first = by_rate = 0.0
    for _ in range(LEAD_IN if euler else LEAD_IN + 1):
        if euler:
            by_first = decay * by_first - depletion + 1
            by_rate = decay * by_rate - depletion
            depletion = decay * depletion + first
        else:
            kept = decay * (depletion + first / 2)
            by_first = decay * (by_first + 0.5) - kept + 0.5
            by_rate = decay * by_rate - kept
            depletion = kept + first / 2
        if depletion <= lowest or depletion >= highest:
            depletion = lowest if depletion <= lowest else highest
            by_first = by_rate = 0.0
    return depletion, by_first, by_rate


@njit(**EXACT)
def _trapezoid_terms(drive, u, rate, decay, summand):
    """Prepare the factor and summand of the recursion, in which exponentials do not vectorize."""
    before, now, decays, summands = drive[:-1], drive[1:], decay[1:], summand[1:]
    for t in range(now.size):
        a, b = u * rectified(before[t]), u * rectified(now[t])
        growth = -(rate + (a + b) / 2)
        w = exp(_MOST_GROWTH if growth > _MOST_GROWTH else growth)
        decays[t] = w
        summands[t] = (w * a + b) / 2


@njit(**EXACT)
def _euler_terms(drive, u, rate, decay, summand):
    before, decays, summands = drive[:-1], decay[1:], summand[1:]
    for t in range(before.size):
        a = u * rectified(before[t])
        decays[t] = 1 - rate - a
        summands[t] = a


@njit(**_FUSED)
def _recur(decay, depletion):
    """Run ``D[t] = decay[t] D[t-1] + summand[t]`` from D[0], in place of the summands.

    Four bins at a time: only one product in four has to wait for the one before.
    """
    state, t = depletion[0], 1
    while t + 4 <= depletion.size:
        w1, w2, w3, w4 = decay[t], decay[t + 1], decay[t + 2], decay[t + 3]
        s1 = depletion[t]
        s2 = w2 * s1 + depletion[t + 1]
        s3 = w3 * s2 + depletion[t + 2]
        s4 = w4 * s3 + depletion[t + 3]
        w2 = w2 * w1
        w3 = w3 * w2
        w4 = w4 * w3
        depletion[t] = w1 * state + s1
        depletion[t + 1] = w2 * state + s2
        depletion[t + 2] = w3 * state + s3
        state = w4 * state + s4
        depletion[t + 3] = state
        t += 4
    while t < depletion.size:
        state = decay[t] * state + depletion[t]
        depletion[t] = state
        t += 1


@njit(**EXACT)
def _recur_within(decay, depletion, lowest, highest):
    state = float(depletion[0])
    for t in range(1, depletion.size):
        state = decay[t] * state + depletion[t]
        if state < lowest:
            state = lowest
        if state > highest:
            state = highest
        depletion[t] = state


@njit(**EXACT)
def _stp_row(u, rate, drive, x, y, depletion, decay, euler, from_rest):
    if x.size == 0:
        return
    lowest, highest = limits(u, euler)
    if euler:
        _euler_terms(drive, u, rate, decay, depletion)
    else:
        _trapezoid_terms(drive, u, rate, decay, depletion)
    first = u * rectified(drive[0])
    depletion[0] = start(first, rate, euler, from_rest, lowest, highest)[0]
    if euler or u < 0:
        _recur_within(decay, depletion, lowest, highest)
    else:
        _recur(decay, depletion)
    if from_rest and not euler:
        y[0] = rectified(x[0])
        x, y, depletion = x[1:], y[1:], depletion[:-1]
    for t in range(x.size):
        y[t] = rectified(x[t]) * (1 - depletion[t])


@njit(**EXACT)
def stp(u, tau, drive, x, y, depletion, decay, starts, euler, from_rest):
    """Depress each channel by past input: ``y[c,t] = max(x[c,t], 0) (1 - D[c,t])``.

    Parameters
    ----------
    u : (channels,)
        Depletion per unit of input; 0 passes the input through, below 0 facilitates.
    tau : (channels,)
        Time constant of the recovery, in bins, above 0.
    drive : (channels or fewer, time)
        What depletes. Channels take these rows in turn, over and over. Often `x` itself.
    x : (channels, time)
        What is depressed. Here and in `drive` negative values count as 0.
    y : (channels, time), overwritten
    depletion, decay : (channels, time), overwritten
        What the gradient needs of this pass.
    starts : (trials + 1,) int64
        Where each trial begins in the signals, and the end of the last. All are whole trials.
    euler : bool
        Integrate by Euler's rule instead of the trapezoid rule.
    from_rest : bool
        Begin a trial with no depletion and, unless `euler`, use ``D[c,t-1]`` for ``D[c,t]``.
    """
    for c in range(x.shape[0]):
        strength, rate = float(u[c]), 1.0 / float(tau[c])
        for i in range(starts.size - 1):
            a, b = starts[i], starts[i + 1]
            _stp_row(
                strength,
                rate,
                drive[c % drive.shape[0], a:b],
                x[c, a:b],
                y[c, a:b],
                depletion[c, a:b],
                decay[c, a:b],
                euler,
                from_rest,
            )


@njit(**EXACT)
def crosstalk(x, drive):
    """Drive all channels alike, by the mean of what is above 0 in them.

    Parameters
    ----------
    x : (channels, time)
        Or the rows of (channels, bank, time); each slice of the bank has a drive of its own.
    drive : (1 or bank, time), overwritten
    """
    n_drives = drive.shape[0]
    drive[:] = 0
    for c in range(x.shape[0]):
        row = drive[c % n_drives]
        for t in range(row.size):
            row[t] += rectified(x[c, t])
    for i in range(n_drives):
        row = drive[i]
        for t in range(row.size):
            row[t] = row[t] * n_drives / x.shape[0]
