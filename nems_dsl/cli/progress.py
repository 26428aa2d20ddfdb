"""How a fit is going: a bar on a terminal's stderr, nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nems_dsl.studies.channels import ChannelJob

Report = Callable[["ChannelJob", int, float], None]


class Bar:
    """A bar over the models that are fitted.

    Attributes
    ----------
    report : callable or None
        For the fit to call with the job, the iteration's number and the loss.
    """

    def __init__(self, progress: Any, task: Any, loss: str):
        self._progress, self._task, self._loss = progress, task, loss
        self.report: Report | None = None if progress is None else self._show

    def _show(self, job: ChannelJob, iteration: int, loss: float) -> None:
        state = f"{job.stem}  iteration {iteration}, {self._loss} {loss:.4f}"
        self._progress.update(self._task, state=state)

    def step(self) -> None:
        """Tell that a model is done."""
        if self._progress is not None:
            self._progress.advance(self._task)


@contextmanager
def bar(n_models: int, loss: str = "nmse", quiet: bool = False) -> Iterator[Bar]:
    """Show a bar while models are fitted."""
    if quiet or not sys.stderr.isatty():
        yield Bar(None, None, loss)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("", total=n_models, state="getting ready")
        yield Bar(progress, task, loss)
