"""Distributions on a bounded interval."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nems_dsl.distributions.base import Distribution, Real
from nems_dsl.distributions.powers import curvature_of_power, log_gamma, slope_of_power, times_log


class Uniform(Distribution):
    r"""Constant density between two limits.

    .. math:: p(x) = 1 / (b - a), \quad a \le x \le b

    Parameters
    ----------
    lower : float or array_like, default 0.0
        Lower limit a.
    upper : float or array_like, default 1.0
        Upper limit b, above `lower`.

    Raises
    ------
    ValueError
        Where a limit is not finite, `upper` is not above `lower`, or the shapes do not broadcast.

    Notes
    -----
    Density and moments: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate
    Distributions, vol. 2, chapter 26.

    Examples
    --------
    >>> prior = Uniform(lower=25, upper=75)
    >>> prior
    Uniform(lower=25, upper=75)
    >>> print(prior.mean())
    50.0
    """

    __slots__ = ()

    symbols: ClassVar = {"lower": "lower", "upper": "upper"}

    def __init__(self, lower: ArrayLike = 0.0, upper: ArrayLike = 1.0) -> None:
        super().__init__(lower, upper)

    @property
    def support(self) -> tuple[Real, Real]:
        """From `lower` to `upper`."""
        return self._parameters["lower"], self._parameters["upper"]

    def _validate(self) -> None:
        lower, upper = self.support
        self._require("upper", np.greater(upper, lower), f"above lower ({_summary(lower)})")

    def _mean(self) -> Any:
        lower, upper = self.support
        # Halved first: the sum of two large limits may overflow.
        return 0.5 * np.asarray(lower) + 0.5 * np.asarray(upper)

    def _mode(self) -> Any:
        return self._mean()

    def _sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        lower, upper = self.support
        return lower + (np.asarray(upper) - lower) * rng.random(shape)

    def _log_density(self, x: NDArray[np.float64]) -> Any:
        lower, upper = self.support
        return -np.log(np.asarray(upper) - lower) + np.zeros_like(x)

    def _log_density_gradient(self, x: NDArray[np.float64]) -> Any:
        return np.zeros(np.broadcast_shapes(x.shape, self.shape))

    def _log_density_curvature(self, x: NDArray[np.float64]) -> Any:
        return np.zeros(np.broadcast_shapes(x.shape, self.shape))


class Beta(Distribution):
    r"""Beta distribution, on the interval from 0 to 1.

    .. math:: p(x) = \frac{\Gamma(\alpha + \beta)}{\Gamma(\alpha)\Gamma(\beta)}
              x^{\alpha - 1} (1 - x)^{\beta - 1}, \quad 0 \le x \le 1

    Its mean is :math:`\alpha / (\alpha + \beta)`.

    Parameters
    ----------
    alpha : float or array_like, default 1.0
        First shape parameter α, above 0.
    beta : float or array_like, default 1.0
        Second shape parameter β, above 0.

    Raises
    ------
    ValueError
        Where a parameter is not finite or not above 0, or the shapes do not broadcast.

    Notes
    -----
    Density and moments: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate
    Distributions, vol. 2, chapter 25.

    Examples
    --------
    >>> prior = Beta(alpha=2, beta=6)
    >>> prior
    Beta(α=2, β=6)
    >>> print(prior.mean())
    0.25
    """

    __slots__ = ()

    symbols: ClassVar = {"alpha": "α", "beta": "β"}

    def __init__(self, alpha: ArrayLike = 1.0, beta: ArrayLike = 1.0) -> None:
        super().__init__(alpha, beta)

    @property
    def support(self) -> tuple[Real, Real]:
        """From 0 to 1."""
        return 0.0, 1.0

    def _validate(self) -> None:
        self._require("alpha", np.greater(self._parameters["alpha"], 0), "above 0")
        self._require("beta", np.greater(self._parameters["beta"], 0), "above 0")

    def _mean(self) -> Any:
        alpha, beta = self._parameters.values()
        return np.divide(alpha, np.add(alpha, beta))

    def _mode(self) -> Any:
        rising, falling = (np.subtract(value, 1.0) for value in self._parameters.values())
        # highest within, where the density falls to both ends; else in the middle of a flat one,
        # at the upper end, or at the lower
        within, is_flat = (rising > 0) & (falling > 0), (rising == 0) & (falling == 0)
        peak = rising / np.where(within, rising + falling, 1.0)
        ends = np.where((rising >= 0) & (falling <= 0), 1.0, 0.0)
        return np.where(within, peak, np.where(is_flat, 0.5, ends))

    def _sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        alpha, beta = self._parameters.values()
        return rng.beta(alpha, beta, shape)

    def _log_density(self, x: NDArray[np.float64]) -> Any:
        alpha, beta = self._parameters.values()
        norm = log_gamma(np.add(alpha, beta)) - log_gamma(alpha) - log_gamma(beta)
        powers = times_log(np.subtract(alpha, 1), x) + times_log(np.subtract(beta, 1), 1 - x)
        return norm + powers

    def _log_density_gradient(self, x: NDArray[np.float64]) -> Any:
        alpha, beta = self._parameters.values()
        rising = slope_of_power(np.subtract(alpha, 1), x)
        return rising - slope_of_power(np.subtract(beta, 1), 1 - x)

    def _log_density_curvature(self, x: NDArray[np.float64]) -> Any:
        alpha, beta = self._parameters.values()
        rising = curvature_of_power(np.subtract(alpha, 1), x)
        return rising + curvature_of_power(np.subtract(beta, 1), 1 - x)


def _summary(value: Real) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
