"""How well predictions are correlated with a response, and how far that can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...metrics import correlation
from ...studies.resampling import jackknife_standard_error

#: So many trials tell a standard error; fewer are cut into as many blocks of time.
FEWEST_TRIALS, N_BLOCKS = 5, 10


def score(
    prediction: Sequence[np.ndarray], target: Sequence[np.ndarray]
) -> tuple[float | None, float | None]:
    """Correlate predictions with a response.

    Parameters
    ----------
    prediction, target : sequence of (T_i, channels) arrays
        Samples with NaN in the target are left out.

    Returns
    -------
    r : float or None
        The mean over channels; None where it is not defined, as for a constant prediction.
    standard_error : float or None
        Of that mean, by the jackknife: over trials, if 5 or more have samples, otherwise over 10
        contiguous blocks of time of equal length.

    Notes
    -----
    The jackknife is that of `nems_dsl.cross_validate`. Correlations
    without one part are computed from sums over parts, so that all take one pass over the data.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = rng.normal(size=(4000, 1))
    >>> r, error = score([y + rng.normal(size=y.shape)], [y])
    >>> round(r, 2), 0.005 < error < 0.015
    (0.7, True)
    """
    if not target or all(np.isnan(trial).all() for trial in target):
        return None, None
    whole = np.mean(np.atleast_1d(correlation(prediction=prediction, target=target)))
    sums = _sums(prediction, target)
    # what is left when one part goes
    rest = sums.sum(axis=0) - sums
    left_out = _correlation_of(rest).mean(axis=1)
    sizes = sums[:, 0].sum(axis=1)
    error = jackknife_standard_error(whole[None], left_out[:, None], sizes[:, None])[0]
    return _finite(whole), _finite(error)


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


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
