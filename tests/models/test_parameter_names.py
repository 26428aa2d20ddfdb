"""Freezing single parameters by name."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.datasets import simulate


def frozen(model):
    return [
        f"{name}.{key}"
        for name, layer in zip(model.layers.names, model.layers, strict=True)
        for key, parameter in layer.parameters.items()
        if parameter.is_frozen
    ]


def test_named_parameters_are_kept_by_a_fit():
    data = simulate(n_times=500, n_channels=4, n_taps=3, snr=4.0, seed=2)
    model = Model("wc.4x1-fir.1x3-dexp.1")
    model.freeze_parameters("dexp.base", "fir.coefficients")
    assert frozen(model) == ["fir.coefficients", "dexp.base"]
    fitted = model.fit(data.stim, data.resp, verbose=0)
    assert fitted.results.n_parameters == 4 + 3
    before, after = model.get_parameter_values(), fitted.get_parameter_values()
    for layer, name in [("dexp", "base"), ("fir", "coefficients")]:
        np.testing.assert_array_equal(before[layer][name], after[layer][name])
    for layer, name in [("dexp", "kappa"), ("wc", "coefficients")]:
        assert not np.array_equal(before[layer][name], after[layer][name])
    model.unfreeze_parameters("dexp.base")
    assert frozen(model) == ["fir.coefficients"]


def test_layers_with_numbers():
    model = Model("wc.4x3-relu.3-wc.3x1")
    model.freeze_parameters("wc2.coefficients")
    assert "wc1.coefficients" not in frozen(model) and "wc2.coefficients" in frozen(model)
    model.freeze_parameters("relu1.shift", "relu.shift")
    assert "relu.shift" in frozen(model)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dexp.bse", r"no parameter 'dexp\.bse'; there are .*did you mean 'dexp\.base'"),
        ("fri.coefficients", r"did you mean 'fir\.coefficients'"),
        ("kappa", r"did you mean 'dexp\.kappa'"),
        ("dexp", "'dexp' is a layer; its parameters are 'dexp.base', 'dexp.amplitude', "),
        ("", "no parameter ''; there are 'wc.coefficients', "),
    ],
)
def test_names_that_are_none(name, message):
    model = Model("wc.4x1-fir.1x3-dexp.1")
    for call in (model.freeze_parameters, model.unfreeze_parameters):
        with pytest.raises(KeyError, match=message):
            call("wc.coefficients", name)
    assert frozen(model) == []


def test_what_is_no_name():
    model = Model("sum-dexp.1")
    with pytest.raises(TypeError, match="name at least one"):
        model.freeze_parameters()
    with pytest.raises(TypeError, match="not by 3"):
        model.freeze_parameters(3)
    with pytest.raises(KeyError, match="'sum' is a layer, and has no parameters"):
        model.freeze_parameters("sum")


def test_permanent_parameters_cannot_be_freed():
    model = Model("wc.4x1-relu.1.o")
    model.freeze_parameters("relu.shift")
    with pytest.raises(ValueError, match=r"relu\.shift is permanent"):
        model.unfreeze_parameters("wc.coefficients", "relu.shift")
