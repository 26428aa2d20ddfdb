"""Cross-validation: models fitted to parts of a recording, tested on the rest."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.folds import Fold, Stretch, join
from ..data.folds import mask as mask_outside
from ..data.state import with_state
from ..metrics import get_metric
from ..models import Model
from .crossvalidation_results import CrossValidation
from .crossvalidation_study import Study, prepare_study
from .resampling import ERRORS, mean_and_standard_error, score_channels, score_parts
from .threads import Tasks, count_threads


def cross_validate(
    model: str | Model | Sequence[str | Model],
    x: Any,
    y: Any,
    *,
    state: Any = None,
    n_folds: int = 10,
    by: str = "auto",
    method: str = "jackknife",
    gap: int | None = None,
    metric: str = "correlation",
    n_inner_folds: int = 5,
    groups: Sequence[Hashable] | None = None,
    shuffle_seed: int | None = None,
    mask: Any = None,
    n_jobs: int | None = 1,
    **fit_arguments: Any,
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
    state : like `x`, optional
        The same as an entry ``state`` of a dict `x`.
    n_folds : int
        Parts to leave out one at a time, of about equal length. As many as there are trials leave
        out one trial at a time.
    by : {"auto", "trials", "time"}
        Leave out whole trials, or contiguous blocks of the recording. ``"auto"`` takes trials if
        there are at least `n_folds` of them, or if there are `groups`.
    method : {"jackknife", "kfold"}
        The fits are the same, the score is not. ``"jackknife"``: the held-out predictions are
        stitched together and scored once over the whole recording; the standard error comes from
        leaving out one fold of that prediction at a time. ``"kfold"``: each fold is scored by
        itself; score and error are the mean over folds and the standard error of that mean.
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
    mask : like `y`, or without its channels, optional
        True where the response counts; the rest is neither fitted nor tested.
    n_jobs : int, optional
        Threads; None or -1 for one per core. The result is the same to the last bit.
    **fit_arguments
        As for `Model.fit`, for each fit. They are silent unless ``verbose=1``.

    Returns
    -------
    CrossValidation
        ``print`` it for a table.

    Raises
    ------
    ValueError, ModelStringError
        The data cannot be fitted, or not be cut so: says what is wrong, before any fit.

    Notes
    -----
    In a fit the stimulus is whole, and the response of what is held out is NaN: filters have
    their context on both sides, and nothing starts afresh in the middle of a trial.

    The standard errors count folds as independent. They are not quite, for their fits share data;
    no estimate is without bias for all cases (Bengio and Grandvalet 2004, Journal of Machine
    Learning Research 5: 1089-1105).

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
    correlation, jackknife over 5 folds by time, with gaps of 14 bins
    <BLANKLINE>
    channel     test       se      fit
          0    0.8...    0.0...    0.8...
    """
    study = prepare_study(
        model, with_state(x, state), y, method=method, metric=metric, gap=gap, by=by,
        n_folds=n_folds, n_inner_folds=n_inner_folds, groups=groups, shuffle_seed=shuffle_seed,
        mask=mask, fit_arguments={"verbose": 0, **fit_arguments},
    )  # fmt: skip
    tasks = [(n, columns) for n in range(len(study.folds)) for columns in study.columns]
    n_threads = count_threads(n_jobs, len(tasks))
    work = Tasks(lambda number: _run_fold(study, *tasks[number]), len(tasks), n_threads)
    outcomes = list(work.results())
    return _gather(study, outcomes)


@dataclass(frozen=True)
class _Outcome:
    """What came of one fold, for one model."""

    model: Model
    choice: int
    inner_scores: np.ndarray
    prediction: np.ndarray
    score_fit: np.ndarray


# ---- the fits --------------------------------------------------------------------------------


