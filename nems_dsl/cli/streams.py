"""Results go to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys

import typer

BROKEN_PIPE = 141


def say(text: str = "") -> None:
    """Print a result."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # whoever read has had enough, as in `nems-dsl keywords | head`; the code is the shell's own
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None


def note(text: str, quiet: bool = False) -> None:
    """Tell the user something that is not the result."""
    if not quiet:
        print(text, file=sys.stderr)


def complain(text: str) -> None:
    """Tell the user what went wrong."""
    print(text if text.startswith("error") else f"error: {text}", file=sys.stderr)
