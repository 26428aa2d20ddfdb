"""Writing rows to a store while a sweep runs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..store.rows import JobRow
from ..store.store import Store
from .sweep_progress import Progress

ROWS_PER_COMMIT = 256
_SECONDS_PER_COMMIT = 1.0


class Writer:
    """Writes rows to the store, many at a time, but none much later than it came."""

    def __init__(self, store: Store, progress: Progress):
        self._store, self._progress = store, progress
        self._rows: list[JobRow] = []
        self._written = time.monotonic()

    def add(self, rows: Sequence[JobRow]) -> None:
        """Take in rows, or just look at the clock."""
        self._rows += rows
        self._progress.add(rows)
        # rather when nothing has come, for then no worker waits
        patience = _SECONDS_PER_COMMIT * (1.5 if rows else 1)
        is_late = time.monotonic() - self._written >= patience
        if self._rows and (is_late or len(self._rows) >= ROWS_PER_COMMIT):
            self.flush()

    def flush(self) -> None:
        """Write what is there; it is kept if that fails."""
        if self._rows:
            self._store.add(self._rows)
            self._rows = []
        self._written = time.monotonic()
