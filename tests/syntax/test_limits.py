"""The last value that a bound allows, and the first that it refuses."""

import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import ModelStringError, canonical, convert, expand, parse
from nems_dsl.syntax.numbers import read_number
from nems_dsl.syntax.reader import LONGEST_STRING, MOST_KEYWORDS

_CORPUS = Path(__file__).with_name("odd_strings.txt")
_PIECES = st.sampled_from(
    ["wc", "fir", "lvl", "dexp", "stp", ".", "-", "_", "x", "=", "@", ",", "{", "}", "[", "]", "..",
     "18", "4", "0", "N", "R", "1e3", "e-2", "×", " ", "\t", "\x1b[31m", "\u202e", "с", "\ud800",
     "9" * 50, "?", "!", "|", "(", ")"]
)  # fmt: skip
_STRINGS = st.lists(_PIECES, max_size=40).map("".join)


def _read_in_all_ways(text):
    """Read a text by each entry; give the errors, whose messages must show nothing raw."""
    entries = (
        parse,
        canonical,
        lambda s: list(islice(expand(s), 3)),
        lambda s: convert(s, "nems", "native"),
    )
    for entry in entries:
        try:
            entry(text)
        except ModelStringError as fault:
            shown = str(fault).replace("\n", "")
            raw = [sign for sign in shown if not sign.isprintable()]
            assert not raw, (text, raw)


def _corpus():
    lines = _CORPUS.read_text(encoding="utf-8").splitlines()
    return [line.encode("ascii").decode("unicode_escape") for line in lines]


@pytest.mark.parametrize("text", _corpus(), ids=ascii)
@pytest.mark.filterwarnings("ignore")
def test_only_errors_of_strings_leave_the_readers(text):
    _read_in_all_ways(text)


@given(_STRINGS)
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_only_errors_of_strings_leave_the_readers_of_drawn_texts(text):
    _read_in_all_ways(text)


@pytest.mark.slow
@given(_STRINGS)
@settings(max_examples=2_000, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_only_errors_of_strings_leave_the_readers_of_many_drawn_texts(text):
    _read_in_all_ways(text)


@pytest.mark.parametrize("sign", [" ", "_", "-", "{", "@", "9", "x", "\u202e"])
def test_ten_thousand_characters_take_little_memory(sign):
    tracemalloc.start()
    with pytest.raises(ModelStringError):
        parse(sign * LONGEST_STRING)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_numbers_at_their_bounds():
    assert read_number("1" * 40) == int("1" * 40)
    assert read_number("1" * 41) is None
    assert read_number("1e300") == 10**300 and read_number("1e301") is None
    assert read_number("1e-300") == 1e-300 and read_number("1e-301") is None


def test_a_hundred_faults_are_told_and_no_more():
    for n_faults in (99, 100, 101, 500):
        with pytest.raises(ModelStringError) as caught:
            parse("-".join(["wc.18x"] * n_faults))
        assert len(caught.value.diagnostics) == min(n_faults, 100)


def test_keywords_at_their_bound():
    parse("-".join(["wc.1x1"] * MOST_KEYWORDS))
    with pytest.raises(ModelStringError) as caught:
        parse("-".join(["wc.1x1"] * (MOST_KEYWORDS + 1)))
    assert "1,001" in str(caught.value) or "1001" in str(caught.value)
