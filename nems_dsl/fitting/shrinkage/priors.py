"""Priors of receptive fields: which of them are likely before there are data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Of the variance of each weight, so much is its own, whatever its neighbours do.
_OWN = 1e-3
_LIKELY = 1e-2


@dataclass(frozen=True)
class Smoothness:
    """How far the weights of a receptive field go along with their neighbours.

    The prior is normal, and its covariance falls off as a Gaussian along channels and lags, as in
    automatic smoothness determination (Sahani and Linden 2003, NIPS 15). With widths of 0 it is
    that of ridge regression.

    Attributes
    ----------
    channels, lags : float
        Widths, in channels and in bins.

    Examples
    --------
    >>> Smoothness(1, 2).covariance(18, 15).shape
    (270, 270)
    >>> print(Smoothness(0, 0)), print(Smoothness(1, 2))
    ridge
    smooth over 1 channels and 2 bins
    (None, None)
    """

    channels: float = 0.0
    lags: float = 0.0

    def covariance(self, n_channels: int, n_lags: int) -> np.ndarray:
        """Give the covariance of the weights, of variance 1, lags fastest."""
        smooth = np.kron(_gaussian(n_channels, self.channels), _gaussian(n_lags, self.lags))
        if self.is_ridge:
            return smooth
        smooth *= 1 - _OWN
        smooth[np.diag_indices_from(smooth)] += _OWN
        return smooth

    def precision(self, n_channels: int, n_lags: int) -> np.ndarray:
        """Give the inverse of the covariance."""
        if self.is_ridge:
            return np.eye(n_channels * n_lags)
        power, axes = self._axes(n_channels, n_lags)
        inverse: np.ndarray = (axes / power) @ axes.T
        return inverse

    def root(self, n_channels: int, n_lags: int, *, is_whole: bool = False) -> np.ndarray:
        """Give an (n, rank) matrix whose product with its transpose is the covariance.

        Rough receptive fields, which have next to no variance, are left out unless `is_whole`.
        """
        if self.is_ridge:
            return np.eye(n_channels * n_lags)
        power, axes = self._axes(n_channels, n_lags)
        likely = power > (0.0 if is_whole else _LIKELY)
        return axes[:, likely] * np.sqrt(power[likely])

    @property
    def is_ridge(self) -> bool:
        """Whether each weight is by itself."""
        return not (self.channels or self.lags)

    def __str__(self) -> str:
        if self.is_ridge:
            return "ridge"
        along = [f"{self.channels:g} channels"] * bool(self.channels)
        along += [f"{self.lags:g} bins"] * bool(self.lags)
        return f"smooth over {' and '.join(along)}"

    def _axes(self, n_channels: int, n_lags: int) -> tuple[np.ndarray, np.ndarray]:
        # those of a Kronecker product are products of those of its factors
        by_channel, across = np.linalg.eigh(_gaussian(n_channels, self.channels))
        by_lag, along = np.linalg.eigh(_gaussian(n_lags, self.lags))
        power = (1 - _OWN) * np.maximum(np.kron(by_channel, by_lag), 0.0) + _OWN
        return power, np.kron(across, along)


def _gaussian(n: int, width: float) -> np.ndarray:
    if not width:
        return np.eye(n)
    distance = np.subtract.outer(np.arange(n), np.arange(n))
    return np.exp(-(distance**2) / (2 * width**2))


def widths_to_try(n_channels: int, n_lags: int, channels: bool, lags: bool) -> list[Smoothness]:
    """Give the priors that strength and smoothness are chosen among.

    Parameters
    ----------
    n_channels, n_lags : int
    channels, lags : bool
        Whether weights may be smooth along them.
    """
    across = [0.0, *(w for w in (1.0, 2.0) if channels and n_channels > 3 * w)]
    along = [0.0, *(w for w in (1.0, 2.0, 4.0) if lags and n_lags > 3 * w)]
    return [Smoothness(c, t) for c in across for t in along]


def roughness(
    n_channels: int, n_lags: int, l2: float = 0.0, sl: float = 0.0, sc: float = 0.0
) -> np.ndarray:
    """Give the matrix of a penalty: on squares, and on differences along lags and channels.

    Parameters
    ----------
    n_channels, n_lags : int
    l2, sl, sc : float
        Weights of the sum of squares, and of the squared differences between neighbours.

    Examples
    --------
    >>> roughness(1, 3, l2=1, sl=1)
    array([[ 2., -1.,  0.],
           [-1.,  3., -1.],
           [ 0., -1.,  2.]])
    """
    same = np.eye(n_channels * n_lags)
    along = np.kron(np.eye(n_channels), _differences(n_lags))
    across = np.kron(_differences(n_channels), np.eye(n_lags))
    total: np.ndarray = l2 * same + sl * along + sc * across
    return total


def _differences(n: int) -> np.ndarray:
    steps = np.diff(np.eye(n), axis=0)
    return steps.T @ steps
