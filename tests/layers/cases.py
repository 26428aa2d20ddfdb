"""Every registered keyword in small: each of its shapes, each option alone, each way in."""

from __future__ import annotations

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.testing import Case, cases_of


def all_cases() -> list[Case]:
    """Give the cases of all keywords, from their signatures alone."""
    return [case for head in catalogue() for case in cases_of(catalogue()[head])]
