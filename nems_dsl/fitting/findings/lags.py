"""Finding that a filter ends before the response does, or begins after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...graph.fronts import Front
from ...layers.base import flat
from ..engine.passes import run_forward
from ..linear.moments import Lags, windows
from .front import Fitted, fitted_field

if TYPE_CHECKING:
    from ..objective import Objective

# combinations of channels that the receptive field is looked at in
_N_PROFILES = 3
_MOST_AFTER, _BEFORE = 10, 2
_MOST_BINS, _N_FOLDS = 6000, 8
# of the residual's variance, in data that the regression has not seen, and in standard errors
_WORTH, _SURE = 0.01, 2.0
_RIDGE = 1e-3
# bins to a regressor, below which a regression tells little
_FEWEST = 10


def too_few_lags(objective: Objective, theta: np.ndarray) -> list[str]:
    """Find that what is left of the response depends on lags that a model does not have.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where the search ended.

    Returns
    -------
    list of str
        Warnings.

    Notes
    -----
    The residual is regressed on the stimulus in the channels of the receptive field, at the lags of
    the model and at others beside them, and predicted in eighths of the data that the regression
    has not seen. What the others add there is told, relative to the variance of the residual.
    """
    fitted = fitted_field(objective, theta)
    if fitted is None or fitted.field.lags.n < 2:
        return []
    lags, label = fitted.field.lags, fitted.label
    profiles = _profiles(fitted)
    wide = Lags(lags.past + min(_MOST_AFTER, lags.n // 2 + 1), lags.future + _BEFORE)
    found = _regression(objective, theta, fitted.front, profiles, wide)
    if found is None:
        return []
    parts = _products(*found)
    lag = np.tile(np.arange(wide.n) - wide.future, len(profiles))
    inside = (lag >= -lags.future) & (lag <= lags.past)
    after = _added(parts, inside, lag > lags.past)
    before = _added(parts, inside, lag < -lags.future)
    warnings = []
    if after:
        warnings.append(
            f"{label} has too few lags: what the stimulus was more than {lags.past} bins ago "
            f"predicts {100 * after:.2g} % of what the model leaves of the response; take more "
            "lags"
        )
    if before:
        warnings.append(
            f"the response comes before {label} can answer: later bins of the stimulus predict "
            f"{100 * before:.2g} % of what the model leaves of the response; look at whether the "
            "two are aligned in time"
        )
    return warnings


def _profiles(fitted: Fitted) -> np.ndarray:
    """Give the combinations of channels that a receptive field is made of most, (n, channels)."""
    n_channels, n_lags = fitted.field.n_channels, fitted.field.lags.n
    rows = fitted.rows.reshape(-1, n_channels, n_lags)
    by_channel = rows.transpose(1, 0, 2).reshape(n_channels, -1)
    axes = np.linalg.svd(by_channel, full_matrices=False)[0].T
    return np.asarray(axes[:_N_PROFILES])


def _regression(
    objective: Objective, theta: np.ndarray, front: Front, profiles: np.ndarray, wide: Lags
) -> tuple[np.ndarray, np.ndarray] | None:
    """Give the stimulus around bins, (bins, profiles * lags), and residuals, (bins, outputs)."""
    engine = objective.engine
    weights = engine.prepare(engine.values(theta))
    n_all = sum(plan.pack.length for plan in engine.plans)
    # a run of bins at the beginning of each segment, for folds to be apart in time
    share = min(1.0, _MOST_BINS / n_all)
    counts = objective.loss.weights > 0
    stimuli, residuals = [], []
    for plan in engine.plans:
        run_forward(plan.forward, weights)
        out, target = flat(plan.last.out), flat(plan.pack.target)
        reduced = profiles @ plan.pack.inputs[front.signal]
        for start, stop in zip(plan.pack.starts[:-1], plan.pack.starts[1:], strict=True):
            first, last = start + wide.past, stop - wide.future
            last = first + int(share * (last - first))
            if last <= first:
                continue
            error = (target[:, first:last] - out[:, first:last])[counts].T
            known = ~np.isnan(error).any(axis=1)
            here = np.arange(first, last)[known]
            if not len(here):
                continue
            around = windows(reduced[:, start:stop].T, here - start, wide)
            stimuli.append(around.reshape(len(here), -1))
            residuals.append(error[known])
    if not stimuli:
        return None
    regressors, residual = np.concatenate(stimuli), np.concatenate(residuals)
    is_enough = len(regressors) >= _FEWEST * regressors.shape[1]
    return (regressors, residual.astype(float)) if is_enough else None


Products = tuple[np.ndarray, np.ndarray, np.ndarray]


def _products(x: np.ndarray, y: np.ndarray) -> list[Products]:
    """Give the products of regressors, with residuals, and of residuals, part by part in time."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    sd = x.std(axis=0)
    x /= np.where(sd > 0, sd, 1.0)
    parts = np.array_split(np.arange(len(x)), _N_FOLDS)
    return [(x[p].T @ x[p], x[p].T @ y[p], np.sum(y[p] ** 2, axis=0)) for p in parts]


def _added(parts: list[Products], inside: np.ndarray, outside: np.ndarray) -> float:
    """Give what regressors add to those inside, as a share of the variance; 0 if it is no gain."""
    whole = [np.sum([part[k] for part in parts], axis=0) for k in range(3)]
    gains = []
    for xx, xy, yy in parts:
        errors = []
        for which in (inside, inside | outside):
            here = np.ix_(which, which)
            square = whole[0][here] - xx[here]
            square[np.diag_indices_from(square)] += _RIDGE * np.trace(square) / len(square)
            b = np.linalg.solve(square, whole[1][which] - xy[which])
            errors.append(
                np.sum(yy - 2 * np.sum(b * xy[which], axis=0)) + np.sum(b * (xx[here] @ b))
            )
        gains.append(errors[0] - errors[1])
    each, total = np.array(gains), float(np.sum(whole[2]))
    error = each.std(ddof=1) * np.sqrt(len(each))
    share = float(each.sum()) / total if total else 0.0
    return share if share > _WORTH and each.sum() > _SURE * error else 0.0
