"""Losses: one number for how far a prediction is from a target, and its derivatives.

A loss is a function of a sum over all samples, so that data can pass through in blocks: each
block adds its part of the sum and leaves the derivative of its part; one factor at the end makes
it the derivative of the loss.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from .. import kernels
from ..data.trials import in_pieces
from ..suggestions import no_such


class Loss(ABC):
    """A loss over a target that is known beforehand.

    Parameters
    ----------
    target : list of (T_i, channels) arrays
        NaN is left out.
    channel_weights : (channels,) array, optional
        How much each channel counts, 0 or above; all the same by default. Only their ratios
        matter.

    Attributes
    ----------
    n_samples : int
        Samples that are not NaN, of channels that count.
    weights : (channels,) float64 ndarray
        1 for each channel if they all count the same.
    mean : float
        Of the target, weighted.
    least : float
        What the loss would be if each prediction were the target itself; no model is below.
    of_mean : float
        What it would be if each prediction were the mean.
    penalty_scale : float
        What a share of the variance is in units of the loss, or of its `search_power`.
    """

    #: The power of the loss that a search should minimise: one that is smooth at a perfect fit.
    search_power = 1
    #: Whether the loss is a sum of squared residuals, or a function of one.
    is_squared = True
    least = 0.0
    of_mean: float
    #: Whether predictions must be above 0.
    needs_rates = False

    def __init__(self, target: Sequence[np.ndarray], channel_weights: np.ndarray | None = None):
        n_channels = target[0].shape[1]
        given = np.ones(n_channels) if channel_weights is None else channel_weights
        self.is_weighted = bool(np.ptp(given))
        self.weights = np.array(given, float) if self.is_weighted else np.ones(n_channels)
        self._typed: dict[np.dtype, np.ndarray] = {np.dtype(float): self.weights}
        n_each, sums = np.zeros(n_channels), np.zeros(n_channels)
        for piece in in_pieces(target):
            n_each += np.sum(~np.isnan(piece), axis=0)
            sums += np.nansum(piece, axis=0)
        self.n_samples = int(n_each[self.weights > 0].sum())
        self.total_weight = float(n_each @ self.weights)
        self.mean = float(sums @ self.weights) / self.total_weight
        squares = sum(np.nansum((each - self.mean) ** 2, axis=0) for each in in_pieces(target))
        self.variance = float(squares @ self.weights) / self.total_weight
        self.of_mean = self.variance
        self.penalty_scale = self.variance
        self._check(target)

    def _check(self, target: Sequence[np.ndarray]) -> None:  # noqa: B027
        """Refuse a target for which the loss means nothing."""

    def add(self, prediction: np.ndarray, target: np.ndarray, d_prediction: np.ndarray) -> float:
        """Give one block's part of the sum, and write its derivative, but for a factor.

        All arrays are (channels, T).
        """
        errors = kernels.errors
        if not self.is_weighted:
            return float(errors.squared_error(prediction, target, d_prediction))
        weights = self._weights(prediction)
        return float(errors.weighted_squared_error(prediction, target, weights, d_prediction))

    def curvature(self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray) -> None:
        """Write the expected second derivative of one block's part of the sum, but for a factor.

        It is that of `add`: the Hessian of the loss by the predictions is close to the factor
        times this diagonal (for nmse, that of its square is, at twice the loss times the factor).
        It is 0 where the target is NaN, and never negative. All arrays are (channels, T).
        """
        kernels.errors.squared_curvature(target, self._weights(prediction), out)

    @abstractmethod
    def finish(self, total: float) -> tuple[float, float]:
        """Give the loss for the whole sum, and the factor that the derivatives need."""

    def log_likelihood(self, total: float, target: Sequence[np.ndarray]) -> float | None:
        """Give the log likelihood of the target for a sum.

        Here that of residuals that are independent and normal, of the one variance that makes them
        most likely. None if channels are weighted, or all residuals are 0.

        Parameters
        ----------
        total : float
            Of `add`, over all blocks.
        target : list of (T_i, channels) arrays
            That of the loss.
        """
        weight, n = self._one_weight(), self.n_samples
        if weight is None or total <= 0:
            return None
        return -0.5 * n * (math.log(2 * math.pi * total / weight / n) + 1)

    def _one_weight(self) -> float | None:
        """Give the weight of all channels that count; None if there are several."""
        counting = self.weights[self.weights > 0]
        return None if np.ptp(counting) else float(counting[0])

    def _weights(self, like: np.ndarray) -> np.ndarray:
        if like.dtype not in self._typed:
            self._typed[like.dtype] = self.weights.astype(like.dtype)
        return self._typed[like.dtype]


class MeanSquaredError(Loss):
    """``mse = mean((prediction - target)^2)``, in the target's units squared.

    With weights, ``sum(w d^2) / sum(w)`` over all samples.
    """

    def finish(self, total: float) -> tuple[float, float]:
        """Give the mean, and the factor of its derivative."""
        return total / self.total_weight, 2 / self.total_weight


class NormalizedError(Loss):
    """``nmse = sqrt(mse) / sd(target)``: 0 for a perfect prediction, 1 for the mean alone.

    Both are taken over the whole array, all channels together. With weights, the mse and the
    variance are weighted means, the latter about the weighted mean.
    """

    search_power = 2

    def __init__(self, target: Sequence[np.ndarray], channel_weights: np.ndarray | None = None):
        super().__init__(target, channel_weights)
        self.sd, self.of_mean, self.penalty_scale = math.sqrt(self.variance), 1.0, 1.0

    def finish(self, total: float) -> tuple[float, float]:
        """Give the root of the mean over the sd, and the factor of its derivative."""
        value = math.sqrt(total / self.total_weight) / self.sd
        if value == 0:
            return 0.0, 0.0
        return value, 1 / (self.total_weight * self.sd**2 * value)


class PoissonError(Loss):
    """``poisson = mean(p - y log p)`` for counts y and expected counts p, both per bin.

    It is minus the log likelihood per sample, without ``log y!``, which no parameter changes.
    With weights, a weighted mean. Its curvature is the Fisher information, 1 / p.

    The loss is infinite where a p is negative, or 0 with a count above 0.
    """

    is_squared = False
    needs_rates = True

    def __init__(self, target: Sequence[np.ndarray], channel_weights: np.ndarray | None = None):
        super().__init__(target, channel_weights)
        total = 0.0
        for trial in target:
            counts = np.where(trial > 0, trial, 1.0)
            told = np.where(trial > 0, counts * (1 - np.log(counts)), 0.0)
            total += float(told.sum(axis=0) @ self.weights)
        self.least = total / self.total_weight
        self.of_mean = self.mean * (1 - math.log(self.mean)) if self.mean > 0 else 0.0
        # half of a squared error over the rate, where prediction and rate are close
        self.penalty_scale = self.variance / (2 * self.mean) if self.mean > 0 else 0.0

    def _check(self, target: Sequence[np.ndarray]) -> None:
        for number, trial in enumerate(target):
            negative = (trial < 0) & (self.weights > 0)
            if negative.any():
                bin_, channel = (int(i) for i in np.argwhere(negative)[0])
                place = f"trial {number}, " if len(target) > 1 else ""
                raise ValueError(
                    f"the loss 'poisson' is for counts, which are 0 or above, but the target is "
                    f"{trial[bin_, channel]:g} at {place}bin {bin_}, channel {channel} "
                    f"({int(negative.sum())} such values in all); give counts per bin, or use "
                    "the loss 'nmse'"
                )

    def add(self, prediction: np.ndarray, target: np.ndarray, d_prediction: np.ndarray) -> float:
        """Give one block's part of the sum, and write its derivative, but for a factor."""
        weights = self._weights(prediction)
        return float(kernels.errors.poisson_error(prediction, target, weights, d_prediction))

    def curvature(self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray) -> None:
        """Write the Fisher information of each sample about its rate, but for a factor."""
        weights = self._weights(prediction)
        kernels.errors.poisson_curvature(prediction, target, weights, out)

    def finish(self, total: float) -> tuple[float, float]:
        """Give the mean, and the factor of its derivative."""
        return total / self.total_weight, 1 / self.total_weight

    def log_likelihood(self, total: float, target: Sequence[np.ndarray]) -> float | None:
        """Give the log likelihood of counts for a sum; ``log y!`` is that of the gamma function."""
        from scipy.special import gammaln

        weight = self._one_weight()
        if weight is None or not math.isfinite(total):
            return None
        counted = self.weights > 0
        factorials = sum(float(np.nansum(gammaln(trial[:, counted] + 1))) for trial in target)
        return -total / weight - factorials


LOSSES: dict[str, type[Loss]] = {
    "nmse": NormalizedError,
    "mse": MeanSquaredError,
    "poisson": PoissonError,
}


def make_loss(
    name: str, target: Sequence[np.ndarray], channel_weights: np.ndarray | None = None
) -> Loss:
    """Make the loss called `name`.

    Raises
    ------
    ValueError
        There is no such loss, or it means nothing for this target.
    """
    if name not in LOSSES:
        raise ValueError(no_such("loss", name, LOSSES))
    return LOSSES[name](target, channel_weights)
