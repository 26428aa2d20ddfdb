"""Running a job: a fit, its scores, and the row that tells of both, or of what went wrong."""

from __future__ import annotations

import functools
import json
import math
import os
import platform
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..._environment import environment
from ..._threads import one_blas_thread
from ...compiler.bound import model_id
from ...data.folds import Fold, Stretch, mask
from ...data.recording import Recording
from ...experiments.bind import BoundExperiment, known_experiment
from ...experiments.prepared import Prepared
from ...fitting.results import INTERRUPTED
from ...graph.wiring import connect
from ...metrics import correlation
from ...models import Model
from ...models.fit import warn_of_data
from ...models.saving import to_dict
from ...preparation import Preparation
from ...studies.part import Part
from ...studies.resampling import correlation_error
from ..store.rows import JobRow
from .datasets import SharedFilesError
from .inputs import InputCache
from .jobs import Job, Recipe, Task, columns_of, recipe_for
from .limits import JobLimitError

_inputs = InputCache()
_catching = threading.Lock()


def run_task(task: Task) -> list[JobRow]:
    """Run the jobs of a task, in a thread or a process of any kind.

    Raises
    ------
    SharedFilesError
        The data are not there. Whatever else goes wrong is told in a row.
    """
    if this_process() != task.parent:
        # for as long as this process lives; in its own the sweep sees to that
        one_blas_thread().__enter__()
    return list(run_jobs(task))


def run_jobs(task: Task) -> Iterator[JobRow]:
    """Run the jobs of a task, one after the other."""
    for job in task.jobs:
        yield run_job(task, job)


def run_job(task: Task, job: Job, *, is_alone: bool = False) -> JobRow:
    """Fit a model, score it, and tell of it; of a fault as well.

    Parameters
    ----------
    task : Task
        That the job is from.
    job : Job
    is_alone : bool
        The process does nothing else, so that its memory can be limited.

    Returns
    -------
    JobRow

    Raises
    ------
    SharedFilesError
        The data are not there.
    KeyboardInterrupt
        The user has ended the fit.
    """
    began = time.perf_counter()
    try:
        with task.limits.memory() if is_alone else nullcontext():
            found = fit_and_score(task, job)
    except SharedFilesError:
        raise
    except MemoryError as fault:
        _inputs.clear()
        limit = JobLimitError(task.limits.out_of_memory())
        limit.__cause__ = fault
        return failed_row(task, job, limit, time.perf_counter() - began)
    except Exception as fault:
        return failed_row(task, job, fault, time.perf_counter() - began)
    return JobRow(**_known(task, job), **found)


def failed_row(task: Task, job: Job, fault: BaseException, seconds: float) -> JobRow:
    """Give the row of a job that failed."""
    return JobRow(
        **_known(task, job),
        seconds=seconds,
        status="failed",
        error=f"{type(fault).__name__}: {fault}",
        traceback="".join(traceback.format_exception(fault)),
    )


def forget_inputs() -> None:
    """Give the memory of the data free that jobs in this process have used."""
    _inputs.clear()


def this_process() -> str:
    """Tell this process from all others, on this machine and on others."""
    return f"{platform.node()}:{os.getpid()}"


# ---- a job -----------------------------------------------------------------------------------


def fit_and_score(task: Task, job: Job) -> dict[str, Any]:
    """Do a job, and give what came of it by the names of columns.

    Raises
    ------
    Exception
        Whatever is wrong with the job.
    """
    dataset, experiment = task.dataset, known_experiment(job.canonical)
    recipe = recipe_for(job.canonical, task.recipe)
    columns = columns_of(dataset, recipe, job.channel)
    recording = _inputs.recording(dataset, job.canonical)
    model = _model(experiment, recording, len(columns))
    cuts = recipe.design(dataset.groups).cut(dataset.lengths, [model])
    fold = cuts.folds[max(job.fold, 0)]
    prepared = _prepared(experiment, recording, fold)
    of_data = _warnings_of_data(model, prepared.seen.columns(columns), fold, recipe)
    part = prepared.fit(model, columns, recipe.options, task.limits.clock())
    fitted = part.model
    results = fitted.results
    assert results is not None
    if results.status == INTERRUPTED:
        # the fit has kept Ctrl-C to itself, to give what it had found
        raise KeyboardInterrupt
    if results.is_failed:
        raise ValueError(results.message)
    r_fit, se_fit = _score(part, fold.fit)
    r_test, se_test = _score(part, fold.test)
    return {
        "n_parameters": fitted.parameter_count,
        "r_fit": r_fit,
        "se_fit": se_fit,
        "r_test": r_test,
        "se_test": se_test,
        "loss": results.loss,
        "loss_name": results.loss_name,
        "iterations": results.n_iterations,
        "evaluations": results.n_evaluations,
        "seconds": results.seconds,
        "converged": results.converged,
        "warnings": (*of_data, *results.warnings),
        "optimizer": results.optimizer,
        "status": "ok",
        "model": json.dumps(to_dict(fitted), allow_nan=False),
    }


def _prepared(experiment: BoundExperiment, recording: Recording, fold: Fold) -> Prepared:
    """Give the data as the fits of a fold see them, which many jobs share."""
    if not experiment.prep:
        return Prepared(recording, recording, Preparation(), fold.fit)
    key = (experiment.outer.split("_")[0], tuple(fold.fit))
    make = functools.partial(Prepared.of, experiment, recording, fold.fit)
    return recording.lately("prepared", key, make)


def _model(experiment: BoundExperiment, recording: Recording, n_columns: int) -> Model:
    """Give the model, bound to data as they are after the preparation."""
    whole = [Stretch(n, 0, len(trial)) for n, trial in enumerate(recording.target)]
    everything = _prepared(experiment, recording, Fold(tuple(whole), ()))
    return Model.from_tree(experiment.model).bind_data(everything.seen, (n_columns,))


def _score(part: Part, stretches: Sequence[Stretch]) -> tuple[float | None, float | None]:
    """Return the mean correlation over channels, and its error; None where it is not defined."""
    if not stretches:
        return None, None
    target = mask(part.target, stretches)
    heard = np.delete(np.arange(part.n_channels), _silent(part))
    r = float(np.mean(part.score(correlation, stretches)[heard]))
    error = correlation_error(
        r, [trial[:, heard] for trial in part.prediction], [trial[:, heard] for trial in target]
    )
    return tuple(value if math.isfinite(value) else None for value in (r, error))  # type: ignore[return-value]


def _silent(part: Part) -> list[int]:
    return [] if part.model.results is None else list(part.model.results.silent)


def _warnings_of_data(model: Model, recording: Recording, fold: Fold, recipe: Recipe) -> list[str]:
    """Tell what does not suit a fit in the data, for the row and not for a worker."""
    seen = recording.with_response(mask(recording.target, fold.fit))
    # what warnings do with what they catch is the same for all threads
    with _catching, warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn_of_data(connect(list(model.layers)), seen, recipe.options)
    return [str(each.message) for each in found]


def _known(task: Task, job: Job) -> dict[str, Any]:
    """Give what is known of a job before it is run."""
    return {
        "identity": job.identity,
        "string": job.string,
        "canonical": job.canonical,
        "model_id": model_id(job.canonical),
        "dataset": task.dataset.name,
        "data_digest": task.dataset.digest,
        "recipe": job.recipe,
        "channel": job.channel,
        "fold": job.fold,
        "variables": job.variables,
        "seed": recipe_for(job.canonical, task.recipe).seed,
        "versions": environment(),
    }
