"""The profile likelihood: how far a parameter may go while all others make up for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from ..._plain import Plain
from ...fitting.objective import Objective
from ...fitting.uncertainty.errors import Nested, StandardErrors
from ...fitting.uncertainty.estimate import by_name
from ...suggestions import no_such
from .setting import Setting

_MOST_STEPS, _MOST_TRIES, _HALVINGS = 30, 25, 12
_NEAR, _FLAT = 1e-3, 1e-9
#: An end of an interval that is more standard errors away is taken to be nowhere.
_FARTHEST = 30.0


def profile_errors(
    setting: Setting, sandwich: StandardErrors, level: float, parameters: Sequence[str] | None
) -> StandardErrors:
    """Return standard errors and intervals from the profile likelihood.

    A parameter is moved, and all others are fitted again, until the deviance has grown by ``q^2``,
    with q the quantile of Student's t; the deviance of normal residuals is the sum of their
    squares over their variance (Bates & Watts, 1988, Nonlinear Regression Analysis, chapter 6). For
    residuals that depend on each other, or have another variance than the loss takes them to have,
    q is multiplied with the ratio of the sandwich's error to that of the curvature (Chandler &
    Bate, 2007, Biometrika 94: 167-183). The error is half the interval over the quantile.

    Parameters
    ----------
    setting : Setting
        In the user's units.
    sandwich : StandardErrors
        Tells what is identified.
    level : float
        Of the intervals.
    parameters : sequence of str or None
        Which ones, such as ``"dexp.kappa"``; by default all that are identified.

    Raises
    ------
    KeyError
        There is no such parameter, or it was not fitted.
    """
    vector, names = setting.objective.vector, setting.model.layers.names
    labels = [f"{names[slot.layer]}.{slot.name}" for slot in vector.slots]
    for parameter in parameters or ():
        if parameter not in labels:
            raise KeyError(Plain(no_such("fitted parameter", parameter, labels)))
    profile = _Profile.of(setting.objective)
    known = vector.gather(_by_place(sandwich.errors, names))
    degrees = vector.gather(_by_place(sandwich.degrees, names))
    errors = known.copy()
    lower, upper = (vector.gather(_by_place(end, names)) for end in sandwich.interval(level))
    for slot, label in zip(vector.slots, labels, strict=True):
        if parameters is not None and label not in parameters:
            continue
        for entry in range(slot.start, slot.stop):
            if not known[entry] > 0:
                continue
            q = float(stdtrit(degrees[entry], (1 + level) / 2))
            ends = [profile.end(entry, sign * known[entry], q) for sign in (-1, 1)]
            lower[entry], upper[entry] = ends
            errors[entry] = (ends[1] - ends[0]) / (2 * q)
    return replace(
        sandwich,
        method="profile",
        errors=by_name(vector, names, np.where(np.isfinite(errors), errors, np.nan)),
        lower=by_name(vector, names, lower),
        upper=by_name(vector, names, upper),
        level=level,
    )


def _by_place(nested: Nested, names: Sequence[str]) -> list[dict[str, np.ndarray]]:
    return [nested[name] for name in names]


@dataclass(frozen=True)
class _Profile:
    """The deviance about a minimum, with one parameter held."""

    objective: Objective
    theta: np.ndarray
    value: float
    inverse: np.ndarray
    variance: float
    n_left: float

    @classmethod
    def of(cls, objective: Objective) -> _Profile:
        theta = objective.vector.read()
        value = objective.value(theta)
        curvature = objective.curvature(theta)
        scale = np.sqrt(np.where(np.diag(curvature) > 0, np.diag(curvature), 1))
        values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
        kept = values > 1e-12 * values[-1]
        root = vectors[:, kept] / np.sqrt(values[kept]) / scale[:, None]
        n_left = objective.loss.n_samples - int(kept.sum())
        total = objective.engine.total(theta, objective.loss)
        _, factor = objective.loss.finish(total)
        # of the sum that the loss is made of; the variance of counts is in its curvature
        variance = total / n_left if objective.loss.is_squared else 1.0
        return cls(objective, theta, value, root @ root.T * factor, variance, n_left)

    def end(self, entry: int, error: float, q: float) -> float:
        """Return where the deviance has grown as the level asks for, to the side of `error`."""
        own = np.sqrt(self.variance * self.inverse[entry, entry])
        # twice the sum of the losses, in units in which residuals have the variance 1
        wanted = (q * abs(error) / own) ** 2
        theta, moved = self.theta, 0.0
        distance = q * error
        nearer, farther = 0.0, np.inf
        for _ in range(_MOST_TRIES):
            if abs(distance) > _FARTHEST * abs(error):
                return float(np.copysign(np.inf, error))
            along = self.inverse[:, entry] / self.inverse[entry, entry]
            start = theta + (distance - moved) * along
            start[entry] = self.theta[entry] + distance
            low, high = self.objective.bounds
            if not low[entry] < start[entry] < high[entry]:
                return float(low[entry] if error < 0 else high[entry])
            theta, moved = self._minimise(np.clip(start, low, high), entry), distance
            grown = self._deviance(theta)
            if abs(grown / wanted - 1) < _NEAR:
                break
            if grown < wanted:
                nearer = abs(distance)
            else:
                farther = abs(distance)
            # the root of the deviance is close to linear
            size = abs(distance) * np.sqrt(wanted / max(grown, 0.04 * wanted))
            if not nearer < size < farther:
                size = (nearer + farther) / 2
            distance = float(np.copysign(size, error))
        return float(self.theta[entry] + distance)

    def _deviance(self, theta: np.ndarray) -> float:
        objective = self.objective
        value, n = objective.value(theta), objective.loss.n_samples
        if not objective.loss.is_squared:
            return 2 * n * (value - self.value)
        ratio = (value / self.value) ** objective.search_power
        # as large as the squared quantile of t would be
        return float(self.n_left * (ratio - 1))

    def _minimise(self, theta: np.ndarray, held: int) -> np.ndarray:
        """Fit all parameters but one again, by steps of Gauss and Newton."""
        objective, (low, high) = self.objective, self.objective.bounds
        value, gradient = objective.value_and_grad(theta)
        for _ in range(_MOST_STEPS):
            stuck = ((theta <= low) & (gradient > 0)) | ((theta >= high) & (gradient < 0))
            stuck[held] = True
            free = np.flatnonzero(~stuck)
            if not free.size:
                break
            curvature = objective.curvature(theta)[np.ix_(free, free)]
            scale = np.sqrt(np.where(np.diag(curvature) > 0, np.diag(curvature), 1))
            values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
            kept = values > 1e-10 * values[-1]
            along = vectors[:, kept].T @ (gradient[free] / scale)
            step = -(vectors[:, kept] @ (along / values[kept])) / scale
            promised = 0.5 * float(along @ (along / values[kept]))
            if promised <= _FLAT * abs(self.value):
                break
            for halving in range(_HALVINGS):
                tried = theta.copy()
                tried[free] += step / 2**halving
                tried = np.clip(tried, low, high)
                if objective.value(tried) < value:
                    break
            else:
                break
            theta = tried
            value, gradient = objective.value_and_grad(theta)
        return theta
