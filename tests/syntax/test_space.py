"""Patterns of model spaces: what they are read as, and what is wrong with others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import ModelStringError
from nems_dsl.syntax import CODES, read_space, unparse_space
from nems_dsl.syntax.grammar import space_parser
from nems_dsl.syntax.space_tree import (
    Alternatives,
    Choice,
    Literal,
    Maybe,
    NumberRange,
    Sequence,
    Use,
)

from .space_strategies import PATTERNS


def text(*parts):
    return Sequence(tuple(Literal(part) if isinstance(part, str) else part for part in parts))


TREES = {
    "wc.18x4": text("wc.18x4"),
    "mult@drive,gain": text("mult@drive,gain"),
    "{1,2,4}": text(Alternatives((Choice(text("1")), Choice(text("2")), Choice(text("4"))))),
    "{1..4}": text(Alternatives((Choice(NumberRange(1, 4)),))),
    "{2..10..2}": text(Alternatives((Choice(NumberRange(2, 10, 2)),))),
    "{1,4..6}": text(Alternatives((Choice(text("1")), Choice(NumberRange(4, 6))))),
    "{r=1..4}x{r}": text(Alternatives((Choice(NumberRange(1, 4)),), "r"), "x", Use("r")),
    "{dexp,relu.s}.1": text(Alternatives((Choice(text("dexp")), Choice(text("relu.s")))), ".1"),
    "{s=no:,yes:-stp}": text(
        Alternatives((Choice(text(), "no"), Choice(text("-stp"), "yes")), "s")
    ),
    "[-stp.4]": text(Maybe(text("-stp.4"))),
    "[@a,b]": text(Maybe(text("@a,b"))),
    "{a[@b,c],d}": text(Alternatives((Choice(text("a", Maybe(text("@b,c")))), Choice(text("d"))))),
    "{{1,2},b{3,4}}": text(
        Alternatives(
            (
                Choice(text(Alternatives((Choice(text("1")), Choice(text("2")))))),
                Choice(text("b", Alternatives((Choice(text("3")), Choice(text("4")))))),
            )
        )
    ),
    "{4}": text(Alternatives((Choice(text("4")),))),
    "{relu.s}": text(Alternatives((Choice(text("relu.s")),))),
    "{a=b=fir.x2,c}": text(Alternatives((Choice(text("b=fir.x2")), Choice(text("c"))), "a")),
    "{x:l2:4,l3}": text(Alternatives((Choice(text("l2:4"), "x"), Choice(text("l3"))))),
    "wc.4x{1,\n2}": text("wc.4x", Alternatives((Choice(text("1")), Choice(text("\n2"))))),
}


@pytest.mark.parametrize("pattern", TREES)
def test_a_pattern_is_read_as(pattern):
    read = read_space(pattern)
    assert read.body == TREES[pattern]
    assert unparse_space(read) == pattern


def spans(node, source):
    """Check that each node's span is where its text stands."""
    if not isinstance(node, Choice):
        assert source[slice(*node.span)] == unparse_space(node)
    for part in getattr(node, "parts", ()):
        spans(part, source)
    for choice in getattr(node, "choices", ()):
        assert source[slice(*choice.span)] == unparse_space(choice)
        spans(choice.body, source)
    if isinstance(node, Maybe):
        spans(node.body, source)
    if isinstance(node, Alternatives):
        assert source[slice(*node.name_span)] == (node.name or "")


@settings(deadline=None)
@given(PATTERNS)
def test_a_tree_is_read_back_and_knows_its_place(pattern):
    written = unparse_space(pattern)
    read = read_space(written)
    assert read == pattern
    spans(read.body, written)


FAULTS = {
    "": "E001",
    " \n": "E001",
    "{1,2": "E501",
    "1}": "E501",
    "[a}": "E501",
    "{a]": "E501",
    "]": "E501",
    "{}": "E502",
    "{r=}": "E502",
    "[]": "E502",
    "{a,}": "E502",
    "{,a}": "E502",
    "{a,,b}": "E502",
    "{1..}": "E503",
    "{..4}": "E503",
    "{1...4}": "E503",
    "{1..4..}": "E503",
    "{01..4}": "E503",
    "{1 .. 4}": "E503",
    "{4..1}": "E503",
    "{1..4..0}": "E503",
    "{few:1..4}": "E503",
    "{1..{r=2..4}}": "E503",
    "{0..1000000001}": "E503",
    "{r}": "E504",
    "{r}{r=1,2}": "E504",
    "{r=1,{r}}": "E504",
    "[{r=1,2}]{r}": "E504",
    "{a:{r=1,2},b:}{r}": "E504",
    "{r=1,2}{r=1,2}": "E505",
    "{r=1,2}[{r=1,2}]": "E505",
    "{r={r=1,2}}": "E505",
    "{a:1,a:2}": "E505",
    "[" * 51 + "a" + "]" * 51: "E507",
    "x" * 10_001: "E011",
}


@pytest.mark.parametrize("pattern", FAULTS, ids=lambda pattern: repr(pattern[:30]))
def test_a_fault_has_its_code(pattern):
    with pytest.raises(ModelStringError) as caught:
        read_space(pattern)
    assert [fault.code for fault in caught.value.diagnostics] == [FAULTS[pattern]]
    assert caught.value.string == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "{a:{r=1,2},b:{r=3,4}}{r}",
        "{{r=1..4}}{r}",
        "{s=no:,yes:-stp{r=1,2}.{r}}{s}",
        "[{r=1,2}x{r}]",
        "[" * 50 + "a" + "]" * 50,
        "{0..1000000000}",
    ],
)
def test_what_is_just_allowed(pattern):
    assert unparse_space(read_space(pattern)) == pattern


def test_all_faults_are_reported_together():
    with pytest.raises(ModelStringError) as caught:
        read_space("wc.18x{4..1}{}-fir.{r}x15[]")
    assert [fault.code for fault in caught.value.diagnostics] == ["E503", "E502", "E504", "E502"]


@pytest.mark.parametrize("pattern", [None, 42, b"wc.4x{1,2}", ["wc.4x1"]])
def test_no_text_is_refused(pattern):
    with pytest.raises(ModelStringError, match="not as"):
        read_space(pattern)


@settings(deadline=None, max_examples=400)
@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from([*"{}{}[],,=:.r12a-x \n", "..", "r=", "{r}", "é"])).map("".join)
)
def test_nothing_but_a_model_string_error_leaves(pattern):
    try:
        tree = read_space(pattern)
    except ModelStringError as error:
        assert error.string == pattern
        for fault in error.diagnostics:
            assert fault.code in CODES
            assert 0 <= fault.span.start <= fault.span.stop <= len(pattern)
            assert fault.hint and fault.message
    else:
        assert unparse_space(tree) == pattern


def test_no_two_terminals_collide():
    assert space_parser(strict=True) is not None
