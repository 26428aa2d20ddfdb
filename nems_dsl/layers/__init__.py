"""The layers that model strings are built of, one family per module."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from functools import cache
from typing import TYPE_CHECKING

from ..keywords import registry

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "nems_dsl.keywords"


@cache
def load_all() -> None:
    """Make all keywords known: those of this package, then those of other installed packages.

    Each module registers what it declares when it is imported. Another package names such a
    module, or a class of layers, by an entry point of the group ``nems_dsl.keywords``.

    Warns
    -----
    RuntimeWarning
        A package's keywords cannot be loaded. All others can be used nevertheless.
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    # not needed before a string is read, and it takes some milliseconds
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS):
        try:
            _load(point)
        except Exception as fault:
            warnings.warn(
                f"the keywords of {_origin(point)} cannot be loaded: "
                f"{type(fault).__name__}: {fault}; strings that use them will not be understood",
                RuntimeWarning,
                stacklevel=2,
            )


def _load(point: EntryPoint) -> None:
    entry = point.load()
    signature = getattr(entry, "signature", None)
    if signature is not None and registry.get(signature.head) is not entry:
        registry.register(entry)


def _origin(point: EntryPoint) -> str:
    package = "a package" if point.dist is None else point.dist.name
    return f"{package} (entry point {point.name} = {point.value})"
