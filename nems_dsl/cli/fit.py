"""``nems-dsl fit``: fit a string to a recording, score it on data held out."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from .outcome import make_folder, refuse_existing, show_scores
from .progress import bar
from .streams import note


class Loss(str, Enum):  # noqa: UP042 - the options of typer before 0.20
    """Losses to choose from."""

    nmse = "nmse"
    mse = "mse"


class Dtype(str, Enum):  # noqa: UP042
    """Precisions to choose from."""

    float64 = "float64"
    float32 = "float32"


def fit(
    string: Annotated[
        str,
        typer.Argument(metavar="STRING", help="A model string, such as wc.18x4-fir.4x15-dexp.1"),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            "-d",
            metavar="FILE",
            help="An npz file with stim and resp (or x and y, or stim_0, resp_0, ... for trials), "
            "or two csv files: --data stim.csv --data resp.csv. Time comes first.",
        ),
    ],
    channel: Annotated[
        list[int] | None,
        typer.Option(
            "--channel", "-c", help="A response channel, from 0; repeatable. Default all."
        ),
    ] = None,
    test: Annotated[
        float,
        typer.Option(
            metavar="FRACTION",
            min=0,
            max=0.99,
            help="Share to hold out for the test: the last trials, or the end of a single one.",
        ),
    ] = 0.2,
    loss: Annotated[Loss, typer.Option(help="What the fit minimises.")] = Loss.nmse,
    max_iterations: Annotated[
        int, typer.Option("--max-iter", min=1, help="Limit of the search.")
    ] = 2000,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for model and figure.")] = Path(),
    name: Annotated[
        str | None,
        typer.Option(help="Begins the names of the files; the model string by default."),
    ] = None,
    no_figure: Annotated[bool, typer.Option("--no-figure", help="Draw nothing.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but the table.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    dtype: Annotated[Dtype, typer.Option(help="Precision during the fit.")] = Dtype.float64,
) -> None:
    """Fit a model string to a recording; print scores on data held out.

    With one output, every response channel gets a model of its own; otherwise the channels are
    the outputs of one model. Saves STRING.json (or STRING.ch0.json, ...) and STRING.png.
    """
    # read before anything else is loaded, for a wrong string is the commonest mistake
    from nems_dsl import parse

    tree = parse(string)

    from nems_dsl.datasets import read_data_files
    from nems_dsl.fitting.channels import fit_channels, hold_out, plan_channels

    recording = read_data_files(*_split_pairs(data))
    try:
        split = hold_out(recording.inputs, recording.resp, test)
    except ValueError as fault:
        raise ValueError(f"{recording.source}: {fault}") from None
    jobs = plan_channels(string, split, channel, name)
    files = {job.stem: out / f"{job.stem}.json" for job in jobs}
    figure = None if no_figure else out / f"{_stem(name, jobs[0].stem, len(jobs))}.png"
    refuse_existing([*files.values(), *([figure] if figure else [])], force)
    make_folder(out)

    models = "1 model" if len(jobs) == 1 else f"{len(jobs)} models"
    note(f"{tree.string}: {models}, held out: {split.description}", quiet)
    fits = []
    with bar(len(jobs), loss.value, quiet) as progress:
        for job, rows in zip(
            jobs,
            fit_channels(
                jobs,
                split,
                callback=progress.report,
                loss=loss.value,
                max_iterations=max_iterations,
                dtype=dtype.value,
            ),
            strict=True,
        ):
            rows[0].model.save(files[job.stem])
            fits += rows
            progress.step()
    show_scores(fits)
    if figure is not None:
        from nems_dsl.visualization import plot_channels, save_figure

        x, y = (split.x_test, split.y_test) if split.y_test else (split.x_fit, split.y_fit)
        save_figure(plot_channels(fits, x, y, fs=recording.fs), figure)
    for path in [*files.values(), *([figure] if figure else [])]:
        note(f"saved {path}", quiet)


def _split_pairs(data: list[str]) -> list[str]:
    return [
        part for given in data for part in ([given] if Path(given).exists() else given.split(","))
    ]


def _stem(name: str | None, first: str, n_jobs: int) -> str:
    # one figure shows all channels, so the number of the first has no place in its name
    return first if n_jobs == 1 else first.rpartition(".ch")[0]
