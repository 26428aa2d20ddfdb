"""``nems-dsl expand``: what a model space holds, before it is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import Dialect, Dialects
from ..streams import complain, note, say
from ..tables import show_table

if TYPE_CHECKING:
    from nems_dsl.spaces import Preview, Space

_MOST_SHOWN = 12
_SIZES = ("smallest", "median", "largest")


def expand(
    pattern: Annotated[
        str,
        typer.Argument(
            metavar="PATTERN", help="A model space, such as 'wc.18x{r=1..4}-fir.{r}x15', in quotes."
        ),
    ],
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            "-w",
            metavar="CONDITION",
            help='Which variants to keep, such as "r < 3 and n_parameters <= 200".',
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many variants are allowed.")] = 1_000_000,
    n_listed: Annotated[
        int, typer.Option("--list", "-l", metavar="N", min=0, help="List the first N models.")
    ] = 0,
    n_bins: Annotated[
        int,
        typer.Option(
            "--bins",
            metavar="N",
            min=0,
            help="Length of the simulated recording that fits are timed on; 0 times nothing.",
        ),
    ] = 10_000,
    dialect: Dialect = Dialects.native,
    n_inputs: Annotated[
        int | None, typer.Option("--inputs", "-N", help="Input channels, where N is open.")
    ] = None,
    n_responses: Annotated[
        int | None, typer.Option("--responses", "-R", help="Response channels, where R is open.")
    ] = None,
    n_states: Annotated[
        int | None, typer.Option("--states", "-S", help="State channels, where S is open.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not say what is done.")] = False,
) -> None:
    """Say what a model space holds: how many models, how large, how long to fit.

    Times are estimates, from fits of three of the models to simulated data on this machine. If
    some variants are no models, their faults are printed on stderr, and the exit code is 1.
    """
    from nems_dsl.spaces import expand as expand_pattern
    from nems_dsl.spaces import preview

    space = expand_pattern(
        pattern,
        where=where,
        dialect=dialect.value,
        limit=limit,
        N=n_inputs,
        R=n_responses,
        S=n_states,
    )
    seen = preview(space, n_bins, lambda text: note(text, quiet))
    _show_counts(seen)
    _show_values(seen)
    _show_samples(seen, n_bins)
    if n_listed:
        _list_models(space, n_listed)
    if seen.error is not None:
        complain(f"{seen.error}\n")
        complain(f"{seen.n_faulty:,} of {seen.n_variants:,} variants are not models")
        raise typer.Exit(1)


def _show_counts(seen: Preview) -> None:
    parts = [f"{seen.n_variants:,} variant{'s' * (seen.n_variants != 1)}"]
    if seen.n_excluded:
        parts.append(f"{seen.n_excluded:,} left out by the condition")
    if seen.n_faulty:
        parts.append(f"{seen.n_faulty:,} at fault")
    if seen.n_merged:
        parts.append(f"{seen.n_merged:,} the same as others")
    say(f"{', '.join(parts)}: {seen.n_models:,} model{'s' * (seen.n_models != 1)}")


def _show_values(seen: Preview) -> None:
    if seen.values and seen.n_models:
        say()
        rows = [[name, _join(values)] for name, values in seen.values.items()]
        show_table(["variable", "values"], rows)


def _show_samples(seen: Preview, n_bins: int) -> None:
    if not seen.samples:
        return
    say()
    titles = _SIZES if len(seen.samples) == 3 else ("smallest", "largest")
    rows = [
        [
            title if len(seen.samples) > 1 else "only",
            str(sample.n_parameters),
            "-" if sample.seconds is None else f"{sample.seconds:.2f}",
            sample.string,
        ]
        for title, sample in zip(titles, seen.samples, strict=False)
    ]
    columns = ["model", "parameters", "seconds", "string"]
    show_table(columns, rows, numbers=columns[1:3])
    if seen.assumed:
        say(f"with {', '.join(f'{symbol} = {n}' for symbol, n in seen.assumed.items())}")
    if seen.seconds is not None:
        say()
        say(
            f"about {_duration(seen.seconds)} to fit each model once to {n_bins:,} bins, one after "
            "the other on this machine (an estimate from the fits above, to simulated data)"
        )


def _list_models(space: Space, n_listed: int) -> None:
    say()
    rows = [
        [variant.canonical, *(_spell(variant.values[name]) for name in space.variables)]
        for variant in islice(space.models(), n_listed)
    ]
    show_table(["string", *space.variables], rows)


def _join(values: Sequence[Any]) -> str:
    shown = " ".join(_spell(value) for value in values[:_MOST_SHOWN])
    more = len(values) - _MOST_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _spell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"
