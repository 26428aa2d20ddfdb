"""Options of other dialects: from what is written there to native options, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..keywords.dialects import FlagThere, HeadThere, Number
from ..syntax import Flag, Span, read_number, spell_number

_NUMBERS = {
    Number.WHOLE: r"([0-9]{1,9})",
    Number.POWER: r"([0-9]{1,3}(?:d[0-9]{1,9})?)",
    Number.HUNDREDTHS: r"([0-9]{1,9})",
    Number.DIGIT: r"([0-9])",
}
_NATIVE_NUMBER = r"([0-9e-]+)"
_MOST_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class GivenFlag:
    """An option that was read: its row, and the native options that say the same."""

    row: FlagThere
    native: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FlagFault:
    """An option that is not known, or not offered for a reason."""

    flag: Flag
    reason: str = ""


def read_flags(
    row: HeadThere, flags: Sequence[Flag], n_sizes: int
) -> tuple[list[GivenFlag], list[FlagFault]]:
    """Read a keyword's options by its row of the table.

    Options that have no effect there, with these others and this shape, say nothing natively.
    """
    given: list[GivenFlag] = []
    faults: list[FlagFault] = []
    for flag in flags:
        found = _find(row, flag.text)
        if found is None or found[0].refused:
            faults.append(FlagFault(flag, "" if found is None else found[0].refused))
        else:
            given.append(GivenFlag(*found, flag.span))
    there = [each.row.there for each in given]
    effective = []
    for place, each in enumerate(given):
        undone = set(each.row.moot_before) & set(there[place + 1 :])
        is_moot = undone or set(each.row.moot_with) & set(there)
        if each.row.n_sizes not in (0, n_sizes) or is_moot:
            continue
        effective.append(each)
    return effective, faults


def usage_there(row: HeadThere) -> str:
    """Say which options a keyword takes there."""
    names = [each.there for each in row.flags if not each.refused]
    if not names:
        return f"`{row.head}` takes a shape there, and no other option"
    return f"`{row.head}` takes {', '.join(names)} there (# is a number)"


def write_flag(row: HeadThere, native: str) -> str | None:
    """Write a native option as it is written there, or give None."""
    for each in row.flags:
        if len(each.native) != 1 or each.refused:
            continue
        match = _pattern(each.native[0], _NATIVE_NUMBER).fullmatch(native)
        if match is None:
            continue
        numbers = [_spell(read_number(text), each.number) for text in match.groups()]
        if None not in numbers:
            return _fill(each.there, [number or "" for number in numbers])
    return None


def _find(row: HeadThere, text: str) -> tuple[FlagThere, tuple[str, ...]] | None:
    for each in row.flags:
        match = _pattern(each.there, _NUMBERS[each.number]).fullmatch(text)
        if match is None:
            continue
        numbers = [_native_number(number, each.number) for number in match.groups()]
        native, used = [], 0
        for option in each.native:
            n = option.count("#")
            native.append(_fill(option, numbers[used : used + n]))
            used += n
        return each, tuple(native)
    return None


@lru_cache(maxsize=512)
def _pattern(there: str, number: str) -> re.Pattern[str]:
    return re.compile(re.escape(there).replace(r"\#", number))


def _fill(option: str, numbers: Sequence[str]) -> str:
    for number in numbers:
        option = option.replace("#", number, 1)
    return option


def _native_number(text: str, number: Number) -> str:
    if number in (Number.WHOLE, Number.DIGIT):
        return text
    if number is Number.HUNDREDTHS:
        return spell_number(int(text) / 100)
    return spell_number(_power(text))


def _power(text: str) -> float:
    """Give 10 to the minus N; a whole N gives the nearest number to it."""
    return float(f"1e-{text}") if text.isdigit() else 10.0 ** -float(text.replace("d", "."))


def _spell(value: float | int | None, number: Number) -> str | None:
    """Write a native number as it is written there, if it can be."""
    if value is None:
        return None
    if number is Number.WHOLE:
        return str(value) if isinstance(value, int) else None
    if number is Number.DIGIT:
        return str(value) if isinstance(value, int) and value < 10 else None
    if number is Number.HUNDREDTHS:
        hundredths = round(value * 100)
        return str(hundredths) if hundredths / 100 == value else None
    if not 0 < value <= 1:
        return None
    exponent = -math.log10(value)
    for decimals in range(_MOST_DECIMALS + 1):
        text = f"{abs(exponent):.{decimals}f}".replace(".", "d")
        if _power(text) == value:
            return text
    return None
