"""Linear models of many responses to one stimulus, all at once, each shrunk as it asks to be."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.recording import Recording
from ...graph.fronts import Front, find_fronts
from ...graph.wiring import Node, needed
from ...layers.base import KernelLayer
from ..linear.field import ReceptiveField
from ..linear.moments import MOST_BINS, Lags, lagged_pieces, stimulus_moments
from .choice import PERFECT, fixed_inverse, spectra, weigh
from .evidence import WEAKEST, independent_shares, is_plenty
from .find import MOST_INPUTS, wanted_shrinkage, written_options

# samples of the responses that are taken at a time
_MOST_SAMPLES = 1 << 21
# numbers of a stimulus at all lags that are kept
_MOST_KEPT = 1 << 23
# of the mean, a deviation that rounding makes
_NEVER = 1e-12


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A model whose parameters are the weights of its receptive fields, and a constant for each.

    Attributes
    ----------
    field : ReceptiveField
    front : Front
        The layers.
    written : dict
        The penalties that they ask for.
    entries : (outputs, n) int ndarray
        Which parameters are each output's: its field, and the constant at the end.
    """

    field: ReceptiveField
    front: Front
    written: dict[str, float]
    entries: np.ndarray

    def theta(self, fields: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """Give the parameters of fields, (outputs, n), and constants, (outputs,)."""
        found = np.empty(self.field.vector.size)
        found[self.entries] = np.column_stack([fields, constants])
        return found


def find_linear_map(
    nodes: Sequence[Node], signals: Mapping[str, Sequence[np.ndarray]]
) -> LinearMap | None:
    """Find which weight of which receptive field each parameter of a linear model is.

    Parameters
    ----------
    nodes : sequence of Node
    signals : mapping of str to list of (T_i, channels) arrays

    Returns
    -------
    LinearMap or None
        None if parameters are something else, or have bounds, or outputs share some.
    """
    places = needed(nodes, len(nodes) - 1)
    fronts = find_fronts(nodes, places)
    if len(fronts) != 1 or not fronts[0].is_last or len(fronts[0].places) < len(places):
        return None
    (front,) = fronts
    n_channels = signals[front.signal][0].shape[1]
    field = ReceptiveField(front.nodes, front.signal, n_channels)
    vector, n_inputs, n_outputs = field.vector, n_channels * field.lags.n, int(np.prod(field.shape))
    if vector.size != n_outputs * (n_inputs + 1) or not 1 < n_inputs <= MOST_INPUTS:
        return None
    if np.isfinite(vector.bounds()).any() or not _is_linear(front.nodes):
        return None
    # numbers that can be told apart in what they make
    made = np.column_stack([field.values(1.0 + np.arange(vector.size)), field.constant])
    entries = np.round(made).astype(int) - 1
    if not np.array_equal(entries + 1, made):
        return None
    if not np.array_equal(np.sort(entries, axis=None), np.arange(vector.size)):
        return None
    return LinearMap(field, front, written_options(front), entries)


def _is_linear(nodes: Sequence[Node]) -> bool:
    """Tell whether one layer has the weights, and what comes after it adds constants alone."""
    for number, node in enumerate(nodes):
        layer = node.layer
        if not isinstance(layer, KernelLayer):
            return False
        free = {name for name, each in layer.parameters.items() if not each.is_frozen}
        if free - set(layer.facts.additive if number else layer.facts.linear_in):
            return False
    return True


def solve_each(
    known: LinearMap,
    recording: Recording,
    scale: float,
    shrinkage: str | float,
    regularizers: bool = True,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Fit a linear model to each response.

    Parameters
    ----------
    known : LinearMap
    recording : Recording
        The stimulus in the coordinates of a fit, the responses as they are.
    scale : float
        What the user's stimulus was multiplied with.
    shrinkage, regularizers
        As for `find_shrunk`.

    Returns
    -------
    theta : (outputs, n) ndarray
        Parameters, in the user's units. NaN where a response never changes, is not known in every
        bin, or has no noise to be shrunk for: these ask for a fit of their own.
    sd : (outputs,) ndarray
        Of the responses.

    None if fields are not to be shrunk at all, or the recording is longer than covariances are
    taken of.

    Notes
    -----
    All responses share the covariance of the stimulus and its eigenvectors, one for each prior. In
    these a strength costs a division for each axis, so that what takes time are the products of
    responses and stimulus.
    """
    field, lags, target = known.field, known.field.lags, recording.target
    n_bins, n_outputs = sum(recording.lengths), recording.n_channels
    if n_bins > MOST_BINS or recording.lengths != [len(trial) for trial in target]:
        return None
    wanted = wanted_shrinkage(
        field.n_channels, lags.n, known.written if regularizers else {}, shrinkage
    )
    if wanted is None or (wanted.precision is None and is_plenty(n_bins, field.vector.size)):
        return None
    stimulus = _Lagged(recording, known.front.signal, lags)
    found, sds = np.full((n_outputs, field.vector.size), np.nan), np.zeros(n_outputs)
    size = max(1, _MOST_SAMPLES // n_bins)
    for start in range(0, n_outputs, size):
        some = slice(start, start + size)
        responses = Responses([trial[:, some] for trial in target])
        cross, ones = stimulus.cross(responses), np.ones(len(responses.sd))
        if wanted.precision is None:
            seen = spectra(recording, known.front.signal, lags, wanted.candidates)
            independent = functools.partial(stimulus.independent, responses)
            weighed = weigh(seen, cross, ones, n_bins * ones, independent)
            best = np.argmax(weighed.evidence, axis=0)
            strengths = weighed.strengths[best, np.arange(len(best))]
            fields = np.empty_like(cross)
            for number in np.unique(best):
                mine, candidate = np.flatnonzero(best == number), wanted.candidates[number]
                (whole,) = spectra(recording, known.front.signal, lags, [candidate], is_whole=True)
                along = cross[mine] @ whole.axes
                fields[mine] = (along / (whole.power + strengths[mine, None])) @ whole.axes.T
            is_shrunk = strengths > WEAKEST * (1 + 1e-9)
        else:
            fields = cross @ fixed_inverse(recording, known.front.signal, lags, wanted.precision)
            is_shrunk = np.ones(len(fields), bool)
        fields *= responses.sd[:, None]
        constants = responses.mean - fields @ stimulus.mean
        sds[some] = responses.sd
        is_solved = is_shrunk & responses.is_known
        rows = np.column_stack([scale * fields, constants])
        found[some, known.entries[0]] = np.where(is_solved[:, None], rows, np.nan)
    return found, sds


class Responses:
    """Responses in rows, trial by trial, of mean 0 and variance 1.

    Parameters
    ----------
    target : list of (T_i, outputs) arrays

    Attributes
    ----------
    mean, sd : (outputs,) ndarray
        That they had.
    is_known : (outputs,) bool ndarray
        Where they change, and are finite.
    trials : list of (outputs, T_i) ndarrays
        0 of those that are not.
    """

    def __init__(self, target: Sequence[np.ndarray]):
        n_bins = sum(len(trial) for trial in target)
        self.mean = sum(trial.sum(axis=0) for trial in target) / n_bins
        # what is infinite is no fault here: it is told by the fit of that channel
        with np.errstate(invalid="ignore"):
            self.trials = [np.subtract(trial.T, self.mean[:, None], order="C") for trial in target]
        squares = sum(np.einsum("kt,kt->k", trial, trial) for trial in self.trials)
        self.sd = np.sqrt(squares / n_bins)
        self.is_known = np.isfinite(self.sd) & (self.sd > _NEVER * np.abs(self.mean))
        scale = 1 / np.where(self.is_known, self.sd, 1.0)
        for trial in self.trials:
            trial *= scale[:, None]
            if not self.is_known.all():
                trial[~self.is_known] = 0


#: Trial, first bin, bin after the last, and the stimulus at all lags, (n, bins).
Piece = tuple[int, int, int, np.ndarray]


class _Lagged:
    """A stimulus at all lags, for products with many responses."""

    def __init__(self, recording: Recording, signal: str, lags: Lags):
        self._trials, self._lags = recording.signals[signal], lags
        self.mean = stimulus_moments(recording, lags, signal).mean
        self._n_bins = sum(recording.lengths)
        self._kept: dict[type, list[Piece]] = {}

    def cross(self, responses: Responses) -> np.ndarray:
        """Give the covariance of the responses with the stimulus, (outputs, n)."""
        total = np.zeros((len(responses.sd), len(self.mean)))
        for trial, start, stop, lagged in self._pieces():
            total += responses.trials[trial][:, start:stop] @ lagged.T
        return total / self._n_bins

    def independent(self, responses: Responses, fields: np.ndarray) -> np.ndarray:
        """Give the share of samples that count."""
        drives = [np.empty(trial.shape, np.float32) for trial in responses.trials]
        means, single = (fields @ self.mean)[:, None].astype(np.float32), fields.astype(np.float32)
        for trial, start, stop, lagged in self._pieces(np.float32):
            drives[trial][:, start:stop] = single @ lagged - means
        residuals = [
            np.subtract(trial, drive, dtype=np.float32, casting="same_kind")
            for trial, drive in zip(responses.trials, drives, strict=True)
        ]
        squares = sum(np.einsum("kt,kt->k", each, each) for each in residuals)
        shares = independent_shares(residuals, drives)
        return np.where(squares > PERFECT * self._n_bins, shares, 1.0)

    def _pieces(self, dtype: type[np.floating[Any]] = np.float64) -> Iterator[Piece]:
        if self._n_bins * len(self.mean) > _MOST_KEPT:
            return self._made(dtype)
        if dtype not in self._kept:
            self._kept[dtype] = list(self._made(dtype))
        return iter(self._kept[dtype])

    def _made(self, dtype: type[np.floating[Any]]) -> Iterator[Piece]:
        for number, trial in enumerate(self._trials):
            for start, stop, lagged in lagged_pieces(trial.T, self._lags):
                yield number, start, stop, lagged.astype(dtype, copy=False)
