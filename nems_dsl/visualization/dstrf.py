"""Local receptive fields at some times, and the components that they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..studies.dstrf import principal_components
from .axes import CMAP, is_paper, new_figure, time_step
from .field import add_bar, colour_limit, draw_field

_MOST_FIELDS = 6
_MOST_IN_PAPER = 3
_LEAST_SHARE = 0.0005


def plot_dstrf(
    fields: Any,
    times: Sequence[int] | None = None,
    *,
    n_components: int = 3,
    output: int = 0,
    fs: float | None = None,
    first_lag: int = 0,
    freqs: Any = None,
    cmap: str = CMAP,
    figure: Figure | None = None,
) -> Figure:
    """Draw local receptive fields at some times, and below their principal components.

    Parameters
    ----------
    fields : (n_times, n_outputs, channels, lags) array
        One trial of what `Model.dstrf` gives. Up to six are drawn, evenly spread; the components
        are those of all.
    times : sequence of int, optional
        The bins that the fields are of, as they were given to `Model.dstrf`, for their titles. An
        array of fields does not know them: without, fields are numbered in their order.
    n_components : int
        How many; 0 leaves them out.
    output : int
        Output of the model.
    fs : float, optional
        Sampling rate in Hz. Without it times and lags are in bins.
    first_lag : int
        The lag with which the fields begin.
    freqs : (channels,) array, optional
        Centre frequencies of the channels, in Hz.
    cmap : str
        Colours, by their name in matplotlib; 0 is their middle.
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
    if times is not None and len(times) != len(fields):
        raise ValueError(f"there are {len(times)} times for {len(fields)} fields")
    most = _MOST_IN_PAPER if is_paper() else _MOST_FIELDS
    chosen = np.unique(np.linspace(0, len(fields) - 1, most).round().astype(int))
    names = [_name(None if times is None else int(times[i]), i, fs) for i in chosen]
    rows = [(fields[chosen, output], names, "derivative")]
    if n_components:
        found = principal_components(fields[:, [output]], n_components)
        explained = found.explained[0]
        # the fields of a linear model are all the same, and further components nothing
        n_real = max(1, int(np.count_nonzero(explained >= _LEAST_SHARE)))
        shares = [f"component {i}: {s:.1%}" for i, s in enumerate(explained[:n_real], 1)]
        rows.append((found.components[0][:n_real], shares, "weight (unit norm)"))
    if figure is None:
        width = 2.0 + 1.6 * max(len(names) for _, names, _ in rows)
        figure = new_figure(max(width, 4), 2.5 * len(rows), paper_height=1.5 * len(rows))
    n_columns = max(len(drawn) for drawn, _, _ in rows)
    parts = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for part, (drawn, titles, label) in zip(parts, rows, strict=True):
        cells = part.subplots(1, n_columns, sharey=True, squeeze=False)[0]
        for ax in cells[len(drawn) :]:
            ax.set_axis_off()
        axes = cells[: len(drawn)]
        limit = colour_limit(drawn)
        for field, ax, title in zip(drawn, axes, titles, strict=True):
            image = draw_field(
                field, ax, fs, limit=limit, first_lag=first_lag, freqs=freqs, cmap=cmap
            )
            ax.xaxis.set_major_locator(
                MaxNLocator(nbins=2 if is_paper() else 3, integer=fs is None)
            )
            ax.set_title(title, fontsize="medium")
            if ax is not axes[0]:
                ax.set_ylabel("")
        add_bar(axes, image, label, drawn)
    return figure


def _name(time: int | None, number: int, fs: float | None) -> str:
    if time is None:
        return f"field {number + 1}"
    return f"bin {time}" if fs is None else f"{time * time_step(fs):.4g} s"
