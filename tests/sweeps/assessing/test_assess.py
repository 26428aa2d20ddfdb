"""What a part of a model is worth: on data, and on the rows of a store."""

from dataclasses import replace

import numpy as np
import pytest

from nems_dsl import assess, open_results, sweep
from nems_dsl.data import read_recording
from nems_dsl.sweeps import MixedRowsError, Store
from tests.sweeps.made_rows import failed_row, make_row
from tests.sweeps.small import recording

PATTERN = "wc.6x1-fir.1x4-{lvl,dexp}.1"
A, B = "wc.6x1-fir.1x4-lvl.1", "wc.6x1-fir.1x4-dexp.1"


@pytest.fixture
def stored(tmp_path):
    def store_rows(rows):
        with Store.open(tmp_path / "results.db") as store:
            store.add(rows)
        return open_results(tmp_path / "results.db")

    return store_rows


def made(differences, n_folds=2):
    """Give rows of both models on datasets whose neurons differ by so much."""
    return [
        make_row(string, dataset, channel, fold, r_test=0.4 + 0.01 * fold + by * (string == B))
        for dataset, channels in differences.items()
        for channel, by in enumerate(channels)
        for fold in range(n_folds)
        for string in (A, B)
    ]


# ---- on data -----------------------------------------------------------------------------------


def test_on_data_it_is_a_sweep_and_a_comparison(tmp_path):
    cells = {f"site{n}": recording(seed=n, n_times=300) for n in range(3)}
    options = {"n_folds": 3, "max_iterations": 3, "store": tmp_path / "kept.db"}
    found = assess(PATTERN, cells, **options)
    kept = open_results(tmp_path / "kept.db")
    assert len(kept) == 2 * 6 * 3
    results = sweep([A, B], cells, executor="serial", **options)
    assert kept.to_pandas().equals(results.to_pandas())
    expected = results.compare(A, B)
    assert (found.effect, found.p, found.interval) == (
        expected.effect,
        expected.p,
        expected.interval,
    )
    assert (found.n, found.n_clusters, found.n_folds) == (6, 3, 3)
    assert found.table.equals(expected.to_pandas())
    assert str(found).startswith(f"{PATTERN}\nr_test over 6 neurons of 3 datasets\n")
    apart = assess(PATTERN, cells, clusters=lambda name: name[:4], **options)
    assert (apart.n_clusters, apart.comparison.estimate.unit) == (1, "folds")


def test_one_data_set_in_any_form():
    data = recording(n_times=300)
    options = {"n_folds": None, "max_iterations": 3}
    forms = [
        assess(PATTERN, data.stim, data.resp, **options),
        assess(PATTERN, (data.stim, data.resp), **options),
        assess(PATTERN, {"stim": data.stim, "resp": data.resp}, **options),
        assess(PATTERN, read_recording(data.stim, data.resp), **options),
        assess(PATTERN, data, **options),
        assess(PATTERN, {"cell": (data.stim, data.resp)}, **options),
    ]
    assert {found.effect for found in forms} == {forms[0].effect}
    assert (forms[0].n, forms[0].n_clusters) == (2, 1)
    assert np.isnan(forms[0].p)
    with pytest.raises(TypeError, match="a state goes with one x and y"):
        assess(PATTERN, {"cell": (data.stim, data.resp)}, state=data.stim)
    with pytest.raises(TypeError, match="assess does not take 'where': the pattern says which"):
        assess(PATTERN, data, where="rank > 1")
    with pytest.raises(TypeError, match="max_iteration"):
        assess(PATTERN, data, max_iteration=3)
    with pytest.raises(ValueError, match="no metric 'r_tset'"):
        assess(PATTERN, data, metric="r_tset")


def test_a_state_is_assessed():
    data = recording(n_times=400, n_outputs=1)
    state = np.random.default_rng(0).standard_normal((400, 1))
    found = assess(
        "wc.6x1-fir.1x4-lvl.1[-stategain.1x1.c]", data.stim, data.resp + 3 * state, state=state,
        n_folds=None,
    )  # fmt: skip
    assert found.part == "stategain.1x1.c"
    assert found.effect > 0.2


def test_all_fits_have_failed():
    data = recording(n_times=300)
    with pytest.raises(ValueError, match=r"no neuron has scores of all models .* failed: wc.7x1"):
        assess("wc.7x1-fir.1x4-{lvl,dexp}.1", data.stim, data.resp, n_folds=2)


# ---- on a store --------------------------------------------------------------------------------


def test_rows_that_are_there_need_no_data(stored):
    rows = made({"a": [0.02, 0.04], "b": [0.05], "c": [0.04, 0.06]})
    results = stored([*rows, make_row("wc.6x1-lvl.1", "a", 0, 0)])
    found = results.assess(PATTERN)
    assert (found.effect, found.n, found.n_clusters) == (pytest.approx(0.13 / 3), 5, 3)
    assert found.p == results.compare(A, B).p
    # the selection says on which data; the models are those of the pattern
    assert results.select(canonical=A).assess(PATTERN).effect == found.effect
    few = results.select(dataset=["a", "b"]).assess(PATTERN)
    assert (few.effect, few.n_clusters) == (pytest.approx(0.04), 2)
    one = results.select(fold=0, channel=0).assess(PATTERN)
    assert (one.n, one.n_folds, one.effect) == (3, 1, pytest.approx(0.11 / 3))
    assert results.assess(PATTERN, "loss").effect == 0


