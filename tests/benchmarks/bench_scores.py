"""Cross-validated correlations on known answers: responses to nothing, and weak effects.

    python -m tests.benchmarks.bench_scores
    python -m tests.benchmarks.bench_scores --simulations 100 --folds 5 --method kfold

A response of 700 bins, white or an autoregression with coefficient .95, has nothing to do with a
white stimulus of two channels, or correlates with what a filter makes of it (--effects). Blocks of
time are held out. For each string a row gives, over simulations: the mean score, its standard
deviation, the mean standard error, and the shares of scores more than two of them below and above
the truth, which is 0 for no effect and the mean score otherwise; and how many are above 0 by more
than two. At the end of a row stands the mean correlation of stitched predictions.
"""

import argparse
import os
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.signal import lfilter

from nems_dsl import cross_validate
from nems_dsl.metrics import correlation

STRINGS = ("fir.2x5-lvl.1", "fir.2x5.l21-lvl.1", "fir.2x5.l21e2-lvl.1")
RESPONSES = {"white": 0.0, "slow": 0.95}
N_BINS = 700
FILTER = np.array([[0.0, 0.5, 1.0, 0.5, 0.2], [0.0, -0.2, -0.5, 0.0, 0.0]])


def simulate(memory, effect, seed):
    """Give a white stimulus, and a response of which it explains the share `effect` squared."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N_BINS, 2))
    drive = sum(np.convolve(x[:, c], FILTER[c])[:N_BINS] for c in range(2))
    noise = rng.standard_normal(N_BINS + 400)
    noise = lfilter([np.sqrt(1 - memory**2)], [1, -memory], noise)[400:]
    scale = effect / np.sqrt(np.sum(FILTER**2))
    return x, scale * drive + np.sqrt(1 - effect**2) * noise


def measure(string, memory, effect, n_simulations, **arguments):
    """Give scores, their errors, and scores of stitched predictions, (simulations, 3)."""
    found = []
    for seed in range(n_simulations):
        x, y = simulate(memory, effect, seed)
        with warnings.catch_warnings():
            # of what is said of fits to nothing there is one for each
            warnings.simplefilter("ignore")
            result = cross_validate(string, x, y, by="time", **arguments)
        stitched = correlation(result.prediction[:, 0], y)
        found.append((result.score, result.standard_error, stitched))
    return np.array(found)


def summarise(found, effect):
    """Give the columns of a row; a model that predicts a constant has no score."""
    n_none = int(np.isnan(found[:, 0]).sum())
    score, error, stitched = found[~np.isnan(found[:, 0])].T
    truth = score.mean() if effect else 0.0
    return {
        "mean": score.mean(),
        "sd": score.std(ddof=1),
        "se": np.sqrt(np.mean(error**2)),
        "below": np.mean(score - truth < -2 * error),
        "above": np.mean(score - truth > 2 * error),
        "found": np.mean(score > 2 * error),
        "stitched": stitched.mean(),
        "none": n_none,
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--method", default="pooled")
    parser.add_argument("--strings", nargs="+", default=STRINGS)
    parser.add_argument("--effects", type=float, nargs="+", default=(0.0, 0.2))
    options = parser.parse_args(arguments)
    names = ("mean", "sd", "se", "below", "above", "found", "stitched", "none")
    print(f"{'effect':6s} {'response':8s} {'string':22s}" + "".join(f"{n:>10}" for n in names))
    for effect in options.effects:
        for response, memory in RESPONSES.items():
            for string in options.strings:
                found = measure(
                    string, memory, effect, options.simulations,
                    n_folds=options.folds, method=options.method,
                )  # fmt: skip
                row = summarise(found, effect)
                cells = "".join(f"{row[n]:10.3f}" for n in names[:-1])
                print(
                    f"{effect:6.2f} {response:8s} {string:22s}{cells}{row['none']:10d}", flush=True
                )


def test_benchmark_runs(capsys):
    main(["--simulations", "2", "--folds", "3", "--strings", "fir.2x2", "--effects", "0.5"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[1].split()[:3] == ["0.50", "white", "fir.2x2"]


if __name__ == "__main__":
    main()
