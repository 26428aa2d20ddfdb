"""Slow, obvious versions of every kernel, for one array at a time, in float64."""

import numpy as np


def fir(h, x):
    y = np.zeros((h.shape[0], x.shape[1]))
    for f, c, k in np.ndindex(h.shape):
        for t in range(k, x.shape[1]):
            y[f, t] += h[f, c, k] * x[c, t - k]
    return y


def fir_vjp_input(h, dy):
    dx = np.zeros((h.shape[1], dy.shape[1]))
    for f, c, k in np.ndindex(h.shape):
        for t in range(k, dy.shape[1]):
            dx[c, t - k] += h[f, c, k] * dy[f, t]
    return dx


def fir_vjp_filter(x, dy, n_taps):
    dh = np.zeros((dy.shape[0], x.shape[0], n_taps))
    for f, c, k in np.ndindex(dh.shape):
        for t in range(k, x.shape[1]):
            dh[f, c, k] += dy[f, t] * x[c, t - k]
    return dh


def bank_fir(h, x):
    return np.concatenate([fir(h[f : f + 1], x[:, f]) for f in range(h.shape[0])])


def bank_fir_vjp_input(h, dy):
    return np.stack([fir_vjp_input(h[f : f + 1], dy[f : f + 1]) for f in range(h.shape[0])], axis=1)


def bank_fir_vjp_filter(x, dy, n_taps):
    return np.concatenate(
        [fir_vjp_filter(x[:, f], dy[f : f + 1], n_taps) for f in range(dy.shape[0])]
    )


def level(x, shift):
    return x + shift[:, None]


def rectify(x, shift, offset, gain):
    return offset[:, None] + gain[:, None] * np.maximum(x + shift[:, None], 0)


def scale(x, gain):
    return gain[:, None] * x


def hinge(x, shift, alpha):
    z = x + shift[:, None]
    return np.maximum(z, 0) + alpha[:, None] * np.minimum(z, 0)


def soft_rectify(x, shift, offset, gain):
    return offset[:, None] + gain[:, None] * np.logaddexp(x + shift[:, None], 0)


def logistic(x, base, amplitude, shift, kappa):
    z = (x - shift[:, None]) / kappa[:, None]
    return base[:, None] + amplitude[:, None] / (1 + np.exp(-z))


def logistic_on_line(x, shift, offset, gain):
    return offset[:, None] + gain[:, None] / (1 + np.exp(-(x + shift[:, None])))


def hyperbolic_tangent(x, base, amplitude, shift, kappa):
    z = kappa[:, None] * (x - shift[:, None])
    return base[:, None] + amplitude[:, None] / 2 * (1 + np.tanh(z))


def algebraic(x, base, amplitude, shift, kappa):
    z = kappa[:, None] * (x - shift[:, None])
    return base[:, None] + amplitude[:, None] / 2 * (1 + z / np.sqrt(1 + z**2))


def saturated_line(x, base, amplitude, shift, kappa):
    z = kappa[:, None] * (x - shift[:, None])
    return base[:, None] + np.minimum(np.maximum(z, 0), amplitude[:, None])


def log_compress(x, shift):
    beyond = np.where(np.abs(shift) > 2, np.abs(shift) - 2, 0)
    exponent = np.clip(shift, -2, 2) + np.sign(shift) * beyond / 50
    d = 10 ** exponent[:, None]
    return np.log(np.maximum((x + d) / d, 1e-6))


def double_exponential(x, base, amplitude, shift, kappa):
    z = np.exp(kappa)[:, None] * (x + shift[:, None])
    return base[:, None] + amplitude[:, None] * np.exp(-np.exp(-z))


def plasticity(x, u, tau, lead_in=100):
    positive = np.maximum(x, 0)
    padded = np.concatenate([np.repeat(positive[:, :1], lead_in, axis=1), positive], axis=1)
    y = np.empty_like(padded)
    for c in range(x.shape[0]):
        drive = u[c] * padded[c]
        before, depletion = drive[0], 0.0
        for t, now in enumerate(drive):
            m = np.exp(1 / tau[c] + (before + now) / 2)
            depletion = (depletion + (before + m * now) / 2) / m
            y[c, t] = padded[c, t] * (1 - depletion)
            before = now
    return y[:, lead_in:]


def central_differences(function, arrays, i, dy, step=1e-6):
    """Gradient of sum(dy * function(*arrays)) with respect to arrays[i]."""
    gradient = np.empty_like(arrays[i])
    for index in np.ndindex(arrays[i].shape):
        values = []
        for sign in (1, -1):
            moved = [a.copy() for a in arrays]
            moved[i][index] += sign * step
            values.append(np.sum(dy * function(*moved)))
        gradient[index] = (values[0] - values[1]) / (2 * step)
    return gradient
