"""What a fit leaves behind: a table of scores, model files and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .tables import show_table

if TYPE_CHECKING:
    from nems_dsl.fitting.channels import ChannelFit

COLUMNS = (
    "channel", "r_test", "nmse_test", "r_fit", "parameters", "iterations", "seconds", "converged"
)  # fmt: skip


def show_scores(fits: Sequence[ChannelFit]) -> None:
    """Print a row for each channel."""
    rows = []
    for fit in fits:
        results = fit.model.results
        assert results is not None
        rows.append(
            [
                str(fit.channel),
                f"{fit.r_test:.3f}",
                f"{fit.nmse_test:.3f}",
                f"{fit.r_fit:.3f}",
                str(results.n_parameters),
                str(results.n_iterations),
                f"{results.seconds:.2f}",
                "yes" if results.converged else "no",
            ]
        )
    show_table(COLUMNS, rows, numbers=COLUMNS[:-1])


def refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """Refuse to overwrite files, before any work is done.

    Raises
    ------
    ValueError
        Some exist, and `force` is off.
    """
    existing = [] if force else [path for path in paths if path.exists()]
    if existing:
        others = len(existing) - 1
        what = f"{existing[0]} and {others} more files exist" if others else f"{existing[0]} exists"
        raise ValueError(f"{what}; --force overwrites, --name and --out choose another place")


def make_folder(folder: Path) -> Path:
    """Make a folder, and find out whether it can be written to."""
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return folder
