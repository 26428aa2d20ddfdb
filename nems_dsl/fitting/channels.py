"""From a recording to scores: data held out, and one model per channel where that is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiler import parse
from ..metrics import correlation, nmse
from ..models import Model
from ..models.trials import check_match, read_inputs, read_signal

Trials = list[np.ndarray]
Inputs = dict[str, Trials]

_LONGEST_STEM = 120


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A recording in two parts: one to fit, one to test.

    Attributes
    ----------
    x_fit, x_test : dict of str to list of (T_i, channels) arrays
        The signals that a model reads.
    y_fit, y_test : list of (T_i, channels) arrays
        The response.
    description : str
        Which part was held out, for people to read.
    """

    x_fit: Inputs
    y_fit: Trials
    x_test: Inputs
    y_test: Trials
    description: str

    @property
    def n_channels(self) -> int:
        """Channels of the response."""
        return int(self.y_fit[0].shape[1])


@dataclass(frozen=True, slots=True)
class ChannelJob:
    """One model to be fitted, and the response channels that it predicts.

    Attributes
    ----------
    model : Model
        Bound to the data: no size is open.
    channels : tuple of int
        Numbers of the response's channels, from 0.
    stem : str
        A file name, without its ending, that tells this job from the others.
    """

    model: Model
    channels: tuple[int, ...]
    stem: str


@dataclass(frozen=True, slots=True)
class ChannelFit:
    """A channel's scores, and the fitted model that they are of.

    Attributes
    ----------
    channel : int
        Number of the response's channel, from 0.
    output : int
        Which output of the model predicts it.
    model : Model
        Fitted; it may serve several channels.
    r_test, nmse_test : float
        Correlation and normalised error on data held out; NaN if there are none.
    r_fit : float
        Correlation on the data of the fit.
    """

    channel: int
    output: int
    model: Model
    r_test: float
    nmse_test: float
    r_fit: float


