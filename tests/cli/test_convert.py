"""Converting strings of other programs on the command line, one by one and in tables."""

import csv
import io

import pytest


@pytest.fixture
def command(nems):
    """Run a command and check its exit code."""

    def call(*arguments, code=0, stdin=""):
        done = nems(*arguments, stdin=stdin)
        assert done.code == code, done.err
        return done

    return call


def test_a_line_goes_out_for_each_that_comes_in(command):
    """One that cannot be said leaves its line empty, and is told by its number."""
    text = "wc.18x1.z-fir.1x15\n\nhrtf.3\nwcg18x1_fir1x15\nnorm_wc.18x1.g-fir.1x15_jk.nf10\n"
    done = command("convert", "--from", "nems0", stdin=text, code=1)
    assert done.out.splitlines() == [
        "wc.18x1-fir.1x15",
        "",
        "wc.18x1.g-fir.1x15",
        "mm-mm.r-kf10_wc.18x1.g-fir.1x15_",
    ]
    told = done.err.splitlines()
    assert [line.split(":")[0] for line in told[:4]] == ["1", "2", "3", "4"]
    assert "`z` of `wc`" in told[0] and told[1].startswith("2: kept: the keyword `hrtf`")
    assert "oldest spelling" in told[2] and told[4] == "3 of 4 converted"


def test_one_string_has_the_whole_message(command):
    done = command("convert", "--from", "nems0", "hrtf.3", code=1)
    assert "error[E112]" in done.err and "  ^^^^" in done.err
    assert command("convert", "--to", "nems", "wc.18x4-fir.4x15").out.strip() == "wc.18x4-fir.15x4"


def test_strict_refuses_what_would_be_left_out(command):
    done = command("convert", "--from", "nems0", "--strict", "wc.18x1.z", code=1)
    assert "without it, write wc.18x1" in done.err


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_table_keeps_its_cells_and_has_two_columns_more(command, tmp_path, delimiter):
    """Cells that hold the delimiter or a quote come out as they came."""
    given = [
        ["cell", "modelname", "r_test"],
        [f'A{delimiter}"1"', "wc.18x1.z-fir.1x15", "0.500"],
        ["B", "hrtf.3", "nan"],
        ["C", "wc.18x1.z-fir.1x15", ""],
    ]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(given)
    file = tmp_path / "batch.csv"
    file.write_text(text.getvalue(), encoding="utf-8")
    done = command("convert", "--from", "nems0", str(file), code=1)
    found = list(csv.reader(io.StringIO(done.out), delimiter=delimiter))
    assert [row[:3] for row in found] == given
    assert [row[3] for row in found] == ["converted", "wc.18x1-fir.1x15", "", "wc.18x1-fir.1x15"]
    assert found[1][4].startswith("converted; left out") and found[2][4].startswith("kept: ")
    assert "2 of 3 converted" in done.err


def test_the_column_may_be_named_and_is_missed_by_name(command, tmp_path):
    file = tmp_path / "batch.csv"
    file.write_text("cell,net\nA,wc.2x1-fir.3x1\n", encoding="utf-8")
    done = command("convert", "--from", "nems", "--column", "net", str(file))
    assert done.out.splitlines()[1] == "A,wc.2x1-fir.3x1,wc.2x1-fir.1x3,converted"
    done = command("convert", "--from", "nems", "--column", "nett", str(file), code=1)
    assert "no column 'nett'" in done.err and "net" in done.err


def test_a_ragged_row_is_named(command, tmp_path):
    file = tmp_path / "batch.csv"
    file.write_text("cell,modelname\nA,wc.2x1\nB\n", encoding="utf-8")
    done = command("convert", "--from", "nems", str(file), code=1)
    assert "line 3 has 1 cells" in done.err
    file.write_text("conversion,modelname\nA,wc.2x1\n", encoding="utf-8")
    assert "column 'conversion' already" in command("convert", str(file), code=1).err


def test_check_and_explain_read_dialects(command):
    string = "norm_wc.18x1.g-fir.1x15-lvl.1_jk.nf10"
    done = command("check", "--dialect", "nems0", string)
    assert done.out.startswith("mm-mm.r-kf10_wc.18x1.g-fir.1x15-lvl.1_")
    done = command("explain", "--dialect", "nems0", string)
    assert "kf10 cross-validates in folds" in done.out and "fir.1x15" in done.out
    assert "E201" in command("check", "fir.15x4-lvl.15", code=1).err
