"""``nems-dsl verify``: whether the rows of a store are what a fit gives."""

from __future__ import annotations

from typing import Annotated

import typer

from ..streams import note, say


def verify(
    store: Annotated[
        str, typer.Argument(metavar="FILE", help="The store of a sweep, or its database URL.")
    ],
    sample: Annotated[
        int, typer.Option("--sample", "-n", min=1, help="How many rows to fit again.")
    ] = 20,
    every: Annotated[bool, typer.Option("--all", help="Fit all rows again.")] = False,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            "-d",
            metavar="[NAME=]FILE",
            help="The data; by default the files that the sweep has read.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw of rows.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not say what is done.")] = False,
) -> None:
    """Fit rows of a store again, and compare what comes of it to what is stored.

    With the same versions on the same kind of processor, numbers must be the same to the last bit;
    otherwise to 1e-6, which is said. A row that differs is named, and the exit code is 1.
    """
    from nems_dsl.sweeps import verify as verify_store

    from .sweep import name_files

    note("fitting rows again", quiet)
    found = verify_store(
        store,
        None if every else sample,
        datasets=name_files(data) if data else None,
        seed=seed,
    )
    say(str(found))
    if not found.ok:
        raise typer.Exit(1)
