"""Short-term plasticity (stp): depression or facilitation of each channel by its own recent input.

The depletion D of a synapse obeys ``D' = -(1/tau + X) D + X`` with ``X = u max(x, 0)``. The
trapezoid rule on its integrating-factor form gives, per bin, ``D[t] = w[t] (D[t-1] + X[t-1]/2) +
X[t]/2`` with the decay ``w[t] = exp(-(1/tau + (X[t-1] + X[t])/2))``. The decay is stored, not its
inverse, which overflows for strong input. A trial starts as if its first bin had been there
`LEAD_IN` times before.
"""

from numba import njit

from nems_dsl.kernels.exponential import exp

LEAD_IN = 100

_EXACT = {"cache": True, "nogil": True, "error_model": "numpy"}
_SUMS = {**_EXACT, "fastmath": {"reassoc", "contract", "nsz"}}


@njit(**_EXACT)
def _rectified(x):
    # Not max(x, 0): a NaN must come through.
    return 0.0 if x <= 0 else float(x)


@njit(**_EXACT)
def _lead_in(first, rate):
    """Deplete over the lead-in at constant `first`.

    Return the depletion and its derivatives with respect to `first` and `rate`.
    """
    decay = exp(-(rate + first))
    depletion = by_first = by_rate = 0.0
    for _ in range(LEAD_IN):
        kept = decay * (depletion + first / 2)
        by_first = decay * (by_first + 0.5) - kept + 0.5
        by_rate = decay * by_rate - kept
        depletion = kept + first / 2
    return depletion, by_first, by_rate


@njit(**_EXACT)
def _decay_and_drive(x, u, rate, decay, drive):
    """Prepare the factor and summand of the recursion, in which exponentials do not vectorize."""
    first = u * _rectified(x[0])
    decay[0] = exp(-(rate + first))
    drive[0] = (exp(-(rate + first)) * first + first) / 2
    before, now, decays, drives = x[:-1], x[1:], decay[1:], drive[1:]
    for t in range(now.size):
        a, b = u * _rectified(before[t]), u * _rectified(now[t])
        w = exp(-(rate + (a + b) / 2))
        decays[t] = w
        drives[t] = (w * a + b) / 2


@njit(**_EXACT)
def _stp_row(u, rate, x, y, depletion, decay):
    if x.size == 0:
        return
    _decay_and_drive(x, u, rate, decay, depletion)
    state, _, _ = _lead_in(u * _rectified(x[0]), rate)
    for t in range(x.size):
        state = decay[t] * state + depletion[t]
        depletion[t] = state
    for t in range(x.size):
        y[t] = _rectified(x[t]) * (1 - depletion[t])


@njit(**_EXACT)
def stp(u, tau, x, y, depletion, decay, starts):
    """Depress each channel by its own past: ``y[c,t] = max(x[c,t], 0) (1 - D[c,t])``.

    Parameters
    ----------
    u : (channels,)
        Depletion per unit of input; 0 passes the input through, below 0 facilitates.
    tau : (channels,)
        Time constant of the recovery, in bins, above 0.
    x : (channels, time)
        Negative values count as 0.
    y : (channels, time), overwritten
    depletion, decay : (channels, time), overwritten
        What the gradient needs of this pass.
    starts : (trials + 1,) int64
        Where each trial begins in the signals, and the end of the last. All are whole trials.
    """
    for c in range(x.shape[0]):
        strength, rate = float(u[c]), 1.0 / float(tau[c])
        for i in range(starts.size - 1):
            a, b = starts[i], starts[i + 1]
            _stp_row(strength, rate, x[c, a:b], y[c, a:b], depletion[c, a:b], decay[c, a:b])


@njit(**_EXACT)
def _costates(signal, dy, decay, costate):
    """Run the recursion backwards: the gradient of each bin's depletion, by its own and later bins.

    Return the gradient of the depletion at the end of the lead-in.
    """
    for t in range(signal.size):
        costate[t] = -dy[t] * _rectified(signal[t])
    carried = 0.0
    for t in range(signal.size - 1, -1, -1):
        carried += costate[t]
        costate[t] = carried
        carried *= decay[t]
    return carried


@njit(**_SUMS)
def _split_costates(signal, u, depletion, decay, costate):
    """Replace costate[t] by the gradient of X[t] through D[t], and decay[t] by that through D[t+1].

    Return the gradient of 1/tau. The share of D[0] is left to the caller.
    """
    before, depleted, decays, costates, shifted = (
        signal[:-1],
        depletion[:-1],
        decay[1:],
        costate[1:],
        decay[:-1],
    )
    d_rate = 0.0
    for t in range(before.size):
        kept = decays[t] * (depleted[t] + u * _rectified(before[t]) / 2)
        through = costates[t]
        costates[t] = through * (1 - kept) / 2
        shifted[t] = through * (decays[t] - kept) / 2
        d_rate -= through * kept
    decay[-1] = 0
    return d_rate


@njit(**_SUMS)
def _gather_drives(signal, u, dy, depletion, d_next, dx):
    """Add `d_next` to the gradient of X[t] in `dx`, and turn the sum into that of the input.

    Return the gradient of u.
    """
    d_u = 0.0
    for t in range(dx.size):
        positive = _rectified(signal[t])
        d_drive = dx[t] + d_next[t]
        d_u += d_drive * positive
        dx[t] = u * d_drive + dy[t] * (1 - depletion[t]) if positive > 0 else d_drive * 0
    return d_u


@njit(**_EXACT)
def _stp_row_vjp(u, rate, x, depletion, decay, dy, dx):
    """Write the gradient of the input, and return those of u and of 1/tau."""
    if x.size == 0:
        return 0.0, 0.0
    first = u * _rectified(x[0])
    start, start_by_first, start_by_rate = _lead_in(first, rate)
    d_start = _costates(x, dy, decay, dx)
    decay_first = decay[0]
    d_rate = _split_costates(x, u, depletion, decay, dx)
    kept = decay_first * (start + first / 2)
    d_rate += d_start * start_by_rate - dx[0] * kept
    dx[0] = dx[0] * ((1 + decay_first) / 2 - kept) + d_start * start_by_first
    return _gather_drives(x, u, dy, depletion, decay, dx), d_rate


@njit(**_EXACT)
def stp_vjp(u, tau, x, depletion, decay, dy, dx, du, dtau, starts):
    """Gradient of `stp`, exact through the recursion and the lead-in; 0 where x is not above 0.

    Parameters
    ----------
    u, tau : (channels,)
    x : (channels, time)
    depletion : (channels, time)
        From the forward pass.
    decay : (channels, time)
        From the forward pass, used up: the gradient can be taken once.
    dy : (channels, time)
    dx : (channels, time), overwritten
        May be `dy` where only the gradients of the parameters are wanted.
    du, dtau : (channels,), added to
    starts : (trials + 1,) int64
    """
    for c in range(x.shape[0]):
        strength, rate = float(u[c]), 1.0 / float(tau[c])
        for i in range(starts.size - 1):
            a, b = starts[i], starts[i + 1]
            d_u, d_rate = _stp_row_vjp(
                strength, rate, x[c, a:b], depletion[c, a:b], decay[c, a:b], dy[c, a:b], dx[c, a:b]
            )
            du[c] += d_u
            dtau[c] -= d_rate * rate * rate
