"""Power of the signal and of the noise in repeated responses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nems_dsl.metrics.pairing import Vector, per_channel
from nems_dsl.metrics.repeats import Repeats, read_repeats, repeated_channels


def signal_power(repeats: Repeats) -> float | Vector:
    r"""Variance over time of the response that all repeats share, channel by channel.

    With :math:`P` the variance over time (the mean of squares, about the mean), N repeats
    :math:`r_n` and their mean :math:`\bar r`:

    .. math:: \mathrm{SP} = \frac{N P(\bar r) - \frac1N \sum_n P(r_n)}{N - 1}

    Parameters
    ----------
    repeats : array_like or list of array
        Responses to one stimulus: (T, repeats) for one channel, (repeats, T, channels), or a list
        with an array (T_i, channels) for each repeat. NaN is left out; bins that fewer than two
        repeats have are not used.

    Returns
    -------
    signal_power : float, or (channels,) float64
        In the squared unit of the response; a float for one channel. It has no bias, so it may come
        out negative where there is little or no signal. NaN for fewer than two bins.

    Raises
    ------
    ValueError
        Where there are fewer than two repeats, or the array seems to be the wrong way round.

    Notes
    -----
    The formula is the mean, over all pairs of different repeats, of their covariance over time.
    That is also what is computed where values are missing, over the bins that both have. Each bin
    then has the same weight in all, shared by the pairs that have it, and each pair the degrees of
    freedom of its weights. It stays without bias if values are missing at random. A constant added
    to a repeat changes nothing.

    References
    ----------
    M. Sahani and J. F. Linden (2003), How linear are auditory cortical responses?, Advances in
    Neural Information Processing Systems 15, 125-132.

    Examples
    --------
    >>> import numpy as np
    >>> signal_power(np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))  # 3 bins, 2 repeats
    2.6666666
    """
    return per_channel([powers(one).signal for one in repeated_channels(read_repeats(repeats))])


def noise_power(repeats: Repeats) -> float | Vector:
    r"""Variance over time of what differs from repeat to repeat, channel by channel.

    .. math:: \mathrm{NP} = \frac1N \sum_n P(r_n) - \mathrm{SP}

    It is the noise in one repeat; the mean of N repeats has 1/N of it.

    Parameters
    ----------
    repeats : array_like or list of array
        As for `signal_power`.

    Returns
    -------
    noise_power : float, or (channels,) float64
        In the squared unit of the response, 0 or more; a float for one channel. NaN for fewer than
        two bins.

    Raises
    ------
    ValueError
        Where there are fewer than two repeats, or the array seems to be the wrong way round.

    See Also
    --------
    signal_power : The other part, with the source, and what is done about missing values.

    Examples
    --------
    >>> import numpy as np
    >>> noise_power(np.array([[0.0, 2.0], [3.0, 1.0], [3.0, 3.0]]))  # 3 bins, 2 repeats
    1.3333333
    """
    return per_channel([powers(one).noise for one in repeated_channels(read_repeats(repeats))])


# Counts may have no covariance at all; what rounding makes of that must not pass for a signal.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Powers:
    """Signal and noise power of one channel.

    Parameters
    ----------
    signal, noise : float
        NaN where there are too few bins.
    inverse_count : float
        Mean over bins of 1 / (number of repeats).
    """

    signal: float
    noise: float
    inverse_count: float

    @property
    def ceiling(self) -> float:
        """Correlation of the mean over repeats with its signal; NaN without signal power."""
        if not self.signal > 0:
            return math.nan
        return math.sqrt(self.signal / (self.signal + self.noise * self.inverse_count))


def powers(values: Vector) -> Powers:
    """Give the powers of one channel.

    Parameters
    ----------
    values : (repeats, bins) float64
        Each bin has at least two values that are not NaN, each repeat at least one.
    """
    if values.shape[1] < 2:
        return Powers(math.nan, math.nan, math.nan)
    # Without its offset, a constant repeat is exactly 0, and has exactly no power.
    values = values - np.nanmin(values, axis=1, keepdims=True)
    missing = np.isnan(values)
    inverse_count = float((1 / np.count_nonzero(~missing, axis=0)).mean())
    signal, noise = _pairwise(values, missing) if missing.any() else _complete(values)
    if abs(signal) < _ROUNDING * noise:
        signal = 0.0
    return Powers(signal, noise, inverse_count)


def _complete(values: Vector) -> tuple[float, float]:
    # The difference of powers in the formula for the noise, written as a sum of squares: it
    # cannot come out below 0.
    n_repeats, n_bins = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    mean = centred.mean(axis=0)
    residual = (centred - mean).ravel()
    noise = float(residual @ residual) / ((n_repeats - 1) * n_bins)
    return float(mean @ mean) / n_bins - noise / n_repeats, noise


def _pairwise(values: Vector, missing: NDArray[np.bool_]) -> tuple[float, float]:
    """Give signal and noise power by the weighted covariance of each pair of repeats.

    Row n and column m of each matrix are about repeats n and m, over the bins that both have.
    """
    n_bins = values.shape[1]
    there = (~missing).astype(np.float64)
    centred = np.where(missing, 0.0, values - np.nanmean(values, axis=1, keepdims=True))
    count = there.sum(axis=0)
    weight = 2 / (count * (count - 1))
    total = (there * weight) @ there.T
    total[there @ there.T < 2] = np.inf  # one common bin has no variance: weigh it out
    freedom = (there * weight) @ there.T - ((there * weight**2) @ there.T) / total
    sums = (centred * weight) @ there.T
    shared = (centred * weight) @ centred.T - sums * sums.T / total
    own = (centred**2 * weight) @ there.T - sums**2 / total
    pairs = np.triu(np.isfinite(total), 1)
    degrees = float(freedom[pairs].sum())
    if not degrees > 0:
        return math.nan, math.nan
    scale = (n_bins - 1) / n_bins / degrees
    signal = scale * float(shared[pairs].sum())
    power = scale * float(((own + own.T) / 2)[pairs].sum())
    return signal, max(0.0, power - signal)
