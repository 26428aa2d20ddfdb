"""The penalty of the local receptive fields of a model, in units of the response."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..linear.field import ReceptiveField
from ..penalties import Penalty
from .tail import Tail, TailPass

#: Slopes are taken over so many standard deviations of the drive: finer ones the data cannot tell.
_WIDTH = 0.1

_Slopes = tuple[np.ndarray, np.ndarray, np.ndarray]


class SlopePenalty(Penalty):
    """``sum_r weights[r] * mean_t w_rt' Q w_rt``: prior norms of local receptive fields.

    The local receptive field of output r at time t is the derivative of the prediction by the
    stimulus, ``w_rt = sum_k g_rkt h_k``, with h_k the receptive fields of the linear part and g
    the slopes of what comes after it. For a linear model it is ridge regression; for any other, it
    does not matter which layer holds a gain, and a curve as steep as a step costs what it should.

    Parameters
    ----------
    field : ReceptiveField
        Of the linear part.
    entries, tail_entries : int arrays
        Where theta has the parameters of the linear part and of the rest.
    covariance, precision : (n, n) arrays
        Of the stimulus, and of the prior.
    weights : (outputs,) array
    tail : Tail
    windows : (samples, n) array
        The stimulus at all channels and lags, at some bins.
    signals : mapping of str to (channels, samples) array
        What the tail reads besides, at the same bins.
    """

    def __init__(
        self,
        field: ReceptiveField,
        entries: np.ndarray,
        covariance: np.ndarray,
        precision: np.ndarray,
        weights: np.ndarray,
        tail: Tail,
        tail_entries: np.ndarray,
        windows: np.ndarray,
        signals: Mapping[str, np.ndarray],
    ):
        self.field, self.entries, self.weights = field, entries, weights
        self._covariance, self._precision = covariance, precision
        self._tail_entries, self._windows = tail_entries, windows
        self.is_quadratic = not tail.nodes
        self._n_fields = int(np.prod(field.shape))
        self._n_copies = 1 if tail.channelwise else self._n_fields
        self._pass = None
        # one for all copies of a penalty, for they share the pass
        self._last: list[tuple[np.ndarray, _Slopes]] = []
        if tail.nodes:
            n = 2 * self._n_copies
            repeated = {name: np.tile(values, n) for name, values in signals.items()}
            self._pass = TailPass(tail, field.shape, repeated, n * len(windows))

    def value(self, theta: np.ndarray) -> float:
        """Give the weighted sum of prior norms."""
        fields, constant = self.field.values(theta[self.entries]), self.field.constant
        norms = fields @ self._precision @ fields.T
        if self._pass is None:
            return float(self.weights @ np.diag(norms))
        slopes = self._slopes(theta, fields, constant)[0]
        return float(np.sum(self._by_slopes(norms) * self._squares(slopes)))

    def add_gradient(self, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative, in place."""
        part = theta[self.entries]
        fields, constant = self.field.values(part), self.field.constant
        by_prior = fields @ self._precision
        if self._pass is None:
            gradient[self.entries] += self.field.gradient(
                part, 2 * self.weights[:, None] * by_prior
            )
            return
        slopes, widths, spread = self._slopes(theta, fields, constant)
        n_samples = len(self._windows)
        # by the norms, and by the slopes
        d_fields = 2 * self._mixed(slopes) @ by_prior
        norms = by_prior @ fields.T
        if self._n_copies == 1:
            d_slopes = 2 / n_samples * (self.weights * np.diag(norms))[:, None, None] * slopes
        else:
            d_slopes = np.einsum("kl,rls->rks", norms, slopes)
            d_slopes *= 2 / n_samples * self.weights[:, None, None]
        each = d_slopes / (2 * (widths[:, None] if self._n_copies > 1 else widths[:, None, None]))
        d_out = np.stack([each, -each], axis=1).reshape(len(slopes), -1)
        d_drive, d_tail = self._pass.back(d_out)
        gradient[self._tail_entries] += d_tail
        # drive of (field, side, copy, sample)
        d_drive = d_drive.reshape(self._n_fields, 2, self._n_copies, n_samples)
        d_fields += d_drive.sum(axis=(1, 2)) @ self._windows
        moved = (d_drive[:, 0] - d_drive[:, 1]).sum(axis=-1)
        d_widths = np.diag(moved) if self._n_copies > 1 else moved[:, 0]
        by_width = np.sum(slopes * d_slopes, axis=-1)
        d_widths = (
            d_widths - (by_width.sum(axis=0) if self._n_copies > 1 else by_width[:, 0]) / widths
        )
        loaded = fields @ self._covariance
        known = spread > 0
        d_fields[known] += (_WIDTH * d_widths / np.where(known, spread, 1.0))[known, None] * loaded[
            known
        ]
        gradient[self.entries] += self.field.gradient(part, d_fields, d_drive.sum(axis=(1, 2, 3)))

    def add_curvature(self, theta: np.ndarray, hessian: np.ndarray) -> None:
        """Add that of the prior norms at the slopes as they are, in place."""
        part = theta[self.entries]
        fields, constant = self.field.values(part), self.field.constant
        if self._pass is None:
            mixed = np.diag(self.weights)
        else:
            mixed = self._mixed(self._slopes(theta, fields, constant)[0])
        tangents = self.field.tangents(part)
        for row, entries, slopes in tangents:
            by_prior = 2 * slopes @ self._precision
            for column, others, other_slopes in tangents:
                if mixed[row, column]:
                    at = np.ix_(self.entries[entries], self.entries[others])
                    hessian[at] += mixed[row, column] * by_prior @ other_slopes.T

    def _slopes(self, theta: np.ndarray, fields: np.ndarray, constant: np.ndarray) -> _Slopes:
        """Give slopes, (outputs, copies, samples), and the widths that they are taken over.

        A search asks for value, gradient and what users are told at the same parameters.
        """
        assert self._pass is not None
        if self._last and np.array_equal(self._last[0][0], theta):
            return self._last[0][1]
        spread = np.sqrt(np.maximum(np.sum(fields @ self._covariance * fields, axis=1), 0.0))
        widths = _WIDTH * np.where(spread > 0, spread, 1.0)
        drive = fields @ self._windows.T + constant[:, None]
        n_samples = drive.shape[1]
        steps = np.diag(widths) if self._n_copies > 1 else widths[:, None]
        # field, side, copy, sample
        sides = np.array([1.0, -1.0])[None, :, None, None] * steps[:, None, :, None]
        moved = drive[:, None, None, :] + sides
        out = self._pass.run(moved.reshape(len(drive), -1), theta[self._tail_entries])
        both = out.reshape(len(out), 2, self._n_copies, n_samples)
        apart = both[:, 0] - both[:, 1]
        over = widths[None, :, None] if self._n_copies > 1 else widths[:, None, None]
        found = apart / (2 * over), widths, spread
        self._last[:] = [(theta.copy(), found)]
        return found

    def _by_slopes(self, norms: np.ndarray) -> np.ndarray:
        """Give what the mean products of slopes count for, as `_squares` has them."""
        if self._n_copies == 1:
            return self.weights * np.diag(norms)
        return self.weights[:, None, None] * norms

    def _squares(self, slopes: np.ndarray) -> np.ndarray:
        """Give the mean products of slopes: (outputs,), or (outputs, fields, fields)."""
        if self._n_copies == 1:
            return np.mean(slopes[:, 0] ** 2, axis=-1)
        return np.einsum("rks,rls->rkl", slopes, slopes) / slopes.shape[-1]

    def _mixed(self, slopes: np.ndarray) -> np.ndarray:
        """Give the weight of each product of two receptive fields, (fields, fields)."""
        squares = self._squares(slopes)
        if self._n_copies == 1:
            return np.diag(self.weights * squares)
        mixed: np.ndarray = np.tensordot(self.weights, squares, axes=1)
        return mixed
