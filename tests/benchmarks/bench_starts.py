"""Compare the default fit with the best of many random starts, on speech.

    python -m tests.benchmarks.bench_starts
    python -m tests.benchmarks.bench_starts --models 0 1 --channels 0 3 --starts 5
    python -m tests.benchmarks.bench_starts --hidden lnln bank --seeds 200 201

For each model and channel, random starts are drawn from the priors, and L-BFGS-B runs from each of
them to its end, with the exact gradient. The table gives the best of their losses, that of the
default fit, the difference, how many iterations the default fit took, and how many of them until
it was within 0.1 % of the best. Random starts take most of the time; --keep FILE writes their
losses to a file, and reads those that are there.

With --hidden it is models with a hidden layer, on data simulated from them and on speech, beside
the linear-nonlinear model that each contains; correlations are with the response without noise.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest

from nems_dsl import Model

from . import hidden, speech

WITHIN = 1.001


def random_losses(string, x, y, n_starts, seed):
    """Losses that L-BFGS-B reaches from draws from the priors."""
    found = []
    drawn = Model(string).sample_from_priors(n_starts, seed=seed)
    for start in drawn if n_starts > 1 else [drawn]:
        fitted = start.fit(
            x,
            y,
            init="model",
            optimizer="l-bfgs-b",
            max_iterations=3000,
            verbose=0,
            shrinkage="none",
        )
        found.append(fitted.results.loss)
    return found


def default_fit(string, x, y):
    began = time.perf_counter()
    results = Model(string).fit(x, y, verbose=0, shrinkage="none").results
    return results, time.perf_counter() - began


def compare(string, x, y, best):
    """Give the row of a table."""
    results, seconds = default_fit(string, x, y)
    reached = [n for n, loss in enumerate(results.loss_history) if loss <= best * WITHIN]
    return {
        "best": best,
        "loss": results.loss,
        "excess": results.loss / best - 1,
        "iterations": results.n_iterations,
        "reached": reached[0] if reached else None,
        "seconds": seconds,
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, nargs="+", default=range(len(speech.MODELS)))
    parser.add_argument("--channels", type=int, nargs="+", default=range(speech.N_CHANNELS))
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--bins", type=int, help="of each trial; all by default")
    parser.add_argument("--keep", type=Path, help="file of losses of random starts")
    parser.add_argument(
        "--hidden",
        nargs="*",
        choices=hidden.CASES,
        help="models with a hidden layer; all by default",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=range(200, 205))
    options = parser.parse_args(arguments)
    if options.hidden is not None:
        channels = [channel for channel in options.channels if channel in (0, 2)]
        names = options.hidden or hidden.CASES
        hidden.report(names, options.seeds, channels, options.starts, options.bins or hidden.N_BINS)
        return
    stim, resp = speech.load()
    x = [trial[: options.bins] for trial in stim]
    kept = json.loads(options.keep.read_text()) if options.keep and options.keep.exists() else {}
    rows = []
    for string in (speech.MODELS[number] for number in options.models):
        for channel in options.channels:
            y = [trial[: options.bins, channel : channel + 1] for trial in resp]
            key = f"{string} {channel} {options.starts} {options.bins}"
            if key not in kept:
                kept[key] = random_losses(string, x, y, options.starts, seed=channel)
                if options.keep:
                    options.keep.write_text(json.dumps(kept))
            row = compare(string, x, y, min(kept[key]))
            rows.append(row)
            reached = "never" if row["reached"] is None else row["reached"]
            print(
                f"{string:34s} channel {channel}: best of {options.starts} {row['best']:.5f}, "
                f"default {row['loss']:.5f} ({100 * row['excess']:+.3f} %) after "
                f"{row['iterations']} iterations, within 0.1 % after {reached}; "
                f"{row['seconds']:.2f} s",
                flush=True,
            )
    good = sum(row["excess"] <= WITHIN - 1 for row in rows)
    soon = sum(row["reached"] is not None and row["reached"] <= 30 for row in rows)
    short = sum(row["iterations"] <= 30 for row in rows)
    print(
        f"within 0.1 % of the best in {good} of {len(rows)} cases, after at most 30 iterations in "
        f"{soon}; {short} fits ended within 30 iterations; median "
        f"{np.median([row['iterations'] for row in rows]):.0f}"
    )


def test_benchmark_runs(capsys):
    if not speech.PATH.exists():
        pytest.skip("needs the shared recordings")
    main(["--models", "0", "--channels", "0", "--starts", "1", "--bins", "300"])
    assert "within 0.1 % of the best" in capsys.readouterr().out


@pytest.mark.slow
def test_hidden_layers_run(capsys):
    if not speech.PATH.exists():
        pytest.skip("needs the shared recordings")
    case = ["--hidden", "bank", "--seeds", "200", "--channels", "1"]
    main([*case, "--starts", "1", "--bins", "600"])
    assert "default not above LN in 1 of 1" in capsys.readouterr().out


if __name__ == "__main__":
    main()
