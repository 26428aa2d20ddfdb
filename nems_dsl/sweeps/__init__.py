"""Model spaces, sweeps over data sets, and tables of their results."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .preview import Preview as Preview
from .preview import Sample as Sample
from .preview import preview as preview
from .space import Space as Space
from .space import SpaceWarning as SpaceWarning
from .space import Variant as Variant
from .space import expand as expand
from .tally import Merge as Merge
from .tally import SpaceFault as SpaceFault

if TYPE_CHECKING:
    from .comparison import Comparison as Comparison
    from .database import StoreError as StoreError
    from .nesting import find_steps as find_steps
    from .results import Results as Results
    from .results import open_results as open_results
    from .store import Store as Store
    from .sweeping import sweep as sweep

# spaces need neither arrays nor compiled code nor a database, which these do
_HOMES = {
    "Comparison": "comparison",
    "Results": "results",
    "Store": "store",
    "StoreError": "database",
    "find_steps": "nesting",
    "open_results": "results",
    "sweep": "sweeping",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
