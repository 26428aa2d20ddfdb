"""What ridge regression predicts of data that it has not seen, as a measure for other models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ...data.folds import Stretch
from ...data.recording import Recording
from ..linear.moments import Lags, windows
from .choice import FieldPrior
from .held_out import N_FOLDS

#: Beyond so many channels times lags the covariances of all stretches take too much memory.
MOST_INPUTS = 1000


def predict_by_ridge(
    recording: Recording,
    signal: str,
    lags: Lags,
    prior: FieldPrior,
    target: Sequence[np.ndarray],
    n_folds: int = N_FOLDS,
) -> tuple[list[np.ndarray], list[np.ndarray]] | None:
    """Predict stretches by the linear model, fitted to the others.

    Parameters
    ----------
    recording : Recording
    signal : str
        What the receptive fields of the prior are of.
    lags : Lags
    prior : FieldPrior
    target : list of (T_i, outputs) arrays
        NaN is left out.
    n_folds : int
        Stretches.

    Returns
    -------
    predictions, targets : list of (outputs, n) arrays
        By stretch; or None if there are too many channels and lags for it.
    """
    trials = recording.signals[signal]
    n_channels = trials[0].shape[1]
    if n_channels * lags.n > MOST_INPUTS:
        return None
    lengths = [0 if np.isnan(y).all() else len(x) for x, y in zip(trials, target, strict=True)]
    folds = _stretches(lengths, n_folds)
    n_outputs = target[0].shape[1]
    predictions: list[list[np.ndarray]] = [[] for _ in folds]
    targets = [np.concatenate([target[t][a:b] for t, a, b in fold]).T for fold in folds]
    for output in range(n_outputs):
        parts = [_sums(trials, lags, target, output, fold) for fold in folds]
        whole = _added(parts)
        for number, (fold, part) in enumerate(zip(folds, parts, strict=True)):
            n, x, y, xx, xy = (all_ - own for all_, own in zip(whole, part, strict=True))
            n = max(float(n), 1.0)
            rest = xx / n - np.outer(x / n, x / n)
            loaded = rest + prior.strengths[output] * prior.precision
            field = _solve(loaded, xy / n - x / n * (y / n))
            rows = [
                windows(trials[t], np.arange(a, b), lags).reshape(b - a, -1) @ field
                for t, a, b in fold
            ]
            predictions[number].append(np.concatenate(rows))
    return [np.array(rows) for rows in predictions], targets


Sums = tuple[Any, ...]


def _sums(
    trials: Sequence[np.ndarray],
    lags: Lags,
    target: Sequence[np.ndarray],
    output: int,
    fold: Sequence[Stretch],
) -> Sums:
    """Give number, sums and products of what one output is known with in one fold."""
    found = []
    for trial, start, stop in fold:
        y = target[trial][start:stop, output]
        known = np.flatnonzero(~np.isnan(y))
        y = y[known]
        x = windows(trials[trial], start + known, lags).reshape(
            len(known), trials[0].shape[1] * lags.n
        )
        found.append((float(len(y)), x.sum(axis=0), float(y.sum()), x.T @ x, x.T @ y))
    return _added(found)


def _added(parts: Sequence[Sums]) -> Sums:
    return tuple(sum(each) for each in zip(*parts, strict=True))


def _stretches(lengths: Sequence[int], n_folds: int) -> list[list[Stretch]]:
    """Cut trials, one after the other, into stretches of about as many bins."""
    total, at = sum(lengths), 0
    edges = [total * k // n_folds for k in range(n_folds + 1)]
    found: list[list[Stretch]] = [[] for _ in range(n_folds)]
    for trial, length in enumerate(lengths):
        for number in range(n_folds):
            start = max(edges[number] - at, 0)
            stop = min(edges[number + 1] - at, length)
            if start < stop:
                found[number].append(Stretch(trial, start, stop))
        at += length
    return [each for each in found if each]


def _solve(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(cho_solve(cho_factor(matrix), vector))
    except LinAlgError:
        # a stimulus without power in some direction, and a prior that says nothing of it
        return np.asarray(np.linalg.lstsq(matrix, vector, rcond=None)[0])
