"""Losses: one number for how far a prediction is from a target, and its derivative.

A loss is a function of a sum over all samples, so that data can pass through in blocks: each
block adds its part of the sum and leaves the derivative of its part; one factor at the end makes
it the derivative of the loss.
"""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod

import numpy as np

from .. import kernels


class Loss(ABC):
    """A loss over a target that is known beforehand.

    Parameters
    ----------
    target : list of (T_i, channels) arrays
        NaN is left out.
    """

    #: The power of the loss that a search should minimise: one that is smooth at a perfect fit.
    search_power = 1

    def __init__(self, target: list[np.ndarray]):
        values = np.concatenate([trial[~np.isnan(trial)].ravel() for trial in target])
        self.n_samples = values.size
        self.sd = float(values.std())

    def add(self, prediction: np.ndarray, target: np.ndarray, d_prediction: np.ndarray) -> float:
        """Give one block's part of the sum, and write its derivative, but for a factor.

        All arrays are (channels, T).
        """
        return float(kernels.errors.squared_error(prediction, target, d_prediction))

    @abstractmethod
    def finish(self, total: float) -> tuple[float, float]:
        """Give the loss for the whole sum, and the factor that the derivatives need."""


class MeanSquaredError(Loss):
    """``mse = mean((prediction - target)^2)``, in the target's units squared."""

    def finish(self, total: float) -> tuple[float, float]:
        """Give the mean, and the factor of its derivative."""
        return total / self.n_samples, 2 / self.n_samples


class NormalizedError(Loss):
    """``nmse = sqrt(mse) / sd(target)``: 0 for a perfect prediction, 1 for the mean alone.

    Both are taken over the whole array, all channels together.
    """

    search_power = 2

    def finish(self, total: float) -> tuple[float, float]:
        """Give the root of the mean over the sd, and the factor of its derivative."""
        value = math.sqrt(total / self.n_samples) / self.sd
        if value == 0:
            return 0.0, 0.0
        return value, 1 / (self.n_samples * self.sd**2 * value)


LOSSES: dict[str, type[Loss]] = {"nmse": NormalizedError, "mse": MeanSquaredError}


def make_loss(name: str, target: list[np.ndarray]) -> Loss:
    """Make the loss called `name`.

    Raises
    ------
    ValueError
        There is no such loss.
    """
    if name not in LOSSES:
        near = difflib.get_close_matches(str(name), LOSSES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no loss {name!r}; there are {', '.join(map(repr, LOSSES))}{hint}")
    return LOSSES[name](target)
