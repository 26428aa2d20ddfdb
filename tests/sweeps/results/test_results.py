"""Results: tables, rankings, choosing rows, fitted models."""

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nems_dsl import Model, ModelStringError
from nems_dsl.models.saving import to_dict
from nems_dsl.sweeps import Store, open_results
from nems_dsl.sweeps.results.job_table import read_table
from nems_dsl.sweeps.results.row_selection import Selection

from ..made_rows import RECIPE, failed_row, fitted_text, made_sweep, make_row

BEST, SECOND = "wc.6x3-fir.3x5-dexp.1", "wc.6x2-fir.2x5-dexp.1"


@pytest.fixture
def stored(tmp_path):
    """Store rows; give the results."""

    def store_rows(rows, name="results.db"):
        with Store.open(tmp_path / name) as store:
            store.add(rows)
        return open_results(tmp_path / name)

    return store_rows


@pytest.fixture(scope="module")
def rows():
    return made_sweep(channels=(0, 1))


@pytest.fixture(scope="module")
def results(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "results.db"
    with Store.open(path) as store:
        store.add(rows)
    return open_results(path)


def scores_of(rows, metric="r_test"):
    """The same table by plain Python."""
    found = {}
    for row in rows:
        neuron = (row.dataset, row.channel)
        found.setdefault(row.canonical, {}).setdefault(neuron, []).append(getattr(row, metric))
    return {m: {n: float(np.mean(v)) for n, v in cells.items()} for m, cells in found.items()}


# ---- tables ------------------------------------------------------------------------------------


def test_the_columns_that_scripts_rely_on(results):
    table = results.to_pandas()
    assert list(table.columns) == results.columns
    assert list(table.columns)[:8] == [
        "string", "canonical", "model_id", "dataset", "channel", "fold", "rank", "nl"
    ]  # fmt: skip
    promised = """string canonical model_id dataset channel fold n_parameters r_fit r_test se_test
                  loss converged seconds status error rank nl"""
    assert set(promised.split()) <= set(table.columns)
    assert len(table) == len(results) == 108


def test_types_do_not_hang_on_what_is_missing(stored):
    full = stored([make_row(variables={"r": 1, "nl": "a"}, seed=1)], "full.db").to_pandas()
    empty = stored(
        [failed_row(channel=None, n_parameters=None, variables={"r": 1, "nl": "a"})], "empty.db"
    ).to_pandas()
    same = [name for name in full.columns if name not in ("optimizer", "error", "loss_name")]
    assert full[same].dtypes.equals(empty[same].dtypes)
    assert str(full["channel"].dtype) == "Int64"
    assert str(full["converged"].dtype) == "boolean"
    assert empty["channel"].isna().all()


def test_a_failed_job_is_a_row_with_its_error(stored):
    results = stored([make_row(), failed_row(dataset="B2")])
    table = results.to_pandas(["dataset", "status", "error", "r_test", "traceback"])
    assert table["status"].tolist() == ["ok", "failed"]
    assert table["error"][1] == "ValueError: no"
    assert table["traceback"].tolist()[1] == "Traceback: no"
    assert np.isnan(table["r_test"][1])


def test_columns_come_in_the_order_that_is_asked_for(results):
    table = results.to_pandas(["nl", "r_test", "dataset"])
    assert list(table.columns) == ["nl", "r_test", "dataset"]
    assert list(results.to_pandas([]).columns) == []
    with pytest.raises(ValueError, match=r"no column 'r_tset'; .* did you mean 'r_test'"):
        results.to_pandas(["r_tset"])


def test_variables_of_several_patterns_are_columns_of_one_table(stored):
    results = stored(
        [
            make_row(channel=0, variables={"r": 1}),
            make_row(channel=1, variables={"taps": 5, "nl": "dexp", "on": True, "w": 0.5}),
            make_row(channel=2, variables={}),
        ]
    )
    assert results.variables == ["r", "taps", "nl", "on", "w"]
    table = results.to_pandas(results.variables)
    assert table["r"].tolist() == [1, pd.NA, pd.NA]
    assert table["on"].tolist() == [pd.NA, True, pd.NA]
    assert table["w"].isna().tolist() == [True, False, True]
    assert table["nl"].tolist()[1] == "dexp"
    assert [str(table[name].dtype) for name in ("r", "taps", "on", "w")] == [
        "Int64", "Int64", "boolean", "float64"
    ]  # fmt: skip


def test_a_variable_with_the_name_of_a_column(stored):
    results = stored([make_row(variables={"loss": 3})])
    table = results.to_pandas()
    assert table["variable_loss"].tolist() == [3]
    assert table["loss"].tolist() == [0.75]
    assert len(results.select(variable_loss=3)) == 1


def test_an_empty_store(stored):
    results = stored([])
    assert len(results) == 0
    assert results.to_pandas().empty
    assert list(results.to_pandas().columns) == results.columns
    assert results.pivot().empty
    assert results.best().empty
    assert results.nested().empty
    assert results.compare_all().empty
    assert results.variables == results.recipes == []
    assert "0 rows" in str(results)
    assert len(results.latest()) == 0
    with pytest.raises(ValueError, match=r"no model 'lvl.1'; there are no rows"):
        results.compare("lvl.1", "lvl.1")


def test_in_a_few_words(stored):
    results = stored([make_row(), make_row(channel=1), failed_row(dataset="B2")])
    assert str(results) == (
        f"{results.location}: 3 rows, 1 of them failed\n1 model, 3 neurons of 2 datasets"
    )


# ---- pivot -------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["r_test", "r_fit", "loss", "n_parameters", "seconds"])
def test_the_pivot_is_what_the_rows_say(results, rows, metric):
    table = results.pivot(metric)
    expected = scores_of(rows, metric)
    assert table.shape == (12, 9)
    assert set(table.columns) == set(expected)
    for model, cells in expected.items():
        for neuron, score in cells.items():
            assert table.loc[neuron, model] == score


def test_rows_of_the_pivot(results, rows):
    by_neuron = results.pivot(rows="neuron")
    assert by_neuron.index.names == ["dataset", "channel"]
    by_dataset = results.pivot(rows="dataset")
    assert by_dataset.index.tolist() == list("ABCDEF")
    expected = by_neuron.groupby("dataset").mean()
    pd.testing.assert_frame_equal(by_dataset, expected, check_exact=False, rtol=1e-14)


def test_one_channel_needs_no_second_level(stored):
    one = stored(made_sweep(ranks=(1,), channels=(4,)))
    assert one.pivot().index.name == "dataset"
    pd.testing.assert_frame_equal(one.pivot(), one.pivot(rows="dataset"))
    assert one.pivot(rows="neuron").index.nlevels == 2


def test_names_are_sorted_by_the_size_of_their_numbers(stored):
    results = stored(
        [make_row(f"wc.6x1-fir.1x{t}-lvl", f"cell{d}") for t in (2, 10, 9) for d in (11, 2)]
    )
    table = results.pivot()
    assert table.index.tolist() == ["cell2", "cell11"]
    assert [name.split("-")[1] for name in table.columns] == ["fir.1x2", "fir.1x9", "fir.1x10"]


def test_folds_are_averaged_and_a_failed_one_leaves_a_gap(stored):
    results = stored(
        [
            make_row(fold=0, r_test=0.25), make_row(fold=1, r_test=0.75),
            make_row(dataset="B", fold=0, r_test=0.5), failed_row(dataset="B", fold=1),
            make_row(dataset="C", fold=0, r_test=0.5), make_row(dataset="C", fold=1, r_test=None),
        ]
    )  # fmt: skip
    column = results.pivot()["wc.6x1-fir.1x5-lvl.1"]
    assert column["A1"] == 0.5
    assert np.isnan(column["B"])
    assert np.isnan(column["C"])


def test_models_by_the_string_as_it_was_written(stored):
    # the symbol stands for another number of channels in each dataset
    rows = [
        make_row(f"wc.{n}x1-lvl.1", dataset, r_test=n / 10) for n, dataset in ((6, "A"), (8, "B"))
    ]
    results = stored([replace(row, string="wc.Nx1-lvl.1") for row in rows])
    assert results.pivot().isna().to_numpy().sum() == 2
    table = results.pivot(models="string")
    assert table.columns.tolist() == ["wc.Nx1-lvl.1"]
    assert table["wc.Nx1-lvl.1"].tolist() == [0.6, 0.8]
    assert results.best(models="string")["n_neurons"].tolist() == [2]
    with pytest.raises(ValueError, match="stands for several models"):
        results.compare("wc.Nx1-lvl.1", "wc.6x1-lvl.1")


@pytest.fixture
def symbolic(stored):
    """Two symbolic strings over recordings of 6 and of 8 channels, the second better by .1."""
    rows = [
        replace(
            make_row(f"wc.{n}x1-{nl}.1", dataset, channel, r_test=n / 10 + 0.1 * (nl == "dexp")),
            string=f"wc.Nx1-{nl}.1",
            variables={"nl": nl},
        )
        for nl in ("lvl", "dexp")
        for n, dataset in ((6, "A"), (8, "B"))
        for channel in (0, 1)
    ]
    return stored(rows)


def test_symbolic_strings_are_compared_as_they_were_written(symbolic):
    a, b = "wc.Nx1-lvl.1", "wc.Nx1-dexp.1"
    assert symbolic.model_names == "string"
    comparison = symbolic.compare(a, b)
    assert (comparison.a, comparison.b, comparison.n) == (a, b, 4)
    assert comparison.difference == pytest.approx(0.1)
    assert str(comparison) == str(symbolic.compare(a, b, models="string"))
    for table in (symbolic.compare_all(a), symbolic.compare_all(pairs=iter([(a, b)]))):
        assert table[["a", "b", "n_neurons"]].values.tolist() == [[a, b, 4]]
    steps = symbolic.nested()
    assert steps[["change", "a", "b", "n_neurons"]].values.tolist() == [
        ["lvl.1 -> dexp.1", a, b, 4]
    ]
    # by their canonical forms each is two models, and these are still compared
    assert symbolic.compare("wc.6x1-lvl.1", "wc.6x1-dexp.1").n == 2
    assert symbolic.nested(models="canonical").n_neurons.tolist() == [2, 2]
    with pytest.raises(ValueError, match=r"give all of them so \(models='string'"):
        symbolic.compare(a, b, models="canonical")
    with pytest.raises(ValueError, match=r"give all of them so \(models='string'"):
        symbolic.compare(a, "wc.6x1-dexp.1")


def test_a_symbolic_string_of_one_model_is_that_model(symbolic):
    one = symbolic.select(dataset="A")
    assert one.model_names == "canonical"
    assert one.nested().a.tolist() == ["wc.6x1-lvl.1"]


def test_strings_of_another_dialect_are_nested_by_their_canonical_forms(stored):
    rows = [
        replace(make_row(f"wc.{n}x1-fir.1x{taps}", dataset), string=f"wc.Nx1-fir.{taps}x1")
        for taps in (5, 7)
        for n, dataset in ((6, "A"), (8, "B"))
    ]
    results = stored(rows)
    assert results.model_names == "string"
    steps = results.nested()
    assert steps.a.tolist() == ["wc.6x1-fir.1x5", "wc.8x1-fir.1x5"]
    assert set(steps.change) == {"fir taps 5 -> 7"}


def test_a_fit_of_a_symbolic_string_is_loaded_by_its_dataset(stored):
    rows = []
    for n, dataset in ((6, "A"), (8, "B")):
        text, _ = fitted_text(f"wc.{n}x1-lvl.1")
        rows.append(
            replace(make_row(f"wc.{n}x1-lvl.1", dataset, model=text), string="wc.Nx1-lvl.1")
        )
    results = stored(rows)
    assert results.load("wc.Nx1-lvl.1", "B").string == "wc.8x1-lvl.1"


def test_metrics_that_there_are_not(results):
    for ask in (results.pivot, results.best, results.nested):
        with pytest.raises(ValueError, match=r"no metric 'rtest'; .* did you mean 'r_test'"):
            ask("rtest")


# ---- the best ----------------------------------------------------------------------------------


def test_the_best_of_all(results, rows):
    (best,) = results.best().to_dict("records")
    scores = np.array(list(scores_of(rows)[BEST].values()))
    assert (best["canonical"], best["n_neurons"]) == (BEST, 12)
    assert best["model_id"] == Model(BEST).model_id
    assert best["n_parameters"] == Model(BEST).parameter_count
    assert best["r_test"] == pytest.approx(scores.mean(), rel=1e-14)
    assert best["se"] == pytest.approx(scores.std(ddof=1) / np.sqrt(12), rel=1e-12)


def test_the_best_few_in_order(results, rows):
    table = results.best(n=100)
    means = {model: np.mean(list(cells.values())) for model, cells in scores_of(rows).items()}
    assert table["canonical"].tolist() == sorted(means, key=means.get, reverse=True)
    assert results.best(n=2)["canonical"].tolist() == [BEST, SECOND]
    assert set(table["n_models"]) == set(results.best()["n_models"]) == {len(means)}


def test_less_is_better_for_losses(results):
    assert results.best("loss")["canonical"].tolist() == [BEST]
    assert results.best("n_parameters")["n_parameters"].tolist() == [11]


def test_the_best_for_each(results, rows):
    by_dataset = results.best(by="dataset", n=2)
    assert by_dataset["dataset"].tolist() == list("AABBCCDDEEFF")
    assert by_dataset["n_neurons"].tolist() == [2] * 12
    by_neuron = results.best(by="neuron")
    assert by_neuron[["dataset", "channel"]].to_numpy().tolist() == [
        [dataset, channel] for dataset in "ABCDEF" for channel in (0, 1)
    ]
    expected = scores_of(rows)
    for row in by_neuron.to_dict("records"):
        neuron = (row["dataset"], row["channel"])
        scores = {model: cells[neuron] for model, cells in expected.items()}
        assert row["canonical"] == max(scores, key=scores.get)
        assert np.isnan(row["se"])
    by_rank = results.best(by="rank")
    assert by_rank["rank"].tolist() == [1, 2, 3]
    assert by_rank["canonical"].tolist() == [f"wc.6x{r}-fir.{r}x5-dexp.1" for r in (1, 2, 3)]
    assert results.best(by="nl")["nl"].tolist() == ["dexp", "lvl", "relu"]
    assert results.best(by="nl")["n_models"].tolist() == [3, 3, 3]
    assert results.where("rank == 1 and nl == 'lvl'").best()["n_models"].tolist() == [1]
    with pytest.raises(ValueError, match=r"no variable 'rnk'; .* did you mean 'rank'"):
        results.best(by="rnk")
    with pytest.raises(ValueError, match="1 or more, not 0"):
        results.best(n=0)


def test_a_model_that_was_spared_the_hard_neurons_is_not_the_best(stored):
    rows = [
        make_row(dataset="easy", r_test=0.8), make_row(dataset="hard", r_test=0.2),
        make_row("wc.6x1-fir.1x5-dexp", "easy", r_test=0.7),
        failed_row("wc.6x1-fir.1x5-dexp", "hard"),
    ]  # fmt: skip
    results = stored(rows)
    assert results.best()["canonical"].tolist() == ["wc.6x1-fir.1x5-lvl.1"]
    assert results.best(incomplete=True)["canonical"].tolist() == ["wc.6x1-fir.1x5-dexp.1"]


def test_equal_scores_are_put_in_the_order_of_their_names(stored):
    results = stored([make_row(f"wc.6x1-fir.1x5-{nl}") for nl in ("relu", "dexp", "lvl")])
    assert results.best(n=3)["canonical"].tolist() == [
        f"wc.6x1-fir.1x5-{nl}.1" for nl in ("dexp", "lvl", "relu")
    ]


# ---- what a variable does ----------------------------------------------------------------------


def test_the_effect_of_a_variable(results, rows):
    table = results.effect("rank")
    assert table.columns.tolist() == [1, 2, 3]
    expected = scores_of(rows)
    models = [f"wc.6x2-fir.2x5-{nl}.1" for nl in ("lvl", "dexp", "relu")]
    for neuron in table.index:
        scores = [expected[model][neuron] for model in models]
        assert table.loc[neuron, 2] == pytest.approx(np.mean(scores), rel=1e-14)
    best = results.effect("rank", over="best")
    assert best.loc[("A", 0), 2] == max(expected[model]["A", 0] for model in models)
    lowest = results.effect("rank", "loss", over="best")
    losses = scores_of(rows, "loss")
    assert lowest.loc[("A", 0), 2] == min(losses[model]["A", 0] for model in models)
    assert results.effect("nl").columns.tolist() == ["dexp", "lvl", "relu"]
    with pytest.raises(ValueError, match="no way to put models together 'worst'"):
        results.effect("rank", over="worst")


def test_neurons_without_all_models_do_not_count_for_an_effect(stored):
    rows = made_sweep(ranks=(1, 2), heads=("lvl",), datasets="AB")
    results = stored([*rows, failed_row("wc.6x3-fir.3x5-lvl", "A", variables={"rank": 3}),
                      make_row("wc.6x3-fir.3x5-lvl", "B", variables={"rank": 3})])  # fmt: skip
    assert results.effect("rank").index.tolist() == [("B", 0)]
    only = results.select(dataset="A")
    assert only.effect("rank").columns.tolist() == [1, 2]


# ---- choosing rows -----------------------------------------------------------------------------


def test_rows_by_value(results, rows):
    assert len(results.select(rank=2)) == 36
    assert len(results.select(rank=[1, 2], nl="dexp", dataset=["A", "B"], channel=0)) == 4
    assert len(results.select(model_id=Model(BEST).model_id)) == 12
    assert len(results.select(canonical=BEST, fold=-1, status="ok", recipe=RECIPE)) == 12
    assert len(results.select(string="wc.6x1-fir.1x5-lvl")) == 12
    chosen = results.select(dataset="A").select(channel=1)
    assert chosen.to_pandas(["dataset", "channel"]).drop_duplicates().to_numpy().tolist() == [
        ["A", 1]
    ]
    assert chosen.pivot().shape == (1, 9)
    assert len(results) == 108


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"dataset": "AA"}, "; did you mean 'A'?"),
        ({"canonical": BEST[:-2]}, f"did you mean '{BEST}'"),
        ({"rank": 7}, "no value of rank '7'; there are '1', '2', '3'"),
        ({"rnk": 1}, "; did you mean 'rank'?"),
        ({"status": "done"}, "no status 'done'"),
        ({"channel": 9}, "no channel '9'; there are '0', '1'"),
    ],
)
def test_values_that_there_are_not(results, chosen, message):
    with pytest.raises(ValueError) as caught:
        results.select(**chosen)
    assert message in str(caught.value)


