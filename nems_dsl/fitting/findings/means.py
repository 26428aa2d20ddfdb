"""Finding that a constant would have done as well as a model, or better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..objective import Objective

# of what can be explained
_WORSE, _BETTER = 0.01, 1e-5


def worse_than_mean(objective: Objective, theta: np.ndarray) -> list[str]:
    """Find that a constant would have done as well or better, penalties apart.

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
    loss = objective.loss
    value, _ = loss.finish(objective.engine.total(theta, loss))
    if value < loss.of_mean - _BETTER * (loss.of_mean - loss.least):
        return []
    is_worse = value - loss.of_mean > _WORSE * (loss.of_mean - loss.least)
    compared = (
        f"its nmse is {(value / loss.of_mean) ** (loss.search_power / 2):.3g}"
        if loss.is_squared
        else f"the loss is {value - loss.of_mean:.3g} above that of the mean"
    )
    if is_worse:
        return [
            f"the prediction is worse than the mean of the response: {compared}; let the last "
            "layer scale and move what it gives, as lvl and dexp do"
        ]
    return [
        f"the prediction is no better than the mean of the response: {compared}; there may be "
        "nothing of the stimulus in the response, penalties may be too strong, or other starts "
        "(n_starts=5) may do better"
    ]
