"""Compiled code whose files are damaged, or that has no folder to be kept in."""

import importlib.util
import logging
import os

import pytest
from numba import config

from nems_dsl.kernels import compiled

_MODULE = """
from nems_dsl.kernels.compiled import njit

@njit(cache=True)
def double(x):
    return 2 * x
"""


def _call(file):
    """Call the function as a process does that has just begun; tell how often a file served."""
    spec = importlib.util.spec_from_file_location("kernel_on_trial", file)
    kernel = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernel)
    return kernel.double(4), sum(kernel.double.stats.cache_hits.values())


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_files_that_were_cut_off_are_made_anew(ending, tmp_path, monkeypatch):
    file = tmp_path / "kernel.py"
    file.write_text(_MODULE)
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    assert _call(file) == (8, 0)
    files = list(tmp_path.rglob(f"*.{ending}"))
    assert files
    for damaged in files:
        os.truncate(damaged, 10)
    assert _call(file) == (8, 0)
    assert _call(file) == (8, 1)


def test_without_a_folder_code_is_compiled_and_that_is_said_once(monkeypatch, caplog):
    from numba.core import caching

    def find_no_place(*_):
        raise RuntimeError("cannot cache function 'double': no locator available for file 'x'")

    monkeypatch.setattr(caching.CacheImpl, "__init__", find_no_place)
    compiled._tell_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        functions = [compiled.njit(cache=True)(lambda x: 2 * x) for _ in range(2)]
    assert [function(4) for function in functions] == [8, 8]
    (record,) = caplog.records
    assert "NUMBA_CACHE_DIR" in record.message
