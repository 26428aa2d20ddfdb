"""Linear models of several outputs that share no parameters: their minimum, output by output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from ..linear.moments import stimulus_moments
from ..shrinkage.choice import FieldPrior
from ..shrinkage.each import find_linear_map
from ..shrinkage.find import entries_of

if TYPE_CHECKING:
    from ..objective import Objective

# outputs for which eigenvectors take less time than a factorisation for each
_MANY = 20


def solve_by_output(objective: Objective) -> np.ndarray | None:
    """Give the parameters of a linear model of several outputs, one after the other.

    Returns
    -------
    (n,) ndarray or None
        Where the loss and the penalties of its receptive fields have their minimum, if every
        sample is known; None if outputs share parameters, or are not shrunk as the data ask.
    """
    if len(objective.shrunk) != 1 or objective.penalties or not objective.loss.is_squared:
        return None
    (shrunk,) = objective.shrunk
    recording, prior = objective.recording, shrunk.prior
    known = find_linear_map(objective.engine.nodes, recording.signals)
    if known is None or known.front.places != shrunk.front.places or not shrunk.is_quadratic:
        return None
    if len(known.entries) != len(prior.cross):
        return None
    try:
        fields = _fields(prior)
    except LinAlgError:
        # a stimulus without power in some direction, of which the prior says nothing
        return None
    counts = sum(np.sum(~np.isnan(trial), axis=0) for trial in objective.target)
    means = sum(np.nansum(trial, axis=0) for trial in objective.target) / np.maximum(counts, 1)
    stimulus = stimulus_moments(recording, known.field.lags, known.front.signal).mean
    there = np.empty(objective.n_parameters)
    places = entries_of(known.front.places, known.field.vector, objective.vector)
    there[places] = known.theta(fields, means - fields @ stimulus)
    return there


def _fields(prior: FieldPrior) -> np.ndarray:
    """Give the receptive fields of highest posterior density, (outputs, n)."""
    if len(prior.cross) < _MANY:
        found = [
            cho_solve(cho_factor(prior.covariance + strength * prior.precision), row)
            for row, strength in zip(prior.cross, prior.strengths, strict=True)
        ]
        return np.array(found)
    power, axes = eigh(prior.covariance, prior.precision)
    return np.asarray((prior.cross @ axes / (power + prior.strengths[:, None])) @ axes.T)
