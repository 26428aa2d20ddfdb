"""Finding that ridge regression would predict better what a fit has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..shrinkage.held_out import HeldOut, correlate
from ..shrinkage.linear import predict_by_ridge

if TYPE_CHECKING:
    from ..objective import Objective

# what is within this of ridge is as good
_AS_GOOD = 0.01


def worse_than_ridge(objective: Objective, held_out: HeldOut | None) -> list[str]:
    """Find that ridge regression would predict better what a fit has not seen.

    Returns
    -------
    list of str
        Of one warning, or empty.
    """
    if held_out is None or not objective.shrunk:
        return []
    shrunk = objective.shrunk[0]
    field = shrunk.penalty.field
    if len(shrunk.prior.cross) != objective.target[0].shape[1]:
        return []
    found = predict_by_ridge(
        objective.recording,
        shrunk.front.signal,
        field.lags,
        shrunk.linear_prior,
        objective.target,
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
