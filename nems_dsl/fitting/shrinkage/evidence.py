"""How strong a prior the data want: the evidence for it, which moments tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.optimize import minimize_scalar

from ..linear.moments import Lags

#: Of the mean variance of the stimulus.
WEAKEST, _STRONGEST = 1e-7, 1e4
_N_STRENGTHS = 34
# a window of so many times the time that it finds is long enough, after Sokal
_WINDOW = 5.0


@dataclass(frozen=True)
class Spectrum:
    """A stimulus in the coordinates in which prior and covariance are both diagonal.

    Attributes
    ----------
    power : (n,) ndarray
        Variance of the stimulus along each, relative to the mean over channels and lags.
    axes : (channels * lags, n) ndarray
        The receptive fields of length 1 of each.
    """

    power: np.ndarray
    axes: np.ndarray


def spectrum(covariance: np.ndarray, root: np.ndarray) -> Spectrum:
    """Find the coordinates.

    Parameters
    ----------
    covariance : (n, n) array
        Of the stimulus.
    root : (n, n) array
        Of the prior's covariance.
    """
    scale = float(np.trace(covariance)) / len(covariance) or 1.0
    power, axes = np.linalg.eigh(root.T @ (covariance / scale) @ root)
    return Spectrum(np.maximum(power, 0.0), root @ axes / np.sqrt(scale))


@dataclass(frozen=True)
class Strength:
    """A strength, and the evidence for it.

    Attributes
    ----------
    value : float
        The ridge penalty, as a share of the mean variance of the stimulus.
    evidence : float
        Log marginal likelihood, less that of a response that does not depend on the stimulus.
    """

    value: float
    evidence: float


def best_strength(seen: Spectrum, cross: np.ndarray, variance: float, n_samples: float) -> Strength:
    """Find the strength of the highest evidence.

    Parameters
    ----------
    seen : Spectrum
    cross : (n,) array
        Covariance of the response with the stimulus along each axis.
    variance : float
        Of the response.
    n_samples : float
        How many independent samples of noise there are.

    Notes
    -----
    With weights ``w ~ N(0, s^2 K / (n a))`` and noise of variance ``s^2``, which is integrated at
    its best value, twice the log evidence is ``-n log(s^2) - sum(log(1 + e_i / a))``, e the powers
    and ``s^2`` the mean squared error and penalty of the ridge solution of strength a: MacKay
    (1992), Neural Computation 4, 415.
    """
    squares = cross**2

    def minus(log_strength: float) -> float:
        strength = np.exp(log_strength)
        unexplained = max(variance - float(np.sum(squares / (seen.power + strength))), 0.0)
        least = np.finfo(float).eps * variance
        fit = n_samples * np.log(max(unexplained, least) / variance)
        return 0.5 * float(fit + np.sum(np.log1p(seen.power / strength)))

    grid = np.linspace(np.log(WEAKEST), np.log(_STRONGEST), _N_STRENGTHS)
    values = [minus(each) for each in grid]
    best = int(np.argmin(values))
    if 0 < best < len(grid) - 1:
        found = minimize_scalar(
            minus,
            bounds=(grid[best - 1], grid[best + 1]),
            method="bounded",
            options={"xatol": 0.05},
        )
        if found.fun < values[best]:
            return Strength(float(np.exp(found.x)), -float(found.fun))
    return Strength(max(float(np.exp(grid[best])), WEAKEST), -values[best])


def independent_share(residuals: list[np.ndarray], predictions: list[np.ndarray]) -> float:
    """Give the share of samples that count, where noise and prediction are both slow.

    Noise that goes on over several bins averages out over fewer of them. The variance of a
    weight is larger by the sum over lags of the product of both autocorrelations, which is 1 for
    white noise: Bartlett (1935), J. R. Stat. Soc. 98, 536.

    Parameters
    ----------
    residuals, predictions : list of (T_i,) arrays
        Of one output; residuals are NaN where there is none.

    Returns
    -------
    float
        Above 0, and 1 at most.
    """
    longest = max(len(trial) for trial in residuals)
    size = next_fast_len(2 * longest, real=True)
    noise, drive, n_noise = (np.zeros(longest) for _ in range(3))
    for residual, prediction in zip(residuals, predictions, strict=True):
        known = ~np.isnan(residual)
        for total, signal in (
            (noise, np.where(known, residual, 0.0)),
            (n_noise, known.astype(float)),
            (drive, np.where(known, prediction, 0.0)),
        ):
            total[: len(signal)] += _correlated(signal, size)[: len(signal)]
    if not (noise[0] > 0 and drive[0] > 0):
        return 1.0
    # both are sums over the same pairs of bins
    pairs = np.maximum(n_noise / n_noise[0], np.finfo(float).eps)
    products = (noise / noise[0]) * (drive / drive[0]) / pairs
    summed = 1 + 2 * np.cumsum(products[1:])
    enough = np.flatnonzero(np.arange(1, longest) >= _WINDOW * summed)
    time = float(summed[enough[0]]) if len(enough) else float(longest)
    return 1 / max(time, 1.0)


def _correlated(signal: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(irfft(np.abs(rfft(signal, size)) ** 2, size))


def predict(trials: list[np.ndarray], field: np.ndarray, lags: Lags) -> list[np.ndarray]:
    """Give what a receptive field, (channels, lags), makes of a stimulus."""
    found = []
    for trial in trials:
        out = np.zeros(len(trial))
        for number in range(lags.n):
            ahead = lags.future - number
            if abs(ahead) >= len(trial):
                continue
            driven = trial @ field[:, number]
            if ahead > 0:
                out[: len(out) - ahead] += driven[ahead:]
            else:
                out[-ahead:] += driven[: len(out) + ahead]
        found.append(out)
    return found