def test_rows_by_condition(results, rows):
    assert len(results.where("rank < 3 and nl != 'relu'")) == 48
    assert len(results.where("n_parameters > 20")) == sum(row.n_parameters > 20 for row in rows)
    high = results.where("r_test > 0.4 and dataset in ('A', 'B')")
    expected = [row for row in rows if row.r_test > 0.4 and row.dataset in "AB"]
    assert sorted(high.to_pandas(["identity"])["identity"]) == sorted(r.identity for r in expected)
    assert len(high.where("rank == 3")) == sum(row.variables["rank"] == 3 for row in expected)
    assert len(high.select(rank=3)) == len(high.where("rank == 3"))
    assert results.where("rank == 1").best()["canonical"].tolist() == ["wc.6x1-fir.1x5-dexp.1"]
    assert set(results.where("rank == 1").pivot().columns) == {
        f"wc.6x1-fir.1x5-{nl}.1" for nl in ("lvl", "dexp", "relu")
    }
    assert len(results.where(lambda row: row["dataset"] == "A" and row["rank"] == 1)) == 6
    assert len(results.where("true")) == 108
    assert len(results.where("rank > 5")) == 0
    with pytest.raises(ModelStringError, match="no variable `rnk`"):
        results.where("rnk < 3")


def test_missing_values_meet_no_condition(stored):
    results = stored([make_row(), failed_row(dataset="B")])
    assert len(results.where("r_test > 0")) == 1
    assert len(results.where("r_test < 1")) == 1
    assert results.where("error != none").to_pandas(["dataset"])["dataset"].tolist() == ["B"]


