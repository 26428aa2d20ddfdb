import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl.syntax import read_number, spell_number


@pytest.mark.parametrize(
    ("text", "value"),
    {
        "15": 15,
        "0": 0,
        "1e3": 1000,
        "e3": 1000,
        "e-3": 1e-3,
        "1e-3": 1e-3,
        "25e-4": 0.0025,
        "007": 7,
        "": None,
        "e": None,
        "e-": None,
        "1e": None,
        "-3": None,
        "1.5": None,
        "1e400": None,
        "1e-400": None,
        "٣": None,
        "9" * 50: None,
    }.items(),
)
def test_numbers_are_read(text, value):
    assert read_number(text) == value


@given(st.integers(0, 10**30) | st.floats(1e-290, 1e290))
def test_a_number_is_spelled_as_it_is_read(value):
    text = spell_number(value)
    # a whole number is read back exact, where a float has only some of its digits
    assert type(value)(read_number(text)) == value
    assert spell_number(read_number(text)) == text


@pytest.mark.parametrize("value", [-1, math.inf, math.nan, -0.5])
def test_what_no_flag_can_say_is_refused(value):
    with pytest.raises(ValueError, match="cannot be"):
        spell_number(value)
