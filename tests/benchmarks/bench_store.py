"""Time the store of a sweep: making a million rows, and the questions that are asked of them.

    python tests/benchmarks/bench_store.py

The rows are of as many models as neurons, in the order that a sweep finishes them. With --models,
each comes with a fitted model of wc.18x4-fir.4x15-dexp.1, which is kept beside the rows.
"""

import argparse
import json
import os
import tempfile
import time
import tracemalloc
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from nems_dsl import Model
from nems_dsl.models.saving import to_dict
from nems_dsl.sweeps.results.results import open_results
from nems_dsl.sweeps.store.rows import JobRow, identity_of
from nems_dsl.sweeps.store.store import Store

RECIPE = '{"loss": "nmse", "test": 0.2}'
STRING = "wc.18x4-fir.4x15-dexp.1"
BATCH = 1000


def make_rows(n_rows, with_models):
    """Rows of jobs, one at a time."""
    rng = np.random.default_rng(0)
    side = round(n_rows**0.5)
    fitted = json.dumps(to_dict(Model(STRING).sample_from_priors(seed=0))) if with_models else None
    quality = rng.normal(0, 0.02, side)
    for number in range(n_rows):
        neuron, taps = divmod(number, side)
        canonical = f"wc.18x4-fir.4x{taps + 1}-dexp.1"
        r = 0.4 + 0.1 * np.sin(neuron) + quality[taps] + rng.normal(0, 0.05)
        yield JobRow(
            identity=identity_of(canonical, f"{neuron:032x}", RECIPE, 0, -1),
            string=canonical, canonical=canonical, model_id=f"{taps:012x}",
            dataset=f"TAR{neuron:04d}a", data_digest=f"{neuron:032x}", recipe=RECIPE, channel=0,
            variables={"taps": taps + 1}, n_parameters=76 + 4 * taps, r_fit=r + 0.05, se_fit=0.01,
            r_test=r, se_test=0.02, loss=1 - r**2, loss_name="nmse", iterations=60,
            evaluations=75, seconds=0.8, converged=True, optimizer="lbfgsb",
            versions={"nems_dsl": "0.1.0", "numpy": np.__version__}, model=fitted,
        )  # fmt: skip


def fill(path, n_rows, with_models):
    """Store the rows in batches; print how long it took."""
    began, making = time.perf_counter(), 0.0
    with Store.open(path) as store:
        rows = make_rows(n_rows, with_models)
        while True:
            start = time.perf_counter()
            batch = [row for _, row in zip(range(BATCH), rows, strict=False)]
            making += time.perf_counter() - start
            if not batch:
                break
            store.add(batch)
    seconds = time.perf_counter() - began - making
    size = path.stat().st_size / 1e6
    print(f"{'add':28}{seconds:8.2f} s   {n_rows / seconds:,.0f} rows/s, {size:,.0f} MB")


def ask(name, question, repeats):
    """Print the shortest time that a question took, and the memory that it needed."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        answer = question()
        times.append(time.perf_counter() - began)
    tracemalloc.start()
    question()
    memory = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    print(f"{name:28}{min(times):8.2f} s   {memory:,.0f} MB at most, gives {answer.shape}")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--models", action="store_true", help="store fitted models too")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--file", type=Path, help="keep the store here; use it if it exists")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or Path(folder) / "results.db"
        if not path.exists():
            fill(path, given.rows, given.models)
        results = open_results(path)
        questions = {
            "best()": lambda: results.best(),
            "best(by='dataset')": lambda: results.best(by="dataset"),
            "pivot('r_test')": lambda: results.pivot("r_test"),
            "pivot('loss')": lambda: results.pivot("loss"),
            "to_pandas(three columns)": lambda: results.to_pandas(["dataset", "taps", "r_test"]),
            "to_pandas()": lambda: results.to_pandas(),
        }
        for name, question in questions.items():
            ask(name, question, given.repeats)


def test_benchmark_runs(capsys):
    main(["--rows", "2000", "--repeats", "1"])
    assert "best()" in capsys.readouterr().out


if __name__ == "__main__":
    main()
