"""Running a job: a fit, its scores, and the row that tells of both, or of what went wrong."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from importlib.metadata import version
from typing import Any

from ..._version import __version__
from ...compiler.bound import model_id
from ...fitting.scales import ScaleWarning, warn_of_start
from ...graph.wiring import connect, needed, signals_of
from ...models import Model
from ...models.saving import to_dict
from ..store.rows import JobRow
from .datasets import SharedFilesError
from .inputs import InputCache, Split
from .jobs import Job, Task
from .limits import JobLimitError
from .scores import score

_PACKAGES = ("numpy", "scipy", "numba")
_INTERRUPTED = 2
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
        # in the sweep's own process the sweep sees to that, for all threads together
        use_one_blas_thread()
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
            found = _fit_and_score(task, job)
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


def use_one_blas_thread() -> Any:
    """Keep linear algebra from using more than a core, and from adding in another order.

    Returns
    -------
    threadpoolctl.threadpool_limits
        A context, to have it as it was.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")


# ---- a job -----------------------------------------------------------------------------------


def _fit_and_score(task: Task, job: Job) -> dict[str, Any]:
    model = Model(job.canonical)
    data = _inputs.split(task.dataset, task.recipe, job, model)
    of_scales = _warnings_of_scales(model, data, task.recipe.fit.get("init", "auto"))
    check_time = task.limits.clock()
    began = time.perf_counter()
    fitted = model.fit(
        data.x_fit,
        data.y_fit,
        verbose=0,
        callback=check_time,
        seed=task.recipe.seed,
        **task.recipe.fit,
    )
    seconds = time.perf_counter() - began
    results = fitted.results
    assert results is not None
    if results.status == _INTERRUPTED:
        # the fit has kept Ctrl-C to itself, to give what it had found
        raise KeyboardInterrupt
    prediction = fitted.predict(data.x_fit)
    r_fit, se_fit = score(prediction, data.y_fit)
    r_test, se_test = None, None
    if data.x_test is not None:
        if data.x_test is not data.x_fit:
            prediction = fitted.predict(data.x_test)
        r_test, se_test = score(prediction, data.y_test)
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
        "seconds": seconds,
        "converged": results.converged,
        "warnings": (*of_scales, *results.warnings),
        "optimizer": results.optimizer,
        "status": "ok",
        "model": json.dumps(to_dict(fitted), allow_nan=False),
    }


def _warnings_of_scales(model: Model, data: Split, init: str) -> list[str]:
    """Tell of units that the fit does not start well from, for the row and not for a worker."""
    nodes = connect(model.layers)
    signals = {name: data.x_fit.signals[name] for name in signals_of(nodes)}
    # what warnings do with what they catch is the same for all threads
    with _catching, warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ScaleWarning)
        warn_of_start(nodes, needed(nodes, len(nodes) - 1), init, signals, data.y_fit)
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
        "seed": task.recipe.seed,
        "versions": _versions(),
    }


@cache
def _versions() -> dict[str, str]:
    found = {"nems_dsl": __version__, "python": platform.python_version()}
    return found | {name: version(name) for name in _PACKAGES}
