"""Every error of the package has one root, every warning another, and each stands in its tree."""

import importlib
import pickle
import pkgutil
import re

import pytest

import nems_dsl
from nems_dsl import ModelStringError, NemsError, NemsWarning


def exceptions_of_the_package():
    """Find each class of exceptions that a module of the package defines."""
    found = set()
    for module in pkgutil.walk_packages(nems_dsl.__path__, "nems_dsl."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            is_own = (getattr(value, "__module__", "") or "").startswith("nems_dsl.")
            if is_own and isinstance(value, type) and issubclass(value, BaseException):
                found.add(value)
    return found


EXCEPTIONS = exceptions_of_the_package()


def tree(root):
    """Read the tree in a docstring: each class, the one that it stands under, and its brackets."""
    found, path = {}, []
    for line in re.search(r"::\n\n(.*?)\n\n", root.__doc__, re.S)[1].splitlines():
        indent, name, builtin = re.match(r"( +)(\w+)(?: \((\w+)\))?", line).groups()
        path = [(depth, above) for depth, above in path if depth < len(indent)]
        found[name] = (path[-1][1] if path else None, builtin)
        path.append((len(indent), name))
    return found


def classes(root):
    """Find the same of the classes that there are."""
    found = {root.__name__: (None, None)}
    for each in EXCEPTIONS - {root}:
        if issubclass(each, root):
            above, *others = (base.__name__ for base in each.__bases__)
            found[each.__name__] = (above, others[0] if others else None)
    return found


def test_every_exception_has_the_root():
    strays = {each for each in EXCEPTIONS if not issubclass(each, NemsError | NemsWarning)}
    assert not strays, "derive them from NemsError or NemsWarning, and add them to its docstring"
    assert len(EXCEPTIONS) > 10


@pytest.mark.parametrize("root", [NemsError, NemsWarning])
def test_the_docstring_has_the_tree(root):
    assert tree(root) == classes(root), f"bring the tree in the docstring of {root.__name__} up"


def test_what_python_code_catches_is_still_caught():
    with pytest.raises(ValueError) as caught:
        nems_dsl.parse("wc.18x4-fri.4x15")
    assert isinstance(caught.value, NemsError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is ModelStringError and str(again) == str(caught.value)
