"""``nems-dsl convert``: strings of other programs, and ours for them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..options import Dialects
from ..streams import complain, note, say

if TYPE_CHECKING:
    from nems_dsl.interop.conversion import Conversion


def convert(
    strings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STRING|FILE...]",
            help="Strings, or files of them; standard input by default.",
        ),
    ] = None,
    source: Annotated[
        Dialects, typer.Option("--from", help="The language that the strings are written in.")
    ] = Dialects.native,
    target: Annotated[
        Dialects, typer.Option("--to", help="The language that is wanted.")
    ] = Dialects.native,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The column of a table that holds the strings; modelname, experiment, string or "
            "model by default.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what would be left out.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not say what was done to each.")
    ] = False,
) -> None:
    """Convert strings from one dialect to another, one in a line or in a column of a table.

    A line goes out for each that comes in; one that the other dialect cannot say leaves its line
    empty, and the exit code is 1. What was done to each is told on stderr, line by line. A table
    comes out as it came, with two columns more: converted, and conversion, which says what was
    done.

    nems-dsl convert --from nems0 < old_models.txt > models.txt
    """
    from nems_dsl.interop.conversion import convert_one, convert_table, find_table, read_lines

    n_all = n_kept = 0
    fault: Exception | None = None
    for text in _texts(strings):
        table = find_table(text, column)
        if table is None:
            lines = read_lines(text)
            found: Iterable[tuple[str, Conversion | None]] = (
                (each.string or "", each)
                for each in (
                    convert_one(s, source.value, target.value, strict=strict) for s in lines
                )
            )
        else:
            delimiter, name = table
            found = convert_table(
                text, source.value, target.value, delimiter=delimiter, column=name, strict=strict
            )
        for line, conversion in found:
            say(line)
            if conversion is None:
                continue
            n_all += 1
            n_kept += conversion.string is None
            fault = conversion.fault
            note(f"{n_all}: {conversion.done}", quiet or table is not None)
    if n_all == 1 and fault is not None:
        complain(str(fault))
    if n_all > 1:
        note(f"{n_all - n_kept} of {n_all} converted", quiet)
    if n_kept:
        raise typer.Exit(1)


def _texts(strings: list[str] | None) -> list[str]:
    """Read what was given: strings themselves, files, and standard input."""
    if not strings:
        strings = ["-"]
    texts = []
    for string in strings:
        if string == "-":
            texts.append(sys.stdin.read())
        elif Path(string).suffix in {".csv", ".tsv", ".txt"} or _is_file(string):
            texts.append(Path(string).read_text(encoding="utf-8"))
        else:
            texts.append(string)
    return texts


def _is_file(string: str) -> bool:
    try:
        return Path(string).is_file()
    except OSError:
        # too long for a name of a file, as strings may be
        return False
