"""What a fit should predict of data that it has not seen, from the fit alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ...layers.base import flat
from ..engine.blocks import Blocks
from ..engine.jacobian import Part
from ..engine.passes import Engine, run_forward

if TYPE_CHECKING:
    from ..objective import Objective

N_FOLDS, _FEWEST_FOLDS = 8, 3
# of the curvature's mean diagonal, for what is not determined
_LEAST = 1e-10
# of the range of a prediction, beyond it
_MARGIN = 0.5
# of the mean, where the loss is of rates
_LEAST_RATE = 1e-2


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Each stretch of the data as the rest of them predicts it.

    Attributes
    ----------
    loss : float
        Of all stretches together.
    predictions, targets : list of (outputs, n) arrays
        By stretch; targets are NaN where there is none.
    losses : (folds,) ndarray
        Each stretch's part of the sum that the loss is made of.
    """

    loss: float
    predictions: list[np.ndarray]
    targets: list[np.ndarray]
    losses: np.ndarray

    @property
    def correlation(self) -> float:
        """Of predictions and targets about the means of each stretch, over all outputs."""
        return correlate(self.predictions, self.targets)


def correlate(predictions: list[np.ndarray], targets: list[np.ndarray]) -> float:
    """Correlate by stretches, each about its own means, over all outputs.

    Parameters
    ----------
    predictions, targets : list of (outputs, n) arrays
        Targets are NaN where there is none.
    """
    both = predicted = told = 0.0
    for p, y in zip(predictions, targets, strict=True):
        for a, b in zip(p, y, strict=True):
            known = ~np.isnan(b)
            if known.any():
                u, v = a[known] - a[known].mean(), b[known] - b[known].mean()
                both, predicted, told = both + u @ v, predicted + u @ u, told + v @ v
    return float(both / np.sqrt(predicted * told)) if predicted * told > 0 else 0.0


def predict_held_out(
    objective: Objective, theta: np.ndarray, n_folds: int = N_FOLDS
) -> HeldOut | None:
    """Predict each stretch by a fit to the others, which one Newton step from the whole fit gives.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where its minimum is, or nearly.
    n_folds : int
        Stretches.

    Returns
    -------
    HeldOut or None
        None where the data make less than three stretches, as one trial does of a model whose
        memory has no end.

    Notes
    -----
    With H the curvature of the whole, H_b and g_b those of one stretch, what fits without it lies
    at ``theta + (H - H_b)^-1 g_b``, exact for a linear model: Beirami et al. (2017), NIPS 30.
    Predictions go no further than half the range of the whole fit's beyond it, which a linear model
    reaches only where one stretch alone determines a direction.
    """
    engine, loss = objective.engine, objective.loss
    n_bins = sum(plan.pack.length for plan in engine.plans)
    blocks = Blocks(engine, objective.reach, max(1, -(-n_bins // n_folds)))
    groups = blocks.groups(n_folds)
    if len(groups) < _FEWEST_FOLDS:
        return None
    parts = objective.jacobian().by_group(theta, loss, groups, blocks)
    value, factor = loss.finish(engine.total(theta, loss))
    power = objective.search_power
    # of the power that the penalties are added to
    factor *= power * value ** (power - 1)
    added_gradient, added = objective.penalty_derivatives(theta, power * value ** (power - 1))
    gradient = factor * sum(part.gradient for part in parts) + added_gradient
    whole = np.sum([part.curvature for part in parts], axis=0)
    objective.note_squares(theta, whole)
    curvature = factor * whole + added
    within = _ranges(engine, theta)
    predictions, targets, losses = [], [], []
    for part in parts:
        rest = curvature - factor * part.curvature
        rest[np.diag_indices_from(rest)] += _LEAST * np.trace(curvature) / len(rest)
        step = _solve(rest, factor * part.gradient - gradient)
        total, predicted, known = _at(objective, blocks, part, theta, step, within)
        predictions.append(predicted)
        targets.append(known)
        losses.append(total)
    return HeldOut(loss.finish(float(np.sum(losses)))[0], predictions, targets, np.array(losses))


def _at(
    objective: Objective,
    blocks: Blocks,
    part: Part,
    theta: np.ndarray,
    step: np.ndarray,
    within: tuple[np.ndarray, np.ndarray],
) -> tuple[float, np.ndarray, np.ndarray]:
    """Give a stretch's part of the sum, its predictions and its targets, (outputs, n)."""
    loss = objective.loss
    total, told, known = 0.0, [], []
    for block, out, along in objective.jacobian().along(theta, step, part, blocks):
        plan = blocks.plan(block)
        moved = np.clip(out + along, *within)
        if loss.needs_rates:
            moved = np.maximum(moved, _LEAST_RATE * loss.mean)
        flat(plan.last.out)[...] = moved
        total += loss.add(plan.last.out, plan.pack.target, plan.last.d_out)
        here = slice(block.at, block.at + block.n_counted)
        told.append(moved[:, here])
        known.append(np.array(flat(plan.pack.target)[:, here], float))
    return total, np.concatenate(told, axis=1), np.concatenate(known, axis=1)


def _ranges(engine: Engine, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give bounds, (outputs, 1), beyond which no fit to a part of the data would predict.

    Where a direction is known by one stretch alone, a straight line along it leaves them.
    """
    weights = engine.prepare(engine.values(theta))
    lows, highs = [], []
    for plan in engine.plans:
        run_forward(plan.forward, weights)
        rows = flat(plan.last.out)
        lows.append(rows.min(axis=1, keepdims=True))
        highs.append(rows.max(axis=1, keepdims=True))
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    margin = _MARGIN * (high - low)
    return low - margin, high + margin


def _solve(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    if not np.isfinite(matrix).all():
        return np.zeros(len(vector))
    try:
        return np.asarray(cho_solve(cho_factor(matrix), vector))
    except LinAlgError:
        # directions that no data of the rest determine stay where they are
        power, axes = np.linalg.eigh(matrix)
        known = power > _LEAST * power[-1]
        along = axes[:, known]
        return np.asarray(along @ ((along.T @ vector) / power[known]))
