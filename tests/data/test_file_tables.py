"""Tables: which columns are channels, what a header is, and where a cell is at fault."""

import re

import numpy as np
import pandas as pd
import pytest

from nems_dsl.data.files import read_data_files

STIM = np.random.default_rng(0).normal(size=(40, 3)).round(3)
RESP = np.arange(40.0) * 1.5
TIMES = np.arange(40) / 100


def write(path, columns, **options):
    pd.DataFrame(columns).to_csv(path, **{"index": False, **options})


def read(tmp_path, stim="stim.csv", resp="resp.csv"):
    return read_data_files(tmp_path / stim, tmp_path / resp)


def refused(tmp_path, *parts):
    with pytest.raises(ValueError) as caught:
        read(tmp_path)
    for part in parts:
        assert part in str(caught.value)


@pytest.fixture
def stim(tmp_path):
    """A stimulus of 40 rows, and nothing but numbers."""
    np.savetxt(tmp_path / "stim.csv", STIM, delimiter=",")


@pytest.fixture
def resp(tmp_path):
    np.savetxt(tmp_path / "resp.csv", RESP)


# ---- columns that are no channels ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "times", "fs"),
    [
        ("time", TIMES, 100.0),
        ("Time", TIMES + 7.25, 100.0),
        ("t", TIMES, 100.0),
        ("time_s", TIMES, 100.0),
        ("time (ms)", TIMES * 1000, 100.0),
        ("time_us", TIMES * 1e6, 100.0),
        ("timestamp", pd.date_range("2020-01-01", periods=40, freq="10ms"), 100.0),
        ("timestamps", pd.to_timedelta(TIMES, unit="s"), 100.0),
        ("time", np.round(np.arange(40) / 128, 3), None),
        ("time", np.arange(40), None),
        ("time [bins]", np.arange(40), None),
        ("seconds", TIMES, 100.0),
    ],
)
def test_a_column_of_times(tmp_path, resp, name, times, fs):
    write(tmp_path / "stim.csv", {name: times, "low": STIM[:, 0], "high": STIM[:, 1]})
    data = read(tmp_path)
    np.testing.assert_array_equal(data.stim[0], STIM[:, :2])
    assert data.labels["stim"] == ("low", "high")
    rounded = name == "time" and len(times) and times[1] not in (0.01, 1)
    assert data.fs == (pytest.approx(128, rel=2e-3) if rounded else fs)
    assert f"column {name!r} read as time" in data.notes[0]
    assert "2 channels: low, high" in data.notes[0]


def test_times_of_stimulus_and_response_are_held_against_each_other(tmp_path):
    write(tmp_path / "stim.csv", {"time": TIMES, "a": STIM[:, 0]})
    write(tmp_path / "resp.csv", {"time": TIMES, "unit": RESP})
    data = read(tmp_path)
    assert data.resp[0].shape == (40, 1)
    write(tmp_path / "resp.csv", {"time": TIMES[3:], "unit": RESP[3:]})
    refused(tmp_path, "3 of 40 labels", "stim.csv", "resp.csv")
    write(tmp_path / "resp.csv", {"time": TIMES + 5, "unit": RESP})
    refused(tmp_path, "40 of 40 labels")


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (np.r_[TIMES[:20], TIMES[:20]], "column 'time' is a time that does not go on in row 20"),
        (np.r_[TIMES[:20], TIMES[20:] + 3], "leaves a gap at row 20: 0.19 to 3.2"),
        (np.r_[TIMES[:20], np.nan, TIMES[21:]], "has no time in row 20"),
    ],
)
def test_times_that_are_none(tmp_path, resp, times, text):
    write(tmp_path / "stim.csv", {"time": times, "a": STIM[:, 0]})
    refused(tmp_path, "stim.csv", text, "rename the column")


def test_channels_that_only_sound_like_times(tmp_path, resp):
    columns = {"t": STIM[:, 0], "t2": TIMES, "index": STIM[:, 1], "timing": TIMES, "bin": [1] * 40}
    write(tmp_path / "stim.csv", columns)
    assert read(tmp_path).labels["stim"] == tuple(columns)


@pytest.mark.parametrize("name", ["", "index", "sample", "bin", "frame", "Unnamed: 0"])
@pytest.mark.parametrize("first", [0, 1])
def test_numbers_of_rows(tmp_path, resp, name, first):
    write(tmp_path / "stim.csv", {name: np.arange(40) + first, "a": STIM[:, 0]})
    data = read(tmp_path)
    assert (data.stim[0].shape, data.fs) == ((40, 1), None)
    assert "as the number of the row" in data.notes[0]


def test_a_frame_written_with_its_index(tmp_path, resp):
    for columns in (["a", "b", "c"], [0, 1, 2]):
        pd.DataFrame(STIM, columns=columns).to_csv(tmp_path / "stim.csv")
        np.testing.assert_array_equal(read(tmp_path).stim[0], STIM)
    pd.DataFrame(STIM).to_csv(tmp_path / "stim.csv", index=False)
    refused(tmp_path, "column labels of a data frame", "header=False")
    pd.DataFrame(STIM).to_csv(tmp_path / "stim.csv", index=False, header=False)
    np.testing.assert_array_equal(read(tmp_path).stim[0], STIM)


