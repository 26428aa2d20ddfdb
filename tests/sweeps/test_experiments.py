"""Sweeps over experiment strings, and over patterns of all three sections."""

import numpy as np
import pytest

from nems_dsl import expand, open_results, run, sweep
from nems_dsl.datasets import simulate

MODEL = "wc.6x1-fir.1x4-lvl.1"


@pytest.fixture(scope="module")
def data():
    return simulate(n_times=900, n_channels=6, n_taps=4, n_outputs=2, snr=4.0, seed=2)


@pytest.fixture(scope="module")
def swept(data, tmp_path_factory):
    store = tmp_path_factory.mktemp("sweep") / "results.db"
    pattern = f"{{s=zs,mm}}-kf{{n=3,4}}_{MODEL}_search.i{{20,30}}"
    return sweep([pattern, MODEL, "zs-ch.1x3_fir.Nx4_"], {"A": data}, store, "serial")


def test_each_experiment_has_its_own_folds(swept):
    table = swept.to_pandas()
    assert (table.status == "ok").all()
    n_folds = table.groupby("experiment").fold.nunique()
    for experiment, n in n_folds.items():
        assert n == (3 if "kf3" in experiment else 4 if "kf4" in experiment else 1)
    assert len(table) == 2 * (2 * (3 + 4) * 2 + 1 + 1)
    assert set(table.s.dropna()) == {"zs", "mm"} and set(table.n.dropna()) == {3, 4}
    assert (table.experiment_id == table.model_id).all()
    assert set(table.recipe) == {table.recipe.iloc[0]}


def test_a_row_is_what_run_gives(swept, data):
    """Scores of folds are those of `run`, and a model that is loaded takes raw data."""
    string = f"zs-kf3_{MODEL}_search.i20"
    rows = swept.to_pandas().query("experiment == @string and channel == 0").sort_values("fold")
    (each,) = {string} & set(rows.string)
    found = run(string.replace("kf3", "kf3.each"), data.stim, data.resp[:, :1])
    np.testing.assert_allclose(np.mean(rows.r_test), found.score, rtol=1e-12)
    model = swept.load(each, "A", channel=0, fold=1)
    predicted = model.predict(data.stim)
    assert model.preparation.string == "zs"
    fold = slice(300, 600)
    score = np.corrcoef(predicted[fold, 0], data.resp[fold, 0])[0, 1]
    assert abs(score - rows.r_test.iloc[1]) < 1e-2


def test_the_same_again_does_nothing_and_tables_tell_experiments_apart(swept, data):
    store = swept.location
    again = sweep([f"zs-kf3_{MODEL}_search.i20"], {"A": data}, store, "serial")
    assert len(again.to_pandas()) == len(swept.to_pandas())
    assert len(swept.pivot().columns) == 10
    assert open_results(store).best("r_test").shape[0] == 1
    a, b = f"zs-kf3_{MODEL}_search.i20", f"mm-kf3_{MODEL}_search.i20"
    assert len(swept.compare(a, b).neurons) == 2


def test_arguments_that_say_what_the_string_says_are_refused(data, tmp_path):
    for more in ({"n_folds": 3}, {"test": 0.3}, {"loss": "mse"}, {"seed": 1}):
        with pytest.raises(ValueError, match=r"zs_wc.*says how data are split and models fitted"):
            sweep(f"zs_{MODEL}_", {"A": data}, tmp_path / "r.db", "serial", **more)
    with pytest.raises(ValueError, match="data set 'A'"):
        sweep(f"kf2000_{MODEL}_", {"A": data}, tmp_path / "r.db", "serial")


def test_spaces_over_three_sections():
    space = expand("{zs,mm}[-kf10]_wc.18x{1,2}-lvl_[start.n{2,5}]")
    assert len(space) == 2 * 2 * 2 * 3 and space.error is None and space.n_models == 24
    first = space[0]
    assert first.canonical == "zs_wc.18x1-lvl.1_" and first.n_parameters == 19
    assert first.experiment.steps[0].head == "zs"
    faulty = expand("{zs,zz}_wc.18x1-lvl_")
    assert faulty.error is not None and faulty.error.code == "E601"
    assert faulty.n_models == 1


def test_what_does_not_change_the_result_is_merged():
    space = expand("{zs-est80,zs}_{strf.18x15,fir.18x15}_[seed0]")
    assert space.n_models == 1 and space.n_merged == 7
