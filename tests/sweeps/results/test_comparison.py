"""Two models on the same neurons: the difference, its error, and the test."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl import sweeps
from nems_dsl.sweeps import Store, open_results
from nems_dsl.sweeps.results.comparison import holm, signed_rank

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


def exact_p(differences):
    """Wilcoxon's test by counting every assignment of signs (no zeros, no ties)."""
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    found = ranks[np.asarray(differences) > 0].sum()
    signs = (np.arange(2 ** len(ranks))[:, None] >> np.arange(len(ranks))) & 1
    sums = signs @ ranks
    return min(1.0, 2 * min((sums <= found).mean(), (sums >= found).mean()))


@pytest.mark.parametrize("seed", range(6))
def test_p_is_that_of_all_assignments_of_signs(seed):
    differences = np.random.default_rng(seed).normal(0.3, 1, 4 + seed)
    assert signed_rank(differences) == pytest.approx(exact_p(differences), rel=1e-12)


def test_zeros_are_left_out_and_nothing_is_no_evidence():
    differences = np.array([0.0, 0.3, 0.1, 0.0, -0.2, 0.5])
    assert signed_rank(differences) == signed_rank(differences[differences != 0])
    assert signed_rank(np.zeros(3)) == 1.0
    assert np.isnan(signed_rank(np.empty(0)))
    assert signed_rank(np.array([0.5])) == 1.0


def test_published_example_of_holm():
    # Wright (1992), Biometrics 48, 1005-1013, table 2 works an example with these p-values
    p = np.array([0.01, 0.02, 0.022, 0.09])
    assert holm(p).tolist() == pytest.approx([0.04, 0.06, 0.06, 0.09])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_step_by_step(values):
    p = np.array(values)
    corrected = holm(p)
    for level in (0.01, 0.05, 0.2):
        # the procedure as Holm wrote it: go on from the smallest until one is not rejected
        rejected, left = set(), len(p)
        for place in np.argsort(p, kind="stable"):
            if left * p[place] > level:
                break
            rejected.add(place)
            left -= 1
        assert set(np.flatnonzero(corrected <= level)) == rejected


def test_nothing_to_test_stays_nothing():
    corrected = holm(np.array([0.04, np.nan, 0.01]))
    assert corrected[[0, 2]].tolist() == [0.04, 0.02]
    assert np.isnan(corrected[1])
    assert holm(np.empty(0)).size == 0


def test_the_comparison(stored):
    rng = np.random.default_rng(0)
    a = rng.random(11)
    b = a + rng.normal(0.05, 0.1, 11)
    found = stored(pair_of(a, b)).compare(A, B)
    difference = b - a
    assert found.n == 11
    assert found.difference == pytest.approx(difference.mean(), rel=1e-12)
    assert found.se == pytest.approx(difference.std(ddof=1) / np.sqrt(11), rel=1e-12)
    assert found.p == pytest.approx(exact_p(difference), rel=1e-12)
    table = found.to_pandas()
    assert dict(zip(table["dataset"], table["a"], strict=True)) == {
        f"cell{number}": score for number, score in enumerate(a)
    }
    np.testing.assert_allclose(table["difference"], table["b"] - table["a"])


def test_the_other_way_round(stored):
    results = stored(pair_of([0.1, 0.2, 0.3], [0.2, 0.4, 0.35]))
    there, back = results.compare(A, B), results.compare(B, A)
    assert there.difference == -back.difference > 0
    assert (there.se, there.p) == (back.se, back.p)


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
    assert np.isnan(found.se)


def test_channels_are_neurons_of_their_own(stored):
    rows = [
        make_row(string, "A1", channel, r_test=r)
        for channel, pair in {0: (0.1, 0.2), 1: (0.3, 0.5), None: (0.2, 0.9)}.items()
        for string, r in zip((A, B), pair, strict=True)
    ]
    found = stored(rows).compare(A, B)
    assert {(n.dataset, n.channel) for n in found.neurons} == {("A1", 0), ("A1", 1), ("A1", None)}


def test_how_it_prints(stored):
    text = str(stored(pair_of([0.1, 0.2, 0.3], [0.2, 0.4, 0.35])).compare(A, B))
    assert text == (
        f"r_test over 3 neurons\n  a  0.2000  {A}\n  b  0.3167  {B}\n"
        "  b - a = +0.1167 ± 0.0441 (standard error), p = 0.25 (Wilcoxon)"
    )


def test_what_cannot_be_compared(stored):
    results = stored([make_row(A, "x"), make_row(B, "y")])
    with pytest.raises(ValueError, match=r"no neuron has a r_test of both .*lvl\.1 and .*dexp\.1"):
        results.compare(A, B)
    with pytest.raises(ValueError, match="unknown model 'lvl': There is"):
        results.compare(A, "lvl")
    with pytest.raises(ValueError, match="unknown metric 'nmse'"):
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
        assert (one.difference, one.se, one.p, one.n) == (
            row["difference"], row["se"], row["p"], row["n_neurons"]
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
