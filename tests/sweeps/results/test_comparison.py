"""Two models on the same neurons: the difference, its error, and the test."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from nems_dsl import sweeps
from nems_dsl.sweeps import Store, open_results
from nems_dsl.sweeps.results.inference import holm

from ..made_rows import failed_row, made_sweep, make_row

A, B = "wc.6x1-fir.1x5-lvl.1", "wc.6x1-fir.1x5-dexp.1"


@pytest.fixture
def stored(tmp_path):
    def store_rows(rows):
        with Store.open(tmp_path / "results.db") as store:
            store.add(rows)
        return open_results(tmp_path / "results.db")

    return store_rows


def pair_of(scores_a, scores_b, **changed):
    rows = []
    for number, (a, b) in enumerate(zip(scores_a, scores_b, strict=True)):
        rows += [
            make_row(string, f"cell{number}", r_test=r, **changed)
            for string, r in ((A, a), (B, b))
            if r is not None
        ]
    return rows


def test_the_comparison(stored):
    rng = np.random.default_rng(0)
    a = rng.random(11)
    b = a + rng.normal(0.05, 0.1, 11)
    found = stored(pair_of(a, b)).compare(A, B)
    difference = b - a
    assert found.n == 11
    assert found.difference == pytest.approx(difference.mean(), rel=1e-12)
    assert found.se == pytest.approx(difference.std(ddof=1) / np.sqrt(11), rel=1e-12)
    expected = ttest_1samp(difference, 0)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-12)
    assert found.interval == pytest.approx(expected.confidence_interval(0.95), rel=1e-12)
    assert (found.n_clusters, found.effect) == (11, found.difference)
    table = found.to_pandas()
    assert dict(zip(table["dataset"], table["a"], strict=True)) == {
        f"cell{number}": score for number, score in enumerate(a)
    }
    np.testing.assert_allclose(table["difference"], table["b"] - table["a"])


def test_the_other_way_round(stored):
    results = stored(pair_of([0.1, 0.2, 0.3], [0.2, 0.4, 0.35]))
    there, back = results.compare(A, B), results.compare(B, A)
    assert there.difference == -back.difference > 0
    assert (there.se, there.p) == pytest.approx((back.se, back.p), rel=1e-12)
    assert there.interval == pytest.approx([-end for end in back.interval[::-1]], rel=1e-12)


def test_only_neurons_that_both_were_scored_on_count(stored):
    results = stored(
        [*pair_of([0.1, 0.2, None, 0.9], [0.3, 0.5, 0.9, None]), failed_row(A, "cell9"),
         make_row(B, "cell9", r_test=0.9)]
    )  # fmt: skip
    found = results.compare(A, B)
    assert [neuron.dataset for neuron in found.neurons] == ["cell0", "cell1"]
    assert found.difference == pytest.approx(0.25)


def test_only_folds_that_both_have_count(stored):
    rows = [
        make_row(A, fold=0, r_test=0.2), make_row(B, fold=0, r_test=0.3),
        make_row(A, fold=1, r_test=0.4), failed_row(B, fold=1),
        make_row(A, fold=2, r_test=0.6), make_row(B, fold=2, r_test=0.9),
    ]  # fmt: skip
    found = stored(rows).compare(A, B)
    assert found.n == 1
    assert (found.scores_a[0], found.scores_b[0]) == pytest.approx((0.4, 0.6))


def test_channels_are_neurons_of_their_own(stored):
    rows = [
        make_row(string, "A1", channel, r_test=r)
        for channel, pair in {0: (0.1, 0.2), 1: (0.3, 0.5), None: (0.2, 0.9)}.items()
        for string, r in zip((A, B), pair, strict=True)
    ]
    found = stored(rows).compare(A, B)
    assert {(n.dataset, n.channel) for n in found.neurons} == {("A1", 0), ("A1", 1), ("A1", None)}


def rows_of_datasets(differences):
    """A row for each model and channel, by dataset; a list of a channel is its folds."""
    return [
        make_row(
            string, dataset, channel, -1 if np.isscalar(given) else fold,
            r_test=0.4 + (string == B) * difference,
        )
        for dataset, channels in differences.items()
        for channel, given in enumerate(channels)
        for fold, difference in enumerate(np.atleast_1d(given))
        for string in (A, B)
    ]  # fmt: skip


def test_neurons_of_one_dataset_count_together(stored):
    differences = {"site1": [0.01, 0.02, 0.06], "site2": [0.05], "site3": [0.02, 0.04]}
    found = stored(rows_of_datasets(differences)).compare(A, B)
    means = [np.mean(channels) for channels in differences.values()]
    assert (found.n, found.n_clusters) == (6, 3)
    assert found.effect == pytest.approx(np.mean(means))
    assert found.p == pytest.approx(ttest_1samp(means, 0).pvalue)
    assert found.mean_b - found.mean_a == pytest.approx(found.effect)
    assert found.clusters == ("site1",) * 3 + ("site2",) + ("site3",) * 2


def test_datasets_of_one_site_count_together(stored):
    single = {"a-1": [0.01], "a-2": [0.02], "b-1": [0.05], "c-1": [0.02], "c-2": [0.04]}
    together = {"a": [0.01, 0.02], "b": [0.05], "c": [0.02, 0.04]}
    results = stored(rows_of_datasets(single | together))
    expected = results.select(dataset=list(together)).compare(A, B)
    apart = results.select(dataset=list(single))
    site = {name: name[0] for name in single}
    for clusters in (site, site.get, lambda name: name.partition("-")[0]):
        found = apart.compare(A, B, clusters=clusters)
        assert (found.n_clusters, found.p) == (3, pytest.approx(expected.p))
        assert "5 neurons of 3 clusters" in str(found)
        assert found.to_pandas()["cluster"].tolist() == ["a", "a", "b", "c", "c"]
        table = apart.compare_all(A, clusters=clusters)
        assert table["n_clusters"].tolist() == [3]
        assert table["p"].tolist() == [found.p]
        assert apart.nested(clusters=clusters)["p"].tolist() == [found.p]
    assert apart.compare(A, B).n_clusters == 5
    with pytest.raises(ValueError, match="clusters has no entry for the dataset 'b-1'"):
        apart.compare(A, B, clusters={"a-1": "a", "a-2": "a"})
    with pytest.raises(TypeError, match=r"clusters is a mapping .* or a function .*, not 'site'"):
        apart.compare(A, B, clusters="site")


def test_one_dataset_of_several_folds_is_tested_over_folds(stored):
    folds = np.array([[0.01, 0.03, 0.02, 0.05], [0.02, 0.04, 0.01, 0.03]])
    found = stored(rows_of_datasets({"A1": folds.tolist()})).compare(A, B)
    assert (found.estimate.unit, found.n_clusters, found.estimate.df) == ("folds", 1, 3)
    means = folds.mean(axis=0)
    # the variance is 1/4 + 1/3 of that over folds, where an uncorrected test has 1/4
    assert found.se == pytest.approx(means.std(ddof=1) * np.sqrt(7 / 12))
    assert found.p > ttest_1samp(means, 0).pvalue
    assert "it is of these neurons on new data; from one dataset nothing follows for others" in str(
        found
    )
    assert "for these neurons only" in found.sentence


def test_one_dataset_tested_once_has_no_p(stored):
    found = stored(rows_of_datasets({"A1": [0.01, 0.03, 0.02]})).compare(A, B)
    assert found.effect == pytest.approx(0.02)
    assert np.isnan([found.se, found.p, *found.interval]).all()
    assert "no p and no interval: one dataset, tested once\n  n_folds= gives them" in str(found)
    assert "there is no interval" in found.sentence


def test_how_it_prints(stored):
    comparison = stored(pair_of([0.1, 0.2, 0.3], [0.2, 0.4, 0.35])).compare(A, B)
    assert str(comparison) == (
        f"r_test over 3 neurons of 3 datasets\n  a  0.2000  {A}\n  b  0.3167  {B}\n"
        "  b - a = +0.1167 ± 0.0441 (standard error), 95 % interval -0.0731 to +0.3064\n"
        "  p = 0.12 (t-test of 3 datasets)\n"
        "  signed ranks of 3 datasets give p = 0.25, and can give no less than 0.25"
    )
    assert comparison.sentence == (
        f"{B} was not known to differ from {A} by r_test: +0.117 (95 % confidence interval -0.073 "
        "to +0.306, t(2) = 2.65, p = 0.12; 3 neurons of 3 datasets)."
    )


def test_what_signed_ranks_say_and_could_say(stored):
    found = stored(rows_of_datasets({"a": [0.01], "b": [0.03], "c": [-0.01, 0.05]})).compare(A, B)
    assert (found.p_signed_rank, found.smallest_p_signed_rank) == (0.25, 0.25)
    one = stored(rows_of_datasets({"a": [0.01, 0.03]})).select(dataset="a").compare(A, B)
    assert np.isnan(one.p_signed_rank)


def test_the_sentence_says_which_is_better(stored):
    rows = pair_of([0.1, 0.2, 0.3], [0.2, 0.31, 0.39])
    results = stored([replace(row, loss=1 - row.r_test) for row in rows])
    assert f"{B} was better than {A} by r_test" in results.compare(A, B).sentence
    assert f"{A} was worse than {B} by r_test" in results.compare(B, A).sentence
    assert f"{B} was better than {A} by loss" in results.compare(A, B, "loss").sentence


def test_what_cannot_be_compared(stored):
    results = stored([make_row(A, "x"), make_row(B, "y")])
    with pytest.raises(ValueError, match=r"no neuron has a r_test of both .*lvl\.1 and .*dexp\.1"):
        results.compare(A, B)
    with pytest.raises(ValueError, match="no model 'lvl'; there are"):
        results.compare(A, "lvl")
    with pytest.raises(ValueError, match="no metric 'nmse'"):
        results.compare(A, B, "nmse")
    with pytest.raises(ValueError, match="a reference to compare with, or pairs, not both"):
        results.compare_all(A, pairs=[(A, B)])


def test_many_comparisons_are_corrected_for_their_number(stored):
    results = stored(made_sweep(channels=(0, 1)))
    against = results.compare_all(A)
    assert len(against) == 8
    assert set(against["a"]) == {A}
    np.testing.assert_array_equal(against["p_holm"], holm(against["p"].to_numpy()))
    for row in against.to_dict("records"):
        one = results.compare(A, row["b"])
        assert (one.difference, one.se, one.p, one.n, one.n_clusters, *one.interval) == (
            row["difference"], row["se"], row["p"], row["n_neurons"], row["n_datasets"],
            row["low"], row["high"],
        )  # fmt: skip
    assert len(results.compare_all()) == 9 * 8 / 2
    some = results.compare_all(pairs=[(A, B), ("wc.6x1-fir.x5-lvl", "wc.6x2-fir.x5-lvl")])
    assert some["a"].tolist() == [A, A]
    assert some["b"].tolist() == [B, "wc.6x2-fir.2x5-lvl.1"]
    # of two comparisons the smaller p counts twice
    assert some["p_holm"].min() == pytest.approx(min(1.0, 2 * some["p"].min()))


def test_the_same_by_model_id(stored):
    results = stored(made_sweep(ranks=(1,)))
    ids = dict(results.to_pandas(["canonical", "model_id"]).drop_duplicates().to_numpy())
    assert str(results.compare(ids[A], ids[B])) == str(results.compare(A, B))


def test_of_scipy_only_its_statistics_are_imported():
    # import-linter knows packages as a whole; that fits are left to fitting is seen to here
    taken = set()
    for path in Path(sweeps.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                taken.add(node.module)
            elif isinstance(node, ast.Import):
                taken.update(name.name for name in node.names)
    assert {name for name in taken if name.startswith("scipy")} == {"scipy.stats"}
