"""What a walk through all variants of a space finds."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from ..syntax import Diagnostic, Span

_LONGEST_EXAMPLE = 80


@dataclass(frozen=True, slots=True)
class SpaceFault:
    """A fault that variants share.

    Attributes
    ----------
    diagnostic : Diagnostic
        Its span is in the pattern; message, hint and notes are those of the first variant.
    n_variants : int
        How many variants have it.
    example : str
        The first of them.
    """

    diagnostic: Diagnostic
    n_variants: int
    example: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Variants that compute the same, of which the first stands for all.

    Attributes
    ----------
    canonical : str
        Of the first.
    strings : tuple of str
        The variants, in the order of the space.
    """

    canonical: str
    strings: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Counts of a walk, its faults, and which variants are the same model.

    Attributes
    ----------
    n_excluded, n_faulty, n_models : int
        Variants left out by the user, variants that are not models, and different models.
    faults : dict
        By code and place in the pattern.
    doubles : dict of int to array of int
        By the number of a variant, the numbers of those that are the same model.
    """

    n_excluded: int = 0
    n_faulty: int = 0
    n_models: int = 0
    faults: dict[tuple[str, Span], SpaceFault] = field(default_factory=dict)
    doubles: dict[int, array[int]] = field(default_factory=dict)
    _first_of: dict[bytes, int] = field(default_factory=dict)

    def is_new(self, number: int, function: str) -> bool:
        """Count a model, and tell whether no variant before it was the same."""
        # a digest takes a fraction of the memory that a string takes
        key = blake2b(function.encode(), digest_size=16).digest()
        first = self._first_of.setdefault(key, number)
        if first != number:
            self.doubles.setdefault(first, array("q")).append(number)
            return False
        self.n_models += 1
        return True

    def note(self, string: str, faults: Sequence[Diagnostic]) -> None:
        """Count the faults of a variant, with spans in the pattern."""
        self.n_faulty += 1
        for key in dict.fromkeys((fault.code, fault.span) for fault in faults):
            known = self.faults.get(key)
            if known is not None:
                self.faults[key] = replace(known, n_variants=known.n_variants + 1)
                continue
            fault = next(each for each in faults if (each.code, each.span) == key)
            self.faults[key] = SpaceFault(fault, 1, string)

    def close(self) -> None:
        """Forget what only the walk needed."""
        self._first_of.clear()

    def diagnostics(self, n_variants: int) -> list[Diagnostic]:
        """Give the faults, each with how many of the variants share it."""
        found = []
        for fault in self.faults.values():
            notes = fault.diagnostic.notes
            if n_variants > 1:
                share = f"in {fault.n_variants:,} of {n_variants:,} variants"
                notes = (*notes, f"{share}, the first of them {_shorten(fault.example)}")
            found.append(replace(fault.diagnostic, notes=notes))
        return found


def _shorten(string: str) -> str:
    if len(string) <= _LONGEST_EXAMPLE:
        return string
    return string[: _LONGEST_EXAMPLE - 3] + "..."
