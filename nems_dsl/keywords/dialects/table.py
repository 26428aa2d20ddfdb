"""The rows of a dialect's table: one for each head, and in it one for each option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Number(Enum):
    """How a number in an option is written there."""

    WHOLE = "a whole number"
    POWER = "N for 10^-N, with d for the decimal point"
    HUNDREDTHS = "N for N/100"
    DIGIT = "one digit"


@dataclass(frozen=True, slots=True, eq=False)
class FlagThere:
    """An option there, and what it is natively.

    Attributes
    ----------
    there : str
        As it is written there; ``#`` stands for a number.
    native : tuple of str
        The native options that say the same, ``#`` standing for the numbers in turn. None of
        them: the option has no effect there, or says only where a fit starts.
    number : Number
        How the numbers are written there.
    removes : tuple of str
        Options that the keyword has there unless it is given this one.
    reads : str
        The signal that the option makes the keyword read.
    refused : str
        Why no native keyword says it; empty where one does.
    dropped : str
        What the option says of a fit, and not of the model; empty where it says something of that.
    n_sizes : int
        How many sizes the shape must have for the option to have an effect; 0 is any number.
    moot_with : tuple of str
        Options with which this one has no effect there.
    moot_before : tuple of str
        Options that undo this one where they come after it.
    """

    there: str
    native: tuple[str, ...] = ()
    number: Number = Number.WHOLE
    removes: tuple[str, ...] = ()
    reads: str = ""
    refused: str = ""
    dropped: str = ""
    n_sizes: int = 0
    moot_with: tuple[str, ...] = ()
    moot_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A keyword that a whole-model keyword holds.

    Attributes
    ----------
    head : str
        There; empty for the nonlinearity that the options choose.
    sizes : tuple of (str or int)
        Its shape, by the names of the sizes of the whole-model keyword.
    flags : tuple of str
        Options that it always has.
    takes : tuple of str
        Options of the whole-model keyword that are passed on to it.
    """

    head: str
    sizes: tuple[str | int, ...]
    flags: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What a whole-model keyword stands for, with as many sizes as it names.

    Attributes
    ----------
    sizes : tuple of str
    parts : tuple of Part
    flag : str
        The option with which it stands for these parts.
    """

    sizes: tuple[str, ...]
    parts: tuple[Part, ...]
    flag: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class HeadThere:
    """A keyword there, and what it is natively.

    Attributes
    ----------
    head : str
    native : str
        The native head, where it is another.
    orders : mapping of int to tuple of int
        By the number of sizes: which of the sizes written there comes first natively, second...
    order_there : str
        What is particular about that order, in words.
    n_sizes : tuple of int
        Numbers of sizes that a shape may have there; empty for those that it has natively.
    completes : mapping of int to int
        A size that is 1 there when it is left out: by the number of sizes that are written.
    flags : tuple of FlagThere
    always : tuple of str
        Native options that say what the keyword does there without any.
    constant : str
        The native option for a shape whose first size is one more than the state has channels.
    cuts : str
        The keyword whose outputs are cut into one block for each output of this one, where they
        are as many as that. Natively, the other gives a bank.
    names_signals : bool
        Options that are none of `flags` are signals that it reads.
    square : str
        What the program makes of as many outputs as inputs, where that is not what is written.
    wholes : tuple of Whole
        What it stands for, where that is several keywords.
    chooses : mapping of str to tuple of str
        Options that choose the nonlinearity of a whole model, and the native options that it has.
    default : str
        The nonlinearity without such an option; empty where one must be chosen.
    refused : str
        Why there is no native keyword for it; empty where there is one.
    instead : str
        What to write natively, where that is possible.
    """

    head: str
    native: str = ""
    orders: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    order_there: str = ""
    n_sizes: tuple[int, ...] = ()
    completes: Mapping[int, int] = field(default_factory=dict)
    flags: tuple[FlagThere, ...] = ()
    always: tuple[str, ...] = ()
    constant: str = ""
    cuts: str = ""
    names_signals: bool = False
    square: str = ""
    wholes: tuple[Whole, ...] = ()
    chooses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default: str = ""
    refused: str = ""
    instead: str = ""

    @property
    def native_head(self) -> str:
        """The native keyword's head."""
        return self.native or self.head


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """A dialect: its name, and its keywords by head."""

    name: str
    heads: Mapping[str, HeadThere]

    def of_native(self, head: str) -> HeadThere | None:
        """Give the row that a native keyword is written by, or None."""
        rows = (row for row in self.heads.values() if row.native_head == head)
        return next((row for row in rows if not row.refused and not row.wholes), None)


def dialect(name: str, *rows: HeadThere) -> Dialect:
    """Make a dialect of its rows."""
    return Dialect(name, {row.head: row for row in rows})


def same(*flags: str) -> tuple[FlagThere, ...]:
    """Give rows of options that are written natively as they are there."""
    return tuple(FlagThere(flag, (flag,)) for flag in flags)


def refused(reason: str, *flags: str) -> tuple[FlagThere, ...]:
    """Give rows of options that no native keyword has, all for one reason."""
    return tuple(FlagThere(flag, refused=reason) for flag in flags)


def idle(*flags: str) -> tuple[FlagThere, ...]:
    """Give rows of options that have no effect there."""
    return tuple(FlagThere(flag) for flag in flags)


def dropped(reason: str, *flags: str) -> tuple[FlagThere, ...]:
    """Give rows of options that say something of a fit alone, all the same."""
    return tuple(FlagThere(flag, dropped=reason) for flag in flags)
