"""What holds for every model string."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nems_dsl import Model, ModelStringError, canonical, parse
from nems_dsl.syntax import CODES

from .strategies import CHARACTERS, chains, mutations

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(chains())
def test_every_spelling_has_one_canonical_form(chain):
    assert canonical(chain.canonical) == chain.canonical
    assert canonical(chain.other) == chain.canonical
    assert parse(chain.other) == parse(chain.canonical)
    assert parse(chain.other).model_id == parse(chain.canonical).model_id


def _tree(text):
    try:
        return parse(text)
    except ModelStringError:
        return None


@RELAXED
@given(mutations(), st.data())
def test_forms_are_equal_exactly_when_trees_are(text, data):
    trees = [tree for tree in (_tree(text), _tree(data.draw(mutations()))) if tree is not None]
    for one in trees:
        assert canonical(one.string) == one.string
        assert parse(one.string) == one
        for other in trees:
            assert (one == other) == (one.string == other.string)


def _check(error, text):
    assert error.string == text
    for fault in error.diagnostics:
        assert fault.code in CODES
        assert 0 <= fault.span.start <= fault.span.stop <= len(text)
        assert fault.hint
    str(error)


@settings(RELAXED, max_examples=300)
@given(mutations() | st.lists(CHARACTERS, max_size=40).map("".join) | st.text(max_size=40))
def test_nothing_but_a_model_string_error_leaves_parse(text):
    try:
        parse(text)
    except ModelStringError as error:
        _check(error, text)


@settings(RELAXED, max_examples=60)
@given(mutations() | st.text(max_size=20))
def test_nothing_but_a_model_string_error_leaves_model(text):
    try:
        tree = parse(text)
        sizes = [n for keyword in tree for n in keyword.dims.values() if isinstance(n, int)]
        if max(sizes, default=0) < 1000:
            Model(text)
    except ModelStringError as error:
        _check(error, text)
