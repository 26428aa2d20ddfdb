"""Fits of a string: one model, or one for each channel of the response."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..data.columns import check_columns, choose_columns, take_columns
from ..data.masking import apply_mask
from ..data.state import with_state
from ..data.trials import Data, Trial, Trials, check_orientation, read_inputs, read_signal
from ..fitting.engine.prepared import PreparedInputs
from ..fitting.scales import warn_of_start
from ..fitting.validation import read_validation
from ..graph.wiring import connect, signals_of
from ..models import Model
from ..models.model_set import ModelSet
from .threads import Tasks, count_threads


def fit(
    string: str | Model,
    x: Data,
    y: Data,
    *,
    state: Data = None,
    channels: int | Sequence[int] | None = None,
    n_jobs: int | None = 1,
    verbose: int = 1,
    callback: Callable[..., Any] | None = None,
    **arguments: Any,
) -> Model | ModelSet:
    """Fit the model, or the models, that a string stands for.

    With one output, as in ``wc.18x2-fir.2x15-dexp.1``, each channel of the response gets a model
    of its own. They share the preparation of the data, and are fitted side by side in threads.
    With several, as in ``wc.18x4-fir.4x15xR-dexp.R``, the channels are the outputs of one model.

    Parameters
    ----------
    string : str or Model
        A model string, or a model; symbols and left-out sizes are taken from the data.
    x : (T, channels) or (trials, T, channels) array, list of (T_i, channels), or dict of these
        The stimulus, or signals by name. Finite.
    y : like `x`, or (T,)
        The response, of K channels; NaN is left out.
    state : like `x`, optional
        The same as an entry ``state`` of a dict `x`.
    channels : int, sequence of int, or (K,) sequence of bool, optional
        Which columns of `y` to fit, from 0; all by default. R is bound to their number.
    n_jobs : int, optional
        How many threads to fit several models in; with None or -1, as many as there are cores for
        this process, but never more than models. Threads gain where most of the time is spent in
        long kernels, as with very many parameters; Gauss-Newton steps of small models take turns
        at Python's lock, for which processes serve better: see `nems_dsl.sweep`. The results are
        the same to the last bit for any number.
    verbose : int
        1 prints how the fit of one model is going, and one line about several; 0 is silent.
    callback : callable, optional
        Called after each iteration: with its number and the loss for one model; with the channel,
        the number and the loss for several, from one thread at a time.
    **arguments
        As for `Model.fit`. `mask`, `channel_weights` and the target of `validation` are for all
        channels of `y`, and are cut as it is. A `ModelSet` as `init` gives each channel the model
        of that channel.

    Returns
    -------
    Model or ModelSet
        Fitted. A set if the string has one output and there are several channels: a sequence of
        models, in the order of `channels`.

    Raises
    ------
    ValueError, ModelStringError
        The data cannot be fitted: says what is wrong, where, and in which channel.

    Notes
    -----
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
    inputs = read_inputs(with_state(x, state))
    target, _ = read_signal(y, "the target")
    check_orientation(target, inputs)
    n_columns = target[0].shape[1]
    columns = choose_columns(channels, n_columns)
    n_threads = count_threads(n_jobs, len(columns))
    model = Model(string) if isinstance(string, str) else string
    if len(columns) == 1 or model.tree.keywords[-1].gives != (1,):
        if channels is not None:
            target, arguments = _mask(target, arguments)
            y = take_columns(target, columns)
            arguments = _cut(arguments, columns, n_columns)
        return model.fit(inputs, y, verbose=verbose, callback=callback, **arguments)
    began = time.perf_counter()
    target, arguments = _mask(target, arguments)
    inputs, target, arguments = _hold_out(inputs, target, arguments)
    jobs = _one_for_each(model, inputs, target, columns, arguments)
    warn_of_shared_scales(jobs[0], inputs, target, columns)
    report = None if callback is None else _by_channel(callback, columns)
    models = ModelSet(fit_jobs(jobs, inputs, target, n_threads, report), columns, n_columns)
    if verbose:
        print(f"{models!r} in {time.perf_counter() - began:.1f} s")
    return models


@dataclass(frozen=True, slots=True)
class FitJob:
    """One of several fits on the same data.

    Attributes
    ----------
    model : Model
    columns : tuple of int
        The channels of the response that it predicts.
    arguments : mapping
        As for `Model.fit`.
    """

    model: Model
    columns: tuple[int, ...]
    arguments: Mapping[str, Any]


