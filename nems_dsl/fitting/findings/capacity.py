"""Finding that a fit has as many parameters as there are noises to follow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...graph.hidden import find_hidden
from ..shrinkage.held_out import predict_held_out

if TYPE_CHECKING:
    from ..objective import Objective

# parameters to a sample, below which noise is a small part of what is fitted: where it is slow, and
# where it is white
_MANY_IF_SLOW, _MANY = 0.02, 0.1
# of the correlation on the data of the fit
_LOST = 0.75
# directions beyond which leaving out stretches takes too long
_MOST_DIRECTIONS = 1000


def too_many_parameters(
    objective: Objective, theta: np.ndarray, loss: float, rank: int | None
) -> list[str]:
    """Find that new data will be predicted much worse than those of the fit.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where the search ended.
    loss : float
        At the end of the fit, without penalties.
    rank : int or None
        Of the Jacobian; None if it is not known, which finds nothing.

    Returns
    -------
    list of str
        Of one warning, or empty. For squared losses, where nothing is penalised.

    Notes
    -----
    Of k free directions and n independent samples, ``1 - k / n`` of the variance of the noise is
    left, and errors of prediction are ``k / (n - k)`` of it; so the signal S and both correlations
    follow from what is left (Theil 1961, Economic forecasts and policy), and as many directions as
    samples fit anything. Slow noise makes samples fewer. So stretches of the data are left out in
    turn as well, and predicted by the rest, where that can be told (`predict_held_out`); the lower
    one counts.
    """
    n = objective.loss.n_samples
    if objective.shrunk or objective.penalties or not objective.loss.is_squared:
        return []
    if rank is None or rank < _MANY_IF_SLOW * n:
        return []
    left = (loss / objective.loss.of_mean) ** objective.loss.search_power
    if left >= 1:
        return []
    seen, new = math.sqrt(1 - left), _on_others(objective, theta, left, rank, n)
    if new > _LOST * seen:
        return []
    way_out = (
        "hold a part out (validation=0.2, or the default), or take fewer units"
        if find_hidden(objective.engine.nodes) is not None
        else 'let the fit shrink (shrinkage="auto"), or take fewer lags or a lower rank '
        "(wc.18x2-fir.2x15)"
    )
    return [
        f"{rank:,} free directions for {n:,} samples follow the noise as well: "
        f"r = {seen:.2f} on these data, about {max(new, 0.0):.2f} on others; {way_out}"
    ]


def _on_others(objective: Objective, theta: np.ndarray, left: float, rank: int, n: int) -> float:
    """Give the correlation to be expected of data that are not those of the fit."""
    structure = objective.engine.structure
    found = 1.0
    if rank <= _MOST_DIRECTIONS and not structure.without_kernels():
        held_out = predict_held_out(objective, theta)
        found = 1.0 if held_out is None else held_out.correlation
    if rank < _MANY * n:
        return found
    share = min(rank / n, 1 - 1 / n)
    noise = min(left / (1 - share), 1.0) if rank < n else 1.0
    signal, error = 1 - noise, noise * share / (1 - share)
    return min(found, signal / math.sqrt(signal + error) if signal else 0.0)
