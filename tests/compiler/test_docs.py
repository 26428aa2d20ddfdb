"""What the documentation of the language shows is what the package does."""

import doctest
import re
from pathlib import Path

import pytest

from nems_dsl import canonical, keyword_info, parse
from nems_dsl.syntax import CODES, read

from .snapshots import EVERY

DOCS = Path(__file__).resolve().parents[2] / "docs"
ERRORS = (DOCS / "errors.md").read_text(encoding="utf-8")
LANGUAGE = (DOCS / "language.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (E\d+)\n(.*?)(?=^## |\Z)", ERRORS, re.M | re.S))


def test_the_table_lists_every_code():
    assert dict(re.findall(r"^\| (E\d+) \| (.*) \|$", ERRORS, re.M)) == CODES
    assert list(SECTIONS) == list(CODES)


@pytest.mark.parametrize("code", CODES)
def test_an_example_prints_exactly_what_is_shown(code):
    section = SECTIONS[code]
    (shown,) = re.findall(r"^```\n(.*?)\n```$", section, re.M | re.S)
    entries = [entry for entry in EVERY if entry.message == shown]
    assert entries, shown
    assert str(entries[0].fault()) == shown
    assert shown.startswith(f"error[{code}]")
    assert not entries[0].string or f"`{entries[0].string}`" in section


def test_examples_of_the_language_run():
    results = doctest.testfile(
        str(DOCS / "language.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert results.attempted >= 5
    assert not results.failed


def test_strings_of_the_language_page_parse():
    blocks = re.findall(r"^```(\w*)\n(.*?)\n```$", LANGUAGE, re.M | re.S)
    strings = [text for language, text in blocks if not language]
    assert len(strings) == 2
    for string in strings:
        parse(string)
    for pair in re.findall(r"`([^`\s]+)` is\s+`([^`\s]+)`", LANGUAGE):
        if "." in pair[0] and "." in pair[1]:
            assert canonical(pair[0]) == canonical(pair[1]) == pair[1]


def test_shapes_of_the_language_page_are_those_declared():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|", LANGUAGE, re.M)
    shown = {head: shape for heads, shape in rows for head in re.findall(r"\w+", heads)}
    shown = {h: s for h, s in shown.items() if h in keyword_info()}
    assert len(shown) >= 7
    for head, shape in shown.items():
        assert shape.replace(", or ", " or ") == keyword_info(head).describe_shape()


def test_experiments_of_the_language_page_are_read():
    for string in re.findall(r"`([^`\s]*_[^`\s]*\.[^`\s]*)`", LANGUAGE):
        assert len(read(string).sections) == 3
