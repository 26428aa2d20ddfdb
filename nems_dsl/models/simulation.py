"""Responses drawn from a fitted model: its prediction, and the noise that its loss stands for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..fitting.results import FitResults

COUNTS = "poisson"


def draw_responses(
    predictions: Sequence[np.ndarray],
    results: FitResults | None,
    n_trials: int,
    seed: int | None,
) -> list[np.ndarray]:
    """Draw responses about predictions.

    Parameters
    ----------
    predictions : sequence of (T_i, channels) arrays
    results : FitResults or None
        Of the fit: counts for the loss ``poisson``, otherwise normal noise of the variance that
        the residuals had.
    n_trials : int
    seed : int or None

    Returns
    -------
    list of (n_trials, T_i, channels) arrays
        NaN where the prediction is.

    Raises
    ------
    ValueError
        How much noise there is, no fit has told.
    """
    if isinstance(n_trials, bool) or not isinstance(n_trials, int) or n_trials < 1:
        raise ValueError(f"n_trials is a number of trials, 1 or more, not {n_trials!r}")
    sd = _noise(results)
    rng = np.random.default_rng(seed)
    drawn = []
    for prediction in predictions:
        shape = (n_trials, *prediction.shape)
        known = np.isfinite(prediction)
        if sd is None:
            rates = np.where(known, np.maximum(prediction, 0.0), 0.0)
            trials = rng.poisson(rates, shape).astype(float)
        else:
            trials = prediction + rng.normal(0.0, sd, shape)
        drawn.append(np.where(known, trials, np.nan))
    return drawn


def _noise(results: FitResults | None) -> float | None:
    """Give the standard deviation of the noise; None for counts."""
    if results is None or results.is_failed:
        raise ValueError("the model is not fitted, so that its noise is not known: fit it first")
    if results.loss_name == COUNTS:
        return None
    if results.log_likelihood is None or not results.n_samples:
        raise ValueError(
            "how much noise there is, this fit does not tell: channels were weighted, or nothing "
            "was left over"
        )
    # the variance that makes normal residuals most likely, from their likelihood
    per_sample = results.log_likelihood / results.n_samples
    return math.exp(-per_sample - 0.5) / math.sqrt(2 * math.pi)
