"""Fits of a string: one model, or one for each channel of the response."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from .._warn import warn_user
from ..data.columns import check_infinite, choose_columns, why_nothing_to_fit
from ..data.recording import Recording, read_recording
from ..data.trials import Data
from ..fit_options import FitArguments, FitOptions, document_options
from ..fitting.results import NotFittedWarning, not_fitted
from ..graph.wiring import connect
from ..models import Model
from ..models.fit import fit_model, prepare_fit, warn_of_data
from ..models.later import LaterModels
from ..models.model_set import ModelSet
from ..progress import Bar
from .design import columns_of_models
from .forks import can_fork
from .threads import Tasks, count_threads
from .together import solve_together


@document_options
def fit(
    string: str | Model,
    x: Data,
    y: Data | None = None,
    *,
    channels: int | str | Sequence[int] | Sequence[str] | None = None,
    n_jobs: int | None = 1,
    state: Data | None = None,
    mask: Any = None,
    verbose: int = 1,
    callback: Callable[..., Any] | None = None,
    **options: Unpack[FitArguments],
) -> Model | ModelSet:
    """Fit the model, or the models, that a string stands for.

    With one output, as in ``wc.18x2-fir.2x15-dexp.1``, each channel of the response gets a model
    of its own. They share the preparation of the data.
    With several, as in ``wc.18x4-fir.4x15xR-dexp.R``, the channels are the outputs of one model.

    Parameters
    ----------
    string : str or Model
        A model string; symbols and left-out sizes are taken from the data. Or a model, of which
        copies are fitted.
    x : (T, channels) or (trials, T, channels) array, list of (T_i, channels), or dict of these
        The stimulus, or signals by name; finite. Or a `Recording`, which has the response too.
    y : like `x`, or (T,)
        The response, of K channels; NaN is left out.
    channels : int, str, sequence of these, or (K,) sequence of bool, optional
        Which columns of `y` to fit, by number from 0, or by name where `y` is a table; all by
        default. R is bound to their number.
    n_jobs : int, optional
        How many models to fit at a time; with None or -1, as many as there are cores for this
        process, but never more than models. On Linux copies of the process share the fits, as long
        as there is no `callback`; elsewhere threads do, which gain where most of the time is spent
        in long kernels. The results are the same to the last bit for any number.
    state : like `x`, optional
        The signal ``state``, where `x` does not have it.
    mask : like `y`, or without its channels, optional
        True where the response is used; for all channels of `y`.
    verbose : int
        1 prints how the fit of one model is going, and one line about several; 0 is silent.
    callback : callable, optional
        Called after each iteration: with its number and the loss for one model; with the channel,
        the number and the loss for several, from one thread at a time.
    {options}

    Returns
    -------
    Model or ModelSet
        Fitted. A set if the string has one output and there are several channels: a sequence of
        models, in the order of `channels`.

    Raises
    ------
    ValueError, ModelStringError
        The data cannot be fitted: says what is wrong, where, and in which channel.
    TypeError
        There is no such option.

    Warns
    -----
    NotFittedWarning
        There is nothing to be learnt from one of several channels, such as a neuron that is
        silent. The others are fitted as they would be alone.

    Notes
    -----
    `channel_weights` and the response of `validation` are for all channels of `y`, and are cut as
    it is. A `ModelSet` as `init` gives each channel the model of that channel.

    Ctrl-C ends the fits of several models within an iteration of each, and gives none of them.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import fit
    >>> x = np.random.default_rng(0).random((300, 4))
    >>> model = fit("wc.4x1-lvl.1", x, 2 * x[:, 1], verbose=0)
    >>> model.results.converged
    True
    >>> fit("wc.4x1-lvl.1", x, x[:, :3], channels=[0, 2], verbose=0)
    ModelSet(wc.4x1-lvl.1, channels 0, 2: 2 of 2 converged)
    >>> fit("wc.4xR-lvl.R", x, x[:, :3], channels=[0, 2], verbose=0).string
    'wc.4x2-lvl.2'
    """
    began = time.perf_counter()
    chosen = FitOptions.read(options, "fit")
    is_single = chosen.dtype == "float32"
    recording = read_recording(x, y, state=state, mask=mask, single=is_single)
    columns = choose_columns(channels, recording.n_channels, recording.channel_labels)
    n_threads = count_threads(n_jobs, len(columns))
    model = Model(string) if isinstance(string, str) else string
    chosen = read_held_out(chosen)
    groups = columns_of_models(model.has_one_output, columns)
    if len(groups) == 1:
        one = options_of_columns(chosen, columns, recording.n_channels)
        cut = recording.columns(columns)
        return fit_model(model, cut, one, verbose=verbose, callback=callback)
    if chosen.channel_weights is not None:
        raise ValueError(
            f"channel_weights weigh the outputs of one model; {model.string} has one output, so "
            "that each channel gets a model of its own"
        )
    model = model.bind_data(recording, (1,))
    together = None if callback else solve_together(model, recording, columns, chosen)
    is_solved = np.zeros(len(columns), bool) if together is None else together.is_solved
    jobs = [
        FitJob(model, group, chosen)
        for group, solved in zip(groups, is_solved, strict=True)
        if not solved
    ]
    report = None if callback is None else _by_channel(callback, columns)
    is_alone = not is_solved.any()
    fitted: Iterable[Model] = ()
    if jobs:
        fitted = fit_jobs(jobs, recording, n_threads, report, is_alone)
        fitted = _with_bar(fitted, len(jobs)) if verbose else fitted
    if together is not None and not is_alone:
        together.warn()
        alone = dict(zip(np.flatnonzero(~is_solved).tolist(), fitted, strict=True))
        fitted = LaterModels(len(columns), together.make, alone)
    models = ModelSet(
        fitted, columns, recording.n_channels, recording.columns(columns).channel_labels
    )
    if verbose:
        print(f"{models!r} in {time.perf_counter() - began:.1f} s")
    return models


def _with_bar(fitted: Iterable[Model], n_jobs: int) -> Iterator[Model]:
    with Bar(n_jobs, stays=False) as bar:
        for model in fitted:
            bar.step()
            yield model


@dataclass(frozen=True)
class FitJob:
    """One of several fits to the same stimulus.

    Attributes
    ----------
    model : Model
    columns : tuple of int
        The channels of the response that it predicts.
    options : FitOptions
        For all channels of the response.
    """

    model: Model
    columns: tuple[int, ...]
    options: FitOptions


def fit_jobs(
    jobs: Sequence[FitJob],
    recording: Recording,
    n_threads: int,
    callback: Callable[[int, int, float], Any] | None = None,
    are_all: bool = True,
) -> Generator[Model, None, None]:
    """Fit models to the same data, several at a time.

    Parameters
    ----------
    jobs : sequence of FitJob
    recording : Recording
        With all channels of the response. What is made of the stimulus is shared by all jobs.
    n_threads : int
    callback : callable, optional
        Called with the job's number, the iteration's and the loss, by one thread at a time.
    are_all : bool
        Whether these are all fits, so that it is an error if none of them can be done.

    Yields
    ------
    Model
        In the order of the jobs. One whose channel holds nothing to be learnt is not fitted, and
        its results say so.

    Raises
    ------
    ValueError, FloatingPointError
        A fit has failed, or no channel holds anything to be learnt; names the channels. It is that
        of the first job that fails, and the jobs after it are given up.
    """
    check_infinite(recording.target, [column for job in jobs for column in job.columns])
    faults = [_why_not(recording, job) for job in jobs]
    if all(faults) and are_all:
        raise ValueError(faults[0])
    for fault in filter(None, faults):
        warn_user(f"{fault}; its predictions and scores are NaN", NotFittedWarning)
    if not all(faults):
        _warn_once(jobs, faults, recording)
    lock = threading.Lock()

    def work(number: int) -> Model:
        def report(iteration: int, loss: float) -> Any:
            tasks.keep_going(number)
            if callback is None:
                return None
            with lock:
                return callback(number, iteration, loss)

        job = jobs[number]
        if faults[number]:
            return _unfitted(job, faults[number])
        try:
            options = options_of_columns(job.options, job.columns, recording.n_channels)
            cut = recording.columns(job.columns)
            return fit_model(job.model, cut, options, callback=report, warn=False)
        except (ValueError, FloatingPointError) as fault:
            named = _named(fault, job) if len(jobs) > 1 else fault
            if named is fault:
                raise
            raise named from fault

    tasks: Tasks[Model] = Tasks(work, len(jobs), n_threads, may_fork=callback is None)
    good = [job for job, fault in zip(jobs, faults, strict=True) if not fault]
    if callback is None and n_threads > 1 and len(good) > 1 and can_fork():
        # what is wrong here is wrong in the fit itself, which names the channel
        with suppress(ValueError, FloatingPointError):
            options = options_of_columns(good[0].options, good[0].columns, recording.n_channels)
            prepare_fit(good[0].model, recording.columns(good[0].columns), options)
    return tasks.results()


def options_of_columns(options: FitOptions, columns: Sequence[int], n_columns: int) -> FitOptions:
    """Return the options for a fit of some columns alone.

    Raises
    ------
    ValueError
        An option that is for all columns does not fit them.
    """
    weights, validation, init = options.channel_weights, options.validation, options.init
    if len(columns) < n_columns:
        if weights is not None and np.shape(weights) == (n_columns,):
            weights = np.asarray(weights)[list(columns)]
        if isinstance(validation, Recording):
            _check_held_out(validation, n_columns)
            validation = validation.columns(columns)
    if isinstance(init, ModelSet):
        if len(columns) > 1:
            raise ValueError(
                f"init is a set of {len(init)} models, but one model of {len(columns)} outputs is "
                "to be fitted; give one model of the set, by its place: init=models[0]"
            )
        init = init.channel(columns[0])
    return replace(options, channel_weights=weights, validation=validation, init=init)


def read_held_out(options: FitOptions) -> FitOptions:
    """Return the options with the data of `validation` read, once for all fits."""
    if not isinstance(options.validation, tuple | list):
        return options
    x, y = options.validation
    held = read_recording(x, y, single=options.dtype == "float32")
    return replace(options, validation=held)


def _check_held_out(held: Recording, n_columns: int) -> None:
    if held.n_channels != n_columns:
        raise ValueError(
            f"the target held out has {held.n_channels} channels, but the response that is "
            f"fitted has {n_columns}"
        )


def _why_not(recording: Recording, job: FitJob) -> str:
    """Tell why a model of one channel cannot be fitted; models of several check for themselves."""
    if len(job.columns) > 1:
        return ""
    return why_nothing_to_fit(recording.target, job.columns[0])


def _unfitted(job: FitJob, reason: str) -> Model:
    model = job.model.copy()
    model.results = not_fitted(reason, job.options.loss, job.options.edges)
    return model


def _warn_once(jobs: Sequence[FitJob], faults: Sequence[str], recording: Recording) -> None:
    """Warn once, and not from every thread, of data that fits of this kind do not suit."""
    good = [job for job, fault in zip(jobs, faults, strict=True) if not fault]
    columns = [column for job in good for column in job.columns]
    spreads = np.nanstd(np.concatenate([t[:, columns] for t in recording.target]), axis=0)
    widest = columns[int(spreads.argmax())]
    whose = f"channel {widest} of the target" if len(columns) > 1 else "the target"
    nodes = connect(list(good[0].model.layers))
    warn_of_data(nodes, recording.columns([widest]), good[0].options, whose)


def _by_channel(
    callback: Callable[[int, int, float], Any], columns: Sequence[int]
) -> Callable[[int, int, float], Any]:
    return lambda number, iteration, loss: callback(columns[number], iteration, loss)


def _named(fault: ValueError | FloatingPointError, job: FitJob) -> Exception:
    """Return an exception of the same kind that names the channel, where that can be made."""
    numbers = ", ".join(map(str, job.columns))
    where = (
        f"in the fit of channel {numbers} alone"
        if len(job.columns) == 1
        else (f"in the fit of channels {numbers}")
    )
    if type(fault) in (ValueError, FloatingPointError):
        return type(fault)(f"{where}: {fault}")
    fault.add_note(where)
    return fault
