"""The rooms of sweeps and spaces: no two modules need each other, and no room is full."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "nems_dsl"
ROOMS = ["spaces", "sweeps", "sweeps/running", "sweeps/store", "sweeps/results"]
FULL = 15


def name_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imports_of(name, path):
    """Find what a module imports: at its top, in functions, and for types alone."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            base = base if node.level else node.module
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {each if each in MODULES else base for each in names}
    return found & set(MODULES)


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_is_full(room):
    assert 1 < len(list((PACKAGE / room).glob("*.py"))) <= FULL or room == "sweeps"


def test_rooms_are_built_on_those_below():
    below = {"spaces": 0, "sweeps.store": 1, "sweeps.results": 2, "sweeps.running": 3}
    levels = {
        name: level
        for room, level in below.items()
        for name in MODULES
        if name.startswith(f"nems_dsl.{room}")
    }
    upward = [
        (name, other)
        for name, level in levels.items()
        for other in imports_of(name, MODULES[name])
        if levels.get(other, 0) > level or other == "nems_dsl"
    ]
    assert upward == []
