"""Users' data are read once for each call, and what has been read can be given to any."""

from __future__ import annotations

import numpy as np
import pytest

import nems_dsl
from nems_dsl import Model, Objective
from nems_dsl.data import read_recording
from nems_dsl.models import ModelSet

STRING = "wc.3x1-fir.1x3-stategain.2x1"
RNG = np.random.default_rng(0)
X, S = RNG.random((120, 3)), RNG.random((120, 2))
Y = X[:, :2] * (1 + S[:, :1]) + 0.1 * RNG.random((120, 2))
FEW = {"max_iterations": 2}


class Counted:
    """An array that counts how often it is asked for its values."""

    def __init__(self, values):
        self.values, self.n_reads = values, 0

    def __array__(self, dtype=None, copy=None):
        self.n_reads += 1
        return self.values


def sweep(data, folder, **arguments):
    options = {"executor": "serial", "show_progress": False, **FEW, **arguments}
    return nems_dsl.sweep(["wc.3x1", STRING], data, folder / "r.db", **options).to_pandas()


def objective(model, x, y=None, state=None):
    made = Objective(model, x, y, state=state)
    return made.value_and_grad(made.theta0)


CALLS = {
    "fit": lambda m, x, y, s: m.fit(x, y, state=s, verbose=0, **FEW),
    "fit of many": lambda m, x, y, s: nems_dsl.fit(STRING, x, y, state=s, verbose=0, **FEW),
    "predict": lambda m, x, y, s: m.predict(x, state=s),
    "evaluate": lambda m, x, y, s: list(m.evaluate(x, state=s).values()),
    "dstrf": lambda m, x, y, s: m.dstrf(x, [10, 20], state=s),
    "score": lambda m, x, y, s: m.score(x, y, state=s),
    "cross_validate": lambda m, x, y, s: m.cross_validate(x, y, state=s, n_folds=3, **FEW),
    "a choice": lambda m, x, y, s: nems_dsl.cross_validate(
        [m, STRING], x, y, state=s, n_folds=3, n_inner_folds=2, **FEW
    ),
    "objective": objective,
}
WITHOUT_RESPONSE = {"predict", "evaluate", "dstrf"}
OF_MANY = {"fit of many", "cross_validate", "a choice"}


def response_of(name):
    return Y if name in OF_MANY else Y[:, :1]


@pytest.mark.parametrize("name", CALLS)
def test_data_are_read_once(name):
    x, y, state = signals = [Counted(values) for values in (X, response_of(name), S)]
    CALLS[name](Model(STRING), x, y, state)
    expected = [1, 0, 1] if name in WITHOUT_RESPONSE else [1, 1, 1]
    assert [signal.n_reads for signal in signals] == expected


def test_data_of_a_set_a_figure_and_a_validation_are_read_once():
    x, y, state = signals = [Counted(values) for values in (X, Y, S)]
    given = {"stim": x, "state": state}
    models = nems_dsl.fit(STRING, {"stim": X, "state": S}, Y, verbose=0, **FEW)
    models.score(given, y)
    assert [signal.n_reads for signal in signals] == [1, 1, 1]
    models.predict(given)
    assert [signal.n_reads for signal in signals] == [2, 1, 2]
    models[0].plot(given, y)
    assert [signal.n_reads for signal in signals] == [3, 2, 3]
    nems_dsl.fit(
        STRING, {"stim": X, "state": S}, Y, validation=(given, y), verbose=0, **FEW
    )  # fmt: skip
    assert [signal.n_reads for signal in signals] == [4, 3, 4]


def test_a_sweep_reads_each_data_set_once(tmp_path):
    sets = {name: [Counted(values) for values in (X, Y, S)] for name in ("one", "two")}
    data = {name: (x, y, None, state) for name, (x, y, state) in sets.items()}
    rows = sweep(data, tmp_path, n_folds=2)
    assert len(rows) == 16 and set(rows.status) == {"ok"}
    assert [signal.n_reads for signals in sets.values() for signal in signals] == [1] * 6


# ---- data that were read before --------------------------------------------------------------


def told(found):
    """Give all numbers of what a call has returned."""
    if hasattr(found, "scores"):
        return [found.scores, found.scores_fit, found.prediction, found.score]
    if isinstance(found, Model):
        return [v for layer in found.get_parameter_values().values() for v in layer.values()]
    if isinstance(found, ModelSet):
        return [v for model in found for v in told(model)]
    return list(found) if isinstance(found, list | tuple) else [found]


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_a_recording_is_taken_for_the_data(name):
    y = response_of(name)
    recording = read_recording(X, y, state=S)
    expected = CALLS[name](Model(STRING), X, y, S)
    found = CALLS[name](Model(STRING), recording, None, None)
    for one, other in zip(told(found), told(expected), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_recording_is_taken_by_sets_and_figures():
    recording = read_recording(X, Y, state=S)
    models = nems_dsl.fit(STRING, recording, validation=recording, verbose=0, **FEW)
    given = {"stim": X, "state": S}
    np.testing.assert_array_equal(models.predict(recording), models.predict(given))
    np.testing.assert_array_equal(models.score(recording), models.score(given, Y))
    lines = [
        figure.axes[2].lines[0].get_ydata()
        for figure in (models[0].plot(recording), models[0].plot(given, Y))
    ]
    np.testing.assert_array_equal(*lines)


def test_a_recording_is_a_data_set_of_a_sweep(tmp_path):
    recording = read_recording(np.split(X, 4), np.split(Y, 4), state=np.split(S, 4))
    arrays = np.split(X, 4), np.split(Y, 4), [0, 1, 0, 1], np.split(S, 4)
    tables = []
    for given in (arrays, (recording, None, [0, 1, 0, 1]), lambda: (recording, None, [0, 1, 0, 1])):
        folder = tmp_path / str(len(tables))
        folder.mkdir()
        table = sweep({"cell": given}, folder)
        tables.append(table.drop(columns=["seconds", "finished"]))
    assert tables[0].equals(tables[1]) and tables[0].equals(tables[2])
    whole = sweep({"cell": recording}, tmp_path)
    assert set(whole.status) == {"ok"} and len(whole) == 4
    with pytest.raises(TypeError, match="data set 'cell': a state goes with a stimulus"):
        sweep({"cell": (recording, None, None, S)}, tmp_path)
