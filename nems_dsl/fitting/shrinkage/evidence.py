"""How strong a prior the data want: the evidence for it, which moments tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from ..linear.moments import MANY_OUTPUTS, Lags, lagged_pieces

#: Of the mean variance of the stimulus.
WEAKEST, _STRONGEST = 1e-7, 1e4
_N_STRENGTHS = 67
# a window of so many times the time that it finds is long enough, after Sokal
_WINDOW = 5.0
# so many bins to a parameter tell it whatever the prior
_PLENTY = 500
# of the longest trial, and how many at least
_SHARE_OF_LAGS, _FEWEST_LAGS = 8, 200


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


class Strengths(NamedTuple):
    """The strength for each output, and the evidence for it.

    Attributes
    ----------
    values : (outputs,) ndarray
        The ridge penalty, as a share of the mean variance of the stimulus.
    evidence : (outputs,) ndarray
        Log marginal likelihood, less that of a response that does not depend on the stimulus.
    """

    values: np.ndarray
    evidence: np.ndarray


def best_strengths(
    seen: Spectrum, along: np.ndarray, variance: np.ndarray, n_samples: np.ndarray
) -> Strengths:
    """Find the strengths of the highest evidence.

    Parameters
    ----------
    seen : Spectrum
    along : (outputs, n) array
        Covariance of each response with the stimulus along each axis.
    variance : (outputs,) array
        Of the responses; one that never changes gets a strength of 1.
    n_samples : (outputs,) array
        How many independent samples of noise there are.

    Notes
    -----
    With weights ``w ~ N(0, s^2 K / (n a))`` and noise of variance ``s^2``, which is integrated at
    its best value, twice the log evidence is ``-n log(s^2) - sum(log(1 + e_i / a))``, e the powers
    and ``s^2`` the mean squared error and penalty of the ridge solution of strength a: MacKay
    (1992), Neural Computation 4, 415. It is taken on a grid, for all outputs in one product of
    matrices, and its top where the parabola through the highest three has its own.
    """
    logs = np.linspace(np.log(WEAKEST), np.log(_STRONGEST), _N_STRENGTHS)
    grid = np.exp(logs)
    known, squares = variance > 0, along**2
    total = np.where(known, variance, 1.0)

    def evidence(explained: np.ndarray, price: np.ndarray) -> np.ndarray:
        left = np.maximum(1 - explained.T / total, np.finfo(float).eps)
        return np.asarray(-0.5 * (n_samples * np.log(left) + price.T).T)

    tried = evidence(
        squares @ (1 / np.add.outer(seen.power, grid)),
        np.log1p(np.divide.outer(seen.power, grid)).sum(axis=0)[None],
    )
    best = np.argmax(tried, axis=1)
    rows, inner = np.arange(len(best)), np.clip(best, 1, len(logs) - 2)
    below, top, above = (tried[rows, inner + step] for step in (-1, 0, 1))
    bend = 2 * top - below - above
    is_inside = (best == inner) & (bend > 0)
    moved = np.where(is_inside, 0.5 * (above - below) / np.where(is_inside, bend, 1.0), 0.0)
    found = np.exp(logs[best] + moved * (logs[1] - logs[0]))
    ratios = seen.power / found[:, None]
    there = evidence(np.sum(squares / (1 + ratios), axis=1) / found, np.log1p(ratios).sum(axis=1))
    return Strengths(np.where(known, found, 1.0), np.where(known, there, 0.0))


def is_plenty(n_samples: int, n_parameters: int) -> bool:
    """Tell whether there are so many samples that no prior matters."""
    return n_samples > _PLENTY * n_parameters


def independent_shares(
    residuals: Sequence[np.ndarray], predictions: Sequence[np.ndarray]
) -> np.ndarray:
    """Give the share of samples that count, where noise and prediction are both slow.

    Noise that goes on over several bins averages out over fewer of them. The variance of a
    weight is larger by the sum over lags of the product of both autocorrelations, which is 1 for
    white noise: Bartlett (1935), J. R. Stat. Soc. 98, 536.

    Parameters
    ----------
    residuals, predictions : list of (outputs, T_i) arrays
        Residuals are NaN where there is none.

    Returns
    -------
    (outputs,) ndarray
        Above 0, and 1 at most.
    """
    longest = max(trial.shape[1] for trial in residuals)
    # of longer lags there are too few pairs for them to tell more than noise
    n_lags = max(2, min(longest, max(_FEWEST_LAGS, longest // _SHARE_OF_LAGS)))
    n_outputs = len(residuals[0])
    noise, drive, n_noise = (np.zeros((n_outputs, n_lags)) for _ in range(3))
    for residual, prediction in zip(residuals, predictions, strict=True):
        correlated = _correlated(residual, n_lags)
        if np.isnan(correlated[:, 0]).any():
            missing = np.isnan(residual)
            correlated = _correlated(np.where(missing, 0, residual), n_lags)
            prediction = np.where(missing, 0, prediction)
            n_noise += _correlated((~missing).astype(np.float32), n_lags)
        else:
            n_noise += np.maximum(residual.shape[1] - np.arange(n_lags), 0)
        noise += correlated
        drive += _correlated(prediction, n_lags)
    first = [np.where(each[:, :1] > 0, each[:, :1], 1.0) for each in (noise, drive, n_noise)]
    # both are sums over the same pairs of bins
    pairs = np.maximum(n_noise / first[2], np.finfo(float).eps)
    products = (noise / first[0]) * (drive / first[1]) / pairs
    summed = 1 + 2 * np.cumsum(products[:, 1:], axis=1)
    enough = np.arange(1, n_lags) >= _WINDOW * summed
    found = np.full(n_outputs, float(longest))
    ends = enough.any(axis=1)
    found[ends] = summed[ends, np.argmax(enough, axis=1)[ends]]
    found[(noise[:, 0] <= 0) | (drive[:, 0] <= 0)] = 1.0
    return np.asarray(1 / np.maximum(found, 1.0))


def _correlated(signals: np.ndarray, n_lags: int) -> np.ndarray:
    """Give sums of products at each lag, (outputs, n_lags), in single precision."""
    size = next_fast_len(signals.shape[1] + n_lags, real=True)
    transformed = rfft(signals.astype(np.float32, copy=False), size, axis=1)
    # in place: what is new takes longer to come than to be computed
    real, imag = transformed.real, transformed.imag
    real *= real
    imag *= imag
    real += imag
    imag[:] = 0
    return np.asarray(irfft(transformed, size, axis=1, overwrite_x=True)[:, :n_lags])


def predict(trials: Sequence[np.ndarray], fields: np.ndarray, lags: Lags) -> list[np.ndarray]:
    """Give what receptive fields, (outputs, channels * lags), make of a stimulus.

    Returns
    -------
    list of (outputs, T_i) arrays
    """
    found, by_lag = [], fields.reshape(len(fields), -1, lags.n)
    for trial in trials:
        out = np.zeros((len(fields), len(trial)))
        found.append(out)
        if len(fields) >= MANY_OUTPUTS:
            for start, stop, lagged in lagged_pieces(trial.T, lags):
                out[:, start:stop] = fields @ lagged
            continue
        for lag in range(lags.n):
            ahead = lags.future - lag
            first, last = max(ahead, 0), min(len(trial) + ahead, len(trial))
            if first < last:
                out[:, first - ahead : last - ahead] += by_lag[:, :, lag] @ trial[first:last].T
    return found
