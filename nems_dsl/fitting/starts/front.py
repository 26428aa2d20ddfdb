"""Fitting the linear part that a model begins with to covariances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from ...data.trials import STIMULUS
from ...graph.wiring import Node
from ..linear.field import ReceptiveField
from ..linear.ridge import RidgeProblem
from ..optimisers.gauss_newton import SmoothProblem, gauss_newton
from .tuning import choose_curves

_DONE = 1e-2
_DAMPING, _HARDLY_DAMPED = 1e-3, 1e-9
_FEW_ITERATIONS = 15
# beyond so many parameters their curvature costs more than it saves
_MOST_FOR_CURVATURE = 600
# values of the fields that all parameters change, and of the impulses that the front is run on
_MOST_FOR_FIELDS, _MANY_IMPULSES = 1 << 22, 1 << 24
_MANY_GRADIENTS, _FEW_GRADIENTS = 60, 10


class FrontProblem:
    """The squared error of a linear front, as a function of its free parameters.

    Moments of the data give the error of the front's receptive field, so that no pass over the
    data is needed.

    Parameters
    ----------
    nodes : sequence of Node
        The front.
    n_channels : int
        Of the stimulus.
    ridge : RidgeProblem
        At the lags of the front.
    """

    def __init__(self, nodes: Sequence[Node], n_channels: int, ridge: RidgeProblem):
        self.field = ReceptiveField(nodes, STIMULUS, n_channels)
        self.ridge, self.n_channels, self.nodes = ridge, n_channels, nodes
        self.vector = self.field.vector
        self.bounds = self.vector.bounds()
        self._scale = 1 / float(ridge.variance.sum())

    def value_and_grad(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Give the share of the variance that is not explained, and its gradient."""
        ridge, field = self.ridge, self.field.values(theta)
        loaded = ridge.covariance.times(field)
        error = ridge.variance.sum() + float(np.sum(field * (loaded - 2 * ridge.cross)))
        d_field = 2 * self._scale * (loaded - ridge.cross)
        return self._scale * error, self.field.gradient(theta, d_field)

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        """Give the Gauss-Newton curvature, (n, n)."""
        total = np.zeros((len(theta), len(theta)))
        for _, entries, fields in self.field.tangents(theta):
            products = self.ridge.covariance.times(fields) @ fields.T
            total[np.ix_(entries, entries)] += 2 * self._scale * products
        return total


def fit_front(problem: FrontProblem, closed_form: bool, n_tunings: int | None = None) -> None:
    """Fit a front to moments, and set its layers' parameters.

    Parameters
    ----------
    problem : FrontProblem
    closed_form : bool
        Begin from the factors of the receptive field that no rank limits.
    n_tunings : int, optional
        Choose so many tuning curves, and give them to more outputs in turn; by default one for
        each.
    """
    if not problem.vector.size:
        return
    n_gradients = _n_gradients(problem)
    aimed = _aim(problem, n_tunings) if closed_form else np.zeros(problem.vector.size, bool)
    theta = np.clip(problem.vector.read(), *problem.bounds)
    if aimed.any() and not aimed.all():
        # what has no direction yet is far off, and would drag the rest with it
        part = _Part(problem, theta, np.flatnonzero(~aimed))
        theta = part.whole(_solve(part, theta[~aimed], n_gradients, _is_linear(problem, ~aimed)))
    everything = np.ones(len(theta), bool)
    problem.vector.write(_solve(problem, theta, n_gradients, _is_linear(problem, everything)))


def _is_linear(problem: FrontProblem, moving: np.ndarray) -> bool:
    """Tell whether the receptive field is linear in the entries of theta that move."""
    slots = [slot for slot in problem.vector.slots if moving[slot.start : slot.stop].any()]
    if len({slot.layer for slot in slots}) > 1:
        return False
    layers = problem.vector.layers
    return all(slot.name in layers[slot.layer].facts.linear_in for slot in slots)


def _aim(problem: FrontProblem, n_tunings: int | None) -> np.ndarray:
    """Turn the layers that weight channels; tell which entries of theta are set by that."""
    ridge, slots = problem.ridge, problem.vector.slots
    n_outputs = len(ridge.cross)
    fields = ridge.weights.reshape(n_outputs, problem.n_channels, -1)
    by_channel = fields.transpose(1, 0, 2).reshape(problem.n_channels, -1)
    directions = np.linalg.svd(by_channel, full_matrices=False)[0]
    # the sign is free; a layer such as `stp`, left out here, gives nothing below 0
    directions *= np.where(directions.sum(axis=0) < 0, -1.0, 1.0)
    aimed = np.zeros(problem.vector.size, bool)
    for place, node in enumerate(problem.nodes):
        layer = node.layer
        if node.sources[0].signal is None:
            continue
        facts = layer.facts
        found: dict[str, np.ndarray] = {}
        if facts.aim is not None:
            found = facts.aim(directions)
        if facts.tunings is not None:
            curves, parameters = facts.tunings()
            size = layer.parameters[next(iter(parameters))].size
            chosen = np.resize(choose_curves(ridge, curves, min(size, n_tunings or size)), size)
            found = {name: values[chosen] for name, values in parameters.items()}
        free = {slot.name: slot for slot in slots if slot.layer == place}
        if found.keys() <= free.keys():
            for name, values in found.items():
                slot = free[name]
                layer.parameters[name].values = values.reshape(slot.shape)
                aimed[slot.start : slot.stop] = True
    return aimed


class _Part:
    """A problem in which some entries of theta stay where they are."""

    def __init__(self, problem: FrontProblem, theta: np.ndarray, moving: np.ndarray):
        self.problem, self.theta, self.moving = problem, theta, moving
        self.bounds = problem.bounds[0][moving], problem.bounds[1][moving]

    def whole(self, part: np.ndarray) -> np.ndarray:
        theta = self.theta.copy()
        theta[self.moving] = part
        return theta

    def value_and_grad(self, part: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = self.problem.value_and_grad(self.whole(part))
        return value, gradient[self.moving]

    def curvature(self, part: np.ndarray) -> np.ndarray:
        square = self.problem.curvature(self.whole(part))
        return square[np.ix_(self.moving, self.moving)]


def _n_gradients(problem: FrontProblem) -> int:
    """Give how many gradients to go by where curvature costs too much; 0 where it does not."""
    n, n_inputs = problem.vector.size, problem.ridge.covariance.n_inputs
    if n <= _MOST_FOR_CURVATURE and n * n_inputs <= _MOST_FOR_FIELDS:
        return 0
    # a gradient of so many impulses costs more than one by the data, which the search takes
    return _FEW_GRADIENTS if problem.n_channels * n_inputs > _MANY_IMPULSES else _MANY_GRADIENTS


def _solve(
    problem: SmoothProblem, theta: np.ndarray, n_gradients: int, is_linear: bool
) -> np.ndarray:
    """Minimise to the accuracy that a start needs; one step does it where all is linear."""
    if n_gradients:
        found = minimize(
            problem.value_and_grad,
            theta,
            jac=True,
            method="L-BFGS-B",
            bounds=np.column_stack(problem.bounds),
            options={"maxiter": n_gradients},
        )
        return np.asarray(found.x)
    values, best = [problem.value_and_grad(theta)[0]], theta

    def after(value: float, moved: np.ndarray) -> bool:
        nonlocal best
        values.append(value)
        best = moved
        return values[-2] - value < _DONE * value

    limits = (1, _HARDLY_DAMPED) if is_linear else (_FEW_ITERATIONS, _DAMPING)
    gauss_newton(problem, theta, after, *limits)
    return best
