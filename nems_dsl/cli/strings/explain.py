"""``nems-dsl explain``: a model string in words."""

from __future__ import annotations

from ..options import Dialect, Dialects, OneString
from ..streams import say


def explain(
    string: OneString,
    dialect: Dialect = Dialects.native,
) -> None:
    """Say what a string means: equations, shapes and parameters, keyword by keyword."""
    from nems_dsl import explain as explain_string

    say(explain_string(string, dialect.value))
