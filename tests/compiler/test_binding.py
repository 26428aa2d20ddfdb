"""Strings, their canonical forms, and what they share them with."""

import numpy as np
import pytest

from nems_dsl import ModelStringError, canonical, parse
from nems_dsl.compiler import fit_to_data
from nems_dsl.compiler.sizes import Symbolic

CANONICAL = {
    "wc.18x4": "wc.18x4",
    "wc.18x4 -\n fir.x15 - dexp": "wc.18x4-fir.4x15-dexp.1",
    "wc.18x4-fir.4x15x1": "wc.18x4-fir.4x15",
    "wc.18x4-fir.x15x3-lvl": "wc.18x4-fir.4x15x3-lvl.3",
    "wc.n.18x4.g": "wc.18x4.g.n",
    "wc.18x4.l21e-3": "wc.18x4.l2e-3",
    "wc.18x4.l2e-3": "wc.18x4.l2e-3",
    "wc.18x4.l21e3": "wc.18x4.l21e3",
    "wc.18x4.l2e3": "wc.18x4.l21e3",
    "wc.18x4.l2100": "wc.18x4.l2100",
    "wc.18x4.l2025e-4": "wc.18x4.l225e-4",
    "relu.1.os": "relu.1.s.o",
    "relu.1.g.so": "relu.1.s.o.g",
    "wc.18x4x3-relu.4": "wc.18x4x3-relu.4x3",
    "wc.18x4x3-stp": "wc.18x4x3-stp.4x3",
    "wc.18x4x3-fir.x15": "wc.18x4x3-fir.4x15",
    "wc.18x1x3-fir.x15x3": "wc.18x1x3-fir.1x15x3",
    "wc.18x4-fir.1x15x4": "wc.18x4-fir.1x15x4",
    "fir.1x15x4-wc.4xN": "fir.1x15x4-wc.4xN",
    "strf.18x25": "strf.18x25",
    "strf.18x2x25x1-dexp": "strf.18x2x25-dexp.1",
    "wc.Nx4-fir.x15xR-dexp": "wc.Nx4-fir.4x15xR-dexp.R",
    "wc.Nx2R-lvl": "wc.Nx2R-lvl.2R",
    "wc.1Nx4": "wc.Nx4",
    "wc.18x4-wc.4xN": "wc.18x4-wc.4x18",
    "wc.NxR-lvl.3": "wc.Nx3-lvl.3",
    "lvl": "lvl.N",
    "lvl@state": "lvl.S@state",
    "wc.18x4@stim": "wc.18x4",
    "wc.18x4@input": "wc.18x4",
    "a=wc.18x4": "a=wc.18x4",
    "a=wc.18x4-fir.4x15@a": "a=wc.18x4-fir.4x15",
    "a=wc.18x4-b=fir.18x15@input": "a=wc.18x4-b=fir.18x15@stim",
    "a=wc.18x4-b=fir.4x15-lvl@a": "a=wc.18x4-b=fir.4x15-lvl.4@a",
    "a=wc.18x4-wc.x2@state": "a=wc.18x4-wc.Sx2@state",
    "wc.3x4@face": "wc.3x4@face",
}

SAME = [
    ("wc.18x4-dexp", "wc.18x4 - dexp.4"),
    ("relu.1.s.o", "relu.1.so"),
    ("wc.4x1.g.n", "wc.4x1.n.g"),
    ("a=wc.4x1-lvl@a", "a=wc.4x1-lvl.1"),
    ("wc.4x1.l21e-3", "wc.4x1.l2e-3"),
    ("wc.4x1.l25e-1", "wc.4x1.l250e-2"),
]

DIFFERENT = [
    ("wc.18x4", "wc.Nx4"),
    ("wc.4x1", "a=wc.4x1"),
    ("a=wc.4x1", "b=wc.4x1"),
    ("wc.4x1", "wc.4x1.g"),
    ("wc.4x1.l2", "wc.4x1"),
    ("wc.4x1.l2", "wc.4x1.l2e-4"),
    ("wc.4x1", "wc.4x1x1"),
    ("fir.4x15", "fir.4x16"),
    ("wc.4x1@state", "wc.4x1"),
    ("lvl.1", "relu.1"),
]


@pytest.mark.parametrize(("string", "form"), CANONICAL.items())
def test_canonical_form(string, form):
    assert canonical(string) == form
    assert canonical(form) == form
    assert parse(string) == parse(form)
    assert hash(parse(string)) == hash(parse(form))


