"""Keywords in a row know their places as if their string had been read."""

import pytest

from nems_dsl.syntax import Keyword, lay_out, read, unparse

STRINGS = [
    "wc.18x4-fir.4x15-dexp.1",
    "drive=wc.18x1@stim-fir.1x15-gain=wc.2x1@state-mult@drive,gain-dexp.1",
    "wc.Nx4.g.l2e-3-fir.x15-wc.4x2R",
    "sum",
]


@pytest.mark.parametrize("string", STRINGS)
def test_what_was_written_is_as_if_it_was_read(string):
    was_read = read(string)
    made = lay_out(was_read.sections[0].keywords)
    assert made == was_read
    assert (made.source, repr(made)) == (string, repr(was_read))


def test_strings_are_shown_as_they_were_written():
    text = lay_out([Keyword("stp"), read("a=wc.4x2 - fir.x5")])
    assert text.source == "stp-a=wc.4x2 - fir.x5"
    for keyword in text.sections[0].keywords:
        assert text.source[slice(*keyword.span)] == unparse(keyword)
        assert text.source[slice(*keyword.head_span)] == keyword.head
        for option in keyword.options:
            assert text.source[slice(*option.span)] == unparse(option)
    assert text.source[slice(*text.sections[0].keywords[1].name.span)] == "a"
