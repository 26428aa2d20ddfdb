"""Axes to draw on, words for their units, and the sizes and letters of figures."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal
from weakref import WeakSet

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

#: Of the confidence intervals that figures show.
LEVEL = 0.9
GREY, BLUE, RED = "0.55", "#2b6cb0", "#c53030"
#: Of weights: 0 is white, and the two ends are told apart by those who see no red.
CMAP = "RdBu_r"

Style = Literal["screen", "paper"]

_CM = 1 / 2.54
#: The width of a column in a journal.
PAPER_WIDTH = 8.5 * _CM
# the smallest letters that journals take, and lines that go with them
_PAPER: dict[Any, Any] = {
    "font.size": 7, "axes.titlesize": 7, "axes.labelsize": 7, "figure.titlesize": 7,
    "xtick.labelsize": 6, "ytick.labelsize": 6, "legend.fontsize": 6,
    "axes.linewidth": 0.6, "lines.linewidth": 0.9, "lines.markersize": 3,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5,
    "ytick.major.size": 2.5, "xtick.major.pad": 2, "ytick.major.pad": 2, "axes.labelpad": 2,
    "figure.dpi": 200, "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
}  # fmt: skip
_THINNER = 0.65
_thinned: WeakSet[Artist] = WeakSet()
_style: ContextVar[str] = ContextVar("style", default="screen")


class ShownFigure(Figure):
    r"""A figure that notebooks show where it is the value of a cell, without pyplot or a magic.

    IPython asks an object for its picture by the name of a method, and matplotlib's own figures
    have none until pyplot is told of a notebook.

    Examples
    --------
    >>> figure = ShownFigure(figsize=(2, 1))
    >>> ax = figure.subplots()
    >>> figure._repr_png_()[:4] == ax._repr_png_()[:4] == b"\x89PNG"
    True
    """

    def add_subplot(self, *args: Any, **kwargs: Any) -> Axes:
        """Add axes that notebooks show too; as for matplotlib."""
        given = args and isinstance(args[0], Axes)
        if not given and kwargs.get("projection") is None and not kwargs.get("polar"):
            kwargs.setdefault("axes_class", ShownAxes)
        return super().add_subplot(*args, **kwargs)

    def _repr_png_(self) -> bytes:
        return _draw(self)


class ShownAxes(Axes):
    """Axes for which notebooks show the figure that they are in."""

    def _repr_png_(self) -> bytes | None:
        figure = self.get_figure(root=True)
        return None if figure is None else _draw(figure)


def _draw(figure: Figure) -> bytes:
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()


@contextmanager
def use_style(style: Style | None = "paper") -> Iterator[None]:
    """Draw figures of a style: for a screen, or for a column of a paper.

    Parameters
    ----------
    style : {"screen", "paper"} or None
        Figures for a paper are 8.5 cm wide, with letters of 7 points, and panels below each other
        where there is no room beside. None leaves the style as it is.

    Raises
    ------
    ValueError
        There is no such style.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> from nems_dsl.visualization import plot_receptive_field
    >>> with use_style("paper"):
    ...     ax = plot_receptive_field(Model("wc.18x4-fir.4x15-dexp.1"))
    >>> round(2.54 * float(ax.figure.get_figwidth()), 1), ax.title.get_fontsize()
    (8.5, 7.0)
    """
    if style is None:
        yield
        return
    if style not in ("screen", "paper"):
        raise ValueError(f'style must be "screen" or "paper", not {style!r}')
    token = _style.set(style)
    try:
        with rc_context(_PAPER if style == "paper" else {}):
            yield
    finally:
        _style.reset(token)


def is_paper() -> bool:
    """Tell whether figures are drawn for a paper now."""
    return _style.get() == "paper"


def new_figure(width: float, height: float, paper_height: float | None = None) -> ShownFigure:
    """Return a new figure that pyplot knows nothing of.

    Parameters
    ----------
    width, height : float
        In inches, on a screen.
    paper_height : float, optional
        In inches, in a paper; by default in proportion.
    """
    size = (width, height)
    if is_paper():
        size = (PAPER_WIDTH, PAPER_WIDTH * height / width if paper_height is None else paper_height)
    return ShownFigure(figsize=size, layout="constrained")


def own_axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure that pyplot knows nothing of."""
    return new_figure(5, 3.5).subplots() if ax is None else ax


