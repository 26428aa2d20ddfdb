"""Models in files: every bit comes back, and nothing else is taken for a model."""

from __future__ import annotations

import json
import os
import stat

import numpy as np
import pytest

from nems_dsl import Model, ModelSet, fit
from nems_dsl.distributions import Normal
from nems_dsl.keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from nems_dsl.layers.base import KeywordLayer, Layer, Parameter, Phi

STRINGS = [
    "wc.18x4-fir.4x15-dexp.1",
    "wc.18x3.g.n-stp.3-fir.3x15-relu.1.s.o",
    "wc.18x1x5.p.l2e-2-fir.1x7x5-relu.5-wc.5x2-dexp.2",
    "strf.18x2x25x2.relu-lvl.2",
    "a=wc.18x2-fir.2x4-lvl.1",
]


@pytest.mark.parametrize("string", STRINGS)
def test_predictions_come_back_to_the_last_bit(string, tmp_path):
    x = np.random.default_rng(0).random((300, 18))
    model = Model(string, name="mine").sample_from_priors(seed=3)
    y = model.predict(x) + np.random.default_rng(1).normal(size=model.predict(x).shape)
    model.freeze_layers(0)
    fitted = model.fit(x, y, verbose=0, max_iterations=3)
    path = fitted.save(tmp_path / "model.json")
    loaded = Model.load(path)
    assert (loaded.string, loaded.name, loaded.results) == (string, "mine", fitted.results)
    np.testing.assert_array_equal(loaded.predict(x), fitted.predict(x))
    for one, other in zip(fitted.layers, loaded.layers, strict=True):
        for name, parameter in one.parameters.items():
            again = other.parameters[name]
            assert again.prior == parameter.prior
            assert again.is_frozen == parameter.is_frozen
            for bound, same in zip(parameter.bound_arrays(), again.bound_arrays(), strict=True):
                np.testing.assert_array_equal(bound, same)
    assert loaded.save(tmp_path / "again.json").read_text() == path.read_text()


def test_changed_bounds_and_priors_are_kept(tmp_path):
    model = Model("wc.3x1-lvl.1")
    model.layers["lvl"].parameters["shift"].bounds = (-1, np.inf)
    model.layers["lvl"].parameters["shift"].prior = Normal(2, 3)
    loaded = Model.load(model.save(tmp_path / "m.json"))
    assert loaded.layers["lvl"].parameters["shift"].bounds == (-1, np.inf)
    assert loaded.layers["lvl"].parameters["shift"].prior == Normal(2.0, 3.0)


def test_it_is_json_without_anything_that_runs(tmp_path):
    path = Model("wc.3x1-stp.1").save(tmp_path / "m.json")
    data = json.loads(path.read_text(), parse_constant=lambda word: pytest.fail(word))
    assert data["string"] == "wc.3x1-stp.1"
    assert data["format_version"] == 1


def damaged(path, **changes):
    data = json.loads(path.read_text())
    data.update(changes)
    path.write_text(json.dumps(data))
    return path


def test_what_is_no_model_is_refused(tmp_path):
    path = Model("wc.3x1-lvl.1").save(tmp_path / "m.json")
    text = path.read_text()
    for content, match in [
        ("", "damaged, or no model file"),
        (text[: len(text) // 2], "damaged, or no model file"),
        ("[1, 2]", "no model file"),
        ('{"string": "wc.3x1"}', "its format is not"),
    ]:
        path.write_text(content)
        with pytest.raises(ValueError, match=match):
            Model.load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="damaged, or no model file"):
        Model.load(path)
    for changes, match in [
        ({"format_version": 99}, r"format version 99.* upgrade"),
        ({"format_version": None}, "format version None"),
        ({"string": "wc.3x1-zap.1"}, r"(?s)does not know.*no keyword `zap`"),
        ({"string": 7}, "does not know, or a damaged one"),
        ({"parameters": {}}, "is damaged: it has parameters of"),
        ({"parameters": 3}, "is damaged"),
        ({"results": {"loss": 1}}, "is damaged"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=match) as caught:
            Model.load(damaged(path, **changes))
        assert str(path) in str(caught.value)
    path.write_text(text.replace("0.02", "0.02, 0.02"))
    with pytest.raises(ValueError, match="is damaged"):
        Model.load(path)
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "missing.json")


def test_a_model_of_own_layers_has_no_string_to_be_saved_by(tmp_path):
    class Own(Layer):
        def evaluate(self, x):
            return x

    with pytest.raises(ValueError, match="Own has no keyword"):
        Model(layers=Own()).save(tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="links and modes are matters of POSIX")
def test_a_save_follows_links_keeps_permissions_and_replaces_nothing_else(tmp_path):
    model = Model("lvl.1")
    private, link, pipe = (tmp_path / name for name in ("private", "link", "pipe"))
    private.touch()
    private.chmod(0o600)
    link.symlink_to(private)
    model.save(link)
    assert link.is_symlink() and Model.load(private) == model
    assert private.stat().st_mode & 0o777 == 0o600
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="no file"):
        model.save(pipe)
    assert pipe.is_fifo() and len(list(tmp_path.iterdir())) == 3


