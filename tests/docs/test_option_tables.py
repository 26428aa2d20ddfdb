"""Tables of the options of a fit: those on the pages are those that `FitOptions` tells.

``NEMS_DSL_REWRITE_SNAPSHOTS=1 pytest tests/docs/test_option_tables.py`` writes them anew.
"""

from __future__ import annotations

import inspect
import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from nems_dsl.cli.fit import fit
from nems_dsl.cli.options import NOT_SPELLED
from nems_dsl.fit_options import FitOptions, describe_option

DOCS = Path(__file__).resolve().parents[2] / "docs"
REWRITE = os.environ.get("NEMS_DSL_REWRITE_SNAPSHOTS") == "1"
BETWEEN = re.compile(
    r"(?<=<!-- begin: options of a fit -->\n)(.*?)(?=<!-- end: options of a fit -->)", re.DOTALL
)


def in_python():
    yield "| option | default | what it is |"
    yield "| --- | --- | --- |"
    for option in fields(FitOptions):
        told = describe_option(option).replace("``", "`")
        yield f"| `{option.name}` | `{option.default!r}` | {told} |"


def on_the_command_line():
    parameters = inspect.signature(fit, eval_str=True).parameters
    yield "| option | default | what it is |"
    yield "| --- | --- | --- |"
    for option in fields(FitOptions):
        if option.name in NOT_SPELLED:
            continue
        told = parameters[option.name].annotation.__metadata__[0]
        spelled = ", ".join(f"`{each}`" for each in told.default.split("/"))
        default = "" if option.default is None else f"`{option.default}`"
        if isinstance(option.default, bool):
            default = f"`{told.default.split('/')[0]}`"
        yield f"| {spelled} | {default} | {told.help} |"


@pytest.mark.parametrize(
    ("page", "rows"), [("fitting.md", in_python), ("cli.md", on_the_command_line)]
)
def test_the_table_is_what_is_told(page, rows):
    text = (DOCS / page).read_text(encoding="utf-8")
    expected = "\n" + "\n".join(rows()) + "\n\n"
    if REWRITE:
        text = BETWEEN.sub(lambda _: expected, text)
        (DOCS / page).write_text(text, encoding="utf-8")
    (found,) = BETWEEN.findall(text)
    assert found == expected