def test_what_was_fitted_in_another_way_is_not_mixed(stored):
    old = made_sweep(ranks=(1,), datasets="AB")
    for row in old:
        object.__setattr__(row, "finished", "2026-01-01T00:00:00.000+00:00")
    new = [make_row(dataset=d, recipe='{"loss": "poisson"}', r_test=0.9) for d in "AB"]
    results = stored([*old, *new])
    assert results.recipes == [RECIPE, '{"loss": "poisson"}']
    for ask in (results.pivot, results.best, results.nested, results.compare_all):
        with pytest.raises(ValueError, match="fitted and tested in 2 ways"):
            ask()
    assert results.select(recipe=RECIPE).pivot().shape == (2, 3)
    assert results.latest().pivot().to_numpy().tolist() == [[0.9], [0.9]]
    assert results.latest().recipes == ['{"loss": "poisson"}']


def test_a_dataset_that_has_changed_is_not_mixed(stored):
    old = make_row(finished="2026-01-01T00:00:00.000+00:00", r_test=0.1)
    new = make_row(data_digest="another", finished="2026-01-02T00:00:00.000+00:00", r_test=0.2)
    other = make_row(dataset="B", finished="2025-01-01T00:00:00.000+00:00", r_test=0.3)
    results = stored([new, old, other])
    with pytest.raises(ValueError, match="the dataset 'A1' changed between sweeps"):
        results.pivot()
    assert results.latest().pivot()["wc.6x1-fir.1x5-lvl.1"].to_dict() == {"A1": 0.2, "B": 0.3}
    assert results.select(data_digest="digest of A1").pivot().to_numpy().tolist() == [[0.1]]
    with pytest.raises(ValueError, match="changed between sweeps"):
        results.load("wc.6x1-fir.1x5-lvl.1", "A1")


