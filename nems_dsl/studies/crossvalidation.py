"""Cross-validation: models fitted to parts of a recording, tested on the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from .._warn import warn_user
from ..data.columns import why_nothing_to_fit
from ..data.folds import Fold, Stretch, join, mask
from ..data.masking import read_channel_weights
from ..data.recording import Recording, read_recording
from ..data.trials import check_match
from ..fit_options import FitArguments, FitOptions, document_options
from ..fitting.results import NotFittedWarning
from ..graph.wiring import connect
from ..metrics import get_metric
from ..models import Model
from ..models.fit import warn_of_data
from .crossvalidation_results import CrossValidation
from .design import Cuts, Design, columns_of_models, find_model_reach
from .held_out import ERRORS, METHODS, HeldOut, find_errors, score_each, score_folds
from .many import options_of_columns, read_held_out
from .part import Part, fit_part, part_of
from .pooled import mean_of, spread
from .resampling import mean_and_standard_error
from .threads import Tasks, count_threads


@document_options
def cross_validate(
    model: str | Model | Sequence[str | Model],
    x: Any,
    y: Any = None,
    *,
    n_folds: int = 10,
    by: str = "auto",
    method: str = "pooled",
    gap: int | None = None,
    metric: str = "correlation",
    n_inner_folds: int = 5,
    groups: Sequence[Hashable] | None = None,
    shuffle_seed: int | None = None,
    state: Any = None,
    mask: Any = None,
    n_jobs: int | None = 1,
    verbose: int = 0,
    callback: Callable[[int, float], object] | None = None,
    **options: Unpack[FitArguments],
) -> CrossValidation:
    r"""Fit a model to all of a recording but a part, predict that part, and so on for all parts.

    Parameters
    ----------
    model : str or Model, or a sequence of these
        What to fit. Of several, each fold takes the one that does best in a cross-validation
        within the fold's own data of the fit; so what is held out has no say in the choice.
    x : (T, channels), (trials, T, channels), list of (T_i, channels), or dict of these
        The stimulus, or signals by name; finite.
    y : like `x`, or (T,)
        The response; NaN is left out. A model with one output is fitted to each channel of
        several by itself.
    n_folds : int
        Parts to leave out one at a time, of about equal length. As many as there are trials leave
        out one trial at a time.
    by : {"auto", "trials", "time"}
        Leave out whole trials, or contiguous blocks of the recording. ``"auto"`` takes trials if
        there are at least `n_folds` of them, or if there are `groups`.
    method : {"pooled", "kfold"}
        The fits are the same, the score is not. ``"pooled"``: one score of all that was held out,
        from sums over folds; for a correlation, of covariances and variances about each fold's own
        means. ``"kfold"``: each fold is scored by itself, and the score is the mean over folds.
    gap : int, optional
        Bins of the response on both sides of a block of time that are neither fitted nor tested.
        By default as many as the model remembers and looks ahead, together, so that no bin of the
        stimulus serves both a fit and its test. Whole trials need no gap.
    metric : str
        As for `Model.score`, but always channel by channel.
    n_inner_folds : int
        Folds of the choice among several models; with trials, no more than there are.
    groups : sequence, optional
        A label for each trial. Trials with the same label, such as repeats of one stimulus, are
        held out together.
    shuffle_seed : int, optional
        Deal trials to folds in an order drawn with this seed; by default in the order of the
        recording.
    state : like `x`, optional
        The signal ``state``, where `x` does not have it.
    mask : like `y`, or without its channels, optional
        True where the response counts; the rest is neither fitted nor tested.
    n_jobs : int, optional
        Threads; None or -1 for one per core. The result is the same to the last bit.
    verbose : int
        1 prints how each fit is going.
    callback : callable, optional
        Called with the iteration's number and the loss, in each fit.
    {options}

    Returns
    -------
    CrossValidation
        ``print`` it for a table.

    Raises
    ------
    ValueError, ModelStringError
        The data cannot be fitted, or not be cut so: says what is wrong, before any fit.

    Warns
    -----
    NotFittedWarning
        Nothing can be learnt of a channel in the data of some fit. What that fit would predict is
        NaN and left out of the scores.

    Notes
    -----
    In a fit the stimulus is whole, and the response of what is held out is NaN: filters have
    their context on both sides, and nothing starts afresh in the middle of a trial.

    Standard errors allow for the data that the fits of folds share, and are wider for few folds by
    Student's t: if there is nothing to be learnt, scores are beyond two of them in 5 % of cases.
    `mse` and likelihoods are those of all held-out bins together. A pooled `r2` or `nmse` compares
    with the mean of the data of each fit, so that a constant has 0 or 1, and `explained_variance`,
    as the correlation, with each fold's own mean.

    If no candidate has a score, as when all predict constants, the first is taken.

    Examples
    --------
    >>> from nems_dsl.datasets import simulate
    >>> data = simulate(n_times=3000, snr=2.0)
    >>> result = cross_validate("wc.18x1-fir.1x15-dexp.1", data.stim, data.resp, n_folds=5)
    >>> result.prediction.shape, result.gap
    ((3000, 1), 14)
    >>> print(result)
    wc.18x1-fir.1x15-dexp.1
    correlation, pooled over 5 folds by time, with gaps of 14 bins
    <BLANKLINE>
    channel     test       se      fit
          0    0.8...    0.0...    0.8...
    """
    chosen = read_held_out(FitOptions.read(options, "cross_validate"))
    is_single = chosen.dtype == "float32"
    recording = read_recording(x, y, state=state, mask=mask, single=is_single)
    design = Design(0.0, n_folds, by, gap, groups, shuffle_seed)
    study = _prepare(_read_models(model), recording, design, method, metric, n_inner_folds, chosen)
    study = replace(study, verbose=verbose, callback=callback)
    tasks = [(n, columns) for n in range(len(study.folds)) for columns in study.columns]
    n_threads = count_threads(n_jobs, len(tasks))
    work = Tasks(lambda number: _run_fold(study, *tasks[number]), len(tasks), n_threads)
    outcomes = list(work.results())
    return _gather(study, outcomes)


_WHY_NOT_STITCHED = (
    ": predictions of folds stitched together have negative scores if there is nothing to be "
    "learnt; 'pooled' compares within folds"
)


@dataclass(frozen=True)
class _Study:
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
    """

    candidates: list[Model]
    recording: Recording
    columns: list[tuple[int, ...]]
    cuts: Cuts
    inner: list[list[Fold]]
    method: str
    metric: str
    options: FitOptions
    verbose: int = 0
    callback: Callable[[int, float], object] | None = None

    @property
    def folds(self) -> list[Fold]:
        """What is fitted and what is tested, fold by fold."""
        return self.cuts.folds


