"""The normal distribution and its positive half."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nems_dsl.distributions.base import Distribution, Real

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_HALF_LOG_HALF_PI = 0.5 * math.log(0.5 * math.pi)
_SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)


class Normal(Distribution):
    r"""Normal distribution, the default prior.

    .. math:: p(x) = \exp(-(x - \mu)^2 / 2\sigma^2) / (\sigma\sqrt{2\pi})

    Parameters
    ----------
    mean : float or array_like, default 0.0
        Centre μ.
    sd : float or array_like, default 1.0
        Standard deviation σ, above 0.

    Raises
    ------
    ValueError
        Where a parameter is not finite, `sd` is not above 0, or the shapes do not broadcast.

    Notes
    -----
    Density and moments: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate
    Distributions, vol. 1, chapter 13.

    Examples
    --------
    >>> prior = Normal(mean=0.5, sd=0.25)
    >>> prior
    Normal(μ=0.5, σ=0.25)
    >>> print(prior.log_density_gradient(1.0))
    -8.0
    """

    __slots__ = ()

    symbols: ClassVar = {"mean": "μ", "sd": "σ"}

    def __init__(self, mean: ArrayLike = 0.0, sd: ArrayLike = 1.0) -> None:
        super().__init__(mean, sd)

    @property
    def support(self) -> tuple[Real, Real]:
        """The real line."""
        return -math.inf, math.inf

    def _validate(self) -> None:
        self._require("sd", np.greater(self._parameters["sd"], 0), "above 0")

    def _mean(self) -> Any:
        return self._parameters["mean"]

    def _mode(self) -> Any:
        return self._parameters["mean"]

    def _sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return self._parameters["mean"] + self._parameters["sd"] * rng.standard_normal(shape)

    def _log_density(self, x: NDArray[np.float64]) -> Any:
        sd = self._parameters["sd"]
        z = (x - self._parameters["mean"]) / sd
        return -0.5 * z * z - np.log(sd) - _HALF_LOG_2PI

    def _log_density_gradient(self, x: NDArray[np.float64]) -> Any:
        sd = self._parameters["sd"]
        return (self._parameters["mean"] - x) / sd / sd

    def _log_density_curvature(self, x: NDArray[np.float64]) -> Any:
        shape = np.broadcast_shapes(x.shape, self.shape)
        return np.broadcast_to(-1 / np.square(self._parameters["sd"]), shape)


class HalfNormal(Distribution):
    r"""The absolute value of a normal variable with mean 0.

    .. math:: p(x) = \sqrt{2/\pi} \exp(-x^2 / 2\sigma^2) / \sigma, \quad x \ge 0

    Its mean is :math:`\sigma\sqrt{2/\pi}`.

    Parameters
    ----------
    sd : float or array_like, default 1.0
        Standard deviation σ of the whole normal distribution, above 0.

    Raises
    ------
    ValueError
        Where `sd` is not finite or not above 0.

    Notes
    -----
    Density and moments: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate
    Distributions, vol. 1, chapter 13.10 (folded at its mean).

    Examples
    --------
    >>> prior = HalfNormal(sd=1)
    >>> prior
    HalfNormal(σ=1)
    >>> print(prior.mean())
    0.7978845608028654
    """

    __slots__ = ()

    symbols: ClassVar = {"sd": "σ"}

    def __init__(self, sd: ArrayLike = 1.0) -> None:
        super().__init__(sd)

    @property
    def support(self) -> tuple[Real, Real]:
        """From 0 up."""
        return 0.0, math.inf

    def _validate(self) -> None:
        self._require("sd", np.greater(self._parameters["sd"], 0), "above 0")

    def _mean(self) -> Any:
        return np.multiply(self._parameters["sd"], _SQRT_2_OVER_PI)

    def _mode(self) -> Any:
        return 0.0

    def _sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return self._parameters["sd"] * np.abs(rng.standard_normal(shape))

    def _log_density(self, x: NDArray[np.float64]) -> Any:
        sd = self._parameters["sd"]
        z = x / sd
        return -0.5 * z * z - np.log(sd) - _HALF_LOG_HALF_PI

    def _log_density_gradient(self, x: NDArray[np.float64]) -> Any:
        sd = self._parameters["sd"]
        return -x / sd / sd

    def _log_density_curvature(self, x: NDArray[np.float64]) -> Any:
        return -1 / np.square(self._parameters["sd"]) + np.zeros_like(x)
