"""From strong shrinkage to weak, as far as the data carry; and whether ridge would do better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .evidence import WEAKEST
from .held_out import HeldOut, correlate
from .linear import predict_by_ridge

if TYPE_CHECKING:
    from ..objective import Objective

#: Of the strengths that the linear model asks for.
FACTORS = (16.0, 4.0, 1.0, 0.25, 0.0625, 2.0**-6, 2.0**-8)
_MOST_PARAMETERS = 1000
# so many bins to a parameter tell it whatever the prior
_PLENTY = 500
# standard errors within which a stronger one is as good
_AS_GOOD_AS_BEST = 0.5
# what is within this of ridge is as good
_AS_GOOD = 0.01


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
    if objective.loss.n_samples > _PLENTY * n:
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


def worse_than_ridge(objective: Objective, held_out: HeldOut | None) -> list[str]:
    """Find that ridge regression would predict better what a fit has not seen.

    Returns
    -------
    list of str
        Of one warning, or empty.
    """
    if held_out is None:
        return []
    (shrunk,) = objective.shrunk[:1]
    field = shrunk.penalty.field
    if len(shrunk.prior.cross) != objective.target[0].shape[1]:
        return []
    found = predict_by_ridge(
        objective.recording, shrunk.front.signal, field.lags, shrunk.prior, objective.target
    )
    if found is None:
        return []
    ridge, ours = correlate(*found), held_out.correlation
    apart = ridge - ours
    if np.isnan(apart) or apart < max(_AS_GOOD, _error_of_difference(found, held_out)):
        return []
    return [
        f"ridge regression predicts stretches that it was not fitted to with r = {ridge:.3f}, "
        f"this model with r = {ours:.3f}: for prediction take a linear model, such as fir-lvl, or "
        "more data"
    ]


def _error_of_difference(
    ridge: tuple[list[np.ndarray], list[np.ndarray]], held_out: HeldOut
) -> float:
    """Give the standard error of a difference of correlations, leaving out stretch by stretch."""
    n = min(len(ridge[0]), len(held_out.predictions))

    def without(side: tuple[list[np.ndarray], list[np.ndarray]], k: int) -> float:
        return correlate(*([*part[:k], *part[k + 1 :]] for part in side))

    ours = held_out.predictions, held_out.targets
    apart = np.array([without(ridge, k) - without(ours, k) for k in range(n)])
    return float(np.sqrt((n - 1) / n * np.sum((apart - apart.mean()) ** 2)))
