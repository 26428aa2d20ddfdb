"""The prior of a receptive field that a recording asks for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...data.recording import Recording
from ..linear.covariance import DenseCovariance
from ..linear.moments import Lags, StimulusMoments, stimulus_moments
from ..linear.ridge import RidgeProblem
from .evidence import Spectrum, best_strengths, independent_shares, predict, spectrum
from .priors import Smoothness

# of the mean of the diagonal
_LEAST, _LEAST_LOADING = 1e-12, 1e-9
#: Of the variance of a response, what is left of it by rounding.
PERFECT = 1e-10
_MOST_SAMPLES = 1 << 22


@dataclass(frozen=True, eq=False)
class FieldPrior:
    """A prior of the receptive field of each output, relative to what the data tell of it.

    Attributes
    ----------
    kind : str
        In words.
    strengths : (outputs,) ndarray
        The penalty as a share of the mean variance of the stimulus.
    covariance : (n, n) ndarray
        Of the stimulus, at all channels and lags.
    precision : (n, n) ndarray
        Of the prior at a strength of 1.
    cross : (outputs, n) ndarray
        Of the response with the stimulus.
    fields : (outputs, n) ndarray
        The linear receptive fields of highest posterior density.
    variance : (outputs,) ndarray
        Of the response.
    shares : (outputs,) ndarray
        Of that, what a receptive field in this direction explains.
    effective : (outputs,) ndarray
        Degrees of freedom that the linear receptive fields have left.
    independent : (outputs,) ndarray
        The share of samples that count, as noise and stimulus are slow.
    """

    kind: str
    strengths: np.ndarray
    covariance: np.ndarray
    precision: np.ndarray
    cross: np.ndarray
    fields: np.ndarray
    variance: np.ndarray
    shares: np.ndarray
    effective: np.ndarray
    independent: np.ndarray

    @cached_property
    def quotients(self) -> np.ndarray:
        """Prior norm over signal variance of the linear receptive fields, (outputs,)."""
        prior = np.sum(self.fields * (self.fields @ self.precision), axis=1)
        signal = np.sum(self.fields * (self.fields @ self.covariance), axis=1)
        return self.strengths * prior / np.where(signal > 0, signal, 1.0)

    def problem(self) -> RidgeProblem:
        """Give the linear model's error with the prior, whose minimum the fields are."""
        return RidgeProblem(DenseCovariance(self.loaded), self.cross, self.variance)

    @cached_property
    def loaded(self) -> np.ndarray:
        """The covariance with the prior's precision added to it, (n, n)."""
        loaded = self.covariance + self._mean_strength() * self.precision
        # a stimulus that has no power somewhere, and a prior that says nothing there
        least = _LEAST_LOADING * (float(np.trace(loaded)) / len(loaded) or 1.0)
        loaded[np.diag_indices_from(loaded)] += least
        return loaded

    def _mean_strength(self) -> float:
        """Give the one strength that all outputs share, where they share one problem."""
        known = self.variance > 0
        weights = self.variance[known]
        if not known.any():
            return 1.0
        return float(np.exp(weights @ np.log(self.strengths[known]) / weights.sum()))


