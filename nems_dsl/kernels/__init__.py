"""Compiled numerical kernels: arrays in, arrays out.

Every signal is C-contiguous with time last, ``(channels, time)`` or ``(channels, bank, time)``, and
has one bin or more. A kernel writes into arrays of the caller and allocates nothing of the size of
a signal. Vector-Jacobian products add to the gradients of parameters (blocks of time are summed)
and overwrite the gradient of the input.

Submodules are imported at their first use, so that reading a model string costs no numba import.
"""

import importlib
import pkgutil

_SUBMODULES = frozenset(module.name for module in pkgutil.iter_modules(__path__))


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_SUBMODULES})
