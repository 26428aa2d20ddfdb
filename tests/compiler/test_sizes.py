"""Which sizes may be the same."""

import pytest

from nems_dsl.compiler.sizes import Symbolic, may_equal


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        (4, 4, True),
        (4, 5, False),
        (4, Symbolic("N"), True),
        (4, Symbolic("N", 2), True),
        (5, Symbolic("N", 2), False),
        (Symbolic("N"), Symbolic("N"), True),
        (Symbolic("N", 2), Symbolic("N", 3), False),
        (Symbolic("N", 2), Symbolic("R", 3), True),
    ],
)
def test_sizes_that_may_be_the_same(one, other, may):
    assert may_equal(one, other) is may
    assert may_equal(other, one) is may