def choose_prior(
    recording: Recording,
    signal: str,
    lags: Lags,
    target: Sequence[np.ndarray],
    candidates: Sequence[Smoothness],
) -> FieldPrior:
    """Choose smoothness and strength by their evidence.

    Parameters
    ----------
    recording : Recording
    signal : str
        The signal that the receptive fields are of.
    lags : Lags
    target : list of (T_i, outputs) arrays
        NaN is left out.
    candidates : sequence of Smoothness
        What to choose among.
    """
    moments, silent = _moments(recording, signal, lags, target)
    cross, variance = moments.cross(target)
    counts = np.maximum(sum(np.sum(~np.isnan(trial), axis=0) for trial in target), 1)

    def independent(fields: np.ndarray) -> np.ndarray:
        return _independent(moments, fields, recording.signals[signal], target)

    seen = spectra(recording, signal, lags, candidates, silent)
    weighed = weigh(seen, cross, variance, counts, independent)
    best = int(np.argmax(weighed.evidence.sum(axis=1)))
    strengths, chosen = weighed.strengths[best], seen[best]
    along = cross @ chosen.axes
    shrunk = along / (chosen.power + strengths[:, None])
    covariance = _covariance(recording, signal, lags, silent)
    n_channels = len(covariance) // lags.n
    return FieldPrior(
        kind=str(candidates[best]),
        strengths=strengths,
        covariance=covariance,
        precision=_power(covariance) * candidates[best].precision(n_channels, lags.n),
        cross=cross,
        fields=shrunk @ chosen.axes.T,
        variance=variance,
        shares=_shares(
            np.sum(along * shrunk, axis=1), np.sum(chosen.power * shrunk**2, axis=1), variance
        ),
        effective=np.sum(chosen.power / (chosen.power + strengths[:, None]), axis=1),
        independent=weighed.independent,
    )


class Weighed(NamedTuple):
    """The evidence for each candidate at its best strength.

    Attributes
    ----------
    strengths, evidence : (candidates, outputs) ndarray
    independent : (outputs,) ndarray
        The share of samples that count.
    """

    strengths: np.ndarray
    evidence: np.ndarray
    independent: np.ndarray


def weigh(
    seen: Sequence[Spectrum],
    cross: np.ndarray,
    variance: np.ndarray,
    counts: np.ndarray,
    independent: Callable[[np.ndarray], np.ndarray],
) -> Weighed:
    """Find the strength of each candidate for each output, and the evidence for it.

    Parameters
    ----------
    seen : sequence of Spectrum
        The stimulus in the coordinates of each candidate.
    cross : (outputs, n) array
        Covariance of the responses with the stimulus.
    variance, counts : (outputs,) array
        Of the responses, and how many samples there are.
    independent : callable
        Gives the share of samples that count, (outputs,), for receptive fields, (outputs, n).
    """
    along = cross @ seen[0].axes
    first = best_strengths(seen[0], along, variance, counts).values
    shares = independent((along / (seen[0].power + first[:, None])) @ seen[0].axes.T)
    found = [best_strengths(each, cross @ each.axes, variance, counts * shares) for each in seen]
    return Weighed(
        np.array([each.values for each in found]),
        np.array([each.evidence for each in found]),
        shares,
    )


