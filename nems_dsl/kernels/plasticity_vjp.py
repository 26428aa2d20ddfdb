"""Derivatives of short-term plasticity: its recursion run backwards.

The gradient of each bin's depletion, its costate, has a share from the output and one from the
depletion of the bin after; from the costates follow the gradients of the drive and of 1/tau.
"""

from .compiled import EXACT, SUMS, njit
from .plasticity import limits, rectified, start

_FUSED = {**EXACT, "fastmath": {"contract"}}


@njit(**EXACT)
def _sources(x, dy, is_delayed, costate):
    """Give the gradient of each bin's depletion by what it is used for in the output."""
    delay = 1 if is_delayed else 0
    n_used = x.size - delay
    for t in range(n_used):
        costate[t] = -dy[t + delay] * rectified(x[t + delay])
    costate[n_used:] = 0


@njit(**_FUSED)
def _costates(decay, costate):
    """Run the recursion backwards: add what each bin's depletion does to later bins."""
    t = costate.size - 1
    later = costate[t]
    while t >= 4:
        w1, w2, w3, w4 = decay[t], decay[t - 1], decay[t - 2], decay[t - 3]
        s1 = costate[t - 1]
        s2 = w2 * s1 + costate[t - 2]
        s3 = w3 * s2 + costate[t - 3]
        s4 = w4 * s3 + costate[t - 4]
        w2 = w2 * w1
        w3 = w3 * w2
        w4 = w4 * w3
        costate[t - 1] = w1 * later + s1
        costate[t - 2] = w2 * later + s2
        costate[t - 3] = w3 * later + s3
        later = w4 * later + s4
        costate[t - 4] = later
        t -= 4
    while t >= 1:
        later = decay[t] * later + costate[t - 1]
        costate[t - 1] = later
        t -= 1


@njit(**EXACT)
def _costates_within(decay, depletion, costate, lowest, highest):
    """As `_costates`; a depletion that was held at a bound answers to nothing before it."""
    later = 0.0
    for t in range(costate.size - 1, -1, -1):
        later += costate[t]
        if depletion[t] <= lowest or depletion[t] >= highest:
            later = decay[t] = 0.0
        costate[t] = later
        if t:
            later *= decay[t]


@njit(**SUMS)
def _split_trapezoid(drive, u, depletion, decay, costate):
    """Replace costate[t] by the gradient of X[t] through D[t], and decay[t] by that through D[t+1].

    Return the gradient of 1/tau. The share of D[0] is left to the caller.
    """
    before, depleted, decays, costates, shifted = (
        drive[:-1],
        depletion[:-1],
        decay[1:],
        costate[1:],
        decay[:-1],
    )
    d_rate = 0.0
    for t in range(before.size):
        kept = decays[t] * (depleted[t] + u * rectified(before[t]) / 2)
        through = costates[t]
        costates[t] = through * (1 - kept) / 2
        shifted[t] = through * (decays[t] - kept) / 2
        d_rate -= through * kept
    decay[-1] = 0
    return d_rate


@njit(**SUMS)
def _split_euler(depletion, decay, costate):
    """As `_split_trapezoid`."""
    depleted, costates, shifted = depletion[:-1], costate[1:], decay[:-1]
    d_rate = 0.0
    for t in range(depleted.size):
        through = costates[t]
        shifted[t] = through * (1 - depleted[t])
        d_rate -= through * depleted[t]
        costates[t] = 0
    decay[-1] = 0
    return d_rate


@njit(**SUMS)
def _gather(drive, u, d_next, d_drive):
    """Add `d_next` to the gradient of X[t] in `d_drive`, and turn the sum into that of the drive.

    Return the gradient of u.
    """
    d_u = 0.0
    for t in range(drive.size):
        positive = rectified(drive[t])
        total = d_drive[t] + d_next[t]
        d_u += total * positive
        d_drive[t] = u * total if positive > 0 else total * 0
    return d_u


