"""What is public: the names in the `__init__` of a package, and nothing of three parts."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nems_dsl.keywords import registry
from nems_dsl.layers import Layer, load_all

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nems_dsl"
PINNED = Path(__file__).with_name("public_names.txt")
REWRITE = os.environ.get("NEMS_DSL_REWRITE_SNAPSHOTS") == "1"

# the grammar is a package in the wheel alone
PACKAGES = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
# the way in which layers of one's own have always been written
KEPT = {"nems_dsl.layers.base"}
# for developers, who want to know where things are
INTERNAL = {ROOT / "docs" / "architecture.md"}


def declared(package):
    """Read the names that type checkers take for public in the `__init__` of a package."""
    path = PACKAGE / package.replace(".", "/") / "__init__.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = set()
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            body.extend(node.body)
        elif isinstance(node, ast.ImportFrom):
            names |= {each.name for each in node.names if each.asname == each.name}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {each.id for each in targets if isinstance(each, ast.Name)}
    return {name for name in names if not name.startswith("_")}


PUBLIC = {package: declared(package) for package in ["", *PACKAGES]}


def test_the_public_names_are_those_that_are_pinned():
    names = sorted(
        ".".join(filter(None, ["nems_dsl", package, name]))
        for package, found in PUBLIC.items()
        for name in found
    )
    if REWRITE:
        PINNED.write_text("\n".join(names) + "\n", encoding="utf-8")
    pinned = PINNED.read_text(encoding="utf-8").split()
    assert names == pinned, "CONTRIBUTING.md tells how to renew the list, if this is meant"


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_public_names_are_there(package):
    module = importlib.import_module(f"nems_dsl.{package}".rstrip("."))
    for name in PUBLIC[package]:
        assert getattr(module, name, None) is not None, name
    assert PUBLIC[package] <= set(dir(module))
    assert set(getattr(module, "__all__", ())) <= PUBLIC[package] | {"__version__"}


def read_listed():
    """Read what the page of names lists, each with the package that it is listed under."""
    package, found = "", set()
    for line in (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule::"):
            package = line.split()[-1].removeprefix("nems_dsl").removeprefix(".")
        elif match := re.fullmatch(r"(?:   |\.\. auto\w+:: )(\w+)", line):
            found.add((package, match[1]))
    return found


def keyword_classes():
    """Find the classes of keywords that this package declares, which need no line elsewhere."""
    load_all()
    return {c for c in registry.values() if c.__module__.startswith("nems_dsl.layers.")}


def test_every_public_name_stands_on_the_page_of_names():
    modules = {p: importlib.import_module(f"nems_dsl.{p}".rstrip(".")) for p in PUBLIC}
    names = {(package, name) for package, found in PUBLIC.items() for name in found}
    names |= {("layers", each.__name__) for each in keyword_classes()}
    listed = read_listed()
    assert listed <= names, "docs/api.md lists what is not public"
    # a name may be offered in several places, and is told of in one
    told = {id(getattr(modules[package], name)) for package, name in listed}
    missing = {each for each in names if id(getattr(modules[each[0]], each[1])) not in told}
    # the command line has a page of its own; `Real` is what numbers are to type checkers
    missing -= {("", "__version__"), ("cli", "main"), ("distributions", "Real")}
    assert not missing, "add them to docs/api.md"


def test_every_layer_of_the_package_is_public():
    layers = importlib.import_module("nems_dsl.layers")
    classes = keyword_classes()
    assert all(getattr(layers, each.__name__) is each for each in classes)
    assert len(classes) > 30 and all(issubclass(each, Layer) for each in classes)


def test_what_no_keyword_declares_is_no_layer():
    layers = importlib.import_module("nems_dsl.layers")
    with pytest.raises(AttributeError, match="has no attribute 'Softsign'"):
        layers.Softsign  # noqa: B018


def test_layers_are_public_by_the_names_that_nems_gives_them():
    layers = importlib.import_module("nems_dsl.layers")
    assert layers.FIR is layers.FiniteImpulseResponse
    assert layers.STRF is layers.ReceptiveField
    assert layers.ReLU is layers.RectifiedLinear


def test_names_of_layers_cost_no_compiler():
    code = "import sys; from nems_dsl.layers import FIR, Pointwise; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def written_paths(path):
    """Find each dotted path that a text names, in the docstrings and messages of a module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py" and PACKAGE in path.parents:
        nodes = ast.walk(ast.parse(text))
        is_text = (n.value for n in nodes if isinstance(n, ast.Constant))
        text = "\n".join(value for value in is_text if isinstance(value, str))
    # a name may stand on a line of its own, in brackets, or behind an import
    for match in re.finditer(r"from (nems_dsl[\w.]*) import (\([^)]*\)|[^\n;]*)", text):
        yield match[1]
        for name in re.findall(r"(\w+)(?: as \w+)?\s*(?:,|\)|$)", match[2]):
            yield f"{match[1]}.{name}"
    for match in re.finditer(r"(?<![\w/.])nems_dsl(?:\.\w+)+", text):
        yield match[0]


def is_public(dotted):
    """Tell whether a path is a package, or a public name and what hangs on it."""
    parts = dotted.split(".")[1:]
    if dotted in KEPT or any(dotted.startswith(f"{kept}.") for kept in KEPT):
        return True
    if not parts or parts[0] not in PACKAGES:
        return not parts or parts[0] in {*PUBLIC[""], "grammar", "__version__"}
    if len(parts) == 1 or parts[1] in PUBLIC[parts[0]]:
        return True
    return parts[0] == "layers" and parts[1] in {each.__name__ for each in keyword_classes()}


def test_what_is_public():
    assert is_public("nems_dsl.fit") and is_public("nems_dsl.Model.fit")
    assert is_public("nems_dsl.fitting") and is_public("nems_dsl.fitting.Objective.value")
    assert is_public("nems_dsl.layers.base.Layer") and is_public("nems_dsl.layers.FIR")
    assert not is_public("nems_dsl.errors") and not is_public("nems_dsl.layers.fir")
    assert not is_public("nems_dsl.fitting.search.fit_model")


PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
    *(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
    *(ROOT / "docs").glob("*.py"),
    *(ROOT / "examples").glob("*.py"),
    *PACKAGE.rglob("*.py"),
]


def test_users_are_told_public_names_only():
    found = {
        f"{page.relative_to(ROOT)}: {dotted}"
        for page in PAGES
        if page not in INTERNAL and page.exists()
        for dotted in written_paths(page)
        if not is_public(dotted)
    }
    assert not found, "write nems_dsl.x or nems_dsl.package.x:\n" + "\n".join(sorted(found))