def spectra(
    recording: Recording,
    signal: str,
    lags: Lags,
    candidates: Sequence[Smoothness],
    silent: Sequence[int] = (),
    *,
    is_whole: bool = False,
) -> list[Spectrum]:
    """Give a stimulus in the coordinates of each candidate, without trials that are silent.

    With `is_whole` those have the rough receptive fields as well, which no evidence is in.
    """
    covariance = _covariance(recording, signal, lags, silent)

    def seen(smoothness: Smoothness) -> Spectrum:
        root = smoothness.root(len(covariance) // lags.n, lags.n, is_whole=is_whole)
        return spectrum(covariance, root)

    gone = frozenset(silent)
    return [
        recording.once(
            ("spectrum", signal, lags, gone, each, is_whole), functools.partial(seen, each)
        )
        for each in candidates
    ]


def _covariance(recording: Recording, signal: str, lags: Lags, silent: Sequence[int]) -> np.ndarray:
    moments = stimulus_moments(recording, lags, signal, left_out=silent)
    key = ("covariance", signal, lags, frozenset(silent))
    return recording.once(key, lambda: moments.covariance)


def fixed_prior(
    recording: Recording,
    signal: str,
    lags: Lags,
    target: Sequence[np.ndarray],
    precision: np.ndarray,
) -> FieldPrior:
    """Give the prior of a strength that the user has chosen.

    Parameters
    ----------
    recording, signal, lags, target
        As for `choose_prior`.
    precision : (n, n) array
        Of the weights, in units in which the mean variance of the stimulus is 1.
    """
    moments, _ = _moments(recording, signal, lags, target)
    cross, variance = moments.cross(target)
    covariance = moments.covariance
    precision = _power(covariance) * precision
    inverse = _inverse(covariance, precision)
    fields = cross @ inverse
    signal_variance = np.sum(fields * (fields @ covariance), axis=1)
    return FieldPrior(
        kind="as written",
        strengths=np.ones(len(cross)),
        covariance=covariance,
        precision=precision,
        cross=cross,
        fields=fields,
        variance=variance,
        shares=_shares(np.sum(fields * cross, axis=1), signal_variance, variance),
        effective=np.full(len(cross), float(np.sum(covariance * inverse))),
        independent=np.ones(len(cross)),
    )


def fixed_inverse(
    recording: Recording, signal: str, lags: Lags, precision: np.ndarray
) -> np.ndarray:
    """Give the inverse of a stimulus's covariance and the precision that is added to it, (n, n)."""
    covariance = _covariance(recording, signal, lags, ())
    return _inverse(covariance, _power(covariance) * precision)


def _inverse(covariance: np.ndarray, precision: np.ndarray) -> np.ndarray:
    loaded = covariance + precision
    # so little that a stimulus that never changes is no fault
    loaded[np.diag_indices_from(loaded)] += _LEAST * (np.trace(loaded) / len(loaded) or 1.0)
    return np.asarray(np.linalg.inv(loaded))


def _moments(
    recording: Recording, signal: str, lags: Lags, target: Sequence[np.ndarray]
) -> tuple[StimulusMoments, list[int]]:
    silent = [number for number, trial in enumerate(target) if np.isnan(trial).all()]
    return stimulus_moments(recording, lags, signal, left_out=silent), silent


def _power(covariance: np.ndarray) -> float:
    return float(np.trace(covariance)) / len(covariance)


def _shares(explained: np.ndarray, signal: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Give the share of the variance that a field explains at its best gain."""
    is_known = (signal > 0) & (variance > 0)
    squares = np.where(is_known, explained**2, 0.0)
    return np.asarray(squares / np.where(is_known, signal * variance, 1.0))


def _independent(
    moments: StimulusMoments,
    fields: np.ndarray,
    stimulus: Sequence[np.ndarray],
    target: Sequence[np.ndarray],
) -> np.ndarray:
    """Give the share of samples that count, output by output."""
    numbers = sorted({each.trial for each in moments.stretches})
    trials = [stimulus[number] for number in numbers]
    n_bins = sum(len(trial) for trial in trials)
    found = [np.ones(0)]
    for outputs in _in_groups(len(fields), n_bins):
        known = [target[number][:, outputs].T for number in numbers]
        predicted = predict(trials, fields[outputs], moments.lags)
        residuals = [y - p for y, p in zip(known, predicted, strict=True)]
        whole, left = (_mean_and_variance(each) for each in (known, residuals))
        # what is left of a perfect fit is rounding, and no noise
        is_noise = left[1] > PERFECT * whole[1]
        middle = sum(trial.sum(axis=1) for trial in predicted) / n_bins
        shares = independent_shares(
            [trial - left[0][:, None] for trial in residuals],
            [trial - middle[:, None] for trial in predicted],
        )
        found.append(np.where(is_noise, shares, 1.0))
    return np.concatenate(found)


def _in_groups(n_outputs: int, n_bins: int) -> Iterator[slice]:
    """Give outputs so many at a time that their signals fit into memory."""
    size = max(1, _MOST_SAMPLES // max(n_bins, 1))
    for start in range(0, n_outputs, size):
        yield slice(start, start + size)


def _mean_and_variance(trials: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Give those of each output, NaN left out; 0 where there is nothing."""
    counts = sum(np.sum(~np.isnan(trial), axis=1) for trial in trials)
    counts = np.maximum(counts, 1)
    mean = sum(np.nansum(trial, axis=1) for trial in trials) / counts
    squares = sum(np.nansum((trial - mean[:, None]) ** 2, axis=1) for trial in trials)
    return mean, squares / counts
