"""Penalties: functions of the parameters that are added to the loss.

Those of a string (`.l2`, `.l1`, `.sl`, `.sc`) are weights times sums over the free parameters of
one layer; priors are minus the logarithm of the parameters' prior density.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

import numpy as np

from ..distributions import Distribution
from ..keywords import FROM_DATA
from ..layers.base import Layer
from .engine.vector import ParameterVector, Slot

# of a layer that no receptive field belongs to, where no number is written
_WEIGHT = 1e-3


class Penalty(ABC):
    """A function of theta that a fit adds to its loss."""

    #: Whether it has a derivative everywhere.
    is_smooth = True

    @abstractmethod
    def value(self, theta: np.ndarray) -> float:
        """Give the penalty at `theta`."""

    @abstractmethod
    def add_gradient(self, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative by theta to `gradient`, in place."""

    @abstractmethod
    def add_curvature(self, theta: np.ndarray, hessian: np.ndarray) -> None:
        """Add the second derivative, as far as it is positive, to `hessian`, (n, n), in place."""

    def has_corner(self, theta: np.ndarray) -> np.ndarray:
        """Tell which entries of `theta` stand where there is no derivative; (n,) bool."""
        return np.zeros(len(theta), bool)


class SquaredPenalty(Penalty):
    """``sum_i weights[i] theta[i]^2``.

    Parameters
    ----------
    weights : (n,) array
        For each entry of theta.
    """

    def __init__(self, weights: np.ndarray):
        self.weights = weights

    def value(self, theta: np.ndarray) -> float:
        """Give the weighted sum of squares."""
        return float(self.weights @ theta**2)

    def add_gradient(self, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative, in place."""
        gradient += 2 * self.weights * theta

    def add_curvature(self, theta: np.ndarray, hessian: np.ndarray) -> None:
        """Add twice the weights to the diagonal, in place."""
        np.einsum("ii->i", hessian)[:] += 2 * self.weights


class AbsolutePenalty(Penalty):
    """``sum_i weights[i] |theta[i]|``, with a derivative of 0 where theta is 0.

    Parameters
    ----------
    weights : (n,) array
        For each entry of theta.
    """

    is_smooth = False

    def __init__(self, weights: np.ndarray):
        self.weights = weights

    def value(self, theta: np.ndarray) -> float:
        """Give the weighted sum of absolute values."""
        return float(self.weights @ np.abs(theta))

    def add_gradient(self, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative, in place."""
        gradient += self.weights * np.sign(theta)

    def add_curvature(self, theta: np.ndarray, hessian: np.ndarray) -> None:
        """Add nothing: the penalty is straight on either side of 0."""

    def has_corner(self, theta: np.ndarray) -> np.ndarray:
        """Tell which penalised entries are 0, where the penalty holds them."""
        return (self.weights > 0) & (theta == 0)


class SmoothnessPenalty(Penalty):
    """``sum_i weights[i] (theta[after[i]] - theta[before[i]])^2``: squared first differences.

    Parameters
    ----------
    weights : (m,) array
    before, after : (m,) int arrays
        The entries of theta of each pair of neighbours.
    """

    def __init__(self, weights: np.ndarray, before: np.ndarray, after: np.ndarray):
        self.weights, self.before, self.after = weights, before, after

    def value(self, theta: np.ndarray) -> float:
        """Give the weighted sum of squared differences."""
        return float(self.weights @ (theta[self.after] - theta[self.before]) ** 2)

    def add_gradient(self, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative, in place."""
        slopes = 2 * self.weights * (theta[self.after] - theta[self.before])
        np.add.at(gradient, self.after, slopes)
        np.subtract.at(gradient, self.before, slopes)

    def add_curvature(self, theta: np.ndarray, hessian: np.ndarray) -> None:
        """Add to the diagonal, and to the pairs of neighbours, in place."""
        twice = 2 * self.weights
        np.add.at(hessian, (self.after, self.after), twice)
        np.add.at(hessian, (self.before, self.before), twice)
        np.subtract.at(hessian, (self.after, self.before), twice)
        np.subtract.at(hessian, (self.before, self.after), twice)


class PriorPenalty(Penalty):
    """Minus the logarithm of the parameters' prior density, times a weight.

    Zero at the mode of every prior, and infinite outside of a prior's support.

    Parameters
    ----------
    weight : float
    priors : sequence of (slice, shape, Distribution)
        Which entries of theta each prior is of, and the shape of the parameter.
    """

    def __init__(
        self, weight: float, priors: Sequence[tuple[slice, tuple[int, ...], Distribution]]
    ):
        self.weight = weight
        self._priors = [
            (at, shape, prior, float(np.sum(_filled(prior.log_density(prior.mode()), shape))))
            for at, shape, prior in priors
        ]

    def value(self, theta: np.ndarray) -> float:
        """Give minus the log density, weighted, and less what it is at the modes."""
        total = 0.0
        for at, shape, prior, highest in self._priors:
            total += highest - float(np.sum(prior.log_density(theta[at].reshape(shape))))
        return self.weight * total

    def add_gradient(self, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative, in place."""
        for at, shape, prior, _ in self._priors:
            slopes = prior.log_density_gradient(theta[at].reshape(shape))
            gradient[at] -= self.weight * np.ravel(slopes)

    def add_curvature(self, theta: np.ndarray, hessian: np.ndarray) -> None:
        """Add minus the curvature of the log density where that is concave, in place."""
        diagonal = np.einsum("ii->i", hessian)
        for at, shape, prior, _ in self._priors:
            bends = prior.log_density_curvature(theta[at].reshape(shape))
            diagonal[at] += self.weight * np.maximum(0, -np.ravel(bends))


def penalties_of_string(vector: ParameterVector, shrunk: Collection[int] = ()) -> list[Penalty]:
    """Give the penalties that the options of the layers ask for.

    Parameters
    ----------
    vector : ParameterVector
    shrunk : collection of int
        Layers whose receptive field is shrunk instead.
    """
    found: list[Penalty] = []
    for name, kind in (("l2", SquaredPenalty), ("l1", AbsolutePenalty)):
        weights = np.zeros(vector.size)
        for slot in vector.slots:
            if name == "l1" or slot.layer not in shrunk:
                weights[slot.start : slot.stop] = _weight(vector.layers[slot.layer], name)
        if weights.any():
            found.append(kind(weights))
    pairs = [
        _neighbours(slot, axis, weight)
        for slot in vector.slots
        if slot.layer not in shrunk
        for axis, weight in _smoothed_axes(vector.layers[slot.layer], slot.name)
    ]
    pairs = [each for each in pairs if each[0].size]
    if pairs:
        found.append(
            SmoothnessPenalty(*(np.concatenate(parts) for parts in zip(*pairs, strict=True)))
        )
    return found


def _weight(layer: Layer, option: str) -> float:
    # a layer of the user's own has none
    number = float(getattr(layer, "options", {}).get(option, 0))
    return _WEIGHT if number == FROM_DATA else number


def _smoothed_axes(layer: Layer, parameter: str) -> list[tuple[int, float]]:
    """Give the axes of a parameter to be smooth along, and how much."""
    return [
        (axes[parameter], _weight(layer, option))
        for option, axes in layer.facts.smooth_along.items()
        if parameter in axes and _weight(layer, option)
    ]


def _neighbours(slot: Slot, axis: int, weight: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give weights of pairs of neighbours along an axis of a parameter, and their entries."""
    entries = np.moveaxis(np.arange(slot.start, slot.stop).reshape(slot.shape), axis, 0)
    before, after = entries[:-1].ravel(), entries[1:].ravel()
    return np.full(before.size, weight), before, after


def prior_penalty(
    vector: ParameterVector, weight: float
) -> tuple[PriorPenalty, tuple[np.ndarray, np.ndarray]]:
    """Give the penalty of all priors, and the limits of their supports.

    Parameters
    ----------
    vector : ParameterVector
    weight : float
        Above 0.

    Returns
    -------
    penalty : PriorPenalty
    support : (low, high), both (n,) float64 ndarrays

    Raises
    ------
    ValueError
        A prior's density is infinite somewhere, or 0 where the parameter is.
    """
    low, high = np.empty(vector.size), np.empty(vector.size)
    priors = []
    for slot in vector.slots:
        layer, at = vector.layers[slot.layer], slice(slot.start, slot.stop)
        parameter = layer.parameters[slot.name]
        prior, label = parameter.prior, f"{layer.label}.{slot.name}"
        if not np.all(np.isfinite(prior.log_density(prior.mode()))):
            raise ValueError(
                f"the prior of {label}, {prior}, has an infinite density at its edge, so that it "
                "cannot enter the loss: give the parameter another prior, or fit with priors=0"
            )
        if not np.all(np.isfinite(prior.log_density(parameter.values))):
            raise ValueError(
                f"{label} is where its prior, {prior}, has no density: start it within the "
                "prior's support, or fit with priors=0"
            )
        low[at], high[at] = (_filled(limit, slot.shape).ravel() for limit in prior.support)
        priors.append((at, slot.shape, prior))
    return PriorPenalty(weight, priors), (low, high)


def _filled(values: object, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.asarray(values, dtype=float), shape)
