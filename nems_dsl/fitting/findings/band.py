"""Finding that a receptive field is made of what the stimulus hardly has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..linear.moments import stimulus_moments
from .front import fitted_field

if TYPE_CHECKING:
    from ..objective import Objective

_MOST_INPUTS = 1000
# of the mean variance of the stimulus over directions
_HARDLY_ANY = 1e-2
# of the sum of squares of a receptive field
_MUCH = 0.3


def beyond_the_band(objective: Objective, theta: np.ndarray, loss: float) -> list[str]:
    """Find that most of a receptive field lies where the stimulus has hardly any power.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where the search ended.
    loss : float
        There, without penalties.

    Returns
    -------
    list of str
        Of one warning, or empty. For squared losses, where nothing is penalised.

    Notes
    -----
    Along an axis of the stimulus of variance v, least squares knows the receptive field with a
    variance of ``s^2 / (n v)``, s^2 that of the noise. Where v is small this is large, though the
    prediction of the same kind of stimulus does not suffer: Theunissen et al. (2001), Network 12,
    289. It is told where such axes hold much of the receptive field's sum of squares, and noise
    explains as much.
    """
    if objective.shrunk or objective.penalties or not objective.loss.is_squared:
        return []
    fitted = fitted_field(objective, theta)
    if fitted is None:
        return []
    field, lags = fitted.field, fitted.field.lags
    if lags.n < 3 or field.n_channels * lags.n > _MOST_INPUTS or not field.vector.size:
        return []
    rows = fitted.rows
    moments = stimulus_moments(objective.recording, lags, fitted.front.signal)
    covariance = moments.covariance
    power, axes = np.linalg.eigh(covariance)
    weak = power < _HARDLY_ANY * power.mean()
    if not weak.any():
        return []
    along = (rows @ axes) ** 2
    share = along[:, weak].sum(axis=1) / np.maximum(along.sum(axis=1), np.finfo(float).tiny)
    # a drive's noise is the response's over the gain of what follows, which the variances tell
    left = (loss / objective.loss.of_mean) ** objective.loss.search_power
    explained = np.maximum(along @ power, np.finfo(float).tiny)
    noise = explained * left / max(1 - left, np.finfo(float).eps) / objective.loss.n_samples
    floor = np.maximum(power, np.finfo(float).eps * power[-1])
    by_noise = noise[:, None] / floor[None, weak]
    is_noise = by_noise.sum(axis=1) > _MUCH * along.sum(axis=1)
    told = share[(share > _MUCH) & is_noise]
    if not len(told):
        return []
    return [
        f"{100 * told.max():.0f} % of the receptive field of {fitted.label} lies in "
        f"{int(weak.sum())} of {len(power)} directions in which the stimulus has less than "
        f"{100 * power[weak].sum() / power.sum():.1g} % of its variance"
        f"{_where(covariance, lags.n)}: it is noise there, and other stimuli are predicted badly; "
        'let the fit shrink (shrinkage="auto"), or take wider bins or fewer lags'
    ]


def _where(covariance: np.ndarray, n_lags: int) -> str:
    """Say above which frequency a stimulus ends, if that is what makes its power small."""
    n_channels = len(covariance) // n_lags
    blocks = covariance.reshape(n_channels, n_lags, n_channels, n_lags)
    by_lag = np.einsum("iaib->ab", blocks)
    k = np.arange(n_lags // 2 + 1)
    waves = (
        np.exp(-2j * np.pi * np.outer(k, np.arange(n_lags)) / n_lags) * np.hanning(n_lags + 2)[1:-1]
    )
    spectrum = np.real(np.einsum("ka,ab,kb->k", waves, by_lag, waves.conj()))
    above = np.flatnonzero(spectrum > _HARDLY_ANY * spectrum.max())
    if above[-1] >= len(k) - 1:
        return ""
    return f" (above {(above[-1] + 1) / n_lags:.2g} cycles a bin)"
