"""One list of columns, and that whatever holds or shows a row follows from it."""

import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from nems_dsl import ModelStringError, expand
from nems_dsl.cli.sweeps.results import SHOWN
from nems_dsl.result_columns import ALIASES, COLUMNS, REQUIRED, list_metrics
from nems_dsl.sweeps import Store, open_results
from nems_dsl.sweeps.store import schema
from nems_dsl.sweeps.store.rows import JobRow
from tests.sweeps.made_rows import failed_row, make_row

ROOT = Path(__file__).parents[1]
BY_NAME = {column.name: column for column in COLUMNS}
VALUES = {
    "text": "a text, 'quoted' é",
    "word": "0123456789abcdef",
    "integer": 7,
    "large integer": 2**40,
    "number": 0.123456789,
    "yes or no": False,
    "texts": ("one", "two"),
    "values by name": {"rank": 2},
    "long text": "a\nb" * 1000,
    "channel": 3,
}


def run(code, *arguments):
    """Run Python in a process of its own, which has one more column."""
    added = """
    import sys
    from nems_dsl import result_columns
    column = result_columns.Column(
        "kurtosis", "number", "of the residuals", is_metric=True, higher_is_better=True
    )
    result_columns.COLUMNS = (*result_columns.COLUMNS, column)
    """
    whole = textwrap.dedent(added) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", whole, *map(str, arguments)],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


ADD = """
from nems_dsl.sweeps import Store, open_results
from tests.sweeps.made_rows import make_row
with Store.open(sys.argv[1]) as store:
    store.add([make_row(channel=c, kurtosis=c + 0.5) for c in (1, 2)])
    store.add([make_row("wc.6x1-fir.1x5-dexp.1", channel=c, kurtosis=c + 0.75) for c in (1, 2)])
results = open_results(sys.argv[1])
print(*results.to_pandas(["kurtosis"])["kurtosis"])
print(results.best("kurtosis").canonical[0], *results.pivot("kurtosis").iloc[-1])
print(results.compare("wc.6x1-fir.1x5-lvl.1", "wc.6x1-fir.1x5-dexp.1", "kurtosis").difference)
print(len(results.where("kurtosis > 2")), "kurtosis" in results.columns)
"""


def test_a_column_that_is_added_in_one_place_is_stored_and_read_back(tmp_path):
    answers = run(ADD, tmp_path / "results.db")
    assert answers[:4] == [
        "1.5 2.5 1.75 2.75",
        "wc.6x1-fir.1x5-dexp.1 2.75 2.5",
        "0.25",
        "2 True",
    ]


def test_a_column_that_is_added_is_reserved_and_a_choice_of_the_command_line():
    answers = run(
        """
        from nems_dsl import expand
        from nems_dsl.cli import main
        try:
            expand("wc.18x{kurtosis=1,2}")
        except ValueError as fault:
            print(str(fault).splitlines()[0])
        sys.argv = ["nems-dsl", "results", "--help"]
        main()
        """
    )
    assert answers[0].endswith("the name `kurtosis` is that of a column of the results")
    assert "kurtosis" in "".join(answers[1:])


@pytest.mark.slow
def test_a_store_is_read_without_a_column_and_gets_it_at_the_next_sweep(tmp_path):
    path = tmp_path / "results.db"
    with Store.open(path) as store:
        store.add([make_row(channel=0), failed_row(dataset="A2")])
    before = run(
        """
        from nems_dsl.sweeps import open_results
        results = open_results(sys.argv[1])
        print(*results.to_pandas(["kurtosis"])["kurtosis"], len(results.where("kurtosis == none")))
        print(results.pivot("kurtosis").isna().all().all(), len(results.best("kurtosis")))
        """,
        path,
    )
    assert before[:2] == ["nan nan 2", "True 0"]
    assert run(ADD, path)[0] == "nan nan 1.5 2.5 1.75 2.75"
    # and this version, which does not know the column, reads on
    assert len(open_results(path).to_pandas()) == 6


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_column_comes_back_as_it_was_stored(column, tmp_path):
    row = failed_row()
    if column.name not in ("status", "error", "identity"):
        row = replace(make_row(), **{column.name: VALUES[column.type]})
    with Store.open(tmp_path / "results.db") as store:
        store.add([row])
    results = open_results(tmp_path / "results.db")
    if column.shown == "never":
        assert column.name not in results.columns
        return
    if column.name == "variables":
        assert results.to_pandas()["rank"].tolist() == [2]
        return
    (found,) = results.to_pandas([column.name])[column.name]
    expected = getattr(row, column.name)
    if column.type == "texts":
        expected = "; ".join(expected)
    if column.type == "values by name":
        expected = '{"rank": 2}'
    assert found == expected


def test_a_row_has_every_column_and_no_other():
    required = {column.name: "" for column in COLUMNS if column.default is REQUIRED}
    row = JobRow(**required)
    assert all(hasattr(row, name) for name in BY_NAME)
    with pytest.raises(TypeError, match="identity"):
        JobRow(**{name: "" for name in required if name != "identity"})
    with pytest.raises(TypeError, match="kurtosis"):
        JobRow(**required, kurtosis=1.0)


def test_tables_of_a_store_have_every_column_once():
    tables = [*schema.SHARED.values(), schema.jobs, schema.attachments]
    names = [column.name for table in tables for column in table.columns]
    assert sorted(
        set(names) - {"key", "digest", "job_key", *map(schema.key_of, schema.SHARED)}
    ) == (sorted(BY_NAME))
    assert all(names.count(name) == 1 for name in BY_NAME)


def test_only_the_job_that_is_run_names_a_score():
    sweeps = ROOT / "nems_dsl" / "sweeps"
    naming = [path.name for path in sweeps.rglob("*.py") if "se_test" in path.read_text("utf-8")]
    assert 1 <= len(naming) <= 3, naming


def test_names_of_variables_are_reserved():
    # others have an underscore, which names of variables have not
    for name in [name for name in (*BY_NAME, *ALIASES) if name.isalpha()]:
        with pytest.raises(ModelStringError) as caught:
            expand(f"wc.18x{{{name}=1,2}}")
        assert caught.value.code == "E506", name


def test_the_command_line_shows_what_a_terminal_has_room_for():
    assert set(SHOWN) <= set(BY_NAME)
    assert set(list_metrics()) & set(SHOWN) == {
        "n_parameters", "r_fit", "r_test", "se_test", "loss", "seconds"
    }  # fmt: skip


def as_markdown():
    """Return the table of columns as the page on sweeps has it."""
    lines = ["| column | is | score | what it says |", "| --- | --- | --- | --- |"]
    for column in COLUMNS:
        if column.shown == "never":
            continue
        better = "highest is best" if column.higher_is_better else "lowest is best"
        kind = f"{column.type}, {column.unit}" if column.unit else column.type
        score = better if column.is_metric else ""
        lines.append(
            f"| `{column.name}` | {kind} | {score} | {column.help} |".replace("|  |", "| |")
        )
    return "\n".join(lines)


def test_the_page_on_sweeps_lists_the_columns():
    page = (ROOT / "docs" / "sweeps.md").read_text("utf-8")
    found = re.search(r"\| column \| is \|.*?\n\n", page, re.DOTALL)
    assert found is not None and found.group().strip() == as_markdown()
