"""How often warnings are right: found where there is a fault, and not told where there is none.

    python -m tests.benchmarks.bench_diagnosis
    python -m tests.benchmarks.bench_diagnosis --n 100 --cases directions

Every case is simulated. Whether it is bad is known beforehand, or measured on new data: of
``directions``, a correlation on new data below .65 of that on the data of the fit is bad, and above
.85 good; what lies between is left out.
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
    """Least squares on few or many samples, of white or slow stimuli."""
    n_channels, n_lags = int(rng.integers(3, 9)), int(rng.integers(5, 16))
    n = int(n_channels * n_lags / np.exp(rng.uniform(np.log(0.02), np.log(0.85))))
    slow = rng.choice([0.0, 0.5])
    x = rng.normal(size=(n + 6000, n_channels))
    for bin_ in range(1, len(x)):
        x[bin_] += slow * x[bin_ - 1]
    h = rng.normal(size=(n_lags, n_channels)) * np.exp(-np.arange(n_lags) / 3)[:, None]
    drive = sum(np.roll(x @ h[lag], lag) for lag in range(n_lags))
    noise = rng.normal(size=len(x)) * drive.std() / np.sqrt(10 ** rng.uniform(-0.5, 0.5))
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


CASES = {
    "directions": many_directions,
    "counts": counts,
    "mean": no_better_than_mean,
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
