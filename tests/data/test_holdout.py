"""What is held out of a recording."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl.data import hold_out, read_recording
from nems_dsl.data.folds import Stretch
from nems_dsl.data.holdout import hold_out_end

RNG = np.random.default_rng(0)
X, Y = RNG.random((600, 4)), RNG.random((600, 3))


def trials_of(signal, cuts=(100, 250, 400, 500)):
    return np.split(signal, cuts)


@pytest.mark.parametrize(
    ("share", "n_test", "said"),
    [
        (0.2, 1, "the last trial of 5"),
        (0.01, 1, "the last trial of 5"),
        (0.4, 2, "the last 2 trials of 5"),
        (0.99, 4, "the last 4 trials of 5"),
        (0, 0, "nothing"),
    ],
)
def test_last_trials_are_held_out(share, n_test, said):
    split = hold_out(read_recording(trials_of(X), trials_of(Y)), share)
    assert (len(split.fold.test), split.description) == (n_test, said)
    for number, trial in enumerate(trials_of(Y)):
        is_held = number >= 5 - n_test
        np.testing.assert_array_equal(
            split.fit.target[number], np.full_like(trial, np.nan) if is_held else trial
        )
        if split.test is not None:
            np.testing.assert_array_equal(
                split.test.target[number], trial if is_held else np.full_like(trial, np.nan)
            )
    assert (split.test is None) == (n_test == 0)


def test_the_end_of_a_single_trial_is_held_out_with_a_gap_before_it():
    split = hold_out(read_recording(X, Y), 0.25, gap=20)
    told = ~np.isnan(split.fit.target[0]).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(told), np.arange(430))
    tested = ~np.isnan(split.test.target[0]).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(tested), np.arange(450, 600))
    assert split.description == "the last 150 of 600 bins"
    # the stimulus is whole, so that filters know what came before
    assert split.test.signals is split.recording.signals


def test_the_part_to_be_drawn_is_cut_out():
    shown = hold_out(read_recording(X, Y), 0.25).shown()
    np.testing.assert_array_equal(shown.signals["stim"][0], X[450:])
    np.testing.assert_array_equal(shown.target[0], Y[450:])
    shown = hold_out(read_recording(trials_of(X), trials_of(Y)), 0.25).shown()
    np.testing.assert_array_equal(shown.target[0], Y[500:])


def test_groups_stay_together():
    fold = hold_out_end([10] * 6, 0.2, groups=[0, 1, 2, 2, 1, 0])
    assert [part.trial for part in fold.test] == [2, 3]
    assert [part.trial for part in hold_out_end([10] * 6, 0.9, groups="ababab").test] == [1, 3, 5]


def test_within_parts_of_a_recording():
    parts = [Stretch(0, 10, 40), Stretch(0, 60, 90)]
    fold = hold_out_end([100], 0.5, gap=5, within=parts)
    assert fold.test == (Stretch(0, 60, 90),)
    assert fold.fit == (Stretch(0, 10, 35),)


def test_what_cannot_be_split():
    with pytest.raises(ValueError, match="too short"):
        hold_out(read_recording(X[:3], Y[:3]))
    with pytest.raises(ValueError, match="after a gap of 590 bins"):
        hold_out(read_recording(X, Y), gap=590)
    with pytest.raises(ValueError, match="from 0 up to 1, not 1"):
        hold_out(read_recording(X, Y), 1)
    with pytest.raises(ValueError, match="no response: give y"):
        hold_out(read_recording(X))
