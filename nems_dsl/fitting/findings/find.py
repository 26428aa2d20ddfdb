"""All that a user should know before trusting a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .band import beyond_the_band
from .capacity import too_many_parameters
from .curve import saturated
from .determined import REDUNDANT, undetermined
from .floor import below_the_floor
from .hidden import wants_other_starts
from .lags import too_few_lags
from .means import worse_than_mean
from .ridge import worse_than_ridge
from .signals import Bounds, at_bounds, constant_signals

if TYPE_CHECKING:
    from ..objective import Objective
    from ..shrinkage.held_out import HeldOut


@dataclass(frozen=True, eq=False)
class Ended:
    """Where a search ended.

    Attributes
    ----------
    theta : (n,) ndarray
    loss : float
        There, without the penalties of receptive fields.
    converged : bool
    message : str
        Why it ended.
    own_bounds : pair of (n,) ndarrays, optional
        Bounds of the layers in the user's units; by default those of the objective.
    held_out : HeldOut, optional
        How the fit predicts stretches of its data without them, where that is known.
    is_smaller : bool
        Whether it is the smaller model inside, so that of pairs of units one is redundant.
    """

    theta: np.ndarray
    loss: float
    converged: bool = True
    message: str = ""
    own_bounds: Bounds | None = None
    held_out: HeldOut | None = None
    is_smaller: bool = False


def find_warnings(objective: Objective, ended: Ended) -> tuple[list[str], int | None]:
    """Find what a user should know before trusting a fit.

    Parameters
    ----------
    objective : Objective
    ended : Ended

    Returns
    -------
    warnings : list of str
    rank : int or None
        Of the Jacobian of the prediction; None where that is not known, or costs too much.
    """
    theta = ended.theta
    found = [] if ended.converged else [f"not converged: {ended.message}"]
    found += at_bounds(objective, theta, ended.own_bounds)
    found += constant_signals(objective, theta)
    rank, about_rank = undetermined(objective, theta)
    found += [] if ended.is_smaller and _is_redundant(about_rank) else about_rank
    found += worse_than_mean(objective, theta)
    below = below_the_floor(objective, theta)
    # a floor is a flat end with advice of its own
    found += below or saturated(objective, theta)
    found += wants_other_starts(objective, ended.loss)
    found += too_few_lags(objective, theta)
    found += too_many_parameters(objective, theta, ended.loss, rank)
    found += beyond_the_band(objective, theta, ended.loss)
    found += worse_than_ridge(objective, ended.held_out)
    return found, rank


def _is_redundant(told: list[str]) -> bool:
    return any(text.startswith(REDUNDANT) for text in told)
