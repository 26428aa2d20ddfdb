"""The first fit on a new machine, and the first of each later process, in seconds.

    python -m tests.benchmarks.bench_first
    python -m tests.benchmarks.bench_first "fir.18x15-dexp.1" --cores 1

Each fit is a process of its own, with a cache of compiled code that is empty at first. The time of
the process counts, with imports; beside it is what it waits for compiled code, and the fit itself.
A plain process that imports NumPy and SciPy is there for comparison.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

STRINGS = ("wc.18x4-fir.4x15-dexp.1", "fir.18x15-dexp.1", "wc.18x2.g-stp.2-fir.2x15-dexp.1")
FIT = """
import nems_dsl
from nems_dsl.datasets import load_speech
speech = load_speech()
results = nems_dsl.fit({string!r}, speech.stim[0], speech.resp[0][:, 0], verbose=0).results
from nems_dsl.kernels.ahead import CLOCK
print(results.seconds, results.compile_seconds, CLOCK.n)
"""


def run(code, folder, cores):
    # as an installed package has it, whose modules are bytecode on disk
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began, used = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"NUMBA_CACHE_DIR": folder},
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=None if cores is None else lambda: os.sched_setaffinity(0, range(cores)),
    )
    wall, now = time.perf_counter() - began, os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return wall, cpu, [float(each) for each in done.stdout.split()]


def measure(string, cores=None):
    """Give wall and CPU seconds, and what the process tells, of the first and the second fit."""
    with tempfile.TemporaryDirectory() as folder:
        return [run(FIT.format(string=string), folder, cores) for _ in range(2)]


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("strings", nargs="*", default=STRINGS)
    parser.add_argument("--cores", type=int)
    options = parser.parse_args(arguments)
    wall, cpu, _ = run("import numpy, scipy.linalg, scipy.optimize", "/", options.cores)
    print(f"{'':36} {'wall':>5} {'CPU':>5} {'fit':>5} {'compiling':>9}  functions")
    print(f"{'imports of NumPy and SciPy':36} {wall:5.1f} {cpu:5.1f}")
    for string in options.strings:
        for which, (wall, cpu, told) in zip(
            ("first", "later"), measure(string, options.cores), strict=True
        ):
            fit, compiling, n = told
            print(
                f"{which} {string:30} {wall:5.1f} {cpu:5.1f} {fit:5.2f} {compiling:9.1f} {n:10.0f}",
                flush=True,
            )


def test_a_process_tells_its_times():
    wall, cpu, told = run("print(1, 2, 3)", "/", None)
    assert wall > 0 and cpu > 0 and told == [1, 2, 3]


if __name__ == "__main__":
    main()
