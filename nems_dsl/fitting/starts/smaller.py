"""The linear-nonlinear model inside of one with a hidden layer, fitted, and put in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...fit_choices import OPTIMIZERS
from ...graph.hidden import Hidden
from ...layers.base import KernelLayer
from ...layers.follow import FollowCurve
from ..optimisers import Limits, Watch, choose_optimizer, minimise
from .from_data import start_from_data
from .hidden_units import Units, layer_output

if TYPE_CHECKING:
    from ..objective import Objective

# sizes of what is put into a unit, the largest first: the smaller, the straighter is a curve
_SIZES = (1.0, 0.3, 0.1, 0.03, 0.01)
# of the variance
_STRAIGHT = 1e-8


@dataclass(frozen=True)
class Smaller:
    """A fitted linear-nonlinear model, in the parameters of the larger one.

    Attributes
    ----------
    theta : (n,) ndarray
        Of the larger model, which predicts with it what the smaller one does.
    loss : float
        Of the smaller one.
    """

    theta: np.ndarray
    loss: float


def fit_smaller(objective: Objective, hidden: Hidden, units: Units) -> Smaller | None:
    """Fit the linear-nonlinear model inside, and put it in as pairs of units of opposite signs.

    The difference of a curve and its mirror image, ``f(z) - f(-z)``, is odd: for a rectifier it is
    z itself, for a sigmoid nearly a multiple of z as long as z is small. Where units have a shift,
    both bend at the middle of what comes in, and what reads them takes up the constant.

    Parameters
    ----------
    objective : Objective
        Of the larger model, of one hidden layer. Its layers' parameters are moved.
    hidden : Hidden
    units : Units

    Returns
    -------
    Smaller or None
        None if that is not possible.
    """
    n_outputs = units.weights.shape[1]
    n_pairs = min(units.n // 2, n_outputs) if units.mixes else units.n // 2
    if not n_pairs or len(hidden.places) > 1:
        return None
    with _first_units(objective, units, n_pairs):
        linear = objective.alike(hidden.nodes)
        theta = start_from_data(linear, n_tunings=n_pairs)
        if theta is None:
            return None
        watch = _search(linear, theta)
    theta = _Pairs(objective, linear, units, watch.theta, n_pairs).straightest()
    return None if theta is None else Smaller(theta, watch.loss)


@contextmanager
def _first_units(objective: Objective, units: Units, n_first: int) -> Iterator[None]:
    """Keep the weights of all but the first units at 0."""
    slot = units.reader
    parameter = objective.vector.layers[slot.layer].parameters[slot.name]
    bounds = parameter.bounds
    low, high = parameter.bound_arrays()
    # not all alike, for what is of as many units as of outputs would not come apart
    values = np.random.default_rng(0).normal(size=parameter.shape)
    if values[0].size == 1:
        values[...] = 1
    low[n_first:] = high[n_first:] = values[n_first:] = 0
    parameter.bounds, parameter.values = (low, high), values
    try:
        yield
    finally:
        parameter.bounds = bounds


def _search(objective: Objective, theta: np.ndarray) -> Watch:
    """Search to the minimum, by gradients where steps with curvature come to their limit."""
    chosen = choose_optimizer(objective, None, prefers_curvature=True)
    for optimizer in (chosen, OPTIMIZERS["l-bfgs-b"]):
        limits = Limits(optimizer.tolerance, optimizer.max_iterations)
        watch = Watch(limits, optimizer.n_flat, least=objective.loss.least)
        watch.after(objective.value(theta), theta)
        converged, _ = minimise(optimizer, objective, theta, watch, True)
        if converged:
            break
        theta = watch.theta
    return watch


class _Pairs:
    """Ways to put a linear-nonlinear model in."""

    def __init__(
        self,
        objective: Objective,
        linear: Objective,
        units: Units,
        theta: np.ndarray,
        n_pairs: int,
    ):
        self.objective, self.units = objective, units
        self.theta = theta.copy()
        for slot in objective.vector.slots:
            if slot.layer == units.place:
                # the smaller model has no use for them
                self.theta[slot.start : slot.stop] = objective.theta0[slot.start : slot.stop]
        self.ones, self.twins = np.arange(n_pairs), np.arange(n_pairs, 2 * n_pairs)
        self.drive = layer_output(linear, units.front.cut, theta)[:n_pairs]

    def straightest(self) -> np.ndarray | None:
        """Give theta with which the larger model is nearest to the smaller; None if none is."""
        best, least = None, np.inf
        absorbed = self._absorbing()
        middle = np.median(self.drive, axis=1) if absorbed is not None else 0 * self.drive[:, 0]
        size = np.sqrt(np.mean((self.drive - middle[:, None]) ** 2, axis=1))
        if not np.all(size > 0):
            return None
        for scale in _SIZES:
            theta, bent = self._paired(scale / size, middle)
            if theta is None:
                continue
            if absorbed is not None:
                entries, sign = absorbed
                theta[entries] += sign * middle @ self.theta[self.units.weights[self.ones]]
                theta = np.clip(theta, *self.objective.bounds)
            if bent < least:
                best, least = theta, bent
            if bent < _STRAIGHT:
                break
        return best

    def _paired(self, factor: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray | None, float]:
        """Give theta with pairs of units that are given so much, and how far they are bent."""
        objective, units, ones, twins = self.objective, self.units, self.ones, self.twins
        theta = self.theta.copy()
        theta[units.flips[ones]] *= factor[:, None]
        theta[units.own[twins]] = theta[units.own[ones]]
        theta[units.flips[twins]] *= -1
        if units.shifts is not None:
            theta[units.shifts] = 0.0
            theta[units.shifts[ones]] = -units.shift_sign * factor * middle
            theta[units.shifts[twins]] = units.shift_sign * factor * middle
        low, high = objective.bounds
        made = np.concatenate([units.own[ones], units.own[twins]])
        if np.any(theta[made] < low[made]) or np.any(theta[made] > high[made]):
            return None, np.inf
        given = layer_output(objective, units.place, theta)
        difference = given[ones] - given[twins]
        power = np.sum(difference**2, axis=1)
        if not np.all(power > 0):
            return None, np.inf
        wanted = self.drive - middle[:, None]
        gain = np.sum(difference * wanted, axis=1) / power
        error = np.mean((wanted - gain[:, None] * difference) ** 2, axis=1)
        theta[units.weights[ones]] *= gain[:, None]
        theta[units.weights[twins]] = -theta[units.weights[ones]]
        return theta, float(np.max(error / np.mean(wanted**2, axis=1)))

    def _absorbing(self) -> tuple[np.ndarray, float] | None:
        """Give the entries that can add a constant to each output of what reads the units.

        None if there are none, or units have no shift that could make one.
        """
        nodes, units = self.objective.engine.nodes, self.units
        if units.shifts is None:
            return None
        readers = [
            place
            for place, node in enumerate(nodes)
            if any(source.layer == units.reader.layer for source in node.sources)
        ]
        if len(readers) != 1:
            return None
        layer = nodes[readers[0]].layer
        assert isinstance(layer, KernelLayer)
        facts, name, sign = layer.facts, "", 1.0
        if isinstance(facts.follow, FollowCurve):
            name, sign = facts.follow.shift, float(facts.follow.sign)
        elif facts.affine and facts.channelwise and facts.gain is None and facts.additive:
            name = facts.additive[0]
        for slot in self.objective.vector.slots:
            entries = np.arange(slot.start, slot.stop)
            fits = len(entries) == units.weights.shape[1]
            if slot.layer == readers[0] and slot.name == name and fits:
                return entries, sign
        return None
