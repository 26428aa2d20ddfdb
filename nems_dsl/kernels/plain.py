"""What filters and weighted sums are, in loops that are as short as their formulas.

They say what `tiles` gives, which tests compare with them, and take its place
where the environment variable ``NEMS_DSL_PLAIN_KERNELS`` is 1.
"""

from .compiled import EXACT, njit


@njit(**EXACT)
def fir(h, x, y, starts):
    """Filter causally, with zeros before the start: ``y[f,t] = sum_c sum_k h[f,c,k] x[c,t-k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    x : (channels, time)
    y : (filters, time), overwritten
    starts : (segments + 1,) int64
    """
    y[:] = 0
    n_filters, n_channels, n_taps = h.shape
    for i in range(starts.size - 1):
        for f in range(n_filters):
            for c in range(n_channels):
                for k in range(n_taps):
                    for t in range(starts[i] + k, starts[i + 1]):
                        y[f, t] += h[f, c, k] * x[c, t - k]


@njit(**EXACT)
def fir_vjp_input(h, dy, dx, starts):
    """Gradient of the input of `fir`: ``dx[c,s] = sum_f sum_k h[f,c,k] dy[f,s+k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    dy : (filters, time)
    dx : (channels, time), overwritten
    starts : (segments + 1,) int64
    """
    dx[:] = 0
    n_filters, n_channels, n_taps = h.shape
    for i in range(starts.size - 1):
        for f in range(n_filters):
            for c in range(n_channels):
                for k in range(n_taps):
                    for t in range(starts[i] + k, starts[i + 1]):
                        dx[c, t - k] += h[f, c, k] * dy[f, t]


@njit(**EXACT)
def fir_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps of `fir`: ``dh[f,c,k] += sum_s x[c,s] dy[f,s+k]``.

    Parameters
    ----------
    x : (channels, time)
    dy : (filters, time)
    dh : (filters, channels, taps), added to
    starts : (segments + 1,) int64
    """
    n_filters, n_channels, n_taps = dh.shape
    for i in range(starts.size - 1):
        for f in range(n_filters):
            for c in range(n_channels):
                for k in range(n_taps):
                    for t in range(starts[i] + k, starts[i + 1]):
                        dh[f, c, k] += x[c, t - k] * dy[f, t]


@njit(**EXACT)
def bank_fir(h, x, y, starts):
    """Filter f on slice f of the input: ``y[f,t] = sum_c sum_k h[f,c,k] x[c,f,t-k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    x : (channels, filters, time)
    y : (filters, time), overwritten
    starts : (segments + 1,) int64
    """
    for f in range(h.shape[0]):
        fir(h[f : f + 1], x[:, f], y[f : f + 1], starts)


@njit(**EXACT)
def bank_fir_vjp_input(h, dy, dx, starts):
    """Gradient of the input of `bank_fir`: ``dx[c,f,s] = sum_k h[f,c,k] dy[f,s+k]``.

    Parameters
    ----------
    h : (filters, channels, taps)
    dy : (filters, time)
    dx : (channels, filters, time), overwritten
    starts : (segments + 1,) int64
    """
    for f in range(h.shape[0]):
        fir_vjp_input(h[f : f + 1], dy[f : f + 1], dx[:, f], starts)


@njit(**EXACT)
def bank_fir_vjp_filter(x, dy, dh, starts):
    """Gradient of the taps of `bank_fir`: ``dh[f,c,k] += sum_s x[c,f,s] dy[f,s+k]``.

    Parameters
    ----------
    x : (channels, filters, time)
    dy : (filters, time)
    dh : (filters, channels, taps), added to
    starts : (segments + 1,) int64
    """
    for f in range(dh.shape[0]):
        fir_vjp_filter(x[:, f], dy[f : f + 1], dh[f : f + 1], starts)


@njit(**EXACT)
def mix(w, x, y):
    """Weighted sums over channels: ``y[o,t] = sum_c w[o,c] x[c,t]``.

    Parameters
    ----------
    w : (outputs, channels)
    x : (channels, time)
    y : (outputs, time), overwritten
    """
    y[:] = 0
    for o in range(w.shape[0]):
        for c in range(w.shape[1]):
            for t in range(y.shape[1]):
                y[o, t] += w[o, c] * x[c, t]


@njit(**EXACT)
def mix_vjp_input(w, dy, dx):
    """Gradient of the input of `mix`: ``dx[c,t] = sum_o w[o,c] dy[o,t]``.

    Parameters
    ----------
    w : (outputs, channels)
    dy : (outputs, time)
    dx : (channels, time), overwritten
    """
    dx[:] = 0
    for o in range(w.shape[0]):
        for c in range(w.shape[1]):
            for t in range(dy.shape[1]):
                dx[c, t] += w[o, c] * dy[o, t]


@njit(**EXACT)
def mix_vjp_weights(x, dy, dw):
    """Gradient of the weights of `mix`: ``dw[o,c] += sum_t dy[o,t] x[c,t]``.

    Parameters
    ----------
    x : (channels, time)
    dy : (outputs, time)
    dw : (outputs, channels), added to
    """
    for o in range(dw.shape[0]):
        for c in range(dw.shape[1]):
            for t in range(x.shape[1]):
                dw[o, c] += dy[o, t] * x[c, t]


@njit(**EXACT)
def banked_mix(w, x, y):
    """Weights of their own for each slice: ``y[o,f,t] = sum_c w[f,o,c] x[c,f,t]``.

    Parameters
    ----------
    w : (bank, outputs, channels)
    x : (channels, bank, time)
    y : (outputs, bank, time), overwritten
    """
    for f in range(w.shape[0]):
        mix(w[f], x[:, f], y[:, f])


@njit(**EXACT)
def banked_mix_vjp_input(w, dy, dx):
    """Gradient of the input of `banked_mix`: ``dx[c,f,t] = sum_o w[f,o,c] dy[o,f,t]``.

    Parameters
    ----------
    w : (bank, outputs, channels)
    dy : (outputs, bank, time)
    dx : (channels, bank, time), overwritten
    """
    for f in range(w.shape[0]):
        mix_vjp_input(w[f], dy[:, f], dx[:, f])


@njit(**EXACT)
def banked_mix_vjp_weights(x, dy, dw):
    """Gradient of the weights of `banked_mix`: ``dw[f,o,c] += sum_t dy[o,f,t] x[c,f,t]``.

    Parameters
    ----------
    x : (channels, bank, time)
    dy : (outputs, bank, time)
    dw : (bank, outputs, channels), added to
    """
    for f in range(dw.shape[0]):
        mix_vjp_weights(x[:, f], dy[:, f], dw[f])
