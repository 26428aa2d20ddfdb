"""What the choice between loops and BLAS needs to know of this machine."""

from functools import cache

from llvmlite.binding import get_host_cpu_features


@cache
def has_wide_vectors() -> bool:
    """Whether the processor has 512-bit vectors, with which the unrolled loops overtake BLAS.

    They bring 32 registers, too: the weights of a block fit, where 16 registers spill.
    """
    return bool(get_host_cpu_features().get("avx512f", False))
