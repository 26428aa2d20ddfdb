"""Folds: every bin is held out once, and nothing that is held out is fitted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nems_dsl.data.folds import Fold, Stretch, join, make_folds, mask


def held(lengths, parts):
    """Count for each bin of each trial how often it is in some stretches."""
    counts = [np.zeros(n, int) for n in lengths]
    for trial, start, stop in parts:
        assert 0 <= start < stop <= lengths[trial]
        counts[trial][start:stop] += 1
    return counts


def near(tested, gap):
    """Tell which bins are within `gap` of a tested one, by looking at each."""
    return np.array(
        [tested[max(0, at - gap) : at + gap + 1].any() for at in range(len(tested))], bool
    )


@settings(max_examples=150, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    n_folds=st.integers(2, 6),
    gap=st.integers(0, 9),
    by=st.sampled_from(["auto", "trials", "time"]),
)
def test_every_bin_is_tested_once_and_fitted_wherever_it_may(lengths, n_folds, gap, by):
    try:
        folds = make_folds(lengths, n_folds, by=by, gap=gap)
    except ValueError:
        blocks = by == "time" or (by == "auto" and len(lengths) < n_folds)
        # a gap that takes all, fewer bins than blocks, fewer trials than folds
        assert (blocks and (gap or sum(lengths) < n_folds)) or len(lengths) < n_folds
        return
    assert len(folds) == n_folds
    tested = held(lengths, [part for fold in folds for part in fold.test])
    assert all((counts == 1).all() for counts in tested)
    for fold in folds:
        tests, fits = held(lengths, fold.test), held(lengths, fold.fit)
        for test, fit in zip(tests, fits, strict=True):
            np.testing.assert_array_equal(fit, ~near(test, gap))
        assert fold.n_test == sum(map(sum, tests)) and fold.n_fit == sum(map(sum, fits))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=12), st.integers(2, 6))
def test_folds_are_balanced(lengths, n_folds):
    assume(sum(lengths) >= n_folds)
    sizes = [fold.n_test for fold in make_folds(lengths, n_folds, by="time")]
    assert max(sizes) - min(sizes) <= 1
    if len(lengths) >= n_folds:
        sizes = [fold.n_test for fold in make_folds(lengths, n_folds, by="trials")]
        assert max(sizes) - min(sizes) <= max(lengths)


def test_ragged_trials_are_dealt_to_folds_of_equal_length():
    folds = make_folds([50, 10, 20, 30, 40, 60], n_folds=3)
    assert [fold.n_test for fold in folds] == [70, 70, 70]
    assert [[part.trial for part in fold.test] for fold in folds] == [[1, 5], [0, 2], [3, 4]]


def test_equal_trials_are_dealt_in_turn():
    tests = [[part.trial for part in fold.test] for fold in make_folds([7] * 8, n_folds=3)]
    assert tests == [[0, 3, 6], [1, 4, 7], [2, 5]]


def test_as_many_folds_as_trials_leave_out_one_at_a_time():
    folds = make_folds([30, 20, 25], n_folds=3)
    assert sorted(fold.test for fold in folds) == [
        (Stretch(0, 0, 30),), (Stretch(1, 0, 20),), (Stretch(2, 0, 25),)
    ]  # fmt: skip


def test_a_block_of_time_may_reach_over_trials_but_its_gap_does_not():
    first, second = make_folds([30, 50], n_folds=2, by="time", gap=5)
    assert first == Fold((Stretch(1, 15, 50),), (Stretch(0, 0, 30), Stretch(1, 0, 10)))
    assert second == Fold((Stretch(0, 0, 30), Stretch(1, 0, 5)), (Stretch(1, 10, 50),))


def test_few_trials_are_cut_by_time_unless_they_have_groups():
    assert make_folds([40, 40], n_folds=4)[0].test == (Stretch(0, 0, 20),)
    with pytest.raises(ValueError, match="4 folds of groups of trials need at least 4"):
        make_folds([40, 40], n_folds=4, groups=["a", "b"])


def test_groups_stay_together():
    groups = np.array([0, 1, 2, 0, 1, 2, 0])
    for fold in make_folds([10] * 7, n_folds=3, groups=groups):
        tested = {groups[part.trial] for part in fold.test}
        assert len(tested) == 1
        assert not tested & {groups[part.trial] for part in fold.fit}


def test_trials_can_be_dealt_at_random():
    def dealt(seed):
        folds = make_folds([10] * 12, n_folds=4, shuffle_seed=seed)
        assert sorted(part.trial for fold in folds for part in fold.test) == list(range(12))
        return folds

    assert dealt(3) == dealt(3)
    assert dealt(3) != dealt(4)
    with pytest.raises(ValueError, match="shuffle_seed is for folds of whole trials"):
        make_folds([100], n_folds=4, shuffle_seed=3)


@pytest.mark.parametrize(("by", "gap"), [("time", 3), ("trials", 0)])
def test_folds_within_a_fold_stay_within_it(by, gap):
    lengths = [40, 31, 22, 53]
    for outer in make_folds(lengths, n_folds=4, by=by, gap=gap):
        inner = make_folds(lengths, n_folds=3, by=by, gap=gap, within=outer.fit)
        counts = held(lengths, [part for fold in inner for part in fold.test])
        for count, fit in zip(counts, held(lengths, outer.fit), strict=True):
            np.testing.assert_array_equal(count, fit)
        for fold in inner:
            fits, tests = held(lengths, fold.fit), held(lengths, fold.test)
            for fit, test, allowed in zip(fits, tests, held(lengths, outer.fit), strict=True):
                np.testing.assert_array_equal(fit, allowed & ~near(test, gap))


def test_mask_and_join_keep_what_they_should():
    signal = [np.arange(6.0).reshape(3, 2), np.arange(8.0).reshape(4, 2)]
    parts = [Stretch(1, 1, 3), Stretch(0, 2, 3)]
    masked = mask(signal, parts)
    np.testing.assert_array_equal(masked[0], [[np.nan] * 2, [np.nan] * 2, [4, 5]])
    np.testing.assert_array_equal(masked[1], [[np.nan] * 2, [2, 3], [4, 5], [np.nan] * 2])
    np.testing.assert_array_equal(join(signal, parts), [[2, 3], [4, 5], [4, 5]])
    assert signal[0][0, 0] == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_folds": 1}, ValueError, "n_folds must be at least 2, not 1"),
        ({"n_folds": 2.0}, TypeError, "n_folds must be a whole number, not 2.0"),
        ({"n_folds": True}, TypeError, "n_folds must be a whole number, not True"),
        ({"gap": -1}, ValueError, "gap must be at least 0, not -1"),
        ({"by": "bins"}, ValueError, "by must be one of 'auto', 'trials', 'time', not 'bins'"),
        ({"by": "trials"}, ValueError, "need at least 10 trials; there are 2: ask for fewer folds"),
        ({"groups": [1, 1, 2]}, ValueError, "one label for each of the 2 trials; there are 3"),
        ({"groups": [1, 2], "by": "time"}, ValueError, "groups keep whole trials together"),
        ({"n_folds": 200}, ValueError, "200 blocks of time need at least 200 bins, not 100"),
        ({"n_folds": 2, "by": "time", "gap": 60}, ValueError, "fold 0 of 2 has nothing left"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_refused(arguments, error, message):
    lengths = [100] if arguments.get("gap") == 60 else [60, 40]
    with pytest.raises(error, match=message):
        make_folds(lengths, **arguments)
