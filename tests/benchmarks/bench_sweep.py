"""How long a sweep of 1,050 fits takes on two cores, and how much of that is spent in fits.

    python -m tests.benchmarks.bench_sweep
    python -m tests.benchmarks.bench_sweep --ranks 2 --taps 15 --workers 1

The models are `wc.18x{r}-fir.{r}x{taps}-{nl}.1` for r from 1 to 6, 10 to 30 taps and five
nonlinearities, each fitted to the seven channels of ten excerpts of speech, of which the last two
are held out. The share of fits is the sum of their wall times over that of all workers, from the
start of the sweep to its end, the start of the workers included.
"""

import argparse
import tempfile
import time
from pathlib import Path

import pytest

from tests.benchmarks import speech

NONLINEARITIES = "lvl,dexp,relu.s,sig.s.o.g,srelu.s.o.g"
RANKS, TAPS = (1, 2, 3, 4, 5, 6), (10, 15, 20, 25, 30)


def join(values):
    return ",".join(map(str, values))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, nargs="+", default=RANKS)
    parser.add_argument("--taps", type=int, nargs="+", default=TAPS)
    parser.add_argument("--nonlinearities", default=NONLINEARITIES)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--store", type=Path, help="keep the results there")
    arguments = parser.parse_args(arguments)

    from nems_dsl.sweeps.results.stored_results import open_results
    from nems_dsl.sweeps.running.jobs import Recipe
    from nems_dsl.sweeps.running.limits import Limits
    from nems_dsl.sweeps.running.sweeping import run_sweep

    pattern = (
        f"wc.18x{{r={join(arguments.ranks)}}}-fir.{{r}}x{{taps={join(arguments.taps)}}}-"
        f"{{nl={arguments.nonlinearities}}}.1"
    )
    data = {"speech": speech.load(speech.N_TRIALS)}
    with tempfile.TemporaryDirectory() as folder:
        store = arguments.store or Path(folder) / "results.db"
        began = time.perf_counter()
        done, _ = run_sweep(
            pattern, data, store, None, Recipe(), Limits(), n_workers=arguments.workers
        )
        seconds = time.perf_counter() - began
        results = open_results(store)
        print(pattern)
        print(done.summary())
        table = results.to_pandas(["seconds", "iterations", "converged", "nl", "r", "taps"])
        print(f"{seconds:8.1f} s in all, {arguments.workers} workers")
        share = done.fit_seconds / (arguments.workers * seconds)
        print(f"{share:8.1%} of it in fits")
        print(
            f"{table.seconds.mean():8.3f} s for a fit, {table.seconds.max():.2f} s for the longest"
        )
        print(f"{table.converged.mean():8.1%} converged")
        print(table.groupby("nl")[["seconds", "iterations"]].mean().round(3).to_string())
        print(table.groupby("r")[["seconds", "iterations"]].mean().round(3).to_string())
        print(results.best(n=3).to_string(index=False))


@pytest.mark.slow
def test_benchmark_runs(capsys):
    if not speech.PATH.exists():
        pytest.skip("needs the shared recordings")
    few = ["--ranks", "1", "--taps", "10", "--nonlinearities", "lvl", "--workers", "1"]
    main(few)
    assert "7 jobs done, 0 failed" in capsys.readouterr().out


if __name__ == "__main__":
    main()
