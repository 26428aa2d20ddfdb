"""What a model does after its linear front, as a curve."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from ..data.recording import Recording, read_recording
from .axes import BLUE, GREY, LEVEL, RED, finish, is_paper, is_same, own_axes, say_instead
from .chain import LinearFront, NoLinearFront, behind_preparation

if TYPE_CHECKING:
    from ..models import Model

_GRID = 200
_MOST_DOTS = 700
_BINS = 15
_DENSITY_BINS, _DENSITY_HEIGHT = 40, 0.15
_MOST_NAMED = 3


def plot_nonlinearity(
    model: Model,
    x: Any = None,
    ax: Axes | None = None,
    *,
    y: Any = None,
    channel: int = 0,
) -> Axes:
    """Draw the model's output over the output of its linear front.

    Parameters
    ----------
    model : Model
    x : as for `Model.predict`, optional
        The curve spans the range that the linear front takes on these data; without data, on a
        stimulus between 0 and 1.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    y : like `x`, optional
        The response: drawn as dots, and as its means in bins that hold equally many samples.
    channel : int
        Output of the model, and channel of `y`.

    Returns
    -------
    matplotlib.axes.Axes
        With a band about the curve, its confidence interval at each point, where the fit has
        standard errors; means have standard errors; how often values of the drive occur is drawn
        along the bottom. Of a model that does not begin with a linear layer, mixes several outputs
        of it or goes on with memory, the static end is drawn over what drives it, given data;
        where there is none, the response over the prediction, or a sentence says why.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> ax = plot_nonlinearity(Model("wc.18x4-fir.4x15-dexp.1"))
    >>> ax.lines[0].get_xdata().shape
    (200,)
    """
    ax = own_axes(ax)
    given = None if x is None else read_recording(x, y)
    whole = model
    model, recording = behind_preparation(model, given)
    has_response = recording is not None and recording.response is not None
    try:
        front = LinearFront.of(model, recording)
        drivers = front.drivers(channel)
        drive = _drive(front, recording, drivers[0])
        reason = _why_not(front, drivers, drive)
    except NoLinearFront as fault:
        reason = str(fault)
    if reason and recording is not None:
        end = LinearFront.before_static(model, recording, channel)
        if end is not None:
            front, drivers, reason = end, end.drivers(channel), ""
            drive = _drive(front, recording, drivers[0])
    if reason:
        return _plot_calibration(whole, given, ax, channel, reason)
    grid = np.linspace(drive.min(), drive.max(), _GRID)
    values = np.zeros((_GRID, front.n_outputs))
    values[:, drivers[0]] = grid
    if has_response:
        assert recording is not None
        _plot_response(ax, drive, _column(recording.target, channel))
    ax.plot(grid, front.finish(values)[:, channel], color=BLUE, lw=2, label="model", zorder=3)
    _plot_band(model, front, drivers[0], channel, ax)
    ax.set_title("nonlinearity", fontsize="medium")
    # a panel of a paper has no room for more
    ax.set_xlabel("drive" if is_paper() else f"drive (output of {_short(front.names)})")
    ax.set_ylabel("response" if whole is model else "response (prepared)")
    if recording is not None:
        _plot_density(ax, drive)
    finish([ax])
    return ax


def _short(names: str) -> str:
    parts = names.split("-")
    return names if len(parts) <= _MOST_NAMED else f"{parts[0]}-...-{parts[-1]}"


def _plot_density(ax: Axes, drive: np.ndarray) -> None:
    """Draw how often values of the drive occur, along the bottom."""
    counts, edges = np.histogram(drive, bins=_DENSITY_BINS)
    heights = _DENSITY_HEIGHT * counts / max(int(counts.max()), 1)
    ax.stairs(
        heights, edges, fill=True, color="0.85", zorder=0, transform=ax.get_xaxis_transform(),
        label="density of the drive",
    )  # fmt: skip


def _plot_band(model: Model, front: LinearFront, driver: int, channel: int, ax: Axes) -> None:
    """Draw the interval about the curve, if the fit has one, and the model is still that."""
    errors = None if model.results is None else model.results.standard_errors
    band = None if errors is None else errors.nonlinearity
    if band is None or channel >= len(band.values):
        return
    at = band.at[channel]
    values = np.zeros((len(at), front.n_outputs))
    values[:, driver] = at
    if not is_same(front.finish(values)[:, channel], band.values[channel]):
        return
    lower, upper = (end[channel] for end in band.interval(LEVEL))
    ax.fill_between(
        at, lower, upper, color=BLUE, alpha=0.2, lw=0, zorder=2,
        label=f"{100 * LEVEL:g} % interval",
    )  # fmt: skip


def _drive(front: LinearFront, recording: Recording | None, output: int) -> np.ndarray:
    if recording is not None:
        trials = recording.signals[front.signal]
        return np.concatenate([front.drive(trial)[:, output] for trial in trials])
    field = front.impulse_responses()[output]
    rest = float(front.drive(np.zeros((1, front.n_inputs)))[0, output])
    low, high = np.minimum(field, 0).sum() + rest, np.maximum(field, 0).sum() + rest
    return np.array([low, high]) if high > low else np.array([low - 1, high + 1])


def _why_not(front: LinearFront, drivers: list[int], drive: np.ndarray) -> str:
    if not front.is_chain:
        return "the chain branches"
    if len(drivers) > 1:
        return f"it mixes {len(drivers)} outputs of {front.names}"
    probe = np.zeros((32, front.n_outputs))
    probe[:, drivers[0]] = np.linspace(drive.min(), drive.max(), len(probe))
    return "" if front.is_static(probe) else "it has memory"


def _plot_calibration(
    model: Model, recording: Recording | None, ax: Axes, channel: int, reason: str
) -> Axes:
    if recording is None or recording.response is None:
        return say_instead(ax, textwrap.fill(f"no curve for the nonlinearity: {reason}", 30))
    prediction = _column(model.predict_trials(recording), channel)
    response = _column(recording.target, channel)
    _plot_response(ax, prediction, response)
    ends = [prediction.min(), prediction.max()]
    ax.plot(ends, ends, color=BLUE, lw=1.5, label="equal", zorder=3)
    ax.set_title("response over prediction", fontsize="medium")
    ax.set_xlabel("prediction")
    ax.set_ylabel("response")
    return ax


def _plot_response(ax: Axes, drive: np.ndarray, response: np.ndarray) -> None:
    if len(drive) != len(response):
        raise ValueError(f"x has {len(drive)} bins, y has {len(response)}")
    valid = ~np.isnan(response)
    drive, response = drive[valid], response[valid]
    if not drive.size:
        return
    every = max(1, len(drive) // _MOST_DOTS)
    ax.plot(
        drive[::every], response[::every], ".", ms=2, color=GREY, alpha=0.35, rasterized=True,
        label="response",
    )  # fmt: skip
    order = np.argsort(drive, kind="stable")
    parts = np.array_split(order, min(_BINS, len(order)))
    means = np.array([[drive[part].mean(), response[part].mean()] for part in parts])
    errors = [
        response[part].std(ddof=1) / np.sqrt(len(part)) if len(part) > 1 else 0.0 for part in parts
    ]
    ax.errorbar(
        means[:, 0], means[:, 1], yerr=errors, fmt="o", ms=4, color=RED, elinewidth=1,
        label="mean response", zorder=4,
    )  # fmt: skip


def _column(trials: Sequence[np.ndarray], channel: int) -> np.ndarray:
    return np.concatenate([trial[:, channel] for trial in trials])
