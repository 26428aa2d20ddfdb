"""Finding that the units of a hidden layer want other starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...data.trials import STIMULUS
from ...graph.hidden import find_hidden
from ..linear.moments import Lags
from ..shrinkage.choice import choose_prior
from ..shrinkage.priors import Smoothness

if TYPE_CHECKING:
    from ..objective import Objective

_MOST_INPUTS = 1000
# of what a line explains
_MUCH_LESS = 0.98


def wants_other_starts(objective: Objective, loss: float) -> list[str]:
    """Find that a model with a hidden layer explains less than a line, which it contains.

    Parameters
    ----------
    objective : Objective
    loss : float
        At the end of the fit, without penalties.

    Returns
    -------
    list of str
        Of one warning, or empty. For squared losses, and models that read the stimulus alone.

    Notes
    -----
    Two units of opposite signs pass on what comes into them, so that the lowest loss is no higher
    than that of a linear model. This has the strength of highest evidence, and so explains less
    than it could.
    """
    reach, recording = objective.reach, objective.recording
    if not objective.loss.is_squared or find_hidden(objective.engine.nodes) is None:
        return []
    if reach.past is None or reach.stride > 1 or set(recording.signals) != {STIMULUS}:
        return []
    lags = Lags(reach.past, reach.future)
    n_inputs = recording.signals[STIMULUS][0].shape[1] * lags.n
    if not 1 < n_inputs <= _MOST_INPUTS:
        return []
    line = choose_prior(recording, STIMULUS, lags, objective.target, [Smoothness()])
    weights = objective.loss.weights * np.where(line.variance > 0, 1.0, 0.0)
    left = (
        line.variance
        - 2 * np.sum(line.fields * line.cross, axis=1)
        + np.sum(line.fields * (line.fields @ line.covariance), axis=1)
    )
    total = float(weights @ line.variance)
    by_line = 1 - float(weights @ left) / total if total > 0 else 0.0
    explained = 1 - (loss / objective.loss.of_mean) ** objective.loss.search_power
    if explained >= _MUCH_LESS * by_line:
        return []
    return [
        f"the hidden layer explains {100 * max(explained, 0):.3g} % of the variance of these data, "
        f"where a linear model explains {100 * by_line:.3g} %: the search ended in a minimum that "
        'is not the lowest; take other starts (n_starts=5), or init="auto"'
    ]
