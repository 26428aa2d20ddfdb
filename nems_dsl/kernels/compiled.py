"""How kernels are compiled, and which form of those that have two is in use.

``NEMS_DSL_PLAIN_KERNELS=1`` in the environment takes the loops of `plain` instead
of `tiles`, which give the same but for rounding, some times faster. Tiles rely on
more of LLVM than loops do: where they fail on a new version of it, or are suspected of a wrong
result, this is the way out.
"""

import os
from typing import Any

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