@pytest.mark.parametrize(("one", "other"), SAME)
def test_strings_of_one_model(one, other):
    assert canonical(one) == canonical(other)
    assert parse(one) == parse(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_strings_of_two_models(one, other):
    assert canonical(one) != canonical(other)
    assert parse(one) != parse(other)


def test_a_bound_tree():
    tree = parse("a=wc.18x4.g - fir.x15.l2e-4@a")
    first, second = tree
    assert len(tree) == 2
    assert (first.head, first.sizes, first.options) == ("wc", (18, 4, None), (("g", True),))
    assert (first.name, first.inputs, first.takes, first.gives) == ("a", (), (18,), (4,))
    assert second.dims == {"in": 4, "taps": 15, "out": 1}
    assert second.options == (("l2", 1e-4),)
    assert (second.takes, second.gives) == ((4,), (1,))
    assert tree.symbols == frozenset()


@pytest.mark.parametrize(
    ("string", "digest"),
    {
        "wc.18x4-fir.4x15-dexp.1": "f8da29e5c1eb",
        "wc.18x4-fir.x15-dexp": "f8da29e5c1eb",
        "strf.18x2x25-dexp.1": "c04a9c02593b",
        "wc.Nx4.g.l2e-4-stp-fir.x15xR-relu.os": "a7c23c1e8141",
    }.items(),
)
def test_model_id_is_the_same_everywhere(string, digest):
    assert parse(string).model_id == digest


# ---- symbols ---------------------------------------------------------------------------------


def test_symbols_stay_until_they_are_bound():
    tree = parse("wc.Nx4-fir.4x15xR-dexp")
    assert tree.symbols == {"N", "R"}
    assert tree.keywords[-1].gives == (Symbolic("R"),)
    assert parse(str(tree), N=18, R=np.int64(3)).string == "wc.18x4-fir.4x15x3-dexp.3"


@pytest.mark.parametrize("value", [0, -1, 1_000_001])
def test_a_symbol_cannot_stand_for_this_number(value):
    with pytest.raises(ValueError, match=r"N, the number of input channels, .* not"):
        parse("wc.Nx4", N=value)


@pytest.mark.parametrize("value", [True, 1.0, "3", [3]])
def test_a_symbol_stands_for_a_whole_number(value):
    with pytest.raises(TypeError, match="R, the number of response channels"):
        parse("wc.18xR", R=value)


def test_a_value_that_does_not_fit_the_string():
    with pytest.raises(ModelStringError, match="expects 17 input channels here, not 18"):
        parse("wc.18x4", N=17)


def test_a_size_that_its_symbol_makes_too_large():
    with pytest.raises(ModelStringError) as caught:
        parse("wc.4x9000R-lvl.9000R", R=1000)
    assert {fault.code for fault in caught.value.diagnostics} == {"E011"}


def test_an_unknown_dialect():
    with pytest.raises(ValueError, match=r"no dialect 'nativ'; .* did you mean 'native'"):
        parse("wc.4x1", "nativ")


def test_fit_to_data_binds_and_checks():
    tree = parse("a=wc.Nx4-wc.4xR@a")
    bound = fit_to_data(tree, {"stim": (18,)}, (3,))
    assert bound.string == "a=wc.18x4-wc.4x3"
    assert fit_to_data(bound, {"stim": (18,)}, (3,)) == bound
    assert fit_to_data(parse("lvl"), {"stim": (2,)}).string == "lvl.2"
    assert fit_to_data(parse("wc.Sx1@state"), {"stim": (2,), "state": (5,)}).string == (
        "wc.5x1@state"
    )
    with pytest.raises(ModelStringError) as caught:
        fit_to_data(tree, {"stim": (18, 2)}, (3, 1))
    assert caught.value.code in {"E202", "E203"}


def test_a_filter_meets_more_channels_than_it_names():
    assert fit_to_data(parse("fir.1x15x4"), {"stim": (4,)}).string == "fir.1x15x4"


# ---- long strings ----------------------------------------------------------------------------


def test_a_thousand_keywords():
    tree = parse("wc.4x4-" + "-".join(["lvl.4"] * 999))
    assert len(tree) == 1000
    assert tree == parse(tree.string)


def test_a_canonical_form_too_long_to_be_read_again():
    with pytest.raises(ModelStringError, match="shapes complete") as caught:
        parse("wc.4x4-" + "-".join(["relu.4.os"] * 999))
    assert caught.value.code == "E011"


def test_a_thousand_faults():
    with pytest.raises(ModelStringError) as caught:
        parse("-".join(["wc.4.5"] * 1000))
    assert len(caught.value.diagnostics) == 1000


@pytest.mark.parametrize(
    "string",
    [
        "a.1" * 3333,
        "a" * 10_000,
        "wc." + "9" * 9000,
        "wc.4x4.l2" + "9" * 9000,
        "q-" * 900,
        "?-" * 900,
        "_" * 9000,
        "a=" * 4000,
        "x" * 9999 + "-" + "y",
    ],
)
def test_long_nonsense_is_refused_briefly(string):
    with pytest.raises(ModelStringError) as caught:
        parse(string)
    assert len(str(caught.value)) < 10_000
