"""What is public: the names in the `__init__` of a package."""

import ast
import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import nems_dsl
from nems_dsl.keywords import registry
from nems_dsl.layers import Layer, load_all

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nems_dsl"
PINNED = Path(__file__).with_name("public_names.txt")
REWRITE = os.environ.get("NEMS_DSL_REWRITE_SNAPSHOTS") == "1"

PACKAGES = sorted(m.name for m in pkgutil.iter_modules(nems_dsl.__path__) if m.ispkg)


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


def test_every_layer_of_the_package_is_public():
    load_all()
    layers = importlib.import_module("nems_dsl.layers")
    classes = {each for each in registry.values() if each.__module__.startswith("nems_dsl.layers")}
    missing = {each for each in classes if getattr(layers, each.__name__, None) is not each}
    assert not missing, "add them to nems_dsl/layers/__init__.py"
    assert len(classes) > 30 and all(issubclass(each, Layer) for each in classes)


def test_layers_are_public_by_the_names_that_nems_gives_them():
    layers = importlib.import_module("nems_dsl.layers")
    assert layers.FIR is layers.FiniteImpulseResponse
    assert layers.STRF is layers.ReceptiveField
    assert layers.ReLU is layers.RectifiedLinear


def test_names_of_layers_cost_no_compiler():
    code = "import sys; from nems_dsl.layers import FIR, Pointwise; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
