"""A hypothesis is a pattern that says what is in doubt: one optional part, or two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from ...spaces import Space, Variant, expand
from ...spaces.expansion import Value, walk
from ...syntax import ModelStringError, read_space
from ...syntax.space_tree import Maybe, unparse_space

_FORM = (
    "a hypothesis has one optional part, as wc.18x2[-stp.2]-fir.2x15-dexp.1, or one choice of two, "
    "as ...-{lvl,dexp}.1; with two of them it is a partition of variance"
)


@dataclass(frozen=True)
class Hypothesis:
    """Two models that differ in one thing, or the four of two things.

    Attributes
    ----------
    pattern : str
    parts : tuple of str
        What each thing is called: ``stp.2``, or ``dexp`` where it takes another's place.
    changes : tuple of str
        What is done: ``adding stp.2``, ``taking dexp in place of lvl``.
    strings : dict of tuple of bool to str
        The models by whether they have each part.
    dialect : str
    """

    pattern: str
    parts: tuple[str, ...]
    changes: tuple[str, ...]
    strings: dict[tuple[bool, ...], str]
    dialect: str = "native"


def read_hypothesis(pattern: str, dialect: str = "native") -> Hypothesis:
    """Read a pattern with one thing in doubt, or with two.

    Parameters
    ----------
    pattern, dialect : str

    Returns
    -------
    Hypothesis

    Raises
    ------
    ModelStringError
        The pattern cannot be read, or one of its variants is no model.
    ValueError
        It is about nothing, or about more than two things.

    Examples
    --------
    >>> read_hypothesis("wc.18x2[-stp.2]-fir.2x15-dexp.1").strings[True,]
    'wc.18x2-stp.2-fir.2x15-dexp.1'
    >>> read_hypothesis("wc.18x2-fir.2x15-{lvl,dexp}.1").changes
    ('taking dexp in place of lvl',)
    """
    if not isinstance(pattern, str):
        raise TypeError(f"a hypothesis is written as a pattern, not as {pattern!r}; {_FORM}")
    space = expand(pattern, dialect=dialect)
    n_parts = len(space.variables)
    if n_parts not in (1, 2) or space.n_variants != 2**n_parts:
        raise ValueError(f"{pattern} stands for {_count(space)}; {_FORM}")
    variants = [space[number] for number in range(space.n_variants)]
    functions = {variant.function for variant in _checked(space, variants)}
    if len(functions) < len(variants):
        raise ValueError(f"variants of {pattern} are the same model, so that nothing is in doubt")
    by_parts = zip(product((False, True), repeat=n_parts), variants, strict=True)
    strings = {has: variant.string for has, variant in by_parts}
    texts = _optional_texts(pattern)
    told = [
        _tell(name, variants[0].values[name], variants[-1].values[name], texts, space)
        for name in space.variables
    ]
    parts, changes = zip(*told, strict=True)
    return Hypothesis(pattern, parts, changes, strings, dialect)


def _checked(space: Space, variants: list[Variant]) -> Iterator[Variant]:
    for variant in variants:
        try:
            variant.canonical  # noqa: B018 - asked for its faults
        except ModelStringError as fault:
            raise space.error or fault from None
        yield variant


def _optional_texts(pattern: str) -> Iterator[str]:
    """Give what optional parts hold, from left to right, as a reader would call it."""
    for node in walk(read_space(pattern).body):
        if isinstance(node, Maybe):
            yield unparse_space(node.body).strip(" -,")


def _tell(
    name: str, before: Value, after: Value, texts: Iterator[str], space: Space
) -> tuple[str, str]:
    if isinstance(after, bool):
        part = next(texts)
        return part, f"adding {part}"
    named = f"{name} = " if name in space.named else ""
    return f"{named}{after}", f"taking {named}{after} in place of {before}"


def _count(space: Space) -> str:
    if space.n_variants == 1:
        return "one model, so that nothing is in doubt"
    n = len(space.variables)
    return f"{space.n_variants:,} models that differ in {n} thing{'' if n == 1 else 's'}"
