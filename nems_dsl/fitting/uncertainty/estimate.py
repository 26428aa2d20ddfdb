"""Standard errors of a fit: estimated in its coordinates, told in the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.vector import ParameterVector
from ..objective import Objective
from ..units import Standard
from .bands import Composed, compose, find_front
from .directions import name_directions
from .errors import Band, Nested, StandardErrors
from .linearised import linearise
from .sandwich import Sandwich, make_sandwich

#: Of more parameters than these a fit tells no errors.
MOST_PARAMETERS = 600
# of one bin: those of a few hundred bins have to fit into memory
_MOST_SLOPES = 100_000


@dataclass(frozen=True)
class Estimate:
    """What is known of the errors while the parameters are in the coordinates of the fit.

    Attributes
    ----------
    vector : ParameterVector
    standard : Standard
    sandwich : Sandwich
    slopes : (n, n) array
        Derivatives of the user's parameters by the fit's.
    fixed : (n,) bool array
        Parameters that the fit could not move.
    composed : Composed or None
    """

    vector: ParameterVector
    standard: Standard
    sandwich: Sandwich
    slopes: np.ndarray
    fixed: np.ndarray
    composed: Composed | None

    def in_users_units(self, names: Sequence[str]) -> StandardErrors:
        """Tell the errors, once the parameters have been carried back to the user's units.

        Parameters
        ----------
        names : sequence of str
            What the layers are called, in order.
        """
        vector, sandwich = self.vector, self.sandwich
        errors, degrees = sandwich.errors(self.slopes)
        aligned = np.where(self.fixed, np.nan, errors)
        known = sandwich.is_identified(self.slopes) & ~self.fixed
        field, curve = self._bands()
        return StandardErrors(
            "sandwich",
            estimates=values_by_name(vector, names),
            errors=by_name(vector, names, np.where(known, errors, np.nan)),
            aligned=by_name(vector, names, aligned),
            degrees=by_name(vector, names, degrees),
            not_identified=name_directions(vector, names, sandwich.null),
            block_bins=sandwich.block_bins,
            n_blocks=sandwich.n_blocks,
            receptive_field=field,
            nonlinearity=curve,
        )

    def _bands(self) -> tuple[Band | None, Band | None]:
        """Return receptive field and nonlinearity, which no gain between layers changes."""
        composed, response = self.composed, self.standard.response
        if composed is None:
            return None, None
        slopes = composed.field_slopes
        is_known = bool(self.sandwich.is_identified(slopes.reshape(-1, slopes.shape[-1])).all())
        if not is_known:
            slopes = composed.form_slopes
        theta = self.vector.read()
        now, factor = composed.front.field(theta), composed.factor(theta)
        field = Band(
            now,
            *self._errors(slopes, np.abs(factor)[:, None, None]),
            at=composed.front.lags_of_field,
            is_relative=not is_known,
        )
        if composed.curve is None or composed.curve_slopes is None:
            return field, None
        added = 0.0 if response.offset is None else response.offset
        curve = Band(
            ((composed.curve - added) / response.scale).T,
            *self._errors(composed.curve_slopes.transpose(1, 0, 2), 1 / response.scale),
            at=composed.points_in(self.standard.stimulus, theta).T,
        )
        return field, curve

    def _errors(
        self, slopes: np.ndarray, factor: np.ndarray | float
    ) -> tuple[np.ndarray, np.ndarray]:
        flat = slopes.reshape(-1, slopes.shape[-1])
        errors, degrees = self.sandwich.errors(flat)
        # what no parameter moves is known
        moved = np.any(flat != 0, axis=1)
        errors = np.where(self.sandwich.is_identified(flat) | ~moved, errors, np.nan)
        return factor * errors.reshape(slopes.shape[:-1]), degrees.reshape(slopes.shape[:-1])


def estimate_errors(
    objective: Objective,
    standard: Standard,
    *,
    n_bins: int | None = None,
    block_bins: int | None = None,
) -> Estimate | None:
    """Estimate the errors of parameters that stand where a fit ended.

    Parameters
    ----------
    objective : Objective
        Whose layers have their parameters in the coordinates of the fit.
    standard : Standard
        These coordinates.
    n_bins : int, optional
        How many bins are enough; by default so many that errors are known to a few percent.
    block_bins : int, optional
        Bins of a block; by default from the autocorrelation of the residuals.

    Returns
    -------
    Estimate or None
        None if nothing is free, if parameters times outputs are more than 100,000, if a layer has
        no derivative that could be carried forward, or the derivatives are not finite.
    """
    n, n_rows = objective.n_parameters, int(np.prod(objective.engine.output_shape))
    if not 0 < n * n_rows <= _MOST_SLOPES or objective.engine.structure.without_kernels():
        return None
    theta = objective.vector.read()
    front = find_front(objective)
    cut = None if front is None else front.skeleton.cut
    linearised = linearise(objective, theta, cut, n_bins)
    known = (linearised.jacobian, linearised.slope, linearised.curvature)
    if not all(np.isfinite(each).all() for each in known):
        return None
    fixed = _find_fixed(objective, theta)
    penalty = _penalty_of_sum(objective, theta)
    sandwich = make_sandwich(linearised, penalty, fixed, block_bins)
    slopes = standard.slopes(objective.vector)
    composed = None
    if front is not None and linearised.drive is not None:
        composed = compose(front, theta, linearised.drive)
    return Estimate(objective.vector, standard, sandwich, slopes, fixed, composed)


def by_name(vector: ParameterVector, names: Sequence[str], theta: np.ndarray) -> Nested:
    """Return a vector by layer and by name, NaN for parameters that are not in it."""
    found: Nested = {
        name: {key: np.full(parameter.shape, np.nan) for key, parameter in layer.parameters.items()}
        for name, layer in zip(names, vector.layers, strict=True)
    }
    for slot in vector.slots:
        found[names[slot.layer]][slot.name] = theta[slot.start : slot.stop].reshape(slot.shape)
    return found


def values_by_name(vector: ParameterVector, names: Sequence[str]) -> Nested:
    """Return copies of all parameters as they are, by layer and by name."""
    return {
        name: {key: parameter.values.copy() for key, parameter in layer.parameters.items()}
        for name, layer in zip(names, vector.layers, strict=True)
    }


def _find_fixed(objective: Objective, theta: np.ndarray) -> np.ndarray:
    """Find parameters that ended at a bound, or at the corner of an absolute value."""
    low, high = objective.bounds
    fixed = (theta <= low) | (theta >= high)
    for penalty in objective.penalties:
        fixed |= penalty.has_corner(theta)
    return np.asarray(fixed)


def _penalty_of_sum(objective: Objective, theta: np.ndarray) -> np.ndarray:
    """Return the curvature of the penalties, in units of the sum that the loss is made of."""
    if not (objective.penalties or objective.shrunk):
        return np.zeros((len(theta), len(theta)))
    value, factor = objective.loss.finish(objective.engine.total(theta, objective.loss))
    of_loss = objective.search_power * value ** (objective.search_power - 1)
    if not factor * of_loss:
        return np.zeros((len(theta), len(theta)))
    return objective.penalty_derivatives(theta, of_loss)[1] / (factor * of_loss)
