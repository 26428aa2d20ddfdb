"""Rows of a store are fitted again: what was changed is named, and what is right is the same."""

import json
import sqlite3
import zlib

import numpy as np
import pytest

from nems_dsl import sweep, verify
from nems_dsl.datasets import simulate


@pytest.fixture
def made(tmp_path):
    """A store of six rows, from a file."""
    data = simulate(n_times=600, n_channels=4, n_taps=3, n_outputs=2, snr=4.0, seed=5)
    file = tmp_path / "cell.npz"
    np.savez(file, stim=data.stim, resp=data.resp)
    store = tmp_path / "results.db"
    sweep(["wc.4x1-fir.1x3-{lvl,relu}.1", "zs-est70_fir.4x3_start.n2"], [file], store, "serial")
    return store


def change(store, sql, *values):
    connection = sqlite3.connect(store)
    with connection:
        assert connection.execute(sql, values).rowcount > 0
    connection.close()


def test_rows_are_the_same_to_the_bit(made):
    found = verify(made, sample=None)
    assert found.ok and len(found.table) == found.n_rows == 6
    assert set(found.table.verdict) == {"same"}
    drawn = verify(made, sample=2)
    assert len(drawn.table) == 2 and "2 of 6 rows looked at: 2 same" in str(drawn)
    assert drawn.table.equals(verify(made, sample=2).table)


@pytest.mark.parametrize("column", ["r_test", pytest.param("loss", marks=pytest.mark.slow)])
def test_a_number_that_was_changed_is_named(made, column):
    change(made, f"update nems_dsl_jobs set {column} = {column} * 1.001 + 1 where key = 3")
    found = verify(made, sample=None)
    (row,) = found.table[found.table.verdict == "differs"].to_dict("records")
    assert f"{column} is" in row["why"] and "in the store" in row["why"]
    assert not found.ok and f"differs: {row['string']} on cell, channel" in str(found)


def test_a_model_that_was_changed_is_named(made):
    connection = sqlite3.connect(made)
    (packed,) = connection.execute(
        "select model from nems_dsl_attachments where job_key = 2"
    ).fetchone()
    model = json.loads(zlib.decompress(packed))
    model["parameters"]["fir"]["coefficients"]["values"][0][0] *= 1.01
    changed = json.dumps(model)
    with connection:
        connection.execute(
            "update nems_dsl_attachments set model = ? where job_key = 2",
            (zlib.compress(changed.encode()),),
        )
    connection.close()
    found = verify(made, sample=None)
    (row,) = found.table[found.table.verdict == "differs"].to_dict("records")
    assert row["why"] == "its parameters are others"


def test_a_row_that_contradicts_itself_is_named_though_it_is_not_drawn(made):
    change(made, "update nems_dsl_models set canonical = 'fir.4x3' where key = 1")
    found = verify(made, sample=1)
    assert (found.table.verdict == "differs").sum() == 2
    assert "model_id is that of another string" in str(found)
    change(made, "update nems_dsl_jobs set fold = 4 where key = 4")
    assert "its identity is that of another" in str(verify(made, sample=1))


def test_other_versions_need_only_be_close_and_it_is_said(made):
    change(
        made,
        'update nems_dsl_environments set versions = replace(versions, \'"numpy": "\', '
        '\'"numpy": "0.\')',
    )
    assert set(verify(made, sample=None).table.verdict) == {"same"}
    change(made, "update nems_dsl_jobs set loss = loss * (1 + 1e-9)")
    found = verify(made, sample=None)
    assert found.ok and set(found.table.verdict) == {"close"}
    assert "to 1e-6; it was fitted with numpy 0." in str(found)


def test_with_the_same_versions_the_last_bit_counts(made):
    change(made, "update nems_dsl_jobs set loss = loss * (1 + 1e-9) where key = 1")
    assert (verify(made, sample=None).table.verdict == "differs").sum() == 1


def test_data_that_are_not_there_are_told(made, tmp_path):
    file = tmp_path / "cell.npz"
    moved = tmp_path / "elsewhere" / "cell.npz"
    moved.parent.mkdir()
    file.rename(moved)
    found = verify(made, sample=2)
    assert not found.ok and "there is no file" in str(found) and "datasets=" in str(found)
    assert verify(made, sample=2, datasets=[moved]).ok
    np.savez(file, stim=np.zeros((600, 4)), resp=np.ones((600, 2)))
    assert "holds other data now" in str(verify(made, sample=2))


def test_a_store_beside_its_data_may_be_moved(made, tmp_path):
    place = tmp_path / "archive"
    place.mkdir()
    for name in ("results.db", "cell.npz"):
        (tmp_path / name).rename(place / name)
    assert verify(place / "results.db", sample=2).ok


def test_what_cannot_be_verified_is_refused(made):
    for sample in (0, -1, True):
        with pytest.raises(ValueError, match="number of rows"):
            verify(made, sample=sample)
    change(made, "update nems_dsl_jobs set status = 'failed', error = 'x'")
    with pytest.raises(ValueError, match="no row of a fit that has succeeded"):
        verify(made)