def hold_out(x: Any, y: Any, fraction: float = 0.2) -> HeldOut:
    """Split a recording: its last trials, or the end of a single one, are held out.

    Parameters
    ----------
    x : (T, channels), (trials, T, channels), list of (T_i, channels), or dict of these
    y : like `x`
        NaN is missing.
    fraction : float
        From 0 up to 1: the share of trials to hold out, at least one, or of a single trial's
        bins. With 0 nothing is.

    Returns
    -------
    HeldOut
        When one trial is cut in two, filters start afresh in its second part.

    Raises
    ------
    ValueError
        The data cannot be fitted, or are too short to be split; says what is wrong and where.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.zeros((5, 40, 18)), np.arange(200.0).reshape(5, 40, 1)
    >>> split = hold_out(x, y)
    >>> len(split.y_fit), len(split.y_test), split.description
    (4, 1, 'the last trial of 5')
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"the fraction to hold out must be from 0 up to 1, not {fraction:g}")
    inputs = read_inputs(x)
    target, _ = read_signal(y, "the target")
    check_match(target, inputs)
    signals = {inputs.names[name]: trials for name, trials in inputs.signals.items()}
    n_trials = len(target)
    if fraction == 0:
        nothing: Inputs = {name: [] for name in signals}
        return HeldOut(signals, target, nothing, [], "nothing")
    if n_trials == 1:
        return _cut_in_two(signals, target, fraction)
    first = n_trials - min(max(round(n_trials * fraction), 1), n_trials - 1)
    held = "trial" if first == n_trials - 1 else f"{n_trials - first} trials"
    return HeldOut(
        {name: trials[:first] for name, trials in signals.items()},
        target[:first],
        {name: trials[first:] for name, trials in signals.items()},
        target[first:],
        f"the last {held} of {n_trials}",
    )


def _cut_in_two(signals: Inputs, target: Trials, fraction: float) -> HeldOut:
    n_times = len(target[0])
    cut = n_times - max(round(n_times * fraction), 2)
    if cut < 2:
        raise ValueError(f"a single trial of {n_times} bins is too short to hold out a part of it")
    return HeldOut(
        {name: [trials[0][:cut]] for name, trials in signals.items()},
        [target[0][:cut]],
        {name: [trials[0][cut:]] for name, trials in signals.items()},
        [target[0][cut:]],
        f"the last {n_times - cut} of {n_times} bins",
    )


def plan_channels(
    string: str,
    split: HeldOut,
    channels: Sequence[int] | None = None,
    name: str | None = None,
) -> list[ChannelJob]:
    """Tell which models there are to fit.

    Parameters
    ----------
    string : str
        With one output, each channel gets a model of its own; otherwise the channels are the
        outputs of one model.
    split : HeldOut
    channels : sequence of int, optional
        Channels of the response, from 0; all by default.
    name : str, optional
        Begins the file names, in place of the canonical string.

    Returns
    -------
    list of ChannelJob

    Raises
    ------
    ModelStringError
        The string is not a model, or does not fit the data.
    ValueError
        There is no such channel, or nothing to be learnt from it.

    Examples
    --------
    >>> x, y = np.random.default_rng(0).random((2, 100, 2))
    >>> split = hold_out(x, y)
    >>> [job.stem for job in plan_channels("wc.Nx1-lvl.1", split)]
    ['wc.2x1-lvl.1.ch0', 'wc.2x1-lvl.1.ch1']
    >>> [job.channels for job in plan_channels("wc.NxR-lvl.R", split)]
    [(0, 1)]
    """
    tree = parse(string)
    chosen = _check_channels(channels, split.n_channels)
    for channel in chosen:
        _check_response(np.concatenate([trial[:, channel] for trial in split.y_fit]), channel)
    one_output = tree.keywords[-1].gives == (1,)
    groups = [(c,) for c in chosen] if one_output and len(chosen) > 1 else [chosen]
    jobs = []
    for group in groups:
        model = Model(string).bind_data(split.x_fit, (len(group),))
        stem = name or _short(model)
        if one_output and split.n_channels > 1:
            stem += f".ch{group[0]}"
        jobs.append(ChannelJob(model, group, stem))
    return jobs


def fit_channels(
    jobs: Sequence[ChannelJob],
    split: HeldOut,
    *,
    callback: Callable[[ChannelJob, int, float], None] | None = None,
    **arguments: Any,
) -> Iterator[list[ChannelFit]]:
    """Fit and score models, one after the other.

    Parameters
    ----------
    jobs : sequence of ChannelJob
    split : HeldOut
    callback : callable, optional
        Called with the job, the iteration's number and the loss.
    **arguments
        As for `Model.fit`.

    Yields
    ------
    list of ChannelFit
        One per channel of the job.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((200, 3))
    >>> split = hold_out(x, 2 * x[:, :2])
    >>> jobs = plan_channels("wc.3x1-lvl.1", split)
    >>> [round(row.r_test, 3) for rows in fit_channels(jobs, split) for row in rows]
    [1.0, 1.0]
    """
    for job in jobs:
        columns = list(job.channels)
        report = None if callback is None else _for_job(callback, job)
        fitted = job.model.fit(
            split.x_fit,
            [trial[:, columns] for trial in split.y_fit],
            verbose=0,
            callback=report,
            **arguments,
        )
        r_fit, _ = _scores(fitted, split.x_fit, split.y_fit, columns)
        r_test, error = _scores(fitted, split.x_test, split.y_test, columns)
        yield [
            ChannelFit(channel, place, fitted, r_test[place], error[place], r_fit[place])
            for place, channel in enumerate(columns)
        ]


def _for_job(
    callback: Callable[[ChannelJob, int, float], None], job: ChannelJob
) -> Callable[[int, float], None]:
    return lambda iteration, loss: callback(job, iteration, loss)


def _scores(
    model: Model, x: Inputs, y: Trials, columns: list[int]
) -> tuple[list[float], list[float]]:
    if not y:
        return [float("nan")] * len(columns), [float("nan")] * len(columns)
    prediction = model.predict(x)
    target = [trial[:, columns] for trial in y]
    r = np.atleast_1d(correlation(prediction=prediction, target=target))
    error = np.atleast_1d(nmse(prediction=prediction, target=target, per_channel=True))
    return [float(v) for v in r], [float(v) for v in error]


def _check_channels(channels: Sequence[int] | None, n_channels: int) -> tuple[int, ...]:
    if not channels:
        return tuple(range(n_channels))
    for channel in channels:
        if not 0 <= channel < n_channels:
            raise ValueError(
                f"there is no channel {channel}: the response has {n_channels}, counted from 0"
            )
    return tuple(dict.fromkeys(channels))


def _check_response(values: np.ndarray, channel: int) -> None:
    valid = values[~np.isnan(values)]
    if valid.size < 2:
        raise ValueError(
            f"channel {channel} of the response has {valid.size} samples to fit that are not NaN; "
            "at least 2 are needed"
        )
    if valid.min() == valid.max():
        raise ValueError(
            f"channel {channel} of the response has no variance where the model is fitted: all "
            f"samples are {valid[0]:g}"
        )


def _short(model: Model) -> str:
    # file systems stop at 255 bytes, and experiments put more into a name than the string
    string = model.string
    if len(string) <= _LONGEST_STEM:
        return string
    return f"{string[:_LONGEST_STEM]}.{model.model_id}"
