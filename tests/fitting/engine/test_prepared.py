"""What fits on the same data share, and that it is made once."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from nems_dsl import Model, Objective
from nems_dsl.data.trials import read_inputs
from nems_dsl.fitting.engine.packs import make_packs
from nems_dsl.fitting.engine.prepared import PreparedInputs, packs_of
from nems_dsl.graph.reach import Reach

RNG = np.random.default_rng(0)
X = [RNG.random((n, 3)) for n in (9000, 700, 12_000)]
Y = [RNG.random((len(trial), 2)) for trial in X]
FLOAT = np.dtype("float64")


def test_it_can_be_given_wherever_data_can():
    prepared = PreparedInputs.read(X)
    model = Model("wc.3x1-fir.1x4")
    for one, other in zip(model.predict(prepared), model.predict(X), strict=True):
        np.testing.assert_array_equal(one, other)
    assert PreparedInputs.read(prepared) is prepared
    with pytest.raises(ValueError, match="NaN at bin 1, channel 0"):
        PreparedInputs.read(np.array([1.0, np.nan]))


@pytest.mark.parametrize("reach", [Reach(14, 2, 1), Reach(None, 0, 1), Reach(0, 0, 1)])
def test_packs_are_those_of_each_target_and_inputs_are_shared(reach):
    prepared = PreparedInputs.read(X)
    shared = [
        packs_of(prepared, prepared.signals, [y[:, [k]] for y in Y], reach, 18, FLOAT)
        for k in (0, 1)
    ]
    for k, packs in enumerate(shared):
        own = make_packs(prepared.signals, [y[:, [k]] for y in Y], reach, 18, FLOAT)
        assert len(packs) == len(own)
        for one, other in zip(packs, own, strict=True):
            np.testing.assert_array_equal(one.inputs["stim"], other.inputs["stim"])
            np.testing.assert_array_equal(one.target, other.target)
            np.testing.assert_array_equal(one.starts, other.starts)
    for one, other in zip(*shared, strict=True):
        assert one.inputs["stim"] is other.inputs["stim"]
        assert not np.shares_memory(one.target, other.target)


def test_what_differs_is_not_shared():
    prepared = PreparedInputs.read(X)
    first, *others = (
        packs_of(prepared, prepared.signals, Y, reach, widest, dtype)[0].inputs["stim"]
        for reach, widest, dtype in [
            (Reach(14, 0, 1), 18, FLOAT),
            (Reach(14, 0, 1), 18, np.dtype("float32")),
            (Reach(14, 0, 1), 300, FLOAT),
            (Reach(20, 0, 1), 18, FLOAT),
        ]
    )
    assert not any(np.shares_memory(first, other) for other in others)
    plain = read_inputs(X)
    one, other = (packs_of(plain, plain.signals, Y, Reach(1, 0, 1), 18, FLOAT) for _ in range(2))
    assert one[0].inputs["stim"] is not other[0].inputs["stim"]


def test_threads_that_want_the_same_wait_for_it():
    prepared, calls = PreparedInputs.read(X), []
    barrier, gate, got = threading.Barrier(4), threading.Event(), []

    def make():
        calls.append(None)
        gate.wait()
        return object()

    def ask():
        barrier.wait()
        got.append(prepared.once("key", make))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert prepared.once("another key", lambda: 1) == 1
    gate.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 1 and len(got) == 4 and len(set(map(id, got))) == 1


def test_what_failed_is_tried_again():
    prepared = PreparedInputs.read(X)
    with pytest.raises(ZeroDivisionError):
        prepared.once("key", lambda: 1 / 0)
    assert prepared.once("key", lambda: None) is None
    assert prepared.once("key", lambda: 1 / 0) is None


def test_objectives_of_prepared_inputs_share_them():
    prepared = PreparedInputs.read(X)
    model = Model("wc.3x1-fir.1x4-lvl.1")
    one, other, plain = (
        Objective(model, inputs, [y[:, [k]] for y in Y])
        for inputs, k in ((prepared, 0), (prepared, 1), (X, 0))
    )
    for mine, yours, own in zip(
        *(objective.engine.plans for objective in (one, other, plain)), strict=True
    ):
        assert mine.pack.inputs["stim"] is yours.pack.inputs["stim"]
        assert not np.shares_memory(mine.pack.inputs["stim"], own.pack.inputs["stim"])
    value, gradient = one.value_and_grad(one.theta0)
    expected, exact = plain.value_and_grad(plain.theta0)
    assert value == expected
    np.testing.assert_array_equal(gradient, exact)
