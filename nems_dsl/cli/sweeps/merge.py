"""``nems-dsl merge``: put the parts of a sweep together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..streams import note


def merge(
    store: Annotated[
        str,
        typer.Argument(metavar="STORE", help="The store to put rows into; made if not there."),
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Stores to read, such as those of shards."),
    ],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
) -> None:
    """Put the rows of stores into another.

    The stores that are read stay as they are. A job that has succeeded in the store stays as it is
    there, so that the same command again adds nothing.

    The exit code is 1 if a store cannot be read.
    """
    from nems_dsl.sweeps import merge_stores

    done = merge_stores(store, *sources)
    known = f", {done.n_known:,} were there before" if done.n_known else ""
    failed = f", {done.n_failed:,} of them failed" if done.n_failed else ""
    note(f"{done.n_added:,} rows added{failed}{known}; {store}", quiet)
