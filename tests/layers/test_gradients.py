"""Every keyword's derivatives, trials, memory, precision and strings, by the public checks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.testing import CHECKS
from nems_dsl.testing.checks import check_derivatives

from .cases import all_cases

CASES = all_cases()


# One test for a keyword and a check: there are thirteen checks of more than 400 cases, most of
# which take less time than pytest does to begin a test.
@pytest.mark.parametrize("head", sorted({case.head for case in CASES}))
@pytest.mark.parametrize(
    "check",
    [
        # single precision is compiled a second time
        pytest.param(check, id=name.replace(" ", "_"), marks=[pytest.mark.slow] * ("32" in name))
        for name, check in CHECKS.items()
    ],
)
def test_keyword(check, head):
    for case in CASES:
        if case.head == head:
            try:
                check(case)
            except Exception as error:
                error.add_note(f"in the case {case}")
                raise


@settings(deadline=None, max_examples=100)
@given(
    case=st.sampled_from(CASES),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_derivatives_over_trials(case, lengths, seed):
    check_derivatives(case, lengths, seed)


def test_every_keyword_is_covered():
    assert {case.head for case in CASES} == set(catalogue())


def test_cases_are_drawn_within_bounds():
    for case in CASES:
        for parameter in case.build(3).parameters.values():
            low, high = parameter.bound_arrays()
            assert np.all((low <= parameter.values) & (parameter.values <= high))
