"""The receptive field of a model's linear front."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .axes import LEVEL, is_same, own_axes, say_instead, time_step, unit
from .chain import LinearFront, NoLinearFront

if TYPE_CHECKING:
    from ..models import Model

_QUANTILE, _FAINT = 0.98, 0.35


def plot_receptive_field(
    model: Model,
    ax: Axes | None = None,
    fs: float | None = None,
    *,
    channel: int = 0,
    x: Any = None,
    label: str = "weight",
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
        Tells the number of input channels where the model has no string.
    label : str
        Of the colour bar.

    Returns
    -------
    matplotlib.axes.Axes
        Colours are centred on 0 and span 98 % of the weights; pointed ends of the colour bar say
        that some lie beyond. Weights whose confidence interval of 90 % holds 0 are faint, where
        the fit has standard errors. If the model does not begin with a linear layer, a sentence
        there says so.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> ax = plot_receptive_field(Model("wc.18x4-fir.4x15-dexp.1"), fs=100)
    >>> ax.get_xlabel(), ax.images[0].get_array().shape
    ('lag (s)', (18, 15))
    """
    ax = own_axes(ax)
    step = time_step(fs)
    try:
        front = LinearFront.of(model, x)
    except NoLinearFront as reason:
        return say_instead(ax, textwrap.fill(f"no receptive field: {reason}", 30))
    drivers = front.drivers(channel)
    field = front.impulse_responses()[drivers[0]]
    n_channels, n_lags = field.shape
    largest = _colour_limit(field)
    faint = _within_chance(model, drivers[0], field)
    if faint is not None and label:
        label += " (faint: may be 0)"
    image = ax.imshow(
        field,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r",
        vmin=-largest,
        vmax=largest,
        alpha=None if faint is None else np.where(faint, _FAINT, 1.0),
        extent=(-0.5 * step, (n_lags - 0.5) * step, -0.5, n_channels - 0.5),
    )
    which = f", 1 of {len(drivers)}" if len(drivers) > 1 else ""
    ax.set_title(f"receptive field{which}", fontsize="medium")
    ax.set_xlabel(f"lag ({unit(fs)})")
    ax.set_ylabel("input channel")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    if n_lags == 1:
        ax.set_xticks([0])
    elif fs is None:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    beyond = "both" if np.abs(field).max() > largest else "neither"
    ax.figure.colorbar(image, ax=ax, label=label, pad=0.02, extend=beyond)
    return ax


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


def _colour_limit(field: np.ndarray) -> float:
    # a smooth stimulus hardly constrains single weights at the ends of a filter; were the colours
    # stretched to these few, the field itself would fade
    size = np.abs(field)
    return float(np.quantile(size, _QUANTILE)) or float(size.max()) or 1.0
