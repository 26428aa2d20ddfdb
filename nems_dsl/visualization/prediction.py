"""Prediction against response, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from ..data.recording import Recording, read_recording
from ..data.trials import digest_of_trials
from ..graph.evaluation import without_edges
from ..metrics import correlation
from ..studies.design import find_model_reach
from .axes import BLUE, GREY, finish, own_axes, time_step, unit

if TYPE_CHECKING:
    from ..models import Model

SECONDS = 10.0
BINS = 1000


def plot_prediction(
    model: Model,
    x: Any,
    y: Any = None,
    ax: Axes | None = None,
    fs: float | None = None,
    seconds: float | None = None,
    *,
    channel: int = 0,
    trial: int = 0,
) -> Axes:
    """Draw a prediction over the response to the same stimulus.

    Parameters
    ----------
    model : Model
    x : as for `Model.predict`
    y : like `x`, optional
        The response. The correlation in the legend is over all of it, not only what is shown; a
        model that was not fitted has none.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    fs : float, optional
        Sampling rate in Hz. Without it time is in bins.
    seconds : float, optional
        How much to show: 10 s by default, or 1000 bins where `fs` is not known.
    channel : int
        Output of the model, and channel of `y`.
    trial : int

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        `seconds` without `fs`; or `x` and `y` do not match.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> ax = plot_prediction(Model("wc.18x1-lvl.1"), np.zeros((50, 18)), fs=100)
    >>> ax.get_xlabel(), len(ax.lines[0].get_xdata())
    ('time (s)', 50)
    """
    ax = own_axes(ax)
    step = time_step(fs)
    if seconds is not None and fs is None:
        raise ValueError("seconds need a sampling rate: pass fs as well")
    limit = BINS if fs is None else max(1, round((SECONDS if seconds is None else seconds) * fs))
    recording = read_recording(x, y)
    predictions = model.predict_trials(recording)
    _check_channel(predictions, channel, "prediction")
    shown = predictions[trial][:limit, channel]
    time = step * np.arange(len(shown))
    label = "prediction"
    responses = recording.response
    if responses is not None:
        label = "prediction, not fitted"
        if is_fitted(model):
            r = _correlation(predictions, _scored(model, recording), channel)
            label = f"prediction, r = {r:.2f}"
        ax.plot(time, responses[trial][:limit, channel], color=GREY, lw=1, label="response")
    ax.plot(time, shown, color=BLUE, lw=1.5, label=label)
    ax.set_title(
        "prediction" if responses is None else "prediction and response", fontsize="medium"
    )
    ax.set_xlabel(f"time ({unit(fs)})")
    ax.set_ylabel("response")
    ax.set_xlim(time[0] - step / 2, time[-1] + step / 2)
    # room for the legend, so that it covers nothing
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.22 * (high - low))
    ax.legend(loc="upper right", fontsize="small", frameon=False, ncols=2, borderaxespad=0.1)
    finish([ax])
    return ax


def is_fitted(model: Model) -> bool:
    """Tell whether a fit gave the model, here or in the program that it comes from."""
    if model.has_later_results:
        return True
    if model.results is None:
        return "nems_results" in model.meta
    return not model.results.is_failed


def tell_data(model: Model, recording: Recording, held_out: bool | None) -> str:
    """Return of what data a score is: held out, those of the fit, or nothing if not known."""
    if held_out is not None:
        return " on held-out data" if held_out else " on the data of the fit"
    results = None if model.has_later_results else model.results
    known = "" if results is None else results.target_digest
    is_same = bool(known) and known == digest_of_trials(recording.target)
    return " on the data of the fit" if is_same else ""


def channel_correlation(model: Model, x: Any, y: Any = None, channel: int = 0) -> float:
    """Give the correlation of one output with the response, over all trials, as `score` does."""
    recording = read_recording(x, y)
    return _correlation(model.predict_trials(recording), _scored(model, recording), channel)


def _scored(model: Model, recording: Recording) -> Sequence[np.ndarray]:
    return without_edges(recording, find_model_reach(model), model.edges).target


def _correlation(
    predictions: Sequence[np.ndarray], responses: Sequence[np.ndarray], channel: int
) -> float:
    _check_channel(predictions, channel, "prediction")
    _check_channel(responses, channel, "response")
    r = correlation(
        prediction=[trial[:, channel] for trial in predictions],
        target=[trial[:, channel] for trial in responses],
    )
    return float(np.asarray(r))


def _check_channel(trials: Sequence[np.ndarray], channel: int, name: str) -> None:
    n_channels = trials[0].shape[1]
    if not 0 <= channel < n_channels:
        raise ValueError(
            f"there is no channel {channel}: the {name} has {n_channels}, counted from 0"
        )
