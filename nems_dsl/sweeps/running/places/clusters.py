"""Where a sweep runs, by name: clusters of dask, processes of loky, arrays of Slurm.

Their packages are imported when they are asked for.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...._threads import usable_cores
from ..executors import SERIAL
from ..jobs import Recipe
from ..limits import Limits
from ..sweeping import run_jobs_of_sweep
from .shards import Shard

if TYPE_CHECKING:
    from ...results.stored_results import Results

_LOOK_UP = 0.5
_MINUTES = 60


@contextmanager
def open_executor(
    name: str, n_workers: int | None = None, address: str | None = None
) -> Iterator[Executor]:
    """Start an executor, for `sweep` to run jobs by; it is ended at the end.

    Parameters
    ----------
    name : {"dask", "loky"}
        A cluster of dask's, on this machine or at `address`; or processes of loky.
    n_workers : int, optional
        By default as many as there are cores.
    address : str, optional
        Of a scheduler of dask that runs already, such as ``tcp://login:8786``.

    Raises
    ------
    ValueError
        There is no such executor, or its package is not installed.
    """
    n_workers = n_workers or usable_cores()
    if address is not None and name != "dask":
        raise ValueError("an address is that of a scheduler of dask: give executor dask with it")
    if name == "dask":
        distributed = _load("distributed", name)
        if address is not None:
            with distributed.Client(address) as client:
                yield client.get_executor()
            return
        cluster = distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
        with cluster, distributed.Client(cluster) as client:
            yield client.get_executor()
    elif name == "loky":
        with _load("loky", name).ProcessPoolExecutor(n_workers) as executor:
            yield executor
    else:
        raise ValueError(f"an executor is started by the name 'dask' or 'loky', not {name!r}")


@dataclass(frozen=True)
class Done:
    """What tasks of an array have done.

    Attributes
    ----------
    n_done, n_failed, n_known : int
        Jobs that succeeded, that failed, and that were in the store before.
    seconds : float
    """

    n_done: int
    n_failed: int
    n_known: int
    seconds: float


def run_on_slurm(
    pattern_or_strings: str | Iterable[str],
    datasets: Mapping[str, str | Path],
    store: str | Path,
    recipe: Recipe,
    limits: Limits,
    *,
    where: str | None = None,
    n_tasks: int,
    resume: bool = True,
    options: Mapping[str, Any] | None = None,
) -> tuple[Done, Results]:
    """Run a sweep as an array of tasks of Slurm, each of which does one shard.

    Where there is no Slurm, the tasks are processes of this machine. Shards that an earlier array
    has left behind are merged first, and what is in the store is not done again.

    Parameters
    ----------
    pattern_or_strings, recipe, limits, where, resume
        As for `run_sweep`.
    datasets : mapping of str to path
        Files that all machines see.
    store : path
        A file that all machines see; shards and logs are beside it.
    n_tasks : int
        Of the array.
    options : mapping, optional
        As `submitit.AutoExecutor` takes them: ``timeout_min``, ``mem_gb``, ``cpus_per_task``,
        ``slurm_partition`` and others.

    Returns
    -------
    Done, Results

    Raises
    ------
    RuntimeError
        Some tasks were killed; what all have finished is in the store.
    ValueError
        The store is no file, or submitit is not installed.
    """
    from ...results.stored_results import open_results

    submitit = _load("submitit", "slurm")
    began = time.perf_counter()
    path = Path(store).absolute()
    shards = [Shard(number, n_tasks) for number in range(1, n_tasks + 1)]
    shards[0].store(store)
    _take_in(path)
    files = {name: Path(file).absolute() for name, file in datasets.items()}
    chosen = {"timeout_min": _MINUTES, "cpus_per_task": 1, **(options or {})}
    logs = path.with_name(f"{path.stem}.slurm")
    executor = submitit.AutoExecutor(folder=logs)
    executor.update_parameters(**chosen)
    part = _Part(
        pattern_or_strings, files, path, recipe, limits, where, resume, chosen["cpus_per_task"]
    )
    jobs = executor.map_array(part, shards)
    try:
        while not all(job.done() for job in jobs):
            time.sleep(_LOOK_UP)
    except BaseException:
        for job in jobs:
            job.cancel()
        raise
    finally:
        _take_in(path)
    killed = [job for job in jobs if job.exception() is not None]
    if killed:
        raise RuntimeError(
            f"{len(killed)} of {n_tasks} tasks did not end; {logs} has their logs. What all have "
            f"finished is in {path}, and the same command does the rest. The first: "
            f"{str(killed[0].exception()).strip().splitlines()[-1]}"
        )
    found = [job.result() for job in jobs]
    done = Done(
        sum(each.n_done for each, _ in found),
        sum(each.n_failed for each, _ in found),
        sum(each.n_known for each, _ in found),
        time.perf_counter() - began,
    )
    digests = set().union(*(digests for _, digests in found))
    return done, open_results(path).of_sweep(digests, recipe.texts)


@dataclass(frozen=True)
class _Part:
    """What a task of an array does, wherever it is unpickled."""

    pattern_or_strings: Any
    files: Mapping[str, Path]
    store: Path
    recipe: Recipe
    limits: Limits
    where: str | None
    resume: bool
    n_cores: int

    def __call__(self, shard: Shard) -> tuple[Done, set[str]]:
        # in processes of the sweep's own where there are several, or where memory is limited
        is_here = self.n_cores == 1 and self.limits.max_memory is None
        progress, digests = run_jobs_of_sweep(
            self.pattern_or_strings, self.files, self.store, SERIAL if is_here else None,
            self.recipe, self.limits, where=self.where, n_workers=None if is_here else self.n_cores,
            resume=self.resume, show_progress=False, shard=shard,
        )  # fmt: skip
        return (
            Done(progress.n_done, progress.n_failed, progress.n_known, progress.seconds),
            digests,
        )


def _take_in(store: Path) -> None:
    """Merge shards that lie beside a store, and take them away."""
    from ...store.merging import merge_stores

    for shard in sorted(store.parent.glob(f"{store.stem}.shard-*-of-*{store.suffix}")):
        merge_stores(store, shard)
        for file in (shard, shard.with_suffix(".log"), shard.with_name(f"{shard.name}.lock")):
            file.unlink(missing_ok=True)


def _load(package: str, name: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as fault:
        raise ValueError(
            f"the executor {name} takes {package}: pip install 'nems_dsl[cluster]'"
        ) from fault
