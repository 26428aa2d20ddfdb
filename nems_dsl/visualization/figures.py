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
from .axes import CMAP, Style, is_paper, new_figure, use_style
from .nonlinearity import plot_nonlinearity
from .prediction import channel_correlation, is_fitted, plot_prediction, tell_data
from .strf import plot_receptive_field

if TYPE_CHECKING:
    from ..models import Model, ModelSet
    from ..studies.channels import ChannelFit

MOST_ROWS = 12
_RATIOS = (1.1, 0.9, 3.0)
_PAPER_RATIOS = (1.0, 1.0, 1.6)
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
    held_out: bool | None = None,
    freqs: Any = None,
    cmap: str = CMAP,
    style: Style | None = None,
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
        By default the model string, and the correlation if `y` is given; a model that was not
        fitted is said to be.
    held_out : bool, optional
        Whether the fit has not seen these data, which the title says. By default it says so of
        the data of the fit alone, which are known again.
    freqs : (channels,) array, optional
        Centre frequencies of the stimulus, in Hz.
    cmap : str
        Colours of the receptive field, by their name in matplotlib.
    style : {"screen", "paper"}, optional
        As for `use_style`, in which the figure is drawn; "screen" outside of that by default.
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
    with use_style(style):
        if figure is None:
            height = 3.2 if x is None else 5.6
            figure = new_figure(8, height, paper_height=1.8 if x is None else 3.3)
        if recording is None:
            upper = list(figure.subplots(1, 2))
        else:
            axes = figure.subplot_mosaic([["field", "curve"], ["time", "time"]])
            upper = [axes["field"], axes["curve"]]
            plot_prediction(model, recording, None, axes["time"], fs, seconds, channel=channel)
        plot_receptive_field(
            model, upper[0], fs, channel=channel, x=recording, freqs=freqs, cmap=cmap
        )
        plot_nonlinearity(model, recording, upper[1], channel=channel)
        found = _title(model, recording, channel, held_out) if title is None else title
        _add_title(figure, found)
    return figure


def plot_model_set(
    models: ModelSet,
    x: Any = None,
    y: Any = None,
    *,
    fs: float | None = None,
    seconds: float | None = None,
    held_out: bool | None = None,
    freqs: Any = None,
    cmap: str = CMAP,
) -> Figure:
    """Draw models of several channels, a row for each.

    Parameters
    ----------
    models : ModelSet
        The first 12 are drawn.
    x, y : as for `ModelSet.score`, optional
        Without a stimulus there is no prediction to draw.
    fs, seconds, held_out, freqs, cmap
        As for `plot_model`.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from nems_dsl import Model
    >>> from nems_dsl.models import ModelSet
    >>> model = Model("wc.18x1-fir.1x15-dexp.1")
    >>> figure = plot_model_set(ModelSet([model, model.copy()]))
    >>> figure.get_suptitle()
    'wc.18x1-fir.1x15-dexp.1, not fitted'
    """
    recording = None if x is None else read_recording(x, y)
    has_response = recording is not None and recording.response is not None
    columns = models.columns_of(recording.n_channels) if recording and has_response else None
    shown = list(models[:MOST_ROWS])
    n_columns = 2 if recording is None else 3
    figure = new_figure(
        6 if recording is None else 10, 1.35 * len(shown) + 0.9,
        paper_height=0.85 * len(shown) + 0.5,
    )  # fmt: skip
    ratios = (_PAPER_RATIOS if is_paper() else _RATIOS)[:n_columns]
    grid = figure.subplots(len(shown), n_columns, width_ratios=ratios, squeeze=False)
    names = models.labels or [f"channel {channel}" for channel in models.channels]
    for row, (axes, model, name) in enumerate(zip(grid, shown, names, strict=False)):
        of_model = recording
        if recording is not None and columns is not None:
            of_model = recording.columns([columns[row]])
        label = None if is_paper() else ""
        plot_receptive_field(model, axes[0], fs, x=of_model, label=label, freqs=freqs, cmap=cmap)
        plot_nonlinearity(model, of_model, axes[1])
        if of_model is not None:
            plot_prediction(model, of_model, None, axes[2], fs, seconds)
            _shorten_legend(axes[2])
        _trim(axes, row == 0, row == len(shown) - 1)
        if is_paper() and not row and recording is not None:
            axes[2].set_title("prediction", fontsize="medium")
        _name_row(axes[0], name)
    title = models.string
    if not is_fitted(shown[0]):
        title += ", not fitted"
    elif recording is not None and columns is not None:
        title += tell_data(shown[0], recording.columns([columns[0]]), held_out)
    if len(shown) < len(models):
        title += f" (the first {len(shown)} of {len(models)} channels)"
    _add_title(figure, title)
    return figure


