"""One part of a study: a model fitted to some stretches of a recording, and scored on others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.columns import why_nothing_to_fit
from ..data.folds import Stretch, join, mask
from ..data.recording import Recording
from ..fit_options import FitOptions
from ..fitting.results import not_fitted
from ..graph.evaluation import without_edges
from ..metrics import Metric
from ..models import Model
from ..models.fit import fit_model
from .design import find_model_reach


@dataclass(frozen=True)
class Part:
    """A fitted model, and what it predicts for the whole recording.

    Attributes
    ----------
    model : Model
    target : sequence of (T_i, channels) arrays
        What the model should predict, NaN where that does not count.
    prediction : list of (T_i, channels) arrays
        NaN if there was nothing to fit.
    """

    model: Model
    target: Sequence[np.ndarray]
    prediction: list[np.ndarray]

    @property
    def n_channels(self) -> int:
        """Number of channels that the model predicts."""
        return int(self.target[0].shape[1])

    def score(self, metric: Metric, stretches: Sequence[Stretch]) -> np.ndarray:
        """Score some stretches, channel by channel: (channels,) float64, NaN where undefined."""
        if not stretches:
            return np.full(self.n_channels, np.nan)
        target = join(self.target, stretches)
        return score_channels(metric, join(self.prediction, stretches), target)


def fit_part(
    model: Model,
    recording: Recording,
    columns: Sequence[int],
    stretches: Sequence[Stretch],
    options: FitOptions,
    callback: Callable[[int, float], object] | None = None,
    verbose: int = 0,
) -> Model:
    """Fit a model to some channels of some stretches of a recording.

    The stimulus stays whole, so that filters know what came before, and that all fits to it share
    what is made of it; what is not to be fitted is missing in the response.

    Parameters
    ----------
    model : Model
        Bound to the recording.
    recording : Recording
    columns : sequence of int
        Channels of the response that the model predicts.
    stretches : sequence of Stretch
    options : FitOptions
        For these channels.
    callback, verbose
        As for `Model.fit`.

    Returns
    -------
    Model
        Not fitted, and its results say why, if one channel is all there is and it holds nothing to
        be learnt.
    """
    chosen = recording.columns(columns)
    target = mask(chosen.target, stretches)
    fault = why_nothing_to_fit(target, 0, " there") if len(columns) == 1 else ""
    if fault:
        unfitted = model.copy()
        reason = fault.replace("channel 0", f"channel {columns[0]}", 1)
        unfitted.results = not_fitted(reason, options.loss, options.edges)
        return unfitted
    return fit_model(
        model,
        chosen.with_response(target),
        options,
        verbose=verbose,
        callback=callback,
        warn=False,
    )


def part_of(fitted: Model, recording: Recording) -> Part:
    """Return what a fitted model predicts for a recording of its channels."""
    return Part(fitted, scored_with(fitted, recording).target, fitted.predict_trials(recording))


def scored_with(model: Model, recording: Recording) -> Recording:
    """Return a recording whose response is NaN where a model's edges leave it out."""
    return without_edges(recording, find_model_reach(model), model.edges)


def score_channels(metric: Metric, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Score each channel by itself.

    Parameters
    ----------
    metric : callable
        A function of (prediction, target), such as those of `nems_dsl.metrics`.
    prediction, target : (T, channels) arrays
        Pairs with a NaN are left out.

    Returns
    -------
    (channels,) float64 ndarray
        NaN where the metric is not defined, as the correlation with a constant.
    """
    columns = range(target.shape[1])
    return np.array([float(metric(prediction[:, [c]], target[:, [c]])) for c in columns])
