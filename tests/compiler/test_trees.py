"""A bound tree is the truth: between the door and the kernels, nothing is written and read back."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, convert, expand, keyword_info, parse, sweep
from nems_dsl.compiler import fit_to_data, with_sizes
from nems_dsl.compiler.build import build_layers, tree_of
from nems_dsl.compiler.known_trees import KnownTrees
from nems_dsl.spaces import preview
from nems_dsl.syntax import lay_out, read, reader

EXAMPLES = sorted({signature.example for signature in keyword_info().values()})
BRANCHED = "a=wc.4x1-b=fir.1x10@a-c=fir.1x20@a-cat@b,c-wc.2x1.l2e-4-lvl.1"


@pytest.fixture
def texts(monkeypatch):
    """Give a list of every text that is read from now on."""
    found: list[str] = []
    parser = reader.model_parser()

    class Counting:
        def parse(self, text):
            found.append(text)
            return parser.parse(text)

    monkeypatch.setattr(reader, "model_parser", Counting)
    return found


@pytest.mark.parametrize("string", [*EXAMPLES, BRANCHED, "wc.Nx4-fir.x15-wc.1xR-stategain.SxR"])
def test_a_tree_is_what_its_string_would_be_read_as(string):
    tree = parse(string)
    assert lay_out([keyword.written for keyword in tree]) == read(tree.string)
    again, was_read = with_sizes(tree), parse(tree.string)
    assert again == was_read == tree
    fields = [(k.takes, k.also, k.gives, k.text, k.span) for k in again]
    assert fields == [(k.takes, k.also, k.gives, k.text, k.span) for k in was_read]
    assert (again.reads, again.is_open) == (was_read.reads, was_read.is_open)
    assert pickle.loads(pickle.dumps(tree)) == tree
    if not tree.symbols:
        assert tree_of(build_layers(tree)) == tree


def test_symbols_are_substituted_on_the_tree(texts):
    tree = parse("wc.Nx4-fir.4x15-wc.1x2R-stategain.Sx2R")
    texts.clear()
    bound = with_sizes(tree, {"N": 18, "R": 3, "S": 2})
    assert bound.string == "wc.18x4-fir.4x15-wc.1x6-stategain.2x6"
    assert tree.symbols == {"N", "R", "S"} and not bound.symbols
    data = fit_to_data(parse("lvl"), {"stim": (7,)})
    assert (data.string, texts) == ("lvl.7", ["lvl"])
    with pytest.raises(ModelStringError) as caught:
        with_sizes(parse("wc.Nx4-fir.4x15", N=18), signals={"stim": (5,)})
    assert caught.value.string == "wc.18x4-fir.4x15"
    assert caught.value.string[slice(*caught.value.span)] == "18"


def test_options_keep_every_bit():
    value = 0.1 + 0.2
    model = Model("wc.3x1.l2-lvl.1")
    model.layers[0].options["l2"] = np.float64(value)
    assert dict(tree_of(model.layers).keywords[0].options) == {"l2": value}


def test_a_model_that_fits_the_data_is_not_bound_again():
    tree = parse(BRANCHED)
    assert tree.reads == (("stim", (4,)),)
    assert fit_to_data(tree, {"stim": (4,)}, (1,)) is tree
    tree = parse("wc.18x4-stategain.2x4-wc.4x1@pupil")
    assert tree.reads == (("stim", (18,)), ("state", (2,)), ("pupil", (4,)))
    sizes = {"stim": (18,), "state": (2,), "pupil": (4,)}
    assert fit_to_data(tree, sizes) is tree
    for name in sizes:
        with pytest.raises(ModelStringError, match="E201"):
            fit_to_data(tree, {**sizes, name: (5,)})


# ---- how often a string is read --------------------------------------------------------------


def test_a_string_is_read_once(texts, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.random((200, 3))
    y = x[:, :1] + 0.1 * rng.random((200, 1))
    model = Model("wc.3x1-fir.1x4-lvl.1")
    assert len(texts) == 1
    fitted = model.fit(x, y, verbose=0, max_iterations=1)
    fitted.score(x, y)
    fitted.predict(x)
    fitted.evaluate(x)
    Model(layers=list(fitted.layers))
    convert_from = len(texts)
    assert convert_from == 1
    Model("wc.Nx1-fir.1x4-lvl.R").fit(x, y, verbose=0, max_iterations=1).predict(x)
    assert len(texts) == 2


def test_to_another_dialect_only_its_string_is_read(texts):
    convert("wc.18x4-fir.4x15-dexp.1", "native", "nems")
    # what was given, and what was written, which is held against it
    assert texts == ["wc.18x4-fir.4x15-dexp.1", "wc.18x4-fir.15x4-dexp.1"]


@pytest.mark.parametrize(
    "strings",
    [
        ["wc.3x1-lvl.1", "wc.3x1-dexp.1", "wc.3x1-fir.1x3-relu.1"],
        ["wc.Nx1-lvl", "wc.Nx1 - fir.x4"],
    ],
)
def test_a_sweep_reads_each_string_once(strings, texts, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.random((200, 3))
    y = x[:, :2] + 0.1 * rng.random((200, 2))
    results = sweep(
        strings, {"one": (x, y), "two": (x, y[:, :1])}, tmp_path / "r.db", executor="serial",
        show_progress=False, max_iterations=2,
    )  # fmt: skip
    assert set(results.to_pandas()["status"]) == {"ok"}
    assert len(texts) <= len(strings), texts


def test_a_space_reads_no_more_than_its_variants(texts):
    space = expand("wc.18x{r=1..4}-fir.{r}x15-{lvl,dexp}.1")
    models = list(space)
    assert len(models) == 8
    assert len(texts) <= 8
    before = len(texts)
    seen = preview(expand("wc.Nx{r=1..4}-fir.{r}x15-{lvl,dexp}.1"), n_bins=0)
    assert seen.n_models == 8
    assert len(texts) - before <= 8 + 3


def test_known_trees_forget():
    trees = KnownTrees(most=2)
    first = trees.of("wc.18x1")
    assert trees.of("wc.18x1") is first
    trees.of("wc.18x2")
    trees.of("wc.18x3")
    assert trees.of("wc.18x1") is not first
