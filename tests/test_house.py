"""How the package is laid out: no circles, small folders, and modules that are things of their own.

All imports count, those inside of functions and those for types alone included.
"""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "nems_dsl"
FACE = "__init__.py"

# methods that are there for users' sake, and look up to what stands on their module
_LOOK_UP = {
    ("models/model.py", "interop/nems_json.py"),
    ("models/model.py", "models/fit.py"),
    ("models/model.py", "studies/__init__.py"),
    ("models/model.py", "studies/dstrf.py"),
    ("models/model.py", "visualization/__init__.py"),
    ("models/model_set.py", "visualization/__init__.py"),
    ("fitting/results.py", "visualization/__init__.py"),
    ("studies/crossvalidation_results.py", "visualization/__init__.py"),
    ("sweeps/results/comparison.py", "visualization/__init__.py"),
    ("sweeps/results/stored_results.py", "visualization/__init__.py"),
    ("sweeps/assessing/assessment.py", "visualization/__init__.py"),
    ("sweeps/assessing/partition.py", "visualization/__init__.py"),
    ("sweeps/results/stored_results.py", "sweeps/assessing/assess.py"),
}

_MOST_MODULES = {"layers": 30, "kernels": 30}  # a file for each family; elsewhere 15

# modules that one other imports, and why they are not a part of it
_OWN = {
    "sweeps/running/leftovers.py": "folders of sweeps that were killed, apart from running one",
    "sweeps/store/odd_cells.py": "looked for only where an answer fails",
    "cli/demo.py": "a command",
    "cli/plot.py": "a command",
    "cli/sweeps/merge.py": "a command",
    "cli/sweeps/plan.py": "a command",
    "cli/sweeps/results.py": "a command",
    "cli/sweeps/verify.py": "a command",
    "cli/strings/check.py": "a command",
    "cli/strings/convert.py": "a command",
    "cli/strings/diff.py": "a command",
    "cli/strings/expand.py": "a command",
    "cli/strings/explain.py": "a command",
    "cli/strings/keywords.py": "a command",
    "cli/warm.py": "a command",
    "compiler/dialects/dialect.py": "the tables applied, apart from binding what comes of it",
    "data/files/matlab.py": "a format of files",
    "data/files/nwb.py": "a format of files",
    "data/files/tables.py": "a format of files",
    "data/indexes.py": "labels of bins, apart from what is done with them",
    "fitting/conditioning.py": "variables in which the stimulus is white",
    "fitting/early_stopping.py": "how large a model data held out bear",
    "models/parameters.py": "what a model does with its parameters",
    "models/display/shown.py": "how a model is looked at",
    "models/simulation.py": "what is drawn from a model",
    "compiler/meaning/equations.py": "equations in LaTeX",
    "compiler/meaning/explain.py": "a model string in words",
    "compiler/meaning/redundancy.py": "which keywords add nothing",
    "experiments/foreign.py": "experiments of other programs",
    "fitting/findings/band.py": "one kind of finding",
    "fitting/findings/capacity.py": "one kind of finding",
    "fitting/findings/curve.py": "one kind of finding",
    "fitting/findings/floor.py": "one kind of finding",
    "fitting/findings/hidden.py": "one kind of finding",
    "fitting/findings/lags.py": "one kind of finding",
    "fitting/findings/means.py": "one kind of finding",
    "fitting/findings/ridge.py": "one kind of finding",
    "fitting/optimisers/least_squares.py": "two optimisers with curvature",
    "fitting/optimisers/split.py": "absolute values as differences",
    "fitting/rates.py": "units of the response",
    "fitting/search.py": "the search from one start, for anything that makes an objective",
    "fitting/starts/front.py": "the linear part in the form of the string",
    "fitting/starts/iterative.py": "the linear part where it is too large for a matrix",
    "fitting/shrinkage/freedom.py": "effective degrees of freedom",
    "fitting/shrinkage/linear.py": "ridge regression as a measure",
    "fitting/shrinkage/path.py": "strengths that a search goes through",
    "fitting/shrinkage/slopes.py": "a penalty",
    "fitting/shrinkage/quotient.py": "a penalty",
    "fitting/starts/scatter.py": "the nonlinearity from the scatter",
    "fitting/starts/tuning.py": "gaussians that come nearest",
    "fitting/uncertainty/directions.py": "directions of parameters in words",
    "fitting/uncertainty/sandwich.py": "variances of estimates, apart from models",
    "interop/nems_json.py": "files of another program",
    "kernels/curve_loops.py": "the text of loops, apart from compiling it",
    "kernels/curves.py": "a curve: loops made of a formula",
    "kernels/double_exponential.py": "loops written by hand",
    "kernels/logarithm.py": "a function for vector loops",
    "kernels/plasticity.py": "forwards; backwards is as long again",
    "kernels/tiles/filter_pairs.py": "one of the forms of a filter",
    "kernels/tiles/filter_projection.py": "one of the forms of a filter",
    "kernels/tiles/filter_rows.py": "one of the forms of a filter",
    "kernels/tiles/filter_windows.py": "one of the forms of a filter",
    "kernels/tiles/vector_pairs.py": "vector code, apart from loops",
    "kernels/tiles/vector_windows.py": "vector code, apart from loops",
    "layers/keyword_layer.py": "a layer that a string can name",
    "layers/polezero.py": "a form of the filter with formulas of its own",
    "metrics/halves.py": "a method: halves of the repeats",
    "models/alignment.py": "which keyword of one string is which of another",
    "models/saving_sets.py": "a file of several models",
    "models/display/html.py": "a model in a notebook",
    "studies/uncertainty/bootstrap.py": "a method: fits to blocks that are drawn",
    "studies/uncertainty/profile.py": "a method: the likelihood beside its minimum",
    "studies/together.py": "linear models of many channels",
    "sweeps/results/row_filters.py": "conditions on rows",
    "sweeps/results/stored_models.py": "models out of a store",
    "sweeps/running/compiling.py": "kernels compiled once, before workers start",
    "sweeps/running/inputs.py": "data sets that a worker has read",
    "sweeps/running/writing.py": "what a store is given while a sweep runs",
    "sweeps/running/variants.py": "variants of a sweep, each once",
    "sweeps/store/locks.py": "one writer at a time",
    "syntax/repair.py": "what the writer may have meant",
    "syntax/space_check.py": "variables of a pattern, apart from its text",
    "testing/declared.py": "what a layer declares of itself",
    "testing/strings.py": "what a layer's string must do",
    "testing/tangents.py": "derivatives along directions",
}


