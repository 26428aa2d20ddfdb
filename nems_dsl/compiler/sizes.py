"""Sizes of axes: numbers, or symbols that stand for numbers until the model meets data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LARGEST_DIM = 1_000_000

SYMBOLS: Mapping[str, str] = {
    "N": "input channels",
    "R": "response channels",
    "S": "state channels",
}


@dataclass(frozen=True, slots=True)
class Symbolic:
    """A multiple of a symbol: ``R``, ``4R``.

    A symbol in angle brackets is one that no string can spell: the channels of a signal of
    which nothing is known yet. ``<pupil>`` is a signal of the data, ``<cat> of ...`` what a
    keyword makes of something that is not known, ``<Own> at ...`` the output of a layer that has
    no keyword.
    """

    symbol: str
    factor: int = 1

    @property
    def is_unspoken(self) -> bool:
        """Whether no string can spell the symbol."""
        return self.symbol.startswith("<")

    @property
    def origin(self) -> str:
        """What an unspoken symbol is the channels of."""
        return self.symbol[1:-1] if self.symbol[-1] == ">" else self.symbol[1:].partition(">")[0]

    @property
    def is_untold(self) -> bool:
        """Whether not even the number of axes is known that it belongs to."""
        return self.is_unspoken and self.symbol[-1] != ">" and "> at " in self.symbol

    def __str__(self) -> str:
        if self.is_unspoken:
            return "?"
        return f"{'' if self.factor == 1 else self.factor}{self.symbol}"


Size = int | Symbolic
Sizes = tuple[Size, ...]


def untold(name: str, place: int) -> Sizes:
    """Give the sizes of what a layer without a keyword gives: only data can tell them."""
    return (Symbolic(f"<{name}> at {place}"),)


def is_untold(sizes: Sizes) -> bool:
    """Tell whether sizes are such."""
    return any(isinstance(size, Symbolic) and size.is_untold for size in sizes)


def resolve(size: Size, values: Mapping[str, int]) -> Size:
    """Replace a symbol whose value is known."""
    if isinstance(size, Symbolic) and size.symbol in values:
        return size.factor * values[size.symbol]
    return size


def may_equal(one: Size, other: Size) -> bool:
    """Tell whether two sizes can be the same, as far as is known."""
    if isinstance(one, int):
        if isinstance(other, int):
            return one == other
        return one % other.factor == 0
    if isinstance(other, int):
        return other % one.factor == 0
    return one.symbol != other.symbol or one.factor == other.factor


def describe(sizes: Sizes, noun: str = "channel") -> str:
    """Write sizes as words: ``4 channels``, ``1 channel``, ``4 x 70 channels``."""
    text = " x ".join(str(size) for size in sizes)
    return f"{text} {noun}{'' if sizes == (1,) else 's'}"