@dataclass(frozen=True)
class _Outcome:
    """What came of one fold, for one model."""

    part: Part
    choice: int
    inner_scores: np.ndarray
    score_fit: np.ndarray


# ---- before the fits -------------------------------------------------------------------------


def _prepare(
    candidates: list[Model],
    recording: Recording,
    design: Design,
    method: str,
    metric: str,
    n_inner_folds: int,
    options: FitOptions,
) -> _Study:
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
    return _Study(candidates, recording, columns, cuts, inner, method, metric, options)


def _read_models(model: Any) -> list[Model]:
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


def _run_fold(study: _Study, number: int, columns: tuple[int, ...]) -> _Outcome:
    fold, metric = study.folds[number], get_metric(study.metric)
    try:
        choice, inner_scores = _choose(study, study.inner[number], columns)
        fitted = _fit(study, choice, columns, fold)
    except Exception as error:
        error.add_note(f"in fold {number} of {len(study.folds)}, channels {list(columns)}")
        raise
    part = part_of(fitted, study.recording.columns(columns))
    return _Outcome(part, choice, inner_scores, part.score(metric, fold.fit))


def _choose(
    study: _Study, inner: Sequence[Fold], columns: tuple[int, ...]
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


def _fit(study: _Study, candidate: int, columns: tuple[int, ...], fold: Fold) -> Model:
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


def _hold_out(study: _Study, candidate: int, columns: tuple[int, ...], fold: Fold) -> HeldOut:
    """Fit a candidate and let it predict what a fold holds out."""
    fitted = _fit(study, candidate, columns, fold)
    part = part_of(fitted, study.recording.columns(columns))
    return HeldOut(
        join(part.recording.target, fold.test),
        [join(part.prediction, fold.test)],
        [spread(join(part.prediction, fold.fit))],
        mean_of(join(part.recording.target, fold.fit)),
    )


# ---- after the fits --------------------------------------------------------------------------


def _gather(study: _Study, outcomes: Sequence[_Outcome]) -> CrossValidation:
    folds, n_models = study.folds, len(study.columns)
    rows = [outcomes[n * n_models : (n + 1) * n_models] for n in range(len(folds))]
    held_out = _held_out(rows, folds)
    score = score_folds(study.metric, study.method, held_out)
    error = find_errors(study.metric, study.method, held_out)
    scores_fit = np.stack([np.concatenate([each.score_fit for each in row]) for row in rows])
    score_fit, _ = mean_and_standard_error(scores_fit, ~_is_failed(rows))
    models = [[each.part.model for each in row] for row in rows]
    return CrossValidation(
        score=_plain(score),
        standard_error=_plain(error),
        score_fit=_plain(score_fit),
        scores=score_each(study.metric, held_out),
        scores_fit=scores_fit,
        prediction=study.recording.restore(
            _stitch(study, [each.predictions[each.own] for each in held_out])
        ),
        models=models if n_models > 1 else [row[0] for row in models],
        folds=folds,
        method=study.method,
        metric=study.metric,
        by=study.cuts.by,
        gap=study.cuts.gap,
        candidates=[_describe(each) for each in study.candidates],
        choices=np.array([[each.choice for each in row] for row in rows]),
        inner_scores=np.array([[each.inner_scores for each in row] for row in rows]),
        labels=study.recording.channel_labels,
    )


def _held_out(rows: Sequence[Sequence[_Outcome]], folds: Sequence[Fold]) -> list[HeldOut]:
    """Give what each fold holds out, predicted by the models of all folds."""

    def predicted(row: Sequence[_Outcome], parts: Sequence[Stretch]) -> np.ndarray:
        return np.hstack([join(each.part.prediction, parts) for each in row])

    def target(row: Sequence[_Outcome], parts: Sequence[Stretch]) -> np.ndarray:
        return np.hstack([join(each.part.recording.target, parts) for each in row])

    scales = [spread(predicted(row, fold.fit)) for row, fold in zip(rows, folds, strict=True)]
    return [
        HeldOut(
            target(rows[own], fold.test),
            [predicted(row, fold.test) for row in rows],
            scales,
            mean_of(target(rows[own], fold.fit)),
            own,
        )
        for own, fold in enumerate(folds)
    ]


def _is_failed(rows: Sequence[Sequence[_Outcome]]) -> np.ndarray:
    """Tell for each fold and channel whether there was nothing to fit."""
    return np.array(
        [
            [
                (results := each.part.model.results) is not None
                and (results.is_failed or channel in results.silent)
                for each in row
                for channel in range(each.part.recording.n_channels)
            ]
            for row in rows
        ]
    )


def _stitch(study: _Study, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Put the held-out predictions where they belong in the recording."""
    stitched = [np.full_like(trial, np.nan) for trial in study.recording.target]
    for fold, part in zip(study.folds, parts, strict=True):
        at = 0
        for stretch in fold.test:
            stop = at + stretch.n_bins
            stitched[stretch.trial][stretch.start : stretch.stop] = part[at:stop]
            at = stop
    return stitched


def _plain(values: np.ndarray) -> Any:
    return float(values[0]) if len(values) == 1 else values


def _describe(model: Model) -> str:
    try:
        return model.string
    except ValueError:
        return model.name or "-".join(layer.label for layer in model.layers)
