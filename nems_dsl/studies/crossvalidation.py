"""Cross-validation: models fitted to parts of a recording, tested on the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from ..data.folds import Fold, Stretch, join
from ..data.recording import read_recording
from ..fit_options import FitArguments, FitOptions, document_options
from ..models import Model
from .crossvalidation_results import CrossValidation
from .design import Design
from .held_out import HeldOut, find_errors, score_each, score_folds
from .many import read_held_out
from .nested import Outcome, Study, describe, prepare, read_models, run_fold
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
        How many fits at a time; None or -1 for one per core. The result is the same to the last
        bit. See `nems_dsl.fit`.
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
    Student's t: if there is nothing to be learnt, about 5 % of scores are beyond two of them.
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
    study = prepare(read_models(model), recording, design, method, metric, n_inner_folds, chosen)
    return validate(replace(study, verbose=verbose, callback=callback), n_jobs)


def validate(study: Study, n_jobs: int | None) -> CrossValidation:
    """Fit and score all folds of a study, in threads."""
    tasks = [(n, columns) for n in range(len(study.folds)) for columns in study.columns]
    n_threads = count_threads(n_jobs, len(tasks))
    work = Tasks(
        lambda number: run_fold(study, *tasks[number]),
        len(tasks),
        n_threads,
        may_fork=study.is_quiet,
    )
    outcomes = list(work.results())
    return gather(study, outcomes)


def gather(study: Study, outcomes: Sequence[Outcome]) -> CrossValidation:
    """Put together what came of all folds."""
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
        candidates=[describe(each) for each in study.candidates],
        choices=np.array([[each.choice for each in row] for row in rows]),
        inner_scores=np.array([[each.inner_scores for each in row] for row in rows]),
        labels=study.recording.channel_labels,
    )


def _held_out(rows: Sequence[Sequence[Outcome]], folds: Sequence[Fold]) -> list[HeldOut]:
    """Give what each fold holds out, predicted by the models of all folds."""

    def predicted(row: Sequence[Outcome], parts: Sequence[Stretch]) -> np.ndarray:
        return np.hstack([join(each.part.prediction, parts) for each in row])

    def target(row: Sequence[Outcome], parts: Sequence[Stretch]) -> np.ndarray:
        return np.hstack([join(each.part.target, parts) for each in row])

    fitted = [target(row, fold.fit) for row, fold in zip(rows, folds, strict=True)]
    scales = [
        spread(predicted(row, fold.fit), y)
        for row, fold, y in zip(rows, folds, fitted, strict=True)
    ]
    return [
        HeldOut(
            target(rows[own], fold.test),
            [predicted(row, fold.test) for row in rows],
            scales,
            mean_of(fitted[own]),
            own,
        )
        for own, fold in enumerate(folds)
    ]


def _is_failed(rows: Sequence[Sequence[Outcome]]) -> np.ndarray:
    """Tell for each fold and channel whether there was nothing to fit."""
    return np.array(
        [
            [
                (results := each.part.model.results) is not None
                and (results.is_failed or channel in results.silent)
                for each in row
                for channel in range(each.part.n_channels)
            ]
            for row in rows
        ]
    )


def _stitch(study: Study, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
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
