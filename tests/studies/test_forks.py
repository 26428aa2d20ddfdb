"""Tasks in copies of the process: in order, with faults raised here, and nobody left behind."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import nems_dsl
from nems_dsl.studies import forks, many
from nems_dsl.studies.forks import can_fork, run_in_forks
from nems_dsl.studies.threads import Tasks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")


def results_of(work, n_tasks=6, n_copies=2):
    found = list(run_in_forks(work, n_tasks, n_copies))
    assert not multiprocessing.active_children()
    return found


def test_results_come_in_order_from_copies():
    def work(number):
        time.sleep(0.01 * (number % 3))
        return number, os.getpid()

    numbers, places = zip(*results_of(work, 8, 3), strict=True)
    assert numbers == tuple(range(8))
    assert os.getpid() not in places and len(set(places)) > 1


def test_what_fails_in_a_copy_is_raised_here_and_the_first_of_them():
    def work(number):
        if number in (2, 4):
            raise ValueError(f"task {number} in {os.getpid()}")
        return number

    results = run_in_forks(work, 6, 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match=f"task 2 in {os.getpid()}"):
        next(results)
    assert not multiprocessing.active_children()


def test_what_a_copy_dies_of_or_cannot_send_is_done_here():
    here = os.getpid()

    def work(number):
        if number == 1 and os.getpid() != here:
            os.kill(os.getpid(), 9)
        return (lambda: number) if number == 3 else number

    found = results_of(work, 5)
    assert found[:3] == [0, 1, 2] and found[3]() == 3 and found[4] == 4


def test_when_all_copies_have_died_the_rest_is_done_here():
    here = os.getpid()

    def work(number):
        if os.getpid() != here:
            os._exit(1)
        return number

    assert results_of(work) == list(range(6))


def test_warnings_come_along():
    def work(number):
        warnings.warn("about a task", UserWarning, stacklevel=1)
        return number

    with pytest.warns(UserWarning, match="about a task"):
        assert results_of(work, 3) == [0, 1, 2]


def test_closing_ends_the_copies():
    def work(number):
        time.sleep(0 if number == 0 else 60)
        return number

    results = run_in_forks(work, 4, 2)
    assert next(results) == 0
    began = time.monotonic()
    results.close()
    assert not multiprocessing.active_children() and time.monotonic() - began < 30


def test_copies_are_made_by_the_first_thread_of_the_first_process_alone():
    found = []
    thread = threading.Thread(target=lambda: found.append(can_fork()))
    thread.start()
    thread.join()
    assert can_fork() and found == [False]
    assert results_of(lambda _: can_fork(), 2) == [False, False]


def test_tasks_say_whether_they_may():
    pid = os.getpid()
    assert set(Tasks(lambda _: os.getpid(), 3, 2).results()) == {pid}
    assert set(Tasks(lambda _: os.getpid(), 3, 1, may_fork=True).results()) == {pid}
    assert pid not in set(Tasks(lambda _: os.getpid(), 3, 2, may_fork=True).results())


def test_fits_and_folds_are_the_same_to_the_last_bit(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    y = np.maximum(x[:, :3] + rng.normal(size=(400, 3)), 0)
    made = []
    run = forks.run_in_forks
    monkeypatch.setattr(
        "nems_dsl.studies.threads.run_in_forks", lambda *a: made.append(1) or run(*a)
    )
    found = {}
    for n_jobs in (1, 2):
        models = nems_dsl.fit("wc.4x1-fir.1x2-relu.1.s.o", x, y, verbose=0, n_jobs=n_jobs)
        folds = nems_dsl.cross_validate(
            "wc.4x1-lvl.1", x, y[:, :2], n_folds=3, verbose=0, n_jobs=n_jobs
        )
        found[n_jobs] = models.predict(x), folds.prediction, folds.scores
        assert [model.results.converged for model in models] == [True] * 3
    assert len(made) == 2
    for one, other in zip(found[1], found[2], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_callback_is_called_in_the_users_own_process(monkeypatch):
    monkeypatch.setattr("nems_dsl.studies.threads.run_in_forks", lambda *_: pytest.fail("forked"))
    x = np.random.default_rng(0).normal(size=(200, 3))
    places = set()
    nems_dsl.fit(
        "wc.3x1-relu.1.s.o",
        x,
        np.abs(x[:, :2]),
        verbose=0,
        n_jobs=2,
        callback=lambda *_: places.add(os.getpid()),
    )
    assert places == {os.getpid()}


def test_a_fault_names_its_channel(monkeypatch):
    x = np.random.default_rng(0).normal(size=(200, 3))

    def fail(model, recording, options, **_):
        if recording.target[0][0, 0] == x[0, 1]:
            raise ValueError("no luck")
        return model

    monkeypatch.setattr(many, "fit_model", fail)
    with pytest.raises(ValueError, match="in the fit of channel 1 alone: no luck"):
        nems_dsl.fit("wc.3x1-relu.1.s.o", x, x, verbose=0, n_jobs=2)
