"""Picking one channel of many, bin by bin (mrg)."""

import numpy as np

from .compiled import EXACT, njit


@njit(**EXACT)
def _place(value, n_channels):
    """Round a state to the number of a channel, the first and the last beyond either end."""
    return min(max(int(np.rint(min(max(value, 0.0), float(n_channels)))), 0), n_channels - 1)


@njit(**EXACT)
def pick_channel(x, state, y):
    """Channel that the state names: ``y[t] = x[round(state[t]), t]``.

    Parameters
    ----------
    x : (channels, time)
    state, y : (1, time), y overwritten
    """
    for t in range(x.shape[1]):
        y[0, t] = x[_place(state[0, t], x.shape[0]), t]


@njit(**EXACT)
def pick_channel_vjp(state, dy, dx):
    """Gradient of `pick_channel` by its input: that of the output, in the channel picked.

    Parameters
    ----------
    state, dy : (1, time)
    dx : (channels, time), overwritten
    """
    for c in range(dx.shape[0]):
        dx[c, :] = 0
    for t in range(dx.shape[1]):
        dx[_place(state[0, t], dx.shape[0]), t] = dy[0, t]
