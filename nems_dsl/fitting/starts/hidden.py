"""A start for models with a hidden layer: from the smaller model inside, and from drawn units."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...data.folds import Stretch, mask
from ...data.trials import STIMULUS
from ...graph.hidden import Hidden, find_hidden
from .drawn_units import UnitPool, draw
from .hidden_units import Units, find_units
from .race import race
from .smaller import Smaller, fit_smaller

if TYPE_CHECKING:
    from ..objective import Objective

# draws of all units, fewer of many units; and starts made of the best among so many times as many
# units as there are
_N_DRAWS, _FEWEST_DRAWS, _MOST_UNITS = 60, 8, 600
_AMONG = (5, 20) * 4
# values that go into a gradient: so many starts run where there are as many, and up to so many
# times as many where there are fewer
_USUAL_COST, _MOST_TIMES = 1_000_000, 3
# a race needs no more of the data: so many bins, and so many for each parameter
_BINS, _BINS_PER_PARAMETER = 10_000, 40
_N_PIECES = 20


@dataclass(frozen=True)
class HiddenStart:
    """Where the search of a model with a hidden layer starts.

    Attributes
    ----------
    theta : (n,) ndarray
    smaller : Smaller or None
        The linear-nonlinear model inside, where one can be put in.
    """

    theta: np.ndarray
    smaller: Smaller | None


def start_hidden(
    objective: Objective,
    rng: np.random.Generator,
    max_seconds: float = np.inf,
    validation: Objective | None = None,
) -> HiddenStart | None:
    """Find a start for a model with a hidden layer.

    The linear-nonlinear model inside is fitted, and put in. Other starts take the best of units
    that are drawn at random, weighted by least squares. All run a race of short searches, and the
    winner is never above the smaller model; units in it that are dead are aimed anew.

    Parameters
    ----------
    objective : Objective
        Its model's parameters are set.
    rng : Generator
    max_seconds : float
        Rounds of the race end after that.
    validation : Objective, optional
        Of data held out, which then tell who wins the race, and where each search ends.

    Returns
    -------
    HiddenStart or None
        None if the model is of another form.
    """
    began = time.perf_counter()
    told = find_hidden_units(objective)
    if told is None:
        return None
    hidden, units = told
    smaller = fit_smaller(objective, hidden, units)
    base = objective.theta0 if smaller is None else smaller.theta
    starts = [] if smaller is None else [smaller.theta]
    part = objective if validation is not None else _part(objective)
    n_bins = sum(plan.pack.length for plan in part.engine.plans)
    cost = max(n_bins * objective.n_parameters, 1)
    times = int(np.clip(_USUAL_COST // cost, 1, _MOST_TIMES))
    pool = None
    reader = objective.engine.nodes[units.reader.layer].layer
    if reader.memory == 0 and units.weights.shape[1] == objective.engine.output_shape[0]:
        n_draws = int(np.clip(_MOST_UNITS // units.n, _FEWEST_DRAWS, _N_DRAWS))
        pool = UnitPool(part, hidden, units, np.clip(base, *objective.bounds), n_draws, rng)
        made = (pool.start(rng, many * units.n) for many in _AMONG * times)
        starts += [theta for theta in made if theta is not None]
    else:
        starts += [draw(objective, rng) for _ in _AMONG * times]
    if not starts:
        return None
    found = race(part, starts, began + max_seconds, validation, times)
    if not found:
        return None
    best = found[0] if pool is None or validation is not None else pool.revive(found[0])
    theta = min([best, starts[0]], key=(validation or objective).value)
    return HiddenStart(theta, smaller)


def find_hidden_units(objective: Objective) -> tuple[Hidden, Units] | None:
    """Give the hidden layer of a model, and its units, if it is of a form that starts from data."""
    if objective.engine.structure.numeric or STIMULUS not in objective.recording.signals:
        return None
    nodes = objective.engine.nodes
    hidden = find_hidden(nodes)
    if hidden is None or len(hidden.places) > 1:
        return None
    n_channels = objective.recording.signals[STIMULUS][0].shape[1]
    units = find_units(nodes, hidden, objective.vector, n_channels)
    return None if units is None else (hidden, units)


def _part(objective: Objective) -> Objective:
    """Give the objective of a part of the data, spread over it, where there is more than enough."""
    target = objective.target
    enough = max(_BINS, _BINS_PER_PARAMETER * objective.n_parameters)
    n_bins = sum(len(trial) for trial in target)
    if n_bins <= 2 * enough:
        return objective
    length = max(enough // _N_PIECES, 1)
    step = n_bins * length // enough
    parts, at = [], 0
    for number, trial in enumerate(target):
        first = -at % step
        parts += [
            Stretch(number, start, min(start + length, len(trial)))
            for start in range(first, len(trial), step)
        ]
        at += len(trial)
    recording = objective.recording.with_response(mask(target, parts))
    if any(np.isnan(np.concatenate(recording.target)).all(axis=0)):
        return objective
    return objective.alike(objective.engine.nodes, recording)
