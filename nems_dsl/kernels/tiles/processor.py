"""What kernels need to know of the processor that they are compiled for."""

import platform
from functools import cache

from llvmlite.binding import get_host_cpu_features, get_host_cpu_name
from numba import config


@cache
def _features() -> frozenset[str]:
    # as numba chooses: what its settings name, or else this machine's own
    if config.CPU_FEATURES is not None:
        named = str(config.CPU_FEATURES).split(",")
        return frozenset(name[1:] for name in named if name.startswith("+"))
    if config.CPU_NAME not in (None, get_host_cpu_name()):
        return frozenset()
    return frozenset(name for name, there in get_host_cpu_features().items() if there)


@cache
def has_wide_vectors() -> bool:
    """Whether there are 512-bit vectors, with which the unrolled loops overtake BLAS.

    They bring 32 registers, too: the weights of a block fit, where 16 registers spill.
    """
    return "avx512f" in _features()


@cache
def vector_bytes() -> int:
    """Bytes of the vectors in which to compute."""
    if has_wide_vectors():
        return 64
    return 32 if "avx" in _features() else 16


@cache
def n_vector_registers() -> int:
    """How many vectors registers hold."""
    return 32 if has_wide_vectors() or platform.machine() in ("arm64", "aarch64") else 16
