"""The penalty of a receptive field relative to the signal that it makes."""

from __future__ import annotations

import numpy as np

from ..linear.field import ReceptiveField
from ..penalties import Penalty


class QuotientPenalty(Penalty):
    """``sum_k weights[k] * h_k' Q h_k / h_k' C h_k``: prior norms over signal variances.

    h_k are the receptive fields of a linear part of a model, Q the precision of their prior and C
    the covariance of the stimulus. No gain, before or after, and no rotation between the layers
    that make a receptive field changes it.

    Parameters
    ----------
    field : ReceptiveField
    entries : (m,) int array
        Where theta has the parameters of the field.
    covariance, precision : (n, n) arrays
        C and Q.
    weights : (outputs,) array
    """

    def __init__(
        self,
        field: ReceptiveField,
        entries: np.ndarray,
        covariance: np.ndarray,
        precision: np.ndarray,
        weights: np.ndarray,
    ):
        self.field, self.entries, self.weights = field, entries, weights
        self._covariance, self._precision = covariance, precision

    def value(self, theta: np.ndarray) -> float:
        """Give the weighted sum of quotients."""
        fields = self.field.values(theta[self.entries])
        prior, signal = self._norms(fields)[2:]
        return float(self.weights @ (prior / signal))

    def add_gradient(self, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative, in place."""
        part = theta[self.entries]
        fields = self.field.values(part)
        by_prior, by_signal, prior, signal = self._norms(fields)
        slopes = by_prior - (prior / signal)[:, None] * by_signal
        d_fields = 2 * (self.weights / signal)[:, None] * slopes
        gradient[self.entries] += self.field.gradient(part, d_fields)

    def add_curvature(self, theta: np.ndarray, hessian: np.ndarray) -> None:
        """Add the second derivative by the fields, carried to theta, in place.

        It is 0 along a field's own direction, and may be negative elsewhere, by no more than what
        the loss has there: weights are less than the share that the signal explains.
        """
        part = theta[self.entries]
        fields = self.field.values(part)
        _, by_signal, prior, signal = self._norms(fields)
        for output, entries, slopes in self.field.tangents(part):
            along = slopes @ by_signal[output] / signal[output]
            across = slopes - np.outer(along, fields[output])
            bent = self._precision - prior[output] / signal[output] * self._covariance
            products = across @ bent @ across.T
            at = self.entries[entries]
            hessian[np.ix_(at, at)] += 2 * self.weights[output] / signal[output] * products

    def _norms(self, fields: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        by_prior, by_signal = fields @ self._precision, fields @ self._covariance
        prior, signal = np.sum(fields * by_prior, axis=1), np.sum(fields * by_signal, axis=1)
        # where there is no receptive field there is nothing to be penalised
        return by_prior, by_signal, prior, np.where(signal > 0, signal, np.inf)
