"""Receptive fields: of the linear front, or of the model made linear; filters; and marginals."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .axes import (
    BLUE,
    CMAP,
    LEVEL,
    finish,
    is_paper,
    is_same,
    label_channels,
    lag_step,
    new_figure,
    own_axes,
    read_freqs,
    say_instead,
)
from .chain import LinearFront, NoLinearFront
from .field import add_bar, colour_limit, draw_field
from .linearised import find_field

if TYPE_CHECKING:
    from ..models import Model

_FAINT = 0.35
_MOST_FILTERS = 24


def plot_receptive_field(
    model: Model,
    ax: Axes | None = None,
    fs: float | None = None,
    *,
    channel: int = 0,
    x: Any = None,
    label: str | None = "weight",
    freqs: Any = None,
    cmap: str = CMAP,
) -> Axes:
    """Draw the receptive field: lag to the right, channel 0 (low frequency) at the bottom.

    Parameters
    ----------
    model : Model
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    fs : float, optional
        Sampling rate in Hz. Without it lags are in bins.
    channel : int
        Output of the model.
    x : as for `Model.predict`, optional
        Tells the number of input channels where the model has no string, and about which stimulus
        a model is linearised; white noise by default.
    label : str, optional
        Of the colour bar; None leaves it out.
    freqs : (channels,) array, optional
        Centre frequencies of the channels, in Hz.
    cmap : str
        Colours, by their name in matplotlib; 0 is their middle.

    Returns
    -------
    matplotlib.axes.Axes
        Colours are centred on 0 and span 98 % of the weights; pointed ends of the colour bar say
        that some lie beyond. Weights whose confidence interval of 90 % holds 0 are faint, where
        the fit has standard errors. A model with memory or with a hidden layer after its linear
        front, such as one with `stp`, is linearised: the field is the mean of up to 40 of those
        that `Model.dstrf` gives, and the title says so. Where there is none, a sentence says why.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> ax = plot_receptive_field(Model("wc.18x4-fir.4x15-dexp.1"), fs=100)
    >>> ax.get_xlabel(), ax.images[0].get_array().shape
    ('lag (ms)', (18, 15))
    """
    ax = own_axes(ax)
    lag_step(fs)
    try:
        field = find_field(model, channel, x)
    except NoLinearFront as reason:
        return say_instead(ax, textwrap.fill(f"no receptive field: {reason}", 30))
    faint = None if field.n_local else _within_chance(model, field.driver, field.values)
    if faint is not None and label:
        label += "\n(faint: may be 0)" if is_paper() else " (faint: may be 0)"
    image = draw_field(
        field.values, ax, fs, freqs=freqs, cmap=cmap,
        faint=None if faint is None else np.where(faint, _FAINT, 1.0),
    )  # fmt: skip
    ax.set_title(field.title, fontsize="medium")
    if label is not None:
        add_bar([ax], image, label, field.values)
    return ax


def plot_filters(
    model: Model,
    fs: float | None = None,
    *,
    x: Any = None,
    freqs: Any = None,
    cmap: str = CMAP,
    figure: Figure | None = None,
) -> Figure:
    """Draw all filters of the linear front, on one scale of colours.

    Parameters
    ----------
    model : Model
    fs : float, optional
        Sampling rate in Hz. Without it lags are in bins.
    x, freqs, cmap
        As for `plot_receptive_field`.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib.figure.Figure
        Titles number the outputs of the front, up to 24 of them. A front without memory, such as
        ``wc.18x4``, is drawn as curves over the channels.

    Raises
    ------
    NoLinearFront
        The model does not begin with a linear layer.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> figure = plot_filters(Model("wc.18x4-fir.1x15x4-relu.4-wc.4x1"))
    >>> [ax.get_title() for ax in figure.axes[:4]]
    ['1', '2', '3', '4']
    """
    front = LinearFront.of(model, x)
    fields = front.impulse_responses()
    shown = fields[:_MOST_FILTERS]
    if fields.shape[2] == 1:
        figure = new_figure(5, 3.5) if figure is None else figure
        ax = figure.subplots()
        for number, field in enumerate(shown, 1):
            ax.plot(field[:, 0], np.arange(len(field)), label=f"{number}")
        ax.axvline(0, color="0.7", lw=0.8, zorder=0)
        label_channels(ax, fields.shape[1], freqs)
        ax.set_xlabel("weight")
        ax.legend(fontsize="small", frameon=False, ncols=1 + len(shown) // 8)
        axes = [ax]
    else:
        n_columns = min(len(shown), 3 if is_paper() else 4)
        n_rows = -(-len(shown) // n_columns)
        if figure is None:
            figure = new_figure(2.0 * n_columns + 1, 1.9 * n_rows + 0.5)
        grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
        axes = list(grid.ravel()[: len(shown)])
        limit = colour_limit(shown)
        for number, (field, ax) in enumerate(zip(shown, axes, strict=True), 1):
            image = draw_field(field, ax, fs, limit=limit, freqs=freqs, cmap=cmap)
            ax.set_title(f"{number}", fontsize="medium")
        for ax in axes:
            place = ax.get_subplotspec()
            if place is not None and not place.is_first_col():
                ax.set_ylabel("")
            if place is not None and not place.is_last_row():
                ax.set_xlabel("")
        for ax in grid.ravel()[len(shown) :]:
            ax.set_axis_off()
        add_bar(axes, image, "weight", shown)
    more = f", the first {len(shown)} of {len(fields)}" if len(fields) > len(shown) else ""
    figure.suptitle(f"filters of {front.names}{more}", fontsize="medium")
    finish(axes)
    return figure


@dataclass(frozen=True)
class Tuning:
    """What is read off a receptive field.

    Attributes
    ----------
    spectrum : (channels,) ndarray
    time_course : (lags,) ndarray
        The first pair of singular vectors: of all products of a spectrum and a time course the
        nearest to the field. The time course is scaled to the field, the spectrum has norm 1, and
        its largest weight is above 0.
    separability : float
        The share of the field's squares that the product has.
    best_channel : int
        The channel with the largest weight of the spectrum.
    best_frequency : float or None
        Its frequency in Hz.
    bandwidth : float
        How far weights about the best stay above half of it, between channels by straight lines:
        in octaves, or in channels without frequencies.
    latency : float
        The lag at which the time course is largest: in ms, or in bins.
    """

    spectrum: np.ndarray
    time_course: np.ndarray
    separability: float
    best_channel: int
    best_frequency: float | None
    bandwidth: float
    latency: float


def find_tuning(field: np.ndarray, fs: float | None = None, freqs: Any = None) -> Tuning:
    """Return best frequency, bandwidth, latency and separability of a receptive field.

    Parameters
    ----------
    field : (channels, lags) array
        Such as `receptive_field` gives.
    fs : float, optional
        Sampling rate in Hz.
    freqs : (channels,) array, optional
        Centre frequencies in Hz.

    Returns
    -------
    Tuning

    Notes
    -----
    The singular value decomposition is that of Depireux et al., 2001, Journal of Neurophysiology
    85: 1220-1234.

    Examples
    --------
    >>> field = np.outer([0.0, 1.0, 2.0, 1.0, 0.0], [0.0, 3.0, -1.0])
    >>> found = find_tuning(field, fs=100, freqs=[500, 1000, 2000, 4000, 8000])
    >>> found.best_frequency, found.bandwidth, found.latency, round(found.separability, 6)
    (2000.0, 2.0, 10.0, 1.0)
    """
    field = np.asarray(field, dtype=float)
    left, sizes, right = np.linalg.svd(field, full_matrices=False)
    spectrum, course = left[:, 0], right[0] * sizes[0]
    best = int(np.argmax(np.abs(spectrum)))
    if spectrum[best] < 0:
        spectrum, course = -spectrum, -course
    total = float((sizes**2).sum())
    known = None if freqs is None else read_freqs(freqs, len(field))
    places = np.arange(len(field)) if known is None else np.log2(known)
    return Tuning(
        spectrum=spectrum,
        time_course=course,
        separability=float(sizes[0] ** 2) / total if total else float("nan"),
        best_channel=best,
        best_frequency=None if known is None else float(known[best]),
        bandwidth=_width(spectrum, places, best),
        latency=float(np.argmax(np.abs(course)) * lag_step(fs)[0]),
    )


def _width(spectrum: np.ndarray, places: np.ndarray, best: int) -> float:
    """Return the width at half height; what does not fall so far ends with the channels."""
    half, ends = spectrum[best] / 2, []
    for step in (-1, 1):
        at = best
        while 0 <= at + step < len(spectrum) and spectrum[at] > half:
            at += step
        if spectrum[at] > half:
            ends.append(places[at])
            continue
        inner = at - step
        share = (spectrum[inner] - half) / (spectrum[inner] - spectrum[at]) if at != best else 0.0
        ends.append(places[inner] + share * (places[at] - places[inner]))
    return float(abs(ends[1] - ends[0]))


def plot_tuning(
    model: Model,
    fs: float | None = None,
    *,
    channel: int = 0,
    x: Any = None,
    freqs: Any = None,
    cmap: str = CMAP,
    figure: Figure | None = None,
) -> Figure:
    """Draw the receptive field with its spectrum to the left and its time course below.

    Parameters
    ----------
    model : Model
    fs, channel, x, freqs, cmap
        As for `plot_receptive_field`.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib.figure.Figure
        The marginals are those of `find_tuning`; the title tells best frequency, bandwidth,
        latency, and how near the field is to their product.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> figure = plot_tuning(Model("wc.18x1-fir.1x15-lvl.1"), fs=100)
    >>> figure.get_suptitle().split(", ")[-1]
    'separable to 100 %'
    """
    figure = new_figure(5.4, 4.6) if figure is None else figure
    axes = figure.subplot_mosaic(
        [["spectrum", "field"], [".", "time"]], width_ratios=[1, 2.6], height_ratios=[2.6, 1]
    )
    field = find_field(model, channel, x)
    plot_receptive_field(model, axes["field"], fs, channel=channel, x=x, freqs=freqs, cmap=cmap)
    found = find_tuning(field.values, fs, freqs)
    step, unit = lag_step(fs)
    axes["spectrum"].plot(found.spectrum, np.arange(len(found.spectrum)), color=BLUE)
    axes["spectrum"].axvline(0, color="0.7", lw=0.8, zorder=0)
    axes["spectrum"].set_ylim(axes["field"].get_ylim())
    axes["spectrum"].set_xlabel("weight")
    label_channels(axes["spectrum"], len(found.spectrum), freqs)
    axes["field"].set_ylabel("")
    axes["field"].set_xlabel("")
    axes["time"].plot(step * np.arange(len(found.time_course)), found.time_course, color=BLUE)
    axes["time"].axhline(0, color="0.7", lw=0.8, zorder=0)
    axes["time"].set_xlim(axes["field"].get_xlim())
    axes["time"].set_xlabel(f"lag ({unit})")
    axes["time"].set_ylabel("weight")
    best = f"channel {found.best_channel}"
    width = f"{found.bandwidth:.2g} channels"
    if found.best_frequency is not None:
        best = f"{found.best_frequency / 1000:.3g} kHz"
        width = f"{found.bandwidth:.2g} octaves"
    text = (
        f"best {best}, width {width}, latency {found.latency:.3g} {unit}, "
        f"separable to {100 * found.separability:.0f} %"
    )
    figure.suptitle(textwrap.fill(text, 44) if is_paper() else text, fontsize="medium")
    finish(list(axes.values()))
    return figure


def _within_chance(model: Model, output: int, field: np.ndarray) -> np.ndarray | None:
    """Tell which weights may be 0, (channels, lags); None if that is not known of this field."""
    errors = None if model.results is None else model.results.standard_errors
    band = None if errors is None else errors.receptive_field
    if band is None or output >= len(band.values):
        return None
    known = band.at >= 0
    if not is_same(band.values[output][:, known], field):
        return None
    lower, upper = (end[output][:, known] for end in band.interval(LEVEL))
    # what is not identified may be anything
    return np.asarray(~((lower > 0) | (upper < 0)))
