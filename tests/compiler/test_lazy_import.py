"""What importing costs: heavy packages come where they are used, not before."""

import subprocess
import sys

import pytest

LOADED = "import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
HEAVY = {"numpy", "numba", "scipy", "matplotlib", "lark", "pandas", "sqlalchemy", "tqdm"}


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import nems_dsl", HEAVY),
        ("import nems_dsl.keywords", HEAVY),
        ("import nems_dsl.syntax; nems_dsl.syntax.read('wc.4x1')", HEAVY - {"lark"}),
        ("from nems_dsl import expand; expand('wc.4x{1,2}')", HEAVY - {"lark", "numpy"}),
        ("from nems_dsl import open_results, Results", {"numba", "pandas", "matplotlib", "tqdm"}),
        ("import nems_dsl; nems_dsl.canonical('wc.4x1')", {"numba", "scipy", "matplotlib"}),
        ("import nems_dsl; nems_dsl.explain('wc.4x1')", {"numba", "scipy", "matplotlib"}),
    ],
)
def test_what_is_not_imported(code, absent):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {LOADED}"], capture_output=True, text=True, check=True
    )
    assert not absent & set(done.stdout.split())
