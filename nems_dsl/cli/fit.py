"""``nems-dsl fit``: fit a string to a recording, score it on data held out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nems_dsl.fit_options import FitOptions

from .options import complete_string, takes_fit_options
from .outcome import choose_files, make_folder, show_scores, show_warnings
from .streams import note

if TYPE_CHECKING:
    from nems_dsl.data.holdout import Split
    from nems_dsl.progress import Bar
    from nems_dsl.studies import CrossValidation
    from nems_dsl.studies.channels import ChannelFit, ChannelJob

HELD_OUT = 0.2


@takes_fit_options()
def fit(
    string: Annotated[
        str,
        typer.Argument(
            metavar="STRING",
            help="A model string, such as wc.18x4-fir.4x15-dexp.1",
            autocompletion=complete_string,
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            "-d",
            metavar="FILE",
            help="A file with stim and resp (or x and y, or stim_0, resp_0, ... for trials): npz, "
            "mat, h5, nwb; or two, --data stim.csv --data resp.csv, which may be csv, tsv, parquet "
            "or npy. Time comes first.",
        ),
    ],
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel",
            "-c",
            metavar="CHANNEL",
            help="A response channel, from 0, or by the name that the file gives it; repeatable. "
            "Default all.",
        ),
    ] = None,
    stim: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the file calls the stimulus, if not stim."),
    ] = None,
    resp: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the file calls the response, if not resp."),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION",
            min=0,
            max=0.99,
            help="Share to hold out for the test: the last trials, or the end of a single one. "
            "Default 0.2.",
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            "--cross-validate",
            metavar="N",
            min=2,
            help="Score on N parts of the recording, each held out in turn, instead of one; save "
            "models that are fitted to all of it.",
        ),
    ] = None,
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
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            "-j",
            min=1,
            help="How many models to fit at a time.",
        ),
    ] = 1,
    **fit_options: Any,
) -> None:
    """Fit a model string to a recording; print scores on data held out.

    With one output, every response channel gets a model of its own; otherwise the channels are
    the outputs of one model. Saves STRING.json (or STRING.ch0.json, ...) and STRING.png.
    """
    # read before anything else is loaded, for a wrong string is the commonest mistake
    from nems_dsl import ModelStringError, parse

    tree = parse(string)
    options = FitOptions(**fit_options)
    if folds is not None and test is not None:
        raise typer.BadParameter("--cross-validate holds out every part in turn; leave out --test")

    from nems_dsl.data import read_data_files, read_recording
    from nems_dsl.data.columns import find_columns
    from nems_dsl.studies.channels import plan_channels, split_recording

    fraction = 0 if folds is not None else HELD_OUT if test is None else test
    found = read_data_files(*_split_pairs(data), stim=stim, resp=resp)
    for line in found.notes:
        note(line, quiet)
    channels = find_columns(channel or (), found.labels.get("resp"))
    try:
        recording = read_recording(found.inputs, found.resp)
        jobs = plan_channels(string, recording, channels, name)
        split = split_recording(jobs, recording, fraction)
    except ModelStringError:
        raise
    except ValueError as fault:
        raise ValueError(f"{found.source}: {fault}") from None
    names = [f"{job.stem}.json" for job in jobs]
    if not no_figure:
        names.append(f"{_stem(name, jobs[0].stem, len(jobs))}.png")
    paths = choose_files(out, names, force, quiet)
    files = dict(zip((job.stem for job in jobs), paths, strict=False))
    figure = None if no_figure else paths[-1]
    make_folder(out)
    models = "1 model" if len(jobs) == 1 else f"{len(jobs)} models"
    held_out = split.description if folds is None else f"each of {folds} parts in turn"
    note(f"{tree.string}: {models}, held out: {held_out}", quiet)
    validated = None if folds is None else _cross_validate(jobs, split, folds, threads, options)
    fits, interrupted = _fit_and_save(jobs, split, files, threads, quiet, options)
    if fits:
        show_scores(fits, validated, found.labels.get("resp"))
        show_warnings(fits, quiet)
    n_saved = len({id(row.model) for row in fits})
    saved = list(files.values())[:n_saved]
    if figure is not None and not interrupted:
        from nems_dsl.visualization import plot_channels, save_figure

        is_tested = bool(split.fold.test)
        save_figure(plot_channels(fits, split.shown(), fs=found.fs, held_out=is_tested), figure)
        saved.append(figure)
    for path in saved:
        note(f"saved {path}", quiet)
    if interrupted:
        note(f"interrupted: {n_saved} of {models} saved", quiet)
        raise KeyboardInterrupt


def _fit_and_save(
    jobs: list[ChannelJob],
    split: Split,
    files: dict[str, Path],
    threads: int | None,
    quiet: bool,
    options: FitOptions,
) -> tuple[list[ChannelFit], bool]:
    """Fit models, and save each as soon as it is there; tell whether Ctrl-C came between."""
    from nems_dsl.fitting.results import INTERRUPTED
    from nems_dsl.progress import Bar
    from nems_dsl.studies.channels import fit_channels

    fits: list[ChannelFit] = []
    try:
        with Bar(len(jobs), is_shown=False if quiet else None, stays=False) as bar:
            report = report_to(bar, options.loss)
            scored = fit_channels(jobs, split, n_jobs=threads, callback=report, **options.changed())
            # closed on Ctrl-C too, which ends the threads
            with closing(scored):
                for job, rows in zip(jobs, scored, strict=True):
                    rows[0].model.save(files[job.stem])
                    fits += rows
                    bar.step()
    except KeyboardInterrupt:
        return fits, True
    # a single fit takes Ctrl-C as its own end
    ends = [row.model.results for row in fits]
    return fits, any(results is not None and results.status == INTERRUPTED for results in ends)


def report_to(bar: Bar, loss: str = "nmse") -> Callable[[ChannelJob, int, float], None] | None:
    """Give what a fit calls with its job, the iteration and the loss; None if nobody sees it."""
    if not bar.is_shown:
        return None
    return lambda job, iteration, value: bar.tell(
        f"{job.stem}  iteration {iteration}, {loss} {value:.4f}"
    )


def _cross_validate(
    jobs: list[ChannelJob],
    split: Split,
    n_folds: int,
    threads: int | None,
    options: FitOptions,
) -> CrossValidation:
    from nems_dsl.studies import cross_validate

    recording = split.recording.columns([channel for job in jobs for channel in job.channels])
    model = jobs[0].model
    return cross_validate(model, recording, n_folds=n_folds, n_jobs=threads, **options.changed())


def _split_pairs(data: list[str]) -> list[str]:
    return [
        part for given in data for part in ([given] if Path(given).exists() else given.split(","))
    ]


def _stem(name: str | None, first: str, n_jobs: int) -> str:
    # one figure shows all channels, so the number of the first has no place in its name
    return first if n_jobs == 1 else first.rpartition(".ch")[0]
