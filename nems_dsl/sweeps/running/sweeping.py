"""Sweeps: many models, fitted to many data sets, in a store that survives whatever happens."""

from __future__ import annotations

import inspect
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np

from ..._threads import one_blas_thread, usable_cores
from ..._warn import warn_user
from ...argument_names import refuse_unknown
from ...fit_options import SweepFitArguments, document_options
from ..store.rows import JobRow
from .compiling import compile_first
from .datasets import Dataset, DatasetWarning, check_split, share_datasets
from .executors import (
    check_executor,
    run_by_executor,
    run_here,
    run_in_processes,
    shares_memory,
)
from .jobs import NOT_FOR_SWEEPS, Feed, Job, Recipe, Task, jobs_without_data, plan_jobs
from .leftovers import clear_left, mark_ours
from .limits import Limits, ending_in_order, read_size, shielded
from .places.shards import Shard, of_shard
from .run import failed_row, forget_inputs, this_process
from .sweep_progress import Progress
from .variants import Variants
from .writing import ROWS_PER_COMMIT, Writer

if TYPE_CHECKING:
    from ...spaces.space import Space
    from ..results.stored_results import Results
    from ..store.store import Store

_JOBS_PER_QUESTION = 256
_SCRATCH = "nems_dsl_sweep_"
_SQLITE = b"SQLite format 3\0"


class _How(TypedDict, total=False):
    """Arguments of `run_jobs_of_sweep` that may be left out."""

    where: Any
    dialect: str
    n_workers: int | None
    resume: bool
    show_progress: bool | None
    scratch: str | Path | None
    shard: Shard | None


@document_options
def sweep(
    pattern_or_strings: str | Space | Iterable[str],
    datasets: Any,
    store: str | Path = "results.db",
    executor: Executor | str | None = None,
    *,
    where: Any = None,
    dialect: str = "native",
    n_workers: int | None = None,
    channels: int | Sequence[int] | None = None,
    test: float = 0.2,
    n_folds: int | None = None,
    by: str = "auto",
    gap: int | None = None,
    seed: int | None = 0,
    fit: Mapping[str, Any] | None = None,
    max_seconds: float | None = None,
    max_memory: int | str | None = None,
    resume: bool = True,
    show_progress: bool | None = None,
    scratch: str | Path | None = None,
    **fit_arguments: Unpack[SweepFitArguments],
) -> Results:
    """Fit many models to many data sets, and keep scores and models in a store.

    A job is a model string, a data set, a channel of its response, and a fold. A string with one
    output is a job for each channel; one with several is one job for all channels. What is
    finished is in the store within about a second, and is not done again: after a crash, or with
    more models, data or folds, run the same command once more.

    Parameters
    ----------
    pattern_or_strings : str, Space, or iterable of str
        A pattern such as ``wc.18x{r=1..4}-fir.{r}x15-{lvl,dexp}.1``, or several strings.
    datasets : mapping of str to data, path, or sequence of paths
        Each is a tuple (x, y), (x, y, repeats) or (x, y, repeats, state); a dict with ``stim`` and
        ``resp``, and maybe ``state`` and ``repeats``; a `Recording`; the path of an npz file; or a
        function that gives one of these. `repeats` labels the trials: those of the same label are
        held out together. x and y are as for `Model.fit`.
    store : str, Path or URL
        A SQLite file, made if it is not there, or the URL of a database.
    executor : concurrent.futures.Executor, "serial" or None
        Where jobs are run. By default in processes on this machine, which are replaced when they
        die; ``"serial"`` is in this process. On a cluster, ``Client(...).get_executor()`` of
        `dask.distributed`. The results are the same, to the last bit.
    where : callable or str, optional
        Which variants of the pattern to keep; as for `expand`.
    dialect : str
        The language of the strings.
    n_workers : int, optional
        How many processes; by default as many as there are cores. With an executor, how many
        tasks it runs at a time, if it does not tell.
    channels : int or sequence of int, optional
        Channels of the response, from 0; all by default.
    test : float
        The share of each data set to hold out: the last trials, or the end of a single one.
    n_folds : int, optional
        Cross-validate instead: a job for each fold.
    by : {"auto", "trials", "time"}
        What folds are made of; as for `cross_validate`.
    gap : int, optional
        Bins around folds of time that are neither fitted nor tested; by default as many as the
        model remembers.
    seed : int or None
        Of each fit.
    fit : mapping, optional
        Options of `Model.fit`, such as ``{"loss": "poisson"}``. They can also be given by
        themselves, as below. Only numbers, text, True, False and None, which are kept beside the
        results.
    max_seconds : float, optional
        A job that takes longer has failed. (The search's own limit, which keeps what it found, is
        ``fit={"max_seconds": ...}``.)
    max_memory : int or str, optional
        Bytes, or such as ``"2G"``, that a job may take beyond what its worker holds when it
        begins; a job that takes more has failed. On Linux, in the sweep's own processes.
    resume : bool
        Leave out what is in the store. Otherwise everything is done again.
    show_progress : bool, optional
        Show a bar; by default on a terminal.
    scratch : path, optional
        A folder in which workers find the data, as memory maps; emptied at the end. By default
        that for temporary files or, with an executor that may be on other machines, that of the
        store.
    {options}

    Returns
    -------
    Results
        The rows of these data that were fitted and tested in this way, those of earlier sweeps
        with other models among them. `open_results` gives everything in the store.

    Raises
    ------
    ModelStringError, ValueError, TypeError
        Strings, data or arguments are wrong: says which and why, before any fit. What goes wrong
        in a job is told in its row.
    OSError
        The store cannot be written to.

    Notes
    -----
    Scores are correlations of the prediction with the response, for a model of several channels
    their mean. Standard errors are by the jackknife: over trials, if there are 5 or more,
    otherwise over 10 contiguous blocks of time.

    Workers are fresh processes, which load the script that is run: a script must call `sweep`
    under ``if __name__ == "__main__":``. Linear algebra uses one thread in each.

    With an executor of your own, `max_seconds` is looked at after each iteration of a fit.

    Examples
    --------
    >>> import tempfile
    >>> from nems_dsl import sweep
    >>> from nems_dsl.datasets import simulate
    >>> data = simulate(n_times=800, n_channels=6, n_taps=4, n_outputs=2, snr=4.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = sweep(
    ...         "wc.6x{r=1..2}-fir.{r}x4-lvl.1", {"A1": data}, f"{folder}/results.db", "serial"
    ...     )
    ...     table = results.to_pandas()
    >>> len(table), sorted(set(table.r)), bool((table.r_test > 0.5).all())
    (4, [1, 2], True)
    """
    # its own arguments may be misspelt as well as those of fits
    given = [name for name in fit_arguments if name not in NOT_FOR_SWEEPS]
    refuse_unknown(given, tuple(inspect.signature(sweep).parameters), "sweep")
    recipe = Recipe(
        {**(fit or {}), **fit_arguments}, test, n_folds, by, gap, seed,
        None if channels is None else tuple(np.atleast_1d(channels).tolist()),
    )  # fmt: skip
    _, results = run_sweep(
        pattern_or_strings, datasets, store, executor, recipe,
        Limits(max_seconds, read_size(max_memory)), where=where, dialect=dialect,
        n_workers=n_workers, resume=resume, show_progress=show_progress, scratch=scratch,
    )  # fmt: skip
    return results


