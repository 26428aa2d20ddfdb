"""What the last bits of a number depend on, beside data and string."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

from ._version import __version__

_PACKAGES = ("numpy", "scipy", "numba")


@cache
def environment() -> dict[str, str]:
    """Name the versions of the packages that calculate, and the processor's kind.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> sorted(environment())
    ['nems_dsl', 'numba', 'numpy', 'processor', 'python', 'scipy']
    """
    from llvmlite import binding

    found = {"nems_dsl": __version__, "python": platform.python_version()}
    found |= {name: version(name) for name in _PACKAGES}
    # compiled code and linear algebra choose their instructions by it
    return found | {"processor": f"{platform.machine()} {binding.get_host_cpu_name()}"}
