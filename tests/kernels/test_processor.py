"""What kernels are told of the processor follows numba's settings, as its code does."""

import pytest
from llvmlite.binding import get_host_cpu_name
from numba import config

from nems_dsl.kernels.tiles import processor

CACHED = (
    processor._features,
    processor.has_wide_vectors,
    processor.vector_bytes,
    processor.n_vector_registers,
)


@pytest.fixture
def afresh(monkeypatch):
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")
    for each in CACHED:
        each.cache_clear()
    yield
    for each in CACHED:
        each.cache_clear()


@pytest.mark.parametrize(
    "features, n_bytes, n_registers",
    [("+avx512f,+avx2,+avx", 64, 32), ("-avx512f,+avx2,+avx", 32, 16), ("-avx,+sse2", 16, 16)],
)
def test_features_that_numba_is_told(features, n_bytes, n_registers, monkeypatch, afresh):
    monkeypatch.setattr(config, "CPU_FEATURES", features)
    assert processor.vector_bytes() == n_bytes
    assert processor.n_vector_registers() == n_registers
    assert processor.has_wide_vectors() is (n_bytes == 64)


def test_another_processor_has_nothing_that_is_not_named(monkeypatch, afresh):
    monkeypatch.setattr(config, "CPU_FEATURES", None)
    monkeypatch.setattr(config, "CPU_NAME", f"not-{get_host_cpu_name()}")
    assert processor.vector_bytes() == 16


def test_arm_has_many_registers(monkeypatch, afresh):
    monkeypatch.setattr(config, "CPU_FEATURES", "+neon")
    monkeypatch.setattr(processor.platform, "machine", lambda: "arm64")
    assert (processor.vector_bytes(), processor.n_vector_registers()) == (16, 32)
