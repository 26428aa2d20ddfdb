"""Models with a hidden layer, the smaller ones inside them, and data of known truth for them."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from nems_dsl import Model
from nems_dsl.data import read_recording
from nems_dsl.fit_options import FitOptions
from nems_dsl.models.fit import fit_model

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


class Row(NamedTuple):
    """What different fits of one model come to: losses, dead units, and correlations."""

    losses: dict[str, float]
    dead: dict[str, int]
    scores: dict[str, float]
    seconds: float
    status: str


def compare(case: Case, truth: Truth, n_random: int, seed: int) -> Row:
    """Fit a model in several ways, and the smaller one inside."""
    x, y = truth.stim, truth.resp
    began = time.process_time()
    default = Model(case.string).fit(x, y, verbose=0, shrinkage="none")
    seconds = time.process_time() - began
    fits = {
        "LN": Model(case.smaller).fit(x, y, verbose=0, shrinkage="none"),
        "default": default,
        "n_starts=4": Model(case.string).fit(x, y, n_starts=4, verbose=0, shrinkage="none"),
        "held out": fit_early(case.string, x, y),
    }
    drawn = Model(case.string).sample_from_priors(n_random, seed=seed)
    random = [
        start.fit(
            x,
            y,
            init="model",
            optimizer="l-bfgs-b",
            max_iterations=3000,
            verbose=0,
            shrinkage="none",
        )
        for start in (drawn if n_random > 1 else [drawn])
    ]
    fits["random"] = min(random, key=lambda each: each.results.loss)
    return Row(
        {name: each.results.loss for name, each in fits.items()},
        {name: _dead_units(each, x) for name, each in fits.items()},
        {name: _score(each, truth) for name, each in fits.items()},
        seconds,
        fits["held out"].results.starts[0].init,
    )


def fit_early(string: str, x, y) -> Model:
    """Fit a model with a part held out, as fits do that choose their shrinkage."""
    options = FitOptions()
    object.__setattr__(options, "shrinkage", "auto")
    return fit_model(Model(string), read_recording(x, y), options)


def _score(model: Model, truth: Truth) -> float:
    predicted = model.predict(truth.test_stim)
    pairs = zip(predicted.T, truth.test_clean.T, strict=True)
    return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs]))


def _dead_units(model: Model, x) -> int:
    signal = x[0] if isinstance(x, list) else x
    for layer in model.layers:
        signal = layer.evaluate(signal)
        if layer.signature.head == "relu":
            return int(np.sum(np.ptp(signal, axis=0) == 0))
    return 0


def speech_case(name: str, channel: int, n_bins: int = 2500) -> Truth:
    """Give the response of a channel to speech, to be scored on other trials."""
    stim, resp = speech.load(5)
    x = [trial[:n_bins] for trial in stim]
    y = [trial[:n_bins, channel : channel + 1] for trial in resp]
    return Truth(
        np.concatenate(x[:3]),
        np.concatenate(y[:3]),
        np.concatenate(x[3:]),
        np.concatenate(y[3:]),
        Model(CASES[name].string),
    )


def report(names, seeds, channels, n_random: int, n_bins: int) -> list[Row]:
    """Print a row for each case, and what share of them does as it should."""
    rows = []
    for name in names:
        case = CASES[name]
        cases = [(f"seed {s}", simulate(case.string, s, n_bins), s) for s in seeds]
        if case.n_outputs == 1:
            cases += [(f"speech {c}", speech_case(name, c, n_bins // 2), c) for c in channels]
        for label, truth, seed in cases:
            row = compare(case, truth, n_random, seed)
            rows.append(row)
            print(f"{name:7s} {label:10s} default {row.seconds:5.1f} s", end="")
            for kind, loss in row.losses.items():
                dead = f", {row.dead[kind]} dead" if row.dead[kind] else ""
                print(f" | {kind} {loss:.4f}, r {row.scores[kind]:.3f}{dead}", end="")
            print(f" | held out begins from {row.status}", flush=True)
    n = len(rows)
    below = sum(row.losses["default"] <= row.losses["LN"] * 1.0001 for row in rows)
    best = sum(row.losses["default"] <= row.losses["random"] * 1.01 for row in rows)
    predicts = sum(row.scores["held out"] >= 0.98 * row.scores["LN"] for row in rows)
    print(
        f"default not above LN in {below} of {n}, within 1 % of the best of {n_random} random "
        f"starts in {best}; held out predicts no worse than LN (2 %) in {predicts}"
    )
    return rows