@njit(**EXACT)
def _pass_on(x, depletion, dy, dx, is_delayed):
    """Add the gradient of the input as the output's factor; none where it is not above 0."""
    if is_delayed:
        dx[0] = dx[0] + dy[0] if x[0] > 0 else dx[0] * 0
        x, depletion, dy, dx = x[1:], depletion[:-1], dy[1:], dx[1:]
    for t in range(x.size):
        dx[t] = dx[t] + dy[t] * (1 - depletion[t]) if x[t] > 0 else dx[t] * 0


@njit(**EXACT)
def _stp_row_vjp(u, rate, drive, x, depletion, decay, dy, d_drive, euler, from_rest):
    """Write the gradient of the drive, and return those of u and of 1/tau."""
    if x.size == 0:
        return 0.0, 0.0
    lowest, highest = limits(u, euler)
    first = u * rectified(drive[0])
    _, by_first, by_rate = start(first, rate, euler, from_rest, lowest, highest)
    _sources(x, dy, from_rest and not euler, d_drive)
    if euler or u < 0:
        _costates_within(decay, depletion, d_drive, lowest, highest)
    else:
        _costates(decay, d_drive)
    if euler:
        d_rate = _split_euler(depletion, decay, d_drive)
    else:
        d_rate = _split_trapezoid(drive, u, depletion, decay, d_drive)
    d_rate += d_drive[0] * by_rate
    d_drive[0] *= by_first
    return _gather(drive, u, decay, d_drive), d_rate


@njit(**EXACT)
def stp_vjp(u, tau, drive, x, depletion, decay, dy, dx, du, dtau, starts, euler, from_rest, is_own):
    """Gradient of `plasticity.stp`, exact through recursion and start; 0 where x is not above 0.

    Parameters
    ----------
    u, tau : (channels,)
    drive : (channels or fewer, time)
    x : (channels, time)
    depletion : (channels, time)
        From the forward pass.
    decay : (channels, time)
        From the forward pass, used up: the gradient can be taken once.
    dy : (channels, time)
    dx : (channels, time), overwritten
        The gradient of the input, if `is_own`; else each channel's share of that of its drive,
        for `crosstalk_vjp`. May be `dy` where only the gradients of the parameters are wanted.
    du, dtau : (channels,), added to
    starts : (trials + 1,) int64
    euler, from_rest : bool
    is_own : bool
        The drive is `x` itself.
    """
    is_delayed = from_rest and not euler
    for c in range(x.shape[0]):
        strength, rate = float(u[c]), 1.0 / float(tau[c])
        for i in range(starts.size - 1):
            a, b = starts[i], starts[i + 1]
            d_u, d_rate = _stp_row_vjp(
                strength,
                rate,
                drive[c % drive.shape[0], a:b],
                x[c, a:b],
                depletion[c, a:b],
                decay[c, a:b],
                dy[c, a:b],
                dx[c, a:b],
                euler,
                from_rest,
            )
            du[c] += d_u
            dtau[c] -= d_rate * rate * rate
            if is_own and b > a:
                _pass_on(x[c, a:b], depletion[c, a:b], dy[c, a:b], dx[c, a:b], is_delayed)


@njit(**EXACT)
def crosstalk_vjp(x, depletion, dy, dx, d_drive, starts, is_delayed):
    """Turn what `stp_vjp` gives for a drive by `plasticity.crosstalk` into that of the input.

    Parameters
    ----------
    x, depletion, dy : (channels, time)
    dx : (channels, time), overwritten
        The shares of each channel in the gradient of its drive.
    d_drive : (1 or bank, time), overwritten
        Room for their sum.
    starts : (trials + 1,) int64
    is_delayed : bool
        Each bin is depressed by the depletion of the bin before.
    """
    n_drives, n_times = d_drive.shape
    d_drive[:] = 0
    for c in range(x.shape[0]):
        for t in range(n_times):
            d_drive[c % n_drives, t] += dx[c, t]
    for c in range(x.shape[0]):
        for t in range(n_times):
            dx[c, t] = d_drive[c % n_drives, t] * n_drives / x.shape[0]
        for i in range(starts.size - 1):
            a, b = starts[i], starts[i + 1]
            if b > a:
                _pass_on(x[c, a:b], depletion[c, a:b], dy[c, a:b], dx[c, a:b], is_delayed)
