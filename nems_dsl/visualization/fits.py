"""How a fit went, what it left over, and what it says beside repeated trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..data.recording import read_recording
from .axes import BLUE, GREY, RED, finish, label_channels, new_figure, own_axes, time_step, unit
from .prediction import SECONDS, is_fitted

if TYPE_CHECKING:
    from ..fitting.results import FitResults
    from ..models import Model

_MOST_DOTS = 2000
_N_LAGS = 50
_Z95 = 1.96


def plot_history(results: FitResults, ax: Axes | None = None) -> Axes:
    """Draw the loss over the iterations of a fit.

    Parameters
    ----------
    results : FitResults
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        With the loss on data held out, where there were any. The scale is logarithmic where the
        loss is above 0 and falls to less than a third.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> x = np.random.default_rng(0).random((300, 4))
    >>> results = Model("wc.4x1-dexp.1").fit(x, x[:, 0] ** 2, verbose=0).results
    >>> ax = plot_history(results)
    >>> len(ax.lines[0].get_ydata()) == len(results.loss_history)
    True
    """
    ax = own_axes(ax)
    history = np.asarray(results.loss_history, dtype=float)
    marker = "o" if len(history) == 1 else ""
    ax.plot(np.arange(len(history)), history, color=BLUE, marker=marker, label="data of the fit")
    if results.validation_history:
        held_out = np.asarray(results.validation_history, dtype=float)
        ax.plot(np.arange(len(held_out)), held_out, color=RED, label="held-out data")
        ax.legend(fontsize="small", frameon=False)
    if len(history) and history.min() > 0 and history.max() > 3 * history.min():
        ax.set_yscale("log")
    ax.set_xlabel("iteration")
    ax.set_ylabel(results.loss_name)
    ended = "converged" if results.converged else "not converged"
    ax.set_title(f"{ended}, {results.loss_name} {results.loss:.4g}", fontsize="medium")
    finish([ax])
    return ax


def plot_residuals(
    model: Model,
    x: Any,
    y: Any = None,
    *,
    channel: int = 0,
    fs: float | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw what a prediction leaves over: against the prediction, and against its own past.

    Parameters
    ----------
    model : Model
    x, y : as for `Model.score`
    channel : int
        Output of the model, and channel of `y`.
    fs : float, optional
        Sampling rate in Hz. Without it lags are in bins.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib.figure.Figure
        To the right the autocorrelation, which trials do not share and missing bins have no part
        in, with the range that 95 % of those of white noise lie in.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> rng = np.random.default_rng(0)
    >>> x = rng.random((400, 4))
    >>> figure = plot_residuals(Model("wc.4x1-lvl.1"), x, rng.random(400))
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['prediction', 'lag (bins)']
    """
    recording = read_recording(x, y)
    figure = new_figure(8, 3.4, paper_height=1.9) if figure is None else figure
    left, right = figure.subplots(1, 2)
    predictions = [trial[:, channel] for trial in model.predict_trials(recording)]
    left_over = [
        target[:, channel] - prediction
        for target, prediction in zip(recording.target, predictions, strict=True)
    ]
    values, residuals = np.concatenate(predictions), np.concatenate(left_over)
    every = max(1, len(values) // _MOST_DOTS)
    left.plot(
        values[::every], residuals[::every], ".", ms=2, color=GREY, alpha=0.5, rasterized=True
    )
    left.axhline(0, color="0.3", lw=0.8)
    left.set_xlabel("prediction")
    left.set_ylabel("response - prediction")
    left.set_title("residuals" + ("" if is_fitted(model) else ", not fitted"), fontsize="medium")
    step = time_step(fs)
    lags, found, n_pairs = autocorrelation(left_over)
    right.vlines(step * lags, 0, found, color=BLUE, lw=1.5)
    bound = _Z95 / np.sqrt(np.maximum(n_pairs, 1))
    right.fill_between(step * lags, -bound, bound, color="0.9", lw=0, zorder=0)
    right.axhline(0, color="0.3", lw=0.8)
    right.set_xlabel(f"lag ({unit(fs)})")
    right.set_ylabel("autocorrelation")
    right.set_title("of residuals", fontsize="medium")
    finish([left, right])
    return figure


def autocorrelation(trials: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lags from 1 on, the autocorrelation of trials, and the number of pairs of each.

    Examples
    --------
    >>> lags, found, n_pairs = autocorrelation([np.array([1.0, -1.0, 1.0, -1.0])])
    >>> lags.tolist(), found.tolist(), n_pairs.tolist()
    ([1, 2], [-1.0, 1.0], [3, 2])
    """
    mean = np.nanmean(np.concatenate(trials))
    centred = [trial - mean for trial in trials]
    power = np.nanmean(np.concatenate(centred) ** 2) or 1.0
    lags = np.arange(1, min(_N_LAGS, max(len(trial) for trial in trials) // 2) + 1)
    sums, counts = np.zeros(len(lags)), np.zeros(len(lags), dtype=int)
    for number, lag in enumerate(lags):
        for trial in centred:
            pairs = trial[lag:] * trial[:-lag]
            sums[number] += np.nansum(pairs)
            counts[number] += np.count_nonzero(~np.isnan(pairs))
    return lags, sums / np.maximum(counts, 1) / power, counts


def plot_repeats(
    model: Model,
    x: Any,
    repeats: Any,
    *,
    fs: float | None = None,
    seconds: float | None = None,
    channel: int = 0,
    freqs: Any = None,
    cmap: str = "Greys",
    figure: Figure | None = None,
) -> Figure:
    """Draw a stimulus, the trials of its repeats, and the prediction over their mean.

    Parameters
    ----------
    model : Model
    x : (T, channels) array
        The stimulus.
    repeats : (trials, T) array
        The response to each of its repeats, such as counts of spikes; NaN where there is none.
    fs : float, optional
        Sampling rate in Hz. Without it time is in bins.
    seconds : float, optional
        How much to show: 10 s by default, or all where `fs` is not known.
    channel : int
        Output of the model.
    freqs : (channels,) array, optional
        Centre frequencies of the stimulus, in Hz.
    cmap : str
        Colours of the stimulus and the trials, by their name in matplotlib.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib.figure.Figure
        The mean over trials (PSTH) has a band of its standard error.

    Raises
    ------
    ValueError
        Stimulus and repeats have not the same number of bins.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> x = np.random.default_rng(0).random((100, 18))
    >>> figure = plot_repeats(Model("wc.18x1-lvl.1"), x, np.ones((5, 100)), fs=100)
    >>> figure.axes[1].images[0].get_array().shape
    (5, 100)
    """
    x, repeats = np.asarray(x, dtype=float), np.asarray(repeats, dtype=float)
    if repeats.ndim != 2 or x.ndim != 2 or repeats.shape[1] != len(x):
        raise ValueError(
            f"repeats are (trials, T) beside a stimulus of (T, channels), not {repeats.shape} "
            f"beside {x.shape}"
        )
    step = time_step(fs)
    shown = len(x)
    if fs is not None:
        shown = min(shown, max(1, round((SECONDS if seconds is None else seconds) * fs)))
    prediction = np.asarray(model.predict(x))[:shown, channel]
    trials = repeats[:, :shown]
    figure = new_figure(8, 5, paper_height=3.2) if figure is None else figure
    axes = figure.subplots(3, 1, sharex=True, height_ratios=[1.2, 1, 2])
    ends = (-0.5 * step, (shown - 0.5) * step)
    axes[0].imshow(
        x[:shown].T, origin="lower", aspect="auto", interpolation="nearest", cmap=cmap,
        extent=(*ends, -0.5, x.shape[1] - 0.5),
    )  # fmt: skip
    label_channels(axes[0], x.shape[1], freqs)
    axes[1].imshow(
        trials, aspect="auto", interpolation="nearest", cmap=cmap,
        extent=(*ends, len(trials) + 0.5, 0.5),
    )  # fmt: skip
    axes[1].set_ylabel("trial")
    time = step * np.arange(shown)
    mean = np.nanmean(trials, axis=0)
    axes[2].plot(time, mean, color=GREY, lw=1, label=f"mean of {len(trials)} trials")
    if len(trials) > 1:
        n_known = np.maximum(np.count_nonzero(~np.isnan(trials), axis=0), 1)
        error = np.nanstd(trials, axis=0, ddof=1) / np.sqrt(n_known)
        axes[2].fill_between(time, mean - error, mean + error, color="0.85", lw=0)
    name = "prediction" if is_fitted(model) else "prediction, not fitted"
    axes[2].plot(time, prediction, color=BLUE, lw=1.5, label=name)
    axes[2].set_xlim(ends)
    axes[2].set_xlabel(f"time ({unit(fs)})")
    axes[2].set_ylabel("response")
    low, high = axes[2].get_ylim()
    axes[2].set_ylim(low, high + 0.25 * (high - low))
    axes[2].legend(loc="upper right", fontsize="small", frameon=False, ncols=2, borderaxespad=0.1)
    finish(axes)
    return figure
