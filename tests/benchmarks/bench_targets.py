"""Many responses to one stimulus: fits of all of them, beside solutions of the same by NumPy.

    python -m tests.benchmarks.bench_targets
    python -m tests.benchmarks.bench_targets --targets 300 1000 --outputs 50 --curved 20

For linear models NumPy has the stimulus at all lags written out, and solves the normal equations
of all targets at once, first without any shrinkage, then with a strength for each that is given to
it, on one eigendecomposition. Ours finds prior and strength of each by evidence, and its time
counts from the arrays of the user on. Seconds are of CPU, with one thread for linear algebra on
either side.
"""

import argparse
import time

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from threadpoolctl import threadpool_limits

import nems_dsl

from .machine import describe_machine

N_BINS, N_CHANNELS, N_LAGS = 10_000, 18, 15


def lagged(x):
    parts = [np.pad(x[: len(x) - lag], ((lag, 0), (0, 0))) for lag in range(N_LAGS)]
    return np.stack(parts, axis=2).reshape(len(x), -1)


def simulate(n_targets, n_bins=N_BINS, seed=0):
    """Give a smooth stimulus, it at all lags, and responses of fields drawn at random."""
    rng = np.random.default_rng(seed)
    x = gaussian_filter(rng.normal(size=(n_bins, N_CHANNELS)), (1, 0.5))
    whole = lagged(x / x.std())
    at, when = rng.integers(2, 16, n_targets), rng.integers(2, 8, n_targets)
    across = np.exp(-((np.arange(N_CHANNELS) - at[:, None]) ** 2) / 4)
    along = np.exp(-((np.arange(N_LAGS) - when[:, None]) ** 2) / 4)
    y = whole @ (across[:, :, None] * along[:, None]).reshape(n_targets, -1).T
    y += 1.5 * y.std(axis=0) * rng.normal(size=y.shape) + 1
    return x / x.std(), whole, y


def timed(call):
    began = time.process_time()
    found = call()
    return time.process_time() - began, found


def solve(whole, y):
    """Solve the normal equations, with a constant."""
    inputs = np.column_stack([whole, np.ones(len(whole))])
    return np.linalg.solve(inputs.T @ inputs, inputs.T @ y)


def solve_ridge(whole, y, strengths):
    """Solve them with a strength for each target."""
    mean, middle = whole.mean(axis=0), y.mean(axis=0)
    power, axes = np.linalg.eigh(whole.T @ whole / len(whole) - np.outer(mean, mean))
    cross = (whole.T @ y - len(whole) * np.outer(mean, middle)) / len(whole)
    along = axes.T @ cross
    return axes @ (along / (power[:, None] + strengths * power.mean()))


def best_of(n, call):
    return min((timed(call) for _ in range(n)), key=lambda each: each[0])


def compare(name, n_targets, string, whole, x, y, n_runs):
    plain, _ = best_of(n_runs, lambda: solve(whole, y))
    ridge, _ = best_of(n_runs, lambda: solve_ridge(whole, y, np.full(y.shape[1], 0.1)))
    ours, found = best_of(n_runs, lambda: nems_dsl.fit(string, x, y, verbose=0))
    print(
        f"{name:28} {n_targets:7,} {plain:8.3f} {ridge:8.3f} {ours:8.3f} {ours / plain:8.1f} "
        f"{ours / ridge:8.1f} {1e3 * ours / n_targets:9.2f}",
        flush=True,
    )
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--targets", type=int, nargs="*", default=[300, 10_000])
    parser.add_argument("--outputs", type=int, nargs="*", default=[50, 200])
    parser.add_argument("--curved", type=int, nargs="*", default=[100])
    parser.add_argument("--bins", type=int, default=N_BINS)
    options = parser.parse_args(arguments)
    n_bins = options.bins
    print(describe_machine())
    print(f"{n_bins:,} bins, {N_CHANNELS} channels, {N_LAGS} lags; CPU seconds")
    print(f"{'':28} targets    NumPy    ridge     ours of NumPy of ridge  ms a target", flush=True)
    with threadpool_limits(1):
        nems_dsl.fit(
            "fir.18x15-lvl.1", *(each[:2000, :20] for each in simulate(20, n_bins)[::2]), verbose=0
        )
        for n in options.targets:
            x, whole, y = simulate(n, n_bins)
            n_runs = 3 if n <= 1000 else 1
            found = compare("fir.18x15-lvl.1", n, "fir.18x15-lvl.1", whole, x, y, n_runs)
            spent, _ = timed(lambda found=found: [found[k].results for k in range(10)])
            alone, _ = timed(
                lambda x=x, y=y: [
                    nems_dsl.fit("fir.18x15-lvl.1", x, y[:, k], verbose=0) for k in range(10)
                ]
            )
            print(
                f"  results, errors and warnings of one, when asked for: {spent / 10:.3f}; "
                f"a fit of one alone: {alone / 10:.3f}"
            )
        for n in options.outputs:
            x, whole, y = simulate(n, n_bins)
            nems_dsl.fit("fir.18x15xR-lvl.R", x[:2000], y[:2000], verbose=0)
            compare("fir.18x15xR-lvl.R", n, "fir.18x15xR-lvl.R", whole, x, y, 3)
        for n in options.curved:
            compare_curved(n)


def compare_curved(n_targets, string="wc.18x4-fir.4x15-dexp.1", n_alone=10):
    x, _, y = simulate(n_targets)
    y, n_alone = np.maximum(y, 0), min(n_alone, n_targets)
    nems_dsl.fit(string, x, y[:, 0], verbose=0)
    ours, _ = timed(lambda: nems_dsl.fit(string, x, y, verbose=0))
    alone, _ = timed(lambda: [nems_dsl.fit(string, x, y[:, k], verbose=0) for k in range(n_alone)])
    print(
        f"{string:28} {n_targets:7,}  together {ours / n_targets:.3f} s a target, "
        f"alone {alone / n_alone:.3f}"
    )


@pytest.mark.slow
def test_benchmark_runs(capsys):
    main(["--targets", "12", "--outputs", "2", "--curved", "--bins", "600"])
    out = capsys.readouterr().out
    assert "fir.18x15-lvl.1" in out and "of one" in out


if __name__ == "__main__":
    main()
