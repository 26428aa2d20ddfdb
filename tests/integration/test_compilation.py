"""Compiled code is kept: a warm cache compiles nothing, in any number of processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = """
import sys
import numpy as np
from numba.core import event

compiled = []

class Listener(event.Listener):
    def on_start(self, event):
        compiled.append(event)
    def on_end(self, event):
        pass

event.register("numba:compile", Listener())
"""

FIT = """
from nems_dsl import fit
rng = np.random.default_rng(0)
x, y = rng.random((5000, 18)), rng.random((5000, 1))
for string in ("wc.18x4-fir.4x15-dexp.1", "wc.18x2.g-stp.2-fir.2x15-relu.1.s"):
    model = fit(string, [x, x[:200]], [y, y[:200]], verbose=0, max_iterations=2)
    model.score(x, y)
print(len(compiled))
"""

COMPILE = """
from nems_dsl import Model
from nems_dsl.models import compile_model
for string in ("wc.18x4-fir.4x15-dexp.1", "wc.18x2.g-stp.2-fir.2x15-relu.1.s"):
    compile_model(Model(string))
print(len(compiled))
"""


def start(code: str, cache: Path | None) -> subprocess.Popen[str]:
    """Run code in a process of its own, which prints how many functions were compiled."""
    environment = dict(os.environ)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    return subprocess.Popen(
        [sys.executable, "-c", COUNT + code], env=environment, stdout=subprocess.PIPE, text=True
    )


def count(process: subprocess.Popen[str]) -> int:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return int(output)


@pytest.mark.slow
def test_one_process_compiles_all_that_a_fit_needs(tmp_path):
    # with a cache of its own: in that of the tests, others may have left what this one forgets
    assert count(start(COMPILE, tmp_path)) > 5
    assert count(start(FIT, tmp_path)) == 0


@pytest.mark.slow
def test_a_warm_cache_compiles_nothing_in_several_processes_at_once():
    count(start(COMPILE, None))
    fits = [start(FIT, None) for _ in range(3)]
    assert [count(process) for process in fits] == [0, 0, 0]


@pytest.mark.slow
def test_nothing_is_compiled_twice_in_one_process():
    before = FIT.replace("print(len(compiled))", "first = len(compiled)")
    after = FIT.replace("print(len(compiled))", "print(len(compiled) - first)")
    process = start(before + after, None)
    assert count(process) == 0
