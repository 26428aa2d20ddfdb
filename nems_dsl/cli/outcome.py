"""What a fit leaves behind: a table of scores, model files and a figure."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .streams import note
from .tables import show_table

if TYPE_CHECKING:
    from nems_dsl.studies import CrossValidation
    from nems_dsl.studies.channels import ChannelFit

COLUMNS = (
    "channel", "r_test", "nmse_test", "r_fit", "parameters", "iterations", "seconds", "converged"
)  # fmt: skip
VALIDATED = (
    "channel", "r_test", "se", "r_fit", "parameters", "iterations", "seconds", "converged"
)  # fmt: skip

# the end of a file's name, which stays as it is when the file gets a number
_NUMBERED = re.compile(r"(\.ch\d+)?\.(json|png)$")


def show_scores(
    fits: Sequence[ChannelFit],
    validated: CrossValidation | None = None,
    names: Sequence[Hashable] | None = None,
) -> None:
    """Print a row for each channel.

    Parameters
    ----------
    fits : sequence of ChannelFit
    validated : CrossValidation, optional
        Of the same channels: its scores take the place of those of one part held out.
    names : sequence, optional
        What the file calls all channels of the response. They get a column if some are words.
    """
    columns = COLUMNS if validated is None else VALIDATED
    named = names if names and any(isinstance(name, str) for name in names) else None
    rows = []
    for place, fit in enumerate(fits):
        results = fit.model.results
        assert results is not None
        scores = [fit.r_test, fit.nmse_test, fit.r_fit]
        if validated is not None:
            parts = (validated.score, validated.standard_error, validated.score_fit)
            scores = [part if len(fits) == 1 else part[place] for part in parts]
        rows.append(
            [
                str(fit.channel),
                *(f"{score:.3f}" for score in scores),
                str(results.n_parameters),
                str(results.n_iterations),
                f"{results.seconds:.2f}",
                "yes" if results.converged else "no",
                *([] if named is None else [str(named[fit.channel])]),
            ]
        )
    show_table(columns if named is None else (*columns, "name"), rows, numbers=columns[:-1])


def show_warnings(fits: Sequence[ChannelFit], quiet: bool = False) -> None:
    """Tell what is wrong with the fits, each thing once for all channels that it is wrong with."""
    channels: dict[str, list[str]] = {}
    for fit in fits:
        results = fit.model.results
        assert results is not None
        for warning in results.warnings:
            channels.setdefault(warning, []).append(str(fit.channel))
    for warning, which in channels.items():
        kind = "channel" if len(which) == 1 else "channels"
        note(f"warning: {kind} {', '.join(which)}: {warning}", quiet)


def choose_files(folder: Path, names: Sequence[str], force: bool, quiet: bool) -> list[Path]:
    """Find names for the files of a run under which there are none yet, and tell if they differ.

    All files of a run get the same number, so that they are known to belong together.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        What the files are called in an empty folder.
    force : bool
        Take these, and overwrite what is there.
    quiet : bool
    """
    plain = paths = [folder / name for name in names]
    number = 1
    while not force and any(path.exists() for path in paths):
        number += 1
        paths = [folder / _NUMBERED.sub(rf"-{number}\g<0>", name) for name in names]
    if number > 1:
        (found, *others) = (path for path in plain if path.exists())
        more = f" and {len(others)} more" if others else ""
        exist = "exist" if others else "exists"
        note(
            f"{found}{more} {exist}, so this is saved as {paths[0].name}; --force overwrites", quiet
        )
    return paths


def make_folder(folder: Path) -> Path:
    """Make a folder, and find out whether it can be written to."""
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return folder
