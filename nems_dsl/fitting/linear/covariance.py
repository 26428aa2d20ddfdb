"""The covariance of a stimulus at all channels and lags, as far as anyone needs it: in products.

Of some thousand channels times lags it is a matrix. Of more, the matrix is never made: a product
with it is one pass over the data, each block of which is filtered, and correlated with what came
of that, by Fourier transforms.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import fft
from scipy.linalg import cho_factor, cho_solve

from ...data.recording import Recording
from ...data.trials import STIMULUS
from .moments import Lags, choose_stretches

# values of the stimulus that are transformed at a time, 16 MB; and that are kept transformed
_MOST_VALUES = 1 << 21
_MOST_KEPT = 1 << 25
# bins in a row of a recording that is too long to go through a hundred times
_STRETCH = 1 << 12
_LEAST_BLOCK, _LAGS_PER_BLOCK = 256, 4
_MOST_STEPS, _ACCURACY = 200, 1e-2


class InputCovariance(Protocol):
    """The covariance of all channels and lags, channels first, as those of `StimulusMoments`."""

    @property
    def n_inputs(self) -> int:
        """Channels times lags."""
        ...

    @property
    def power(self) -> float:
        """The mean variance of an input: the mean of the diagonal."""
        ...

    def times(self, fields: np.ndarray) -> np.ndarray:
        """Give the products of receptive fields, (fields, inputs), with the covariance."""
        ...

    def plus(self, penalty: float) -> InputCovariance:
        """Give the same with a penalty on its diagonal."""
        ...

    def solve(self, cross: np.ndarray) -> np.ndarray:
        """Give the fields, (fields, inputs), whose products are `cross`."""
        ...


@dataclass(frozen=True)
class DenseCovariance:
    """A covariance that is held whole.

    Attributes
    ----------
    matrix : (inputs, inputs) ndarray

    Examples
    --------
    >>> DenseCovariance(np.diag([1.0, 3.0])).times(np.array([[2.0, 1.0]]))
    array([[2., 3.]])
    """

    matrix: np.ndarray

    @property
    def n_inputs(self) -> int:
        """Channels times lags."""
        return len(self.matrix)

    @property
    def power(self) -> float:
        """The mean of the diagonal."""
        return float(np.trace(self.matrix)) / len(self.matrix)

    def times(self, fields: np.ndarray) -> np.ndarray:
        """Give the products of receptive fields, (fields, inputs), with the covariance."""
        return np.asarray(fields @ self.matrix)

    def plus(self, penalty: float) -> DenseCovariance:
        """Give the same with a penalty on its diagonal."""
        loaded = self.matrix.copy()
        loaded[np.diag_indices_from(loaded)] += penalty
        return DenseCovariance(loaded)

    def solve(self, cross: np.ndarray) -> np.ndarray:
        """Give the fields, (fields, inputs), whose products are `cross`."""
        return np.asarray(cho_solve(cho_factor(self.matrix), cross.T).T)


class LaggedCovariance:
    """A covariance that is never made, of which products are taken from the data.

    Parameters
    ----------
    trials : list of (T_i, channels) arrays
    lags : Lags
    counted : list of (T_i,) bool arrays, optional
        The bins of the response that it is taken over; by default all.

    Notes
    -----
    Outside of a trial the stimulus is 0. A product takes of the order of T x channels x (fields +
    log lags) operations, and memory that grows with neither T nor the square of the inputs. What
    the stimulus is in the frequency domain is kept where it takes no more than 256 MB.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((100, 3))
    >>> covariance = LaggedCovariance([x], Lags(past=4, future=0))
    >>> covariance.n_inputs, covariance.times(np.ones((2, 15))).shape
    (15, (2, 15))
    """

    def __init__(
        self,
        trials: Sequence[np.ndarray],
        lags: Lags,
        counted: Sequence[np.ndarray] | None = None,
    ):
        self.lags, self.penalty, self.n_channels = lags, 0.0, trials[0].shape[1]
        self._blocks = _Blocks(trials, lags)
        self._count([np.ones(len(x), bool) for x in trials] if counted is None else counted)

    def over(self, counted: Sequence[np.ndarray]) -> LaggedCovariance:
        """Give the covariance over other bins, without a penalty; what is kept is shared."""
        other = copy.copy(self)
        other.penalty = 0.0
        other._count(counted)
        return other

    def plus(self, penalty: float) -> LaggedCovariance:
        """Give the same with a penalty on its diagonal."""
        loaded = copy.copy(self)
        loaded.penalty = self.penalty + penalty
        return loaded

    def _count(self, counted: Sequence[np.ndarray]) -> None:
        self.counted = list(counted)
        self.n_bins = int(sum(bins.sum() for bins in counted))
        ones = [bins[:, None].astype(float) for bins in counted]
        self.mean = self._correlated(ones)[0] / max(self.n_bins, 1)

    @property
    def n_inputs(self) -> int:
        """Channels times lags."""
        return self.n_channels * self.lags.n

    @property
    def power(self) -> float:
        """The mean of the diagonal."""
        total, n, future = 0.0, self.lags.n, self.lags.future
        for x, counted in zip(self._blocks.trials, self.counted, strict=True):
            # how many counted bins each bin of the stimulus bears on
            edges = np.concatenate([[0], np.cumsum(counted)])
            bins = np.arange(len(x)) - future
            low, high = (np.clip(each, 0, len(x)) for each in (bins, bins + n))
            total += float((edges[high] - edges[low]) @ np.einsum("tc,tc->t", x, x))
        square = total / max(self.n_bins, 1) / self.n_inputs
        return square - float(np.mean(self.mean**2)) + self.penalty

    def times(self, fields: np.ndarray) -> np.ndarray:
        """Give the products of receptive fields, (fields, inputs), with the covariance."""
        fields = np.asarray(fields, dtype=float)
        products = np.empty(fields.shape)
        at_once = max(1, _MOST_VALUES // (self._blocks.length * self.n_channels))
        for start in range(0, len(fields), at_once):
            part = fields[start : start + at_once]
            found = self._products(part) / max(self.n_bins, 1)
            found -= np.outer(part @ self.mean, self.mean)
            found += self.penalty * part
            products[start : start + at_once] = found
        return products

    def solve(self, cross: np.ndarray) -> np.ndarray:
        """Give the fields, (fields, inputs), whose products are about `cross`.

        Conjugate gradients, of all fields side by side, ended where what is left of `cross` is
        a hundredth of it: the penalty takes more.
        """
        fields, left = np.zeros(cross.shape), np.array(cross, dtype=float)
        size = wanted = np.sum(left**2, axis=1)
        direction = left.copy()
        for _ in range(_MOST_STEPS):
            if np.all(size <= _ACCURACY**2 * wanted):
                break
            loaded = self.times(direction)
            step = _ratio(size, np.sum(direction * loaded, axis=1))
            fields += step * direction
            left -= step * loaded
            before, size = size, np.sum(left**2, axis=1)
            direction = left + _ratio(size, before) * direction
        return fields

    def cross(self, target: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Give the covariance of a response with the lagged stimulus, and its variance.

        Parameters
        ----------
        target : list of (T_i, outputs) arrays
            For all trials; what is NaN, or not counted, is left out.

        Returns
        -------
        covariance : (outputs, channels * lags) ndarray
        variance : (outputs,) ndarray
        """
        kept = [
            np.where(bins[:, None], y, np.nan) for y, bins in zip(target, self.counted, strict=True)
        ]
        counts = np.maximum(sum(np.sum(~np.isnan(y), axis=0) for y in kept), 1)
        mean = sum(np.nansum(y, axis=0) for y in kept) / counts
        centred = [np.nan_to_num(y - mean) for y in kept]
        variance = np.sum([np.sum(y**2, axis=0) for y in centred], axis=0) / counts
        # the response's mean is gone, so that of the stimulus does not matter
        return self._correlated(centred) / counts[:, None], variance

    # ---- passes over the data ----------------------------------------------------------------

    def _products(self, fields: np.ndarray) -> np.ndarray:
        """Filter the stimulus, and correlate what comes of it in the counted bins with it."""
        filters = fields.reshape(len(fields), self.n_channels, -1).transpose(2, 1, 0)
        filters = fft.rfft(filters, self._blocks.length, axis=0)
        total = np.zeros(filters.shape, complex)
        for spectra, counted in self._blocks.beside(self.counted):
            out = fft.irfft(spectra @ filters, self._blocks.length, axis=0)
            out *= counted[:, :, None]
            total += _correlation(spectra, out)
        return self._blocks.fields(total)

    def _correlated(self, signals: Sequence[np.ndarray]) -> np.ndarray:
        """Correlate (T_i, k) signals, 0 where they do not count, with the stimulus."""
        shape = self._blocks.length // 2 + 1, self.n_channels, signals[0].shape[1]
        total = np.zeros(shape, complex)
        for spectra, parts in self._blocks.beside(signals):
            total += _correlation(spectra, parts)
        return self._blocks.fields(total)


