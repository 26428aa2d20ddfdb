"""Fits of folds, and the choice among models within the data of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._warn import warn_user
from ..data.columns import why_nothing_to_fit
from ..data.folds import Fold, Stretch, join, mask
from ..data.masking import read_channel_weights
from ..data.recording import Recording
from ..data.trials import check_match
from ..fit_options import FitOptions
from ..fitting.results import NotFittedWarning
from ..graph.wiring import connect
from ..metrics import get_metric
from ..models import Model
from ..models.fit import warn_of_data
from .design import Cuts, Design, columns_of_models, find_model_reach
from .held_out import ERRORS, METHODS, HeldOut, score_folds
from .many import options_of_columns
from .part import Part, fit_part, part_of
from .pooled import mean_of, spread

_WHY_NOT_STITCHED = (
    ": predictions of folds stitched together have negative scores if there is nothing to be "
    "learnt; 'pooled' compares within folds"
)


@dataclass(frozen=True)
class Study:
    """All that the fits have in common.

    Attributes
    ----------
    candidates : list of Model
        Bound to the data.
    recording : Recording
    columns : list of tuple of int
        The channels that each model is for: all, or each by itself.
    cuts : Cuts
    inner : list of list of Fold
        For each fold, those of the choice; none without a choice.
    design : Design
        By what the recording was cut.
    n_inner_folds : int
    """

    candidates: list[Model]
    recording: Recording
    columns: list[tuple[int, ...]]
    cuts: Cuts
    inner: list[list[Fold]]
    method: str
    metric: str
    options: FitOptions
    design: Design
    n_inner_folds: int
    verbose: int = 0
    callback: Callable[[int, float], object] | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether fits tell nobody how they are going."""
        return not self.verbose and self.callback is None

    @property
    def folds(self) -> list[Fold]:
        """What is fitted and what is tested, fold by fold."""
        return self.cuts.folds


@dataclass(frozen=True)
class Outcome:
    """What came of one fold, for one model.

    Attributes
    ----------
    part : Part
    choice : int
        Which candidate it is.
    inner_scores : (candidates,) ndarray
        What it was chosen by; NaN without a choice.
    score_fit : (channels,) ndarray
    """

    part: Part
    choice: int
    inner_scores: np.ndarray
    score_fit: np.ndarray


# ---- before the fits -------------------------------------------------------------------------


def prepare(
    candidates: list[Model],
    recording: Recording,
    design: Design,
    method: str,
    metric: str,
    n_inner_folds: int,
    options: FitOptions,
) -> Study:
    """Cut the recording, and refuse what cannot be fitted."""
    if method not in METHODS:
        raise ValueError(
            f"method must be one of {', '.join(map(repr, METHODS))}, not {method!r}"
            + _WHY_NOT_STITCHED * (method == "jackknife")
        )
    get_metric(metric)
    columns = _split_channels(candidates, recording.n_channels)
    candidates = [each.bind_data(recording, (len(columns[0]),)) for each in candidates]
    strides = {find_model_reach(each).stride for each in candidates}
    if len(strides) > 1:
        raise ValueError("the models differ in the sampling rate of what they give")
    check_match(recording.target, recording.lengths, strides.pop())
    lengths = [len(trial) for trial in recording.target]
    cuts = design.cut(lengths, candidates)
    inner: list[list[Fold]] = [[] for _ in cuts.folds]
    if len(candidates) > 1:
        inner = [design.cut_within(lengths, fold, n_inner_folds, cuts) for fold in cuts.folds]
    _check_folds(recording, columns, cuts.folds, options)
    warn_of_data(connect(list(candidates[0].layers)), recording.columns(columns[0]), options)
    return Study(
        candidates,
        recording,
        columns,
        cuts,
        inner,
        method,
        metric,
        options,
        design,
        n_inner_folds,
    )


def read_models(model: Any) -> list[Model]:
    """Give the models that there are to choose from."""
    given = [model] if isinstance(model, str | Model) else list(model)
    if not given:
        raise ValueError("there is no model to cross-validate: the list of models is empty")
    for each in given:
        if not isinstance(each, str | Model):
            raise TypeError(f"give a model by its string or as a Model, not as {each!r}")
    return [Model(each) if isinstance(each, str) else each for each in given]


def _split_channels(candidates: Sequence[Model], n_channels: int) -> list[tuple[int, ...]]:
    """Tell which channels each model is for."""
    single = {each.has_one_output for each in candidates}
    if len(single) > 1 and n_channels > 1:
        raise ValueError(
            "of the models to choose from some have one output and some have more; for "
            f"{n_channels} channels they must be alike"
        )
    return columns_of_models(single == {True}, range(n_channels))