# ---- trials ----------------------------------------------------------------------------------

NUMBERS = np.repeat([7, 3, 5], [10, 14, 16])


@pytest.mark.parametrize("name", ["trial", "Trial", "trial_id", "epoch", "trial number"])
def test_trials_are_paired_by_number(tmp_path, name):
    write(tmp_path / "stim.csv", {name: NUMBERS, "a": STIM[:, 0]})
    order = np.argsort(NUMBERS, kind="stable")
    write(tmp_path / "resp.csv", {name: NUMBERS[order], "unit": RESP[order]})
    data = read(tmp_path)
    assert [len(trial) for trial in data.stim] == [10, 14, 16]
    np.testing.assert_array_equal(np.concatenate(data.resp)[:, 0], RESP)
    assert f"column {name!r}" in data.notes[0]


def test_trials_that_only_one_file_has(tmp_path):
    write(tmp_path / "stim.csv", {"trial": NUMBERS, "a": STIM[:, 0]})
    write(tmp_path / "resp.csv", {"trial": np.where(NUMBERS == 5, 6, NUMBERS), "unit": RESP})
    refused(tmp_path, "1 of 3 labels of the first are missing in the second, such as 5")


def test_times_begin_anew_with_each_trial(tmp_path):
    times = np.concatenate([np.arange(n) / 50 for n in (10, 14, 16)])
    write(tmp_path / "stim.csv", {"trial": NUMBERS, "time": times, "a": STIM[:, 0]})
    write(tmp_path / "resp.csv", {"trial": NUMBERS, "time": times, "unit": RESP})
    assert read(tmp_path).fs == 50
    # rows in the order of time, as in tables for statistics
    order = np.argsort(times, kind="stable")
    long = {"trial": NUMBERS[order], "time": times[order], "unit": RESP[order]}
    write(tmp_path / "resp.csv", long)
    np.testing.assert_array_equal(np.concatenate(read(tmp_path).resp)[:, 0], RESP)
    del long["time"]
    write(tmp_path / "resp.csv", long)
    refused(tmp_path, "the rows of a trial do not follow each other")


def test_numbers_of_trials_that_are_none(tmp_path, resp):
    write(tmp_path / "stim.csv", {"trial": [1, 2], "epoch": [1, 1], "a": [0.5, 1]})
    refused(tmp_path, "two columns number the trials, 'trial' and 'epoch'")
    write(tmp_path / "stim.csv", {"trial": [1, None], "a": [0.5, 1]})
    refused(tmp_path, "'trial' has no number in row 1")


# ---- headers and cells -----------------------------------------------------------------------


def rows_of(text, tmp_path):
    (tmp_path / "stim.csv").write_text(text)
    return read(tmp_path).stim[0]


@pytest.mark.parametrize("separator", [",", ";", "\t", ", ", " "])
def test_separators(tmp_path, separator):
    (tmp_path / "resp.csv").write_text("1\n2\n")
    rows = rows_of(f"1.5{separator}2\n-3e2{separator}.5\n", tmp_path)
    np.testing.assert_array_equal(rows, [[1.5, 2], [-300, 0.5]])


def test_what_savetxt_writes(tmp_path):
    np.savetxt(tmp_path / "stim.csv", STIM, header="low mid high")
    np.savetxt(tmp_path / "resp.csv", RESP)
    data = read(tmp_path)
    np.testing.assert_array_equal(data.stim[0], STIM)
    assert data.labels == {"stim": ("low", "mid", "high")}
    np.savetxt(tmp_path / "stim.csv", STIM, delimiter=",", header="made by us\nlow,mid,high")
    assert read(tmp_path).labels["stim"] == ("low", "mid", "high")


def test_a_first_row_of_numbers_is_no_header(tmp_path, stim, resp):
    data = read(tmp_path)
    np.testing.assert_array_equal(data.stim[0], STIM)
    assert (data.labels, data.notes) == ({}, ())


def test_names_that_are_numbers_beside_a_column_of_times(tmp_path):
    (tmp_path / "resp.csv").write_text("1\n2\n")
    assert rows_of("time,250,500\n0,1,2\n0.1,3,4\n", tmp_path).tolist() == [[1, 2], [3, 4]]
    assert read(tmp_path).labels["stim"] == ("250", "500")


def test_lines_that_end_as_on_windows(tmp_path):
    (tmp_path / "resp.csv").write_bytes(b"\xef\xbb\xbfunit 1\r\n1\r\n2\r\n")
    assert rows_of("a,b\r\n1,2\r\n3,4\r\n", tmp_path).tolist() == [[1, 2], [3, 4]]
    assert read(tmp_path).labels == {"stim": ("a", "b"), "resp": ("unit 1",)}


