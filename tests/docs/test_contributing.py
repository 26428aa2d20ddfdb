"""The keyword that CONTRIBUTING adds takes the whole path, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from nems_dsl import Model, ModelStringError, canonical, explain, keyword_info, parse
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.datasets import simulate
from nems_dsl.testing import cases_of
from tests.compiler.test_snapshots import test_messages_are_as_reviewed as check_messages
from tests.docs.test_keywords_page import load
from tests.end_to_end.test_readme import CLI
from tests.end_to_end.test_readme import README as FRONT_PAGE
from tests.end_to_end.test_readme import test_commands_print_what_the_pages_show as check_commands
from tests.test_public_names import is_public
from tests.test_public_names import (
    test_every_public_name_stands_on_the_page_of_names as check_page_of_names,
)

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
FILE = re.compile(r"^`([\w/]+)\.py`:\n\n```python\n(.*?)^```$", re.M | re.S)
FILES = FILE.findall(PAGE.read_text(encoding="utf-8"))


@contextmanager
def added(folder):
    """Import the modules of the page as if they were in their places, for a while."""
    known, modules = catalogue(), {}
    before = dict(known._entries)
    try:
        for place, code in FILES:
            name = place.replace("/", ".")
            path = folder / f"{name}.py"
            path.write_text(code, encoding="utf-8")
            spec = importlib.util.spec_from_file_location(name, path)
            sys.modules[name] = modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(modules[name])
        yield modules
    finally:
        known._entries.clear()
        known._entries.update(before)
        for name in modules:
            del sys.modules[name]


@pytest.fixture
def modules(tmp_path):
    with added(tmp_path) as found:
        yield found


def test_it_is_one_module_of_the_package_and_a_test():
    assert [place for place, _ in FILES] == [
        "nems_dsl/layers/softsign",
        "tests/layers/test_softsign",
    ]
    lines = [line for line in FILES[0][1].splitlines() if line.strip()]
    assert len(lines) <= 45
    text = PAGE.read_text(encoding="utf-8")
    assert "Four files are touched: the layer, its\ntest, `docs/api.md` and `CHANGELOG.md`." in text


def test_it_parses(modules):
    softsign = catalogue()["softsign"]
    assert canonical("wc.18x2 - fir.x15 - softsign") == softsign.signature.example
    assert canonical("wc.18x4x3-softsign.4") == "wc.18x4x3-softsign.4x3"
    assert "3 parameters: base (1), amplitude (1), shift (1)" in explain("softsign.1")
    with pytest.raises(ModelStringError, match=r"E201"):
        parse("wc.18x2-softsign.3")


def test_its_class_is_public_without_a_line_elsewhere(modules):
    import nems_dsl.layers
    from nems_dsl.layers import Softsign

    assert Softsign is modules["nems_dsl.layers.softsign"].Softsign is catalogue()["softsign"]
    # not kept by the package, which another declaration of the keyword may follow
    assert "Softsign" not in vars(nems_dsl.layers)
    assert is_public("nems_dsl.layers.Softsign")


def test_the_page_of_names_is_the_one_that_misses_it(modules):
    with pytest.raises(AssertionError, match=r"add them to docs/api\.md"):
        check_page_of_names()


def test_its_tests_pass(modules):
    assert len(cases_of(catalogue()["softsign"])) == 2
    tests = [f for n, f in vars(modules["tests.layers.test_softsign"]).items() if n[:5] == "test_"]
    assert len(tests) == 3
    for test in tests:
        test()


def test_its_fit_takes_few_steps(modules):
    data = simulate(n_times=2000, seed=0)
    fitted = Model("wc.18x2-fir.2x15-softsign.1").fit(
        data.stim, data.resp, verbose=0, shrinkage="none"
    )
    assert fitted.results.optimizer == "gauss-newton"
    assert fitted.results.starts[0].init == "data"
    assert fitted.results.n_iterations <= 15
    assert fitted.results.converged


def test_it_changes_no_text_that_other_tests_pin(modules):
    check_messages("keyword")
    check_commands("docs/cli.md", CLI)
    check_commands("README.md", FRONT_PAGE)


def test_pages_that_are_made_from_signatures_have_it(modules):
    assert "softsign" in load("generate_keywords").reference()
    assert keyword_info("softsign").source.startswith("Turian")


def test_it_leaves_nothing_behind(tmp_path):
    with added(tmp_path):
        assert parse("softsign.2").string == "softsign.2"
    assert "nems_dsl.layers.softsign" not in sys.modules
    with pytest.raises(ModelStringError, match="no keyword `softsign`"):
        parse("softsign.2")
