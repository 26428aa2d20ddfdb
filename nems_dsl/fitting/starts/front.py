"""Fitting the linear part that a model begins with to covariances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from ...data.trials import STIMULUS
from ...graph.reach import find_reach
from ...graph.wiring import Node
from ...layers.base import flat
from ..engine.jacobian import Jacobian
from ..engine.packs import Pack
from ..engine.passes import Engine, run_backward, run_forward
from ..engine.vector import ParameterVector
from ..moments import Lags
from ..optimisers.gauss_newton import SmoothProblem, gauss_newton
from .receptive_field import RidgeProblem
from .tuning import choose_curves

_DONE = 1e-2
_DAMPING, _HARDLY_DAMPED = 1e-3, 1e-9
_FEW_ITERATIONS = 15
# beyond so many parameters their curvature costs more than it saves
_MOST_FOR_CURVATURE = 600
_MANY_ITERATIONS = 60


def lags_of(nodes: Sequence[Node]) -> Lags:
    """Give the lags that a front depends on."""
    reach = find_reach(nodes, range(len(nodes)))
    assert reach.past is not None
    return Lags(reach.past, reach.future)


class FrontProblem:
    """The squared error of a linear front, as a function of its free parameters.

    The front is run on impulses, one per channel, which give its receptive field; moments of the
    data give the error of that. So no pass over the data is needed.

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
        self.lags, self.ridge, self.n_channels = lags_of(nodes), ridge, n_channels
        self.vector = ParameterVector([node.layer for node in nodes])
        self.bounds = self.vector.bounds()
        pack = _impulses(n_channels, self.lags)
        places = list(range(len(nodes)))
        self.engine = Engine(nodes, places, [pack], self.vector, np.dtype(float))
        self.jacobian = Jacobian(self.engine)
        self._scale = 1 / float(ridge.variance.sum())

    def receptive_field(self, theta: np.ndarray) -> np.ndarray:
        """Give the receptive field, (outputs, channels * lags)."""
        (plan,) = self.engine.plans
        run_forward(plan.forward, self.engine.prepare(self.engine.values(theta)))
        return self._read(flat(plan.last.out))

    def value_and_grad(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Give the share of the variance that is not explained, and its gradient."""
        engine, ridge, (plan,) = self.engine, self.ridge, self.engine.plans
        values = engine.values(theta)
        weights = engine.prepare(values)
        run_forward(plan.forward, weights)
        field = self._read(flat(plan.last.out))
        loaded = field @ ridge.covariance
        error = ridge.variance.sum() + float(np.sum(field * (loaded - 2 * ridge.cross)))
        d_field = 2 * self._scale * (loaded - ridge.cross)
        self._write(d_field, flat(plan.last.d_out))
        d_weights = engine.zero_weights(weights)
        run_backward(plan.backward, d_weights)
        return self._scale * error, engine.gather(values, weights, d_weights)

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        """Give the Gauss-Newton curvature, (n, n)."""
        (plan,) = self.engine.plans
        values = self.engine.values(theta)
        run_forward(plan.forward, self.engine.prepare(values))
        total = np.zeros((len(theta), len(theta)))
        tangents = self.jacobian.tangents(plan, values)
        if tangents is None:
            return total
        fields = self._read(tangents.values)
        for row in np.unique(tangents.rows):
            mine = tangents.rows == row
            entries, field = tangents.entries[mine], fields[mine]
            products = field @ self.ridge.covariance @ field.T
            total[np.ix_(entries, entries)] += 2 * self._scale * products
        return total

    def _read(self, rows: np.ndarray) -> np.ndarray:
        # what comes without any impulse is the front's constant
        by_impulse = rows.reshape(len(rows), self.n_channels + 1, self.lags.n)
        return (by_impulse[:, :-1] - by_impulse[:, -1:]).reshape(len(rows), -1)

    def _write(self, d_field: np.ndarray, d_out: np.ndarray) -> None:
        by_impulse = d_out.reshape(len(d_out), self.n_channels + 1, self.lags.n)
        by_impulse[:, :-1] = d_field.reshape(len(d_out), self.n_channels, -1)
        by_impulse[:, -1] = -by_impulse[:, :-1].sum(axis=1)


def _impulses(n_channels: int, lags: Lags) -> Pack:
    """Give a segment per channel with an impulse in it, and one without."""
    stim = np.zeros((n_channels, n_channels + 1, lags.n))
    stim[np.arange(n_channels), np.arange(n_channels), lags.future] = 1
    starts = np.arange(n_channels + 2) * lags.n
    return Pack({STIMULUS: stim.reshape(n_channels, -1)}, np.empty((0, 0)), starts)


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
    aimed = _aim(problem, n_tunings) if closed_form else np.zeros(problem.vector.size, bool)
    theta = np.clip(problem.vector.read(), *problem.bounds)
    if aimed.any() and not aimed.all():
        # what has no direction yet is far off, and would drag the rest with it
        part = _Part(problem, theta, np.flatnonzero(~aimed))
        theta = part.whole(_solve(part, theta[~aimed], _is_linear(problem, ~aimed)))
    everything = np.ones(len(theta), bool)
    problem.vector.write(_solve(problem, theta, _is_linear(problem, everything)))


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
    for place, node in enumerate(problem.engine.nodes):
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


def _solve(problem: SmoothProblem, theta: np.ndarray, is_linear: bool) -> np.ndarray:
    """Minimise to the accuracy that a start needs; one step does it where all is linear."""
    if len(theta) > _MOST_FOR_CURVATURE:
        found = minimize(
            problem.value_and_grad,
            theta,
            jac=True,
            method="L-BFGS-B",
            bounds=np.column_stack(problem.bounds),
            options={"maxiter": _MANY_ITERATIONS},
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
