import copy
import pickle

import pytest

from nems_dsl import ModelStringError, parse
from nems_dsl.syntax import Diagnostic, Span


@pytest.fixture
def error():
    with pytest.raises(ModelStringError) as caught:
        parse("wcc.18x4-dxp.1")
    return caught.value


def test_the_first_fault_is_the_errors_own(error):
    assert isinstance(error, ValueError)
    assert (error.code, error.span, error.string) == ("E101", (0, 3), "wcc.18x4-dxp.1")
    assert error.hint == error.diagnostics[0].hint
    assert len(error.diagnostics) == 2


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_it_is_copied_and_pickled_whole(error, again):
    other = again(error)
    assert str(other) == str(error)
    assert other.diagnostics == error.diagnostics
    assert (other.code, other.string) == (error.code, error.string)


def test_faults_are_sorted_and_told_once():
    first = Diagnostic("E002", "a", Span(0, 1), "b")
    second = Diagnostic("E002", "a", Span(3, 4), "b")
    assert ModelStringError("wxyz", [second, first, second]).diagnostics == (first, second)


def test_many_faults_are_counted():
    with pytest.raises(ModelStringError) as caught:
        parse("-".join(["q"] * 25))
    assert len(caught.value.diagnostics) == 25
    assert str(caught.value).endswith("and 15 more faults")


@pytest.mark.parametrize("place", [0, 150, 299])
def test_long_strings_are_shown_around_the_fault(place):
    string = "a" * place + "!" + "a" * (299 - place)
    lines = Diagnostic("E002", "m", Span(place, place + 1), "h").render(string).split("\n")
    assert len(lines[1]) <= 2 + 96 + 6
    assert lines[1][lines[2].index("^")] == "!"


def test_the_line_at_fault_is_shown():
    with pytest.raises(ModelStringError) as caught:
        parse("wc.18x4\n- dxp.4\n- lvl")
    assert str(caught.value).split("\n")[1:3] == ["  - dxp.4", "    ^^^"]
