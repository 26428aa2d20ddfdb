"""Pairs of models that differ in one thing."""

import pytest

from nems_dsl import canonical
from nems_dsl.sweeps import Store, find_steps, open_results

from ..made_rows import made_sweep, make_row


def steps(*strings):
    return [(s.kind, s.change, s.a, s.b) for s in find_steps(canonical(text) for text in strings)]


@pytest.mark.parametrize(
    ("one", "other", "kind", "change"),
    [
        ("wc.18x1-fir.1x10-lvl.1", "wc.18x1-fir.1x15-lvl.1", "value", "fir taps 10 -> 15"),
        # one value, although two keywords show it
        ("wc.18x2-fir.2x15-lvl.1", "wc.18x4-fir.4x15-lvl.1", "value", "wc out 2 -> 4"),
        ("fir.18x9.l2e-4-lvl.1", "fir.18x9.l2e-2-lvl.1", "value", "fir l2 0.0001 -> 0.01"),
        ("wc.18x1-lvl.1", "wc.18x1.g-lvl.1", "option added", "wc + g"),
        ("fir.18x9-sig.1.s", "fir.18x9-sig.1.s.o", "option added", "sig + o"),
        ("fir.18x9-lvl.1", "fir.18x9.l2e-2-lvl.1", "option added", "fir + l2"),
        ("wc.18x2-fir.2x15", "wc.18x2-stp.2-fir.2x15", "keyword added", "+ stp.2"),
        ("wc.18x2-fir.2x15", "wc.18x2-fir.2x15-relu.1", "keyword added", "+ relu.1"),
        # the channels that come into fir follow from wc, which is what was added
        ("fir.18x15-lvl.1", "wc.18x2-fir.2x15-lvl.1", "keyword added", "+ wc.18x2"),
        ("fir.18x15-relu.1", "fir.18x15-dexp.1", "keyword replaced", "dexp.1 -> relu.1"),
    ],
)
def test_one_difference(one, other, kind, change):
    ((found_kind, found_change, a, b),) = steps(one, other)
    assert (found_kind, found_change) == (kind, change)
    assert {a, b} == {canonical(one), canonical(other)}
    if kind != "keyword replaced":
        assert (a, b) == (canonical(one), canonical(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("wc.18x1-fir.1x10-lvl.1", "wc.18x2-fir.2x15-lvl.1"),
        ("wc.18x1-fir.1x10-lvl.1", "wc.18x1-fir.1x15-dexp.1"),
        ("wc.18x1-fir.1x10-lvl.1", "wc.18x1.g-fir.1x10-dexp.1"),
        ("wc.18x1.g-fir.1x10", "wc.18x2-fir.2x10"),
        ("fir.18x9-sig.1", "fir.18x9-sig.1.s.o"),
        ("fir.18x9.l2e-4-lvl.1", "fir.18x12-lvl.1"),
        # of other data
        ("fir.18x9-lvl.1", "fir.17x9-lvl.1"),
        ("fir.18x9-lvl.1", "fir.18x9-relu.1-wc.1x1-lvl.1"),
    ],
)
def test_two_differences_are_no_step(one, other):
    assert steps(one, other) == []


def test_neighbouring_values_only():
    found = steps(*(f"wc.18x{r}-fir.{r}x15-lvl.1" for r in (10, 1, 4, 2)))
    assert [change for _, change, _, _ in found] == [
        "wc out 1 -> 2", "wc out 2 -> 4", "wc out 4 -> 10"
    ]  # fmt: skip


def test_a_keyword_beside_its_like_is_added_once():
    found = steps("wc.18x1-relu.1-lvl.1", "wc.18x1-relu.1-relu.1-lvl.1")
    assert [change for _, change, _, _ in found] == ["+ relu.1"]


def test_models_that_are_given_twice():
    assert len(steps("fir.18x9-lvl.1", "fir.18x9-lvl", "fir.18x10-lvl.1")) == 1
    assert steps() == []


def test_a_crossed_space_has_the_steps_that_it_was_made_of():
    strings = [f"wc.18x{r}-fir.{r}x{t}-{nl}" for r in (1, 2, 3) for t in (10, 15) for nl in
               ("lvl", "dexp")]  # fmt: skip
    kinds = [kind for kind, _, _, _ in steps(*strings)]
    # rank: 2 steps x 4; taps: 1 step x 6; nonlinearity: 1 pair x 6
    assert (kinds.count("value"), kinds.count("keyword replaced")) == (8 + 6, 6)
    assert len(kinds) == 20


def test_nested_models_are_compared(tmp_path):
    rows = made_sweep(ranks=(1, 2), heads=("lvl", "dexp"), channels=(0, 1))
    with Store.open(tmp_path / "results.db") as store:
        store.add([*rows, make_row("wc.6x1-fir.1x5-stp.1-lvl", "A")])
    results = open_results(tmp_path / "results.db")
    table = results.nested()
    assert list(table.columns) == [
        "kind", "change", "a", "b", "n_parameters", "n_neurons", "n_datasets", "mean_a", "mean_b",
        "difference", "se", "low", "high", "p", "p_holm",
    ]  # fmt: skip
    by_change = table.set_index(["change", "a"])
    rank = by_change.loc[("wc out 1 -> 2", "wc.6x1-fir.1x5-lvl.1")]
    assert rank["n_parameters"] == 11
    one = results.compare(rank.name[1], rank["b"])
    assert (rank["difference"], rank["p"], rank["n_neurons"]) == (one.difference, one.p, 12)
    # from the model with fewer parameters to the one with more
    replaced = table[table["kind"] == "keyword replaced"]
    assert replaced["change"].tolist() == ["lvl.1 -> dexp.1"] * 2
    assert (replaced["n_parameters"] == 3).all()
    added = table[table["kind"] == "keyword added"]
    assert added["change"].tolist() == ["+ stp.1"]
    assert added["n_neurons"].tolist() == [1]
