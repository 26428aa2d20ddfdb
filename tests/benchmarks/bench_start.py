"""Time what comes before a fit: importing, and compiling on a cold and on a warm cache.

    python tests/benchmarks/bench_start.py

Every figure is the median over fresh processes, interleaved; ratios are within one run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

FIT = """
import time, numpy as np
rng = np.random.default_rng(0)
x, y = rng.random((10_000, 18)), rng.random(10_000)
began = time.perf_counter()
from nems_dsl import fit
fit("wc.18x4-fir.4x15-dexp.1", x, y, verbose=0, max_iterations=20)
print(time.perf_counter() - began)
"""
IMPORTS = {
    "import numpy": "import numpy",
    "import nems_dsl": "import nems_dsl",
    "from nems_dsl import Model": "from nems_dsl import Model",
    "canonical(string)": "import nems_dsl; nems_dsl.canonical('wc.18x4-fir.4x15-dexp.1')",
}


def import_seconds(statement):
    """Seconds of a statement in a fresh process, the interpreter's own start left aside."""
    code = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", code], **RUN).stdout)


def fit_seconds(cache):
    """Seconds of a first fit in a fresh process, imports included."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", FIT], env=environment, **RUN)
    return float(run.stdout)


RUN = {"check": True, "capture_output": True, "text": True}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--no-fits", action="store_true")
    options = parser.parse_args(arguments)
    seconds = {name: [] for name in IMPORTS}
    for _ in range(options.repeats):
        for name, statement in IMPORTS.items():
            seconds[name].append(import_seconds(statement))
    numpy = statistics.median(seconds["import numpy"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:28s}{1e3 * median:9.1f} ms {median / numpy:7.2f} x import numpy")
    if options.no_fits:
        return
    with tempfile.TemporaryDirectory() as cache:
        cold = fit_seconds(cache)
        warm = statistics.median(fit_seconds(cache) for _ in range(3))
    print(f"{'first fit, cold cache':28s}{cold:9.2f} s")
    print(f"{'first fit, warm cache':28s}{warm:9.2f} s, imports included")


def test_benchmark_runs(capsys):
    began = time.perf_counter()
    main(["--repeats", "1", "--no-fits"])
    assert "import nems_dsl" in capsys.readouterr().out
    assert time.perf_counter() > began


if __name__ == "__main__":
    main()
