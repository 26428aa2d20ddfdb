"""Tables of a laboratory are read, and ours are written as such."""

import pandas as pd
import pytest

from nems_dsl.interop import read_results, to_nems_table

NAMES = [
    "ozgf.fs100.ch18-ld-sev_dlog-wc.18x1.g-fir.1x15-lvl.1-dexp.1_init-basic",
    "wc.18x2.c-fir.2x15-relu.1.f",
    "wc.18x2-wcst.3",
    "wc.18xR-lvl.R",
    None,
]


@pytest.fixture
def table():
    rows = {"cellid": list("ABCDE"), "batch": 289, "modelname": NAMES, "n_parms": [1, 2, 3, 4, 5]}
    return pd.DataFrame({**rows, "r_test": [0.1, 0.2, 0.3, 0.4, 0.5]})


def test_each_row_says_what_was_done(table, tmp_path):
    path = tmp_path / "batch.csv"
    table.to_csv(path, index=False)
    found = read_results(path)
    assert found["dataset"].tolist() == list("ABCDE")
    assert found["string"].tolist()[1:4] == ["wc.18x2-fir.2x15-relu.1", NAMES[2], "wc.18xR-lvl.R"]
    done = found["conversion"].tolist()
    assert done[1].startswith("converted; ") and "`c`" in done[1]
    assert done[2].startswith("kept: ") and "wcst" in done[2]
    assert done[3] == "converted" and done[4] == "kept: there is no name of a model"
    assert found["model_id"].notna().tolist() == [done_.startswith("conv") for done_ in done]
    assert found["r_test"].tolist() == table["r_test"].tolist()
    assert found["n_parameters"].tolist() == [1, 2, 3, 4, 5] and (found["batch"] == 289).all()
    assert found["modelname"].tolist()[:4] == NAMES[:4]


def test_a_name_of_three_parts_is_split(table):
    found = read_results(table.iloc[[1, 0]])
    assert found.index.tolist() == [1, 0]
    assert found["loader"].iloc[1] == "ozgf.fs100.ch18-ld-sev"
    assert found["fitter"].iloc[1] == "init-basic"
    assert found["string"].iloc[1] == "dlog.18-wc.18x1.g-fir.1x15-lvl.1-dexp.1"
    assert found["conversion"].iloc[1] == "converted"


def test_results_go_out_under_the_names_there(table):
    rows = {"dataset": ["A", "A", "B"], "channel": [0, 1, 0], "n_parameters": [5, 5, 3]}
    strings = ["wc.18x4-fir.4x15", "wc.18x4-fir.4x15", "mult@a,b"]
    ours = pd.DataFrame({**rows, "string": strings, "r_test": [0.5, 0.4, 0.3]})
    there = to_nems_table(ours)
    assert there.columns[:3].tolist() == ["cellid", "modelname", "r_test"]
    assert there["cellid"].tolist() == ["A-0", "A-1", "B"]
    assert there["n_parms"].tolist() == [5, 5, 3]
    assert there["modelname"].tolist() == ["wc.18x4-fir.15x4"] * 2 + ["mult@a,b"]
    assert there["conversion"].iloc[2].startswith("kept: `nems` cannot say this")
    again = read_results(there, dialect="nems")
    assert again["string"].tolist()[:2] == strings[:2]
    back = to_nems_table(read_results(table))
    same = ["cellid", "batch", "modelname", "r_test", "n_parms"]
    pd.testing.assert_frame_equal(back[same], table[same])


def test_a_column_that_is_missing_is_told(table):
    with pytest.raises(ValueError, match="no column modelname, but cellid, batch"):
        read_results(table.drop(columns="modelname"))
    with pytest.raises(ValueError, match="no column string"):
        to_nems_table(pd.DataFrame({"dataset": ["A"]}))
    with pytest.raises(ValueError, match="dialect"):
        read_results(table, dialect="nems9")
