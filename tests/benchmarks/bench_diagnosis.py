"""How often warnings are right: found where there is a fault, and not told where there is none.

    python -m tests.benchmarks.bench_diagnosis
    python -m tests.benchmarks.bench_diagnosis --n 100 --cases directions

Every case is simulated. Whether it is bad is known beforehand, or measured on new data: of
``directions``, a correlation on new data below .65 of that on the data of the fit is bad, and above
.85 good; what lies between is left out. ``lags`` and ``ridge`` compare with a model of more
lags, and with a line: .03 or .04 of correlation below is bad. Of ``saturated``, a curve whose flat
end hides a tenth of the variance of the response without noise is bad, a hundredth good; of
``band``, a receptive field whose correlation with the true one is below .5, or above .9; of
``hidden``, a fit that explains less than .9 of what a line does, or more than that.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from nems_dsl import Model
from nems_dsl.datasets import load_speech

_BAD, _GOOD = 0.65, 0.85


def told(fitted, words):
    return any(words in text for text in fitted.results.warnings)


def plain(string, x, y, **options):
    return Model(string).fit(x, y, verbose=0, **options)


def correlation(fitted, x, y):
    return float(np.corrcoef(fitted.predict(x)[:, 0], y[:, 0])[0, 1])


def many_directions(rng):
    """Least squares on few or many samples, of white or slow stimuli and noise."""
    n_channels, n_lags = int(rng.integers(3, 9)), int(rng.integers(5, 16))
    n = int(n_channels * n_lags / np.exp(rng.uniform(np.log(0.02), np.log(0.85))))
    slow = rng.choice([0.0, 0.5, 0.9])
    x = rng.normal(size=(n + 6000, n_channels))
    for bin_ in range(1, len(x)):
        x[bin_] += slow * x[bin_ - 1]
    h = rng.normal(size=(n_lags, n_channels)) * np.exp(-np.arange(n_lags) / 3)[:, None]
    drive = sum(np.roll(x @ h[lag], lag) for lag in range(n_lags))
    noise = rng.normal(size=len(x))
    memory = rng.choice([0.0, 0.9])
    for bin_ in range(1, len(x)):
        noise[bin_] += memory * noise[bin_ - 1]
    noise *= drive.std() / noise.std() / np.sqrt(10 ** rng.uniform(-0.5, 0.5))
    y = (drive + noise)[:, None]
    fitted = plain(f"fir.{n_channels}x{n_lags}-lvl.1", x[:n], y[:n], shrinkage="none")
    ratio = correlation(fitted, x[n:], y[n:]) / correlation(fitted, x[:n], y[:n])
    is_bad = True if ratio < _BAD else False if ratio > _GOOD else None
    return is_bad, told(fitted, "free directions")


def speech_cell(rng):
    """A cell that answers the shipped speech, its drive in standard deviations."""
    speech = load_speech()
    x = speech.stim[int(rng.integers(4))][:2000]
    band, lag = int(rng.integers(2, 16)), int(rng.integers(1, 6))
    drive = np.roll(x[:, band] - x[:, (band + 3) % 18], lag)
    return x, (drive - drive.mean()) / drive.std()


def counts(rng):
    """Single trials of few spikes, against averages, high rates and continuous responses."""
    x, drive = speech_cell(rng)
    is_bad = bool(rng.integers(2))
    if is_bad:
        rate = rng.uniform(0.02, 0.15) * np.exp(0.7 * drive)
        y = rng.poisson(rate)
    else:
        y = (
            lambda: rng.poisson(rng.uniform(2, 6) * np.exp(0.4 * drive)),
            lambda: rng.poisson(0.2 * np.exp(0.7 * drive), (8, len(drive))).mean(axis=0),
            lambda: drive + rng.normal(size=len(drive)),
        )[int(rng.integers(3))]()
    fitted = plain("wc.18x1-fir.1x8-dexp.1", x, y[:, None].astype(float))
    return is_bad, told(fitted, 'loss="poisson"')


def no_better_than_mean(rng):
    """A last layer that cannot give what the response is, against one that can."""
    x, drive = speech_cell(rng)
    y = drive + rng.normal(size=len(drive)) * rng.uniform(0.3, 2)
    is_bad = bool(rng.integers(2))
    y += rng.uniform(-9, -5) if is_bad else rng.uniform(-3, 3)
    end = "relu.1" if is_bad else rng.choice(["lvl.1", "dexp.1", "relu.1.s.o"])
    fitted = plain(f"wc.18x1-fir.1x8-{end}", x, y[:, None])
    return is_bad, told(fitted, "than the mean of the response")


def judged(worse, better, bad, good):
    """Bad if a correlation is more than `bad` below another, good if less than `good`."""
    return True if better - worse > bad else False if better - worse < good else None


def slow_noise(rng, n, n_channels):
    """A stimulus that is white in some channels, and slow in others."""
    x = rng.normal(size=(n, n_channels))
    slow = rng.choice([0.0, 0.5, 0.8])
    for bin_ in range(1, n):
        x[bin_] += slow * x[bin_ - 1]
    return x


def driven(rng, n, n_lags, first=0, scale=3.0):
    """A stimulus, and what a cell of so many lags makes of it, in standard deviations."""
    n_channels = int(rng.integers(2, 7))
    x = slow_noise(rng, n, n_channels)
    h = rng.normal(size=(n_lags, n_channels)) * np.exp(-np.arange(n_lags) / scale)[:, None]
    drive = sum(np.roll(x @ h[lag], lag + first) for lag in range(n_lags))
    return x, (drive - drive.mean()) / drive.std()


def too_few_lags(rng):
    """Cells that remember longer than the model, or not."""
    n, n_lags = int(rng.integers(1500, 5000)), int(rng.integers(4, 10))
    is_long = rng.integers(2)
    slowness = n_lags * rng.uniform(0.5, 2)
    x, drive = driven(rng, n + 4000, 2 * n_lags if is_long else n_lags, scale=slowness)
    y = drive + rng.normal(size=len(drive)) * rng.uniform(0.3, 2)
    c, end = x.shape[1], rng.choice(["lvl.1", "dexp.1"])
    short, long = (
        plain(f"wc.{c}x1-fir.1x{k}-{end}" if is_thin else f"fir.{c}x{k}-{end}", x[:n], y[:n, None])
        for is_thin in [rng.integers(2)]
        for k in (n_lags, 2 * n_lags)
    )
    r = [correlation(each, x[n:], drive[n:, None]) for each in (short, long)]
    return judged(*r, 0.03, 0.005), told(short, "too few lags")


def early(rng):
    """Responses that are shifted against their stimulus, or not."""
    n, n_lags = int(rng.integers(1500, 5000)), int(rng.integers(4, 12))
    is_early = bool(rng.integers(2))
    x, drive = driven(rng, n, n_lags, first=-int(rng.integers(1, 3)) if is_early else 0)
    y = drive + rng.normal(size=n) * rng.uniform(0.3, 2)
    end = rng.choice(["lvl.1", "dexp.1"])
    fitted = plain(f"fir.{x.shape[1]}x{n_lags}-{end}", x, y[:, None])
    return is_early, told(fitted, "comes before")


def saturated(rng):
    """Curves that end before the response does, at either side, and such as do not."""
    n = int(rng.integers(1500, 5000))
    x, drive = driven(rng, n + 4000, 6)
    side = 1 if rng.integers(2) else -1
    ends = ("sig.1", "relu.1", "sig.1.s.o.g", "dexp.1", "relu.1.s.o")
    end = ends[int(rng.integers(len(ends)))]
    shape = rng.integers(3)
    if shape == 0:
        clean = side * rng.uniform(0.5, 2) * drive + rng.uniform(-2, 2)
    elif shape == 1:
        clean = 1 / (1 + np.exp(-rng.uniform(1, 6) * (drive - rng.uniform(-1, 2))))
    else:
        clean = np.maximum(drive - rng.uniform(0, 1.5), 0)
    y = clean + rng.normal(size=len(clean)) * clean.std() * rng.uniform(0.2, 1.5)
    fitted = plain(f"fir.{x.shape[1]}x6-{end}", x[:n], y[:n, None])
    out, seen = fitted.predict(x[n:])[:, 0], clean[n:]
    edge = 0.01 * np.ptp(out)
    flat = (out <= out.min() + edge, out >= out.max() - edge)
    hidden = max(seen[at].var() * at.mean() if at.any() else 0.0 for at in flat) / seen.var()
    is_bad = True if hidden > 0.1 else False if hidden < 0.01 else None
    return is_bad, told(fitted, "is flat at its") or told(fitted, "gives nothing below 0")


def band_limited(rng):
    """Receptive fields from stimuli that have no power above some frequency, without shrinkage."""
    n, n_lags, n_channels = int(rng.integers(2000, 8000)), int(rng.integers(10, 31)), 2
    x = rng.normal(size=(n, n_channels))
    cut = rng.choice([0.04, 0.08, 0.15, 0.3, 0.5])
    spectrum = np.fft.rfft(x, axis=0)
    spectrum *= 1 / np.sqrt(1 + (np.fft.rfftfreq(n)[:, None] / cut) ** (16 if cut < 0.5 else 0))
    x = np.fft.irfft(spectrum, n, axis=0)
    x /= x.std()
    h = rng.normal(size=(n_lags, n_channels)) * np.exp(-np.arange(n_lags) / 4)[:, None]
    drive = sum(np.roll(x @ h[lag], lag) for lag in range(n_lags))
    y = drive + rng.normal(size=n) * drive.std() * rng.uniform(0.2, 2)
    fitted = plain(f"fir.{n_channels}x{n_lags}-lvl.1", x, y[:, None], shrinkage="none")
    found = fitted.get_parameter_values()["fir"]["coefficients"]
    r = float(np.corrcoef(np.ravel(found), np.ravel(h.T))[0, 1])
    is_bad = True if r < 0.5 else False if r > 0.9 else None
    return is_bad, told(fitted, "of the receptive field of")


def below_ridge(rng):
    """Curves that do not suit a response, or short data, against a linear model of the same."""
    n = int(np.exp(rng.uniform(np.log(1000), np.log(5000))))
    x, drive = driven(rng, n + 5000, 8)
    clean = (drive, np.abs(drive), np.exp(0.5 * drive), np.tanh(drive))[int(rng.integers(4))]
    y = clean + rng.normal(size=len(drive)) * clean.std() * rng.uniform(0.3, 2)
    y += rng.uniform(-2, 2)
    c, end = x.shape[1], rng.choice(["dexp.1", "relu.1", "sig.1", "relu.1.s.o", "sig.1.s.o.g"])
    ours, line = (plain(f"fir.{c}x8-{each}", x[:n], y[:n, None]) for each in (end, "lvl.1"))
    r = [correlation(each, x[n:], clean[n:, None]) for each in (ours, line)]
    is_bad, is_told = judged(*r, 0.04, 0.0), told(ours, "ridge regression predicts")
    # what is worse than a constant is told in other words
    return is_bad, is_told or (bool(is_bad) and told(ours, "worse than the mean"))


def hidden_starts(rng):
    """Hidden layers that a search from drawn parameters left above a line, or not."""
    n, n_units = 3000, int(rng.integers(2, 5))
    x = rng.normal(size=(n, 4))
    w = rng.normal(size=(4, n_units))
    units = np.maximum(np.roll(x, 1, axis=0) @ w + rng.uniform(-1, 1, n_units), 0)
    clean = units @ rng.normal(size=n_units)
    y = (clean + rng.normal(size=n) * clean.std() * rng.uniform(0.3, 1))[:, None]
    string = f"wc.4x2-fir.2x4x{n_units}-relu.{n_units}-wc.{n_units}x1-lvl.1"
    options = {"init": rng.choice(["prior", "auto"]), "seed": int(rng.integers(99))}
    options["max_iterations"] = int(rng.choice([3, 200]))
    fitted = plain(string, x, y, shrinkage="none", **options)
    line = plain("fir.4x4-lvl.1", x, y)
    explained = [1 - each.results.loss**2 for each in (fitted, line)]
    is_bad = True if explained[0] < 0.9 * explained[1] else None
    if explained[0] > explained[1]:
        is_bad = False
    return is_bad, told(fitted, "n_starts=5") and not told(fitted, "shrink")


CASES = {
    "directions": many_directions,
    "counts": counts,
    "mean": no_better_than_mean,
    "lags": too_few_lags,
    "early": early,
    "saturated": saturated,
    "band": band_limited,
    "ridge": below_ridge,
    "hidden": hidden_starts,
}


def rates(name, n, first=0):
    """Give the shares of bad cases that are found, and of good ones that are told of."""
    bad, good = [], []
    for seed in range(first, first + n):
        is_bad, is_told = CASES[name](np.random.default_rng(seed))
        if is_bad is not None:
            (bad if is_bad else good).append(is_told)
    return np.mean(bad), np.mean(good), len(bad), len(good)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--n", type=int, default=200)
    options = parser.parse_args(arguments)
    for name in options.cases:
        found, alarms, n_bad, n_good = rates(name, options.n)
        print(
            f"{name:<12} found {100 * found:5.1f} % of {n_bad}, "
            f"false alarms {100 * alarms:4.1f} % of {n_good}",
            flush=True,
        )


def test_least_squares_of_few_samples_are_told():
    found, alarms, n_bad, n_good = rates("directions", 24)
    assert n_bad >= 5 and n_good >= 5
    assert found >= 0.8 and alarms <= 0.2


if __name__ == "__main__":
    main()
