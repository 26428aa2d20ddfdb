"""What users' tables call their units is kept: to choose by, in tables, and in files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nems_dsl import ModelSet, cross_validate, fit

UNITS = ("A1-01", "A1-02", "PEG-unit-with-a-long-name")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.random((240, 4))
    return x, pd.DataFrame(x @ rng.random((4, 3)) + 0.1 * rng.random((240, 3)), columns=UNITS)


def test_a_set_has_labels(data, tmp_path):
    x, y = data
    models = fit("wc.4x1-lvl.1", x, y, verbose=0)
    assert models.labels == UNITS and models[1:].labels == UNITS[1:]
    assert models.channel("A1-02") is models[1] is models.channel(1)
    rows = models.summary().splitlines()[2:]
    assert [row.split()[0] for row in rows] == list(UNITS)
    models.save(tmp_path / "set")
    assert ModelSet.load(tmp_path / "set").labels == UNITS
    with pytest.raises(KeyError, match="no model is for channel A1-03; there are A1-01, A1-02, P"):
        models.channel("A1-03")


def test_channels_are_chosen_by_name(data):
    x, y = data
    models = fit("wc.4x1-lvl.1", x, y, channels=["A1-02"], verbose=0)
    (by_number,) = [fit("wc.4x1-lvl.1", x, y, channels=[1], verbose=0)]
    assert models == by_number
    both = fit("wc.4x1-lvl.1", x, y, channels=[UNITS[2], UNITS[0]], verbose=0)
    assert both.channels == (2, 0) and both.labels == (UNITS[2], UNITS[0])
    with pytest.raises(ValueError, match="A1-2"):
        fit("wc.4x1-lvl.1", x, y, channels="A1-2", verbose=0)


def test_numbers_are_no_labels(data):
    x, y = data
    models = fit("wc.4x1-lvl.1", x, y.to_numpy(), verbose=0)
    assert models.labels is None
    with pytest.raises(KeyError, match="no model is for channel A1-01; there are channels 0 to 2"):
        models.channel("A1-01")
    assert fit("wc.4x1-lvl.1", x, pd.DataFrame(y.to_numpy()), verbose=0).labels is None


def test_labels_must_go_with_models(data):
    x, y = data
    models = fit("wc.4x1-lvl.1", x, y, verbose=0)
    with pytest.raises(ValueError, match="3 models need as many labels, not 2"):
        ModelSet(models, labels=["a", "b"])


def test_a_cross_validation_has_labels(data):
    x, y = data
    cv = cross_validate("wc.4x1-lvl.1", x, y, n_folds=3)
    assert cv.labels == UNITS
    lines = cv.summary().splitlines()
    table = lines[3:7]
    assert [line.split()[0] for line in table] == ["channel", *UNITS]
    assert len({len(line) for line in table}) == 1
    assert cross_validate("wc.4x1-lvl.1", x, y.to_numpy(), n_folds=3).labels is None
