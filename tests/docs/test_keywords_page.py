"""The reference of the keywords has all of them, and their examples are models."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from nems_dsl import Model, canonical, keyword_info, parse
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.models import compile_model

DOCS = Path(__file__).resolve().parents[2] / "docs"
HEADS = list(keyword_info())
SYMBOLS = {"N": 18, "R": 1, "S": 2}


def load(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page():
    return load("generate_keywords").reference()


@pytest.fixture(scope="module")
def sections(page):
    return dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))


def test_every_keyword_has_a_section(page, sections):
    assert list(sections) == HEADS
    for head in HEADS:
        assert f"| [`{head}`](#{head}) |" in page


def build(example):
    told = parse(example).symbols
    return Model(example, **{s: n for s, n in SYMBOLS.items() if s != "S" or s in told})


@pytest.mark.parametrize("head", HEADS)
def test_a_section_has_all_that_is_declared(head, sections):
    signature, text = keyword_info(head), sections[head]
    layer = catalogue()[head]
    assert signature.summary in text
    assert f"```\n{signature.equation}\n```" in text
    assert f"`nems_dsl.layers.{layer.__qualname__}`" in text
    for option in signature.options:
        assert f"| `{option.spelling}` | {option.help}" in text
    for synonym in signature.synonyms:
        assert f"| `{synonym}` |" in text
    layers = build(signature.example).layers
    shown = next(each for each in layers if each.signature.head == head)
    for name, parameter in shown.parameters.items():
        shape = ", ".join(map(str, parameter.shape))
        assert f"| `{name}` | ({shape}) | " in text


@pytest.mark.parametrize("head", HEADS)
def test_an_example_is_a_model(head, sections):
    example = keyword_info(head).example
    assert f"| example | `{example}` |" in sections[head]
    assert canonical(example) == example
    # predicts random data, and finds a gradient there
    assert compile_model(build(example)) > 0


def test_shapes_of_parameters_are_in_the_names_of_axes(sections):
    assert "| in x taps x out |  | `coefficients` (in, taps, out) |" in sections["fir"]
    assert "| in x out | `g` | `mean` (out), `sd` (out) |" in sections["wc"]
    assert not re.search(r"\b(101|103|107|109|113|127|131|137)\b", "".join(sections.values()))


def test_writing_makes_one_file_and_keeps_it_if_it_is_right(tmp_path, page):
    write = load("generate_keywords").write
    path = write(tmp_path)
    assert path == tmp_path / "generated" / "keywords.md"
    assert path.read_text(encoding="utf-8") == page
    before = path.stat().st_mtime_ns
    write(tmp_path)
    assert path.stat().st_mtime_ns == before
