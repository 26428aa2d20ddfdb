"""What a benchmark was measured on, and how to measure as on a processor with narrower vectors."""

import os
import platform
import subprocess
import sys
from pathlib import Path

CACHES = "/sys/devices/system/cpu/cpu0/cache"


def narrow_environment():
    """Give variables with which Numba, NumPy, BLAS and the peers use AVX2 and nothing wider."""
    try:
        from numpy._core._multiarray_umath import __cpu_dispatch__ as names
    except ImportError:  # NumPy 1
        from numpy.core._multiarray_umath import __cpu_dispatch__ as names
    wide = [name for name in names if name.startswith("AVX512") or name == "X86_V4"]
    return {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2,+lzcnt,+popcnt,+f16c",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": " ".join(wide),
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_max_isa=AVX2".strip(),
    }


def has_both_widths():
    """Whether this process uses 512-bit vectors, and could be told not to."""
    from nems_dsl.kernels.tiles.processor import has_wide_vectors

    return platform.machine() in ("x86_64", "AMD64") and has_wide_vectors()


def run_narrow(arguments):
    """Run Python once more, as on a processor that has AVX2 and nothing wider."""
    environment = os.environ | narrow_environment()
    return subprocess.run([sys.executable, *arguments], env=environment, check=True)


def describe_machine():
    """Give processor, the instruction set that kernels are compiled for, caches and cores."""
    from nems_dsl.kernels.tiles.processor import has_wide_vectors, vector_bytes

    kinds = {64: "AVX-512", 32: "AVX2", 16: "128-bit vectors"}
    vectors = kinds[vector_bytes()] if platform.machine() in ("x86_64", "AMD64") else "128-bit"
    told = "" if has_wide_vectors() or "NUMBA_CPU_NAME" not in os.environ else " (as told)"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {vectors}{told}; {_caches()}; {cores} cores"


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _caches():
    found = []
    for folder in sorted(Path(CACHES).glob("index*")):
        level, kind, size = ((folder / n).read_text().strip() for n in ("level", "type", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return "caches " + ", ".join(found) if found else "caches unknown"
