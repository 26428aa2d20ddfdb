"""The prior of a receptive field that a recording asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...data.recording import Recording
from ..linear.covariance import DenseCovariance
from ..linear.moments import Lags, StimulusMoments, stimulus_moments
from ..linear.ridge import RidgeProblem
from .evidence import Spectrum, Strength, best_strength, independent_share, predict, spectrum
from .priors import Smoothness

# of the mean of the diagonal
_LEAST, _LEAST_LOADING = 1e-12, 1e-9
# of the variance of a response
_PERFECT = 1e-10


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

    def seen(smoothness: Smoothness) -> Spectrum:
        key = ("spectrum", signal, lags, frozenset(silent), smoothness)
        root = smoothness.root(recording.signals[signal][0].shape[1], lags.n)
        return recording.once(key, lambda: spectrum(moments.covariance, root))

    first = _strengths(seen(candidates[0]), cross, variance, counts)
    fields = _fields(seen(candidates[0]), cross, np.array([s.value for s in first]))
    independent = _independent(moments, fields, recording.signals[signal], target)
    found = [_strengths(seen(s), cross, variance, counts * independent) for s in candidates]
    best = int(np.argmax([sum(each.evidence for each in row) for row in found]))
    strengths = np.array([s.value for s in found[best]])
    chosen = seen(candidates[best])
    along = cross @ chosen.axes
    shrunk = along / (chosen.power + strengths[:, None])
    covariance = moments.covariance
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
        independent=independent,
    )


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
    loaded = covariance + precision
    # so little that a stimulus that never changes is no fault
    loaded[np.diag_indices_from(loaded)] += _LEAST * (np.trace(loaded) / len(loaded) or 1.0)
    inverse = np.linalg.inv(loaded)
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


def _strengths(
    seen: Spectrum, cross: np.ndarray, variance: np.ndarray, n_samples: np.ndarray
) -> list[Strength]:
    return [
        best_strength(seen, row @ seen.axes, float(v), float(n)) if v > 0 else Strength(1.0, 0.0)
        for row, v, n in zip(cross, variance, n_samples, strict=True)
    ]


def _fields(seen: Spectrum, cross: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    along = cross @ seen.axes
    return (along / (seen.power + strengths[:, None])) @ seen.axes.T


def _independent(
    moments: StimulusMoments,
    fields: np.ndarray,
    stimulus: Sequence[np.ndarray],
    target: Sequence[np.ndarray],
) -> np.ndarray:
    """Give the share of samples that count, output by output."""
    numbers = sorted({each.trial for each in moments.stretches})
    trials = [stimulus[number] for number in numbers]
    found = np.ones(len(fields))
    for output, field in enumerate(fields):
        known = [target[number][:, output] for number in numbers]
        predicted = predict(trials, field.reshape(trials[0].shape[1], -1), moments.lags)
        residuals = [y - p for y, p in zip(known, predicted, strict=True)]
        if not any((~np.isnan(trial)).any() for trial in residuals):
            continue
        whole, left = np.concatenate(known), np.concatenate(residuals)
        if np.nanvar(left) <= _PERFECT * np.nanvar(whole):
            # what is left is rounding, and no noise
            continue
        centre = np.nanmean(left)
        middle = float(np.mean(np.concatenate(predicted)))
        found[output] = independent_share(
            [trial - centre for trial in residuals], [trial - middle for trial in predicted]
        )
    return found
