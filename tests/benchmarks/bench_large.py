"""How fits predict where channels x lags are more than a covariance is held of.

    python -m tests.benchmarks.bench_large            # around the limit, and above it
    python -m tests.benchmarks.bench_large --wide     # 1,000 channels x 100 lags: quality, memory

Simulated cells, of a receptive field of rank 1 or of the sum of two, behind a double exponential,
with noise of twice the power of the signal. r is that of the prediction with the response without
noise, on bins that the fit has not seen. Each stimulus is fitted with fewer lags than the limit
allows, and with more.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.datasets import simulate
from nems_dsl.fitting.starts.from_data import MOST_INPUTS

# channels, bins, lags of the truth, lags of the models
CELLS = [
    (64, 6000, 46, (46, 50)),
    (128, 6000, 23, (23, 24)),
    (100, 3000, 29, (29, 31)),
    (100, 12000, 29, (29, 40)),
    (128, 12000, 23, (23, 50)),
]
N_TEST, SNR = 4000, 0.5
WIDE = (1000, 20000, 100)


class Cell(NamedTuple):
    """Data to fit, and a stimulus with the response to it that has no noise."""

    x: np.ndarray
    y: np.ndarray
    new: np.ndarray
    truth: np.ndarray


def make_cell(n_channels, n_bins, n_taps, rank, seed):
    """Simulate a cell whose receptive field is a sum of so many products."""
    made = simulate(
        n_times=n_bins + N_TEST, n_channels=n_channels, n_taps=n_taps, n_outputs=rank, seed=seed
    )
    drives = [
        np.convolve(made.stim @ weights, taps)[: len(made.stim)]
        for weights, taps in zip(made.weights.T, made.filters.T, strict=True)
    ]
    drive = sum(drive / drive.std() for drive in drives)
    clean = np.exp(-np.exp(-(drive - drive.mean()) / drive.std()))
    rng = np.random.default_rng(seed + 999)
    noisy = clean + clean.std() / np.sqrt(SNR) * rng.standard_normal(len(clean))
    return Cell(made.stim[:n_bins], noisy[:n_bins], made.stim[n_bins:], clean[n_bins:])


def fit_cell(model, cell, n_lags):
    """Fit, and give r with the truth, the results, and the seconds."""
    began = time.perf_counter()
    fitted = model.fit(cell.x, cell.y, verbose=0, shrinkage="none")
    seconds = time.perf_counter() - began
    predicted = fitted.predict(cell.new)[:, 0]
    return np.corrcoef(predicted[n_lags:], cell.truth[n_lags:])[0, 1], fitted.results, seconds


def around_the_limit(cells, n_seeds, ranks=(1, 2), ends=("dexp", "lvl")):
    print(
        f"{'model':32s}{'bins':>7s}{'inputs':>8s}  {'r, seed by seed':24s}{'mean r':>7s}{'s':>7s}"
    )
    for n_channels, n_bins, n_taps, all_lags in cells:
        for rank in ranks:
            data = [make_cell(n_channels, n_bins, n_taps, rank, seed) for seed in range(n_seeds)]
            for end in ends:
                for n_lags in all_lags:
                    string = f"wc.{n_channels}x{rank}-fir.{rank}x{n_lags}-{end}.1"
                    found = [fit_cell(Model(string), cell, n_lags) for cell in data]
                    scores = [r for r, _, _ in found]
                    n_inputs = n_channels * n_lags
                    mark = "*" if n_inputs > MOST_INPUTS else " "
                    print(
                        f"{string:32s}{n_bins:7d}{n_inputs:7d}{mark}"
                        f"  {' '.join(f'{r:.3f}' for r in scores):24s}{np.mean(scores):7.3f}"
                        f"{np.median([s for _, _, s in found]):7.1f}",
                        flush=True,
                    )
    print("* above the limit")


def wide(n_channels, n_bins, n_lags):
    """Fit a wide stimulus, from its data and from the truth, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/cell.npz"
        # what simulating takes is not to count
        for what in ("simulate", "data", "truth"):
            command = [sys.executable, "-m", "tests.benchmarks.bench_large", "--part", what, file]
            sizes = [str(each) for each in (n_channels, n_bins, n_lags)]
            subprocess.run([*command, *sizes], check=True)


def part(what, file, n_channels, n_bins, n_lags):
    """Simulate a cell into a file; or fit the one that is there, and tell the memory it takes."""
    if what == "simulate":
        np.savez(file, **make_cell(n_channels, n_bins, n_lags, 1, 0)._asdict())
        return
    with np.load(file) as stored:
        cell = Cell(**stored)
    before, model = _resident(), Model(f"wc.{n_channels}x1-fir.1x{n_lags}-dexp.1")
    if what == "truth":
        made = simulate(n_times=n_bins + N_TEST, n_channels=n_channels, n_taps=n_lags, seed=0)
        drive = np.convolve(made.stim @ made.weights[:, 0], made.filters[:, 0])[: len(made.stim)]
        tail = {"base": [0], "amplitude": [1], "shift": [-drive.mean()]}
        tail["kappa"] = [-np.log(drive.std())]
        front = ({"coefficients": made.weights}, {"coefficients": made.filters.T})
        model.set_parameter_values(dict(enumerate((*front, tail))))
    r, results, seconds = fit_cell(model, cell, n_lags)
    memory = f", memory {before:.2f} GB before the fit, {_resident():.2f} GB at most"
    print(
        f"{model.string}, {n_bins} bins of {cell.x.nbytes / 1e9:.2f} GB, from {what}: r {r:.3f}, "
        f"loss {results.loss:.4f}, {seconds:.0f} s{memory if what == 'data' else ''}",
        flush=True,
    )


def _resident():
    """Give the most that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--part", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.part:
        what, file, *sizes = options.part
        part(what, file, *map(int, sizes))
    elif options.wide:
        wide(*WIDE)
    else:
        around_the_limit(CELLS, options.seeds)


@pytest.mark.slow
def test_benchmark_runs(capsys, tmp_path):
    around_the_limit([(64, 2000, 46, (46, 50))], 1, ranks=[1], ends=["lvl"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wc.")]
    assert len(rows) == 2 and ["*" in row for row in rows] == [False, True]
    # without the start that is derived from data they are 0
    assert all(float(row.split()[-2]) > 0.3 for row in rows)
    file = str(tmp_path / "cell.npz")
    for what in ("simulate", "data", "truth"):
        main(["--part", what, file, "4", "500", "3"])
    assert capsys.readouterr().out.count("wc.4x1-fir.1x3-dexp.1, 500 bins") == 2


if __name__ == "__main__":
    main()
