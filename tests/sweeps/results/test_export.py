"""Tables of results as files."""

import csv

import pandas as pd
import pytest

from nems_dsl.sweeps import Store, open_results
from nems_dsl.sweeps.results.export import with_aliases, write_table

from ..made_rows import failed_row, make_row


@pytest.fixture
def results(tmp_path):
    rows = [
        make_row(dataset="TAR010c", channel=0, variables={"rank": 1}),
        make_row(dataset="TAR010c", channel=1, variables={"rank": 1}),
        make_row(dataset="TAR011a", channel=3, r_test=1 / 3, warnings=('a "b", c',)),
        failed_row(dataset="TAR012_b", channel=None, recipe='{"loss": "nmse"}'),
    ]
    with Store.open(tmp_path / "results.db") as store:
        store.add(rows)
    return open_results(tmp_path / "results.db")


def test_the_names_that_users_of_nems_know(results):
    table = with_aliases(results.to_pandas())
    assert list(table.columns)[:2] == ["cellid", "modelname"]
    assert table["cellid"].tolist() == ["TAR010c-0", "TAR010c-1", "TAR011a", "TAR012_b"]
    assert table["modelname"].tolist() == table["string"].tolist()
    assert "cellid" not in results.to_pandas()
    assert list(with_aliases(results.to_pandas(["r_test"])).columns) == ["r_test"]


def test_csv(results, tmp_path):
    path = results.export(tmp_path / "out.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["cellid", "modelname", *results.columns]
    # every bit of a number, and text with commas and quotes
    assert float(rows[2]["r_test"]) == 1 / 3
    assert rows[2]["warnings"] == 'a "b", c'
    assert (rows[3]["status"], rows[3]["r_test"], rows[3]["channel"]) == ("failed", "", "")


def test_parquet(results, tmp_path):
    pytest.importorskip("pyarrow")
    path = results.export(tmp_path / "out.parquet")
    found = pd.read_parquet(path)
    assert list(found.columns) == ["cellid", "modelname", *results.columns]
    assert found["r_test"].tolist()[:3] == results.to_pandas(["r_test"])["r_test"].tolist()[:3]
    assert str(found["channel"].dtype) == "Int64"


def test_latex(results, tmp_path):
    pytest.importorskip("jinja2")
    text = results.export(tmp_path / "out.tex").read_text()
    assert text.startswith("\\begin{tabular}")
    head = next(line for line in text.splitlines() if "dataset" in line)
    assert head == (
        r"dataset & channel & string & n\_parameters & r\_fit & r\_test & se\_test & status \\"
    )
    assert "TAR012\\_b" in text
    assert "0.3333" in text
    only = results.export(tmp_path / "some.tex", ["dataset", "r_test"]).read_text()
    assert r"dataset & r\_test \\" in only


def test_characters_that_mean_something_to_latex(tmp_path):
    pytest.importorskip("jinja2")
    table = pd.DataFrame({"a_b": ["50% {x} & y_1 #2 $3 ~ ^ \\"]})
    text = write_table(table, tmp_path / "x.tex").read_text()
    assert (
        r"50\% \{x\} \& y\_1 \#2 \$3 \textasciitilde{} \textasciicircum{} \textbackslash{}" in text
    )
    assert r"a\_b" in text


def test_some_columns(results, tmp_path):
    path = results.export(tmp_path / "out.csv", ["string", "r_test"])
    assert path.read_text().splitlines()[0] == "modelname,string,r_test"


def test_an_index_that_says_something(results, tmp_path):
    path = write_table(results.pivot(), tmp_path / "pivot.csv", index=True)
    assert path.read_text().startswith("dataset,channel,")


@pytest.mark.parametrize("name", ["out.xls", "out", "out.CSVX"])
def test_endings_that_say_nothing(results, tmp_path, name):
    with pytest.raises(ValueError, match=r"unknown kind of file .*\.csv, \.parquet, \.tex"):
        results.export(tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("ending", "package", "extra"), [("parquet", "pyarrow", "parquet"), ("tex", "jinja2", "latex")]
)
def test_a_package_that_is_missing(results, tmp_path, monkeypatch, ending, package, extra):
    table = results.to_pandas(["string"])

    def refuse(self, *args, **kwargs):
        raise ImportError(f"no module named {package}")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", refuse)
    monkeypatch.setattr(pd.DataFrame, "to_latex", refuse)
    with pytest.raises(ValueError, match=rf"pip install 'nems_dsl\[{extra}\]'"):
        write_table(table, tmp_path / f"out.{ending}")
