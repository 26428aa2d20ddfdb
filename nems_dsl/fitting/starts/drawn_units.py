"""Starts for hidden layers: units drawn at random, of which those are taken that explain most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...graph.hidden import Hidden
from .from_data import fit_static
from .hidden_units import Units, layer_output

if TYPE_CHECKING:
    from ..objective import Objective

_MOST_BINS = 4000
# of the variance of a unit: two that are alike are no reason to stop
_LOADING = 1e-3
# a unit that varies less, relative to what comes in, is as good as dead
_LEAST_SPREAD = 0.05
_NOISE = 0.7
_DEAD = 1e-9


class UnitPool:
    """Units of many drawn parameters, with what they give.

    Parameters
    ----------
    objective : Objective
    hidden : Hidden
    units : Units
    base : (n,) array
        Theta for all but the units.
    n_draws : int
        Of all units together.
    rng : Generator
    """

    def __init__(
        self,
        objective: Objective,
        hidden: Hidden,
        units: Units,
        base: np.ndarray,
        n_draws: int,
        rng: np.random.Generator,
    ):
        self.objective, self.hidden, self.units, self.base = objective, hidden, units, base
        self._curve = _per_unit(objective, units)
        self._step, self._target = _some(objective)
        own, curves, outputs = [], [], []
        for number in range(n_draws):
            theta = self._draw(rng, number % 2 == 1)
            given = self._output(units.place, theta)
            alive = given.std(axis=1) > _LEAST_SPREAD
            own.append(theta[units.own][alive])
            curves.append(theta[self._curve][alive])
            outputs.append(given[alive])
        self.own, self.curves = np.concatenate(own), np.concatenate(curves)
        self.outputs = np.concatenate(outputs)

    def start(self, rng: np.random.Generator, n_among: int) -> np.ndarray | None:
        """Give a start of the best units among some of them, chosen at random."""
        units = self.units
        if len(self.outputs) < units.n:
            return None
        among = rng.permutation(len(self.outputs))[:n_among]
        chosen, weights = _choose(self.outputs[among], self._target, units.n)
        theta = self.base.copy()
        theta[units.own], theta[self._curve] = self.own[among][chosen], self.curves[among][chosen]
        theta[units.weights] = weights
        self.objective.vector.write(np.clip(theta, *self.objective.bounds))
        fit_static(self.objective, self.hidden.skeleton)
        return np.clip(self.objective.vector.read(), *self.objective.bounds)

    def revive(self, theta: np.ndarray) -> np.ndarray:
        """Give theta with units that never change aimed at what is left of the target.

        Their weights are 0, so that the loss stays what it is until a search moves them.
        """
        units, objective = self.units, self.objective
        given = self._output(units.place, theta)
        dead = np.flatnonzero(given.std(axis=1) <= _DEAD * np.abs(given).max(axis=1))
        n_left = min(len(dead), len(self.outputs))
        if not n_left:
            return theta
        prediction = self._output(objective.engine.structure.last, theta)
        chosen, _ = _choose(self.outputs, self._target - prediction, n_left)
        revived, dead = theta.copy(), dead[:n_left]
        revived[units.own[dead]] = self.own[chosen]
        revived[self._curve[dead]] = self.curves[chosen]
        revived[units.weights[dead]] = 0
        # what a dead unit gives may be a constant that is of use
        return revived if objective.value(revived) <= objective.value(theta) else theta

    def _draw(self, rng: np.random.Generator, is_near: bool) -> np.ndarray:
        """Give theta with units from the priors, or near the base's, whose drives are of size 1."""
        objective, units = self.objective, self.units
        theta = self.base.copy()
        if is_near:
            own = theta[units.own[rng.integers(units.n, size=units.n)]]
            size = np.sqrt(np.mean(own**2, axis=1, keepdims=True))
            theta[units.own] = own + _NOISE * size * rng.standard_normal(own.shape)
        else:
            theta[units.own] = draw(objective, rng)[units.own]
        theta = np.clip(theta, *objective.bounds)
        cut = units.front.cut
        drive = self._output(cut, theta)
        spread = np.maximum(drive.std(axis=1), np.finfo(float).tiny)
        sign = rng.choice([-1.0, 1.0], len(spread))
        theta[units.flips] *= (sign / spread)[:, None]
        if units.shifts is not None:
            middle = sign * drive.mean(axis=1) / spread
            theta[units.shifts] = units.shift_sign * (rng.uniform(-1, 1, len(spread)) - middle)
        return np.clip(theta, *objective.bounds)

    def _output(self, place: int, theta: np.ndarray) -> np.ndarray:
        return layer_output(self.objective, place, theta)[:, :: self._step]


def draw(objective: Objective, rng: np.random.Generator) -> np.ndarray:
    """Draw theta from the priors, within bounds."""
    theta = np.empty(objective.n_parameters)
    for slot in objective.vector.slots:
        parameter = objective.vector.layers[slot.layer].parameters[slot.name]
        theta[slot.start : slot.stop] = parameter.sample(rng).ravel()
    return np.clip(theta, *objective.bounds)


def _per_unit(objective: Objective, units: Units) -> np.ndarray:
    """Give the entries of the curve's own parameters, (units, parameters)."""
    slots = [slot for slot in objective.vector.slots if slot.layer == units.place]
    columns = [np.arange(slot.start, slot.stop).reshape(units.n, -1) for slot in slots]
    return np.concatenate(columns, axis=1) if columns else np.empty((units.n, 0), int)


def _some(objective: Objective) -> tuple[int, np.ndarray]:
    """Give every how many bins are looked at, and the target there, (outputs, bins)."""
    target = np.concatenate([plan.pack.target for plan in objective.engine.plans], axis=1)
    step = max(1, target.shape[1] // _MOST_BINS)
    return step, np.asarray(target[:, ::step], dtype=float)


def _choose(outputs: np.ndarray, target: np.ndarray, n_chosen: int) -> tuple[list[int], np.ndarray]:
    """Choose units one by one, each the best beside those there; give them and their weights.

    Orthogonal least squares: Chen, Billings & Luo (1989), Int. J. Control 50, 1873.
    """
    known = ~np.isnan(target)
    weight = known.mean(axis=0)
    filled = np.where(known, target, np.nanmean(target, axis=1)[:, None])
    root = np.sqrt(weight / weight.sum())
    x = (outputs - outputs @ weight[:, None] / weight.sum()) * root
    y = (filled - filled @ weight[:, None] / weight.sum()) * root
    left, chosen = x.copy(), list[int]()
    power = np.maximum(np.sum(x**2, axis=1), np.finfo(float).tiny)
    for _ in range(n_chosen):
        norm = np.sum(left**2, axis=1)
        gain = np.sum((left @ y.T) ** 2, axis=1) / (norm + _LOADING * power)
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        chosen.append(best)
        axis = left[best] / max(np.sqrt(norm[best]), np.finfo(float).tiny)
        left -= np.outer(left @ axis, axis)
    square = x[chosen] @ x[chosen].T
    square[np.diag_indices(n_chosen)] += _LOADING * power[chosen]
    return chosen, np.linalg.solve(square, x[chosen] @ y.T)
