"""From a recording to scores: data held out, and one model per channel where that is meant."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiler import parse
from ..data.columns import check_columns, choose_columns, take_columns
from ..data.holdout import HeldOut as HeldOut
from ..data.holdout import Trials
from ..data.holdout import hold_out as hold_out
from ..fitting.engine.prepared import PreparedInputs
from ..metrics import correlation, nmse
from ..models import Model
from .many import FitJob, fit_jobs, warn_of_shared_scales
from .threads import count_threads

_LONGEST_STEM = 120


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
    # an option that is given twice means no more than once
    chosen = choose_columns(tuple(dict.fromkeys(channels or ())) or None, split.n_channels)
    check_columns(split.y_fit, chosen)
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
    n_jobs: int | None = 1,
    callback: Callable[[ChannelJob, int, float], Any] | None = None,
    **arguments: Any,
) -> Generator[list[ChannelFit], None, None]:
    """Fit and score models, side by side in threads.

    Parameters
    ----------
    jobs : sequence of ChannelJob
    split : HeldOut
    n_jobs : int, optional
        How many threads; as for `nems_dsl.fit`.
    callback : callable, optional
        Called with the job, the iteration's number and the loss, by one thread at a time.
    **arguments
        As for `Model.fit`.

    Yields
    ------
    list of ChannelFit
        One per channel of the job; in the order of the jobs, as soon as each is done.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((200, 3))
    >>> split = hold_out(x, 2 * x[:, :2])
    >>> jobs = plan_channels("wc.3x1-lvl.1", split)
    >>> [round(row.r_test, 3) for rows in fit_channels(jobs, split) for row in rows]
    [1.0, 1.0]
    """
    n_threads = count_threads(n_jobs, len(jobs))
    inputs = PreparedInputs.read(split.x_fit)
    columns = [channel for job in jobs for channel in job.channels]
    todo = [FitJob(job.model, job.channels, arguments) for job in jobs]
    warn_of_shared_scales(todo[0], inputs, split.y_fit, columns)
    report = None if callback is None else _by_job(callback, jobs)
    with closing(fit_jobs(todo, inputs, split.y_fit, n_threads, report)) as fits:
        for job, fitted in zip(jobs, fits, strict=True):
            r_fit, _ = _scores(fitted, inputs, split.y_fit, job.channels)
            r_test, error = _scores(fitted, split.x_test, split.y_test, job.channels)
            yield [
                ChannelFit(channel, place, fitted, r_test[place], error[place], r_fit[place])
                for place, channel in enumerate(job.channels)
            ]


def _by_job(
    callback: Callable[[ChannelJob, int, float], Any], jobs: Sequence[ChannelJob]
) -> Callable[[int, int, float], Any]:
    return lambda number, iteration, loss: callback(jobs[number], iteration, loss)


def _scores(
    model: Model, x: Any, y: Trials, columns: Sequence[int]
) -> tuple[list[float], list[float]]:
    if not y:
        return [float("nan")] * len(columns), [float("nan")] * len(columns)
    prediction = model.predict(x)
    target = take_columns(y, columns)
    r = np.atleast_1d(correlation(prediction=prediction, target=target))
    error = np.atleast_1d(nmse(prediction=prediction, target=target, per_channel=True))
    return [float(v) for v in r], [float(v) for v in error]


def _short(model: Model) -> str:
    # file systems stop at 255 bytes, and experiments put more into a name than the string
    string = model.string
    if len(string) <= _LONGEST_STEM:
        return string
    return f"{string[:_LONGEST_STEM]}.{model.model_id}"
