"""``nems-dsl sweep``: fit every model of a pattern to recordings, and keep what comes of it."""

from __future__ import annotations

from contextlib import nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import takes_fit_options
from ..streams import note
from ..tables import show_table

if TYPE_CHECKING:
    from nems_dsl.sweeps import Results
    from nems_dsl.sweeps.running.places.clusters import Done
    from nems_dsl.sweeps.running.sweep_progress import Progress

_SHOWN = 10


class Executors(str, Enum):  # noqa: UP042 - the options of typer before 0.20
    """Where jobs run."""

    processes = "processes"
    dask = "dask"
    loky = "loky"
    slurm = "slurm"


# the limit of time is one of the job, which has failed then
@takes_fit_options("max_seconds")
def sweep(
    patterns: Annotated[
        list[str],
        typer.Argument(
            metavar="PATTERN...",
            help="A model space, such as 'wc.18x{r=1..4}-fir.{r}x15-{lvl,dexp}.1', or several.",
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            "-d",
            metavar="[NAME=]FILE",
            help="An npz file with stim and resp (or x and y, or stim_0, resp_0, ... for trials), "
            "and maybe state; repeatable. Named after the file by default.",
        ),
    ],
    store: Annotated[
        str,
        typer.Option(metavar="FILE", help="Where results go: a SQLite file, or a database URL."),
    ] = "results.db",
    where: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION", help="Models to keep, such as 'r < 3 and n_parameters < 200'."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-j", min=1, help="Processes; by default the number of cores."),
    ] = None,
    channel: Annotated[
        list[int] | None,
        typer.Option(
            "--channel", "-c", help="A response channel, from 0; repeatable. Default all."
        ),
    ] = None,
    test: Annotated[
        float,
        typer.Option(metavar="FRACTION", min=0, max=0.99, help="Share to hold out for the test."),
    ] = 0.2,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Cross-validate instead, with so many folds.")
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="A job that takes longer has failed."),
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="A job that takes more, such as 2G, has failed."),
    ] = None,
    executor: Annotated[
        Executors,
        typer.Option(
            help="Where jobs run: processes of this machine, a cluster of dask's, processes of "
            "loky, or an array of Slurm with --workers tasks."
        ),
    ] = Executors.processes,
    address: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of a scheduler of dask that runs already."),
    ] = None,
    slurm: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="An option of Slurm as submitit has it, such as timeout_min=240, mem_gb=4 or "
            "slurm_partition=short; repeatable.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Do one of N parts of the jobs, into a file of its own beside the store; "
            "nems-dsl merge puts the parts together.",
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Do what is in the store again.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but the table.")
    ] = False,
    **fit_options: Any,
) -> None:
    """Fit every model of a space to recordings; print those that do best.

    What is finished is in the store, with a log beside it, and is not done again: after Ctrl-C, a
    crash, or with more models or data, give the same command once more.

    The exit code is 0 if all jobs are done, 1 if some have failed, 130 after Ctrl-C.
    """
    from nems_dsl.sweeps.running.jobs import Recipe
    from nems_dsl.sweeps.running.limits import Limits, read_size
    from nems_dsl.sweeps.running.places.clusters import open_executor, run_on_slurm
    from nems_dsl.sweeps.running.places.shards import Shard
    from nems_dsl.sweeps.running.sweeping import run_sweep

    seed = fit_options.pop("seed")
    recipe = Recipe(
        fit_options, test, folds, seed=seed, channels=tuple(channel) if channel else None
    )
    limits = Limits(max_seconds, read_size(max_memory))
    asked = patterns[0] if len(patterns) == 1 else patterns
    done: Progress | Done
    _check_options(executor, workers, address, slurm, shard)
    if executor is Executors.slurm:
        assert workers is not None
        done, results = run_on_slurm(
            asked, name_files(data), store, recipe, limits,
            where=where, n_tasks=workers, resume=not again, options=_read_options(slurm or []),
        )  # fmt: skip
        told = f"{done.n_done:,} jobs done, {done.n_failed:,} failed; {done.seconds:.1f} s; {store}"
        note(told, quiet)
    else:
        is_own = executor is Executors.processes
        with nullcontext() if is_own else open_executor(executor.value, workers, address) as runner:
            done, results = run_sweep(
                asked, name_files(data), store, runner, recipe, limits,
                where=where, n_workers=workers, resume=not again,
                show_progress=False if quiet else None,
                shard=None if shard is None else Shard.read(shard),
            )  # fmt: skip
        if not done.is_shown:
            note(done.summary(), quiet)
        if done.n_failed and done.log is not None:
            note(f"see {done.log} for what failed", quiet)
    _show_best(results, "r_test" if test or folds else "r_fit", quiet)
    if done.n_failed:
        raise typer.Exit(1)


def _check_options(
    executor: Executors,
    workers: int | None,
    address: str | None,
    slurm: list[str] | None,
    shard: str | None,
) -> None:
    """Refuse options that do not go together."""
    if executor is Executors.slurm:
        if workers is None:
            raise ValueError("--executor slurm takes the number of tasks, such as --workers 20")
        if shard is not None:
            raise ValueError("--executor slurm does all shards: leave out --shard")
    elif slurm:
        raise ValueError("--slurm goes with --executor slurm")
    if address is not None and executor is not Executors.dask:
        raise ValueError("--address goes with --executor dask")


def _read_options(given: list[str]) -> dict[str, Any]:
    """Read options of Slurm: numbers as such, all else as text."""
    read: dict[str, Any] = {}
    for each in given:
        name, found, value = each.partition("=")
        if not found or not name:
            raise ValueError(f"--slurm takes NAME=VALUE, such as timeout_min=240, not {each!r}")
        read[name] = int(value) if value.isdecimal() else value
    return read


def name_files(data: list[str]) -> dict[str, Path]:
    """Give names to files: as they are given, or those of the files."""
    named: dict[str, Path] = {}
    for given in data:
        name, found, path = given.partition("=")
        # a file may have such a sign in its name
        if not found or Path(given).exists():
            name, path = Path(given).stem, given
        if name in named:
            raise ValueError(
                f"two data sets are called {name!r}: {named[name]} and {path}; name them by "
                "--data NAME=FILE"
            )
        named[name] = Path(path)
    return named


def _show_best(results: Results, metric: str, quiet: bool) -> None:
    from nems_dsl.sweeps.results.score_tables import why_too_good

    best = results.best(metric, n=_SHOWN)
    if not len(best):
        note("no model has a score")
        return
    columns = ["canonical", "n_parameters", metric, "se", "n_neurons"]
    rows = [[_write(row[column]) for column in columns] for row in best.to_dict("records")]
    show_table(columns, rows, numbers=columns[1:])
    if why := why_too_good(best, metric):
        note(why, quiet)


def _write(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
