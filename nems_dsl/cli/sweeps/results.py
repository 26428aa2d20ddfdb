"""``nems-dsl results``: what came of a sweep: show, sort, filter, compare, draw and export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nems_dsl.result_columns import list_metrics, select_columns

from ..options import ModelNames
from ..streams import note, say
from ..tables import show_table

if TYPE_CHECKING:
    from pandas import DataFrame

    from nems_dsl.sweeps import Results

SHOWN = select_columns(lambda column: column.room != "file")


def results(
    store: Annotated[
        str, typer.Argument(metavar="FILE", help="The store of a sweep, or its database URL.")
    ],
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Show what of a plan was done, left out and added."),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Sort rows by a column; -COLUMN: the largest first."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION", help="Use only some rows, such as 'rank < 3 and r_test > 0.2'."
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Columns to show, with commas between.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Rows to print; 0 prints all.")
    ] = 20,
    metric: Annotated[
        str,
        typer.Option(help=f"The score for all that follows: {', '.join(list_metrics())}."),
    ] = "r_test",
    best: Annotated[bool, typer.Option("--best", help="Rank the models.")] = False,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="With --best: for each dataset, neuron, or value of a variable."
        ),
    ] = None,
    pivot: Annotated[
        bool, typer.Option("--pivot", help="A row for each neuron, a column for each model.")
    ] = False,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Compare two models on the neurons that both have."),
    ] = None,
    nested: Annotated[
        bool, typer.Option("--nested", help="Compare models that differ in one thing.")
    ] = False,
    assess: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Tell what a part in brackets is worth, as in 'wc.18x2[-stp.2]-fir.2x15-dexp.1'.",
        ),
    ] = None,
    models: Annotated[
        ModelNames | None,
        typer.Option(
            help="Tell models apart by canonical form (the default), or by the string as it was "
            "written; --compare, --nested and --plot do so by themselves where its N, R or S "
            "stand for several numbers."
        ),
    ] = None,
    latest: Annotated[
        bool,
        typer.Option(
            "--latest", help="Use only what was run last, where data or recipe have changed."
        ),
    ] = False,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a .csv, .parquet or .tex file.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw into a .png, .pdf or .svg file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Show the results of a sweep.

    By default, how many rows there are and the first of them. --best, --pivot, --compare,
    --nested and --assess show other tables, of which one at a time; --export writes the table
    that is shown, and all rows without one. A sweep may still be running.
    """
    _check_one(
        best=best, pivot=pivot, compare=compare is not None, nested=nested,
        assess=assess is not None,
    )  # fmt: skip
    if by is not None and not best:
        raise typer.BadParameter("it goes with --best", param_hint="--by")
    _refuse_existing([path for path in (export, plot) if path is not None], force)
    from nems_dsl.sweeps import open_results

    found = open_results(store)
    if plan is not None:
        from nems_dsl.sweeps import compare_to_plan

        say(str(compare_to_plan(plan, found)))
        return
    if latest:
        found = found.latest()
    if where is not None:
        found = found.where(where)
    with _own_words():
        kind: Any = None if models is None else models.value
        table, index = _table(found, best, by, pivot, compare, nested, assess, metric, limit, kind)
    if table is None:
        _show_rows(found, columns, sort, limit, export)
    else:
        _show(_sorted(table, sort), limit, index)
        if best and (why := _why_too_good(table, metric)):
            note(why)
        if export is not None:
            from nems_dsl.sweeps.results.export import write_table

            write_table(table, export, index=index)
    if plot is not None:
        from nems_dsl.visualization import save_figure
        from nems_dsl.visualization.sweeps import plot_results

        with _own_words():
            if assess is not None:
                figure = found.assess(assess, metric).plot()
            else:
                figure = plot_results(found, metric, pair=compare, models=kind)
        save_figure(figure, plot)
    for path in (export, plot):
        if path is not None:
            note(f"saved {path}")


def _why_too_good(best: Any, metric: str) -> str:
    from nems_dsl.sweeps.results.score_tables import why_too_good

    return why_too_good(best, metric)


@contextmanager
def _own_words() -> Iterator[None]:
    """Tell of an option where the package tells of a method."""
    from nems_dsl.sweeps.results.cells import MixedRowsError

    try:
        yield
    except MixedRowsError as fault:
        raise ValueError(f"{fault.reason}; --latest uses what was run last") from fault


def _table(
    found: Results,
    best: bool,
    by: str | None,
    pivot: bool,
    compare: tuple[str, str] | None,
    nested: bool,
    assess: str | None,
    metric: str,
    limit: int,
    models: Any,
) -> tuple[DataFrame | None, bool]:
    """Give the table that is asked for, and whether its index says something."""
    if best:
        n = 1 if by is not None else limit or len(found) or 1
        return found.best(metric, by, n=n, models=models or "canonical"), False
    if pivot:
        return found.pivot(metric, models=models or "canonical"), True
    if compare is not None:
        comparison = found.compare(*compare, metric, models=models)
        say(f"{comparison}\n")
        return comparison.to_pandas(), False
    if nested:
        return found.nested(metric, models=models), False
    if assess is not None:
        assessed = found.assess(assess, metric)
        say(f"{assessed}\n\n{assessed.sentence}\n")
        return assessed.to_pandas(), False
    return None, False


def _show_rows(
    found: Results, columns: str | None, sort: str | None, limit: int, export: Path | None
) -> None:
    say(f"{found}\n")
    names = [name.strip() for name in columns.split(",")] if columns is not None else None
    shown = list(SHOWN) if names is None else names
    key = None if sort is None else sort.removeprefix("-")
    extra = [key] if key is not None and key not in shown else []
    failed = [] if names is not None else ["error"]
    table = _sorted(found.to_pandas([*shown, *extra, *failed]), sort)
    if failed and table["error"].notna().any():
        # the lines that follow point into a string, which a table has no room for
        table["error"] = table["error"].str.partition("\n")[0]
    elif failed:
        table = table.drop(columns="error")
    _show(table, limit, False)
    if export is not None:
        found.export(export, names)


def _sorted(table: Any, sort: str | None) -> Any:
    if sort is None:
        return table
    name = sort.removeprefix("-")
    if name not in table.columns:
        from nems_dsl.sweeps.results.row_selection import unknown

        raise ValueError(unknown("column to sort by", name, table.columns))
    return table.sort_values(name, ascending=not sort.startswith("-"), kind="stable")


def _show(table: Any, limit: int, index: bool) -> None:
    shown = table if not index else table.reset_index()
    numbers = [name for name in shown.columns if shown[name].dtype.kind in "fiu"]
    cut = shown if not limit else shown.head(limit)
    rows = [[_write(value) for value in row] for row in cut.itertuples(index=False, name=None)]
    show_table([str(name) for name in shown.columns], rows, numbers=[str(n) for n in numbers])
    if len(cut) < len(shown):
        note(f"{len(shown) - len(cut):,} more rows; --limit 0 prints all")


def _write(value: Any) -> str:
    # missing values of pandas are of several kinds, none of which is equal to itself or true
    if value is None or str(value) in ("nan", "<NA>"):
        return ""
    if str(value) in ("True", "False"):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())


def _check_one(**wanted: bool) -> None:
    given = [f"--{name}" for name, is_on in wanted.items() if is_on]
    if len(given) > 1:
        raise typer.BadParameter("choose one of them", param_hint=" and ".join(given))


def _refuse_existing(paths: list[Path], force: bool) -> None:
    existing = [] if force else [path for path in paths if path.exists()]
    if existing:
        raise ValueError(f"{existing[0]} exists; --force overwrites")
