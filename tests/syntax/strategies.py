"""Random trees of the language, valid by construction."""

from __future__ import annotations

from hypothesis import strategies as st

from nems_dsl.syntax import Dim, Flag, Keyword, Reference, Section, Shape, Text

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORDS = st.text(LETTERS + "0123456789", min_size=1, max_size=8).filter(lambda w: w[0] in LETTERS)
NUMBERS = st.integers(0, 10**7)
DIMS = st.builds(Dim, NUMBERS) | st.builds(Dim, st.none() | NUMBERS, st.sampled_from("NRSABXZ"))
SHAPES = st.builds(
    lambda first, rest: Shape((first, *rest)), DIMS, st.lists(DIMS, max_size=4)
) | st.builds(lambda rest: Shape((None, *rest)), st.lists(DIMS, min_size=1, max_size=4))


def is_flag(text: str) -> bool:
    """Tell whether a word cannot be read as a shape."""
    parts = text.split("x")
    capital = len(text) == 1 and text.isupper()
    shape = parts[0] == "" and all(
        part and (part[:-1] + (part[-1] if part[-1].isdigit() else "0")).isdigit()
        for part in parts[1:]
    )
    return not capital and not (len(parts) > 1 and shape) and not _dims(text)


def _dims(text: str) -> bool:
    first, *rest = text.split("x")
    return (
        len(first) == 1
        and first.isupper()
        and bool(rest)
        and all(
            part
            and (part[:-1].isdigit() or len(part) == 1)
            and (part[-1].isdigit() or part[-1].isupper())
            for part in rest
        )
    )


FLAGS = st.builds(
    lambda word, number: Flag(word + number),
    WORDS.filter(is_flag),
    st.sampled_from(["", "", "", "2e-3", "e-3", "1e3"]),
).filter(lambda flag: is_flag(flag.text))
REFERENCES = st.builds(Reference, WORDS)
KEYWORDS = st.builds(
    Keyword,
    WORDS,
    st.lists(SHAPES | FLAGS, max_size=4).map(tuple),
    st.none() | REFERENCES,
    st.lists(REFERENCES, max_size=3).map(tuple),
)
SECTIONS = st.builds(Section, st.lists(KEYWORDS, min_size=1, max_size=5).map(tuple))
MAYBE_EMPTY = SECTIONS | st.just(Section(()))
TEXTS = st.builds(lambda s: Text((s,)), SECTIONS) | st.builds(
    lambda *s: Text(s), MAYBE_EMPTY, SECTIONS, MAYBE_EMPTY
)
