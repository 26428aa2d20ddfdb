"""Those who look for what layers have in other programs are told what to do here."""

import copy
import pickle

import pytest

from nems_dsl import Model


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("skip_nonlinearity", 'init="staged"'),
        ("unskip_nonlinearity", 'init="staged"'),
        ("freeze_parameters", "freeze() freezes one parameter"),
    ],
)
def test_an_attribute_of_other_programs(name, hint):
    layer = Model("wc.8x1-fir.1x5-dexp.1").layers["dexp"]
    with pytest.raises(AttributeError) as caught:
        getattr(layer, name)
    assert f"'DoubleExponential' object has no attribute {name!r}" in str(caught.value)
    assert hint in str(caught.value)
    assert not hasattr(layer, name)


def test_other_attributes_are_missing_as_anywhere():
    layer = Model("lvl.1").layers[0]
    with pytest.raises(AttributeError, match=r"'LevelShift' object has no attribute 'nothing'$"):
        _ = layer.nothing
    assert copy.deepcopy(layer) == pickle.loads(pickle.dumps(layer)) == layer
