"""Distributions of positive quantities, such as time constants."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nems_dsl.distributions.base import Distribution, Real
from nems_dsl.distributions.powers import curvature_of_power, log_gamma, slope_of_power, times_log


class Gamma(Distribution):
    r"""Gamma distribution, by shape and rate.

    .. math:: p(x) = \frac{\beta^\alpha}{\Gamma(\alpha)} x^{\alpha - 1} e^{-\beta x},
              \quad x \ge 0

    Its mean is :math:`\alpha / \beta`.

    Parameters
    ----------
    alpha : float or array_like, default 1.0
        Shape parameter α, above 0.
    beta : float or array_like, default 1.0
        Rate β, the inverse of the scale, above 0; in units of 1/x.

    Raises
    ------
    ValueError
        Where a parameter is not finite or not above 0, or the shapes do not broadcast.

    Notes
    -----
    Density and moments: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate
    Distributions, vol. 1, chapter 17.

    Examples
    --------
    >>> prior = Gamma(alpha=3, beta=2)
    >>> prior
    Gamma(α=3, β=2)
    >>> print(prior.mean())
    1.5
    """

    __slots__ = ()

    symbols: ClassVar = {"alpha": "α", "beta": "β"}

    def __init__(self, alpha: ArrayLike = 1.0, beta: ArrayLike = 1.0) -> None:
        super().__init__(alpha, beta)

    @property
    def support(self) -> tuple[Real, Real]:
        """From 0 up."""
        return 0.0, math.inf

    def _validate(self) -> None:
        self._require("alpha", np.greater(self._parameters["alpha"], 0), "above 0")
        self._require("beta", np.greater(self._parameters["beta"], 0), "above 0")

    def _mean(self) -> Any:
        alpha, beta = self._parameters.values()
        return np.divide(alpha, beta)

    def _mode(self) -> Any:
        alpha, beta = self._parameters.values()
        return np.maximum(np.subtract(alpha, 1), 0) / beta

    def _sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        alpha, beta = self._parameters.values()
        return rng.standard_gamma(alpha, shape) / beta

    def _log_density(self, x: NDArray[np.float64]) -> Any:
        alpha, beta = self._parameters.values()
        norm = np.multiply(alpha, np.log(beta)) - log_gamma(alpha)
        return norm + times_log(np.subtract(alpha, 1), x) - beta * x

    def _log_density_gradient(self, x: NDArray[np.float64]) -> Any:
        alpha, beta = self._parameters.values()
        return slope_of_power(np.subtract(alpha, 1), x) - beta

    def _log_density_curvature(self, x: NDArray[np.float64]) -> Any:
        alpha, beta = self._parameters.values()
        return curvature_of_power(np.subtract(alpha, 1), x) + np.zeros(np.shape(beta))


class Exponential(Distribution):
    r"""Exponential distribution.

    .. math:: p(x) = \lambda e^{-\lambda x}, \quad x \ge 0

    Its mean is :math:`1 / \lambda`.

    Parameters
    ----------
    rate : float or array_like, default 1.0
        Rate λ, above 0; in units of 1/x.

    Raises
    ------
    ValueError
        Where `rate` is not finite or not above 0.

    Notes
    -----
    Density and moments: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate
    Distributions, vol. 1, chapter 19.

    Examples
    --------
    >>> prior = Exponential(rate=4)
    >>> prior
    Exponential(λ=4)
    >>> print(prior.mean())
    0.25
    """

    __slots__ = ()

    symbols: ClassVar = {"rate": "λ"}

    def __init__(self, rate: ArrayLike = 1.0) -> None:
        super().__init__(rate)

    @property
    def support(self) -> tuple[Real, Real]:
        """From 0 up."""
        return 0.0, math.inf

    def _validate(self) -> None:
        self._require("rate", np.greater(self._parameters["rate"], 0), "above 0")

    def _mean(self) -> Any:
        return np.divide(1.0, self._parameters["rate"])

    def _mode(self) -> Any:
        return 0.0

    def _sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return rng.standard_exponential(shape) / self._parameters["rate"]

    def _log_density(self, x: NDArray[np.float64]) -> Any:
        rate = self._parameters["rate"]
        return np.log(rate) - rate * x

    def _log_density_gradient(self, x: NDArray[np.float64]) -> Any:
        return -self._parameters["rate"] + np.zeros_like(x)

    def _log_density_curvature(self, x: NDArray[np.float64]) -> Any:
        return np.zeros(np.broadcast_shapes(x.shape, self.shape))
