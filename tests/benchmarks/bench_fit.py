"""Time whole fits of wc.18x4-fir.4x15-dexp.1: exact gradients against finite differences.

    python tests/benchmarks/bench_fit.py

Both minimise the same loss from the same start by scipy's L-BFGS-B, on one thread, in one process.
The finite differences are scipy's own, of our forward pass, in two settings: as scipy has them,
which ends after 15,000 evaluations; and with that limit lifted, so that they end by themselves.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.optimize import minimize

from nems_dsl import Model, Objective
from nems_dsl.datasets import load_speech, simulate

STRING = "wc.18x4-fir.4x15-dexp.1"


def data_sets(n_bins):
    """Name to stimulus and response of `n_bins` samples: simulated, and speech."""
    simulated = simulate(n_times=n_bins, seed=1)
    speech = load_speech()
    x, y = np.concatenate(speech.stim)[:n_bins], np.concatenate(speech.resp)[:n_bins]
    found = {"simulated": (simulated.stim, simulated.resp)}
    return found | {f"speech, channel {c}": (x, y[:, c : c + 1]) for c in (0, 3)}


def exact_fit(x, y, **arguments):
    """Give seconds and loss of a whole fit, from the string on."""
    began = time.perf_counter()
    fitted = Model(STRING).fit(x, y, verbose=0, **arguments)
    return time.perf_counter() - began, fitted.results.loss, fitted.results.n_evaluations


def difference_fit(x, y, **options):
    """Give seconds and loss of a fit by scipy's finite differences."""
    objective = Objective(Model(STRING), x, y)
    objective.value(objective.theta0)
    began = time.perf_counter()
    found = minimize(
        objective.value,
        objective.theta0,
        method="L-BFGS-B",
        bounds=np.column_stack(objective.bounds),
        options=options,
    )
    return time.perf_counter() - began, float(found.fun), int(found.nfev)


def exact_time_to(target, x, y):
    """Give the seconds that the exact fit takes to a loss at or below `target`."""

    class Reached(Exception):
        pass

    began = time.perf_counter()

    def watch(iteration, loss):
        if loss <= target:
            raise Reached

    try:
        Model(STRING).fit(x, y, verbose=0, tolerance=1e-12, max_iterations=20_000, callback=watch)
    except Reached:
        return time.perf_counter() - began
    return float("nan")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bins", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7, help="of the exact fits; medians")
    parser.add_argument("--limit", type=int, default=15_000, help="scipy's own limit")
    parser.add_argument("--no-unlimited", action="store_true")
    options = parser.parse_args(arguments)
    exact_fit(*next(iter(data_sets(options.bins).values())))
    for name, (x, y) in data_sets(options.bins).items():
        print(f"{name}, {options.bins:,} samples")
        runs = [exact_fit(x, y) for _ in range(options.repeats)]
        seconds, loss = float(np.median([run[0] for run in runs])), runs[0][1]
        print(f"  exact gradient, defaults     {seconds:8.4f} s, loss {loss:.6f}")
        settings = [{"maxfun": options.limit}]
        if not options.no_unlimited:
            settings.append({"maxfun": 10**9, "maxiter": 10**9})
        for setting in settings:
            slow, slow_loss, n = difference_fit(x, y, **setting)
            times = [exact_time_to(slow_loss, x, y) for _ in range(options.repeats)]
            print(
                f"  finite differences           {slow:8.4f} s, loss {slow_loss:.6f} after {n:,} "
                f"evaluations: {slow / seconds:.0f} times the whole fit; exact gradients reach "
                f"that loss in {np.median(times):.4f} s, {slow / np.median(times):.0f} times faster"
            )


def test_benchmark_runs(capsys):
    main(["--bins", "500", "--repeats", "1", "--limit", "300", "--no-unlimited"])
    assert "finite differences" in capsys.readouterr().out


if __name__ == "__main__":
    main()
