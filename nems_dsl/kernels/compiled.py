"""How kernels are compiled, and which form of those that have two is in use.

``NEMS_DSL_PLAIN_KERNELS=1`` in the environment takes the loops of `plain` instead
of `tiles`, which give the same but for rounding, some times faster. Tiles rely on
more of LLVM than loops do: where they fail on a new version of it, or are suspected of a wrong
result, this is the way out.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache
from typing import Any

_log = logging.getLogger(__name__)

VARIABLE = "NEMS_DSL_PLAIN_KERNELS"

# To the bit what is written: no sum changes its order, and nothing is taken to be finite.
EXACT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
# A product and a sum rounded once, where the processor can.
FUSED = {**EXACT, "fastmath": {"contract"}}
# Sums in the order in which vectors add them up. NaN and infinity keep their meaning.
SUMS = {**EXACT, "fastmath": {"reassoc", "contract", "nsz"}}


def read_form(value: str | None) -> bool:
    """Tell whether the variable asks for plain loops.

    Raises
    ------
    ValueError
        It is neither 0 nor 1.
    """
    if value not in (None, "", "0", "1"):
        raise ValueError(
            f"the environment variable {VARIABLE} is {value!r}: set it to 1 for plain loops, or "
            "to 0 (or to nothing) for tiles"
        )
    return value == "1"


IS_PLAIN = read_form(os.environ.get(VARIABLE))


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile as numba's `njit` does, but whatever becomes of its files on disk.

    Numba refuses to go on where it finds no folder to keep compiled code in, and at each call of
    a function whose file was cut off by a power cut or a full disk. Here such a file is made anew,
    and without a folder functions are compiled in each process; a line in the log says so, once.

    Parameters
    ----------
    **options
        As of `numba.njit`.

    Examples
    --------
    >>> @njit(nogil=True)
    ... def double(x):
    ...     return 2 * x
    >>> double(4)
    8
    """
    import numba

    is_kept = options.pop("cache", False)

    def compile_later(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(function)
        # with NUMBA_DISABLE_JIT, the function is given back as it is
        if is_kept and hasattr(dispatcher, "_cache"):
            try:
                dispatcher._cache = _lasting_cache()(function)
            except (RuntimeError, OSError) as fault:
                _tell_once(str(fault).split(" for file ")[0])
        return dispatcher

    return compile_later


@cache
def _tell_once(fault: str) -> None:
    _log.warning(
        "compiled code cannot be kept (%s), so that each process compiles anew, for some seconds: "
        "set NUMBA_CACHE_DIR to a folder that can be written to",
        fault.split(" '", 1)[0],
    )


@cache
def _lasting_cache() -> type[Any]:
    from numba.core import caching

    # pickle raises any error at all over bytes that are not its own
    class Files(caching.IndexDataCacheFile):  # type: ignore[misc, unused-ignore]
        def _load_index(self) -> Any:
            try:
                found = super()._load_index()
            except Exception as fault:
                _log.info("%s is damaged, and made anew: %s", self._index_path, fault)
                return {}
            return found if isinstance(found, dict) else {}

        def load(self, key: Any) -> Any:
            try:
                return super().load(key)
            except Exception as fault:
                _log.info("a file of %s is damaged, and made anew: %s", self._index_path, fault)
                return None

    class Cache(caching.FunctionCache):  # type: ignore[misc, unused-ignore]
        def __init__(self, function: Any):
            super().__init__(function)
            usual: Any = vars(self)["_cache_file"]
            self._cache_file = Files(
                cache_path=self._cache_path,
                filename_base=self._impl.filename_base,
                source_stamp=usual._source_stamp,
            )

        def save_overload(self, types: Any, compiled: Any) -> None:
            try:
                super().save_overload(types, compiled)
            except OSError as fault:  # a full disk, a quota, a folder made read-only meanwhile
                _tell_once(fault.strerror or "it cannot be written")

    return Cache