def test_nothing_is_half_written(tmp_path, monkeypatch):
    path = tmp_path / "m.json"
    Model("wc.3x1").save(path)
    before = path.read_text()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        Model("wc.4x1").save(path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.json"]


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
def test_files_have_the_modes_that_the_user_has_chosen(tmp_path):
    before = os.umask(0o027)
    try:
        path = Model("wc.3x1").save(tmp_path / "m.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


# ---- names of layers -------------------------------------------------------------------------


def named(**names):
    model = Model("wc.6x2-relu.2-relu.2-fir.2x4").sample_from_priors(seed=0)
    model.layers.set_names([names.get(name) for name in model.layers.names])
    return model


@pytest.mark.parametrize(
    "names",
    [
        {"wc": "spectral", "fir": "temporal"},
        {"relu1": "rectifier"},
        {"wc": "fir", "fir": "wc"},
        {"relu2": "relu1", "relu1": "relu2"},
        {"wc": "größe 1.5"},
    ],
)
def test_names_of_layers_come_back(names, tmp_path):
    model = named(**names)
    loaded = Model.load(model.save(tmp_path / "m.json"))
    assert loaded == model
    assert loaded.layers.names == model.layers.names
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    x = np.random.default_rng(0).random((50, 6))
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_files_of_before_have_no_names_of_layers(tmp_path):
    for names in ({}, {"wc": "spectral", "relu2": "second"}):
        model = named(**names)
        path = model.save(tmp_path / "m.json")
        data = json.loads(path.read_text())
        del data["layer_names"], data["meta"]
        path.write_text(json.dumps(data))
        loaded = Model.load(path)
        assert loaded == named(**names) and loaded.meta == {}


def test_names_in_a_folder_of_models(tmp_path):
    x = np.random.default_rng(0).random((80, 6))
    model = Model("wc.6x1-lvl.1")
    model.layers[0].name = "spectral"
    models = fit(model, x, x[:, :2], verbose=0)
    loaded = ModelSet.load(models.save(tmp_path / "set"))
    assert list(loaded) == list(models)
    assert list(loaded.get_parameter_values()) == ["spectral", "lvl"]


def test_a_file_that_names_layers_wrongly_is_damaged(tmp_path):
    path = named().save(tmp_path / "m.json")
    text = path.read_text()
    for names, match in [
        (["a"], "damaged: it names 1 layers; the string has 4"),
        (["a", "a", None, None], "damaged: two layers .* called 'a'"),
        ([3, None, None, None], "damaged: a layer's name is a word"),
        (3, "damaged"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=match):
            Model.load(damaged(path, layer_names=names))
    path.write_text(text)
    with pytest.raises(ValueError, match="damaged: meta is a dict"):
        Model.load(damaged(path, meta=[1]))


def test_two_layers_of_one_own_keyword_are_told_apart(tmp_path):
    before = dict(registry._entries)
    try:

        @registry.register
        class Root(KeywordLayer):
            signature = Signature(
                head="rooted",
                summary="takes a root",
                equation="y = |x|^a",
                forms=POINTWISE_FORMS,
                flows=POINTWISE_FLOWS,
            )

            def initial_parameters(self):
                return Phi(Parameter("a", self.shape, initial_value=0.5))

            def evaluate(self, x):
                return np.abs(x) ** self.parameters["a"].values

        model = Model("wc.4x2-rooted.2-rooted.2")
        values = {"rooted1": {"a": [0.3, 0.4]}, "rooted2": {"a": [0.6, 0.7]}}
        model.set_parameter_values(values)
        assert Model.load(model.save(tmp_path / "m.json")) == model
    finally:
        registry._entries.clear()
        registry._entries.update(before)
        registry.version += 1
