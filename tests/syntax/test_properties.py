"""What holds for every tree and every text."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import ModelStringError
from nems_dsl.syntax import CODES, read, unparse
from nems_dsl.syntax.pieces import WHITE_SPACE, cut

from .strategies import TEXTS

SPACES = st.text(WHITE_SPACE, max_size=3)


@given(TEXTS)
def test_a_tree_is_read_back(tree):
    assert read(unparse(tree)) == tree


@given(TEXTS, SPACES, SPACES)
def test_white_space_beside_separators_changes_nothing(tree, left, right):
    string = unparse(tree)
    cuts = [piece.start - 1 for piece in cut(string)][1:]
    spaced = "".join(f"{left}{c}{right}" if at in cuts else c for at, c in enumerate(string))
    if len(tree.sections) > 1 and not (tree.sections[0].keywords and tree.sections[-1].keywords):
        return
    assert read(spaced) == tree


@given(TEXTS)
def test_a_string_is_cut_as_the_grammar_cuts_it(tree):
    keywords = [unparse(k) for section in tree.sections for k in section.keywords]
    assert [piece.text for piece in cut(unparse(tree)) if piece.text] == keywords


ALPHABET = st.sampled_from(
    [*"wcfirdexp0123456789eNRSx-_.=@,:+ \t\n{}[]()", "é", "\0", "😀", "\ud800"]
)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60) | st.lists(ALPHABET, max_size=40).map("".join))
def test_nothing_but_a_model_string_error_leaves(text):
    try:
        read(text)
    except ModelStringError as error:
        assert error.string == text
        assert not re.search("[\x00-\x09\x0b-\x1f]", str(error))
        for fault in error.diagnostics:
            assert fault.code in CODES
            assert 0 <= fault.span.start <= fault.span.stop <= len(text)
            assert fault.hint
            assert fault.message
