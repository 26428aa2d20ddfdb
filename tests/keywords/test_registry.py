"""Declaring keywords, and the whole path of one that a user declares."""

import re

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, canonical, explain, keyword_info, parse
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.keywords import (
    POINTWISE_FLOWS,
    POINTWISE_FORMS,
    Flow,
    Number,
    Option,
    Registry,
    ShapeForm,
    Signature,
    registry,
)
from nems_dsl.layers.base import KeywordLayer


def entry(**changes):
    """Make a class that declares a keyword."""
    declared = {
        "head": "smooth",
        "summary": "smooths each channel over past bins",
        "equation": "y = mean(x[t - w : t])",
        "forms": (ShapeForm(("channels", "width"), n_required=2),),
        "flows": (Flow(("channels",), ("channels",)),),
        "options": (
            Option("w", "width of the window", Number.INTEGER, minimum=2, maximum=50),
            Option("half", "half the window", excludes=("w",)),
        ),
        "synonyms": {"h": ("half",)},
        "example": "wc.18x4-smooth.4x3",
        **changes,
    }

    class Smooth:
        signature = Signature(**declared)

        @staticmethod
        def parameter_shapes(dims, options):
            return {"weight": (dims["channels"],)}

    return Smooth


@pytest.fixture
def smooth():
    catalogue()
    before = dict(registry._entries)
    registry.register(entry())
    yield
    registry._entries.clear()
    registry._entries.update(before)


def test_a_keyword_takes_the_whole_path(smooth):
    assert canonical("wc.18x4 - smooth.4x3.w5 - dexp") == "wc.18x4-smooth.4x3.w5-dexp.4"
    assert canonical("wc.18x4-smooth.4x3.h") == "wc.18x4-smooth.4x3.half"
    assert parse("smooth.Nx3", N=2).string == "smooth.2x3"
    assert "4 parameters: weight (4)" in explain("wc.18x4-smooth.4x3")
    assert str(keyword_info("smooth")).startswith("smooth: smooths each channel over past bins\n")


@pytest.mark.parametrize(
    ("string", "code", "hint"),
    [
        ("smoth.4x3", "E101", "did you mean smooth.4x3? (`smooth` smooths each channel over"),
        ("smooth.4x3.haf", "E102", "did you mean smooth.4x3.half? `smooth` takes a shape"),
        ("smooth", "E103", "write for example smooth.4x3"),
        ("smooth.x3", "E104", "put it before the `x`: channels x width"),
        ("smooth.4", "E104", "write for example smooth.4x3"),
        ("smooth.4x3.w", "E108", "write for example smooth.4x3.w2 (width of the window)"),
        ("smooth.4x3.w1", "E108", "write for example smooth.4x3.w2 (width of the window)"),
        ("smooth.4x3.w5e-1", "E108", "write for example smooth.4x3.w2 (width of the window)"),
        ("smooth.4x3.h.w5", "E107", "write smooth.4x3.h or smooth.4x3.w5"),
        ("wc.4x1-smooth.4x3", "E201", "write smooth.1x3"),
    ],
)
def test_its_messages_follow_from_its_signature(smooth, string, code, hint):
    with pytest.raises(ModelStringError) as caught:
        parse(string)
    assert caught.value.code == code
    assert caught.value.hint.startswith(hint)


def test_a_size_that_no_chain_tells():
    known = catalogue()
    before = dict(registry._entries)
    form = ShapeForm(("channels", "width"), 2, inferred=frozenset({"channels", "width"}))
    try:
        registry.register(entry(head="odd", forms=(form,)))
        with pytest.raises(ModelStringError) as caught:
            parse("wc.18x4-odd")
        assert caught.value.code == "E205"
        assert caught.value.hint == "give it in the shape: channels x width"
        registry.register(
            entry(head="stern", flows=(Flow(("channels",), ("channels",), frozenset({"half"})),))
        )
        assert parse("stern.4x3.half").string == "stern.4x3.half"
        with pytest.raises(ModelStringError, match="with these options, `stern` does not pass"):
            parse("stern.4x3")
    finally:
        registry._entries.clear()
        registry._entries.update(before)
    assert "odd" not in known


def test_a_head_is_taken_once():
    mine = Registry()
    first = mine.register(entry())
    assert mine["smooth"] is first
    other = type("Other", (), {"signature": first.signature})
    with pytest.raises(ValueError, match=r"`smooth` exists already.*replace=True") as caught:
        mine.register(other)
    places = (f"{__name__}.entry.<locals>.Smooth", f"{__name__}.Other")
    assert all(place in str(caught.value) for place in places)
    assert mine["smooth"] is first
    second = mine.register(other, replace=True)
    assert (mine["smooth"], len(mine), list(mine)) == (second, 1, ["smooth"])
    assert "x" not in mine


