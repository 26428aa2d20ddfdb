"""From strong shrinkage to weak, as far as the data carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .evidence import WEAKEST, is_plenty
from .held_out import HeldOut

if TYPE_CHECKING:
    from ..objective import Objective

#: Of the strengths that the linear model asks for.
FACTORS = (16.0, 4.0, 1.0, 0.25, 0.0625, 2.0**-6, 2.0**-8)
_MOST_PARAMETERS = 1000
# standard errors within which a stronger one is as good
_AS_GOOD_AS_BEST = 0.5


def factors_to_try(objective: Objective) -> tuple[float, ...]:
    """Give the factors of the strengths that a fit goes through, falling; 0 is none at all.

    One that is linear needs no other than what the evidence says. Where curves are steep, a linear
    model's strength may be too weak: noise is larger there, and the start from the linear model
    has a way out to a minimum that describes the noise. Where noise is low it may be far too
    strong: what a line leaves of a curved response is slow, and counts as slow noise. So a search
    goes on to weaker ones as long as each predicts better than the one before.
    """
    shrunk = [each for each in objective.shrunk if each.from_data]
    n = objective.n_parameters
    if not shrunk:
        return (1.0,)
    if all(each.prior.strengths.max() <= WEAKEST * (1 + 1e-9) for each in shrunk):
        # without noise there is nothing to be shrunk for
        return (0.0,)
    if is_plenty(objective.loss.n_samples, n):
        return (0.0,)
    if all(each.is_quadratic for each in shrunk) or n > _MOST_PARAMETERS:
        return (1.0,)
    has_curvature = all(penalty.is_smooth for penalty in objective.penalties)
    if not has_curvature or objective.engine.structure.without_kernels():
        return (1.0,)
    return FACTORS


def choose_stage(stages: Sequence[HeldOut]) -> int:
    """Choose among falling strengths: the first that is as good as the best.

    As good is what differs by less than half a standard error of the difference over stretches
    (Breiman et al. 1984, Classification and regression trees, take one, which weak responses give
    far too much shrinkage): what data of one kind cannot tell from noise does not hold for data of
    another.
    """
    best = min(stages, key=lambda each: each.loss)
    for number, each in enumerate(stages):
        apart = each.losses - best.losses
        error = np.std(apart, ddof=1) * np.sqrt(len(apart)) if len(apart) > 1 else 0.0
        if each is best or apart.sum() <= _AS_GOOD_AS_BEST * error:
            return number
    raise AssertionError("the best is as good as itself")
