"""Static nonlinearities from the scatter of response against linear prediction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...graph.wiring import Node, Source
from ...layers.base import KernelLayer
from ...layers.nonlinearity import Scale
from ..engine.jacobian import Jacobian
from ..engine.packs import Pack
from ..engine.passes import Engine
from ..engine.vector import ParameterVector
from ..losses import MeanSquaredError
from ..optimisers.gauss_newton import gauss_newton

N_BINS = 64
_MAX_ITERATIONS = 30
_DONE = 1e-2
# of the variance of the scatter: another start would hardly tell the curve better
_GOOD = 0.02
# relative to the size of a drive
_CONSTANT = 1e-9
_SIGNAL = "drive"
_STEEP, _DAMPING = 4.0, 0.1


def scatter(drive: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the means of response and drive in bins of equally many samples.

    Parameters
    ----------
    drive, target : (outputs, T) arrays
        NaN in the target is left out.

    Returns
    -------
    drive, target : (outputs, bins) arrays
        The target is NaN in bins that an output has too few samples for.
    """
    found = [_scatter_one(u, y) for u, y in zip(drive, target, strict=True)]
    n = max(len(u) for u, _ in found)
    drives, targets = np.zeros((len(found), n)), np.full((len(found), n), np.nan)
    for row, (u, y) in enumerate(found):
        drives[row, : len(u)], targets[row, : len(y)] = u, y
        # bins that an output has too few samples for count as little as any NaN
        drives[row, len(u) :] = u.mean() if len(u) else 0.0
    return drives, targets


def _scatter_one(drive: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    valid = ~np.isnan(target)
    u, y = drive[valid], target[valid]
    n = min(N_BINS, len(u))
    if not n:
        return u, y
    order = np.argsort(u, kind="stable")
    edges = np.linspace(0, len(u), n, endpoint=False).astype(int)
    counts = np.diff([*edges, len(u)])
    return np.add.reduceat(u[order], edges) / counts, np.add.reduceat(y[order], edges) / counts


def fit_tail(
    layers: Sequence[KernelLayer], drive: np.ndarray, target: np.ndarray, fit_gain: bool
) -> np.ndarray:
    """Fit static layers to a scatter, and the gain of what they are given.

    Parameters
    ----------
    layers : sequence of KernelLayer
        Their free parameters are set.
    drive, target : (outputs, bins) arrays
    fit_gain : bool
        Whether the drive may be scaled.

    Returns
    -------
    (outputs,) ndarray
        The gain.
    """
    scale = Scale((len(drive),), input=_SIGNAL)
    spread = drive.std(axis=1)
    # nothing tells the gain of a drive that never changes
    spread = np.where(spread > _CONSTANT * np.abs(drive).max(axis=1), spread, 1.0)
    if not fit_gain:
        scale.parameters["gain"].freeze()
    nodes = [Node(scale, (Source(signal=_SIGNAL),))]
    nodes += [Node(layer, (Source(layer=place),)) for place, layer in enumerate(layers)]
    problem = _TailProblem(nodes, drive, target)
    best_value, best = np.inf, problem.vector.read()
    # as the linear fit has it, in units of the response; and in units of its own spread
    for factor in (np.ones_like(spread), 1 / spread, _STEEP / spread) if fit_gain else (1.0,):
        if fit_gain:
            scale.parameters["gain"].values = factor
        _guess(layers, factor * drive.T, _filled(target))
        value, theta = problem.solve(np.clip(problem.vector.read(), *problem.bounds))
        if value < best_value:
            best_value, best = value, theta
        if value < _GOOD * np.nanvar(target):
            break
    problem.vector.write(best)
    return scale.parameters["gain"].values.copy()


def _filled(target: np.ndarray) -> np.ndarray:
    """Give the mean of an output in the bins that it has too few samples for."""
    is_known = ~np.isnan(target)
    counts = np.maximum(is_known.sum(axis=1), 1)
    means = np.where(is_known, target, 0.0).sum(axis=1) / counts
    return np.where(is_known, target, means[:, None])


def _guess(layers: Sequence[KernelLayer], signal: np.ndarray, target: np.ndarray) -> None:
    """Set the free parameters that each layer can tell from what comes in and what is wanted.

    `signal` is (samples, outputs), and `target` (outputs, samples).
    """
    for layer in layers:
        guess = layer.facts.guess
        guessed = {} if guess is None else guess(signal.T, target)
        for name, values in guessed.items():
            parameter = layer.parameters[name]
            if not parameter.is_frozen:
                parameter.values = np.clip(
                    values.reshape(parameter.shape), *parameter.bound_arrays()
                )
        signal = layer.evaluate(signal)


class _TailProblem:
    """The mean squared error of static layers on a scatter."""

    def __init__(self, nodes: Sequence[Node], drive: np.ndarray, target: np.ndarray):
        self.vector = ParameterVector([node.layer for node in nodes])
        self.bounds = self.vector.bounds()
        pack = Pack({_SIGNAL: drive}, target, np.array([0, drive.shape[1]]))
        places = list(range(len(nodes)))
        self.engine = Engine(nodes, places, [pack], self.vector, np.dtype(float))
        self.jacobian = Jacobian(self.engine)
        self.loss = MeanSquaredError([target.T])

    def value_and_grad(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        total, gradient = self.engine.total_and_gradient(theta, self.loss)
        value, factor = self.loss.finish(total)
        return value, factor * gradient

    def curvature(self, theta: np.ndarray) -> np.ndarray:
        _, factor = self.loss.finish(1.0)
        return factor * self.jacobian.curvature(theta, self.loss)

    def solve(self, start: np.ndarray) -> tuple[float, np.ndarray]:
        if not len(start):
            return 0.0, start
        found = [(self.value_and_grad(start)[0], start)]

        def after(value: float, theta: np.ndarray) -> bool:
            gained = found[-1][0] - value
            found.append((value, theta))
            return gained < _DONE * value

        gauss_newton(self, start, after, _MAX_ITERATIONS, damping=_DAMPING)
        return found[-1]
