"""Parts of a sweep, done apart and put together."""

from __future__ import annotations

import pytest

from nems_dsl.sweeps import Store, StoreError, merge_stores, open_results, sweep
from nems_dsl.sweeps.running.jobs import Recipe
from nems_dsl.sweeps.running.limits import Limits
from nems_dsl.sweeps.running.places.shards import Shard
from nems_dsl.sweeps.running.sweeping import run_sweep
from nems_dsl.sweeps.store.merging import RowReader
from tests.sweeps.small import PATTERN, recording, told

DATA = {"A": recording(1)}
FAULTY = [*(f"wc.6x{r}-fir.{r}x4-{end}.1" for r in (1, 2) for end in ("lvl", "dexp")), "wc.5x1"]


def run(store, number, of, strings=PATTERN, data=DATA, **options):
    return run_sweep(
        strings, data, store, "serial", Recipe(), Limits(), show_progress=False,
        shard=Shard(number, of), **options,
    )  # fmt: skip


def rows_of(store):
    with RowReader(store) as rows:
        return told([row for chunk in rows for row in chunk])


@pytest.mark.slow
def test_parts_have_all_jobs_once_and_the_same_rows(tmp_path):
    whole, parts = tmp_path / "whole.db", tmp_path / "parts.db"
    sweep(FAULTY, DATA, whole, "serial", show_progress=False)
    shards = [Shard(number, 3) for number in (1, 2, 3)]
    ran = [run(parts, shard.number, 3, FAULTY)[0] for shard in shards]
    stores = [shard.store(parts) for shard in shards]
    assert not parts.exists()
    assert sum(each.n_done + each.n_failed for each in ran) == len(rows_of(whole)) == 10
    assert [len(rows_of(store)) for store in stores] == [e.n_done + e.n_failed for e in ran]
    merged = merge_stores(parts, *stores)
    assert (merged.n_added, merged.n_known, merged.n_failed) == (10, 0, 2)
    # models, scores, warnings and variables, to the last bit
    assert rows_of(parts) == rows_of(whole)
    one, other = (open_results(store).to_pandas() for store in (whole, parts))
    assert sorted(one.r_test.dropna()) == sorted(other.r_test.dropna())
    again = merge_stores(parts, *stores)
    assert (again.n_added, again.n_known) == (2, 8)  # failures are told anew


def test_a_part_leaves_out_what_the_whole_has(tmp_path):
    store = tmp_path / "results.db"
    sweep(PATTERN, DATA, store, "serial", show_progress=False)
    progress, _ = run(store, 1, 2)
    assert progress.n_done == 0 and progress.n_known > 0
    progress, _ = run(store, 1, 2, resume=False)
    assert progress.n_done > 0


def test_rows_go_through_a_store_unchanged(tmp_path):
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    sweep("wc.6xR-lvl.R", DATA, first, "serial", show_progress=False)
    merge_stores(second, first)
    assert rows_of(second) == rows_of(first)
    (fitted,) = rows_of(first).values()
    assert fitted["channel"] is None
    one, other = (open_results(each).load("wc.6x2-lvl.2", "A") for each in (first, second))
    assert one == other


def test_what_cannot_be_merged_is_named(tmp_path):
    store = tmp_path / "results.db"
    Store.open(store).close()
    with pytest.raises(FileNotFoundError, match="there is no store here"):
        merge_stores(store, tmp_path / "none.db")
    with pytest.raises(StoreError, match="is the store to merge into"):
        merge_stores(store, tmp_path / "." / "results.db")
    other = tmp_path / "other.db"
    other.write_text("not a database, but a text that is long enough to be read as one")
    with pytest.raises(StoreError, match=r"other\.db"):
        merge_stores(store, other)


@pytest.mark.parametrize("text", ["", "2", "a/b", "1/0", "2/3/4"])
def test_a_shard_that_is_none(text):
    with pytest.raises(ValueError, match="a shard is written as 2/4"):
        Shard.read(text)


def test_a_shard_out_of_range():
    with pytest.raises(ValueError, match="a shard is one of 1/4 to 4/4, not 5/4"):
        Shard.read("5/4")
    with pytest.raises(ValueError, match="give a file as the store, not a URL"):
        Shard(1, 2).store("postgresql://host/lab")
