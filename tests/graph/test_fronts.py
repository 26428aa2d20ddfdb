"""The linear parts of a model that read the data."""

from __future__ import annotations

import pytest

from nems_dsl import Model
from nems_dsl.graph.fronts import find_fronts
from nems_dsl.graph.wiring import connect, needed

# string: for each front its signal, the labels of its layers, and whether it is the whole model
FRONTS = {
    "fir.6x5-lvl.1": [("stim", ["fir", "lvl"], True)],
    "wc.6x2-fir.2x5-dexp.1": [("stim", ["wc", "fir"], False)],
    "wc.6x2-stp.2-fir.2x5-dexp.1": [("stim", ["wc", "fir"], False)],
    "stp.6-wc.6x1-dexp.1": [("stim", ["wc"], False)],
    "fir.6x5-dexp.1-lvl.1": [("stim", ["fir"], False)],
    "wc.6x3-fir.3x5x4-relu.4-wc.4x1-dexp.1": [("stim", ["wc", "fir"], False)],
    "relu.6-fir.6x5": [],
    "a=wc.6x1-r=relu.1@a-b=fir.6x3@stim-c=relu.1@b-mult@r,c": [
        ("stim", ["wc"], False),
        ("stim", ["fir"], False),
    ],
    "a=fir.1x5@pupil-b=wc.6x1@stim-mult@a,b": [
        ("pupil", ["fir"], False),
        ("stim", ["wc"], False),
    ],
    "fir.6x5.s2-dexp.1": [],
}


@pytest.mark.parametrize("string", FRONTS)
def test_fronts_reach_up_to_what_is_not_affine(string):
    nodes = connect(list(Model(string).layers))
    found = [
        (front.signal, [node.layer.label for node in front.nodes], front.is_last)
        for front in find_fronts(nodes, needed(nodes, len(nodes) - 1))
    ]
    assert found == FRONTS[string]
