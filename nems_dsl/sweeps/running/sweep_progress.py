"""How a sweep is going: a bar on a terminal, and a log file beside the store."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ...progress import Bar, is_watched
from ..store.rows import JobRow

logger = logging.getLogger(__name__)
_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Progress:
    """Counts jobs, shows a bar, and writes a log; a context manager.

    Parameters
    ----------
    is_shown : bool, optional
        By default on a terminal, and in a notebook.
    log : Path, optional
        A file to append a line for each job that failed to, and one when the sweep ends.
    store : str
        What to call the store.

    Attributes
    ----------
    n_done, n_failed, n_known : int
        Jobs that succeeded, that failed, and that are in the store from before.
    fit_seconds : float
        All fits together have taken so long.
    seconds : float
        Since the beginning.
    log : Path or None
    interruption : str
        What the log says of a sweep that is interrupted.
    """

    def __init__(
        self, is_shown: bool | None = None, log: Path | None = None, store: str = "the store"
    ):
        self.is_shown = is_watched() if is_shown is None else is_shown
        self.n_done = self.n_failed = self.n_known = 0
        self.fit_seconds = 0.0
        self._has_ended = False
        self.interruption = "interrupted"
        self.log, self.store = log, store
        self._handler: logging.Handler | None = None
        # of its own, so that the levels of the user's loggers stay as they are
        self._lines = logging.Logger(__name__, logging.INFO)
        self._bar = Bar(0, is_shown=False)
        self._began = time.perf_counter()

    def __enter__(self) -> Self:
        if self.log is not None:
            self._handler = logging.FileHandler(self.log, encoding="utf-8", delay=True)
            self._handler.setFormatter(logging.Formatter(_FORMAT))
            self._lines.addHandler(self._handler)
        return self

    def __exit__(self, kind: type[BaseException] | None, *fault: object) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt | SystemExit):
            if not self._has_ended:
                self.end(f"{self.interruption} before the first job")
        self._bar.close()
        if self._handler is not None:
            self._lines.removeHandler(self._handler)
            self._handler.close()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._began

    def note_end(self, interruption: str) -> None:
        """Note what it was that interrupts the sweep."""
        self.interruption = interruption

    def start(self, n_jobs: int) -> None:
        """Begin to show how many of so many jobs are done."""
        self._began = time.perf_counter()
        self._bar = Bar(n_jobs, is_shown=self.is_shown)

    def skip(self, n_jobs: int) -> None:
        """Leave jobs out that are in the store already."""
        self.n_known += n_jobs
        self._bar.leave_out(n_jobs)

    def leave_out(self, n_jobs: int) -> None:
        """Leave jobs out that are for others to do."""
        self._bar.leave_out(n_jobs)

    def add(self, rows: Sequence[JobRow]) -> None:
        """Count jobs that have been run."""
        for row in rows:
            self.fit_seconds += row.seconds
            if row.status == "ok":
                self.n_done += 1
                continue
            self.n_failed += 1
            reason = (row.error or "").splitlines()[0]
            where = f"{row.canonical}, {row.dataset}" + (
                "" if row.channel is None else f", channel {row.channel}"
            )
            where += "" if row.fold < 0 else f", fold {row.fold}"
            for each in (logger, self._lines):
                each.warning("failed: %s: %s", where, reason)
        if self.n_failed:
            self._bar.tell(f"{self.n_failed} failed")
        self._bar.step(len(rows))

    def end(self, outcome: str = "") -> None:
        """Write the summary down, and show it if anything is shown."""
        self._has_ended = True
        summary = self.summary(outcome)
        logger.info(summary)
        self._lines.info(summary)
        self._bar.close()
        if self.is_shown:
            print(summary, file=sys.stderr)

    def summary(self, outcome: str = "") -> str:
        """Tell in a line how it went.

        Parameters
        ----------
        outcome : str
            What ended the sweep before its end, if anything did.
        """
        n_run = self.n_done + self.n_failed
        before = f"{self.n_known:,} were in {self.store} before" if self.n_known else ""
        if not n_run and not outcome:
            return f"nothing to do: all {self.n_known:,} jobs are in {self.store}"
        parts = [f"{self.n_done:,} jobs done", f"{self.n_failed:,} failed", before, outcome]
        return f"{', '.join(filter(None, parts))}; {self.seconds:.1f} s; {self.store}"
