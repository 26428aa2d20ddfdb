"""Whole figures: one model, or the models of several channels in rows."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..data.recording import Recording, read_recording
from .nonlinearity import plot_nonlinearity
from .prediction import channel_correlation, plot_prediction
from .strf import plot_receptive_field

if TYPE_CHECKING:
    from ..models import Model
    from ..studies.channels import ChannelFit

MOST_ROWS = 12
_RATIOS = (1.1, 0.9, 3.0)
# neither time nor version of the library, which would make equal figures differ
_STEADY: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}


def plot_model(
    model: Model,
    x: Any = None,
    y: Any = None,
    *,
    channel: int = 0,
    seconds: float | None = None,
    fs: float | None = None,
    title: str | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw a model: receptive field, nonlinearity, and prediction against response.

    Parameters
    ----------
    model : Model
    x : as for `Model.predict`, optional
        Without it there is no prediction to draw.
    y : like `x`, optional
        The response.
    channel : int
        Output of the model, and channel of `y`.
    seconds : float, optional
        How much of the prediction to show; needs `fs`. 10 s by default.
    fs : float, optional
        Sampling rate in Hz. Without it times are in bins.
    title : str, optional
        By default the model string, and the correlation if `y` is given.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default. pyplot is not involved: nothing is shown, and nothing
        has to be closed. `figure.savefig` writes a file.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from nems_dsl import Model
    >>> figure = plot_model(Model("wc.18x4-fir.4x15-dexp.1"), fs=100)
    >>> [ax.get_title() for ax in figure.axes[:2]]
    ['receptive field', 'nonlinearity']
    """
    recording = None if x is None else read_recording(x, y)
    if figure is None:
        figure = Figure(figsize=(8, 3.2 if x is None else 5.6), layout="constrained")
    if recording is None:
        upper = figure.subplots(1, 2)
    else:
        axes = figure.subplot_mosaic([["field", "curve"], ["time", "time"]])
        upper = [axes["field"], axes["curve"]]
        plot_prediction(model, recording, None, axes["time"], fs, seconds, channel=channel)
    plot_receptive_field(model, upper[0], fs, channel=channel, x=recording)
    plot_nonlinearity(model, recording, upper[1], channel=channel)
    _add_title(figure, _title(model, recording, channel) if title is None else title)
    return figure


def plot_channels(
    fits: Sequence[ChannelFit],
    x: Any,
    y: Any = None,
    *,
    fs: float | None = None,
    seconds: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the fits of several channels, a row for each; one alone as `plot_model` does.

    Parameters
    ----------
    fits : sequence of ChannelFit
        As `nems_dsl.studies.fit_channels` gives them; the first 12 are drawn.
    x : as for `Model.predict`
    y : like `x`, optional
        All channels of the response.
    fs, seconds, title
        As for `plot_model`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    recording = read_recording(x, y)
    shown = list(fits[:MOST_ROWS])
    if title is None:
        title = _name(shown[0].model)
        if len(shown) < len(fits):
            title += f" (the first {len(shown)} of {len(fits)} channels)"
    if len(shown) == 1:
        (fit,) = shown
        of_fit = _recording_of(recording, fit)
        r = channel_correlation(fit.model, of_fit, channel=fit.output)
        return plot_model(
            fit.model, of_fit, channel=fit.output, fs=fs, seconds=seconds,
            title=f"{title}, channel {fit.channel}, r = {r:.3f}",
        )  # fmt: skip
    height = 1.35 * len(shown) + 0.9
    figure = Figure(figsize=(10, height), layout="constrained")
    grid = figure.subplots(len(shown), 3, width_ratios=_RATIOS, squeeze=False)
    for row, (axes, fit) in enumerate(zip(grid, shown, strict=True)):
        of_fit, output = _recording_of(recording, fit), fit.output
        plot_receptive_field(fit.model, axes[0], fs, channel=output, x=of_fit, label="")
        plot_nonlinearity(fit.model, of_fit, axes[1], channel=output)
        plot_prediction(fit.model, of_fit, None, axes[2], fs, seconds, channel=output)
        _trim(axes, row == 0, row == len(shown) - 1)
        axes[0].annotate(
            f"channel {fit.channel}", (0, 0.5), xytext=(-44, 0), xycoords="axes fraction",
            textcoords="offset points", rotation=90, ha="right", va="center", weight="bold",
        )  # fmt: skip
    _add_title(figure, title)
    return figure


def save_figure(figure: Figure, path: str | Path, dpi: int = 100) -> Path:
    """Write a figure to a file, whose ending says of what kind it is.

    The same figure gives the same bytes, as a png, pdf or svg file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or Path
        Ends in ``.png``, ``.pdf``, ``.svg``, or another ending that matplotlib knows; a file
        without an ending is a png file.
    dpi : int

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        matplotlib does not know the ending.
    """
    path, picture = Path(path), io.BytesIO()
    kind = path.suffix.lower().removeprefix(".") or "png"
    if kind not in FigureCanvasAgg(figure).get_supported_filetypes():
        raise ValueError(f"{path} does not end in .png, .pdf or .svg, or any ending of a picture")
    # the ids in svg files would be drawn at random
    with rc_context({"svg.hashsalt": "nems_dsl"}):
        figure.savefig(picture, format=kind, dpi=dpi, metadata=_STEADY.get(kind))
    path.write_bytes(picture.getvalue())
    return path


def _recording_of(recording: Recording, fit: ChannelFit) -> Recording:
    # in the place where the model has this channel; no other place is looked at
    return recording.columns([fit.channel] * (fit.output + 1))


def _trim(axes: Sequence[Axes], first: bool, last: bool) -> None:
    for ax in axes:
        ax.tick_params(labelsize="small")
        if not first:
            ax.set_title("")
        if not last:
            ax.set_xlabel("")
        ax.set_ylabel("")


def _title(model: Model, recording: Recording | None, channel: int) -> str:
    if recording is None or recording.response is None:
        return _name(model)
    return f"{_name(model)}, r = {channel_correlation(model, recording, channel=channel):.3f}"


def _name(model: Model) -> str:
    if model.name is not None:
        return model.name
    try:
        return model.string
    except ValueError:
        return " - ".join(layer.label for layer in model.layers)


def _add_title(figure: Figure, title: str) -> None:
    width = int(11 * figure.get_figwidth())
    figure.suptitle("\n".join(textwrap.wrap(title, width)), fontsize="large")
