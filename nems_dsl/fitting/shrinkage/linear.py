"""What ridge regression predicts of data that it has not seen, as a measure for other models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
# numbers of a signal at all lags that are kept for other fits to it
_MOST_KEPT = 1 << 22


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
        parts = [
            _sums(rows, products, y[output])
            for (rows, products), y in zip(
                _look(recording, signal, lags, folds), targets, strict=True
            )
        ]
        whole = _added(parts)
        seen = _look(recording, signal, lags, folds)
        for number, ((rows, _), part) in enumerate(zip(seen, parts, strict=True)):
            n, x, y, xx, xy = (all_ - own for all_, own in zip(whole, part, strict=True))
            n = max(float(n), 1.0)
            rest = xx / n - np.outer(x / n, x / n)
            loaded = rest + prior.strengths[output] * prior.precision
            field = _solve(loaded, xy / n - x / n * (y / n))
            predictions[number].append(rows @ field)
    return [np.array(rows) for rows in predictions], targets


Sums = tuple[Any, ...]
Seen = tuple[np.ndarray, np.ndarray]


def _look(
    recording: Recording, signal: str, lags: Lags, folds: Sequence[Sequence[Stretch]]
) -> Iterator[Seen]:
    """Give a signal at all lags in each fold, (bins, inputs), and the products of these."""
    trials = recording.signals[signal]
    n_inputs = trials[0].shape[1] * lags.n

    def look() -> Iterator[Seen]:
        for fold in folds:
            parts = [windows(trials[t], np.arange(a, b), lags) for t, a, b in fold]
            rows = np.concatenate([part.reshape(-1, n_inputs) for part in parts])
            yield rows, rows.T @ rows

    n_bins = sum(b - a for fold in folds for _, a, b in fold)
    if n_bins * n_inputs > _MOST_KEPT:
        return look()
    key = (signal, lags, tuple(tuple(fold) for fold in folds))
    return iter(recording.lately("stretches", key, lambda: list(look())))


def _sums(rows: np.ndarray, products: np.ndarray, y: np.ndarray) -> Sums:
    """Give number, sums and products of what one output is known with in one fold."""
    missing = np.isnan(y)
    if missing.any():
        rows, y = rows[~missing], y[~missing]
        products = rows.T @ rows
    return float(len(y)), rows.sum(axis=0), float(y.sum()), products, rows.T @ y


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
