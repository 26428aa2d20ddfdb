"""Stores with odd cells, with two names, and in places where nothing can be written."""

import os
import shutil
import sqlite3
import stat

import pytest

from nems_dsl.sweeps import Store, StoreError, open_results
from nems_dsl.sweeps.store import locks
from tests.sweeps.made_rows import make_row

_ODD = [
    ("UPDATE nems_dsl_jobs SET r_test = 'abc' WHERE key = 1", "r_test in the row 1"),
    ("UPDATE nems_dsl_jobs SET warnings = 'x' WHERE key = 2", "warnings in the row 2"),
    ("UPDATE nems_dsl_spellings SET variables = '{'", "variables in the row 1"),
    ("UPDATE nems_dsl_spellings SET variables = '[1]'", "variables in the row 1"),
]


@pytest.fixture
def path(tmp_path):
    where = tmp_path / "results.db"
    with Store.open(where) as store:
        store.add([make_row(channel=n) for n in range(3)])
    return where


@pytest.mark.parametrize(("statement", "told"), _ODD)
def test_odd_cells_are_named_with_their_store(path, statement, told):
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(StoreError, match=told) as caught:
        open_results(path).to_pandas()
    assert str(path) in str(caught.value)


def test_a_wrong_question_to_a_sound_store_is_the_users_own(path):
    with pytest.raises(ValueError, match="metric") as caught:
        open_results(path).best("r_tset")
    assert not isinstance(caught.value, StoreError)


def test_a_second_name_of_a_store_is_the_same_store(path, tmp_path):
    other = tmp_path / "elsewhere" / "same.db"
    other.parent.mkdir()
    os.link(path, other)
    with Store.open(path), pytest.raises(StoreError, match="this process"):
        Store.open(other)
    Store.open(other).close()
    assert sorted(p.name for p in other.parent.iterdir()) == ["same.db"]


def test_deleting_the_lock_lets_nobody_in(path):
    with Store.open(path):
        locks._held.pop(path.with_name("results.db.lock"))
        path.with_name("results.db.lock").unlink()
        with pytest.raises(StoreError, match="this process"):
            Store.open(path)
        locks._held[path.with_name("results.db.lock")] = os.getpid()
    Store.open(path).close()


def test_a_closed_store_is_one_file(path):
    assert [p.name for p in path.parent.iterdir()] == ["results.db"]
    assert path.read_bytes()[18:20] == b"\1\1"  # SQLite's mark of no write-ahead log
    assert len(open_results(path)) == 3
    assert [p.name for p in path.parent.iterdir()] == ["results.db"]


def _cannot_write(monkeypatch):
    usual = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: mode != os.W_OK and usual(p, mode))


def test_a_store_in_an_archive_is_read(path, monkeypatch):
    _cannot_write(monkeypatch)
    path.chmod(stat.S_IRUSR)
    assert len(open_results(path).to_pandas()) == 3
    assert [p.name for p in path.parent.iterdir()] == ["results.db"]


def test_a_store_in_an_archive_that_was_being_written_is_read_or_says_why(
    path, tmp_path, monkeypatch
):
    archive = tmp_path / "archive"
    archive.mkdir()
    with Store.open(path) as store:
        store.add([make_row(channel=7)])
        for name in ("results.db", "results.db-wal"):
            shutil.copy(path.with_name(name), archive)
    _cannot_write(monkeypatch)
    # as the folder can be written to in truth, SQLite reads the log as well
    assert len(open_results(archive / "results.db")) == 4


def test_texts_in_no_encoding_are_stored_as_they_can_be(path):
    with Store.open(path) as store:
        store.add([make_row(status="failed", error="no file \udcff", channel=9)])
    assert "no file \\udcff" in set(open_results(path).to_pandas().error)
