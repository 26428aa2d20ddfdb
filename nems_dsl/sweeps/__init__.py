"""Sweeps over data sets, what keeps their rows, and what can be asked of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .results.comparison import Comparison as Comparison
    from .results.nesting import find_steps as find_steps
    from .results.stored_results import Results as Results
    from .results.stored_results import open_results as open_results
    from .running.sweeping import sweep as sweep
    from .store.database import StoreError as StoreError
    from .store.store import Store as Store

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Comparison": "results.comparison",
        "Results": "results.stored_results",
        "Store": "store.store",
        "StoreError": "store.database",
        "find_steps": "results.nesting",
        "open_results": "results.stored_results",
        "sweep": "running.sweeping",
    },
)