def _check_folds(
    recording: Recording,
    columns: Sequence[Sequence[int]],
    folds: Sequence[Fold],
    options: FitOptions,
) -> None:
    """Refuse a response of which nothing can be learnt; warn of channels of which a fold cannot."""
    weights = read_channel_weights(options.channel_weights, recording.n_channels)
    channels = [
        channel for each in columns for channel in each if weights is None or weights[channel]
    ]
    faults: dict[int, list[str]] = {}
    n_silent = [0] * len(folds)
    for number, fold in enumerate(folds):
        target = mask(recording.target, fold.fit)
        for channel in channels:
            if fault := why_nothing_to_fit(target, channel, " there"):
                n_silent[number] += 1
                faults.setdefault(channel, []).append(f"fold {number} of {len(folds)}: {fault}")
    told = {
        channel: why_nothing_to_fit(recording.target, channel) or _with_number(of_folds)
        for channel, of_folds in faults.items()
    }
    n_fits = sum(map(len, faults.values()))
    if n_fits == len(channels) * len(folds):
        raise ValueError(next(iter(told.values())))
    if len(columns[0]) > 1 and any(n == len(channels) for n in n_silent):
        raise ValueError(f"{next(iter(told.values()))}, and of no channel there is more")
    for text in told.values():
        warn_user(
            f"{text}; what could not be fitted is NaN, and left out of the scores",
            NotFittedWarning,
        )


def _with_number(faults: Sequence[str]) -> str:
    more = len(faults) - 1
    return faults[0] + (f" (and in {more} other fold{'s' * (more > 1)})" if more else "")


# ---- the fits --------------------------------------------------------------------------------


def run_fold(study: Study, number: int, columns: tuple[int, ...]) -> Outcome:
    """Choose a candidate for a fold, and fit it to all but what the fold holds out."""
    fold, metric = study.folds[number], get_metric(study.metric)
    try:
        choice, inner_scores = _choose(study, study.inner[number], columns)
        fitted = _fit(study, choice, columns, fold)
    except Exception as error:
        error.add_note(f"in fold {number} of {len(study.folds)}, channels {list(columns)}")
        raise
    part = part_of(fitted, study.recording.columns(columns))
    return Outcome(part, choice, inner_scores, part.score(metric, fold.fit))


def describe(model: Model) -> str:
    """Give the string of a model, or the names of its layers if it has none."""
    try:
        return model.string
    except ValueError:
        return model.name or "-".join(layer.label for layer in model.layers)


def settle(study: Study, columns: tuple[int, ...]) -> tuple[Model, int, np.ndarray]:
    """Choose a candidate by all of a recording, as each fold does by its own, and fit it to all.

    Returns
    -------
    model : Model
    choice : int
    scores : (candidates,) ndarray
        What it was chosen by; NaN without a choice.
    """
    lengths = [len(trial) for trial in study.recording.target]
    whole = Fold(tuple(Stretch(trial, 0, n) for trial, n in enumerate(lengths)), ())
    inner: list[Fold] = []
    if len(study.candidates) > 1:
        inner = study.design.cut_within(lengths, whole, study.n_inner_folds, study.cuts)
    try:
        choice, scores = _choose(study, inner, columns)
        return _fit(study, choice, columns, whole), choice, scores
    except Exception as error:
        error.add_note(f"in the choice by all of the data, channels {list(columns)}")
        raise


def _choose(
    study: Study, inner: Sequence[Fold], columns: tuple[int, ...]
) -> tuple[int, np.ndarray]:
    """Return the candidate that does best within the data of a fit, and the scores of all."""
    if not inner:
        return 0, np.full(len(study.candidates), np.nan)
    by_channel = []
    for number in range(len(study.candidates)):
        held_out = [_hold_out(study, number, columns, fold) for fold in inner]
        by_channel.append(score_folds(study.metric, study.method, held_out))
    scores = _mean_over_channels(np.stack(by_channel))
    return _best(-scores if study.metric in ERRORS else scores), scores


def _mean_over_channels(scores: np.ndarray) -> np.ndarray:
    """Return the mean of each row; channels that no row has a score for are left out."""
    some = ~np.isnan(scores).all(axis=0)
    return scores[:, some].mean(axis=1) if some.any() else np.full(len(scores), np.nan)


def _best(scores: np.ndarray) -> int:
    return int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))


def _fit(study: Study, candidate: int, columns: tuple[int, ...], fold: Fold) -> Model:
    options = options_of_columns(study.options, columns, study.recording.n_channels)
    return fit_part(
        study.candidates[candidate],
        study.recording,
        columns,
        fold.fit,
        options,
        study.callback,
        study.verbose,
    )


def _hold_out(study: Study, candidate: int, columns: tuple[int, ...], fold: Fold) -> HeldOut:
    """Fit a candidate and let it predict what a fold holds out."""
    fitted = _fit(study, candidate, columns, fold)
    part = part_of(fitted, study.recording.columns(columns))
    target = join(part.target, fold.fit)
    return HeldOut(
        join(part.target, fold.test),
        [join(part.prediction, fold.test)],
        [spread(join(part.prediction, fold.fit), target)],
        mean_of(target),
    )
