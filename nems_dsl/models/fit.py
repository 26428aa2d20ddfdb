"""Fitting a model: what belongs to the model, around a search that knows none."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._threads import one_blas_thread
from .._warn import warn_user
from ..data.columns import why_nothing_to_fit
from ..data.edges import warn_of_edges
from ..data.folds import mask, stretches_with_samples
from ..data.holdout import hold_out_end
from ..data.masking import leave_out_channels, read_channel_weights
from ..data.orientation import check_trials_are_long
from ..data.recording import Recording, read_recording
from ..data.trials import STIMULUS, check_variance, digest_of_trials
from ..fit_options import FitOptions
from ..fitting.compiling import compile_ahead
from ..fitting.engine.vector import ParameterVector
from ..fitting.objective import Objective
from ..fitting.report import Report
from ..fitting.results import NotFittedWarning
from ..fitting.scales import warn_of_start
from ..fitting.search import search
from ..fitting.shrinkage.find import too_large_to_shrink
from ..fitting.uncertainty.estimate import MOST_PARAMETERS, estimate_errors
from ..fitting.units import Standard, find_standard
from ..graph.evaluation import without_edges
from ..graph.reach import Reach, find_reach
from ..graph.wiring import Node, connect, needed, signals_of
from .reuse import take_parameters

if TYPE_CHECKING:
    from .model import Model

# with so few bins that hold a spike, noise is as large as the rate
_SPARSE = 0.3


@one_blas_thread()
def fit_model(
    model: Model,
    recording: Recording,
    options: FitOptions,
    *,
    verbose: int = 0,
    callback: Callable[[int, float], object] | None = None,
    warn: bool = True,
    tell_errors: bool = True,
) -> Model:
    """Return a fitted copy of a model; see `Model.fit`.

    Parameters
    ----------
    model : Model
        Stays as it is.
    recording : Recording
        With a response, in which NaN is left out.
    options : FitOptions
    verbose : int
        1 prints how the fit is going.
    callback : callable, optional
        As for `Model.fit`.
    warn : bool
        Warn of data that no fit of this kind suits. Of many fits to the same data, one does.
    tell_errors : bool
        Estimate standard errors.
    """
    from .model import Model

    target_digest = digest_of_trials(recording.target)
    fitted, recording = model.bind_recording(recording, (recording.n_channels,))
    if model.preparation is not None and isinstance(options.validation, Recording):
        options = replace(options, validation=model.preparation.apply(options.validation))
    init = options.init
    if isinstance(init, Model):
        fitted, init = take_parameters(fitted, init)[0], "model"
    elif not isinstance(init, str):
        raise ValueError(f"init must be the name of a start or a fitted model, not {init!r}")
    else:
        fitted = copy.deepcopy(fitted)
    nodes = connect(list(fitted.layers))
    reach = find_reach(nodes, needed(nodes, len(nodes) - 1))
    recording, held_out = _hold_out(recording, options, reach)
    recording = without_edges(recording, reach, options.edges)
    weights = read_channel_weights(options.channel_weights, recording.n_channels)
    silent = _find_silent(recording, weights)
    if silent:
        # one model of several channels goes on without those that hold nothing
        weights = np.ones(recording.n_channels) if weights is None else weights.copy()
        weights[list(silent)] = 0
        options = replace(options, channel_weights=weights)
        for text in silent.values():
            if warn:
                warn_user(f"{text}; its predictions and scores are NaN", NotFittedWarning)
    # in the user's units, so that the message has the user's numbers
    check_variance(leave_out_channels(recording.target, weights), weights)
    standard = find_standard(nodes, recording, options)
    if warn:
        warn_of_data(nodes, recording, options, standard=standard)
    own_bounds = ParameterVector([node.layer for node in nodes]).bounds()
    standard.enter(as_it_stands=isinstance(options.init, str) and options.init == "model")
    objective = make_objective(standard, recording, options)
    validation = None
    if held_out is not None:
        held_out = without_edges(held_out, reach, options.edges)
        validation = make_objective(
            standard, held_out, options, regularizers=False, priors=0.0, shrinkage="none"
        )
    factor = standard.loss_factor if options.loss == "mse" else 1.0
    report = Report(verbose, callback, factor)
    holds_out = options.shrinkage == "auto"
    results = search(objective, options, init, report, validation, own_bounds, holds_out)
    tell_errors = tell_errors and objective.n_parameters <= MOST_PARAMETERS
    estimate = estimate_errors(objective, standard) if tell_errors else None
    standard.leave()
    errors = None if estimate is None else estimate.in_users_units(fitted.layers.names)
    fitted.results = replace(
        results.scaled(factor).of_response_times(1 / standard.response.scale),
        standard_errors=errors,
        edges=options.edges,
        target_digest=target_digest,
        silent=tuple(silent),
        warnings=(
            *results.warnings,
            *_about_options(nodes, recording, options),
            *(f"not fitted: {text}" for text in silent.values()),
        ),
    )
    return fitted


@one_blas_thread()
def prepare_fit(model: Model, recording: Recording, options: FitOptions) -> None:
    """Compile what fits of a kind call, and find what they share, before they are dealt out.

    Parameters
    ----------
    model, recording, options
        As for `fit_model`, of one of the fits.
    """
    bound, recording = model.bind_recording(recording, (recording.n_channels,))
    nodes = connect(list(copy.deepcopy(bound).layers))
    reach = find_reach(nodes, needed(nodes, len(nodes) - 1))
    recording = without_edges(_hold_out(recording, options, reach)[0], reach, options.edges)
    standard = find_standard(nodes, recording, options)
    standard.enter()
    compile_ahead(make_objective(standard, recording, options))


def warn_of_data(
    nodes: list[Node],
    recording: Recording,
    options: FitOptions,
    whose: str = "the target",
    standard: Standard | None = None,
) -> None:
    """Warn of data that fits do not start well from, or that edges of zeros do not suit."""
    places = needed(nodes, len(nodes) - 1)
    names = [name for name in signals_of(nodes) if name in recording.signals]
    past = find_reach(nodes, places).known
    check_trials_are_long(recording.lengths, past)
    if options.edges == "zeros":
        warn_of_edges(recording, past, names)
    standard = standard or find_standard(nodes, recording, options)
    # what is standardised is of the same size whatever the user's units are
    read = {
        name: recording.signals[name]
        for name in names
        if name != STIMULUS or standard.stimulus.scale == 1
    }
    target = recording.target if standard.response.scale == 1 else []
    warn_of_start(nodes, places, options.init, read, target, whose)


def _about_options(nodes: list[Node], recording: Recording, options: FitOptions) -> list[str]:
    """Find options that do not suit the data."""
    found = []
    places = needed(nodes, len(nodes) - 1)
    if options.shrinkage == "auto" and options.validation is None:
        found.append(too_large_to_shrink(nodes, places, recording))
    if options.loss == "nmse" and _are_counts(recording.target):
        found.append(
            'the response is counts, most of them 0: loss="poisson" weighs them by their noise'
        )
    return [text for text in found if text]


def _are_counts(target: Sequence[np.ndarray]) -> bool:
    """Tell whether a response is sparse counts, one for each bin and trial."""
    values = np.concatenate([trial.ravel() for trial in target])
    values = values[~np.isnan(values)]
    is_whole = bool(np.all(values >= 0) and np.all(values == np.round(values)))
    return is_whole and 0 < float(np.mean(values > 0)) < _SPARSE


def _find_silent(recording: Recording, weights: np.ndarray | None) -> dict[int, str]:
    """Find channels in which there is nothing to be learnt, and why; none if all are so."""
    used = [c for c in range(recording.n_channels) if weights is None or weights[c]]
    faults = {c: why_nothing_to_fit(recording.target, c) for c in used}
    silent = {c: fault for c, fault in faults.items() if fault}
    return silent if len(silent) < len(used) else {}


def make_objective(
    standard: Standard, recording: Recording, options: FitOptions, **changed: Any
) -> Objective:
    """Make what a fit minimises, in its own coordinates.

    Parameters
    ----------
    standard : Standard
        The coordinates, which the nodes' parameters are in.
    recording : Recording
        In the user's units, without the edges that are left out.
    options : FitOptions
    **changed
        Arguments of `Objective` that are others than the options have them.
    """
    settings: dict[str, Any] = {
        "loss": options.loss,
        "regularizers": options.regularizers,
        # priors of parameters shrink by themselves
        "shrinkage": "none" if options.priors else options.shrinkage,
        "priors": options.priors,
        "channel_weights": options.channel_weights,
        "dtype": options.dtype,
    }
    seen = standard.recording(recording)
    return Objective(standard.nodes, seen, **{**settings, **changed})


def _hold_out(
    recording: Recording, options: FitOptions, reach: Reach
) -> tuple[Recording, Recording | None]:
    """Split off what the option `validation` asks for."""
    validation = options.validation
    if validation is None:
        return recording, None
    if isinstance(validation, int | float):
        lengths = [len(trial) for trial in recording.target]
        within = stretches_with_samples(recording.target)
        gap = -(-(reach.known + reach.future) // reach.stride)
        fold = hold_out_end(lengths, float(validation), gap=gap, within=within)
        fit, test = (mask(recording.target, parts) for parts in (fold.fit, fold.test))
        return recording.with_response(fit), recording.with_response(test)
    if isinstance(validation, Recording):
        return recording, validation
    x, y = validation
    return recording, read_recording(x, y, single=options.dtype == "float32")
