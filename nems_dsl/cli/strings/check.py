"""``nems-dsl check``: whether strings are models."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..options import Dialect, Dialects, complete_string
from ..streams import complain, say

Strings = Annotated[
    list[str],
    typer.Argument(
        metavar="STRING...",
        help="Model or experiment strings; - reads them from stdin.",
        autocompletion=complete_string,
    ),
]


def check(strings: Strings, dialect: Dialect = Dialects.native) -> None:
    """Check model and experiment strings; print the canonical form and the identity of each.

    If any is at fault, all faults are printed on stderr, nothing else, and the exit code is 1.
    """
    from nems_dsl import BoundExperiment, ModelStringError
    from nems_dsl.experiments.strings import read_either

    good, n_bad = [], 0
    texts = _read(strings)
    for text in texts:
        try:
            tree = read_either(text, dialect.value)
            identity = tree.experiment_id if isinstance(tree, BoundExperiment) else tree.model_id
            good.append((tree.string, identity))
        except ModelStringError as fault:
            complain(f"{fault}\n")
            n_bad += 1
    if n_bad:
        if len(texts) > 1:
            complain(f"{n_bad} of {len(texts)} strings are at fault")
        raise typer.Exit(1)
    width = max((len(string) for string, _ in good), default=0)
    for string, identity in good:
        say(f"{string:{width}}  {identity}")


def _read(strings: list[str]) -> list[str]:
    texts: list[str] = []
    for string in strings:
        if string == "-":
            texts += [line.strip() for line in sys.stdin if line.strip()]
        else:
            texts.append(string)
    return texts
