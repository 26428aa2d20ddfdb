"""Messages of faulty strings, one text file per family.

A file holds entries apart by a line of ``====``. An entry is the string as a Python literal, on
lines of their own the data that it meets, if any, as ``stim=18 response=3``, or the dialect that it
is read in or converted to, as ``dialect=nems`` or ``target=nems``; ``read=space`` for a model
space, ``read=experiment`` for an experiment, or ``pattern=...`` for a condition on the variants of
a pattern; and after a line of ``----`` the whole message. To write the messages anew after a change
of wording, run the tests with ``NEMS_DSL_REWRITE_SNAPSHOTS=1``, and read the difference.
"""

from __future__ import annotations

import ast
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from nems_dsl import ModelStringError, convert, parse, parse_experiment
from nems_dsl.compiler import fit_to_data
from nems_dsl.spaces import expand

FOLDER = Path(__file__).parent
REWRITE = os.environ.get("NEMS_DSL_REWRITE_SNAPSHOTS") == "1"
_BETWEEN, _WITHIN = "\n====\n", "\n----\n"


@dataclass(frozen=True)
class Entry:
    family: str
    literal: str
    data: str
    message: str

    @property
    def string(self) -> str:
        return ast.literal_eval(self.literal)

    def fault(self) -> ModelStringError:
        return fault_of(self.string, self.data)


def fault_of(string: object, data: str = "") -> ModelStringError:
    """Give the error that a string raises."""
    try:
        if data == "read=space":
            expand(string)
            raise AssertionError(f"{string!r} is not at fault")
        if data == "read=experiment":
            parse_experiment(string)
            raise AssertionError(f"{string!r} is not at fault")
        if data.startswith("pattern="):
            deque(expand(data.removeprefix("pattern="), where=string), maxlen=0)
            raise AssertionError(f"{string!r} is not at fault")
        sizes = dict(part.split("=") for part in data.split())
        if "target" in sizes:
            convert(string, "native", sizes["target"])
        tree = parse(string, sizes.pop("dialect", "native"), strict=True)
        if sizes:
            signals = {name: (int(n),) for name, n in sizes.items() if name != "response"}
            response = (int(sizes["response"]),) if "response" in sizes else None
            fit_to_data(tree, signals, response)
    except ModelStringError as fault:
        return fault
    raise AssertionError(f"{string!r} is not at fault")


def load(family: str) -> list[Entry]:
    text = (FOLDER / f"{family}.txt").read_text(encoding="utf-8").rstrip("\n")
    entries = []
    for block in text.split(_BETWEEN):
        given, _, message = block.partition(_WITHIN.rstrip("\n"))
        literal, _, data = given.partition("\n")
        entries.append(Entry(family, literal, data, message.lstrip("\n")))
    return entries


def rewrite(family: str) -> None:
    blocks = []
    for entry in load(family):
        given = f"{entry.literal}\n{entry.data}" if entry.data else entry.literal
        blocks.append(given + _WITHIN + str(entry.fault()))
    (FOLDER / f"{family}.txt").write_text(_BETWEEN.join(blocks) + "\n", encoding="utf-8")


FAMILIES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))
EVERY = [entry for family in FAMILIES for entry in load(family)]
