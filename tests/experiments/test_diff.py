"""What tells two strings apart."""

import pytest

from nems_dsl import ModelStringError, diff


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("wc.18x4", "wc.18x4.p", ["~ wc.18x4 -> wc.18x4.p: with p (non-negative)"]),
        ("wc.18x4.l2e-3", "wc.18x4.l2e-4", ["l2 0.001 -> 0.0001"]),
        ("wc.18x1-relu.1", "wc.18x1-dexp.1", ["- relu.1 rectifies", "+ dexp.1 passes"]),
        ("fir.18x15", "fir.18x20", ["taps 15 -> 20", "270 parameters -> 360"]),
        ("a=wc.18x1-lvl.1", "b=wc.18x1-lvl.1", ["output a -> b", "compute the same"]),
        (
            "a=wc.18x1-b=wc.18x1@stim-mult@a,b", "a=wc.18x1-b=wc.18x1@stim-mult@b,a",
            ["reads a, b -> b, a", "both compute the same functions"],
        ),
        ("strf.18x15", "fir.18x15", ["- strf.18x15", "+ fir.18x15", "compute the same"]),
        (
            "zs-kf5_wc.18x1_", "mm-kf10_wc.18x1_start.n3",
            ["- zs (preparation)", "+ mm (preparation)", "- kf5 (prep", "+ kf10 (prep",
             "+ start.n3 (fit)"],
        ),
        ("wc.Nx1-lvl.1", "wc.Nx2-lvl.2", ["out 1 -> 2", "(T, N) -> (T, 2)"]),
    ],
)  # fmt: skip
def test_what_differs_is_said_and_no_more(a, b, told):
    said = diff(a, b)
    for text in told:
        assert text in said
    back = diff(b, a)
    assert said.count("+ ") == back.count("- ") and said.count("~ ") == back.count("~ ")


def test_the_same_is_the_same_and_faults_are_faults():
    assert diff("zs_wc.18x4-fir.x15_seed0", "zs_wc.18x4-fir.4x15_").startswith("the same exp")
    assert diff("wc.18x4-fir.15x4", "wc.18x4-fir.15x4", dialect="nems").endswith("fir.4x15")
    with pytest.raises(ModelStringError, match="E201"):
        diff("wc.18x4", "wc.18x4-fir.3x15")