def run_sweep(
    pattern_or_strings: str | Space | Iterable[str],
    datasets: Any,
    store: str | Path,
    executor: Executor | str | None,
    recipe: Recipe,
    limits: Limits,
    **how: Unpack[_How],
) -> tuple[Progress, Results]:
    """Run a sweep, and open what it has stored; see `sweep`.

    Parameters
    ----------
    recipe, limits, **how
        As for `run_jobs_of_sweep`.

    Returns
    -------
    Progress
        What was done, and what failed.
    Results
        As of `sweep`.
    """
    from ..results.stored_results import open_results

    progress, digests = run_jobs_of_sweep(
        pattern_or_strings, datasets, store, executor, recipe, limits, **how
    )
    shard = how.get("shard")
    written = store if shard is None else shard.store(store)
    return progress, open_results(written).of_sweep(digests, recipe.texts)


def run_jobs_of_sweep(
    pattern_or_strings: str | Space | Iterable[str],
    datasets: Any,
    store: str | Path,
    executor: Executor | str | None,
    recipe: Recipe,
    limits: Limits,
    *,
    where: Any = None,
    dialect: str = "native",
    n_workers: int | None = None,
    resume: bool = True,
    show_progress: bool | None = None,
    scratch: str | Path | None = None,
    shard: Shard | None = None,
) -> tuple[Progress, set[str]]:
    """Run the jobs of a sweep; see `sweep`.

    Parameters
    ----------
    recipe : Recipe
        How models are fitted and tested.
    limits : Limits
        What a job may take.
    shard : Shard, optional
        The part of the jobs to do. They go into a store of its own, beside `store`; what is in
        that one is left out.

    Returns
    -------
    Progress
        What was done, and what failed.
    set of str
        The digests of the data.
    """
    from ..store.merging import done_in
    from ..store.store import Store

    check_executor(executor, limits)
    if n_workers is not None and n_workers < 1:
        raise ValueError(f"n_workers must be at least 1, not {n_workers}")
    if n_workers is None and executor is None:
        n_workers = usable_cores()
    done: set[str] = set()
    if shard is not None:
        done = done_in(store) if resume else set()
        store = shard.store(store)
    opened = Store.open(store)
    log = _log_beside(store)
    # a URL may hold a password, which the store leaves out
    name = str(opened.location if log is None else store)
    with opened, Progress(show_progress, log, name) as progress:
        with ending_in_order(progress.note_end), _scratch(scratch, store, executor) as folder:
            every = share_datasets(datasets, folder)
            shared = [dataset for dataset in every if dataset.fault is None]
            for dataset in shared:
                check_split(dataset, recipe.design(dataset.groups))
            opened.note_sources({d.digest: d.source for d in shared if d.source is not None})
            variants = Variants(pattern_or_strings, where, dialect, shared, recipe)
            progress.start(variants.n_jobs)
            for dataset in every:
                if dataset.fault is not None:
                    _write_failures(dataset, variants, recipe, limits, opened, progress, shard)
            planned = plan_jobs(variants, shared, recipe)
            if shard is not None:
                planned = of_shard(planned, shard, done, progress)
            jobs = _unknown(planned, opened, resume, progress)
            if executor is None or not shares_memory(executor):
                jobs = compile_first(jobs)
            feed = Feed(jobs, recipe, limits, this_process())
            _run(feed, executor, n_workers, opened, progress)
        progress.end()
    return progress, {dataset.digest for dataset in every}


