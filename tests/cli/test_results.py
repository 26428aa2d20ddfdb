"""nems-dsl results: what it shows, and how it refuses."""

from dataclasses import replace

import pandas as pd
import pytest

from nems_dsl.sweeps import Store, open_results
from tests.sweeps.made_rows import failed_row, made_sweep, make_row

A, B = "wc.6x1-fir.1x5-lvl.1", "wc.6x2-fir.2x5-dexp.1"


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "results.db"
    with Store.open(path) as store:
        store.add([*made_sweep(ranks=(1, 2), channels=(0, 1)), failed_row("lvl.1", "Z")])
    return path


def table_of(out):
    """The rows of the last table that was printed."""
    lines = out.strip().split("\n\n")[-1].splitlines()
    return [line.split() for line in lines]


def test_rows_as_they_are_stored(nems, db):
    done = nems("results", db)
    assert done.code == 0
    assert done.out.startswith(
        f"{db}: 73 rows, 1 of them failed\n7 models, 13 neurons of 7 datasets\n\n"
    )
    head, *rows = table_of(done.out)
    assert head == [
        "string", "dataset", "channel", "fold", "n_parameters", "r_fit", "r_test", "se_test",
        "loss", "converged", "seconds", "status", "error",
    ]  # fmt: skip
    assert len(rows) == 20
    assert rows[0][:5] == ["wc.6x1-fir.1x5-lvl", "A", "0", "-1", "12"]
    assert rows[0][9:] == ["yes", "0.5", "ok"]
    assert done.err == "53 more rows; --limit 0 prints all\n"


def test_all_rows_sorted(nems, db):
    done = nems("results", db, "--sort", "-r_test", "--limit", 0, "--columns", "dataset, r_test")
    head, *rows = table_of(done.out)
    assert head == ["dataset", "r_test"]
    # the failed one has no score, and comes last
    assert len(rows) == 73
    scores = [float(row[1]) for row in rows[:-1]]
    assert scores == sorted(scores, reverse=True)
    assert rows[-1] == ["Z"]
    assert done.err == ""


def test_a_failure_shows_its_error(nems, db):
    done = nems("results", db, "--where", "status == 'failed'")
    assert "ValueError: no" in done.out
    assert len(table_of(done.out)) == 2


def test_the_best(nems, db):
    done = nems("results", db, "--best", "-n", 2, "--where", "status == 'ok'")
    head, *rows = table_of(done.out)
    names = ["model_id", "canonical", "n_parameters", "r_test", "se", "n_neurons", "n_models"]
    assert head == names
    assert [row[1] for row in rows] == [B, "wc.6x2-fir.2x5-lvl.1"]
    # once, and only of scores of what was held out
    assert done.err.count("is so in part by luck, and its score is too good; nems_dsl.sel") == 1
    assert "by luck" not in nems("results", db, "--best", "--metric", "loss").err
    by = nems("results", db, "--best", "--by", "rank", "--where", "status == 'ok'")
    assert [row[0] for row in table_of(by.out)] == ["rank", "1", "2"]


def test_the_pivot(nems, db):
    done = nems("results", db, "--pivot", "--metric", "loss", "--where", "rank == 1")
    head, *rows = table_of(done.out)
    assert head[:2] == ["dataset", "channel"]
    assert len(head) == 5
    assert len(rows) == 12


def test_a_comparison(nems, db):
    done = nems("results", db, "--compare", A, B)
    expected = str(open_results(db).compare(A, B))
    assert done.out.startswith(f"{expected}\n\n")
    assert len(table_of(done.out)) == 13


def test_a_hypothesis(nems, db, tmp_path):
    pattern = "wc.6x1-fir.1x5-{lvl,dexp}.1"
    done = nems("results", db, "--assess", pattern, "--where", "rank == 1")
    found = open_results(db).where("rank == 1").assess(pattern)
    assert done.out.startswith(f"{found}\n\n{found.sentence}\n\n")
    assert len(table_of(done.out)) == 13
    drawn = nems("results", db, "--assess", pattern, "--where", "rank == 1", "--plot", "effect.svg")
    assert drawn.code == 0
    assert "taking dexp in place of lvl" in (tmp_path / "effect.svg").read_text()
    missing = nems("results", db, "--assess", "wc.6x9-fir.9x5-{lvl,dexp}.1")
    assert missing.code == 1
    assert "error: wc.6x9-fir.9x5-lvl.1 was not fitted to all of A, B, C, D" in missing.err


