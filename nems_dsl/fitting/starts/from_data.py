"""A start derived from data: linear front in closed form, then the nonlinearity from a scatter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...data.trials import STIMULUS
from ...graph.skeleton import Skeleton, find_skeleton
from ...layers.base import KernelLayer, flat
from ..engine.passes import run_forward
from ..linear.covariance import lagged_inputs
from ..linear.field import lags_of
from ..linear.moments import Lags, stimulus_moments
from ..linear.ridge import RidgeProblem, ridge_problem
from .front import FrontProblem, fit_front
from .iterative import iterative_ridge_problem
from .scatter import fit_tail, scatter

if TYPE_CHECKING:
    from ..objective import Objective

# beyond this the covariance of all channels and lags takes more memory and time than it saves,
# and products with it are taken from the data
MOST_INPUTS = 3000
# a scatter of so many samples tells a curve well
_SCATTER_BINS = 20_000


def start_from_data(
    objective: Objective, closed_form: bool = True, n_tunings: int | None = None
) -> np.ndarray | None:
    """Derive a start from data, for a chain that begins linearly and ends with static layers.

    The linear part is fitted to the lagged covariances of stimulus and response; then the static
    layers, and the gain of what they are given, to the scatter of the response against it.

    Parameters
    ----------
    objective : Objective
        Its model's parameters are set.
    closed_form : bool
        Let the linear part begin from the factors of the regularised receptive field, and not
        from the parameters that the model has.
    n_tunings : int, optional
        As for `fit_front`.

    Returns
    -------
    (n,) ndarray, or None
        Theta, within bounds; None if the model is not of that form.
    """
    engine = objective.engine
    skeleton = find_skeleton(engine.nodes, engine.structure.needed)
    if skeleton is None or STIMULUS not in objective.recording.signals:
        return None
    stim = objective.recording.signals[STIMULUS]
    lags = lags_of(skeleton.nodes)
    ridge = _pose(objective, lags)
    problem = FrontProblem(skeleton.nodes, stim[0].shape[1], ridge)
    fit_front(problem, closed_form, n_tunings)
    fit_static(objective, skeleton)
    return np.clip(objective.vector.read(), *objective.bounds)


def _pose(objective: Objective, lags: Lags) -> RidgeProblem:
    """Pose the regularised linear model, with the covariance held whole or by products."""
    recording, target = objective.recording, objective.target
    if recording.signals[STIMULUS][0].shape[1] * lags.n > MOST_INPUTS:
        return iterative_ridge_problem(lagged_inputs(recording, lags), target)
    for each in objective.shrunk:
        # further lags of the linear part may lie in layers after the cut
        if each.front.signal == STIMULUS and each.penalty.field.lags == lags:
            return each.prior.problem()
    silent = [number for number, trial in enumerate(target) if np.isnan(trial).all()]
    return ridge_problem(stimulus_moments(recording, lags, left_out=silent), target)


def fit_static(objective: Objective, skeleton: Skeleton) -> None:
    """Fit the static layers, and the gain of the front."""
    nodes = objective.engine.nodes
    static = (nodes[place].layer for place in skeleton.tail)
    tail = [layer for layer in static if isinstance(layer, KernelLayer)]
    if not tail:
        return
    drive, target = _at_the_cut(objective, skeleton.cut)
    cut = nodes[skeleton.cut].layer
    assert isinstance(cut, KernelLayer)
    gain = _free_gain(cut, len(drive))
    factors = fit_tail(tail, *scatter(drive, target), fit_gain=gain is not None)
    if gain is not None:
        # what the layer adds is scaled with the rest
        for name in (gain, *cut.facts.additive):
            parameter = cut.parameters[name]
            parameter.values = parameter.values * (factors if len(factors) > 1 else factors[0])


def _at_the_cut(objective: Objective, cut: int) -> tuple[np.ndarray, np.ndarray]:
    """Give what the linear part makes of some of the data, and the response to it."""
    engine = objective.engine
    weights = engine.prepare(engine.values(objective.vector.read()))
    n_bins = sum(plan.pack.length for plan in engine.plans)
    step = max(1, min(len(engine.plans), n_bins // _SCATTER_BINS))
    drives, targets = [], []
    for plan in engine.plans[::step]:
        steps = [each for each in plan.forward if each.place <= cut]
        run_forward(steps, weights)
        drives.append(np.array(flat(steps[-1].work.out), dtype=float))
        targets.append(np.array(plan.pack.target, dtype=float))
    return np.concatenate(drives, axis=1), np.concatenate(targets, axis=1)


def _free_gain(layer: KernelLayer, n_outputs: int) -> str | None:
    """Name the parameter that scales each output of a layer, if it may move."""
    name = layer.facts.gain
    names = (name, *layer.facts.additive)
    if name is None or any(layer.parameters[each].is_frozen for each in names if each):
        return None
    shape = layer.parameters[name].shape
    return name if n_outputs == 1 or shape[-1:] == (n_outputs,) else None
