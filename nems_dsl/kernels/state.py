"""Signals modulated by a state: rows of gains and offsets, made of the state, and put to use.

A modulation has 2 R rows over time, R gains above R offsets, and to each row a constant. The
inputs take turns at the gains: row r is of input ``r % inputs``. An output is the sum of as many
rows as there are for each: row r goes to output ``r // (R // outputs)``. Rows that are weighted
sums of the state are made by `weights.mix`; here are those that bend.
"""

from .compiled import EXACT, SUMS, njit
from .double_exponential import LARGEST_KAPPA, SMALLEST_KAPPA, clipped, steepness
from .exponential import exp


@njit(**EXACT)
def modulate(x, rows, constant, y):
    """Sum gains and offsets: ``(rows[r] + constant[r]) * x + rows[R + r] + constant[R + r]``.

    Parameters
    ----------
    x : (inputs, time)
    rows : (2 R, time)
    constant : (2 R,)
    y : (outputs, time), overwritten
    """
    n_rows = constant.size // 2
    n_each = n_rows // y.shape[0]
    for r in range(n_rows):
        signal, out = x[r % x.shape[0]], y[r // n_each]
        gain, offset, g, d = rows[r], rows[n_rows + r], constant[r], constant[n_rows + r]
        if r % n_each == 0:
            for t in range(signal.size):
                out[t] = (gain[t] + g) * signal[t] + (offset[t] + d)
        else:
            for t in range(signal.size):
                out[t] += (gain[t] + g) * signal[t] + (offset[t] + d)


@njit(**SUMS)
def modulate_vjp_rows(x, dy, drows, dconstant):
    """Gradient of the rows and constants of `modulate`.

    ``drows[r] = dy * x``, ``drows[R + r] = dy``, ``dconstant += sum drows``.

    Parameters
    ----------
    x : (inputs, time)
    dy : (outputs, time)
    drows : (2 R, time), overwritten
    dconstant : (2 R,), added to
    """
    n_rows = dconstant.size // 2
    n_each = n_rows // dy.shape[0]
    for r in range(n_rows):
        signal, errors = x[r % x.shape[0]], dy[r // n_each]
        d_gain, d_offset = drows[r], drows[n_rows + r]
        g = d = dconstant.dtype.type(0)
        for t in range(signal.size):
            error = errors[t]
            product = error * signal[t]
            d_gain[t] = product
            d_offset[t] = error
            g += product
            d += error
        dconstant[r] += g
        dconstant[n_rows + r] += d


@njit(**EXACT)
def modulate_vjp_input(rows, constant, dy, dx):
    """Gradient of the input of `modulate`: sums of ``dy * (rows[r] + constant[r])``.

    Parameters
    ----------
    rows : (2 R, time)
    constant : (2 R,)
    dy : (outputs, time)
    dx : (inputs, time), overwritten
    """
    n_rows, n_inputs = constant.size // 2, dx.shape[0]
    n_each = n_rows // dy.shape[0]
    for r in range(n_rows):
        errors, out, gain, g = dy[r // n_each], dx[r % n_inputs], rows[r], constant[r]
        if r < n_inputs:
            for t in range(errors.size):
                out[t] = errors[t] * (gain[t] + g)
        else:
            for t in range(errors.size):
                out[t] += errors[t] * (gain[t] + g)


@njit(**EXACT)
def _n_alike(amplitude, state):
    """Count the rows, one after the other, that look at the same channel of the state."""
    n_rows, n_columns = amplitude.shape
    return n_rows if n_columns == state.shape[0] else n_rows // (2 * state.shape[0])


@njit(**EXACT)
def sigmoids(state, amplitude, kappa, offset, rows):
    """Sum double exponentials of the state, one for each of its channels.

    ``rows[r] = sum_s amplitude[r, s] * exp(-exp(-exp(kappa[r, s]) * (state[s] - offset[r, s])))``

    With a single column, no sum: the channels take turns over the gains, and over the offsets.

    Parameters
    ----------
    state : (state, time)
    amplitude, kappa, offset : (rows, state or 1)
    rows : (rows, time), overwritten
    """
    n_alike = _n_alike(amplitude, state)
    rows[:] = 0
    for r in range(rows.shape[0]):
        out = rows[r]
        for s in range(amplitude.shape[1]):
            signal = state[(s + r // n_alike) % state.shape[0]]
            a, k, o = float(amplitude[r, s]), steepness(kappa[r, s]), float(offset[r, s])
            for t in range(signal.size):
                out[t] += a * exp(-exp(-clipped(k * (signal[t] - o))))


@njit(**SUMS)
def sigmoids_vjp(state, amplitude, kappa, offset, drows, damplitude, dkappa, doffset):
    """Gradient of the parameters of `sigmoids`; exactly 0 where a curve is saturated.

    With ``z = exp(kappa) * (state - offset)``, ``g = exp(-exp(-z))`` and
    ``d = drows * amplitude * exp(-z) * g``: ``damplitude += sum drows * g``,
    ``dkappa += sum d * z``, ``doffset -= sum d * exp(kappa)``.

    Parameters
    ----------
    state : (state, time)
    amplitude, kappa, offset : (rows, state or 1)
    drows : (rows, time)
    damplitude, dkappa, doffset : (rows, state or 1), added to
    """
    n_alike = _n_alike(amplitude, state)
    for r in range(drows.shape[0]):
        errors = drows[r]
        for s in range(amplitude.shape[1]):
            signal = state[(s + r // n_alike) % state.shape[0]]
            a, k, o = float(amplitude[r, s]), steepness(kappa[r, s]), float(offset[r, s])
            free = SMALLEST_KAPPA <= kappa[r, s] <= LARGEST_KAPPA
            d_amplitude = d_kappa = d_offset = 0.0
            for t in range(signal.size):
                z = clipped(k * (signal[t] - o))
                e = exp(-z)
                g = exp(-e)
                error = float(errors[t])
                slope = (error * a) * (e * g)
                d_amplitude += error * g
                d_kappa += slope * z
                d_offset += slope * k
            damplitude[r, s] += d_amplitude
            dkappa[r, s] += d_kappa if free else 0.0
            doffset[r, s] -= d_offset


@njit(**EXACT)
def sigmoids_vjp_state(state, amplitude, kappa, offset, drows, dstate):
    """Gradient of the state of `sigmoids`: ``dstate[s] = sum_r d[r, s] * exp(kappa[r, s])``.

    With d as for `sigmoids_vjp`.

    Parameters
    ----------
    state : (state, time)
    amplitude, kappa, offset : (rows, state or 1)
    drows : (rows, time)
    dstate : (state, time), overwritten
    """
    n_alike = _n_alike(amplitude, state)
    dstate[:] = 0
    for r in range(drows.shape[0]):
        errors = drows[r]
        for s in range(amplitude.shape[1]):
            place = (s + r // n_alike) % state.shape[0]
            signal, out = state[place], dstate[place]
            a, k, o = float(amplitude[r, s]), steepness(kappa[r, s]), float(offset[r, s])
            for t in range(signal.size):
                e = exp(-clipped(k * (signal[t] - o)))
                out[t] += ((float(errors[t]) * a) * (e * exp(-e))) * k


@njit(**EXACT)
def hinges(state, corner, below, above, rows):
    """Sum bent lines of the state, one for each of its channels.

    ``rows[r] = sum_s below[r, s] * min(w, 0) + above[r, s] * max(w, 0)``, with
    ``w = state[s] - corner[r, s]``.

    Parameters
    ----------
    state : (state, time)
    corner, below, above : (rows, state)
    rows : (rows, time), overwritten
    """
    rows[:] = 0
    for r in range(rows.shape[0]):
        out = rows[r]
        for s in range(state.shape[0]):
            signal, x0, low, high = state[s], corner[r, s], below[r, s], above[r, s]
            for t in range(signal.size):
                w = signal[t] - x0
                out[t] += w * (high if w > 0 else low)


@njit(**SUMS)
def hinges_vjp(state, corner, below, above, drows, dcorner, dbelow, dabove):
    """Gradient of the parameters of `hinges`; at a corner the slope is the mean of both sides'.

    Parameters
    ----------
    state : (state, time)
    corner, below, above : (rows, state)
    drows : (rows, time)
    dcorner, dbelow, dabove : (rows, state), added to
    """
    for r in range(drows.shape[0]):
        errors = drows[r]
        for s in range(state.shape[0]):
            signal, x0, low, high = state[s], corner[r, s], below[r, s], above[r, s]
            middle = (low + high) / 2
            d_corner = d_below = d_above = dcorner.dtype.type(0)
            for t in range(signal.size):
                w, error = signal[t] - x0, errors[t]
                d_corner += error * (high if w > 0 else (low if w < 0 else middle))
                d_below += error * min(w, 0)
                d_above += error * max(w, 0)
            dcorner[r, s] -= d_corner
            dbelow[r, s] += d_below
            dabove[r, s] += d_above


@njit(**EXACT)
def hinges_vjp_state(state, corner, below, above, drows, dstate):
    """Gradient of the state of `hinges`, at a corner with the mean of both sides' slopes.

    Parameters
    ----------
    state : (state, time)
    corner, below, above : (rows, state)
    drows : (rows, time)
    dstate : (state, time), overwritten
    """
    dstate[:] = 0
    for r in range(drows.shape[0]):
        errors = drows[r]
        for s in range(state.shape[0]):
            signal, out = state[s], dstate[s]
            x0, low, high = corner[r, s], below[r, s], above[r, s]
            middle = (low + high) / 2
            for t in range(signal.size):
                w = signal[t] - x0
                out[t] += errors[t] * (high if w > 0 else (low if w < 0 else middle))
