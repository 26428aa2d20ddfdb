"""The code of the pages runs, and shows what the pages say it shows."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from nems_dsl.compiler.catalogue import catalogue
from tests.integration.cells import read_cells, run_cell, shows

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (
    "index",
    "data",
    "data_forms",
    "generalisation",
    "losses",
    "metrics",
    "dstrf",
    "figures",
    "own_layers",
    "architecture",
    "spaces",
    "standard_errors",
    "other_tools",
    "coming_from_nems",
)
# many fits
LONG_PAGES = ("crossvalidation", "sweeps", "fitting", "channels", "experiments")


@pytest.fixture
def registered():
    """Give the registry, and leave it as it was."""
    known = catalogue()
    before = dict(known._entries)
    yield known
    known._entries.clear()
    known._entries.update(before)


@pytest.fixture
def _logging():
    logger = logging.getLogger("nems_dsl")
    before = logger.level, list(logger.handlers)
    yield
    logger.setLevel(before[0])
    logger.handlers[:] = before[1]


@pytest.mark.usefixtures("registered", "_logging")
@pytest.mark.parametrize(
    "page", [*PAGES, *(pytest.param(page, marks=pytest.mark.slow) for page in LONG_PAGES)]
)
def test_a_page_shows_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = read_cells((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert len(cells) >= 2
    namespace: dict[str, object] = {}
    for cell in cells:
        got = run_cell(cell.code, namespace)
        expected = cell.shown or ""
        assert shows(expected, got), f"{cell.code}\nshows\n{got}\ninstead of\n{expected}"


def test_every_page_is_in_the_table_of_contents():
    contents = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    pages = {page for page in pages if not page.startswith(("_build", "generated"))}
    listed = {line for line in contents.splitlines() if line in pages}
    assert listed == pages - {"index"}


def test_no_page_with_code_is_forgotten():
    # their tests are beside those of what they are about
    others = {"tutorials/introduction", "language", "dialects", "cli"}
    for path in DOCS.rglob("*.md"):
        page = path.relative_to(DOCS).with_suffix("").as_posix()
        if "```python" in path.read_text(encoding="utf-8"):
            assert page in {*PAGES, *LONG_PAGES, *others}
