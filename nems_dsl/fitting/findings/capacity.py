"""Finding that a fit has as many parameters as there are noises to follow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..objective import Objective

# parameters to a sample, below which noise is a small part of what is fitted
_MANY = 0.1
# of the correlation on the data of the fit
_LOST = 0.75


def too_many_parameters(objective: Objective, loss: float, rank: int | None) -> list[str]:
    """Find that new data will be predicted much worse than those of the fit.

    Parameters
    ----------
    objective : Objective
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
    With k free directions of n samples, least squares leaves ``1 - k / n`` of the variance of the
    noise, and has errors of prediction of ``k / (n - k)`` of it; so the signal S and both
    correlations follow from what is left (Theil 1961, Economic forecasts and policy). Samples count
    as independent, and the stimulus as white. As many directions as samples fit anything.
    """
    n = objective.loss.n_samples
    if objective.shrunk or objective.penalties or not objective.loss.is_squared:
        return []
    if rank is None or rank < _MANY * n:
        return []
    left = (loss / objective.loss.of_mean) ** objective.loss.search_power
    explained = 1 - left
    if explained <= 0:
        return []
    share = min(rank / n, 1 - 1 / n)
    noise = min(left / (1 - share), 1.0) if rank < n else 1.0
    signal = 1 - noise
    error = noise * share / (1 - share)
    seen, new = math.sqrt(explained), signal / math.sqrt(signal + error) if signal else 0.0
    if new > _LOST * seen:
        return []
    return [
        f"{rank:,} free directions for {n:,} samples follow the noise as well: "
        f"r = {seen:.2f} on these data, about {new:.2f} on others; let the fit shrink "
        '(shrinkage="auto"), or take fewer lags or a lower rank (wc.18x2-fir.2x15)'
    ]
