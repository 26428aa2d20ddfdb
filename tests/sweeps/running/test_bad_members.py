"""A channel or a data set of which nothing can be learnt costs itself, and no other."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nems_dsl import cross_validate, sweep
from nems_dsl.studies import NotFittedWarning
from nems_dsl.sweeps.running.datasets import DatasetWarning
from tests.sweeps.small import STRING, recording

GOOD = recording(n_times=400, n_outputs=4)
X = GOOD.stim
FOLD = slice(0, 100)
LIMITS = {"max_iterations": 3}


def bad_response():
    """Give one good channel, one silent, one silent but in a fold, one recorded in a fold only."""
    y = GOOD.resp.copy()
    y[:, 1] = 2.0
    y[100:, 2] = 0.0
    y[100:, 3] = np.nan
    return y


@pytest.fixture
def rows(tmp_path):
    stores = iter(range(100))

    def call(data, **arguments):
        results = sweep(
            STRING, data, tmp_path / f"{next(stores)}.db", "serial", show_progress=False,
            **LIMITS, **arguments,
        )  # fmt: skip
        return results.to_pandas().sort_values(["dataset", "fold", "channel"])

    return call


def scores_of(table):
    return table[["fold", "r_fit", "se_fit", "r_test", "se_test", "loss", "iterations"]].values


def test_channels_of_a_sweep(rows):
    table = rows({"cell": (X, bad_response())}, n_folds=4)
    alone = rows({"cell": (X, GOOD.resp[:, :1])}, n_folds=4)
    good = table[table.channel == 0]
    assert set(good.status) == {"ok"}
    np.testing.assert_array_equal(scores_of(good), scores_of(alone))
    failed = table[table.status == "failed"]
    assert sorted(zip(failed.channel, failed.fold, strict=True)) == [
        *((1, fold) for fold in range(4)), (2, 0), (3, 0)
    ]  # fmt: skip
    for row in failed.itertuples():
        assert row.dataset == "cell" and np.isnan([row.r_fit, row.r_test]).all()
        assert row.error.startswith(f"ValueError: channel {row.channel} of the response has ")
    # a model that was fitted where the channel is not silent has nothing to be tested on
    tested = table[(table.status == "ok") & table.channel.isin([2, 3])]
    assert set(tested.fold) == {1, 2, 3} and tested.r_fit.notna().all()
    assert tested.r_test.isna().all()


def test_a_sweep_and_a_cross_validation_fail_in_the_same_folds(rows):
    table = rows({"cell": (X, bad_response())}, n_folds=4)
    with pytest.warns(NotFittedWarning):
        found = cross_validate(STRING, X, bad_response(), n_folds=4, **LIMITS)
    for name, scores in (("r_fit", found.scores_fit), ("r_test", found.scores)):
        written = table.pivot(index="fold", columns="channel", values=name)
        np.testing.assert_array_equal(written.to_numpy(float), scores)
    failed = table.assign(failed=table.status == "failed")
    failed = failed.pivot(index="fold", columns="channel", values="failed").to_numpy(bool)
    is_failed = [[model.results.is_failed for model in models] for models in found.models]
    np.testing.assert_array_equal(failed, is_failed)


def broken():
    raise OSError("the disk is gone")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (broken, "OSError: the disk is gone"),
        ("nowhere.npz", "FileNotFoundError: "),
        ((X, GOOD.resp[:50]), "ValueError: data set 'bad': the target does not match the input"),
        (
            (np.full_like(X, np.nan), GOOD.resp),
            "ValueError: data set 'bad': the input 'stim' is NaN",
        ),
        ((X,), "TypeError: data set 'bad': it must be a tuple"),
    ],
    ids=["function", "file", "lengths", "NaN", "form"],
)
def test_a_data_set_that_cannot_be_loaded(rows, given, message):
    with pytest.warns(DatasetWarning, match="data set 'bad' could not be loaded") as seen:
        table = rows({"bad": given, "good": (X, GOOD.resp[:, :2])}, channels=[0, 1])
    assert len(seen) == 1 and seen[0].filename == __file__
    alone = rows({"good": (X, GOOD.resp[:, :2])}, channels=[0, 1])
    (bad,) = table[table.dataset == "bad"].itertuples()
    assert bad.status == "failed" and bad.canonical == STRING and np.isnan(bad.r_test)
    assert bad.error.startswith(message)
    good = table[table.dataset == "good"]
    assert set(good.status) == {"ok"}
    np.testing.assert_array_equal(scores_of(good), scores_of(alone))


def test_no_data_set_can_be_loaded(rows):
    with pytest.raises(OSError, match="the disk is gone") as caught:
        rows({"one": broken, "two": broken})
    assert any(re.search("'one'", note) for note in caught.value.__notes__)


def test_a_data_set_that_is_mended_is_done(tmp_path):
    def call(given):
        return sweep(
            STRING, {"bad": given, "good": (X, GOOD.resp[:, :1])}, tmp_path / "r.db", "serial",
            show_progress=False, **LIMITS,
        ).to_pandas()  # fmt: skip

    with pytest.warns(DatasetWarning):
        assert sorted(call(broken).status) == ["failed", "ok"]
    assert call((X, GOOD.resp[:, :1])).status.tolist() == ["ok", "ok"]


def test_one_model_of_all_channels_is_scored_without_a_silent_one(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.random((300, 3))
    y = x @ rng.random((3, 2)) + 0.1 * rng.random((300, 2))
    data = {"all": (x, y), "one silent": (x, np.insert(y, 1, 0, axis=1))}
    results = sweep("wc.3xR-lvl.R", data, tmp_path / "r.db", "serial", show_progress=False)
    rows = results.to_pandas().set_index("dataset")
    assert set(rows.status) == {"ok"}
    for name in ("r_fit", "r_test", "se_test"):
        assert rows[name]["one silent"] == pytest.approx(rows[name]["all"], abs=1e-6)
    assert "channel 1 of the response has no variance" in rows.warnings["one silent"]
