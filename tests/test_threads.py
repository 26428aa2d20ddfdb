"""Linear algebra has one thread while the package computes, and bits do not depend on how many."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import nems_dsl
from nems_dsl._threads import one_blas_thread


def n_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_what_was_set_comes_back():
    with threadpool_limits(limits=2, user_api="blas"):
        before = n_threads()
        with one_blas_thread():
            with one_blas_thread():
                assert n_threads() == {1}
            assert n_threads() == {1}
        assert n_threads() == before
        with pytest.raises(KeyError), one_blas_thread():
            raise KeyError
        assert n_threads() == before


def test_the_last_thread_to_go_takes_the_limit_off():
    with threadpool_limits(limits=2, user_api="blas"):
        before, inside, go = n_threads(), threading.Event(), threading.Event()

        def other():
            with one_blas_thread():
                inside.set()
                go.wait()

        thread = threading.Thread(target=other)
        with one_blas_thread():
            thread.start()
            inside.wait()
        assert n_threads() == {1}
        go.set()
        thread.join()
        assert n_threads() == before


@pytest.mark.parametrize("call", ["fit", "cross_validate", "score", "predict"])
def test_one_thread_inside(call, monkeypatch):
    seen = []
    x = np.random.default_rng(0).normal(size=(600, 3))
    y = x[:, :1]
    model = nems_dsl.Model("fir.3x2-lvl.1")
    if call != "fit":
        from nems_dsl.layers import FiniteImpulseResponse

        whole = FiniteImpulseResponse.evaluate

        def evaluate(self, *inputs):
            seen.append(n_threads())
            return whole(self, *inputs)

        monkeypatch.setattr(FiniteImpulseResponse, "evaluate", evaluate)
    options = {"callback": lambda *_: seen.append(n_threads())} if call == "fit" else {}
    with threadpool_limits(limits=2, user_api="blas"):
        if call == "fit":
            nems_dsl.fit("wc.3x1-fir.1x2-dexp.1", x, y, verbose=0, **options)
        elif call == "cross_validate":
            model.cross_validate(x, y, n_folds=2, verbose=0)
        elif call == "score":
            model.score(x, y)
        else:
            model.predict(x)
    assert seen and all(each == {1} for each in seen)


BITS = """
import hashlib, numpy as np, nems_dsl
rng = np.random.default_rng(0)
x = rng.normal(size=(1500, 40))
y = np.maximum(x[:, :1] + 0.5 * x[:, 3:4], 0) + 0.5 * rng.normal(size=(1500, 1))
out = []
for string in ("fir.40x8-lvl.1", "wc.40x2-fir.2x8-dexp.1"):
    fitted = nems_dsl.fit(string, x, y, verbose=0)
    out += [fitted.predict(x).tobytes(), fitted.score(x, y)]
scores = nems_dsl.cross_validate("fir.40x4-lvl.1", x, y, n_folds=3, verbose=0)
out.append(repr(scores.score))
print(hashlib.sha256(repr(out).encode()).hexdigest())
"""


@pytest.mark.slow
def test_bits_do_not_depend_on_the_number_of_threads():
    found = set()
    for n in ("1", "2", "4"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, n)
        done = subprocess.run(
            [sys.executable, "-c", BITS], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found.add(done.stdout.strip())
    assert len(found) == 1
