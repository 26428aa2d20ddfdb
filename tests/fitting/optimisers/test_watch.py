"""When a search ends, and which parameters it is left with."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.fitting.optimisers.watch import Limits, Watch


class HeldOut:
    """Data held out, of which every theta has a loss."""

    def __init__(self, losses):
        self.losses = iter(losses)

    def value(self, theta):
        return next(self.losses)


def at(number):
    return np.array([float(number)])


def run(watch, losses):
    """Give the number of the iteration that ended it, or None."""
    for number, loss in enumerate(losses):
        if watch.after(loss, at(number)):
            return number
    return None


def test_the_best_is_kept_whatever_comes_after():
    watch = Watch(Limits(0.0, 10), n_flat=3)
    run(watch, [3.0, 1.0, 2.0])
    assert watch.loss == 1.0 and watch.theta == at(1)
    theta = at(7)
    watch.offer(0.5, theta)
    theta[0] = 99
    assert watch.loss == 0.5 and watch.theta == at(7)
    watch.offer(np.nan, at(8))
    watch.offer(np.inf, at(9))
    assert watch.loss == 0.5
    assert watch.history == [3.0, 1.0, 2.0] and watch.n_iterations == 2 and watch.n_left == 8


@pytest.mark.parametrize(("n_flat", "ends"), [(1, 3), (2, 4), (5, 7)])
def test_so_many_flat_iterations_are_the_end(n_flat, ends):
    watch = Watch(Limits(1e-3, 100), n_flat)
    losses = [4.0, 2.0, 1.0, *(1.0 - 1e-4 * k for k in range(1, 20))]
    assert run(watch, losses) == ends
    assert watch.has_converged and "less than 0.001 of itself" in watch.reason


def test_a_late_gain_counts_for_all_flat_iterations():
    watch = Watch(Limits(1e-3, 100), 3)
    assert run(watch, [1.0, 1.0, 1.0, 0.9, 0.9, 0.9]) is None
    assert watch.after(0.9, at(0)) and watch.has_converged


def test_limits_are_no_convergence():
    watch = Watch(Limits(0.0, 3), 2)
    assert run(watch, [4.0, 3.0, 2.0, 1.0]) == 3
    assert not watch.has_converged and "limit of 3 iterations" in watch.reason
    watch = Watch(Limits(0.0, 3, max_seconds=1e-12), 2)
    assert run(watch, [4.0, 3.0]) == 0
    assert not watch.has_converged and "seconds" in watch.reason


def test_a_perfect_fit_is_the_end():
    watch = Watch(Limits(0.0, 3), 2)
    assert run(watch, [1.0, 1e-11]) == 1 and watch.has_converged
    assert watch.reason == "the fit is perfect"


def test_a_callback_ends_it_by_true_alone():
    for answer, ends in ((True, 0), (1, None), ("yes", None), (None, None), (False, None)):
        seen = []

        def callback(number, loss, answer=answer, seen=seen):
            seen.append((number, loss))
            return answer

        watch = Watch(Limits(0.0, 10), 5, callback)
        assert run(watch, [3.0, 2.0]) == ends
        assert seen[0] == (0, 3.0)
    watch = Watch(Limits(0.0, 10), 5, lambda number, loss: True)
    run(watch, [1.0])
    assert watch.reason == "the callback ended it" and not watch.has_converged


def test_what_a_callback_raises_comes_after_the_best_is_noted():
    def callback(number, loss):
        if number == 1:
            raise KeyboardInterrupt

    watch = Watch(Limits(0.0, 10), 5, callback)
    with pytest.raises(KeyboardInterrupt):
        run(watch, [3.0, 2.0])
    assert watch.loss == 2.0 and watch.history == [3.0, 2.0]


def test_held_out_data_decide():
    watch = Watch(Limits(0.0, 100, patience=3), 5, validation=HeldOut([5, 4, 3, 3.5, 3.2, 3.1, 1]))
    assert run(watch, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5]) == 5
    assert watch.has_converged and "data held out for 3 iterations" in watch.reason
    assert watch.theta == at(2) and watch.loss == 4.0
    assert watch.validation_history == [5, 4, 3, 3.5, 3.2, 3.1]
    # what the search came by between iterations was not looked at there
    watch.offer(0.1, at(9))
    assert watch.theta == at(2)


@pytest.mark.parametrize("first", [np.inf, np.nan])
def test_held_out_data_may_be_impossible_at_first(first):
    watch = Watch(Limits(0.0, 100, patience=3), 5, validation=HeldOut([first, 4.0, 5.0]))
    watch.after(6.0, at(0))
    assert watch.theta == at(0) and watch.validation_history == [np.inf]
    run(watch, [5.0, 4.0])
    assert watch.theta == at(0) and watch.loss == 5.0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"tolerance": -1e-9}, "tolerance"),
        ({"tolerance": 1.0}, "tolerance"),
        ({"tolerance": np.nan}, "tolerance"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"max_seconds": 0}, "max_seconds"),
        ({"max_seconds": np.nan}, "max_seconds"),
        ({"patience": 0}, "patience"),
    ],
)
def test_limits_that_mean_nothing(arguments, name):
    with pytest.raises(ValueError, match=name):
        Limits(**{"tolerance": 0.0, "max_iterations": 5, **arguments})


def test_a_loss_may_be_below_zero():
    # that of counts is, where there are many
    watch = Watch(Limits(1e-3, 100), 1, least=-20.0)
    assert run(watch, [-5.0, -10.0, -12.0]) is None
    assert run(watch, [-12.007, -12.008]) == 0
    assert "less than 0.001" in watch.reason and watch.theta == at(0)
    watch = Watch(Limits(1e-3, 100), 1, least=-20.0)
    assert run(watch, [-5.0, -20.0]) == 1 and watch.reason == "the fit is perfect"