def fit_jobs(
    jobs: Sequence[FitJob],
    inputs: Trials,
    target: Sequence[Trial],
    n_threads: int,
    callback: Callable[[int, int, float], Any] | None = None,
) -> Generator[Model, None, None]:
    """Fit models to the same data, in threads; the numeric work holds no lock of Python's.

    Warnings of the data's scale are for the caller to give, once and not from every thread.

    Parameters
    ----------
    jobs : sequence of FitJob
    inputs : Trials
        Read and cut once for all jobs.
    target : list of (T_i, channels) arrays
        All channels of the response.
    n_threads : int
    callback : callable, optional
        Called with the job's number, the iteration's and the loss, by one thread at a time.

    Yields
    ------
    Model
        In the order of the jobs.

    Raises
    ------
    ValueError, FloatingPointError
        A fit has failed; names the channels. It is that of the first job that fails, and the
        jobs after it are given up.
    """
    prepared = replace(PreparedInputs.read(inputs), is_known=True)
    lock = threading.Lock()

    def work(number: int) -> Model:
        def report(iteration: int, loss: float) -> Any:
            tasks.keep_going(number)
            if callback is None:
                return None
            with lock:
                return callback(number, iteration, loss)

        job = jobs[number]
        try:
            y = take_columns(target, job.columns)
            return job.model.fit(prepared, y, verbose=0, callback=report, **job.arguments)
        except (ValueError, FloatingPointError) as fault:
            named = _named(fault, job) if len(jobs) > 1 else fault
            if named is fault:
                raise
            raise named from fault

    tasks: Tasks[Model] = Tasks(work, len(jobs), n_threads)
    return tasks.results()


def _one_for_each(
    model: Model,
    inputs: Trials,
    target: list[Trial],
    columns: Sequence[int],
    arguments: Mapping[str, Any],
) -> list[FitJob]:
    if arguments.get("channel_weights") is not None:
        raise ValueError(
            f"channel_weights weigh the outputs of one model; {model.string} has one output, so "
            "that each channel gets a model of its own"
        )
    model = model.bind_data(inputs, (1,))
    check_columns(target, columns)
    n_columns = target[0].shape[1]
    return [FitJob(model, (c,), _cut(arguments, (c,), n_columns)) for c in columns]


def warn_of_shared_scales(
    job: FitJob, inputs: Trials, target: Sequence[Trial], columns: Sequence[int]
) -> None:
    """Warn once of data in units that fits do not start well from; see `ScaleWarning`."""
    nodes, init = connect(job.model.layers), job.arguments.get("init", "auto")
    read = {name: inputs.signals[name] for name in signals_of(nodes)}
    spreads = np.nanstd(np.concatenate(take_columns(target, columns)), axis=0)
    widest = columns[int(spreads.argmax())]
    whose = f"channel {widest} of the target" if len(columns) > 1 else "the target"
    warn_of_start(nodes, range(len(nodes)), init, read, take_columns(target, [widest]), whose)


def _mask(target: list[Trial], arguments: Mapping[str, Any]) -> tuple[list[Trial], dict[str, Any]]:
    """Apply a mask to all channels, and give the other arguments."""
    others = {name: value for name, value in arguments.items() if name != "mask"}
    return apply_mask(target, arguments.get("mask")), others


def _hold_out(
    inputs: Trials, target: list[Trial], arguments: Mapping[str, Any]
) -> tuple[Trials, list[Trial], dict[str, Any]]:
    """Split off what `validation` asks for, once for all fits."""
    validation = arguments.get("validation")
    x, y, held = read_validation(inputs, target, validation)
    if held is None:
        return inputs, target, dict(arguments)
    return read_inputs(x), y, {**arguments, "validation": (PreparedInputs.read(held[0]), held[1])}


def _cut(arguments: Mapping[str, Any], columns: Sequence[int], n_columns: int) -> dict[str, Any]:
    """Give the arguments for a fit of some columns alone."""
    cut = dict(arguments)
    weights = cut.get("channel_weights")
    if weights is not None and np.shape(weights) == (n_columns,):
        cut["channel_weights"] = np.asarray(weights)[list(columns)]
    validation = cut.get("validation")
    if isinstance(validation, tuple | list) and len(validation) == 2:
        held, _ = read_signal(validation[1], "the target held out")
        if held[0].shape[1] != n_columns:
            raise ValueError(
                f"the target held out has {held[0].shape[1]} channels, but the response that is "
                f"fitted has {n_columns}"
            )
        cut["validation"] = (validation[0], take_columns(held, columns))
    init = cut.get("init")
    if isinstance(init, ModelSet):
        if len(columns) > 1:
            raise ValueError(
                f"init is a set of {len(init)} models, but one model of {len(columns)} outputs is "
                "to be fitted; give one model of the set, by its place: init=models[0]"
            )
        cut["init"] = init.channel(columns[0])
    return cut


def _by_channel(
    callback: Callable[[int, int, float], Any], columns: Sequence[int]
) -> Callable[[int, int, float], Any]:
    return lambda number, iteration, loss: callback(columns[number], iteration, loss)


def _named(fault: ValueError | FloatingPointError, job: FitJob) -> Exception:
    """Give an exception of the same kind that names the channel, where that can be made."""
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
