"""Whole messages, compared word by word; what they propose is tried out."""

import re

import pytest

from nems_dsl.syntax import CODES

from .snapshots import EVERY, FAMILIES, REWRITE, fault_of, load, rewrite

MARGIN = "  help: "


@pytest.mark.parametrize("family", FAMILIES)
def test_messages_are_as_reviewed(family):
    if REWRITE:
        rewrite(family)
    for entry in load(family):
        assert str(entry.fault()) == entry.message, entry.literal


def test_there_are_enough_and_none_twice():
    given = [(entry.literal, entry.data) for entry in EVERY]
    assert len(given) >= 80
    assert len(set(given)) == len(given)


def test_every_code_is_shown_and_no_other():
    shown = {fault.code for entry in EVERY for fault in entry.fault().diagnostics}
    assert shown == set(CODES)


def proposals(hint):
    """Find what a hint offers to be copied."""
    found = re.findall(
        r"(?:write(?: for example| a model such as)?|did you mean) (\S+?)[,;?]?(?= |$)", hint
    )
    for alternative in re.findall(r"write \S+(?: \([^)]*\),)? or (?:for example )?(\S+)", hint):
        found.append(alternative)
    return found


def test_proposals_are_found():
    assert proposals("write wc.x4 (in is what comes in), or for example wc.18x4") == [
        "wc.x4",
        "wc.18x4",
    ]
    assert proposals("if `a` is preprocessing, write a_b_ (c); if `b` is the fit, write _a_b") == [
        "a_b_",
        "_a_b",
    ]
    assert proposals("write wc.18x4.g or wc.18x4.p") == ["wc.18x4.g", "wc.18x4.p"]
    assert proposals("did you mean wc.18x4? (`wc` weights)") == ["wc.18x4"]


def replacements(string, fault, proposal):
    """Put a proposal in the place of the whole string, or of one or two keywords at the fault."""
    yield proposal
    cuts = [m.start() for m in re.finditer(r"[-_]", string)]
    starts = [0, *(cut + 1 for cut in cuts)]
    stops = [*cuts, len(string)]
    for start in starts:
        for stop in stops:
            if start <= fault.span.start + 1 and fault.span.stop - 1 <= stop and start <= stop:
                yield string[:start] + proposal + string[stop:]


CASES = [
    pytest.param(entry, fault, proposal, id=f"{entry.literal}-{fault.code}-{proposal}")
    for entry in EVERY
    for fault in entry.fault().diagnostics
    for proposal in proposals(fault.hint)
]


@pytest.mark.parametrize(("entry", "fault", "proposal"), CASES)
def test_a_proposal_removes_the_fault(entry, fault, proposal):
    string = entry.string if isinstance(entry.string, str) else ""
    for text in replacements(entry.fault().string if entry.data else string, fault, proposal):
        try:
            left = fault_of(text, entry.data).diagnostics
        except AssertionError:
            return
        if fault.code not in {other.code for other in left}:
            return
        same = [f for f in left if f.code == fault.code]
        before = [f for f in entry.fault().diagnostics if f.code == fault.code]
        if len(same) < len(before):
            return
    pytest.fail(f"{proposal} does not help: {fault.hint}")


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.literal)
def test_every_fault_can_be_acted_on(entry):
    error = entry.fault()
    assert "\x1b" not in str(error)
    for fault in error.diagnostics:
        assert 0 <= fault.span.start <= fault.span.stop <= len(error.string)
        assert fault.hint and fault.message
        assert not fault.message.endswith(".") and not fault.hint.endswith(".")


def test_most_hints_propose_something():
    assert len(CASES) > 70
