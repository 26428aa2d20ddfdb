"""Names of a package that are loaded at their first use."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package whose names are loaded at their first use.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to str
        The module that each name is in, below the package; ``module:name`` where it has another
        name there.

    Examples
    --------
    >>> find, names = lazy("nems_dsl", {"Model": "models"})
    >>> find("Model").__name__, "Model" in names()
    ('Model', True)
    >>> lazy("nems_dsl", {"Sequence": "models:Model"})[0]("Sequence").__name__
    'Model'
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, there = homes[name].partition(":")
        value = getattr(importlib.import_module(f".{module}", package), there or name)
        setattr(sys.modules[package], name, value)
        return value

    return find, lambda: sorted({*vars(sys.modules[package]), *homes})