def test_nested_models(nems, db):
    done = nems("results", db, "--nested", "--sort", "p_holm", "-n", 3)
    assert done.code == 0
    assert "wc out 1 -> 2" in done.out


def test_files(nems, db, tmp_path):
    done = nems("results", db, "--export", "out.csv", "--plot", "out.png", "--where", "rank > 0")
    assert (done.code, done.err.splitlines()[-2:]) == (0, ["saved out.csv", "saved out.png"])
    assert len(pd.read_csv(tmp_path / "out.csv")) == 72
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    again = nems("results", db, "--export", "out.csv")
    assert (again.code, again.err) == (1, "error: out.csv exists; --force overwrites\n")
    assert nems("results", db, "--best", "--export", "out.csv", "--force").code == 0
    assert "model_id" in pd.read_csv(tmp_path / "out.csv").columns


def test_the_first_line_of_an_error(nems, tmp_path):
    path = tmp_path / "failed.db"
    with Store.open(path) as store:
        store.add([make_row(status="failed", error="ValueError: it is bad\n  ^^^", r_test=None)])
    assert nems("results", path).out.splitlines()[-1].endswith("ValueError: it is bad")
    assert "^^^" in nems("results", path, "--columns", "error").out


def test_what_was_run_last(nems, db):
    assert nems("results", db, "--latest", "--pivot").code == 0
    with Store.open(db) as store:
        store.add(
            [make_row(recipe='{"loss": "poisson"}', finished="2999-01-01T00:00:00.000+00:00")]
        )
    for arguments in (["--pivot"], ["--best"], ["--plot", "out.png"]):
        done = nems("results", db, *arguments)
        assert (done.code, done.err.splitlines()[-1]) == (
            1,
            "error: the rows were fitted and tested in 2 ways, whose scores do not compare; "
            "--latest uses what was run last",
        )
    assert "12" in nems("results", db, "--latest", "--best").out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.db"], 1, "error: {here}/none.db: there is no store here\n"),
        (["{db}", "--sort", "r_tset"], 1, "did you mean 'r_test'"),
        (["{db}", "--columns", "foo"], 1, "error: no column 'foo'"),
        (["{db}", "--where", "rnk < 3"], 1, "error[E509]: no variable `rnk`"),
        (["{db}", "--best", "--by", "rnk"], 1, "error: no variable 'rnk'; there "),
        (["{db}", "--compare", A, "lvl"], 1, "error: no model 'lvl'"),
        (["{db}", "--export", "out.xls"], 1, "error: no kind of file '.xls'"),
        (["{db}", "--best", "--pivot"], 2, "choose one of them"),
        (["{db}", "--by", "rank"], 2, "it goes with --best"),
        (["{db}", "--pivot", "--metric", "nmse"], 1, "error: no metric 'nmse'"),
    ],
)
def test_refusals(nems, db, tmp_path, arguments, code, message):
    done = nems("results", *(str(text).format(db=db) for text in arguments))
    assert done.code == code
    assert message.format(here=tmp_path) in " ".join(done.err.split(" "))


def test_a_file_that_is_no_store(nems, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n" * 1000)
    done = nems("results", "data.csv")
    assert done.code == 1
    assert "is no store of a sweep" in done.err


def test_symbolic_strings_of_several_numbers_of_channels(nems, tmp_path):
    path = tmp_path / "symbolic.db"
    a, b = "wc.Nx1-lvl.1", "wc.Nx1-dexp.1"
    with Store.open(path) as store:
        store.add(
            [
                replace(
                    make_row(f"wc.{n}x1-{nl}.1", dataset, r_test=n / 10 + 0.1 * (nl == "dexp")),
                    string=f"wc.Nx1-{nl}.1",
                    variables={"nl": nl},
                )
                for nl in ("lvl", "dexp")
                for n, dataset in ((6, "A"), (8, "B"))
            ]
        )
    done = nems("results", path, "--compare", a, b, "--plot", "figure.png")
    assert (done.code, "r_test over 2 neurons" in done.out) == (0, True), done.err
    done = nems("results", path, "--nested")
    assert done.code == 0 and "wc.Nx1-dexp.1" in done.out
    assert "wc.8x1" in nems("results", path, "--best").out
    assert "wc.Nx1" in nems("results", path, "--best", "--models", "string").out
    assert "wc.Nx1" in nems("results", path, "--pivot", "--models", "string").out
    done = nems("results", path, "--compare", a, b, "--models", "canonical")
    assert done.code == 1 and "--models string" in done.err
