"""Models with a hidden layer, the smaller ones inside them, and data of known truth for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nems_dsl import Model

from . import speech

N_BINS = 5000


class Case(NamedTuple):
    """A model with a hidden layer, and a smaller one that it contains."""

    string: str
    smaller: str
    n_outputs: int = 1


CASES = {
    "lnln": Case("wc.18x3-fir.3x12x4-relu.4-wc.4x1-dexp.1", "wc.18x3-fir.3x12-dexp.1"),
    "lnln.s": Case("wc.18x3-fir.3x12x4-relu.4.s-wc.4x1-dexp.1", "wc.18x3-fir.3x12-dexp.1"),
    "bank": Case("wc.18x1x4.g-fir.1x10x4-relu.4.s-wc.4x1-dexp.1", "wc.18x2.g-fir.2x10-dexp.1"),
    "cnn": Case(
        "wc.18x1x8.g-fir.1x10x8-relu.8-wc.8x3-dexp.3",
        "wc.18x1x4.g-fir.1x10x4-wc.4x3-dexp.3",
        3,
    ),
}


class Truth(NamedTuple):
    """Data of a model, and what it answers to other stimuli without noise."""

    stim: np.ndarray
    resp: np.ndarray
    test_stim: np.ndarray
    test_clean: np.ndarray
    model: Model


def simulate(string: str, seed: int, n_bins: int = N_BINS, snr: float = 1.0) -> Truth:
    """Simulate the response of a model of drawn parameters to speech.

    Filters are damped and drawn from a normal distribution, gaussians lie anywhere, each drive of
    a hidden unit has a standard deviation of 1, and a threshold within one of its mean if it has
    any, and the last curve covers the range of what it is given. The noise is white, of the
    variance of the response over `snr`.
    """
    rng = np.random.default_rng(seed)
    trials, _ = speech.load(speech.N_TRIALS)
    whole = np.concatenate(trials)
    first = int(rng.integers(len(whole) - 2 * n_bins))
    x, other = whole[first : first + n_bins], whole[first + n_bins : first + 2 * n_bins]
    model = Model(string)
    signal, held = x, other
    for layer in model.layers:
        _draw(layer, signal, rng)
        signal, held = layer.evaluate(signal), layer.evaluate(held)
    noise = signal.std(axis=0) / np.sqrt(snr) * rng.standard_normal(signal.shape)
    return Truth(x, signal + noise, other, held, model)


def _draw(layer, signal, rng):
    """Set the parameters of a layer so that its output is of size 1."""
    parameters, kind = layer.parameters, layer.signature.head
    if kind == "relu":
        if "s" in layer.options:
            middle = signal.mean(axis=0)
            layer.set_parameter_values(shift=rng.uniform(-1, 1, middle.shape) - middle)
    elif kind == "dexp":
        spread = signal.std(axis=0)
        layer.set_parameter_values(
            base=np.zeros_like(spread),
            amplitude=np.ones_like(spread),
            kappa=-np.log(spread) + rng.uniform(-0.5, 0.5, spread.shape),
            shift=-signal.mean(axis=0) + rng.uniform(-0.5, 0.5, spread.shape) * spread,
        )
    elif "mean" in parameters:
        shape = parameters["mean"].shape
        layer.set_parameter_values(mean=rng.uniform(0, 1, shape), sd=rng.uniform(0.05, 0.3, shape))
    else:
        shape = parameters["coefficients"].shape
        values = rng.standard_normal(shape)
        if kind == "fir":
            damping = np.exp(-np.arange(shape[1]) / 4)
            values *= damping.reshape(-1, *(1,) * (len(shape) - 2))
        layer.set_parameter_values(coefficients=values)
        out = layer.evaluate(signal)
        layer.set_parameter_values(coefficients=values / np.maximum(out.std(axis=0), 1e-12))
