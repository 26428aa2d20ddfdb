"""Metrics of a prediction that allow for the noise in the mean over repeats."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nems_dsl.metrics.correlation import correlation
from nems_dsl.metrics.halves import half_ceiling
from nems_dsl.metrics.pairing import Vector, per_channel
from nems_dsl.metrics.power import powers
from nems_dsl.metrics.repeats import (
    Repeats,
    predicted_channels,
    read_repeats,
    read_with_prediction,
    repeated_channels,
)


def noise_ceiling(repeats: Repeats) -> float | Vector:
    r"""Correlation that a perfect model would reach with the mean over repeats, channel by channel.

    .. math:: \mathrm{CC}_{\max} = \sqrt{\mathrm{SP} \, / \, (\mathrm{SP} + \mathrm{NP} / N)}

    Parameters
    ----------
    repeats : array_like or list of array
        Responses to one stimulus: (T, repeats) for one channel, (repeats, T, channels), or a list
        with an array (T_i, channels) for each repeat. NaN is left out; bins that fewer than two
        repeats have are not used. Where bins differ in repeats, 1/N is its mean over bins.

    Returns
    -------
    ceiling : float, or (channels,) float64
        Between 0 and 1; a float for one channel. NaN where the signal power is not above 0.

    Raises
    ------
    ValueError
        Where there are fewer than two repeats, or the array seems to be the wrong way round.

    References
    ----------
    O. Schoppe, N. S. Harper, B. D. B. Willmore, A. J. King and J. W. H. Schnupp (2016), Measuring
    the performance of neural models, Frontiers in Computational Neuroscience 10, 10.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal(2000)
    >>> repeats = signal[:, np.newaxis] + rng.standard_normal((2000, 4))
    >>> abs(noise_ceiling(repeats) - (1 / (1 + 1 / 4)) ** 0.5) < 0.01
    True
    """
    return per_channel([powers(one).ceiling for one in repeated_channels(read_repeats(repeats))])


def normalized_correlation(prediction: ArrayLike, repeats: Repeats) -> float | Vector:
    r"""Correlation with the mean over repeats, over the noise ceiling: CCnorm.

    .. math:: \mathrm{CC}_\mathrm{norm} = \frac{r(p, \bar y)}{\mathrm{CC}_{\max}}
              = \frac{\mathrm{cov}(p, \bar y)}{\sqrt{\mathrm{var}(p) \, \mathrm{SP}}}

    It estimates the correlation of the prediction with the signal, the response without noise. The
    two forms are the same where all bins have the same number of repeats; elsewhere the first one
    is computed.

    Parameters
    ----------
    prediction : array_like
        (T,) or (T, channels), one for all the repeats; bins that are NaN are left out.
    repeats : array_like or list of array
        As for `noise_ceiling`.

    Returns
    -------
    cc_norm : float, or (channels,) float64
        A float for one channel. It may come out a little above 1 by chance, and is not cut off
        there. NaN where the signal power is not above 0, or the prediction or the mean over repeats
        is constant.

    Raises
    ------
    ValueError
        Where prediction and repeats do not fit, or there are fewer than two repeats.

    References
    ----------
    Schoppe et al. (2016), as for `noise_ceiling`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal(2000)
    >>> repeats = signal[:, np.newaxis] + rng.standard_normal((2000, 4))
    >>> round(normalized_correlation(signal, repeats), 2)
    1.0
    """
    return per_channel(
        [
            _mean_correlation(rate, values) / powers(values).ceiling
            for rate, values in predicted_channels(*read_with_prediction(prediction, repeats))
        ]
    )


def noise_corrected_correlation(
    prediction: ArrayLike, repeats: Repeats, *, n_splits: int = 500, seed: int = 0
) -> float | Vector:
    r"""Correlation with the mean over repeats, corrected by the agreement of halves of the repeats.

    .. math:: r(p, \bar y) \Big/ \sqrt{\frac{2}{1 + 1 / \mathrm{CC}_\mathrm{half}}}

    :math:`\mathrm{CC}_\mathrm{half}` is the correlation of the mean over one half of the repeats
    with that over the other, averaged over splits into halves.

    Parameters
    ----------
    prediction : array_like
        (T,) or (T, channels), one for all the repeats; bins that are NaN are left out.
    repeats : array_like or list of array
        As for `noise_ceiling`. With an odd number, each split leaves one repeat out, and the
        formula allows for that.
    n_splits : int, default 500
        At most so many splits are drawn; if there are no more in all, each is taken once.
    seed : int, default 0
        Of the splits.

    Returns
    -------
    r : float, or (channels,) float64
        A float for one channel. It may come out a little above 1 by chance. NaN where halves of the
        repeats do not correlate above 0 on average, or the prediction or the mean over repeats is
        constant.

    Raises
    ------
    ValueError
        Where prediction and repeats do not fit, there are fewer than two repeats, or `n_splits` is
        below 1.

    Notes
    -----
    A half without any variance, as one without spikes, counts as a correlation of 0. Bins that one
    of the halves does not have are left out of that split. The formula is that of Spearman and
    Brown; the number of repeats in it is the harmonic mean over bins where it differs.

    References
    ----------
    A. Hsu, A. Borst and F. E. Theunissen (2004), Quantifying variability in neural responses and
    its application for the validation of model predictions, Network: Computation in Neural Systems
    15, 91-109. They correct coherence; for correlation, see Schoppe et al. (2016), as for
    `noise_ceiling`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal(2000)
    >>> repeats = signal[:, np.newaxis] + rng.standard_normal((2000, 4))
    >>> round(noise_corrected_correlation(signal, repeats), 2)
    1.0
    """
    if n_splits < 1:
        raise ValueError(f"n_splits must be 1 or more, got {n_splits}")
    return per_channel(
        [
            _mean_correlation(rate, values) / half_ceiling(values, n_splits, seed)
            for rate, values in predicted_channels(*read_with_prediction(prediction, repeats))
        ]
    )


def signal_power_explained(prediction: ArrayLike, repeats: Repeats) -> float | Vector:
    r"""Share of the signal power that the prediction explains, channel by channel.

    .. math:: \mathrm{SPE} = \frac{\mathrm{var}(\bar y) - \mathrm{var}(\bar y - p)}{\mathrm{SP}}

    Parameters
    ----------
    prediction : array_like
        (T,) or (T, channels), one for all the repeats, in the unit of the response; bins that are
        NaN are left out.
    repeats : array_like or list of array
        As for `noise_ceiling`.

    Returns
    -------
    spe : float, or (channels,) float64
        1 for the signal itself, 0 for a constant, negative for a prediction that misses by more
        than it explains; a float for one channel. It may come out a little above 1 by chance. NaN
        where the signal power is not above 0.

    Raises
    ------
    ValueError
        Where prediction and repeats do not fit, or there are fewer than two repeats.

    References
    ----------
    M. Sahani and J. F. Linden (2003), How linear are auditory cortical responses?, Advances in
    Neural Information Processing Systems 15, 125-132.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal(2000)
    >>> repeats = signal[:, np.newaxis] + rng.standard_normal((2000, 4))
    >>> abs(signal_power_explained(0.5 * signal, repeats) - 0.75) < 0.05  # 1 - (1 - 0.5)^2
    True
    """
    return per_channel(
        [
            _power_explained(rate, values)
            for rate, values in predicted_channels(*read_with_prediction(prediction, repeats))
        ]
    )


def _mean_correlation(prediction: Vector, values: Vector) -> float:
    if not prediction.size:
        return math.nan
    return float(correlation(prediction, np.nanmean(values, axis=0)))


def _power_explained(prediction: Vector, values: Vector) -> float:
    power = powers(values).signal
    if not power > 0:
        return math.nan
    mean = np.nanmean(values, axis=0)
    return float(np.var(mean) - np.var(mean - prediction)) / power
