"""Plans of sweeps: written before data are seen, never changed, and compared to what was done."""

import json

import pytest

from nems_dsl import ModelStringError, sweep
from nems_dsl.datasets import simulate
from nems_dsl.sweeps import compare_to_plan, plan_sweep, read_plan
from nems_dsl.sweeps.running.jobs import Recipe

PATTERN = "wc.4x1-fir.1x{2,3}-lvl.1"


@pytest.fixture(scope="module")
def data():
    return simulate(n_times=600, n_channels=4, n_taps=3, snr=4.0, seed=5)


def test_a_plan_is_written_once_and_read_as_it_was(tmp_path):
    plan = plan_sweep(
        PATTERN, {"A1": "a1.npz"}, tests=["wc.4x1-fir.1x3[-lvl.1]"], recipe=Recipe(n_folds=3)
    )
    path = plan.save(tmp_path / "plan.json")
    again = read_plan(path)
    assert again == plan and again.sha256 == plan.sha256
    assert json.loads(path.read_text())["sha256"] == plan.sha256
    for text in ("wc.4x1-fir.1x{2,3}-lvl.1", "2 in all", "A1", "[-lvl.1]", plan.sha256):
        assert text in str(plan)
    with pytest.raises(FileExistsError, match="written once"):
        plan.save(path)


@pytest.mark.parametrize("name", ["models", "datasets", "tests", "recipe", "written"])
def test_a_plan_that_was_changed_is_refused(tmp_path, name):
    path = plan_sweep(PATTERN, ["A1"], tests=["wc.4x1[-lvl.1]"]).save(tmp_path / "plan.json")
    told = json.loads(path.read_text())
    told[name] = told[name][:-1] if isinstance(told[name], list | str) else {"B": None}
    path.write_text(json.dumps(told))
    with pytest.raises(ValueError, match="was changed after it was written"):
        read_plan(path)


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(ModelStringError, match="E101"):
        plan_sweep("wc.4x1-{lvl,lvll}.1", ["A1"])
    with pytest.raises(ValueError, match="hypothesis"):
        plan_sweep("wc.4x1", ["A1"], tests=["wc.4x{1..5}"])


def test_done_failed_missing_and_added(tmp_path, data):
    plan = plan_sweep([PATTERN, "fir.5x2", "zs_fir.Nx2_"], ["A1", "B1"])
    store = tmp_path / "results.db"
    strings = ["wc.4x1-fir.1x3-lvl.1", "fir.5x2", "zs_fir.Nx2_", "lvl.4-sum"]
    sweep(strings, {"A1": data, "C1": data}, store, "serial")
    sweep("wc.4x1-fir.1x2-lvl.1", {"A1": data}, store, "serial", n_folds=2)
    found = compare_to_plan(plan, store)
    table = {(row.model, row.dataset): (row.status, row.why) for row in found.table.itertuples()}
    assert table["wc.4x1-fir.1x3-lvl.1", "A1"] == ("done", "")
    assert table["fir.5x2", "A1"] == ("failed", "")
    assert table["zs_fir.Nx2_", "A1"] == ("done", "")
    assert table["lvl.4-sum", "A1"] == ("added", "the model is not in the plan")
    assert table["fir.5x2", "C1"] == ("added", "the data are not in the plan")
    assert table["wc.4x1-fir.1x2-lvl.1", "A1"] == ("added", "it was fitted or tested otherwise")
    assert {status for (_, name), (status, _) in table.items() if name == "B1"} == {"missing"}
    assert str(found).startswith(f"plan {plan.sha256[:12]}: 2 done, 1 failed, 4 missing")
