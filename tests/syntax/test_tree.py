"""Strings and their trees."""

import pytest

from nems_dsl import ModelStringError
from nems_dsl.syntax import Dim, Flag, Keyword, Reference, Section, Shape, Text, read, unparse
from nems_dsl.syntax.grammar import model_parser


def shape(*dims):
    return Shape(tuple(d if isinstance(d, Dim | None) else Dim(d) for d in dims))


N, R, S = (Dim(None, symbol) for symbol in "NRS")
REFERENCE = Reference

TREES = {
    "lvl": [Keyword("lvl")],
    "wc.18x4": [Keyword("wc", (shape(18, 4),))],
    "wc.Nx1x70": [Keyword("wc", (shape(N, 1, 70),))],
    "fir.x15": [Keyword("fir", (shape(None, 15),))],
    "dexp.R": [Keyword("dexp", (shape(R),))],
    "dexp.4R": [Keyword("dexp", (shape(Dim(4, "R")),))],
    "sdexp.SxR": [Keyword("sdexp", (shape(S, R),))],
    "wc.18x4.g.n": [Keyword("wc", (shape(18, 4), Flag("g"), Flag("n")))],
    "wc.g.18x4": [Keyword("wc", (Flag("g"), shape(18, 4)))],
    "wc.18x4.l2e-3-dexp.1": [
        Keyword("wc", (shape(18, 4), Flag("l2e-3"))),
        Keyword("dexp", (shape(1),)),
    ],
    "a.e-3-e.3": [Keyword("a", (Flag("e-3"),)), Keyword("e", (shape(3),))],
    "a.e-b": [Keyword("a", (Flag("e"),)), Keyword("b")],
    "a.x": [Keyword("a", (Flag("x"),))],
    "a.x1": [Keyword("a", (shape(None, 1),))],
    "a.xx1": [Keyword("a", (Flag("xx1"),))],
    "a.x1,3,4": [Keyword("a", (Flag("x1,3,4"),))],
    "a.l2:4+b": [Keyword("a", (Flag("l2:4+b"),))],
    "a.fs100": [Keyword("a", (Flag("fs100"),))],
    "a.Nn": [Keyword("a", (Flag("Nn"),))],
    "a.0": [Keyword("a", (shape(0),))],
    "b=wc.18x1@stim": [Keyword("wc", (shape(18, 1),), REFERENCE("b"), (REFERENCE("stim"),))],
    "mult@drive,gain": [Keyword("mult", (), None, (REFERENCE("drive"), REFERENCE("gain")))],
    "wc.18x4 -\n\tlvl": [Keyword("wc", (shape(18, 4),)), Keyword("lvl")],
}


@pytest.mark.parametrize("string", TREES)
def test_a_string_reads_as_its_tree(string):
    assert read(string) == Text((Section(tuple(TREES[string])),))


@pytest.mark.parametrize(
    ("string", "heads"),
    {
        "zs-jk10_wc.18x4_init-lbfgs.n5": [["zs", "jk10"], ["wc"], ["init", "lbfgs"]],
        "_wc.18x4_": [[], ["wc"], []],
        "zs__init": [["zs"], [], ["init"]],
        "zs _ wc.18x4 _": [["zs"], ["wc"], []],
    }.items(),
)
def test_three_sections_make_an_experiment(string, heads):
    assert [[k.head for k in section.keywords] for section in read(string).sections] == heads


@pytest.mark.parametrize("string", TREES)
def test_spans_point_at_the_text(string):
    for keyword in read(string).sections[0].keywords:
        parts = [*keyword.options, *keyword.inputs, *([keyword.name] if keyword.name else [])]
        assert string[slice(*keyword.head_span)] == keyword.head
        assert string[slice(*keyword.span)] == unparse(keyword)
        for part in parts:
            text = part.name if isinstance(part, Reference) else unparse(part)
            assert string[slice(*part.span)] == text


NOT_SENTENCES = """18x4 wc. .wc wc..g wc- -wc wc--wc @a wc@ wc@a@b wc@a, a= =wc a=b=c wc.18X4 wc.18x
wc.018 wc.1e3 wc.18x4-3 wc_dexp wc_a_b_c wc{1} wc[1] wc(1) wc:1 wc,1 wc.18,4 wc.g-3e wc.é""".split()


@pytest.mark.parametrize(
    "string", [*NOT_SENTENCES, "", " ", "wc .1", "wc. 1", "wc 1", " wc", "wc\n"]
)
def test_what_is_no_sentence_is_refused(string):
    with pytest.raises(ModelStringError):
        read(string)


def test_the_grammar_is_free_of_collisions():
    model_parser(strict=True)
    assert model_parser() is model_parser()


def test_a_thousand_keywords_are_read():
    string = "-".join(["lvl.4"] * 1000)
    tree = read(string)
    assert len(tree.sections[0].keywords) == 1000
    assert unparse(tree) == string


@pytest.mark.parametrize(
    "string",
    ["-".join(["a"] * 1001), "-" * 10_000, "a" * 10_001, "a.9" * 3000 + "b" * 5000, "x" * 10**7],
)
def test_bounds_are_refused_at_once(string):
    with pytest.raises(ModelStringError) as caught:
        read(string)
    assert caught.value.code == "E011"
    assert len(str(caught.value)) < 1000
