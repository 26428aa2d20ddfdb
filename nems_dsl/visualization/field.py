"""Images of receptive fields: lag to the right, channel 0 (low frequency) at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from .axes import CMAP, finish, is_paper, label_channels, lag_step, own_axes

_QUANTILE = 0.98


def draw_field(
    field: np.ndarray,
    ax: Axes,
    fs: float | None,
    *,
    limit: float | None = None,
    first_lag: int = 0,
    freqs: Any = None,
    cmap: str = CMAP,
    faint: np.ndarray | None = None,
) -> AxesImage:
    """Draw a field on axes, whose ticks tell kHz and ms where these are known.

    Parameters
    ----------
    field : (channels, lags) array
    faint : (channels, lags) array of float, optional
        The opacity of each weight.
    """
    step, unit = lag_step(fs)
    n_channels, n_lags = field.shape
    largest = colour_limit(field) if limit is None else limit
    image = ax.imshow(
        field,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=cmap,
        vmin=-largest,
        vmax=largest,
        alpha=faint,
        extent=(
            (first_lag - 0.5) * step, (first_lag + n_lags - 0.5) * step, -0.5, n_channels - 0.5,
        ),
    )  # fmt: skip
    ax.set_xlabel(f"lag ({unit})")
    label_channels(ax, n_channels, freqs)
    if n_lags == 1:
        ax.set_xticks([first_lag * step])
    else:
        bins = 4 if is_paper() else 6
        ax.xaxis.set_major_locator(MaxNLocator(nbins=bins, integer=fs is None))
    finish([ax])
    return image


def add_bar(axes: Sequence[Axes], image: AxesImage, label: str, fields: Any) -> None:
    """Draw the bar of colours beside axes; pointed ends say that some weights lie beyond."""
    largest = image.get_clim()[1]
    beyond = "both" if np.abs(np.asarray(fields)).max() > largest else "neither"
    bar = axes[0].figure.colorbar(image, ax=list(axes), label=label, pad=0.02, extend=beyond)
    bar.locator = MaxNLocator(nbins=5)
    bar.update_ticks()
    finish([bar.ax])


def colour_limit(fields: np.ndarray) -> float:
    """Return 98 % of the size of weights.

    A smooth stimulus hardly constrains single weights at the ends of a filter; were the colours
    stretched to these few, the field itself would fade.
    """
    size = np.abs(fields)
    return float(np.quantile(size, _QUANTILE)) or float(size.max()) or 1.0


def plot_field(
    field: np.ndarray,
    ax: Axes | None = None,
    fs: float | None = None,
    *,
    limit: float | None = None,
    first_lag: int = 0,
    title: str = "",
    label: str | None = "derivative",
    freqs: Any = None,
    cmap: str = CMAP,
) -> Axes:
    """Draw one receptive field: lag to the right, channel 0 (low frequency) at the bottom.

    Parameters
    ----------
    field : (channels, lags) array
        One time and output of what `Model.dstrf` gives.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    fs : float, optional
        Sampling rate in Hz. Without it lags are in bins.
    limit : float, optional
        Colours span from ``-limit`` to it; by default 98 % of the field.
    first_lag : int
        The lag with which the field begins.
    title : str
    label : str, optional
        Of the colour bar; None leaves it out.
    freqs : (channels,) array, optional
        Centre frequencies of the channels, in Hz.
    cmap : str
        Colours, by their name in matplotlib; 0 is their middle.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_field(np.eye(18, 15), fs=100)
    >>> ax.get_xlabel(), ax.images[0].get_array().shape
    ('lag (ms)', (18, 15))
    """
    ax = own_axes(ax)
    image = draw_field(field, ax, fs, limit=limit, first_lag=first_lag, freqs=freqs, cmap=cmap)
    ax.set_title(title, fontsize="medium")
    if label is not None:
        add_bar([ax], image, label, field)
    return ax
