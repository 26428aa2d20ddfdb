"""Standard errors of scores, from what some parts of the data add to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: So many trials tell a standard error; fewer are cut into as many blocks of time.
FEWEST_TRIALS, N_BLOCKS = 5, 10


def jackknife_standard_error(
    whole: np.ndarray, left_out: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    r"""Give the standard error of a score, from leaving out one part of the samples at a time.

    With the score :math:`\theta` of all n samples, and :math:`\theta_{(j)}` of all but the
    :math:`m_j` samples of part j, the pseudo-values are

    .. math:: \tilde\theta_j = h_j \theta - (h_j - 1) \theta_{(j)}, \qquad h_j = n / m_j

    and the standard error, over g parts,

    .. math:: \mathrm{se}^2 = \frac{1}{g} \sum_j \frac{(\tilde\theta_j - \bar\theta)^2}{h_j - 1},
              \qquad \bar\theta = \sum_j \tilde\theta_j / h_j .

    For parts of equal size this is the well-known
    :math:`\frac{g - 1}{g} \sum_j (\theta_{(j)} - \overline{\theta_{(\cdot)}})^2`.

    Parameters
    ----------
    whole : (channels,) ndarray
        Score of all samples.
    left_out : (parts, channels) ndarray
        Score of all samples but those of each part.
    sizes : (parts, channels) ndarray
        Samples of each part. Parts without any do not count.

    Returns
    -------
    (channels,) float64 ndarray
        NaN where fewer than two parts have samples, or a score is not defined or infinite.

    Notes
    -----
    The delete-a-group jackknife for groups of unequal size of Busing, Meijer and van der Leeden
    (1999), Statistics and Computing 9: 3-8.

    Examples
    --------
    The standard error of a mean is what it should be:

    >>> import numpy as np
    >>> values = np.array([1.0, 2.0, 4.0, 5.0])
    >>> rest = np.array([values[np.arange(4) != j].mean() for j in range(4)])
    >>> jackknife_standard_error(values.mean()[None], rest[:, None], np.ones((4, 1)))
    array([0.9128709])
    >>> float(values.std(ddof=1) / 2)
    0.9128709...
    """
    errors = np.full(len(whole), np.nan)
    for channel in range(len(whole)):
        used = sizes[:, channel] > 0
        if used.sum() < 2:
            continue
        if not np.isfinite([whole[channel], *left_out[used, channel]]).all():
            continue
        h = sizes[used, channel].sum() / sizes[used, channel]
        pseudo = h * whole[channel] - (h - 1) * left_out[used, channel]
        spread = pseudo - np.sum(pseudo / h)
        errors[channel] = np.sqrt(np.mean(spread**2 / (h - 1)))
    return errors


def mean_and_standard_error(
    scores: np.ndarray, usable: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean over folds, and its standard error: their deviation over the root of n.

    Parameters
    ----------
    scores : (folds, channels) ndarray
    usable : (folds, channels) ndarray of bool
        Folds that count, channel by channel.

    Returns
    -------
    mean, standard_error : (channels,) float64 ndarrays
        NaN for no fold; the error also for fewer than two, or where a score is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.array([[0.2], [0.4], [0.9]])
    >>> mean_and_standard_error(scores, np.array([[True], [True], [False]]))
    (array([0.3]), array([0.1]))
    """
    n_channels = scores.shape[1]
    mean, error = np.full(n_channels, np.nan), np.full(n_channels, np.nan)
    for channel in range(n_channels):
        values = scores[usable[:, channel], channel]
        if values.size:
            mean[channel] = values.mean()
        if values.size > 1 and np.isfinite(values).all():
            error[channel] = values.std(ddof=1) / np.sqrt(values.size)
    return mean, error


def correlation_error(
    r: float, prediction: Sequence[np.ndarray], target: Sequence[np.ndarray]
) -> float:
    """Return the standard error of a mean correlation, by the jackknife.

    Parameters
    ----------
    r : float
        The mean over channels.
    prediction, target : sequence of (T_i, channels) arrays
        Samples with NaN in the target are left out.

    Returns
    -------
    float
        Over trials, if 5 or more have samples, otherwise over 10 contiguous blocks of time of equal
        length; NaN where it is not defined.

    Notes
    -----
    Correlations without one part are computed from sums over parts, so that all take one pass over
    the data.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = rng.normal(size=(4000, 1))
    >>> 0.005 < correlation_error(0.7, [y + rng.normal(size=y.shape)], [y]) < 0.015
    True
    """
    if all(np.isnan(trial).all() for trial in target):
        return np.nan
    sums = _sums(prediction, target)
    # what is left when one part goes
    rest = sums.sum(axis=0) - sums
    left_out = _correlation_of(rest).mean(axis=1)
    sizes = sums[:, 0].sum(axis=1)
    whole = np.array([r])
    return float(jackknife_standard_error(whole, left_out[:, None], sizes[:, None])[0])


def _sums(prediction: Sequence[np.ndarray], target: Sequence[np.ndarray]) -> np.ndarray:
    """Give n, and the sums of p, y, pp, yy and py: (parts, 6, channels)."""
    counts = [int(np.any(~np.isnan(trial), axis=1).sum()) for trial in target]
    p, y = np.concatenate(prediction), np.concatenate(target)
    valid = ~np.isnan(y)
    some = valid.any(axis=1)
    p, y, valid = p[some], y[some], valid[some]
    n = np.maximum(valid.sum(axis=0), 1)
    # centred, so that no digits are lost in the differences of sums
    p = np.where(valid, p - np.where(valid, p, 0).sum(axis=0) / n, 0)
    y = np.where(valid, y - np.where(valid, y, 0).sum(axis=0) / n, 0)
    used = [count for count in counts if count]
    if len(used) >= FEWEST_TRIALS:
        starts = np.concatenate([[0], np.cumsum(used)[:-1]])
    else:
        starts = np.unique(len(y) * np.arange(N_BLOCKS) // N_BLOCKS)
    terms = [valid.astype(float), p, y, p * p, y * y, p * y]
    return np.stack([np.add.reduceat(term, starts, axis=0) for term in terms], axis=1)


def _correlation_of(sums: np.ndarray) -> np.ndarray:
    n, p, y, pp, yy, py = np.moveaxis(sums, 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((n * pp - p * p) * (n * yy - y * y))
        return np.where(spread > 0, (n * py - p * y) / spread, np.nan)