def test_names_that_are_quoted_or_occur_twice(tmp_path):
    (tmp_path / "resp.csv").write_text("1\n2\n")
    assert rows_of('"A1, left","A1, left"\n1,2\n3,4\n', tmp_path).tolist() == [[1, 2], [3, 4]]
    assert read(tmp_path).labels["stim"] == ("A1, left", "A1, left.1")


def test_missing_cells_of_a_response(tmp_path):
    (tmp_path / "stim.csv").write_text("1\n2\n3\n4\n5\n6\n7\n")
    (tmp_path / "resp.csv").write_text("a,b\n1,\n,2\nNaN,nan\nN/A,NULL\nNone,na\n 5 , 6\n7,8\n\n")
    expected = [[1, np.nan], [np.nan, 2], *[[np.nan] * 2] * 3, [5, 6], [7, 8]]
    np.testing.assert_array_equal(read(tmp_path).resp[0], expected)
    (tmp_path / "resp.csv").write_text("1\n\nnan\n4\n5\n6\n7\n\n\n")
    np.testing.assert_array_equal(read(tmp_path).resp[0][:3, 0], [1, np.nan, np.nan])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0,2.O\n3,4\n", "line 1, column 2: '2.O' is not a number"),
        ("1.0,x\n3,4\n", "line 1, column 2: 'x' is not a number"),
        ("l.0,2\n3,4\n", "line 1, column 1: 'l.0' is not a number"),
        ("1..5\n3\n", "line 1, column 1: '1..5' is not a number"),
        ("a,b\n1,2\n\n3,four\n", "line 4, column 2: 'four' is not a number"),
        ("1,2\n3,-\n", "line 2, column 2: '-' is not a number"),
        ("1,5;2,5\n3,5;4,5\n", "'1,5' has a decimal comma"),
        ("a;b\n3,5;4,5\n", "line 2, column 1: '3,5' has a decimal comma"),
        ("a\tb\n3\t4,5\n", "line 2, column 2: '4,5' has a decimal comma"),
        ('a,b\n"1,5",2\n', "line 2, column 1: '1,5' has a decimal comma"),
        ("1,2\n3\n5,6\n", "line 2: 1 column, where the first row has 2"),
        ("a,b\n1,2\n3,4,5\n", "line 3: 3 columns, where the first row has 2"),
        ("a,b\n", "no samples"),
        ("\n\n", "no samples"),
        ("", "no samples"),
        ("# made by us\n", "no samples"),
        ("1\0,2\n3,4\n", "no csv file"),
    ],
)
def test_cells_at_fault(tmp_path, resp, text, message):
    (tmp_path / "stim.csv").write_text(text)
    refused(tmp_path, "stim.csv", message)


def test_the_way_out_of_decimal_commas(tmp_path, resp):
    path = tmp_path / "stim.csv"
    pd.DataFrame(STIM, columns=["a", "b", "c"]).to_csv(path, sep=";", decimal=",", index=False)
    refused(tmp_path, "pandas.read_csv(path, sep=';', decimal=',').to_csv(path, index=False)")
    pd.read_csv(path, sep=";", decimal=",").to_csv(path, index=False)
    np.testing.assert_array_equal(read(tmp_path).stim[0], STIM)


def test_other_encodings(tmp_path, resp):
    (tmp_path / "stim.csv").write_bytes("fréquence\n1\n2\n".encode("latin-1"))
    refused(tmp_path, "stim.csv is no text in UTF-8", "save it as UTF-8")


# ---- other tables, and pairs -----------------------------------------------------------------


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(STIM, columns=["a", "b", "c"], index=pd.Index(TIMES, name="time"))
    frame.to_parquet(tmp_path / "stim.parquet")
    pd.DataFrame({"time": TIMES, "unit": pd.array([None, *range(39)], dtype="Int64")}).to_parquet(
        tmp_path / "resp.parquet"
    )
    data = read(tmp_path, "stim.parquet", "resp.parquet")
    assert (data.labels["stim"], data.labels["resp"], data.fs) == (("a", "b", "c"), ("unit",), 100)
    assert np.isnan(data.resp[0][0, 0]) and data.resp[0][-1, 0] == 38
    (tmp_path / "resp.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"resp\.parquet is no parquet file"):
        read(tmp_path, "stim.parquet", "resp.parquet")


@pytest.mark.parametrize(
    ("first", "second", "is_swapped"),
    [
        ("stim", "resp", 0),
        ("resp", "stim", 1),
        ("cell1_y", "cell1_x", 1),
        ("r", "s", 1),
        ("b", "a", 0),
    ],
)
def test_pairs_are_told_apart_by_their_names(tmp_path, first, second, is_swapped):
    np.savetxt(tmp_path / f"{first}.tsv", STIM, delimiter="\t")
    np.save(tmp_path / f"{second}.npy", RESP)
    data = read_data_files(tmp_path / f"{first}.tsv", tmp_path / f"{second}.npy")
    assert data.stim[0].shape[1] == (1 if is_swapped else 3)
    assert bool(data.notes) == bool(is_swapped)
    if is_swapped:
        assert re.search(rf"{second}\.npy read as the stimulus", data.notes[0])
