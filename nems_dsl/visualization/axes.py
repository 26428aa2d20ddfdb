"""Axes to draw on, and words for their units."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Of the confidence intervals that figures show.
LEVEL = 0.9
GREY, BLUE, RED = "0.55", "#2b6cb0", "#c53030"


def own_axes(ax: Axes | None) -> Axes:
    """Give `ax`, or the axes of a new figure that pyplot knows nothing of."""
    if ax is not None:
        return ax
    return Figure(figsize=(5, 3.5), layout="constrained").subplots()


def is_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether what a fit has kept is what a model does now."""
    # files have six digits of what a fit has kept
    close = 1e-5 * float(np.abs(other).max(initial=0))
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=close))


def time_step(fs: float | None) -> float:
    """Give the length of a bin: in seconds, or 1 if the sampling rate is not known."""
    if fs is not None and not fs > 0:
        raise ValueError(f"fs must be above 0, in Hz, not {fs}")
    return 1.0 if fs is None else 1.0 / fs


def unit(fs: float | None) -> str:
    """Give the unit of times that `time_step` makes."""
    return "bins" if fs is None else "s"


def say_instead(ax: Axes, text: str) -> Axes:
    """Write a sentence where nothing can be drawn."""
    ax.set_axis_off()
    ax.text(
        0.5, 0.5, text, ha="center", va="center", wrap=True, transform=ax.transAxes, color="0.3"
    )
    return ax
