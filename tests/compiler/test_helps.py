"""What a message says to write can be written: it parses, and fits where it stands."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, parse

from .snapshots import load

_PROPOSAL = re.compile(r"(?:\bwrite (?:for example )?|, or (?=\S*[.@]))([A-Za-z]\S*[^\s;,?])")

TOO_MANY = [
    "a=wc.3x1-b=fir.1x4@hist-sum@a,b",
    "a=wc.3x2-b=wc.3x2@stim-fir.2x15@a,b",
    "a=wc.3x2-b=wc.3x1@stim-fir.3x15@b,a",
    "a=wc.3x2-b=wc.3x1@stim-c=relu.2.s@a,b",
    "a=wc.3x2-b=wc.3x1@stim-lvl.2@a,b,stim",
    "wc.18x4@stim,state",
    "a=wc.3x1x4-b=wc.3x1x4@stim-fir.1x5x4@a,b",
    "a=wc.3x2-b=wc.3x1@stim-stategain.1x2@a,state,b",
]
NO_SHAPE = [
    "wc.8x2-sum.2",
    "wc.8x2-sum.2x3",
    "a=wc.8x1-b=wc.8x1@stim-cat.2@a,b",
    "a=wc.8x1-b=wc.8x1@stim-c=mult.1@a,b",
    "wc.8x2x3-sd.4",
]


def proposals(fault):
    """Give what the messages of an error say to write, each with the string it is meant for."""
    for each in fault.diagnostics:
        if each.code < "E1" or "write " not in each.hint:
            continue  # a fault of syntax, whose proposal may replace more than a keyword
        start = fault.string.rfind("-", 0, each.span.start) + 1
        stop = fault.string.find("-", each.span.start)
        rest = "" if stop < 0 else fault.string[stop:]
        for proposal in _PROPOSAL.findall(each.hint):
            yield each, fault.string[:start] + proposal + rest, start, start + len(proposal)


def check(fault):
    n = 0
    for each, string, start, stop in proposals(fault):
        n += 1
        try:
            parse(string)
        except ModelStringError as other:
            at_it = [d for d in other.diagnostics if start <= d.span.start < stop]
            known = {(d.code, d.message) for d in fault.diagnostics if d is not each}
            new = [d for d in at_it if (d.code, d.message) not in known]
            assert not new, f"{each.hint!r} of {fault.string} gives: {new[0].message}"
    return n


@pytest.mark.parametrize("string", [*TOO_MANY, *NO_SHAPE])
def test_what_is_proposed_for_too_many_signals_or_a_shape_that_is_none_fits(string):
    with pytest.raises(ModelStringError) as caught:
        parse(string)
    assert check(caught.value) >= 1


@pytest.mark.parametrize(("family", "least"), [("chain", 10), ("keyword", 10), ("signal", 2)])
def test_what_known_messages_propose_fits(family, least):
    n = 0
    for entry in load(family):
        if not entry.data and isinstance(entry.string, str):
            fault = entry.fault()
            if len(fault.string) < 200:
                n += check(fault)
    assert n >= least


@pytest.mark.parametrize("string", NO_SHAPE)
def test_a_keyword_without_a_shape_is_spoken_of_in_whole_words(string):
    with pytest.raises(ModelStringError) as caught:
        parse(string)
    text = str(caught.value)
    assert "takes no shape" in text
    assert " ;" not in text and " ," not in text


def test_a_keyword_without_shape_and_options_says_so():
    with pytest.raises(ModelStringError, match="`sum` takes no shape, and no option"):
        parse("wc.8x2-sum.q")


def test_two_streams_are_added_as_the_help_says():
    data = {"stim": np.ones((20, 3)), "hist": np.ones((20, 1))}
    with pytest.raises(ModelStringError) as caught:
        Model("a=wc.3x1-b=fir.1x4@hist-sum@a,b")
    (_, string, *_), *_ = proposals(caught.value)
    assert string == "a=wc.3x1-b=fir.1x4@hist-cat@a,b-sum"
    out = Model(string).evaluate(data)
    np.testing.assert_allclose(out["output"], out["a"] + out["b"])


@pytest.mark.parametrize("string", ["wc.18x1-lvl.1", "wc.20x1-lvl.1", "wc.18x2-fir.2x5"])
def test_no_shape_is_made_of_a_number_of_bins(string):
    x = np.random.default_rng(0).random((18, 3000))
    with pytest.raises(ModelStringError) as caught:
        Model(string).predict(x)
    assert "3000x" not in str(caught.value)
    assert "time comes first" in caught.value.hint and "transpose" in caught.value.hint
    with pytest.raises(ModelStringError) as caught:
        Model(string).predict(x[:, :10].T[:, :7])
    assert "write wc.7x" in str(caught.value)


def test_a_model_where_a_string_is_wanted():
    with pytest.raises(ModelStringError, match=r"not as Model[\s\S]*model\.fit\(x, y\)"):
        parse(Model("wc.3x1"))
    with pytest.raises(ModelStringError, match=r'not as int[\s\S]*Model\("wc'):
        parse(3)
