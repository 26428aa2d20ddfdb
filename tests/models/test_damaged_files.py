"""Files of models that are damaged, or made to do harm; and saving that is cut short."""

import copy
import json
import os
import signal
import subprocess
import sys

import pytest

from nems_dsl import Model


@pytest.fixture
def path(tmp_path):
    return Model("wc.4x1-lvl.1").save(tmp_path / "model.json")


def _changed(**parts):
    def change(data):
        data.update(parts)

    return change


def _with_values(values):
    def change(data):
        data["parameters"]["wc"]["coefficients"]["values"] = values

    return change


_DAMAGE = {
    "NaN": (_with_values([[float("nan")]] * 4), "NaN or infinite"),
    "infinite": (_with_values([["inf"]] * 4), "NaN or infinite"),
    "a huge number": (_with_values([[10**400]] * 4), "too large"),
    "a number for a list": (_with_values(3.0), "shape"),
    "a dict of values": (_with_values({}), "'values' is a dict"),
    "results in a list": (_changed(results=[1]), "'results' is a list"),
    "a version below 1": (_changed(format_version=-5), "format version -5"),
    "a version of True": (_changed(format_version=True), "format version True"),
    "another model's id": (_changed(model_id="0" * 12), "model_id is 000000000000"),
    "parameters in a list": (_changed(parameters=[]), "'parameters' is a list"),
    "no string": (lambda data: data.pop("string"), "no 'string'"),
    "much from little": (_changed(string="wc.30000x30000"), "asks for 900000000 parameters"),
}


@pytest.mark.parametrize("kind", _DAMAGE)
def test_damage_is_told_with_the_file(kind, path):
    change, told = _DAMAGE[kind]
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=told) as caught:
        Model.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, '{"a": ' + "1" * 10_000 + "}", ""])
def test_text_that_json_cannot_hold_is_told_with_the_file(text, path):
    path.write_text(text)
    with pytest.raises(ValueError, match=r"model\.json is damaged"):
        Model.load(path)


def test_every_part_of_a_file_may_be_anything(path):
    data = json.loads(path.read_text())
    for part in data:
        for value in (None, [], {}, 0, "x", [[]], {"a": 1}, 1e308, True):
            changed = copy.deepcopy(data)
            changed[part] = value
            path.write_text(json.dumps(changed))
            try:
                Model.load(path)
            except ValueError as fault:
                assert str(path) in str(fault)


_SAVE = """
import os, sys, time
from pathlib import Path
from nems_dsl.models import saving
saving.os.fsync = lambda handle: (print(flush=True), time.sleep(60))
saving.write_json({}, Path("model.json"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks by flock")
def test_what_a_killed_save_left_is_cleared_by_the_next(path):
    before = path.read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-c", _SAVE], cwd=path.parent, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    Model("wc.4x1-lvl.1").save(path)
    # another process is still at it
    assert len(os.listdir(path.parent)) == 2 and path.read_bytes() == before
    process.send_signal(signal.SIGKILL)
    process.communicate()
    Model("wc.4x1-lvl.1").save(path)
    assert os.listdir(path.parent) == ["model.json"]
