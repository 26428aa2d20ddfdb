"""From a recording to scores: data held out, and one model per channel where that is meant."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Unpack

from ..compiler import parse
from ..data.columns import check_infinite, choose_columns, why_nothing_to_fit
from ..data.holdout import Split
from ..data.recording import Recording
from ..fitting.options import FitArguments, FitOptions
from ..metrics import correlation, nmse
from ..models import Model
from .design import Design, columns_of_models
from .many import FitJob, fit_jobs, read_held_out
from .part import part_of
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
    recording: Recording,
    channels: Sequence[int] | None = None,
    name: str | None = None,
) -> list[ChannelJob]:
    """Tell which models there are to fit.

    Parameters
    ----------
    string : str
        With one output, each channel gets a model of its own; otherwise the channels are the
        outputs of one model.
    recording : Recording
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
        There is no such channel, or nothing to be learnt from any.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl.data import read_recording
    >>> x, y = np.random.default_rng(0).random((2, 100, 2))
    >>> recording = read_recording(x, y)
    >>> [job.stem for job in plan_channels("wc.Nx1-lvl.1", recording)]
    ['wc.2x1-lvl.1.ch0', 'wc.2x1-lvl.1.ch1']
    >>> [job.channels for job in plan_channels("wc.NxR-lvl.R", recording)]
    [(0, 1)]
    """
    tree = parse(string)
    # an option that is given twice means no more than once
    chosen = choose_columns(tuple(dict.fromkeys(channels or ())) or None, recording.n_channels)
    check_infinite(recording.target, chosen)
    faults = [why_nothing_to_fit(recording.target, channel) for channel in chosen]
    if all(faults):
        raise ValueError(faults[0])
    one_output = tree.has_one_output
    jobs = []
    for group in columns_of_models(one_output, chosen):
        model = Model(string).bind_data(recording, (len(group),))
        stem = name or _short(model)
        if one_output and recording.n_channels > 1:
            stem += f".ch{group[0]}"
        jobs.append(ChannelJob(model, group, stem))
    return jobs


def split_recording(jobs: Sequence[ChannelJob], recording: Recording, share: float) -> Split:
    """Hold out the end of a recording, with a gap that suits the models.

    Parameters
    ----------
    jobs : sequence of ChannelJob
    recording : Recording
    share : float
        From 0 up to 1.
    """
    lengths = [len(trial) for trial in recording.target]
    cuts = Design(test=share).cut(lengths, [job.model for job in jobs])
    return Split(recording, cuts.folds[0])


def fit_channels(
    jobs: Sequence[ChannelJob],
    split: Split,
    *,
    n_jobs: int | None = 1,
    callback: Callable[[ChannelJob, int, float], Any] | None = None,
    **options: Unpack[FitArguments],
) -> Generator[list[ChannelFit], None, None]:
    """Fit and score models, side by side in threads.

    Parameters
    ----------
    jobs : sequence of ChannelJob
    split : Split
    n_jobs : int, optional
        How many threads; as for `nems_dsl.fit`.
    callback : callable, optional
        Called with the job, the iteration's number and the loss, by one thread at a time.
    **options
        As for `Model.fit`.

    Yields
    ------
    list of ChannelFit
        One per channel of the job; in the order of the jobs, as soon as each is done.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl.data import read_recording
    >>> x = np.random.default_rng(0).random((200, 3))
    >>> recording = read_recording(x, 2 * x[:, :2])
    >>> jobs = plan_channels("wc.3x1-lvl.1", recording)
    >>> split = split_recording(jobs, recording, 0.2)
    >>> [round(row.r_test, 3) for rows in fit_channels(jobs, split) for row in rows]
    [1.0, 1.0]
    """
    chosen = read_held_out(FitOptions.read(options, "fit"))
    n_threads = count_threads(n_jobs, len(jobs))
    todo = [FitJob(job.model, job.channels, chosen) for job in jobs]
    report = None if callback is None else _by_job(callback, jobs)
    with closing(fit_jobs(todo, split.fit, n_threads, report)) as fits:
        for job, fitted in zip(jobs, fits, strict=True):
            part = part_of(fitted, split.recording.columns(job.channels))
            r_fit = part.score(correlation, split.fold.fit)
            r_test, error = (part.score(m, split.fold.test) for m in (correlation, nmse))
            yield [
                ChannelFit(channel, place, fitted, *map(float, scores))
                for place, (channel, *scores) in enumerate(
                    zip(job.channels, r_test, error, r_fit, strict=True)
                )
            ]


def _by_job(
    callback: Callable[[ChannelJob, int, float], Any], jobs: Sequence[ChannelJob]
) -> Callable[[int, int, float], Any]:
    return lambda number, iteration, loss: callback(jobs[number], iteration, loss)


def _short(model: Model) -> str:
    # file systems stop at 255 bytes, and experiments put more into a name than the string
    string = model.string
    if len(string) <= _LONGEST_STEM:
        return string
    return f"{string[:_LONGEST_STEM]}.{model.model_id}"
