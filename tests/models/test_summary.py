"""What models print: short, and with what one wants to know."""

from __future__ import annotations

import numpy as np

from nems_dsl import Model
from nems_dsl.layers.base import Layer


class Own(Layer):
    def evaluate(self, x):
        return x


def test_a_model_is_printed_in_a_few_lines():
    model = Model("wc.8x2-fir.2x5-dexp.1", name="cell 3")
    assert model.parameter_count == 30
    assert repr(model) == "Model('wc.8x2-fir.2x5-dexp.1', name='cell 3')"
    model.set_parameter_values({"dexp": {"base": [0.25]}, "fir": {"coefficients": np.ones((2, 5))}})
    model.layers["wc"].name = "spectral"
    model.freeze_layers("dexp")
    text = str(model)
    assert len(text.splitlines()) <= 12
    for line in (
        "Model(cell 3, wc.8x2-fir.2x5-dexp.1)",
        "spectral  coefficients (8, 2)  ",
        "fir       coefficients (2, 5)  all 1\n",
        "dexp      base (1,)            0.25, frozen\n",
        "          amplitude (1,)       ",
    ):
        assert line in text


def test_what_is_not_there_is_not_printed():
    assert str(Model("wc.Nx1-wc.1xR")).splitlines()[2] == "(open until the model meets data: N, R)"
    assert repr(Model("wc.Nx1-lvl")) == "Model('wc.Nx1-lvl.1')"
    assert str(Model(layers=[Own()])).splitlines()[2].split() == ["Own", "no", "parameters"]
    assert "shift" not in str(Model("relu.4"))
    assert str(Model()).splitlines()[0] == repr(Model()).splitlines()[0] == "Model()"
