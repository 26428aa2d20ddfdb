"""Tasks in threads: in order, and with the same fault for any number of threads."""

from __future__ import annotations

import threading
import time

import pytest

from nems_dsl.studies.threads import AbandonedError, Tasks, count_threads, usable_cores


def running():
    return [each for each in threading.enumerate() if each.name.startswith("nems_dsl")]


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_results_come_in_order(n_threads):
    def work(number):
        time.sleep(0.002 * (number % 3))
        return number

    assert list(Tasks(work, 9, n_threads).results()) == list(range(9))
    assert not running()


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_the_first_task_that_fails_is_told(n_threads):
    done = []

    def work(number):
        # the later one fails earlier
        time.sleep(0.03 if number == 1 else 0)
        if number in (1, 3):
            raise ValueError(f"task {number}")
        done.append(number)

    results = Tasks(work, 40, n_threads).results()
    assert next(results) is None
    with pytest.raises(ValueError, match="task 1"):
        next(results)
    assert 0 in done and len(done) < 39
    assert not running()


def test_closing_ends_what_runs():
    ended = []

    def work(number):
        if number == 0:
            return 0
        try:
            while True:
                tasks.keep_going(number)
                time.sleep(0.001)
        except AbandonedError:
            ended.append(number)
            raise

    tasks = Tasks(work, 6, 3)
    results = tasks.results()
    assert next(results) == 0
    results.close()
    assert not running()
    assert len(ended) <= 3


def test_a_single_task_runs_where_it_was_called():
    (thread,) = Tasks(lambda number: threading.current_thread(), 1, 1).results()
    assert thread is threading.current_thread()


def test_numbers_of_threads():
    assert count_threads(None, 1) == count_threads(7, 1) == 1
    assert count_threads(None, 10**6) == count_threads(-1, 10**6) == usable_cores() >= 1
    assert count_threads(3, 2) == 2
