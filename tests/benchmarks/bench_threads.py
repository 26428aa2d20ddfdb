"""What several cores gain: fits of seven channels at a time, folds at a time, and linear algebra.

    python -m tests.benchmarks.bench_threads
    python -m tests.benchmarks.bench_threads "wc.18x4-fir.4x15-dexp.1" --n-jobs 4

Wall seconds, the best of three, of calls in a process that has fitted the model before; beside them
the processor's seconds of a plain fit, which are more than its wall seconds where threads wait for
each other. The last lines show what it costs that linear algebra has one thread: a linear fit of
many targets, beside NumPy's solution with one thread and with all.
"""

import argparse
import os
import time

import numpy as np
from threadpoolctl import threadpool_limits

import nems_dsl
from nems_dsl._threads import usable_cores

from .bench_targets import simulate, solve
from .machine import describe_machine

STRINGS = ("wc.18x4-fir.4x15-dexp.1", "wc.18x2-fir.2x15-dexp.1", "fir.18x15-relu.1.s.o")


def used():
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def timed(call, n_runs=3):
    """Give the least wall seconds, and the processor's seconds of that run."""
    found = []
    for _ in range(n_runs):
        began, before = time.perf_counter(), used()
        call()
        found.append((time.perf_counter() - began, used() - before))
    return min(found)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("strings", nargs="*", default=STRINGS)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--bins", type=int, default=10_000)
    parser.add_argument("--targets", type=int, default=1000)
    options = parser.parse_args(arguments)
    print(describe_machine())
    x, whole, y = simulate(max(7, options.targets), options.bins)
    seven = np.maximum(y[:, :7], 0)
    print(f"{'':26} one fit   its CPU  seven  {options.n_jobs} jobs  gain  folds  gain")
    for string in options.strings:

        def fit(n, n_jobs=1, string=string):
            nems_dsl.fit(string, x, seven[:, :n], n_jobs=n_jobs, verbose=0)

        def folds(n_jobs, string=string):
            nems_dsl.cross_validate(string, x, seven[:, 0], n_folds=8, n_jobs=n_jobs, verbose=0)

        fit(1)
        wall, cpu = timed(lambda fit=fit: fit(1))
        one, several = (timed(lambda n=n, fit=fit: fit(7, n))[0] for n in (1, options.n_jobs))
        serial, shared = (timed(lambda n=n, run=folds: run(n), 1)[0] for n in (1, options.n_jobs))
        print(
            f"{string:26} {wall:7.2f} {cpu:9.2f} {one:6.2f} {several:7.2f} {one / several:5.2f} "
            f"{serial:6.2f} {serial / shared:5.2f}",
            flush=True,
        )
    linear, _ = timed(lambda: nems_dsl.fit("fir.18x15-lvl.1", x, y, verbose=0))
    solved = []
    for n in (1, usable_cores()):
        with threadpool_limits(n):
            solved.append(timed(lambda: solve(whole, y))[0])
    print(f"fir.18x15-lvl.1, {y.shape[1]:,} targets, {len(x):,} bins: {linear:.2f} s; NumPy with")
    print(f"  one thread {solved[0]:.2f} s, with {usable_cores()} {solved[1]:.2f} s")


def test_benchmark_runs(capsys):
    main(["wc.18x1-lvl.1", "--bins", "400", "--targets", "8", "--n-jobs", "1"])
    out = capsys.readouterr().out
    assert "wc.18x1-lvl.1" in out and "8 targets" in out


if __name__ == "__main__":
    main()
