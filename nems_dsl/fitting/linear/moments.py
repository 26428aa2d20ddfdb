"""Lagged covariances of a stimulus with itself and with a response.

They are all that a linear model's squared error depends on, and the responses of all channels, and
all models of the same data, share those of the stimulus.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ... import kernels
from ...data.folds import Stretch
from ...data.recording import Recording
from ...data.trials import STIMULUS

# bins that are taken at a time, so that a long recording is never copied whole
_PIECE = 1 << 15
# a start needs no more, and a search goes through all of the data anyway
MOST_BINS = 1 << 19
# products beyond which a kernel, twice as fast as NumPy, saves more than it takes to compile
_MOST_PRODUCTS = 1 << 34
#: Outputs for which the lagged stimulus is worth writing down, piece by piece.
MANY_OUTPUTS = 48
_LAGGED_PIECE = 2048

Products = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class Lags:
    """Which bins of the stimulus bear on a bin of the response.

    Attributes
    ----------
    past, future : int
        Bins before and ahead.
    """

    past: int
    future: int

    @property
    def n(self) -> int:
        """How many bins, the present one included."""
        return self.past + self.future + 1


def choose_stretches(
    lengths: Sequence[int], n_bins: int = MOST_BINS, piece: int = _PIECE
) -> list[Stretch]:
    """Give all trials, or of a very long recording stretches that are spread over it.

    `n_bins` is about how many bins there may be, and `piece` how many a stretch has.
    """
    whole = [Stretch(trial, 0, length) for trial, length in enumerate(lengths)]
    if sum(lengths) <= n_bins:
        return whole
    pieces = [
        Stretch(trial, start, min(start + piece, length))
        for trial, _, length in whole
        for start in range(0, length, piece)
    ]
    return pieces[:: -(-sum(lengths) // n_bins)]


class StimulusMoments:
    """Mean and covariance of a stimulus at all pairs of channels and lags.

    Parameters
    ----------
    trials : list of (T_i, channels) arrays
    lags : Lags

    Notes
    -----
    They are taken over all bins of all trials, or of a very long recording over stretches that are
    spread over it, with zeros outside of each. Channels come first, and lags are fastest, beginning
    with the one that lies farthest ahead.

    The product of lags j + 1 and k + 1 differs from that of j and k by what lies at the ends of a
    trial alone. So only products with lag 0 are summed over time, and the others follow.

    Examples
    --------
    >>> x = np.random.default_rng(0).random((100, 3))
    >>> StimulusMoments([x], Lags(past=4, future=0)).covariance.shape
    (15, 15)
    """

    def __init__(
        self, trials: Sequence[np.ndarray], lags: Lags, stretches: Sequence[Stretch] | None = None
    ):
        if stretches is None:
            stretches = choose_stretches([len(trial) for trial in trials])
        self.lags, self.stretches = lags, list(stretches)
        self._source = trials
        chosen = [trials[each.trial][each.start : each.stop] for each in self.stretches]
        self.n_bins = sum(len(trial) for trial in chosen)
        n_channels, n = trials[0].shape[1], lags.n
        first = np.zeros((n_channels, n_channels, n))
        add_products = _products_of(first, self.n_bins)
        self._sums = np.zeros((n_channels, n))
        ends, early = [], []
        for trial in chosen:
            for stim, resp, starts in _pieces(trial, trial, 0, lags):
                add_products(stim, resp, first, starts)
            length = len(trial) + lags.future
            ends.append(windows(trial, [length - 1], Lags(n - 1, 0)))
            early.append(windows(trial, range(lags.future), Lags(n - 1, 0)))
            _add_sums(trial, lags, self._sums)
        self._products = _all_lags(first, np.concatenate(ends), np.concatenate(early))

    @property
    def mean(self) -> np.ndarray:
        """The mean at all channels and lags."""
        return self._sums.ravel() / self.n_bins

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of all channels and lags."""
        return self._products / self.n_bins - np.outer(self.mean, self.mean)

    def without(self, left_out: Collection[int]) -> StimulusMoments:
        """Give the moments of the other trials, from those of all and of the ones left out."""
        if not left_out:
            return self
        gone = [each for each in self.stretches if each.trial in left_out]
        lost = StimulusMoments(self._source, self.lags, gone)
        rest = copy.copy(self)
        rest.stretches = [each for each in self.stretches if each.trial not in left_out]
        rest.n_bins = self.n_bins - lost.n_bins
        rest._sums = self._sums - lost._sums
        rest._products = self._products - lost._products
        return rest

    def cross(self, target: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Give the covariance of a response with the lagged stimulus, and its variance.

        Parameters
        ----------
        target : list of (T_i, outputs) arrays
            For all trials; NaN is left out, and so are trials that the moments are without.

        Returns
        -------
        covariance : (outputs, channels * lags) ndarray
        variance : (outputs,) ndarray
        """
        pairs = [
            (self._source[trial][start:stop], target[trial][start:stop])
            for trial, start, stop in self.stretches
        ]
        n_outputs = target[0].shape[1]
        counts, mean = np.zeros(n_outputs), np.zeros(n_outputs)
        for _, y in pairs:
            counts += np.sum(~np.isnan(y), axis=0)
            mean += np.nansum(y, axis=0)
        counts = np.maximum(counts, 1)
        mean /= counts
        variance = np.zeros(n_outputs)
        products = np.zeros((n_outputs, self._source[0].shape[1], self.lags.n))
        add_products = _products_of(products, self.n_bins)
        for x, y in pairs:
            centred = np.nan_to_num(y - mean)
            variance += np.sum(centred**2, axis=0)
            for stim, resp, starts in _pieces(x, centred, self.lags.future, self.lags):
                add_products(stim, resp, products, starts)
        # the response's mean is gone, so that of the stimulus does not matter
        return products.reshape(n_outputs, -1) / counts[:, None], variance / counts


def _products_of(sums: np.ndarray, n_bins: int) -> Products:
    """Give what adds products over time at each lag to sums of this size, over so many bins."""
    if len(sums) >= MANY_OUTPUTS:
        return _add_all_products
    return kernels.filters.fir_vjp_filter if sums.size * n_bins > _MOST_PRODUCTS else _add_products


def _add_products(stim: np.ndarray, resp: np.ndarray, sums: np.ndarray, starts: np.ndarray) -> None:
    """Do as the kernel does, which the first fit of a new user would wait for."""
    for start, stop in itertools.pairwise(starts):
        for lag in range(min(sums.shape[2], stop - start)):
            sums[:, :, lag] += resp[:, start + lag : stop] @ stim[:, start : stop - lag].T


def _add_all_products(
    stim: np.ndarray, resp: np.ndarray, sums: np.ndarray, starts: np.ndarray
) -> None:
    """Do the same in one product of matrices, for which there are outputs enough."""
    lags = Lags(sums.shape[2] - 1, 0)
    for begin, end in itertools.pairwise(starts):
        stretch = stim[:, begin:end]
        for start, stop, lagged in lagged_pieces(stretch, lags):
            sums += (resp[:, begin + start : begin + stop] @ lagged.T).reshape(sums.shape)


def lagged_pieces(trial: np.ndarray, lags: Lags) -> Iterator[tuple[int, int, np.ndarray]]:
    """Give a signal, (channels, T), at all lags, piece by piece, 0 outside of it.

    Yields
    ------
    start, stop : int
        The bins of a piece.
    lagged : (channels * lags, stop - start) ndarray
        Lags are fastest, and begin with the one that lies farthest ahead.
    """
    n_channels, length = trial.shape
    for start in range(0, length, _LAGGED_PIECE):
        stop = min(start + _LAGGED_PIECE, length)
        lagged = np.zeros((n_channels, lags.n, stop - start))
        for lag in range(lags.n):
            ahead = lags.future - lag
            first, last = max(start + ahead, 0), min(stop + ahead, length)
            if first < last:
                lagged[:, lag, first - ahead - start : last - ahead - start] = trial[:, first:last]
        yield start, stop, lagged.reshape(-1, stop - start)


def _pieces(
    x: np.ndarray, y: np.ndarray, delay: int, lags: Lags
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Give stretches of two signals, time last, the second delayed so that no lag is negative.

    A stretch begins with the bins of the first that the second depends on, which is 0 there.
    """
    length = len(x) + lags.future
    for start in range(0, length, _PIECE):
        stop, first = min(start + _PIECE, length), max(0, start - lags.n + 1)
        stim = np.zeros((x.shape[1], stop - first))
        resp = np.zeros((y.shape[1], stop - first))
        known = x[first:stop]
        stim[:, : len(known)] = known.T
        told = y[max(0, start - delay) : max(0, stop - delay)]
        at = max(start, delay) - first
        resp[:, at : at + len(told)] = told.T
        yield stim, resp, np.array([0, stop - first])


def _add_sums(trial: np.ndarray, lags: Lags, sums: np.ndarray) -> None:
    """Add the sums over time at each lag of one trial."""
    whole = trial.sum(axis=0)
    for lag in range(lags.n):
        ahead = lags.future - lag
        lost = trial[:ahead] if ahead > 0 else trial[len(trial) + ahead if ahead else len(trial) :]
        if -ahead > len(trial):
            lost = trial
        sums[:, lag] += whole - lost.sum(axis=0)


def _all_lags(first: np.ndarray, ends: np.ndarray, early: np.ndarray) -> np.ndarray:
    """Give the products of all pairs of channels and lags, from those with lag 0.

    Parameters
    ----------
    first : (channels, channels, lags) array
        Sums of the first channel at lag 0 times the second at each lag.
    ends : (trials, channels, lags) array
        The stimulus before the end of each trial.
    early : (bins, channels, lags) array
        The same at bins to be left out.
    """
    n_channels, _, n = first.shape
    at_ends, at_early = (x.transpose(2, 1, 0).reshape(n * n_channels, -1) for x in (ends, early))
    lost = (at_ends @ at_ends.T).reshape(n, n_channels, n, n_channels)
    whole = np.zeros((n, n_channels, n, n_channels))
    whole[0] = first.transpose(0, 2, 1)
    for lag in range(1, n):
        before = slice(lag - 1, n - 1)
        whole[lag, :, lag:] = whole[lag - 1, :, before] - lost[lag - 1, :, before]
    square = whole.reshape(n * n_channels, -1)
    # below the diagonal blocks nothing was written
    block = np.arange(len(square)) // n_channels
    square = np.where(block[:, None] > block, square.T, square)
    if at_early.shape[1]:
        square -= at_early @ at_early.T
    by_channel = square.reshape(n, n_channels, n, n_channels).transpose(1, 0, 3, 2)
    return np.ascontiguousarray(by_channel).reshape(n * n_channels, -1)


def windows(trial: np.ndarray, bins: Sequence[int] | np.ndarray, lags: Lags) -> np.ndarray:
    """Give the stimulus around some bins, (bins, channels, lags), 0 outside of the trial.

    Lags begin with the one that lies farthest ahead.
    """
    at = np.add.outer(np.asarray(bins, int) + lags.future, -np.arange(lags.n))
    inside = (at >= 0) & (at < len(trial))
    found = np.where(inside[:, :, None], trial[np.clip(at, 0, len(trial) - 1)], 0.0)
    return found.transpose(0, 2, 1)


def stimulus_moments(
    recording: Recording,
    lags: Lags,
    signal: str = STIMULUS,
    left_out: Collection[int] = (),
) -> StimulusMoments:
    """Give the moments of a signal, which all fits to the same inputs share.

    `left_out` are the numbers of trials that they should be without.
    """
    trials = recording.signals[signal]
    key = ("moments", signal, lags)
    whole = recording.once(key, lambda: StimulusMoments(trials, lags))
    gone = frozenset(left_out)
    return recording.once((*key, gone), lambda: whole.without(gone)) if gone else whole
