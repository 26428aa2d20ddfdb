"""What is suggested for a word that is not known."""

import re
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nems_dsl
from nems_dsl import keyword_info
from nems_dsl.suggestions import ask, count_slips, did_you_mean, no_such, suggest

PACKAGE = Path(nems_dsl.__file__).parent
WORDS = st.text("abc", max_size=7)


@cache
def slow_count(written, meant):
    """Count slips by trying each last step, as they are defined."""
    if not written or not meant:
        return len(written) + len(meant)
    ways = [
        slow_count(written[:-1], meant) + 1,
        slow_count(written, meant[:-1]) + 1,
        slow_count(written[:-1], meant[:-1]) + (written[-1] != meant[-1]),
    ]
    if len(written) > 1 and len(meant) > 1 and written[-2:] == meant[-1] + meant[-2]:
        ways.append(slow_count(written[:-2], meant[:-2]) + 1)
    return min(ways)


@given(WORDS, WORDS, st.integers(0, 7))
def test_slips_are_those_of_the_definition(written, meant, most):
    slips = slow_count(written, meant)
    assert count_slips(written, meant, most) == (slips if slips <= most else None)


@given(WORDS, WORDS)
def test_slips_are_the_same_both_ways(written, meant):
    assert count_slips(written, meant, 7) == count_slips(meant, written, 7)


@given(WORDS, st.lists(WORDS, max_size=8), st.integers(1, 5))
def test_suggestions_are_the_nearest_in_their_order(word, known, n):
    found = suggest(word, known, n)
    assert len(found) <= n and len(set(found)) == len(found)
    places = [known.index(each) for each in found]
    assert places == sorted(places)
    counts = {each: slow_count(word, each) for each in known}
    fewest = min(counts.values(), default=0)
    assert all(counts[each] == fewest for each in found)
    assert all(3 * counts[each] <= max(len(word), len(each)) + 1 for each in found)


@given(st.lists(st.text("abcd", min_size=4, max_size=12), min_size=1, max_size=8), st.data())
def test_a_word_with_two_neighbours_exchanged_is_found(known, data):
    meant = data.draw(st.sampled_from(known))
    at = data.draw(st.integers(0, len(meant) - 2))
    written = meant[:at] + meant[at + 1] + meant[at] + meant[at + 2 :]
    found = suggest(written, known, len(known))
    assert found and slow_count(written, found[0]) <= 1


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dxep", ("dexp", "dep")),
        ("fri", ("fir",)),
        ("firr", ("fir",)),
        ("lv", ("lvl",)),
        ("lvll", ("lvl",)),
        ("stgain", ("stategain",)),
        ("stat_gain", ("stategain",)),
        ("FIR", ("fir",)),
        ("rleu", ("relu",)),
        ("statehnige", ("statehinge",)),
        ("x", ()),
        ("", ()),
        ("spline", ()),
        ("gaussian", ()),
        ("convolution", ()),
    ],
)
def test_keywords(word, expected):
    with pytest.raises(KeyError) as caught:
        keyword_info(word)
    question = ask([f"`{each}`" for each in expected])
    message = f"no keyword `{word}`" + (f"; {question}" if question else "")
    assert caught.value.args == (message,)


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("lbfgs", ["gauss-newton", "l-bfgs-b", "closed-form"], ("l-bfgs-b",)),
        ("nsme", ["nmse", "mse", "poisson"], ("nmse",)),
        ("msee", ["nmse", "mse"], ("mse",)),
        ("ab", ["ac", "ad", "ae", "af"], ("ac", "ad", "ae")),
        (3, ["r2", "mse"], ()),
        (None, ["none"], ("none",)),
        ("r_tset", ["se_test", "r_test", "r_fit"], ("r_test",)),
        ("a", ["a", "a"], ("a",)),
    ],
)
def test_other_words(word, known, expected):
    assert suggest(word, known) == expected


def test_the_commoner_word_comes_first():
    assert suggest("dxep", ["dexp", "dep"]) == ("dexp", "dep")
    assert suggest("dxep", ["dep", "dexp"]) == ("dep", "dexp")


def test_questions():
    assert ask([]) == ""
    assert ask(["a"]) == "did you mean a?"
    assert ask(["a", "b", "c"]) == "did you mean a, b, or c?"
    assert did_you_mean("fri", ["fir"], "`{}`".format) == "; did you mean `fir`?"
    assert did_you_mean("fri", ["fir"], lead="") == "did you mean 'fir'?"
    assert did_you_mean("fri", []) == ""


def test_messages():
    assert no_such("loss", "x", []) == "no loss 'x'; there are none"
    assert no_such("layer", "fri", ["fir"]) == "no layer 'fri'; there is 'fir'; did you mean 'fir'?"
    message = no_such("data set", "cell9", [f"cell{n:03}" for n in range(100)])
    assert "'cell011', and 88 more; did you mean 'cell009', 'cell019', or" in message


def test_many_long_words_cost_little():
    known = [f"wc.18x{n}-fir.{n}x15-" + "relu.1-" * 200 + "dexp.1" for n in range(1000)]
    start = time.perf_counter()
    assert suggest(known[77].replace("dexp", "dxep"), known)[0] == known[77]
    assert time.perf_counter() - start < 10


def test_nothing_else_looks_for_near_words():
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    # aligning two models is another thing
    found = {path.name for path, text in sources.items() if "difflib" in text}
    assert found == {"diff.py"}
    # but for transposed arrays and whole keywords, the question is asked in one place
    own = re.compile(r"f?\"[^\"]*did you mean \{")
    assert {path.name for path, text in sources.items() if own.search(text)} <= {"pairing.py"}
