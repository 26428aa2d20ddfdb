"""Which channels a model is for is decided in one place, for all studies."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import nems_dsl
from nems_dsl import Model
from nems_dsl.data import read_recording
from nems_dsl.models import ModelSet
from nems_dsl.studies.channels import plan_channels

PACKAGE = Path(nems_dsl.__file__).parent
RNG = np.random.default_rng(0)
X = RNG.random((80, 3))
Y = X[:, :2] + 0.1 * RNG.random((80, 2))
FEW = {"max_iterations": 1}


@pytest.mark.parametrize(
    ("string", "groups"),
    [
        ("wc.3x1-lvl.1", [(0,), (1,)]),
        ("wc.Nx1-fir.x3", [(0,), (1,)]),
        ("a=wc.3x1-b=wc.3x1@stim-cat@a,b-sum", [(0,), (1,)]),
        ("wc.3x2-lvl.2", [(0, 1)]),
        ("wc.NxR", [(0, 1)]),
        ("a=wc.3x1-b=wc.3x1@stim-cat@a,b", [(0, 1)]),
    ],
)
def test_all_studies_agree(string, groups, tmp_path):
    recording = read_recording(X, Y)
    assert [job.channels for job in plan_channels(string, recording)] == groups
    fitted = nems_dsl.fit(string, recording, verbose=0, **FEW)
    assert isinstance(fitted, ModelSet) == (len(groups) > 1)
    folds = nems_dsl.cross_validate(string, recording, n_folds=2, **FEW).models
    assert [len(each) if isinstance(each, list) else 1 for each in folds] == [len(groups)] * 2
    rows = nems_dsl.sweep(
        string, {"cell": recording}, tmp_path / "r.db", "serial", show_progress=False, **FEW
    ).to_pandas()
    whole = {(0, 1)} if rows.channel.isna().all() else {(channel,) for channel in rows.channel}
    assert whole == set(groups)


def test_one_channel_of_a_model_that_is_open_is_one_model():
    recording = read_recording(X, Y[:, :1])
    assert isinstance(nems_dsl.fit("wc.NxR", recording, verbose=0, **FEW), Model)
    assert [job.channels for job in plan_channels("wc.NxR", recording)] == [(0,)]
    assert all(
        isinstance(model, Model)
        for model in nems_dsl.cross_validate("wc.NxR", recording, n_folds=2, **FEW).models
    )


def test_nobody_else_decides():
    deciding = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.IfExp | ast.If) and _asks(node.test)
    }
    # a set of models refuses those with several outputs, and a message tells of `fit`, so that
    # these decide nothing for a study; a job is told by its channel, or by none if it is for all;
    # and a figure of one output takes one channel of the data
    assert deciding == {
        "cli/plot.py",
        "compiler/data.py", "models/model_set.py", "studies/design.py", "sweeps/running/jobs.py"
    }  # fmt: skip


def _asks(test: ast.expr) -> bool:
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(test)
        if isinstance(node, ast.Attribute | ast.Name)
    }
    return "has_one_output" in names
