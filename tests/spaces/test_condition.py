"""Conditions by themselves: Python's parser reads them, and nothing of Python comes through."""

import ast
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import ModelStringError
from nems_dsl.spaces.condition import read_condition

NAMES = ["r", "nl", "lambda", "n_parameters"]
FACTS = {"r": 2, "nl": "dexp", "lambda": 1e-3, "n_parameters": 66}


def fault_of(text):
    with pytest.raises(ModelStringError) as caught:
        read_condition(text, NAMES)(FACTS)
    (fault,) = caught.value.diagnostics
    assert caught.value.string == text
    return fault


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("lambda < 1e-2", True),
        ("nl == 'if é \\n # \x00 \ud800'", False),
        ("'# no comment' != nl", True),
        ("  r == 2  ", True),
        ("\n\tr ==\r\n2\f", True),
        ("(r in (1, 2)) == true", True),
        ("1 < r < 3 != nl", True),
        ("r in [1, 2,]", True),
        ("-(-r) == +2", True),
    ],
)
def test_what_holds(text, answer):
    assert read_condition(text, NAMES)(FACTS) is answer


def test_names_are_those_that_are_asked_for():
    assert read_condition("r < 3 and not (nl == 'lambda')", NAMES).names == {"r", "nl"}
    assert read_condition("1 < 2 or none == true", NAMES).names == frozenset()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("r if nl else 2", "if"),
        ("lambda: 3", ":"),
        ("[r for r in (1,)]", "r for"),
        ("r is 2", "is"),
        ("(r := 2)", "r := 2"),
        ("r := 2", ":="),
        ("min(r)", "min(r)"),
        ("r.real > 1", "r.real"),
        ("nl[0] == 'd'", "nl[0]"),
        ("r ** 2 == 4", "r ** 2"),
        ("r // 2 == 1", "r // 2"),
        ("~r == 4", "~r"),
        ("r in {1, 2}", "{1, 2}"),
        ("r in (1, *nl)", "*nl"),
        ("r == 2j", "2j"),
        ("r == ...", "..."),
        ("nl == r'dexp'", "r'dexp'"),
        ("nl == f'{r}'", "f'{r}'"),
        ("nl == b'dexp'", "b'dexp'"),
        ("nl == '''dexp'''", "'''dexp'''"),
        ("nl in ('lvl' 'dexp')", "'lvl' 'dexp'"),
        ("r < 3 # and more", "#"),
        ("r \\\n < 3", "\\"),
        ("ｒ == 2", "ｒ"),
        ("r == 2; nl", ";"),
        ("r == 2) or (r == 3", ")"),
        ("r == 3x", "3"),
        ("r nl", "nl"),
    ],
)
def test_what_has_no_meaning_is_pointed_at(text, word):
    fault = fault_of(text)
    assert fault.code == "E508"
    assert text[slice(*fault.span)] == word
    assert fault.message == f"`{word}` has no meaning here"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("r = 2", "`==` is meant: r == 2"),
        ("r < 3 && nl == 'a=b'", "`and` is meant: r < 3 and nl == 'a=b'"),
        ("r < 3 || r > 4", "`or` is meant: r < 3 or r > 4"),
        ("!(r < 3)", "`not` is meant: not (r < 3)"),
    ],
)
def test_signs_of_other_languages_are_translated(text, meant):
    fault = fault_of(text)
    assert fault.hint == meant
    assert isinstance(read_condition(meant.partition(": ")[2], NAMES)(FACTS), bool)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the condition is empty"),
        (" \n ", "the condition is empty"),
        ("r <", "the condition ends too early"),
        ("not", "the condition ends too early"),
        ("(r < 3", "`(` is not closed"),
        ("nl in ['a", "the quotes are not closed"),
        ("\x00", "U+0000 has no meaning here"),
        ("r in 1, 2", "a list by itself is no condition"),
        ("(1, 2)", "a list by itself is no condition"),
        ("1" * 1001, "1,001 characters; a condition holds at most 1,000"),
        ("-" * 900 + "1", "more than 50 levels"),
        ("(" * 499 + "1" + ")" * 499, "more than 50 levels"),
        ("+".join(["r"] * 400), "more than 50 levels"),
    ],
)
def test_what_is_no_condition_is_told(text, message):
    assert fault_of(text).message == message


@pytest.mark.parametrize("fault", [RecursionError, MemoryError, ValueError])
def test_whatever_the_parser_raises_is_a_fault_of_the_text(monkeypatch, fault):
    def refuse(*_, **__):
        raise fault("from within")

    monkeypatch.setattr(ast, "parse", refuse)
    assert fault_of("r < 3").code == "E508"


def test_a_near_name_is_suggested():
    fault = fault_of("lamda < 1")
    assert (fault.code, fault.message) == ("E509", "no variable `lamda`")
    assert fault.hint.startswith("did you mean `lambda`?")


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=20) | st.text("rnl12 '\"()[]<=!&|+-.#\\\n,:;{}@ejx_0", max_size=20))
def test_nothing_but_its_own_error_leaves_and_nothing_is_warned_of(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            answer = read_condition(text, NAMES)(FACTS)
        except ModelStringError as error:
            assert all(
                0 <= each.span.start <= each.span.stop <= len(text) for each in error.diagnostics
            )
        else:
            assert isinstance(answer, bool)