def _run_fold(study: Study, number: int, columns: list[int]) -> _Outcome:
    fold = study.folds[number]
    try:
        choice, inner_scores = _choose(study, study.inner[number], columns)
        fitted = _fit(study, choice, columns, fold)
    except Exception as error:
        error.add_note(f"in fold {number} of {len(study.folds)}, channels {columns}")
        raise
    prediction = fitted.predict(study.x())
    target = join(study.y(columns), fold.fit)
    return _Outcome(
        fitted,
        choice,
        inner_scores,
        join(prediction, fold.test),
        score_channels(get_metric(study.metric), join(prediction, fold.fit), target),
    )


def _choose(study: Study, inner: Sequence[Fold], columns: list[int]) -> tuple[int, np.ndarray]:
    """Give the candidate that does best within the data of a fit, and the scores of all."""
    if not inner:
        return 0, np.full(len(study.candidates), np.nan)
    metric = get_metric(study.metric)
    held_out = [join(study.y(columns), fold.test) for fold in inner]
    by_channel = []
    for number in range(len(study.candidates)):
        predictions = [
            _predict(study, _fit(study, number, columns, fold), fold.test) for fold in inner
        ]
        by_channel.append(score_parts(metric, study.method, predictions, held_out)[0])
    scores = _mean_over_channels(np.stack(by_channel))
    return _best(-scores if study.metric in ERRORS else scores), scores


def _mean_over_channels(scores: np.ndarray) -> np.ndarray:
    """Give the mean of each row; channels that no row has a score for are left out."""
    some = ~np.isnan(scores).all(axis=0)
    return scores[:, some].mean(axis=1) if some.any() else np.full(len(scores), np.nan)


def _best(scores: np.ndarray) -> int:
    return int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))


def _fit(study: Study, candidate: int, columns: list[int], fold: Fold) -> Model:
    # the stimulus stays whole for every fold, so that packs and covariances of it are shared; what
    # is held out is missing in the response, and stretches without any response are passed over
    y = mask_outside(study.y(columns), fold.fit)
    return study.candidates[candidate].fit(study.inputs, y, **study.fit_arguments)


def _predict(study: Study, fitted: Model, parts: Sequence[Stretch]) -> np.ndarray:
    """Predict some stretches, each with the stimulus of its whole trial before and after it."""
    trials = sorted({part.trial for part in parts})
    places = {trial: place for place, trial in enumerate(trials)}
    prediction = fitted.predict(study.x(trials))
    return join(prediction, [part._replace(trial=places[part.trial]) for part in parts])


# ---- after the fits --------------------------------------------------------------------------


def _gather(study: Study, outcomes: Sequence[_Outcome]) -> CrossValidation:
    n_folds, n_models = len(study.folds), len(study.columns)
    rows = [outcomes[n * n_models : (n + 1) * n_models] for n in range(n_folds)]
    parts = [np.hstack([each.prediction for each in row]) for row in rows]
    held_out = [join(study.target, fold.test) for fold in study.folds]
    score, error, scores = score_parts(get_metric(study.metric), study.method, parts, held_out)
    scores_fit = np.stack([np.concatenate([each.score_fit for each in row]) for row in rows])
    score_fit, _ = mean_and_standard_error(scores_fit, np.ones_like(scores_fit, bool))
    models = [[each.model for each in row] for row in rows]
    return CrossValidation(
        score=_plain(score),
        standard_error=_plain(error),
        score_fit=_plain(score_fit),
        scores=scores,
        scores_fit=scores_fit,
        prediction=study.inputs.restore(_stitch(study, parts)),
        models=models if n_models > 1 else [row[0] for row in models],
        folds=study.folds,
        method=study.method,
        metric=study.metric,
        by=study.by,
        gap=study.gap,
        candidates=[_describe(each) for each in study.candidates],
        choices=np.array([[each.choice for each in row] for row in rows]),
        inner_scores=np.array([[each.inner_scores for each in row] for row in rows]),
    )


def _stitch(study: Study, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Put the held-out predictions where they belong in the recording."""
    stitched = [np.full_like(trial, np.nan) for trial in study.target]
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
