"""Numbers inside flags: exact reading and the shortest spelling.

A string has no decimal point, so a number is an integer or an exponent form: ``15``, ``1e3``,
``5e-1``, and ``e-3`` for ``1e-3``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

_NUMBER = re.compile(r"(?:[0-9]+(?:e-?[0-9]+)?|e-?[0-9]+)\Z")
_MOST_CHARACTERS = 40
_MOST_MAGNITUDE = 300


@lru_cache(maxsize=1024)
def read_number(text: str) -> float | int | None:
    """Give the number that `text` spells, or None if it spells none.

    Integers come back as int. Numbers beyond 1e300 either way spell none, so that none of them
    silently becomes 0 or infinite.

    Examples
    --------
    >>> read_number("e-3"), read_number("1e3"), read_number("15"), read_number("x")
    (0.001, 1000, 15, None)
    """
    if len(text) > _MOST_CHARACTERS or not _NUMBER.match(text):
        return None
    value = Decimal(f"1{text}" if text.startswith("e") else text)
    if value and abs(value.adjusted()) > _MOST_MAGNITUDE:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


@lru_cache(maxsize=1024)
def spell_number(value: float | int) -> str:
    """Give the shortest spelling of `value` that the language reads back as the same number.

    Examples
    --------
    >>> [spell_number(v) for v in (15, 1000, 100, 0.001, 0.5, 0.0025)]
    ['15', '1e3', '100', 'e-3', '5e-1', '25e-4']
    """
    # repr is the shortest decimal that gives the same float; Decimal(value) would spell its noise
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    if sign or not isinstance(exponent, int):
        raise ValueError(f"a number inside a flag cannot be {value!r}")
    given = "".join(map(str, digits))
    mantissa = given.rstrip("0") or "0"
    exponent += len(given) - len(mantissa)
    if exponent == 0 or mantissa == "0":
        return mantissa
    if exponent < 0:
        return f"e{exponent}" if mantissa == "1" else f"{mantissa}e{exponent}"
    plain, short = mantissa + "0" * exponent, f"{mantissa}e{exponent}"
    return plain if len(plain) <= len(short) else short
