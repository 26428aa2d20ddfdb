"""Random patterns, valid by construction, and their variants spelled out the slow way."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from nems_dsl.syntax.space_tree import (
    Alternatives,
    Choice,
    Literal,
    Maybe,
    NumberRange,
    Pattern,
    Sequence,
    Use,
)

NAMES = ("r", "nl", "Tau", "q2")
PLAIN = st.text("wcfirx018.-", min_size=1, max_size=5).filter(lambda text: ".." not in text)
WITH_COMMAS = st.text("mult@a,b._-=:", min_size=1, max_size=6)
LABELS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_]{0,3}\Z")


@st.composite
def sequences(draw, depth, certain, possible, commas, least=0):
    """Draw a sequence; give it with the variables that are certain and possible after it."""
    parts = []
    kinds = ["text", "text", "use"] + ["choice", "maybe"] * (depth > 0)
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=least, max_size=4)):
        if kind == "use" and certain:
            parts.append(Use(draw(st.sampled_from(sorted(certain)))))
        elif kind == "choice":
            part, certain, possible = draw(alternatives(depth, certain, possible))
            parts.append(part)
        elif kind == "maybe":
            body, _, possible = draw(sequences(depth - 1, certain, possible, True, 1))
            parts.append(Maybe(body))
        elif not (parts and isinstance(parts[-1], Literal)):
            parts.append(Literal(draw(WITH_COMMAS if commas else PLAIN)))
    return Sequence(tuple(parts) or (Literal("a" if least else "x1"),)), certain, possible


@st.composite
def alternatives(draw, depth, certain, possible):
    free = sorted(set(NAMES) - possible)
    name = draw(st.none() | st.sampled_from(free)) if free else None
    taken = possible if name is None else possible | {name}
    labels = draw(st.lists(LABELS, min_size=1, max_size=3, unique=True))
    choices, sure, met = [], [], set(taken)
    for label in labels:
        if draw(st.booleans()):
            start, step = draw(st.integers(0, 30)), draw(st.none() | st.integers(1, 4))
            choices.append(Choice(NumberRange(start, start + draw(st.integers(0, 3)), step)))
            sure.append(certain)
            continue
        body, after, seen = draw(sequences(depth - 1, certain, taken, False))
        choices.append(Choice(body, label if draw(st.booleans()) else None))
        sure.append(after)
        met |= seen
    node = Alternatives(tuple(choices), name)
    if name is None and len(choices) == 1 and _is_name(choices[0]):
        node = Alternatives((Choice(NumberRange(1, 2)),), name)
    after = frozenset.intersection(*map(frozenset, sure))
    return node, after | ({name} if name else set()), met


def _is_name(choice):
    if choice.label is not None or not isinstance(choice.body, Sequence):
        return False
    texts = [part.text if isinstance(part, Literal) else "" for part in choice.body.parts]
    return len(texts) == 1 and re.fullmatch("[A-Za-z][A-Za-z0-9]*", texts[0]) is not None


PATTERNS = sequences(3, frozenset(), set(), True, 1).map(lambda drawn: Pattern(drawn[0]))


def spell_out(node, values):
    """Give every variant of a node with the texts of the variables, in order."""
    if isinstance(node, Literal):
        yield node.text, values
    elif isinstance(node, Use):
        yield values[node.name], values
    elif isinstance(node, NumberRange):
        for number in range(node.start, node.stop + 1, node.step or 1):
            yield str(number), values
    elif isinstance(node, Sequence):
        yield from _in_a_row(node.parts, values)
    elif isinstance(node, Maybe):
        yield "", values
        yield from spell_out(node.body, values)
    else:
        for choice in node.choices:
            for text, inner in spell_out(choice.body, values):
                yield text, inner if node.name is None else {**inner, node.name: text}


def _in_a_row(parts, values):
    if not parts:
        yield "", values
        return
    for text, inner in spell_out(parts[0], values):
        for rest, last in _in_a_row(parts[1:], inner):
            yield text + rest, last
