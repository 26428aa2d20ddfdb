"""A simulated neuron: a spectrogram, a known linear-nonlinear model, and noise of known power."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """Simulated data together with the truth behind them.

    Attributes
    ----------
    stim : (time, channels) float64
        Spectrogram-like stimulus, from 0 to 1.
    resp : (time, outputs) float64
        The response: `clean` plus noise.
    clean : (time, outputs) float64
        The response without noise.
    weights : (channels, outputs) float64
        Spectral weights, each column of unit length.
    filters : (taps, outputs) float64
        Temporal filters, lag 0 first.
    base, amplitude, kappa, shift : (outputs,) float64
        Parameters of the double exponential.
    noise_sd : (outputs,) float64
        Standard deviation of the noise.
    fs : float
        Sampling rate, in Hz.
    """

    stim: Array = field(repr=False)
    resp: Array = field(repr=False)
    clean: Array = field(repr=False)
    weights: Array = field(repr=False)
    filters: Array = field(repr=False)
    base: Array = field(repr=False)
    amplitude: Array = field(repr=False)
    kappa: Array = field(repr=False)
    shift: Array = field(repr=False)
    noise_sd: Array
    fs: float

    @property
    def strf(self) -> Array:
        """Receptive fields, weights times filters: (outputs, channels, taps), lag 0 first."""
        return np.einsum("cn,ln->ncl", self.weights, self.filters)


def simulate(
    n_times: int = 5000,
    n_channels: int = 18,
    n_outputs: int = 1,
    n_taps: int = 15,
    snr: float = 1.0,
    fs: float = 100.0,
    seed: int | np.random.Generator | None = 0,
) -> Simulation:
    r"""Simulate the responses of linear-nonlinear neurons to a spectrogram-like stimulus.

    For each output, spectral weights w, a temporal filter h and a double exponential:

    .. math:: z_t = \sum_{l, c} h_l w_c x_{t - l, c}, \qquad
              y_t = b + a \exp(-\exp(-e^{\kappa} (z_t + s))) + \varepsilon_t

    so `wc.18x1-fir.1x15-dexp.1` is the true form of one output. The weights are a Gaussian
    over the channels, the filter a damped oscillation, the noise white and Gaussian.

    Parameters
    ----------
    n_times : int, default 5000
        Time bins, at least 2.
    n_channels, n_outputs, n_taps : int
        Channels of the stimulus, channels of the response, lags of the filter in bins.
    snr : float, default 1.0
        Variance of the clean response over the variance of the noise; `math.inf` for none.
    fs : float, default 100.0
        Sampling rate, in Hz. It is handed on, and changes no number: time is in bins.
    seed : int or numpy.random.Generator, default 0
        Source of randomness. The same seed gives the same data.

    Returns
    -------
    simulation : Simulation
        Stimulus, response, and every number behind them.

    Raises
    ------
    ValueError
        Where a size is too small, or `snr` or `fs` is not above 0.

    Notes
    -----
    The double exponential is that of Thorson, Liénard and David (2015), PLoS Computational
    Biology 11(12): e1004628.

    Examples
    --------
    >>> simulation = simulate(n_times=2000, n_outputs=2, snr=4.0)
    >>> simulation.stim.shape, simulation.resp.shape, simulation.strf.shape
    ((2000, 18), (2000, 2), (2, 18, 15))
    >>> (simulation.clean.var(axis=0) / simulation.noise_sd**2).round(6)
    array([4., 4.])
    """
    sizes = {"n_channels": n_channels, "n_outputs": n_outputs, "n_taps": n_taps}
    for name, size, least in [("n_times", n_times, 2), *((k, v, 1) for k, v in sizes.items())]:
        if size < least:
            raise ValueError(f"{name} must be at least {least}, got {size}")
    for name, value in (("snr", snr), ("fs", fs)):
        if not value > 0:
            raise ValueError(f"{name} must be above 0, got {value}")
    rng = np.random.default_rng(seed)

    stim = _spectrogram(n_times, n_channels, rng)
    weights = _spectral_weights(n_channels, n_outputs, rng)
    filters = _temporal_filters(n_taps, n_outputs, rng)
    drive = _filtered(stim @ weights, filters)
    # The steepest part of the nonlinearity lies where the drive is most of the time.
    centre, spread = drive.mean(axis=0), np.maximum(drive.std(axis=0), 1e-12)
    kappa, shift = -np.log(spread), -centre
    base, amplitude = rng.uniform(0.0, 0.2, n_outputs), rng.uniform(0.8, 1.2, n_outputs)
    clean = base + amplitude * np.exp(-np.exp(-np.exp(kappa) * (drive + shift)))
    noise_sd = clean.std(axis=0) / math.sqrt(snr)
    resp = clean + noise_sd * rng.standard_normal(clean.shape)
    return Simulation(
        stim=stim,
        resp=resp,
        clean=clean,
        weights=weights,
        filters=filters,
        base=base,
        amplitude=amplitude,
        kappa=kappa,
        shift=shift,
        noise_sd=noise_sd,
        fs=float(fs),
    )


def _spectrogram(n_times: int, n_channels: int, rng: np.random.Generator) -> Array:
    # Noise that is smooth over some 5 bins and neighbouring channels, rectified as loudness is.
    noise = rng.standard_normal((n_times + 20, n_channels + 2))
    over_channels = noise[:, :-2] + 2 * noise[:, 1:-1] + noise[:, 2:]
    memory = np.exp(-np.arange(21) / 5.0)
    smooth = np.stack(
        [np.convolve(channel, memory, mode="valid") for channel in over_channels.T], axis=1
    )
    loud = np.maximum(smooth, 0.0)
    return loud / max(float(loud.max()), np.finfo(np.float64).tiny)


def _spectral_weights(n_channels: int, n_outputs: int, rng: np.random.Generator) -> Array:
    position = np.arange(n_channels)[:, np.newaxis] / n_channels
    best = rng.uniform(0.2, 0.8, n_outputs)
    width = rng.uniform(0.08, 0.2, n_outputs)
    weights = np.exp(-0.5 * ((position - best) / width) ** 2)
    return weights / np.linalg.norm(weights, axis=0)


def _temporal_filters(n_taps: int, n_outputs: int, rng: np.random.Generator) -> Array:
    lag = np.arange(n_taps)[:, np.newaxis]
    decay = rng.uniform(0.1, 0.2, n_outputs) * n_taps
    period = rng.uniform(0.8, 1.2, n_outputs) * n_taps
    return np.exp(-lag / decay) * np.cos(2 * np.pi * lag / period)


def _filtered(signal: Array, filters: Array) -> Array:
    padded = np.vstack([np.zeros((len(filters) - 1, signal.shape[1])), signal])
    return np.stack(
        [
            np.convolve(channel, taps, mode="valid")
            for channel, taps in zip(padded.T, filters.T, strict=True)
        ],
        axis=1,
    )
