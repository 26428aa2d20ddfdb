"""``nems-dsl diff``: what tells two strings apart."""

from __future__ import annotations

from ..options import Dialect, Dialects, OneString
from ..streams import say


def diff(
    first: OneString,
    second: OneString,
    dialect: Dialect = Dialects.native,
) -> None:
    """Say what tells two strings apart, keyword by keyword, in words and shapes."""
    from nems_dsl import diff as diff_strings

    say(diff_strings(first, second, dialect.value))
