"""Filters and weights have two forms, tiles and plain loops, of which a variable chooses one."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nems_dsl
from nems_dsl.kernels import compiled, filters, plain, tiles, weights

PACKAGE = Path(nems_dsl.__file__).parent
FACE = [name for name in vars(tiles) if name.startswith(("fir", "bank", "mix"))]
CODE = """
import sys
from nems_dsl import Objective, Model
from nems_dsl.datasets import simulate
from nems_dsl.kernels import filters, plain, weights
assert filters.fir is plain.fir and weights.mix is plain.mix
data = simulate(n_times=60, seed=0)
objective = Objective(Model("wc.18x3-fir.3x5-dexp.1"), data.stim, data.resp)
print(objective.value_and_grad(objective.theta0)[1].tolist())
assert not [name for name in sys.modules if name.startswith("nems_dsl.kernels.tiles")]
"""


def test_each_function_of_the_face_has_a_plain_form():
    assert len(FACE) == 12
    for name in FACE:
        assert callable(getattr(plain, name)), name
        of_use = getattr(filters if "fir" in name else weights, name)
        assert of_use is getattr(plain if compiled.IS_PLAIN else tiles, name)


@pytest.mark.slow
def test_the_variable_chooses_plain_loops_which_give_the_same():
    from nems_dsl import Model, Objective
    from nems_dsl.datasets import simulate

    environment = {**os.environ, compiled.VARIABLE: "1"}
    run = [sys.executable, "-c", CODE]
    found = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    data = simulate(n_times=60, seed=0)
    objective = Objective(Model("wc.18x3-fir.3x5-dexp.1"), data.stim, data.resp)
    gradient = objective.value_and_grad(objective.theta0)[1]
    np.testing.assert_allclose(ast.literal_eval(found.stdout), gradient, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("value", "is_plain"), [(None, False), ("", False), ("0", False), ("1", True)]
)
def test_values_of_the_variable(value, is_plain):
    assert compiled.read_form(value) is is_plain


def test_another_value_is_refused():
    with pytest.raises(ValueError, match=r"NEMS_DSL_PLAIN_KERNELS is 'yes': set it to 1 for plain"):
        compiled.read_form("yes")


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def test_nothing_outside_kernels_imports_tiles():
    reaching = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any("tiles" in name.split(".") for name in _imported(path))
    }
    assert {name for name in reaching if not name.startswith("kernels/")} == set()
    assert reaching == {"kernels/filters.py", "kernels/weights.py"}
    named = [p for p in PACKAGE.rglob("*.py") if "kernels.tiles." in p.read_text(encoding="utf-8")]
    assert named == []


def test_how_to_compile_is_said_once():
    files = [path.relative_to(PACKAGE) for path in (PACKAGE / "kernels").rglob("*.py")]
    saying = [path for path in files if '"nogil"' in (PACKAGE / path).read_text(encoding="utf-8")]
    assert [path.as_posix() for path in saying] == ["kernels/compiled.py"]
