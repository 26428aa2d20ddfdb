"""``nems-dsl plan``: write down what a sweep will do, before data are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import takes_fit_options
from ..streams import note, say


@takes_fit_options("max_seconds")
def plan(
    patterns: Annotated[
        list[str],
        typer.Argument(metavar="PATTERN...", help="Model spaces, as for sweep."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the plan goes.")
    ] = Path("plan.json"),
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            "-d",
            metavar="[NAME=]FILE",
            help="Data that will be fitted; they are named, and not read.",
        ),
    ] = None,
    assess: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="A hypothesis that will be tested, such as 'wc.18x2[-stp.2]-fir.2x15'.",
        ),
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="Models to keep, as for sweep.")
    ] = None,
    channel: Annotated[
        list[int] | None,
        typer.Option("--channel", "-c", help="A response channel, from 0; default all."),
    ] = None,
    test: Annotated[
        float, typer.Option(metavar="FRACTION", min=0, max=0.99, help="Share to hold out.")
    ] = 0.2,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Cross-validate instead, with so many folds.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
    **fit_options: Any,
) -> None:
    """Write down what a sweep will do: models, data, split, fits and tests, with a digest.

    Give it the arguments of the sweep to come. No data are read. Afterwards, nems-dsl results FILE
    --plan plan.json shows what was done as planned, left out, and added.
    """
    from nems_dsl.sweeps import plan_sweep
    from nems_dsl.sweeps.running.jobs import Recipe

    from .sweep import name_files

    seed = fit_options.pop("seed")
    recipe = Recipe(
        fit_options, test, folds, seed=seed, channels=tuple(channel) if channel else None
    )
    made = plan_sweep(
        patterns, name_files(data or []), where=where, tests=assess or [], recipe=recipe
    )
    made.save(output)
    if not quiet:
        say(str(made))
    note(f"saved {output}", quiet)
