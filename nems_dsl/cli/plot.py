"""``nems-dsl plot``: figures of a saved model, of a folder of them, or of the store of a sweep."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .streams import note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SQLITE = b"SQLite format 3"
_DPI = 150


class Kind(str, Enum):  # noqa: UP042 - the options of typer before 0.20
    """What is drawn."""

    model = "model"
    filters = "filters"
    tuning = "tuning"
    history = "history"
    residuals = "residuals"


class Look(str, Enum):  # noqa: UP042
    """For whom it is drawn."""

    screen = "screen"
    paper = "paper"


def plot(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A saved model (.json), a folder of models, or the store of a sweep (or its URL).",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="Ends in .png, .pdf or .svg."),
    ],
    kind: Annotated[
        Kind,
        typer.Option(
            help="Of a model: the model with its prediction, all filters, the receptive field with "
            "its tuning, the loss over the fit, or what the prediction leaves over."
        ),
    ] = Kind.model,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", "-d", metavar="FILE", help="Data to predict, as for fit. Of a model."
        ),
    ] = None,
    channel: Annotated[
        int | None,
        typer.Option(
            "--channel",
            "-c",
            min=0,
            help="The channel of the data that the model is of; default 0.",
        ),
    ] = None,
    fs: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="Sampling rate, where no data file tells it."),
    ] = None,
    low: Annotated[
        float | None, typer.Option(metavar="HZ", help="Frequency of the lowest input channel.")
    ] = None,
    high: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="Frequency of the highest; between them octaves are even."),
    ] = None,
    metric: Annotated[str, typer.Option(help="The score that is drawn. Of a sweep.")] = "r_test",
    style: Annotated[
        Look,
        typer.Option(help="paper: 8.5 cm wide, letters of 7 points."),
    ] = Look.screen,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Draw a saved model or the results of a sweep into a file.

    For example: nems-dsl plot model.json --data recording.npz -o model.pdf --style paper; or
    nems-dsl plot results.db -o results.png
    """
    if out.exists() and not force:
        raise ValueError(f"{out} exists; --force overwrites")
    if (low is None) != (high is None):
        raise typer.BadParameter("--low and --high go together")
    from nems_dsl.visualization import save_figure, use_style

    with use_style(style.value):
        if _is_store(what):
            if data or kind is not Kind.model or fs is not None:
                raise typer.BadParameter(
                    "--data, --kind and --fs are of models, and this is the store of a sweep"
                )
            figure = _of_store(what, metric)
        else:
            figure = _of_model(Path(what), kind, data or [], channel, fs, low, high)
    save_figure(figure, out, dpi=_DPI)
    note(f"saved {out}")


def _is_store(what: str) -> bool:
    if "://" in what:
        return True
    path = Path(what)
    if path.is_dir():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _of_store(what: str, metric: str) -> Figure:
    from nems_dsl.sweeps import open_results
    from nems_dsl.visualization import plot_results

    return plot_results(open_results(what), metric)


def _of_model(
    path: Path,
    kind: Kind,
    data: list[str],
    channel: int | None,
    fs: float | None,
    low: float | None,
    high: float | None,
) -> Figure:
    from nems_dsl import Model
    from nems_dsl.models import ModelSet
    from nems_dsl.visualization import plot_filters, plot_history, plot_residuals, plot_tuning

    recording = None
    if data:
        from nems_dsl.data import read_data_files, read_recording

        found = read_data_files(*data)
        recording = read_recording(found.inputs, found.resp)
        fs = found.fs if fs is None else fs
    if path.is_dir():
        if kind is not Kind.model:
            raise typer.BadParameter(f"{path} is a folder of models; --kind is of one of them")
        models = ModelSet.load(path)
        freqs = _freqs(models[0], recording, low, high)
        return models.plot(recording, fs=fs, freqs=freqs)
    model = Model.load(path)
    if recording is not None and model.has_one_output:
        recording = recording.columns([channel or 0])
        channel = 0
    output = channel or 0
    freqs = _freqs(model, recording, low, high)
    if kind is Kind.history:
        if model.results is None:
            raise ValueError(f"{path}: the model was not fitted, so that there is no history")
        figure = plot_history(model.results).get_figure(root=True)
        assert figure is not None
        return figure
    if kind is Kind.residuals:
        if recording is None:
            raise typer.BadParameter("residuals need --data")
        return plot_residuals(model, recording, channel=output, fs=fs)
    if kind is Kind.filters:
        return plot_filters(model, fs, x=recording, freqs=freqs)
    if kind is Kind.tuning:
        return plot_tuning(model, fs, channel=output, x=recording, freqs=freqs)
    return model.plot(recording, channel=output, fs=fs, freqs=freqs)


def _freqs(model: Any, recording: Any, low: float | None, high: float | None) -> Any:
    """Return centre frequencies that are even in octaves, from the lowest to the highest."""
    if low is None or high is None:
        return None
    if not 0 < low < high:
        raise typer.BadParameter(f"--low is above 0 and below --high, not {low:g} and {high:g}")
    import numpy as np

    if recording is not None:
        n_channels = recording.signals["stim"][0].shape[1]
    else:
        takes = model.tree.keywords[0].takes
        n_channels = takes[0] if takes and isinstance(takes[0], int) else None
        if n_channels is None:
            raise ValueError("the string does not tell how many input channels there are: --data")
    return np.geomspace(low, high, n_channels)