def plot_channels(
    fits: Sequence[ChannelFit],
    x: Any,
    y: Any = None,
    *,
    fs: float | None = None,
    seconds: float | None = None,
    title: str | None = None,
    held_out: bool | None = None,
) -> Figure:
    """Draw the fits of several channels, a row for each; one alone as `plot_model` does.

    Parameters
    ----------
    fits : sequence of ChannelFit
        As `nems_dsl.studies.fit_channels` gives them; the first 12 are drawn.
    x : as for `Model.predict`
    y : like `x`, optional
        All channels of the response.
    fs, seconds, title, held_out
        As for `plot_model`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    recording = read_recording(x, y)
    shown = list(fits[:MOST_ROWS])
    told = tell_data(shown[0].model, recording, held_out)
    if title is None:
        title = _name(shown[0].model) + (told if len(shown) > 1 else "")
        if len(shown) < len(fits):
            title += f" (the first {len(shown)} of {len(fits)} channels)"
    if len(shown) == 1:
        (fit,) = shown
        of_fit = _recording_of(recording, fit)
        r = channel_correlation(fit.model, of_fit, channel=fit.output)
        return plot_model(
            fit.model, of_fit, channel=fit.output, fs=fs, seconds=seconds,
            title=f"{title}, channel {fit.channel}, r = {r:.3f}{told}",
        )  # fmt: skip
    height = 1.35 * len(shown) + 0.9
    figure = new_figure(10, height)
    grid = figure.subplots(len(shown), 3, width_ratios=_RATIOS, squeeze=False)
    for row, (axes, fit) in enumerate(zip(grid, shown, strict=True)):
        of_fit, output = _recording_of(recording, fit), fit.output
        plot_receptive_field(fit.model, axes[0], fs, channel=output, x=of_fit, label="")
        plot_nonlinearity(fit.model, of_fit, axes[1], channel=output)
        plot_prediction(fit.model, of_fit, None, axes[2], fs, seconds, channel=output)
        _trim(axes, row == 0, row == len(shown) - 1)
        _name_row(axes[0], f"channel {fit.channel}")
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


def _shorten_legend(ax: Axes) -> None:
    """Say the score in a corner, where a legend would cover a small panel."""
    legend = ax.get_legend()
    if legend is None or not is_paper():
        return
    told = legend.get_texts()[-1].get_text().removeprefix("prediction").lstrip(", ")
    legend.remove()
    ax.text(0.98, 0.95, told, ha="right", va="top", transform=ax.transAxes, fontsize="small")


def _name_row(ax: Axes, name: str) -> None:
    away = -24 if is_paper() else -44
    ax.annotate(
        name, (0, 0.5), xytext=(away, 0), xycoords="axes fraction", textcoords="offset points",
        rotation=90, ha="right", va="center", weight="bold",
    )  # fmt: skip


def _trim(axes: Sequence[Axes], first: bool, last: bool) -> None:
    for ax in axes:
        if not is_paper():
            ax.tick_params(labelsize="small")
        if not first:
            ax.set_title("")
        if not last:
            ax.set_xlabel("")
        ax.set_ylabel("")


def _title(model: Model, recording: Recording | None, channel: int, held_out: bool | None) -> str:
    if not is_fitted(model):
        return f"{_name(model)}, not fitted"
    if recording is None or recording.response is None:
        return _name(model)
    r = channel_correlation(model, recording, channel=channel)
    return f"{_name(model)}, r = {r:.3f}{tell_data(model, recording, held_out)}"


def _name(model: Model) -> str:
    if model.name is not None:
        return model.name
    try:
        return model.string
    except ValueError:
        return " - ".join(layer.label for layer in model.layers)


def _add_title(figure: Figure, title: str) -> None:
    width = int((18 if is_paper() else 11) * figure.get_figwidth())
    size = "medium" if is_paper() else "large"
    figure.suptitle("\n".join(textwrap.wrap(title, width)), fontsize=size)
