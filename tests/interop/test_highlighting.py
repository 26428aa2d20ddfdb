"""Colours of model strings follow the grammar."""

import pytest

pygments = pytest.importorskip("pygments")

from pygments.token import Error, Keyword, Name, Number  # noqa: E402

from nems_dsl.compiler.catalogue import catalogue  # noqa: E402
from nems_dsl.interop.highlighting import ModelStringLexer  # noqa: E402
from nems_dsl.syntax import read  # noqa: E402


def lex(string):
    return list(ModelStringLexer().get_tokens(string))


@pytest.mark.parametrize(
    "string",
    [
        *(entry.signature.example for entry in catalogue().values()),
        "zs-kf5_wc.18x4.l2e-3-fir.x15-dexp.1_start.n5-seed3",
        "a=wc.Nx1 - b=wc.2x1@state -\n mult@a,b",
    ],
)
def test_words_are_those_that_the_reader_finds(string):
    """Nothing is an error, nothing is lost, and heads are the reader's."""
    found = lex(string)
    assert "".join(text for _, text in found).strip() == string.strip()
    assert not [text for kind, text in found if kind is Error]
    heads = [text for kind, text in found if kind is Keyword]
    assert heads == [k.head for section in read(string).sections for k in section.keywords]


def test_shapes_options_and_signals_are_told_apart():
    found = [(kind, text) for kind, text in lex("a=wc.18x4R.l2e-3@stim") if text.strip()]
    assert (Number, "18x4R") in found and (Name.Attribute, "l2e-3") in found
    assert [text for kind, text in found if kind is Name.Variable] == ["a", "stim"]


def test_what_is_no_string_is_an_error():
    assert any(kind is Error for kind, _ in lex("wc.18x4 ! fir"))


def test_pygments_finds_it_by_name():
    from pygments.lexers import get_lexer_by_name

    try:
        lexer = get_lexer_by_name("nems-dsl")
    except pygments.util.ClassNotFound:
        pytest.skip("the package is not installed with its entry points")
    assert isinstance(lexer, ModelStringLexer)