def finish(axes: Sequence[Axes]) -> None:
    """Make what was drawn as small as the style asks for.

    matplotlib looks up the sizes of ticks when these are made, which may be when the style is over.
    """
    if not is_paper():
        return
    for ax in axes:
        for which in ("x", "y"):
            ax.tick_params(
                axis=which, labelsize=_PAPER["xtick.labelsize"], width=_PAPER["xtick.major.width"],
                length=_PAPER["xtick.major.size"], pad=_PAPER["xtick.major.pad"],
            )  # fmt: skip
        legend = ax.get_legend()
        keys = [] if legend is None else legend.get_children()[0].findobj(Line2D)
        for artist in [*ax.lines, *ax.collections, *keys]:
            # axes may be drawn on several times
            if artist in _thinned:
                continue
            _thinned.add(artist)
            if isinstance(artist, Line2D):
                artist.set_linewidth(_THINNER * artist.get_linewidth())
                artist.set_markersize(_THINNER * artist.get_markersize())
            elif isinstance(artist, PathCollection):
                artist.set_sizes(_THINNER**2 * np.asarray(artist.get_sizes()))
            elif isinstance(artist, LineCollection):
                artist.set_linewidth(
                    [_THINNER * w for w in np.ravel(artist.get_linewidth()).tolist()]
                )


def is_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether what a fit has kept is what a model does now."""
    # files have six digits of what a fit has kept
    close = 1e-5 * float(np.abs(other).max(initial=0))
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=close))


def time_step(fs: float | None) -> float:
    """Return the length of a bin: in seconds, or 1 if the sampling rate is not known."""
    if fs is not None and not fs > 0:
        raise ValueError(f"fs must be above 0, in Hz, not {fs}")
    return 1.0 if fs is None else 1.0 / fs


def unit(fs: float | None) -> str:
    """Return the unit of times that `time_step` makes."""
    return "bins" if fs is None else "s"


def lag_step(fs: float | None) -> tuple[float, str]:
    """Return the length of a bin of lags, and its unit: milliseconds, or bins."""
    return (1.0, "bins") if fs is None else (1000 * time_step(fs), "ms")


def label_channels(ax: Axes, n_channels: int, freqs: Any = None) -> None:
    """Label the y-axis, on which channel i stands at i: by kHz, or by numbers of channels.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    n_channels : int
    freqs : (channels,) array, optional
        Centre frequencies in Hz.

    Raises
    ------
    ValueError
        There are more or fewer frequencies than channels.
    """
    if freqs is None:
        ax.set_ylabel("input channel")
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        return
    known = read_freqs(freqs, n_channels)
    places = np.unique(np.linspace(0, n_channels - 1, min(n_channels, 5)).round().astype(int))

    def told(place: float, _: int | None) -> str:
        return f"{known[int(np.clip(round(place), 0, n_channels - 1))] / 1000:.2g}"

    ax.yaxis.set_major_locator(FixedLocator(places.tolist()))
    ax.yaxis.set_major_formatter(FuncFormatter(told))
    ax.set_ylabel("frequency (kHz)")


def read_freqs(freqs: Any, n_channels: int) -> np.ndarray:
    """Return frequencies in Hz as an array, one for each channel."""
    known = np.asarray(freqs, dtype=float)
    if known.shape != (n_channels,):
        raise ValueError(
            f"freqs are in Hz, one for each of {n_channels} channels, not of shape {known.shape}"
        )
    return known


def say_instead(ax: Axes, text: str) -> Axes:
    """Write a sentence where nothing can be drawn."""
    ax.set_axis_off()
    ax.text(
        0.5, 0.5, text, ha="center", va="center", wrap=True, transform=ax.transAxes, color="0.3"
    )
    return ax