def read_imports(root: Path) -> dict[str, set[str]]:
    """Find which files each file of a package imports, by paths below it."""
    sources = sorted(root.rglob("*.py"))
    files = {path.relative_to(root).as_posix() for path in sources}

    def file_of(parts: list[str]) -> str | None:
        for name in ("/".join(parts) + ".py", "/".join([*parts, FACE])):
            if name in files:
                return name
        return None

    found: dict[str, set[str]] = {name: set() for name in files}
    for path in sources:
        name = path.relative_to(root).as_posix()
        folder = list(path.relative_to(root).parent.parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            targets: list[str | None] = []
            if isinstance(node, ast.Import):
                dotted = [each.name.split(".") for each in node.names]
                targets = [file_of(parts[1:]) for parts in dotted if parts[0] == root.name]
            elif isinstance(node, ast.ImportFrom):
                parts = node.module.split(".") if node.module else []
                if node.level:
                    parts = folder[: len(folder) - node.level + 1] + parts
                elif parts[:1] == [root.name]:
                    parts = parts[1:]
                else:
                    continue
                # a name is a module of the package, or stands in its face
                targets = [file_of([*parts, each.name]) or file_of(parts) for each in node.names]
            found[name] |= {target for target in targets if target is not None} - {name}
    return found


IMPORTS = read_imports(PACKAGE)


def find_circle(imports: dict[str, set[str]], without: set[tuple[str, str]]) -> list[str]:
    """Find files that import each other in a circle, none if there is none."""
    graph = {a: {b for b in found if (a, b) not in without} for a, found in imports.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return []


def test_no_files_import_each_other_in_a_circle():
    circle = find_circle(IMPORTS, _LOOK_UP)
    edges = [f"  {a} imports {b}" for a, b in pairwise(circle)]
    assert not circle, "cut one of these, that which looks up:\n" + "\n".join(edges)


@pytest.mark.parametrize("edge", sorted(_LOOK_UP), ids=" imports ".join)
def test_no_import_is_excused_that_there_is_not(edge):
    importer, imported = edge
    assert imported in IMPORTS.get(importer, ()), "it is gone: take it off the list"


@pytest.mark.parametrize("edge", sorted(_LOOK_UP), ids=" imports ".join)
def test_no_import_is_excused_that_closes_no_circle(edge):
    assert find_circle(IMPORTS, _LOOK_UP - {edge}), "it is harmless: take it off the list"


def test_circles_are_found(tmp_path):
    root = tmp_path / "box"
    (root / "inner").mkdir(parents=True)
    texts = {
        "__init__.py": "",
        "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .inner.b import B\n",
        "inner/__init__.py": "from .b import B as B\n",
        "inner/b.py": "def f():\n    from ..c import C\n",
        "c.py": "import box.a\n",
    }
    for name, text in texts.items():
        (root / name).write_text(text)
    imports = read_imports(root)
    assert imports == {
        "__init__.py": set(),
        "a.py": {"inner/b.py"},
        "inner/__init__.py": {"inner/b.py"},
        "inner/b.py": {"c.py"},
        "c.py": {"a.py"},
    }
    circle = find_circle(imports, set())
    assert sorted(circle[1:]) == ["a.py", "c.py", "inner/b.py"] and circle[0] == circle[-1]
    assert all(b in imports[a] for a, b in pairwise(circle))
    assert find_circle(imports, {("c.py", "a.py")}) == []


def test_no_folder_is_too_full():
    names = (Path(name) for name in IMPORTS)
    counts = Counter(path.parent.as_posix() for path in names if path.name != FACE)
    most = {folder: _MOST_MODULES.get(folder, 15) for folder in counts}
    full = {folder: n for folder, n in counts.items() if n > most[folder]}
    assert not full, "merge modules that are one thing, or divide the folder"


def test_a_module_with_one_importer_is_a_thing_of_its_own():
    importers: dict[str, set[str]] = {}
    for importer, found in IMPORTS.items():
        for name in found:
            importers.setdefault(name, set()).add(importer)
    # what a face names is for everyone
    lone = {
        name: min(found)
        for name, found in importers.items()
        if len(found) == 1 and not {name, *found} & {each for each in IMPORTS if FACE in each}
    }
    new = {name: lone[name] for name in sorted(lone.keys() - _OWN.keys())}
    assert not new, "merge each into the one that imports it, or say what it is on the list"
    gone = sorted(_OWN.keys() - lone.keys())
    assert not gone, "these have other importers now, or none: take them off the list"
