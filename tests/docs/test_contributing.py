"""The keyword that CONTRIBUTING adds takes the whole path, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import nems_dsl.kernels
from nems_dsl import Model, ModelStringError, canonical, explain, parse
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.datasets import simulate
from nems_dsl.testing import cases_of, check_layer

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
FILE = re.compile(r"^`nems_dsl/(\w+)/(\w+)\.py`:\n\n```python\n(.*?)^```$", re.M | re.S)


@contextmanager
def added(folder):
    """Import the modules of the page as if they were in the package, for a while."""
    known, modules = catalogue(), []
    before = dict(known._entries)
    files = FILE.findall(PAGE.read_text(encoding="utf-8"))
    assert [file[:2] for file in files] == [("kernels", "amplify"), ("layers", "amplify")]
    try:
        for package, name, code in files:
            path = folder / f"{package}_{name}.py"
            path.write_text(code, encoding="utf-8")
            modules.append(f"nems_dsl.{package}.{name}")
            spec = importlib.util.spec_from_file_location(modules[-1], path)
            sys.modules[modules[-1]] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            if package == "kernels":
                nems_dsl.kernels.amplify = module
        yield known["amp"]
    finally:
        known._entries.clear()
        known._entries.update(before)
        for name in modules:
            del sys.modules[name]
        del nems_dsl.kernels.amplify


@pytest.fixture
def amp(tmp_path):
    with added(tmp_path) as layer:
        yield layer


def test_it_parses(amp):
    assert canonical("wc.18x2 - amp - fir.x15") == amp.signature.example
    assert canonical("wc.18x4x3-amp.4") == "wc.18x4x3-amp.4x3"
    assert "2 parameters: gain (2)" in explain(amp.signature.example)
    with pytest.raises(ModelStringError, match=r"E201"):
        parse("wc.18x2-amp.3")


def test_its_derivatives_are_exact(amp):
    assert len(cases_of(amp)) == 2
    assert "derivatives over trials" in check_layer("amp")


def test_it_fits(amp):
    data = simulate(n_times=500, seed=0)
    model = Model(amp.signature.example)
    fitted = model.fit(data.stim, data.resp, verbose=0)
    assert fitted.results.loss < fitted.results.initial_loss
    assert not np.array_equal(fitted.layers["amp"].parameters["gain"].values, [1, 1])


def test_it_leaves_nothing_behind(tmp_path):
    with added(tmp_path):
        assert parse("amp.2").string == "amp.2"
    assert "nems_dsl.layers.amplify" not in sys.modules
    with pytest.raises(ModelStringError, match="no keyword `amp`"):
        parse("amp.2")
