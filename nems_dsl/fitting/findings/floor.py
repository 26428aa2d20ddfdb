"""Finding that a model cannot go as low as the response does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...layers.base import KernelLayer, flat
from ..engine.passes import run_forward

if TYPE_CHECKING:
    from ..objective import Objective

# the mean of what lies below, in standard deviations of the response, and in standard errors
_DEEP, _SURE = 0.2, 4.0


def below_the_floor(objective: Objective, theta: np.ndarray) -> list[str]:
    """Find that the response lies below 0 on average where the prediction is at 0, its least.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where the search ended.

    Returns
    -------
    list of str
        Of one warning, or empty.
    """
    engine = objective.engine
    layer = engine.nodes[engine.structure.last].layer
    if objective.loss.needs_rates or not isinstance(layer, KernelLayer) or not _ends_at_0(layer):
        return []
    weights = engine.prepare(engine.values(theta))
    found = []
    for plan in engine.plans:
        run_forward(plan.forward, weights)
        target = flat(plan.pack.target)
        found.append(target[(flat(plan.last.out) <= 0) & ~np.isnan(target)])
    there = np.concatenate(found)
    if len(there) < 2:
        return []
    mean, sd = float(there.mean()), np.sqrt(objective.loss.variance)
    error = float(there.std()) / np.sqrt(len(there))
    if mean > -_DEEP * sd or mean > -_SURE * error:
        return []
    return [
        f"{layer.label} gives nothing below 0, but where it gives 0 the response is "
        f"{-mean / sd:.2g} standard deviations below that on average; free its offset, as "
        f"{layer.label}.o does, or add a lvl after it"
    ]


def _ends_at_0(layer: KernelLayer) -> bool:
    """Tell whether a layer gives 0 for a range of inputs, and never less."""
    facts = layer.facts
    return (
        facts.nonnegative is not None
        and facts.nonnegative.reaches_zero
        and facts.nonnegative.inputs == "none"
        and all(layer.parameters[name].is_permanent for name in facts.nonnegative.parameters)
    )
