"""Ridge regression on more channels and lags than a matrix is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..linear.covariance import InputCovariance, LaggedCovariance
from ..linear.ridge import RidgeProblem

# directions in which a strength is looked for; beyond them noise alone is left
_N_DIRECTIONS = 30
# of the power of an input
_STRENGTHS = np.geomspace(1e-4, 1e4, 65)
# blocks that are held out, and their share
_N_BLOCKS, _SHARE = 10, 0.2
_EXHAUSTED = 1e-10


def iterative_ridge_problem(inputs: LaggedCovariance, target: Sequence[np.ndarray]) -> RidgeProblem:
    """Pose the regularised linear model of a response without the matrix of all inputs.

    Parameters
    ----------
    inputs : LaggedCovariance
        Of all bins that may be used.
    target : list of (T_i, outputs) arrays
        NaN is left out.

    Notes
    -----
    The penalty is the one that predicts blocks of bins best that were held out. The solutions of
    all strengths lie nearly in one Krylov space, which is found once: Lanczos' method makes the
    penalised problem tridiagonal, and adds the penalty to its diagonal (Golub & Van Loan (2013),
    Matrix Computations, ch. 10). With fewer bins than inputs, as is usual here, the rule that
    `ridge_problem` takes its penalty from has no noise to go by.
    """
    told = [bins & ~np.isnan(y).all(axis=1) for bins, y in zip(inputs.counted, target, strict=True)]
    whole = inputs.over(told)
    cross, variance = whole.cross(target)
    power = whole.power or 1.0
    fit, test = _parts(told)
    penalty = power
    if min(sum(map(np.sum, fit)), sum(map(np.sum, test))) > 1:
        fitted, tested = whole.over(fit), whole.over(test)
        errors = _errors(fitted, fitted.cross(target), tested, tested.cross(target), power)
        # all of the data want less of a penalty than a part of them
        share = fitted.n_bins / whole.n_bins
        penalty = power * share * float(_STRENGTHS[np.argmin(errors)])
    return RidgeProblem(whole.plus(penalty), cross, variance)


def _parts(told: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Share out the bins that count: those to fit, and blocks of others, spread over all."""
    counts = np.array([bins.sum() for bins in told])
    before = np.concatenate([[0], np.cumsum(counts)])
    fit, test = [], []
    for bins, first in zip(told, before[:-1], strict=True):
        place = (first + np.cumsum(bins)) / max(before[-1], 1) * _N_BLOCKS % 1
        held_out = bins & (place > 1 - _SHARE)
        test.append(held_out)
        fit.append(bins & ~held_out)
    return fit, test


Moments = tuple[np.ndarray, np.ndarray]


def _errors(
    fitted: InputCovariance,
    of_fit: Moments,
    tested: InputCovariance,
    of_test: Moments,
    power: float,
) -> np.ndarray:
    """Give the squared error at each strength of blocks held out, as shares of their variance."""
    errors = np.zeros(len(_STRENGTHS))
    cross, test_cross, variance = of_fit[0], of_test[0], of_test[1]
    for wanted, held_out, scale in zip(cross, test_cross, variance, strict=True):
        if not (scale > 0 and wanted.any()):
            continue
        directions, square = _lanczos(fitted, wanted)
        loaded = directions @ tested.times(directions).T
        values, axes = np.linalg.eigh(square)
        start = axes[0] * np.linalg.norm(wanted)
        # the solution at each strength, in the space of the directions
        found = (start / (np.maximum(values, 0) + power * _STRENGTHS[:, None])) @ axes.T
        explained = found @ (directions @ held_out)
        errors += (np.einsum("sk,kl,sl->s", found, loaded, found) - 2 * explained) / scale
    return errors


def _lanczos(covariance: InputCovariance, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give orthonormal directions, (k, inputs), and the covariance in them, (k, k)."""
    directions = np.empty((min(_N_DIRECTIONS, len(first)), len(first)))
    square = np.zeros((len(directions), len(directions)))
    left = first
    for number in range(len(directions)):
        size = float(np.linalg.norm(left))
        if number and size <= _EXHAUSTED * square[0, 0]:
            return directions[:number], square[:number, :number]
        if number:
            square[number, number - 1] = square[number - 1, number] = size
        directions[number] = left / size
        left = covariance.times(directions[number : number + 1])[0]
        square[number, number] = left @ directions[number]
        known = directions[: number + 1]
        # twice, for rounding brings back what was taken out
        for _ in range(2):
            left = left - (known @ left) @ known
    return directions, square
