"""Notes on a model: what JSON can hold, kept wherever the model goes."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from nems_dsl import Model, ModelSet, cross_validate, fit
from nems_dsl.models.saving import from_dict, to_dict

META = {"cellid": "A1-u3", "batch": 322, "probe": {"depths": [400.5, None, True]}}


def test_notes_are_kept_wherever_a_model_goes(tmp_path):
    x = np.random.default_rng(0).random((100, 3))
    model = Model("wc.Nx1-lvl.R", meta=META)
    fitted = model.fit(x, x[:, 0], verbose=0)
    models = fit(model, x, x[:, :2], verbose=0)
    folds = cross_validate(model, x, x[:, 0], n_folds=3).models
    kept = [
        fitted,
        fitted.copy(),
        copy.copy(model),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        fitted.sample_from_priors(seed=0),
        fitted.start_from(fitted),
        Model.load(fitted.save(tmp_path / "m.json")),
        from_dict(json.loads(json.dumps(to_dict(fitted))), Model),
        *models,
        *ModelSet.load(models.save(tmp_path / "set")),
        *folds,
    ]
    for each in kept:
        assert each.meta == META
    kept[0].meta["batch"] = 1
    assert model.meta == META
    assert models.meta == (META, META)


def test_without_notes_there_is_an_empty_dict(tmp_path):
    model = Model("wc.3x1")
    assert model.meta == {}
    model.meta["cell"] = "b"
    assert Model.load(model.save(tmp_path / "m.json")).meta == {"cell": "b"}
    model.meta = None
    assert model.meta == {}


@pytest.mark.parametrize(
    ("meta", "path"),
    [
        ({"a": {"b": [1, np.ones(2)]}}, r"meta\['a'\]\['b'\]\[1\] is a ndarray.*tolist"),
        ({"a": np.int64(3)}, r"meta\['a'\] is an int64"),
        ({"a": {1}}, r"meta\['a'\] is a set"),
        ({"a": float("nan")}, r"meta\['a'\] is nan"),
        ({"a": [float("-inf")]}, r"meta\['a'\]\[0\] is -inf"),
        ({"a": {1: 2}}, r"meta\['a'\] has the key 1.*'1'"),
        ({"a": b"x"}, r"meta\['a'\] is a bytes"),
        ([1], "meta is a dict.*not a list"),
    ],
)
def test_what_json_cannot_hold_is_refused_at_once(meta, path, tmp_path):
    with pytest.raises(TypeError, match=path):
        Model("wc.3x1", meta=meta)
    model = Model("wc.3x1")
    with pytest.raises(TypeError, match=path):
        model.meta = meta
    if isinstance(meta, dict):
        model.meta.update(meta)
        with pytest.raises(TypeError, match=path):
            model.save(tmp_path / "m.json")
        assert not list(tmp_path.iterdir())


def test_what_contains_itself_is_refused():
    meta: dict = {}
    meta["again"] = [meta]
    with pytest.raises(TypeError, match=r"meta\['again'\]\[0\] contains itself"):
        Model("wc.3x1", meta=meta)
    twice = {"a": 1}
    assert Model("wc.3x1", meta={"x": twice, "y": twice}).meta["y"] == {"a": 1}
