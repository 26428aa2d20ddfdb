"""The order of names with numbers in them."""

from __future__ import annotations

import re


def natural(text: object) -> list[tuple[int, int, str]]:
    """Give a key that sorts text with numbers in it by their size.

    Examples
    --------
    >>> sorted(["fir.4x15", "fir.4x5", "dexp"], key=natural)
    ['dexp', 'fir.4x5', 'fir.4x15']
    """
    parts = re.split(r"(\d+)", str(text))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]