# ---- running ---------------------------------------------------------------------------------


def _run(
    feed: Feed,
    executor: Executor | str | None,
    n_workers: int | None,
    store: Store,
    progress: Progress,
) -> None:
    """Run all jobs, and store what comes of them until the end or until something stops it."""
    writer = Writer(store, progress)
    rows: Iterator[list[JobRow]]
    if executor is None:
        assert n_workers is not None
        rows = run_in_processes(feed, n_workers)
    elif isinstance(executor, str):
        rows = run_here(feed)
    else:
        rows = run_by_executor(executor, feed, n_workers)
    is_here = executor is not None and shares_memory(executor)
    try:
        with one_blas_thread() if is_here else nullcontext():
            for some in rows:
                writer.add(some)
        writer.flush()
    except KeyboardInterrupt:
        with shielded():
            _close(rows)
            writer.flush()
            progress.end(progress.interruption)
        raise
    except BaseException as fault:
        _close(rows)
        if not isinstance(fault, OSError):
            writer.flush()
        progress.end(f"ended by {type(fault).__name__}: {fault}")
        raise
    finally:
        if is_here:
            forget_inputs()


def _write_failures(
    dataset: Dataset,
    variants: Variants,
    recipe: Recipe,
    limits: Limits,
    store: Store,
    progress: Progress,
    shard: Shard | None,
) -> None:
    """Write a failed row for each model of a data set that could not be loaded."""
    assert dataset.fault is not None
    warn_user(
        f"the data set {dataset.name!r} could not be loaded, and its jobs have failed: "
        f"{type(dataset.fault).__name__}: {dataset.fault}",
        DatasetWarning,
    )
    task = Task(dataset, recipe, limits, (), this_process())
    jobs = jobs_without_data(variants, dataset, recipe)
    if shard is not None:
        jobs = (job for job in jobs if shard.has(job.identity))
    while some := list(islice(jobs, ROWS_PER_COMMIT)):
        rows = [failed_row(task, job, dataset.fault, 0.0) for job in some]
        store.add(rows)
        progress.add(rows)


def _close(rows: Any) -> None:
    """End the workers, before anything else takes its time."""
    rows.close()


# ---- jobs ------------------------------------------------------------------------------------


def _unknown(
    jobs: Iterator[tuple[Dataset, Job]], store: Store, resume: bool, progress: Progress
) -> Iterator[tuple[Dataset, Job]]:
    """Leave out the jobs that the store knows."""
    while some := list(islice(jobs, _JOBS_PER_QUESTION)):
        # a string may spell the same model twice, once its symbols are bound
        unique = {job.identity: (dataset, job) for dataset, job in some}
        known = store.succeeded(unique) if resume else set()
        progress.skip(len(some) - len(unique) + len(known))
        yield from (each for identity, each in unique.items() if identity not in known)


# ---- surroundings ----------------------------------------------------------------------------


def _log_beside(store: str | Path) -> Path | None:
    """Give the file for the log; none for a database on a server."""
    if not isinstance(store, Path) and "://" in str(store):
        return None
    log = Path(store).with_suffix(".log")
    # the store may be called so itself, or another one beside it
    return log.with_name(f"{Path(store).name}.log") if _is_store(log) else log


def _is_store(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


@contextmanager
def _scratch(
    scratch: str | Path | None, store: str | Path, executor: Executor | str | None
) -> Iterator[Path]:
    """Give a folder that all workers see, and take it away afterwards."""
    is_near = executor is None or shares_memory(executor)
    is_near = is_near or isinstance(executor, ProcessPoolExecutor)
    place = scratch
    if scratch is None and not is_near and _log_beside(store) is not None:
        place = Path(store).absolute().parent
    folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=place)).absolute()
    clear_left(folder.parent, _SCRATCH)
    mark = mark_ours(folder)
    try:
        yield folder
    finally:
        if mark is not None:
            os.close(mark)
        # Windows keeps files that are still mapped
        shutil.rmtree(folder, ignore_errors=True)
