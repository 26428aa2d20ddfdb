"""Curves: what is made of a formula and its slopes, and that it is kept on disk."""

import math
import subprocess
import sys

import numpy as np
import pytest

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.kernels import elementary
from nems_dsl.kernels.curves import Curve
from nems_dsl.layers.pointwise import Pointwise

CURVES = {
    head: layer.curve
    for head, layer in catalogue().items()
    if issubclass(layer, Pointwise) and hasattr(layer, "curve")
}
VALUES = (-800.0, -3.0, -0.4, 0.3, 2.5, 900.0)


@pytest.mark.parametrize("head", CURVES)
def test_compiled_loops_give_what_the_formula_gives_in_python(head):
    curve = CURVES[head]
    parameters = [0.7, 0.4, 0.2, 1.3][: curve.n_parameters]
    x = np.array([VALUES])
    rows = [np.array([p]) for p in parameters]
    y, dx, sums = np.empty_like(x), np.empty_like(x), [np.zeros(1) for _ in rows]
    curve.forward(x, *rows, y)
    np.testing.assert_allclose(y[0], [curve.formula(v, *parameters) for v in VALUES], rtol=1e-14)
    curve.vjp(x, *rows, np.full_like(x, 2.0), dx, *sums)
    slopes = np.array([curve.slopes(v, *parameters) for v in VALUES])
    np.testing.assert_allclose(dx[0], 2 * slopes[:, 0], rtol=1e-14)
    np.testing.assert_allclose(np.ravel(sums), 2 * slopes[:, 1:].sum(axis=0), rtol=1e-13)


def test_elementary_functions_in_python():
    assert elementary.exp(-709.0) == 0.0
    assert elementary.exp(1e300) == elementary.exp(709.0) == math.exp(709.0)
    assert elementary.log1p(1e-20) == 1e-20


def test_a_formula_of_too_many_parameters_is_refused():
    curve = Curve(lambda x, a, b, c, d, e: x, lambda x, a, b, c, d, e: (1.0,) * 6)
    with pytest.raises(ValueError, match="has 5 parameters, and a curve has 1 to 4: write its"):
        curve.forward  # noqa: B018


MODULE = """
from nems_dsl.kernels.curves import Curve
def formula(x, gain):
    return FACTOR * gain * x
def slopes(x, gain):
    return FACTOR * gain, FACTOR * x
FACTOR = {factor}
"""
RUN = """
import numpy as np, own
curve = own.Curve(own.formula, own.slopes)
x = np.ones((1, 3)); y = np.empty_like(x)
curve.forward(x, np.ones(1), y); curve.vjp(x, np.ones(1), x, y.copy(), np.zeros(1))
hits = [sum(f.stats.cache_hits.values()) for f in (curve.forward, curve.vjp)]
print(*hits, y[0, 0])
"""


@pytest.mark.slow
def test_loops_are_kept_on_disk_until_the_formula_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    def run(factor):
        (tmp_path / "own.py").write_text(MODULE.format(factor=factor), encoding="utf-8")
        command = [sys.executable, "-c", RUN]
        found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        return found.stdout.split()

    assert run(2.0) == ["0", "0", "2.0"]
    again = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert again.stdout.split() == ["1", "1", "2.0"]
    assert run(30.0) == ["0", "0", "30.0"]
