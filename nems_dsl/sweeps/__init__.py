"""Sweeps over data sets, what keeps their rows, and what can be asked of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .comparison import Comparison as Comparison
    from .database import StoreError as StoreError
    from .nesting import find_steps as find_steps
    from .results import Results as Results
    from .results import open_results as open_results
    from .store import Store as Store
    from .sweeping import sweep as sweep

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Comparison": "comparison",
        "Results": "results",
        "Store": "store",
        "StoreError": "database",
        "find_steps": "nesting",
        "open_results": "results",
        "sweep": "sweeping",
    },
)
