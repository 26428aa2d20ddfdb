"""The seed notebook, and the tutorial made of it, run and show what they show."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import pytest

from .cells import read_cells, run_cell, shows

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorials" / "introduction.md"
SEED = ROOT.parent / "shared" / "seed-notebook.md"

# what the seed prints of unseeded random numbers, and of fits that ours does not end as it did
_RANDOM = re.compile(r"(?<=array\()-?[0-9.]+(?=\))")


@pytest.fixture(autouse=True)
def _no_windows():
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
    matplotlib.use(before)


def test_tutorial_shows_what_it_says():
    namespace: dict[str, object] = {}
    for cell in read_cells(TUTORIAL.read_text(encoding="utf-8")):
        got = run_cell(cell.code, namespace)
        if cell.shown is not None:
            assert shows(cell.shown, got), f"{cell.code}\nshows\n{got}\ninstead of\n{cell.shown}"


@pytest.mark.skipif(not SEED.exists(), reason="the seed notebook is not part of the project")
def test_seed_runs_and_shows_what_it_shows():
    namespace: dict[str, object] = {}
    random = {"model.sample_from_priors()", "random_model", "fitted_model.get_parameter_values()"}
    compared = 0
    for cell in read_cells(SEED.read_text(encoding="utf-8")):
        got = run_cell(re.sub(r"\bnems\b", "nems_dsl", cell.code), namespace)
        if cell.shown is None or any(word in cell.code for word in random):
            continue
        if cell.code.rstrip().endswith("linear_model = Model(layers=WeightChannels(shape=(2,1)))"):
            continue  # the page shows the output of another cell here
        compared += 1
        assert shows(cell.shown, got), f"{cell.code}\nshows\n{got}\ninstead of\n{cell.shown}"
    assert compared == 10


def test_seed_fit_converges_and_says_so():
    namespace: dict[str, object] = {}
    for cell in read_cells(TUTORIAL.read_text(encoding="utf-8")):
        run_cell(cell.code, namespace)
    results = namespace["fitted_model"].results
    assert results.converged
    assert results.loss < 1e-6
    assert namespace["random_model"].results is None
