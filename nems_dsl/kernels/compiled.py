"""How kernels are compiled."""

from typing import Any

# To the bit what is written: no sum changes its order, and nothing is taken to be finite.
EXACT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
# A product and a sum rounded once, where the processor can.
FUSED = {**EXACT, "fastmath": {"contract"}}
# Sums in the order in which vectors add them up. NaN and infinity keep their meaning.
SUMS = {**EXACT, "fastmath": {"reassoc", "contract", "nsz"}}
