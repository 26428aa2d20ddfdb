"""Variables in which a penalty on absolute values is smooth."""

from __future__ import annotations

import numpy as np


class Split:
    """A positive and a negative part of each parameter that has such a penalty.

    The parameter is the difference of the two, neither of which is negative; the penalty is on
    their sum, which at the minimum is the absolute value. So a parameter can be 0 exactly.

    Parameters
    ----------
    weights : (n,) array
        Of the absolute value of each entry of theta, 0 for those without.
    bounds : (low, high), both (n,) arrays
        Of theta.

    Attributes
    ----------
    bounds : (low, high)
        Of the variables: theta with the positive parts, then the negative parts.

    Examples
    --------
    >>> split = Split(np.array([0.0, 1.0]), (np.full(2, -np.inf), np.full(2, np.inf)))
    >>> split.variables(np.array([-1.0, -2.0])).tolist()
    [-1.0, 0.0, 2.0]
    >>> split.theta(np.array([-1.0, 0.0, 2.0])).tolist()
    [-1.0, -2.0]
    """

    def __init__(self, weights: np.ndarray, bounds: tuple[np.ndarray, np.ndarray]):
        self._weights = weights
        self._places = places = np.flatnonzero(weights)
        low, high = (bound.copy() for bound in bounds)
        negative_low, negative_high = np.maximum(-high[places], 0), np.maximum(-low[places], 0)
        low[places], high[places] = np.maximum(low[places], 0), np.maximum(high[places], 0)
        self.bounds = (
            np.concatenate([low, negative_low]),
            np.concatenate([high, negative_high]),
        )

    def variables(self, theta: np.ndarray) -> np.ndarray:
        """Give the variables for theta."""
        parts, theta = theta[self._places], theta.copy()
        theta[self._places] = np.maximum(parts, 0)
        return np.concatenate([theta, np.maximum(-parts, 0)])

    def theta(self, variables: np.ndarray) -> np.ndarray:
        """Give theta for the variables."""
        n = len(self._weights)
        theta = variables[:n].copy()
        theta[self._places] -= variables[n:]
        return theta

    def excess(self, variables: np.ndarray) -> float:
        """Give by how much the penalty on both parts is above that on their difference."""
        both = np.minimum(variables[self._places], variables[len(self._weights) :])
        return float(2 * self._weights[self._places] @ both)

    def gradient(self, theta: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Turn a derivative by theta, penalty included, into one by the variables."""
        smooth = gradient - self._weights * np.sign(theta)
        negative = (self._weights - smooth)[self._places]
        return np.concatenate([smooth + self._weights, negative])
