"""Running an experiment string: preparation, splits, fits and scores, all that the string says."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._environment import environment
from .._threads import one_blas_thread
from ..data.columns import choose_columns
from ..data.folds import Fold, Stretch, mask
from ..data.recording import Recording, read_recording
from ..data.trials import Data
from ..metrics import get_metric
from ..models import Model
from ..models.model_set import ModelSet
from ..preparation import Preparation
from ..studies.crossvalidation import gather
from ..studies.crossvalidation_results import CrossValidation
from ..studies.many import options_of_columns
from ..studies.nested import Outcome, Study, prepare
from ..studies.part import Part
from ..studies.resampling import correlation_error
from ..studies.threads import Tasks, count_threads
from .bind import BoundExperiment, parse_experiment
from .prepared import Prepared


@dataclass(frozen=True, repr=False)
class Run:
    """What came of an experiment string.

    Attributes
    ----------
    string : str
        The canonical form; with the same data it gives the same numbers.
    experiment : BoundExperiment
    model : Model or ModelSet
        Fitted, with its preparation in it, so that it takes raw data: to the data of the fit where
        some were held out, and to all where folds were.
    score : float, or (channels,) ndarray
        On data that the fits have not seen; NaN if there are none.
    standard_error : float, or (channels,) ndarray
        Of `score`; NaN where it is not known.
    metric : str
    data_digest : str
        Of the data, as sweeps have it of theirs.
    folds : CrossValidation or None
        All there is of the folds, where there are some.
    versions : dict of str to str
        Of the packages, and the processor's kind: what the last bits depend on besides.
    """

    string: str
    experiment: BoundExperiment
    model: Model | ModelSet
    score: Any
    standard_error: Any
    metric: str
    data_digest: str
    folds: CrossValidation | None
    versions: dict[str, str]

    @property
    def row(self) -> dict[str, Any]:
        """A row for a table of results; means over channels."""
        results = self.model.results
        each = results if isinstance(results, tuple) else (results,)
        losses = [one.loss for one in each if one is not None]
        first = self.model if isinstance(self.model, Model) else self.model[0]
        return {
            "experiment": self.string,
            "experiment_id": self.experiment.experiment_id,
            "model": first.string,
            "model_id": first.model_id,
            "data_digest": self.data_digest,
            "metric": self.metric,
            "score": float(np.mean(self.score)),
            "standard_error": _one(self.standard_error),
            "n_parameters": first.parameter_count,
            "loss": float(np.mean(losses)) if losses else np.nan,
            **self.versions,
        }

    def __repr__(self) -> str:
        scores = np.atleast_1d(self.score)
        errors = np.atleast_1d(self.standard_error)
        shown = ", ".join(
            f"{s:.3f}" + f" ± {e:.3f}" * bool(np.isfinite(e))
            for s, e in zip(scores[:6], errors[:6], strict=True)
        )
        more = f" and {len(scores) - 6} more" if len(scores) > 6 else ""
        return f"Run({self.string}: {self.metric} {shown}{more})"


def _one(errors: Any) -> float:
    """Give the error of one channel; that of a mean over several is not told by theirs."""
    return float(errors) if np.ndim(errors) == 0 else np.nan


@one_blas_thread()
def run(
    string: str,
    x: Data,
    y: Data | None = None,
    *,
    state: Data | None = None,
    channels: int | str | Sequence[int] | Sequence[str] | None = None,
    groups: Sequence[Hashable] | None = None,
    metric: str = "correlation",
    n_jobs: int | None = 1,
) -> Run:
    """Do what an experiment string says: prepare data, split them, fit, and score.

    Parameters
    ----------
    string : str
        ``preparation_model_fit``, such as ``zs-kf5_wc.18x4-fir.4x15-dexp.1_``, or a model alone:
        four fifths of the data are fitted then, and the end is tested.
    x, y, state : as for `nems_dsl.fit`
        Raw data.
    channels : int, str, or sequence of these, optional
        Columns of `y`; all by default.
    groups : sequence, optional
        A label for each trial; trials of one label stay together.
    metric : str
        Of scores, channel by channel.
    n_jobs : int, optional
        How many fits at a time; the result is the same to the last bit.

    Returns
    -------
    Run

    Raises
    ------
    ModelStringError
        The string is at fault.
    ValueError
        The data cannot be prepared, split or fitted: says why.

    Notes
    -----
    What a step of preparation estimates, such as a mean, it estimates of the data of each fit
    alone. Predictions are in the units of `y` as it was given, and are scored against it.

    Examples
    --------
    >>> from nems_dsl.datasets import simulate
    >>> data = simulate(n_times=2000, n_channels=6, n_taps=4, snr=4.0)
    >>> found = run("zs-kf4_wc.6x1-fir.1x4-dexp.1_", data.stim, data.resp)
    >>> found.string, bool(found.score > 0.7)
    ('zs-kf4_wc.6x1-fir.1x4-dexp.1_', True)
    >>> found.model.predict(data.stim).shape
    (2000, 1)
    """
    experiment = parse_experiment(string)
    get_metric(metric)
    options = experiment.options
    recording = read_recording(x, y, state=state, single=options.dtype == "float32")
    columns = choose_columns(channels, recording.n_channels, recording.channel_labels)
    n_columns, recording = recording.n_channels, recording.columns(columns)
    whole = [Stretch(n, 0, len(trial)) for n, trial in enumerate(recording.target)]
    everything = Preparation.estimate(experiment.steps, recording, whole)
    prepared = everything.apply(recording)
    model = Model.from_tree(experiment.model)
    study = prepare(
        [model], prepared, experiment.design(groups), experiment.method, metric, 1, options
    )
    n_threads = count_threads(n_jobs, len(study.columns))
    if experiment.design().n_folds is None:
        fold = study.folds[0]
        fits = _fits(experiment, study, recording, fold, n_threads)
        score, error = _score(study, fits, fold)
        folds = None
    else:
        folds = _cross_validate(experiment, study, recording, n_jobs)
        fits = _fits(experiment, study, recording, Fold(tuple(whole), ()), n_threads)
        score, error = folds.score, folds.standard_error
    models = [part.model for part in fits]
    found = (
        models[0]
        if len(models) == 1
        else ModelSet(models, columns, n_columns, recording.channel_labels)
    )
    return Run(
        experiment.string,
        experiment,
        found,
        score,
        error,
        metric,
        digest(recording),
        folds,
        environment(),
    )


def digest(recording: Recording) -> str:
    """Give hexadecimal digits that stand for the numbers of a recording."""
    found = hashlib.sha256()
    for name, trials in [*sorted(recording.signals.items()), ("resp", recording.target)]:
        found.update(name.encode())
        for trial in trials:
            found.update(str((trial.shape, trial.dtype.str)).encode())
            found.update(np.ascontiguousarray(trial).tobytes())
    return found.hexdigest()[:16]


# ---- fits ------------------------------------------------------------------------------------


def _fit(study: Study, prepared: Prepared, columns: tuple[int, ...]) -> Part:
    """Fit the model to some channels."""
    options = options_of_columns(study.options, columns, prepared.raw.n_channels)
    return prepared.fit(study.candidates[0], columns, options)


def _fits(
    experiment: BoundExperiment, study: Study, raw: Recording, fold: Fold, n_threads: int
) -> list[Part]:
    prepared = Prepared.of(experiment, raw, fold.fit)
    work = Tasks(
        lambda number: _fit(study, prepared, study.columns[number]),
        len(study.columns),
        n_threads,
        may_fork=True,
    )
    return list(work.results())


def _cross_validate(
    experiment: BoundExperiment, study: Study, raw: Recording, n_jobs: int | None
) -> CrossValidation:
    """Fit and test all folds, each with a preparation of its own."""
    tasks = [(n, columns) for n in range(len(study.folds)) for columns in study.columns]
    metric = get_metric(study.metric)

    @functools.cache
    def prepared(number: int) -> Prepared:
        return Prepared.of(experiment, raw, study.folds[number].fit)

    def work(task: int) -> Outcome:
        number, columns = tasks[task]
        fold = study.folds[number]
        try:
            part = _fit(study, prepared(number), columns)
        except Exception as error:
            error.add_note(f"in fold {number} of {len(study.folds)}, channels {list(columns)}")
            raise
        return Outcome(part, 0, np.full(1, np.nan), part.score(metric, fold.fit))

    n_threads = count_threads(n_jobs, len(tasks))
    outcomes = list(Tasks(work, len(tasks), n_threads, may_fork=True).results())
    return gather(replace(study, recording=raw), outcomes)


def _score(study: Study, fits: Sequence[Part], fold: Fold) -> tuple[Any, Any]:
    """Score what was held out, channel by channel, with errors of correlations."""
    metric = get_metric(study.metric)
    scores, errors = [], []
    for part in fits:
        each = part.score(metric, fold.test)
        target = mask(part.target, fold.test)
        for channel, score in enumerate(each):
            one = slice(channel, channel + 1)
            scores.append(float(score))
            known = study.metric == "correlation" and fold.test and np.isfinite(score)
            errors.append(
                correlation_error(
                    float(score),
                    [trial[:, one] for trial in part.prediction],
                    [trial[:, one] for trial in target],
                )
                if known
                else np.nan
            )
    if len(scores) == 1:
        return scores[0], errors[0]
    return np.array(scores), np.array(errors)
