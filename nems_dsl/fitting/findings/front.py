"""The one receptive field that a model begins with, as findings look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...graph.fronts import Front, find_fronts
from ..linear.field import ReceptiveField
from ..shrinkage.find import entries_of

if TYPE_CHECKING:
    from ..objective import Objective


class Fitted(NamedTuple):
    """A receptive field, and its parameters where a search ended."""

    front: Front
    field: ReceptiveField
    theta: np.ndarray

    @property
    def label(self) -> str:
        """The layers that it is made of."""
        return "-".join(node.layer.label for node in self.front.nodes)

    @property
    def rows(self) -> np.ndarray:
        """One filter of each output, (n, channels * lags)."""
        return self.field.values(self.theta)


def only_front(objective: Objective) -> Front | None:
    """Give the linear part that a model begins with; None where there are more, or bins differ."""
    fronts = find_fronts(objective.engine.nodes, objective.engine.structure.needed)
    return fronts[0] if len(fronts) == 1 and objective.reach.stride == 1 else None


def fitted_field(objective: Objective, theta: np.ndarray) -> Fitted | None:
    """Give the receptive field of a fit; None where `only_front` is.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Of the whole model.
    """
    front = only_front(objective)
    if front is None:
        return None
    n_channels = objective.engine.plans[0].pack.inputs[front.signal].shape[0]
    field = ReceptiveField(front.nodes, front.signal, n_channels)
    here = entries_of(front.places, field.vector, objective.vector)
    return Fitted(front, field, theta[here])
