"""What a layer declares for fits is one value, and the rest of it is what it computes."""

import dataclasses
from pathlib import Path

import pytest

from nems_dsl import Model
from nems_dsl.layers import base
from nems_dsl.layers.base import Facts, KernelLayer, Layer, NonNegative


def test_what_is_linear_is_affine():
    assert Facts(linear=True).affine
    assert not Facts(affine=True).linear


def test_facts_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Facts().linear = True


def test_facts_in_words():
    kept = NonNegative(("gain",), inputs="first")
    facts = Facts(linear=True, gain="gain", nonnegative=kept, guess=lambda x, y: {})
    assert str(facts) == "linear; gain: gain; nonnegative: with gain, the first input; guess"
    assert (str(NonNegative()), str(Facts())) == ("always", "")


def test_a_layer_of_ones_own_is_not_known_of():
    assert Layer().facts == Facts()


def test_a_kernel_layer_has_few_members_of_its_own():
    own = {name for name in vars(KernelLayer) if not name.startswith("_")}
    assert len(own) <= 10, own
    assert len(Path(base.__file__).read_text(encoding="utf-8").splitlines()) < 300


@pytest.mark.parametrize(
    ("keyword", "linear_in", "others"),
    [
        ("dexp.2", ("base", "amplitude"), {"additive": ("base",), "affine": False}),
        ("dexp.2.n", ("base",), {"additive": (), "channelwise": True}),
        ("lvl.2", ("shift",), {"additive": ("shift",), "affine": True}),
        ("lvl.2.n", ("shift",), {"additive": (), "affine": False}),
        ("wc.2x1", ("coefficients",), {"gain": "coefficients", "linear": True}),
        ("wc.2x1.g", (), {"gain": None, "channel_weights": ()}),
        ("fir.2x5.p", ("gains",), {"gain": "gains", "channel_weights": ()}),
        ("strf.2x1x5.relu", (), {"affine": False, "gain": None}),
        ("conv2d.3x3x2", ("coefficients",), {"linear": True}),
        ("conv2d.3x3x2.max", (), {"linear": False}),
        ("stategain.2x2.d", ("offset",), {"linear": True, "near_identity": True}),
        ("stategain.2x2.c.d", ("offset",), {"linear": False, "affine": True}),
        ("stp.2.x", (), {"channelwise": False, "near_identity": True}),
    ],
)
def test_facts_follow_options(keyword, linear_in, others):
    facts = Model(keyword).layers[0].facts
    assert facts.linear_in == linear_in
    assert {name: getattr(facts, name) for name in others} == others
