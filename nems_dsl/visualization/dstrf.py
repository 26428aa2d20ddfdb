"""Local receptive fields at some times, and the components that they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from ..studies.dstrf import principal_components
from .axes import own_axes, time_step, unit

_MOST_FIELDS = 6
_QUANTILE = 0.98


def plot_field(
    field: np.ndarray,
    ax: Axes | None = None,
    fs: float | None = None,
    *,
    limit: float | None = None,
    first_lag: int = 0,
    title: str = "",
    label: str | None = "derivative",
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

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> ax = plot_field(np.eye(18, 15), fs=100)
    >>> ax.get_xlabel(), ax.images[0].get_array().shape
    ('lag (s)', (18, 15))
    """
    ax = own_axes(ax)
    image = _draw(field, ax, fs, _limit(field) if limit is None else limit, first_lag)
    ax.set_title(title, fontsize="medium")
    if label is not None:
        _add_bar([ax], image, label, field)
    return ax


def plot_dstrf(
    fields: Any,
    times: Sequence[int] | None = None,
    *,
    n_components: int = 3,
    output: int = 0,
    fs: float | None = None,
    first_lag: int = 0,
    figure: Figure | None = None,
) -> Figure:
    """Draw local receptive fields at some times, and below their principal components.

    Parameters
    ----------
    fields : (n_times, n_outputs, channels, lags) array
        One trial of what `Model.dstrf` gives. Up to six are drawn, evenly spread; the components
        are those of all.
    times : sequence of int, optional
        The times that the fields are of, for their titles; by default 0, 1, 2...
    n_components : int
        How many; 0 leaves them out.
    output : int
        Output of the model.
    fs : float, optional
        Sampling rate in Hz. Without it times and lags are in bins.
    first_lag : int
        The lag with which the fields begin.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default. pyplot is not involved.

    Returns
    -------
    matplotlib.figure.Figure
        All fields have the colours of one scale, all components those of another. A component's
        title says what share of the variance it explains.

    Raises
    ------
    ValueError
        The array is of another shape, or there are fewer fields than components.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import Model
    >>> x = np.random.default_rng(0).random((200, 18))
    >>> times = [40, 80, 120, 160]
    >>> fields = Model("wc.18x4-fir.4x15-dexp.1").dstrf(x, times)
    >>> figure = plot_dstrf(fields, times, fs=100)
    >>> [ax.get_title() for ax in figure.axes][:2]
    ['0.4 s', '0.8 s']
    """
    fields = np.asarray(fields)
    if fields.ndim != 4 or not len(fields):
        raise ValueError(
            "fields must have shape (n_times, n_outputs, channels, lags) and at least one time, "
            f"not {fields.shape}; draw trials one by one"
        )
    times = range(len(fields)) if times is None else list(times)
    if len(times) != len(fields):
        raise ValueError(f"there are {len(times)} times for {len(fields)} fields")
    chosen = np.unique(np.linspace(0, len(fields) - 1, _MOST_FIELDS).round().astype(int))
    step = time_step(fs)
    names = [f"{times[i] * step:.4g} {'s' if fs else ''}".strip() for i in chosen]
    if fs is None:
        names = [f"bin {name}" for name in names]
    rows = [(fields[chosen, output], names, "derivative")]
    if n_components:
        found = principal_components(fields[:, [output]], n_components)
        shares = [f"component {i}: {s:.1%}" for i, s in enumerate(found.explained[0], 1)]
        rows.append((found.components[0], shares, "norm 1"))
    if figure is None:
        width = 2.0 + 1.6 * max(len(names) for _, names, _ in rows)
        figure = Figure(figsize=(max(width, 4), 2.5 * len(rows)), layout="constrained")
    parts = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for part, (drawn, titles, label) in zip(parts, rows, strict=True):
        axes = part.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
        limit = _limit(drawn)
        for field, ax, title in zip(drawn, axes, titles, strict=True):
            image = _draw(field, ax, fs, limit, first_lag)
            ax.set_title(title, fontsize="medium")
            ax.set_ylabel("input channel" if ax is axes[0] else "")
        _add_bar(axes, image, label, drawn)
    return figure


def _draw(field: np.ndarray, ax: Axes, fs: float | None, limit: float, first_lag: int) -> AxesImage:
    step = time_step(fs)
    n_channels, n_lags = field.shape
    image = ax.imshow(
        field,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r",
        vmin=-limit,
        vmax=limit,
        extent=(
            (first_lag - 0.5) * step,
            (first_lag + n_lags - 0.5) * step,
            -0.5,
            n_channels - 0.5,
        ),
    )
    ax.set_xlabel(f"lag ({unit(fs)})")
    ax.set_ylabel("input channel")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=3, integer=fs is None))
    return image


def _add_bar(axes: Sequence[Axes], image: AxesImage, label: str, fields: Any) -> None:
    largest = image.get_clim()[1]
    beyond = "both" if np.abs(np.asarray(fields)).max() > largest else "neither"
    axes[0].figure.colorbar(image, ax=list(axes), label=label, pad=0.02, extend=beyond)


def _limit(fields: np.ndarray) -> float:
    # not the maximum: single values at the ends of a filter would fade the rest
    size = np.abs(fields)
    return float(np.quantile(size, _QUANTILE)) or float(size.max()) or 1.0
