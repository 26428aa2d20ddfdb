"""Which starts a fit tries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .drawn_units import draw
from .from_data import start_from_data
from .hidden import start_hidden
from .race import race

if TYPE_CHECKING:
    from ..objective import Objective

#: How many draws are tried where a fit is no better than a constant.
N_OTHERS = 8


@dataclass(frozen=True)
class Start:
    """Where a search starts, and how that was found."""

    init: str
    theta: np.ndarray

    @property
    def is_near(self) -> bool:
        """Whether it is derived from data, so that the best should be near."""
        return self.init in ("data", "staged")


def find_starts(
    objective: Objective,
    init: str,
    n_starts: int,
    seed: int | None,
    max_seconds: float = np.inf,
) -> Iterator[Start]:
    """Give starts: first what `init` says, then draws from the priors.

    Finding the first one takes about `max_seconds` at most.

    Raises
    ------
    ValueError
        The model is not of the form that `init` wants.
    """
    rng = np.random.default_rng(seed)
    yield _first(objective, init, rng, max_seconds)
    for _ in range(n_starts - 1):
        yield Start("prior", draw(objective, rng))


def other_starts(
    objective: Objective, seed: int | None, max_seconds: float = np.inf
) -> Iterator[Start]:
    """Give a start from which more may be had, where others have led to a constant.

    It is where the best of short searches from draws of the priors ends.
    """
    rng = np.random.default_rng(seed).spawn(2)[1]
    drawn = [draw(objective, rng) for _ in range(N_OTHERS)]
    ends_at = time.perf_counter() + max_seconds
    for theta in race(objective, drawn, ends_at)[:1]:
        yield Start("prior", theta)


def _first(objective: Objective, init: str, rng: np.random.Generator, max_seconds: float) -> Start:
    given = np.clip(objective.theta0, *objective.bounds)
    if init == "model" or (init == "auto" and not _is_untouched(objective)):
        return Start("model", given)
    if init == "prior":
        return Start(init, draw(objective, rng))
    means = _means(objective)
    if init == "mean" or not len(given):
        return Start("mean", means)
    objective.vector.write(means if init == "staged" else given)
    theta = start_from_data(objective, closed_form=init != "staged")
    if theta is None and init != "staged":
        # what is drawn here leaves the draws of later starts as they are
        found = start_hidden(objective, rng.spawn(1)[0], max_seconds)
        theta = None if found is None else found.theta
    objective.vector.write(given)
    if theta is not None and (init != "auto" or _is_better(objective, theta, given)):
        return Start("data" if init == "auto" else init, theta)
    if init == "auto":
        return Start("model", given)
    raise ValueError(
        f"init={init!r} wants a chain that begins with linear layers on the stimulus, such as wc "
        "and fir, and goes on with static ones, channel by channel; init='mean' starts from the "
        "priors instead"
    )


def is_from_data(objective: Objective, init: str) -> bool:
    """Tell whether a first search starts from data, as far as the model lets it."""
    return init == "data" or (init == "auto" and _is_untouched(objective))


def _is_untouched(objective: Objective) -> bool:
    """Tell whether all free parameters stand where their layers were made."""
    layers = objective.vector.layers
    return all(
        layers[slot.layer].parameters[slot.name].is_initial for slot in objective.vector.slots
    )


def _is_better(objective: Objective, theta: np.ndarray, other: np.ndarray) -> bool:
    return objective.value(theta) <= objective.value(other)


def _means(objective: Objective) -> np.ndarray:
    theta = np.empty(objective.n_parameters)
    for slot in objective.vector.slots:
        parameter = objective.vector.layers[slot.layer].parameters[slot.name]
        mean = np.broadcast_to(parameter.prior.mean(), slot.shape)
        theta[slot.start : slot.stop] = mean.ravel()
    return np.clip(theta, *objective.bounds)
