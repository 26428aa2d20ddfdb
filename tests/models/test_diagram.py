"""Diagrams say what reads what, in three notations."""

from __future__ import annotations

import re

import pytest

from nems_dsl import Model
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.graph.wiring import connect, signals_of
from nems_dsl.layers.base import Layer

BRANCHED = "a=wc.18x2-b=fir.2x10-c=fir.2x5@a-mult@b,c-dexp.1"


class Join(Layer):
    def evaluate(self, *signals):
        return sum(signals)


def drawn(model, format="text"):
    return model.diagram(format).splitlines()


def edges_of(source):
    """Give the pairs of texts that lines join, with what is written on them."""
    boxes = dict(re.findall(r'^ *(n\d+)(?: \[label=|\(\[|\[)"(.*?)"', source, re.MULTILINE))
    lines = re.findall(r'(n\d+) -->\|"(.*?)"\| (n\d+)', source)
    lines += [(a, t, b) for a, b, t in re.findall(r'(n\d+) -> (n\d+) \[label="(.*?)"\]', source)]
    return {(boxes[a], text, boxes[b]) for a, text, b in lines}


# ---- text ------------------------------------------------------------------------------------


def test_a_chain():
    assert drawn(Model("wc.18x2x3-fir.2x15-dexp.3")) == [
        "●  stim",
        "│  (T, 18)",
        "●  wc.18x2x3",
        "│  (T, 2, 3)",
        "●  fir.2x15",
        "│  (T, 3)",
        "●  dexp.3",
        "│  (T, 3)",
        "●  output",
    ]


def test_branches_part_and_meet():
    assert drawn(Model(BRANCHED)) == [
        "●    stim",
        "│    (T, 18)",
        "●    a = wc.18x2",
        "│    (T, 2)",
        "├─●  b = fir.2x10",
        "│ │  (T, 1)",
        "● │  c = fir.2x5",
        "│ │  (T, 1)",
        "●─╯  mult@b,c",
        "│    (T, 1)",
        "●    dexp.1",
        "│    (T, 1)",
        "●    output",
    ]


def test_a_line_goes_behind_another():
    model = Model("a=wc.18x2-b=wc.2x1-c=wc.2x1@a-d=wc.2x1@a-mult@a,c-mult@b,d")
    assert drawn(model)[4:] == [
        "├─●      b = wc.2x1",
        "│ │      (T, 1)",
        "├─│─●    c = wc.2x1",
        "│ │ │    (T, 1)",
        "├─│─│─●  d = wc.2x1",
        "│ │ │ │  (T, 1)",
        "●─│─╯ │  mult@a,c",
        "  │   │  (T, 2), which nothing reads",
        "  ●───╯  mult@b,d",
        "  │      (T, 1)",
        "  ●      output",
    ]


def test_signals_of_the_data_come_in_where_they_are_read():
    rows = drawn(Model("wc.18x1-fir.1x5-stategain.2x1"))
    assert rows[4:] == [
        "●    fir.1x5",
        "│    (T, 1)",
        "│ ●  state",
        "│ │  (T, 2)",
        "●─╯  stategain.2x1",
        "│    (T, 1)",
        "●    output",
    ]


def test_what_nothing_reads():
    rows = drawn(Model("a=wc.18x4-fir.4x15@a-wc.4x2@a"))
    assert rows[4:8] == [
        "├─●  fir.4x15",
        "│    (T, 1), which nothing reads",
        "●    wc.4x2",
        "│    (T, 2)",
    ]


def test_open_sizes_keep_their_symbols():
    rows = drawn(Model("wc.Nx4-fir.x15-wc.1xR-stategain.SxR"))
    shapes = [row.split("  ")[-1] for row in rows[1::2]]
    assert shapes == ["(T, N)", "(T, 4)", "(T, 1)", "(T, R)", "(T, S)", "(T, R)"]


def test_time_thinned_out():
    rows = drawn(Model("fir.4x5.s2-relu.1-fir.1x3.s3"))
    assert rows[1::2] == ["│  (T, 4)", "│  (T/2, 1)", "│  (T/2, 1)", "│  (T/6, 1)"]


def test_layers_without_a_keyword():
    model = Model("a=wc.18x2-fir.2x3")
    model.add_layers(Join(input={"x": "a", "y": "aux"}, output="sum", name="join"))
    assert drawn(model) == [
        "●    stim",
        "│    (T, 18)",
        "●    a = wc.18x2",
        "│    (T, 2)",
        "├─●  fir.2x3",
        "│    (T, 1), which nothing reads",
        "│ ●  aux",
        "│ │  (T, ...)",
        "●─╯  sum = join@a,aux",
        "│    (T, ...)",
        "●    output",
    ]


def test_no_layers():
    assert Model().diagram() == ""


# ---- sources of drawings ---------------------------------------------------------------------


@pytest.mark.parametrize("format", ["mermaid", "graphviz"])
def test_sources_have_the_same_edges(format):
    source = Model(BRANCHED).diagram(format)
    assert edges_of(source) == {
        ("stim", "(T, 18)", "a = wc.18x2"),
        ("a = wc.18x2", "(T, 2)", "b = fir.2x10"),
        ("a = wc.18x2", "(T, 2)", "c = fir.2x5"),
        ("b = fir.2x10", "(T, 1)", "mult@b,c"),
        ("c = fir.2x5", "(T, 1)", "mult@b,c"),
        ("mult@b,c", "(T, 1)", "dexp.1"),
        ("dexp.1", "(T, 1)", "output"),
    }


def test_graphviz_in_full():
    assert Model("lvl.2").diagram("graphviz").splitlines() == [
        "digraph model {",
        "    node [shape=box];",
        '    n0 [label="stim", shape=ellipse];',
        '    n1 [label="lvl.2"];',
        '    n2 [label="output", shape=ellipse];',
        '    n0 -> n1 [label="(T, 2)"];',
        '    n1 -> n2 [label="(T, 2)"];',
        "}",
    ]


def test_names_are_quoted():
    model = Model(layers=[Join(name='a "b" <c> \\ & d')])
    assert '["a #quot;b#quot; #lt;c> \\ #amp; d"]' in model.diagram("mermaid")
    assert r'[label="a \"b\" <c> \\ & d"]' in model.diagram("graphviz")


def test_other_formats_are_refused():
    with pytest.raises(ValueError, match="one of 'text', 'mermaid', 'graphviz', not 'svg'"):
        Model("lvl.1").diagram("svg")


# ---- every keyword ---------------------------------------------------------------------------


@pytest.mark.parametrize("head", list(catalogue()))
def test_every_edge_of_every_example(head):
    model = Model(catalogue()[head].signature.example)
    nodes = connect(model.layers)
    n_edges = sum(len(node.sources) for node in nodes) + 1
    for format, arrow in (("mermaid", "-->"), ("graphviz", "->")):
        assert sum(arrow in line for line in drawn(model, format)) == n_edges
    rows = drawn(model)
    assert sum("●" in row for row in rows) == len(nodes) + len(signals_of(nodes)) + 1
    assert "..." not in model.diagram()