# ---- fitted models -----------------------------------------------------------------------------


def test_a_fitted_model_comes_back(stored):
    rng = np.random.default_rng(3)
    x, y = rng.random((300, 4)), rng.random(300)
    fitted = Model("wc.4x1-fir.1x3-dexp.1").fit(x, y, verbose=0)
    row = make_row("wc.4x1-fir.1x3-dexp", "A1", model=json.dumps(to_dict(fitted)))
    results = stored([row])
    for name in (fitted.model_id, fitted.string, "wc.4x1-fir.x3-dexp"):
        loaded = results.load(name, "A1")
        np.testing.assert_array_equal(loaded.predict(x), fitted.predict(x))
        assert loaded.results == fitted.results


def test_which_of_several_fits(stored):
    text, _ = fitted_text("wc.6x1-fir.1x5-lvl.1")
    rows = [make_row(channel=c, fold=f, model=text) for c in (0, 1) for f in (0, 1)]
    results = stored([*rows, failed_row(dataset="B"), make_row(dataset="C")])
    name = "wc.6x1-fir.1x5-lvl.1"
    assert results.load(name, "A1", 1, 0).string == name
    assert results.select(fold=1).load(name, "A1", channel=0).string == name
    with pytest.raises(ValueError) as caught:
        results.load(name, "A1", channel=1)
    assert str(caught.value) == (
        f"2 fits of {name} on 'A1': choose one of channel=1 fold=0, channel=1 fold=1"
    )
    with pytest.raises(ValueError, match=r"no fit of .* on 'A1', channel 5; there is channel=0"):
        results.load(name, "A1", 5)
    with pytest.raises(ValueError, match=r"the fit of .* on 'B' failed: ValueError: no"):
        results.load(name, "B")
    with pytest.raises(ValueError, match=r"the fitted model of .* on 'C' was not kept"):
        results.load(name, "C")
    with pytest.raises(ValueError, match="no dataset 'D'"):
        results.load(name, "D")
    with pytest.raises(ValueError, match=r"no model 'wc\.6x1-fir\.1x5'; .* did you mean"):
        results.load("wc.6x1-fir.1x5", "A1")


