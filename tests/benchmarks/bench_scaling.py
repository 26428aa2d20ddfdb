"""What loss and gradient cost against bins, output channels and precision, and their peak memory.

    python tests/benchmarks/bench_scaling.py
    python tests/benchmarks/bench_scaling.py --bins 10000 1000000 10000000
    python tests/benchmarks/bench_scaling.py --only memory --memory-bins 1000000

One thread. Times are medians of calls of `Objective.value_and_grad`, all sizes in turn. Memory is
that of a process of its own, as Linux records it: the most it held while the objective was made,
and while gradients were found, beyond what it held before, when the user's arrays were in place
and everything was compiled. It is given in copies of the widest signal, of the objective's
precision, which the user's arrays have as well.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
if __name__ == "__main__":
    os.environ.update(dict.fromkeys(THREADS, "1"))

# Libraries read the number of threads when they are imported.
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from nems_dsl import Model, Objective  # noqa: E402

MODELS = {
    "thin": "wc.18x4-fir.4x15-dexp.1",
    "wide": "wc.18x10-fir.10x15x50-dexp.50",
    "full": "fir.18x25-dexp.1",
    "cnn": "wc.18x1x70-fir.1x15x70-relu.70-wc.70x1x80-fir.1x10x80-relu.80-wc.80x100-relu.100-"
    "wc.100x50-dexp.50",
}
WIDEST = {"thin": 18, "wide": 50, "full": 18, "cnn": 100}
CHANNELS = (1, 2, 5, 10, 20, 50, 100)
N_CHANNELS = 18
DTYPES = ("float64", "float32")
# a turn of one size takes about so many seconds
TURN = 0.05


def simulate(string, n_bins, dtype="float64"):
    """The user's arrays, made without any others beside them."""
    generator = np.random.default_rng(0)
    n_outputs = Model(string).predict(np.zeros((1, N_CHANNELS))).shape[1]
    x, y = np.empty((n_bins, N_CHANNELS), dtype), np.empty((n_bins, n_outputs), dtype)
    for array in (x, y):
        for start in range(0, n_bins, 1000):
            part = array[start : start + 1000]
            part[:] = generator.random(part.shape)
    return x, y


def run_of(string, n_bins, dtype):
    x, y = simulate(string, n_bins)
    objective = Objective(Model(string), x, y, dtype=dtype)
    theta = objective.theta0
    return lambda: objective.value_and_grad(theta)


def medians(runs, repeats):
    """Seconds per call; each repeat takes all in turn."""
    seconds = {name: [] for name in runs}
    n_calls = {}
    for name, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        n_calls[name] = int(np.clip(TURN / (time.perf_counter() - start), 1, 20))
    for _ in range(repeats):
        for name, run in runs.items():
            for _ in range(n_calls[name]):
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}


def against_bins(string, bins, repeats):
    """Nanoseconds for a bin, by number of bins and precision."""
    print(f"against bins: {string}\n  {'bins':>12s}  float64 ns/bin  float32 ns/bin   ratio")
    runs = {(n, dtype): run_of(string, n, dtype) for n in bins for dtype in DTYPES}
    taken = medians(runs, repeats)
    for n in bins:
        double, single = (1e9 * taken[n, dtype] / n for dtype in DTYPES)
        print(f"  {n:12,d} {double:15.2f} {single:15.2f} {double / single:7.2f}")


def against_channels(n_bins, repeats):
    """Time by number of output channels."""
    strings = {n: f"wc.18x4-fir.4x15x{n}-dexp.{n}" for n in CHANNELS}
    taken = medians({n: run_of(s, n_bins, "float64") for n, s in strings.items()}, repeats)
    print(f"against output channels: wc.18x4-fir.4x15xR-dexp.R, {n_bins:,} bins")
    for n, seconds in taken.items():
        print(f"  {n:4d} {1e3 * seconds:9.3f} ms {1e6 * seconds / n:9.1f} us for each")


# ---- memory --------------------------------------------------------------------------------------


def held(what):
    """Bytes that this process holds (VmRSS), or held at most since `forget` (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return 1024 * int(line.split()[1])
    raise OSError(f"this system does not say {what}")


def forget():
    """Begin the record of the most that was held afresh, without imports and compilation."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_of(name, n_bins, dtype):
    """Bytes that a process holds at most, beyond what it held before; run in one of its own."""
    run_of(MODELS[name], 3000, dtype)()
    x, y = simulate(MODELS[name], n_bins, dtype)
    forget()
    before = held("VmRSS")
    objective = Objective(Model(MODELS[name]), x, y, dtype=dtype)
    made = held("VmHWM") - before
    forget()
    for _ in range(2):
        objective.value_and_grad(objective.theta0)
    return made, held("VmHWM") - before, x.nbytes + y.nbytes


def memory(names, n_bins):
    """Peak memory of an objective and its gradients, in copies of the widest signal."""
    print(f"peak memory at {n_bins:,} bins, in copies of the widest signal")
    folder = Path(__file__).parents[2]
    for name in names:
        for dtype in DTYPES:
            command = [sys.executable, __file__, "--peak", name, dtype, str(n_bins)]
            environment = {**os.environ, "PYTHONPATH": str(folder)}
            out = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            )
            made, most, given = map(int, out.stdout.split())
            size = WIDEST[name] * n_bins * np.dtype(dtype).itemsize
            print(
                f"  {name:5s} {dtype}  widest {size / 1e6:7.1f} MB: user's arrays "
                f"{given / size:5.2f}, making the objective {made / size:5.2f}, gradients "
                f"{most / size:5.2f}; at most {(max(made, most) + given) / size:5.2f} copies"
            )


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=["bins", "channels", "memory"])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--bins", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--channel-bins", type=int, default=10_000)
    parser.add_argument("--memory-bins", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.peak:
        name, dtype, n_bins = options.peak
        print(*peak_of(name, int(n_bins), dtype))
        return
    if options.only in (None, "bins"):
        for name in options.models:
            # beyond a million bins the wide ones would not fit the memory of a small machine
            bins = [n for n in options.bins if WIDEST[name] <= N_CHANNELS or n <= 100_000]
            against_bins(MODELS[name], bins or options.bins[:1], options.repeats)
    if options.only in (None, "channels"):
        against_channels(options.channel_bins, options.repeats)
    if options.only in (None, "memory"):
        memory(options.models, options.memory_bins)


@pytest.mark.slow
def test_benchmark_runs(capsys):
    main(["--only", "bins", "--models", "thin", "--bins", "50", "--repeats", "1"])
    main(["--only", "memory", "--models", "thin", "--memory-bins", "2000"])
    out = capsys.readouterr().out
    assert "against bins" in out and "copies" in out


@pytest.mark.slow
def test_benchmark_runs_against_channels(capsys):
    main(["--only", "channels", "--channel-bins", "50", "--repeats", "1"])
    assert "against output channels" in capsys.readouterr().out


if __name__ == "__main__":
    main()