class _Blocks:
    """A stimulus cut into blocks for Fourier transforms.

    The bins that begin a block are those that the others depend on, as in a fast convolution by
    overlap and save.
    """

    def __init__(self, trials: Sequence[np.ndarray], lags: Lags):
        self.trials, self.lags = trials, lags
        longest = max(map(len, trials)) + lags.n
        length = max(min(max(_LEAST_BLOCK, _LAGS_PER_BLOCK * lags.n), longest), 2 * lags.n)
        self.length = fft.next_fast_len(length, real=True)
        step = self.length - lags.n + 1
        blocks = [
            (trial, start) for trial, x in enumerate(trials) for start in range(0, len(x), step)
        ]
        n_values = self.length * trials[0].shape[1]
        at_once = max(1, _MOST_VALUES // n_values)
        self._groups = [blocks[at : at + at_once] for at in range(0, len(blocks), at_once)]
        self._kept: dict[int, np.ndarray] = {}

    def beside(self, signals: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give spectra, (frequencies, blocks, channels), and signals, (bins, blocks, ...).

        `signals` are of the response, (T_i, ...) arrays, and 0 in the bins that begin a block.
        Blocks in which they are 0 everywhere may be left out.
        """
        first = self.lags.n - 1
        for number, blocks in enumerate(self._groups):
            parts = np.zeros((self.length, len(blocks), *signals[0].shape[1:]))
            for at, (trial, start) in enumerate(blocks):
                known = signals[trial][start : start + self.length - first]
                parts[first : first + len(known), at] = known
            if parts.any():
                yield self._spectra(number), parts

    def fields(self, spectra: np.ndarray) -> np.ndarray:
        """Give the fields whose spectra are (frequencies, channels, k), as (k, inputs)."""
        found = fft.irfft(spectra, self.length, axis=0)[: self.lags.n]
        return np.ascontiguousarray(found.transpose(2, 1, 0)).reshape(spectra.shape[2], -1)

    def _spectra(self, number: int) -> np.ndarray:
        if number in self._kept:
            return self._kept[number]
        blocks = self._groups[number]
        signal = np.zeros((self.length, len(blocks), self.trials[0].shape[1]))
        for at, (trial, start) in enumerate(blocks):
            begins = start + self.lags.future - self.lags.n + 1
            known = self.trials[trial][max(0, begins) : max(0, begins + self.length)]
            before = max(0, -begins)
            signal[before : before + len(known), at] = known
        spectra = np.asarray(fft.rfft(signal, axis=0, overwrite_x=True))
        if (len(self._kept) + 1) * _MOST_VALUES <= _MOST_KEPT:
            self._kept[number] = spectra
        return spectra


def _ratio(of: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Give ratios as a column, 0 where there is nothing to divide by."""
    return np.divide(of, to, out=np.zeros_like(of), where=to > 0)[:, None]


def _correlation(spectra: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Give the spectra of the correlations, (frequencies, channels, k), summed over blocks.

    `spectra` is (frequencies, blocks, channels), and `signal` (bins, blocks, k).
    """
    others = fft.rfft(signal, axis=0)
    return np.conj(spectra.transpose(0, 2, 1) @ np.conj(others))


def lagged_inputs(recording: Recording, lags: Lags, signal: str = STIMULUS) -> LaggedCovariance:
    """Give the covariance of a signal in products.

    Of a very long recording stretches are counted that are spread over it. Fits do not share it,
    as they do `stimulus_moments`: what it keeps is large, and soon made again.
    """
    trials = recording.signals[signal]
    n_bins = 3 * _MOST_KEPT // 4 // trials[0].shape[1]
    counted = [np.zeros(len(x), bool) for x in trials]
    for trial, start, stop in choose_stretches([len(x) for x in trials], n_bins, _STRETCH):
        counted[trial][start:stop] = True
    return LaggedCovariance(trials, lags, counted)