def test_a_class_that_is_defined_again_takes_its_own_place():
    mine = Registry()
    mine.register(entry())
    again = mine.register(entry())
    assert mine["smooth"] is again
    # a cell of a notebook in which the class was given another name meanwhile
    first = type("First", (), {"signature": again.signature, "__module__": "__main__"})
    second = type("Second", (), {"signature": again.signature, "__module__": "__main__"})
    with pytest.raises(ValueError, match=r"__main__\.First"):
        mine.register(first)
    session = Registry()
    session.register(first)
    assert session.register(second) is session["smooth"] is second


def test_models_go_on_when_their_keyword_is_declared_anew(scaled):
    x = np.arange(6.0).reshape(3, 2)
    old, waiting = Model("wc.2x1-scaled.1"), Model("wc.Nx1-scaled.1")
    before, layer = old.predict(x), type(old.layers["scaled"])
    scaled(factor=5.0)
    assert type(Model("wc.2x1-scaled.1").layers["scaled"]) is not layer
    np.testing.assert_array_equal(Model("wc.2x1-scaled.1").predict(x), 5 / 2 * before)
    np.testing.assert_array_equal(old.predict(x), before)
    np.testing.assert_array_equal(old.copy().predict(x), before)
    np.testing.assert_array_equal(waiting.predict(x), before)
    old.add_layers("lvl")
    np.testing.assert_array_equal(old.predict(x), before)
    assert (old.string, type(old.layers["scaled"])) == ("wc.2x1-scaled.1-lvl.1", layer)


@pytest.fixture
def scaled():
    """Give a function that declares `scaled`, as a cell does that is run again."""
    catalogue()
    before = dict(registry._entries)

    def declare(factor):
        @registry.register
        class Scaled(KeywordLayer):
            signature = Signature(
                head="scaled",
                summary="scales",
                equation="y = factor x",
                forms=POINTWISE_FORMS,
                flows=POINTWISE_FLOWS,
            )

            def evaluate(self, x):
                return factor * x

    declare(factor=2.0)
    yield declare
    registry._entries.clear()
    registry._entries.update(before)
    registry.version += 1


def test_a_replaced_keyword_is_bound_anew(smooth):
    assert canonical("smooth.4x3.half") == "smooth.4x3.half"
    registry.register(entry(options=(), synonyms={}), replace=True)
    with pytest.raises(ModelStringError, match="no option `half`"):
        parse("smooth.4x3.half")


WRONG = {
    "`2d` is not a letter": {"head": "2d"},
    "`sm ooth` is not a letter": {"head": "sm ooth"},
    "`é` is not a letter": {"head": "é"},
    "declares the option `w` twice": {
        "options": (Option("w", ""), Option("w", "")),
        "synonyms": {},
    },
    "it would read as a shape": {"options": (Option("x3", ""),), "synonyms": {}},
    "`smooth` cannot have an option `N`": {"options": (Option("N", ""),), "synonyms": {}},
    "stands for an unknown option `half`": {"options": ()},
    "cannot exclude `q`": {"options": (Option("w", "", excludes=("q",)),), "synonyms": {}},
    "takes no number, so it has no default": {
        "options": (Option("w", "", default=2),),
        "synonyms": {},
    },
    "bounds of 0 or above": {
        "options": (Option("w", "", Number.REAL, minimum=3, maximum=2),),
        "synonyms": {},
    },
    "a default outside its bounds": {
        "options": (Option("w", "", Number.REAL, default=3, maximum=2),),
        "synonyms": {},
    },
    "at least one shape form": {"forms": ()},
    "at least one shape form and one flow": {"flows": ()},
    "a shape that cannot be": {"forms": (ShapeForm(("a", "a"), 1),)},
    "something of an axis it lacks: z": {"forms": (ShapeForm(("a",), 1, inferred=frozenset("z")),)},
    "cannot read 2 to 1 signals": {"n_inputs": (2, 1)},
}


@pytest.mark.parametrize(("message", "changes"), WRONG.items())
def test_a_signature_that_contradicts_itself_is_refused(message, changes):
    with pytest.raises(ValueError, match=re.escape(message)):
        Registry().register(entry(**changes))


def test_every_keyword_describes_itself():
    for head, signature in keyword_info().items():
        text = str(signature)
        assert text.startswith(f"{head}: {signature.summary}\n")
        assert signature.describe_shape() in text
        for option in signature.options:
            assert f".{option.spelling}" in text and option.help in text
        assert canonical(signature.example)
        assert head in {keyword.head for keyword in parse(signature.example)}


def test_an_unknown_keyword_is_named_with_the_nearest():
    with pytest.raises(KeyError, match="did you mean `dexp`"):
        keyword_info("dxp")
    with pytest.raises(KeyError, match="no keyword `7`"):
        keyword_info(7)


def test_pointwise_keywords_share_their_shapes():
    assert str(POINTWISE_FORMS[0]) == "channels [x bank]"
    assert str(POINTWISE_FLOWS[1]) == "T, channels, bank -> T, channels, bank"
