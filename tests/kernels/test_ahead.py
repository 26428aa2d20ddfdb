"""What is going to be called is compiled first, by several processes, and nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from numba import njit

from nems_dsl.kernels import ahead
from nems_dsl.kernels.ahead import CLOCK, compile_all, load, trying_out


def make():
    @njit
    def add(x, y):
        for i in range(x.size):
            y[i] += x[i]

    return add


def test_trying_out_does_nothing_and_tells_what_is_missing():
    add, x, y = make(), np.ones(3), np.zeros(3)
    with trying_out() as wanted:
        add(x, y)
        add(x.astype(np.float32), y)
        add(x, y)
    assert not y.any() and not add.signatures
    assert [each.function for each in wanted] == [add] * 3
    missing = load(wanted)
    assert len(missing) == 2
    before, n = CLOCK.seconds, []
    compile_all(missing, 1, lambda: n.append(1))
    assert len(n) == len(add.signatures) == 2 and CLOCK.seconds > before
    with trying_out() as wanted:
        add(x, y)
    assert not wanted and y.all()
    assert not load(missing)


def test_other_threads_go_on_while_one_tries_out():
    add, x, y = make(), np.ones(3), np.zeros(3)
    with trying_out() as wanted:
        thread = threading.Thread(target=add, args=(x, y))
        thread.start()
        thread.join()
    assert not wanted and y.all()


def test_a_program_of_its_own_is_not_begun_anew(monkeypatch):
    def start(folder):
        raise AssertionError("no other process")

    wanted = []
    for add in (make(), make(), make(), make()):
        with trying_out() as found:
            add(np.ones(2), np.ones(2))
        wanted += found
    monkeypatch.setattr(ahead, "_start", start)
    monkeypatch.setattr(ahead, "_is_importable", lambda function: True)
    with pytest.raises(AssertionError, match="no other"):
        compile_all(wanted, 2)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    compile_all(wanted, 2)
    assert all(each.function.signatures for each in wanted)


FIT = """
import json, sys
import numpy as np
from numba.core import event

class Count(event.Listener):
    n = 0
    def on_start(self, event): self.n += 1
    def on_end(self, event): pass

count = Count()
event.register("numba:compile", count)
if {alone}:
    import nems_dsl.fitting.compiling as compiling
    compiling.usable_cores = lambda: 1
import nems_dsl
from nems_dsl.cli.demo import STRING
from nems_dsl.datasets import load_speech
speech = load_speech()
fitted = nems_dsl.fit(STRING, speech.stim[0], speech.resp[0][:, 0], verbose=0)
print(json.dumps([count.n, fitted.results.compile_seconds, fitted.results.loss]))
"""


def fit(folder, alone):
    done = subprocess.run(
        [sys.executable, "-c", FIT.format(alone=alone)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# functions that the demo's fit compiles in a fresh cache, by one process; a new user waits for each
MOST = 55


@pytest.mark.slow
def test_compilations_of_the_demo(tmp_path):
    n, seconds, loss = fit(tmp_path / "alone", alone=True)
    assert 0 < n <= MOST, "see docs/performance.md, 'The first minute'"
    assert seconds > 0
    again, none, same = fit(tmp_path / "alone", alone=True)
    assert again == 0 and none < 0.1 and same == loss
    shared, _, same = fit(tmp_path / "shared", alone=False)
    assert shared <= n and same == loss
    assert fit(tmp_path / "shared", alone=True)[0] == 0
