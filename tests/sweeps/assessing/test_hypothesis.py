"""Patterns with something in doubt, and those that are no hypothesis."""

import pytest

from nems_dsl import ModelStringError
from nems_dsl.sweeps.assessing.hypothesis import read_hypothesis


@pytest.mark.parametrize(
    ("pattern", "part", "change", "without", "having"),
    [
        ("wc.18x2[-stp.2]-fir.2x15-lvl.1", "stp.2", "adding stp.2",
         "wc.18x2-fir.2x15-lvl.1", "wc.18x2-stp.2-fir.2x15-lvl.1"),
        ("wc.18x2[.g]-fir.2x15", ".g", "adding .g", "wc.18x2-fir.2x15", "wc.18x2.g-fir.2x15"),
        ("wc.18x1-{lvl,dexp}.1", "dexp", "taking dexp in place of lvl", "wc.18x1-lvl.1",
         "wc.18x1-dexp.1"),
        ("wc.18x{rank=1,3}-fir.{rank}x9", "rank = 3", "taking rank = 3 in place of 1",
         "wc.18x1-fir.1x9", "wc.18x3-fir.3x9"),
        ("wc.18x2{stp=no:,yes:-stp.2}", "stp = yes", "taking stp = yes in place of no",
         "wc.18x2", "wc.18x2-stp.2"),
        ("a=wc.9x2-b=wc.9x1@stim-cat@a[,b]", "b", "adding b", "a=wc.9x2-b=wc.9x1@stim-cat@a",
         "a=wc.9x2-b=wc.9x1@stim-cat@a,b"),
    ],
)  # fmt: skip
def test_one_thing_in_doubt(pattern, part, change, without, having):
    found = read_hypothesis(pattern)
    assert (found.parts, found.changes) == ((part,), (change,))
    assert found.strings == {(False,): without, (True,): having}


def test_two_things_in_doubt():
    found = read_hypothesis("wc.18x2[-stp.2]-fir.2x15-{lvl,dexp}.1")
    assert found.parts == ("stp.2", "dexp")
    assert found.strings[False, True] == "wc.18x2-fir.2x15-dexp.1"
    assert found.strings[True, False] == "wc.18x2-stp.2-fir.2x15-lvl.1"
    assert len(found.strings) == 4


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("wc.18x2-fir.2x15", "one model, so that nothing is in doubt; a hypothesis has one opt"),
        ("wc.18x{1..3}", "3 models that differ in 1 thing; a hypothesis has one optional part"),
        ("wc.18x2[-stp.2[.x]]", "3 models that differ in 2 things"),
        ("wc.18x2[.g][-stp.2][-lvl.2]", "8 models that differ in 3 things"),
        ("wc.18x2{.g,.g}", "the same model, so that nothing is in doubt"),
    ],
)
def test_what_is_no_hypothesis(pattern, message):
    with pytest.raises(ValueError, match=message):
        read_hypothesis(pattern)


def test_faults_of_strings_point_into_the_pattern():
    with pytest.raises(ModelStringError, match=r"`stp` expects 2 input channels here, not 3") as e:
        read_hypothesis("wc.18x2[-stp.3]-fir.2x15")
    assert e.value.string == "wc.18x2[-stp.3]-fir.2x15"
    with pytest.raises(ModelStringError, match="E501"):
        read_hypothesis("wc.18x2[-stp.2")
    with pytest.raises(TypeError, match=r"written as a pattern, not as \['wc.18x2'\]"):
        read_hypothesis(["wc.18x2"])
