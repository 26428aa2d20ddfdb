"""From strong shrinkage to weak, as far as the data carry; and whether ridge would do better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .held_out import HeldOut
from .linear import correlate_ridge

if TYPE_CHECKING:
    from ..objective import Objective

#: Of the strengths that the linear model asks for.
FACTORS = (16.0, 4.0, 1.0)
_MOST_PARAMETERS = 1000
# so many bins to a parameter tell it whatever the prior
_PLENTY = 500
# what is within this of ridge is as good
_AS_GOOD = 0.01


def factors_to_try(objective: Objective) -> tuple[float, ...]:
    """Give the factors of the strengths that a fit goes through, falling.

    One that is linear needs no other than what the evidence says. Where curves are steep, a linear
    model's strength may be too weak: noise is larger there, and the start from the linear model
    has a way out to a minimum that describes the noise.
    """
    shrunk = [each for each in objective.shrunk if each.from_data and not each.is_quadratic]
    n = objective.n_parameters
    if not shrunk or n > _MOST_PARAMETERS or objective.engine.structure.without_kernels():
        return (1.0,)
    if not all(penalty.is_smooth for penalty in objective.penalties):
        return (1.0,)
    if objective.loss.n_samples > _PLENTY * n:
        return (1.0,)
    return FACTORS


def choose_stage(stages: Sequence[HeldOut]) -> int:
    """Choose among falling strengths: the first that is as good as the best.

    As good is what differs by less than one standard error of the difference over stretches
    (Breiman et al. 1984, Classification and regression trees): what data of one kind cannot tell
    from noise does not hold for data of another.
    """
    best = min(stages, key=lambda each: each.loss)
    for number, each in enumerate(stages):
        apart = each.losses - best.losses
        error = np.std(apart, ddof=1) * np.sqrt(len(apart)) if len(apart) > 1 else 0.0
        if each is best or apart.sum() <= error:
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
    ridge = correlate_ridge(
        objective.recording, shrunk.front.signal, field.lags, shrunk.prior, objective.target
    )
    if ridge is None or np.isnan(ridge) or held_out.correlation >= ridge - _AS_GOOD:
        return []
    return [
        f"ridge regression predicts stretches that it was not fitted to with r = {ridge:.3f}, "
        f"this model with r = {held_out.correlation:.3f}: for prediction take a linear model, "
        "such as fir-lvl, or more data"
    ]