def test_a_damaged_model_is_told(stored):
    text, _ = fitted_text("wc.6x1-fir.1x5-lvl.1")
    results = stored([make_row(model=text)])
    connection = sqlite3.connect(results.location)
    connection.execute("UPDATE nems_dsl_attachments SET model = x'00'")
    connection.commit()
    connection.close()
    with pytest.raises(ValueError, match=r"the fitted model of .* is damaged"):
        results.load("wc.6x1-fir.1x5-lvl.1", "A1")


# ---- reading while a sweep goes on, and cost ---------------------------------------------------


def test_results_follow_the_sweep(tmp_path):
    with Store.open(tmp_path / "results.db") as store:
        results = open_results(tmp_path / "results.db")
        assert len(results) == 0
        store.add([make_row()])
        assert len(results) == 1
        assert results.pivot().shape == (1, 1)


def test_models_and_tracebacks_are_not_read_for_a_table(results):
    read = []
    with results.reading() as connection:
        connection.connection.driver_connection.set_trace_callback(read.append)
        read_table(connection, Selection(), None)
    assert read
    assert not [statement for statement in read if "attachments" in statement]


def test_spaces_need_no_database():
    code = (
        "import sys, nems_dsl.sweeps; print('sqlalchemy' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_the_order_of_the_jobs_changes_no_bit(stored):
    rows = []
    for row in made_sweep(channels=(0, 1)):
        for fold in range(3):
            identity, r = f"{fold}{row.identity[1:]}", row.r_test / (fold + 3)
            rows.append(replace(row, identity=identity, fold=fold, r_test=r))
    one = stored(rows, "one.db")
    shuffled = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    other = stored(shuffled, "other.db")
    assert one.pivot().equals(other.pivot())
    assert one.pivot(rows="dataset").equals(other.pivot(rows="dataset"))
    assert one.best(n=9).equals(other.best(n=9))
    assert one.best(by="rank").equals(other.best(by="rank"))
    assert one.effect("nl").equals(other.effect("nl"))
    assert one.compare_all().equals(other.compare_all())
    assert one.nested().equals(other.nested())
