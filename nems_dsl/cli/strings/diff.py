"""``nems-dsl diff``: what tells two strings apart."""

from __future__ import annotations

from typing import Annotated

import typer

from ..options import Dialect, Dialects
from ..streams import say


def diff(
    first: Annotated[str, typer.Argument(metavar="STRING", help="A model or experiment string.")],
    second: Annotated[str, typer.Argument(metavar="STRING", help="Another one.")],
    dialect: Dialect = Dialects.native,
) -> None:
    """Say what tells two strings apart, keyword by keyword, in words and shapes."""
    from nems_dsl import diff as diff_strings

    say(diff_strings(first, second, dialect.value))
