"""Encoding models of time series, written as one short string.

>>> from nems_dsl import canonical
>>> canonical("wc.18x4 - fir.x15 - dexp")
'wc.18x4-fir.4x15-dexp.1'

The public names are loaded at their first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compiler import BoundModel as BoundModel
    from .compiler import canonical as canonical
    from .compiler import keyword_info as keyword_info
    from .compiler import parse as parse
    from .compiler.convert import convert as convert
    from .compiler.explain import explain as explain
    from .fitting import Objective as Objective
    from .fitting import cross_validate as cross_validate
    from .fitting import fit as fit
    from .models import Model as Model
    from .models import ModelSet as ModelSet
    from .sweeps import Results as Results
    from .sweeps import expand as expand
    from .sweeps import open_results as open_results
    from .sweeps import sweep as sweep
    from .syntax import ModelStringError as ModelStringError

__version__ = "0.1.0"

_HOMES = {
    "BoundModel": "compiler",
    "Model": "models",
    "ModelSet": "models",
    "ModelStringError": "syntax",
    "Objective": "fitting",
    "Results": "sweeps",
    "canonical": "compiler",
    "convert": "compiler.convert",
    "cross_validate": "fitting",
    "expand": "sweeps",
    "explain": "compiler.explain",
    "fit": "fitting",
    "keyword_info": "compiler",
    "open_results": "sweeps",
    "parse": "compiler",
    "sweep": "sweeps",
}

__all__ = ["__version__", *_HOMES]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