def test_symbols_stand_for_other_numbers_in_other_data(stored):
    rows = [
        replace(
            make_row(f"wc.{n}x1-{nl}.1", dataset, r_test=n / 10 + by * (nl == "dexp")),
            string=f"wc.Nx1-{nl}.1",
        )
        for n, dataset, by in ((6, "a", 0.1), (7, "b", 0.2), (8, "c", 0.15))
        for nl in ("lvl", "dexp")
    ]
    found = stored(rows).assess("wc.Nx1-{lvl,dexp}.1")
    assert (found.n_clusters, found.effect) == (3, pytest.approx(0.15))
    assert found.comparison.b == "wc.Nx1-dexp.1"


def test_one_model_of_all_channels_is_a_neuron(stored):
    string = "wc.6x1-fir.1x4x2-{}.2"
    rows = [
        make_row(string.format(nl), dataset, None, r_test=0.3 + by * (nl == "dexp"))
        for dataset, by in (("a", 0.1), ("b", 0.2))
        for nl in ("lvl", "dexp")
    ]
    results = stored([*rows, *made({"a": [0.3, 0.3], "b": [0.3, 0.3]}, n_folds=0)])
    found = results.assess(string.format("{lvl,dexp}"))
    assert (found.n, found.effect) == (2, pytest.approx(0.15))


def test_what_is_missing_is_fitted(tmp_path):
    cells = {f"site{n}": recording(seed=n, n_times=300) for n in range(2)}
    options = {"n_folds": 2, "max_iterations": 3, "by": "time", "seed": 1}
    results = sweep(A, cells, tmp_path / "results.db", "serial", channels=[1], **options)
    with pytest.raises(ValueError, match=f"{B} was not fitted to all of site0, site1; a store has"):
        results.assess(PATTERN)
    with pytest.raises(ValueError, match=r"all of site1; they are not among the datasets"):
        results.assess(PATTERN, datasets={"site0": cells["site0"]})
    found = results.assess(PATTERN, datasets=cells)
    whole = sweep([A, B], cells, tmp_path / "other.db", "serial", channels=[1], **options)
    assert found.effect == whole.compare(A, B).effect
    assert len(open_results(tmp_path / "results.db")) == len(whole) == 2 * 2 * 2
    # it is in the store now
    assert results.assess(PATTERN).effect == found.effect
    with pytest.raises(TypeError, match="does not take 'n_folds': the rows say how"):
        results.assess(PATTERN, datasets=cells, n_folds=3)


def test_rows_that_do_not_go_together(stored):
    rows = made({"a": [0.02], "b": [0.05]})
    results = stored([*rows, *(replace(row, recipe='{"n": 1}', identity=row.identity[::-1])
                              for row in rows)])  # fmt: skip
    with pytest.raises(MixedRowsError, match="fitted and tested in 2 ways"):
        results.assess(PATTERN)
    with pytest.raises(ValueError, match="there are no rows"):
        results.where("fold > 7").assess(PATTERN)


def test_failures_are_told(stored):
    rows = made({"a": [0.02], "b": [0.05], "c": [0.03]})
    rows[-1] = failed_row(B, "c", 0, 1)
    found = stored(rows).assess(PATTERN)
    assert found.failures == (f"{B} on c: ValueError: no",)
    assert str(found).endswith(
        f"1 job has failed, and what is missing is left out: {B} on c: ValueError: no"
    )
    assert (found.n, found.effect) == (3, pytest.approx(0.1 / 3))


# ---- words -------------------------------------------------------------------------------------


def test_a_sentence_for_a_paper(stored):
    results = stored(made({"a": [0.02, 0.04], "b": [0.05], "c": [0.04, 0.06]}))
    low, high = results.compare(A, B).interval
    p = results.compare(A, B).p
    assert p < 0.05
    assert results.assess(PATTERN).sentence == (
        f"Taking dexp in place of lvl ({B} against {A}) raised the correlation with held-out data "
        f"from 0.405 to 0.448: +0.043 (95 % confidence interval {low:+.3f} to {high:+.3f}, "
        f"t(2) = {results.compare(A, B).estimate.t:.2f}, p = {p:.2g}; 5 neurons of 3 datasets; "
        "2-fold cross-validation)."
    )


@pytest.mark.parametrize(
    ("differences", "n_folds", "words"),
    [
        ({"a": [-0.02], "b": [-0.03], "c": [-0.025]}, 2, " lowered the correlation with held-out"),
        ({"a": [-0.02], "b": [0.03]}, 2, " did not measurably change the correlation with held-"),
        ({"a": [0.02, 0.03]}, 1, " took the correlation with held-out data from 0.400 to 0.425"),
        ({"a": [0.02, 0.03]}, 1, "2 neurons of 1 dataset; one part held out, tested once"),
    ],
)
def test_other_sentences(stored, differences, n_folds, words):
    assert words in stored(made(differences, n_folds)).assess(PATTERN).sentence
