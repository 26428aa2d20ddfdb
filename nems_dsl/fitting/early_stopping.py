"""Models with a hidden layer: as far as data held out bear it, and no worse than the smaller model.

A part of the recording is held out. The linear-nonlinear model inside is fitted to the rest, and
searches from there and from drawn units end where they predict the part best. Unless that is
better than the smaller model by more than chance makes the best of several, the smaller model is
what is fitted to all of the data; otherwise the search goes on with all of the data, until these
are fitted as well as the rest was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.folds import Fold, Stretch, make_folds, mask, stretches_with_samples
from .objective import Objective
from .starts.hidden import find_hidden_units, start_hidden
from .starts.hidden_units import layer_output
from .starts.smaller import fit_smaller

# one part of so many is held out, in so many blocks
_N_PARTS, _N_BLOCKS = 5, 4
# the least length of a block, in gaps beside it
_GAPS_PER_BLOCK = 4
_FEWEST_BINS = 100
# stretches by which the error of a difference is told
_N_STRETCHES = 20
# standard errors: of several searches, each stopped where it is best, the best is lower by chance
_SURE = 2.0

NOT_BETTER = (
    "the hidden layer predicts data held out no better than the linear-nonlinear model inside "
    "(loss {larger:.4g} against {smaller:.4g}), so that the fit is that model"
)


@dataclass(frozen=True)
class Size:
    """How large a model the data bear, and where its last search starts.

    Attributes
    ----------
    theta : (n,) ndarray
    is_smaller : bool
        Whether it is the linear-nonlinear model inside, at its minimum.
    least : float
        The loss at which the last search is to end.
    text : str
        Why it is the smaller model, if it is.
    """

    theta: np.ndarray
    is_smaller: bool
    least: float
    text: str


def choose_fold(lengths: Sequence[int], gap: int, within: Sequence[Stretch]) -> Fold | None:
    """Choose blocks to hold out, spread over a recording; None if it is too short for any.

    Parameters
    ----------
    lengths : sequence of int
        Bins of each trial.
    gap : int
        Bins beside each block that are in neither part.
    within : sequence of Stretch
        What of the recording holds samples.

    Examples
    --------
    >>> fold = choose_fold([4000], 10, [Stretch(0, 0, 4000)])
    >>> [(part.start, part.stop) for part in fold.test]
    [(400, 600), (1400, 1600), (2400, 2600), (3400, 3600)]
    """
    n_bins = sum(part.n_bins for part in within)
    length = max(_GAPS_PER_BLOCK * gap, _FEWEST_BINS // _N_BLOCKS)
    n_blocks = min(_N_BLOCKS, n_bins // (_N_PARTS * length))
    if not n_blocks or n_bins < _N_PARTS * _FEWEST_BINS:
        return None
    folds = make_folds(lengths, _N_PARTS * n_blocks, by="time", gap=gap, within=within)
    chosen = folds[_N_PARTS // 2 :: _N_PARTS]
    fit = _common([fold.fit for fold in chosen])
    return Fold(fit, tuple(part for fold in chosen for part in fold.test))


def choose_size(objective: Objective, seed: int | None, max_seconds: float = np.inf) -> Size | None:
    """Choose between a model and the smaller one inside, by data held out.

    Parameters
    ----------
    objective : Objective
        Of all of the data.
    seed : int or None
    max_seconds : float

    Returns
    -------
    Size or None
        None if there is no smaller model that could be put in, or too little to hold out.
    """
    told = find_hidden_units(objective)
    parts = None if told is None else _parts(objective)
    if told is None or parts is None:
        return None
    rest, held_out = parts
    rng = np.random.default_rng(seed).spawn(1)[0]
    found = start_hidden(rest, rng, max_seconds, held_out)
    if found is None or found.smaller is None:
        return None
    small, large = found.smaller.theta, found.theta
    values = {"larger": held_out.value(large), "smaller": held_out.value(small)}
    if _is_better(held_out, large, small):
        return Size(large, False, rest.without_shrinkage(rest.value(large), large), "")
    smaller = fit_smaller(objective, *told)
    if smaller is None:
        return None
    return Size(smaller.theta, True, -np.inf, NOT_BETTER.format(**values))


def _parts(objective: Objective) -> tuple[Objective, Objective] | None:
    """Give the objectives of what is fitted and of what is held out."""
    target, reach = objective.target, objective.reach
    gap = -(-(reach.known + reach.future) // reach.stride)
    lengths = [len(trial) for trial in target]
    fold = choose_fold(lengths, gap, stretches_with_samples(target))
    if fold is None:
        return None
    nodes, recording = objective.engine.nodes, objective.recording
    fit, test = (mask(target, parts) for parts in (fold.fit, fold.test))
    silent = objective.loss.weights == 0
    if any(np.any(_is_flat(part) & ~silent) for part in (fit, test)):
        return None
    plain = {"regularizers": False, "priors": 0.0, "shrinkage": "none"}
    return (
        objective.alike(nodes, recording.with_response(fit)),
        objective.alike(nodes, recording.with_response(test), **plain),
    )


def _is_flat(target: Sequence[np.ndarray]) -> np.ndarray:
    """Tell which channels have no two different samples."""
    whole = np.concatenate(target)
    known = ~np.isnan(whole)
    least = np.min(np.where(known, whole, np.inf), axis=0)
    return least >= np.max(np.where(known, whole, -np.inf), axis=0)


def _is_better(held_out: Objective, theta: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether a loss is lower than another, and by more than its error could make it."""
    difference = _errors(held_out, other) - _errors(held_out, theta)
    stretches = np.array_split(difference, min(_N_STRETCHES, len(difference)))
    sums = np.array([stretch.sum() for stretch in stretches])
    error = sums.std(ddof=1) * np.sqrt(len(sums))
    return bool(sums.sum() > _SURE * error)


def _errors(objective: Objective, theta: np.ndarray) -> np.ndarray:
    """Give what each sample adds to the loss, in order."""
    last = objective.engine.structure.last
    prediction = layer_output(objective, last, theta)
    target = np.concatenate([plan.pack.target for plan in objective.engine.plans], axis=1)
    known = ~np.isnan(target).all(axis=0)
    prediction, target = prediction[:, known], target[:, known]
    weights = objective.loss.weights[:, None]
    if objective.loss.is_squared:
        errors = (prediction - target) ** 2
    else:
        errors = prediction - target * np.log(np.maximum(prediction, np.finfo(float).tiny))
    return np.nansum(weights * errors, axis=0)


def _common(parts: Sequence[Sequence[Stretch]]) -> tuple[Stretch, ...]:
    """Give what several lists of stretches have in common."""
    common = list(parts[0])
    for others in parts[1:]:
        common = [
            Stretch(one.trial, max(one.start, other.start), min(one.stop, other.stop))
            for one in common
            for other in others
            if one.trial == other.trial and max(one.start, other.start) < min(one.stop, other.stop)
        ]
    return tuple(common)
