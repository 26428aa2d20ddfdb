"""The store of a sweep: rows of finished jobs, in a file or a database."""

from typing import TYPE_CHECKING

from ..._lazy import lazy

if TYPE_CHECKING:
    from .database import StoreError as StoreError
    from .rows import JobRow as JobRow
    from .store import Store as Store

__getattr__, __dir__ = lazy(
    __name__, {"JobRow": "rows", "Store": "store", "StoreError": "database"}
)
