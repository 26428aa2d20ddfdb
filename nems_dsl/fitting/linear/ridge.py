"""The receptive field of a linear model, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .covariance import DenseCovariance, InputCovariance
from .moments import StimulusMoments

# of the mean variance of the stimulus: makes the first solution possible, and hardly changes it
_LEAST_RIDGE = 1e-6


@dataclass(frozen=True)
class RidgeProblem:
    """All that the squared error of a linear model depends on.

    Attributes
    ----------
    covariance : InputCovariance
        Of the stimulus at all channels and lags, the penalty on its diagonal.
    cross : (outputs, inputs) ndarray
        Covariance of the response with it.
    variance : (outputs,) ndarray
        Of the response.
    """

    covariance: InputCovariance
    cross: np.ndarray
    variance: np.ndarray

    @cached_property
    def weights(self) -> np.ndarray:
        """The receptive fields, (outputs, inputs)."""
        return self.covariance.solve(self.cross)


def ridge_problem(moments: StimulusMoments, target: list[np.ndarray]) -> RidgeProblem:
    """Pose the regularised linear model of a response.

    Parameters
    ----------
    moments : StimulusMoments
    target : list of (T_i, outputs) arrays
        NaN is left out.

    Notes
    -----
    The penalty is the noise's variance times the number of inputs, over the number of bins and
    the sum of squares of the solution that is hardly penalised: the rule of Hoerl, Kennard and
    Baldwin (1975), Commun. Stat. 4, 105, averaged over outputs.
    """
    cross, variance = moments.cross(target)
    covariance = DenseCovariance(moments.covariance)
    size, power = covariance.n_inputs, covariance.power or 1.0
    first = RidgeProblem(covariance.plus(_LEAST_RIDGE * power), cross, variance)
    explained = np.sum(first.weights * cross, axis=1)
    noise = np.maximum(variance - explained, 0.0)
    squares = np.maximum(np.sum(first.weights**2, axis=1), np.finfo(float).tiny)
    # at most the power, and without the overflow of a division by next to nothing
    penalty = np.mean(np.minimum(size * noise / moments.n_bins, power * squares) / squares)
    return RidgeProblem(first.covariance.plus(float(penalty)), cross, variance)
