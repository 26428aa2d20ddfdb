"""What models, variables and scores of sweeps are called in figures."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..sweeps import Results

#: Letters of all values of a variable, side by side.
MOST_LETTERS = 28
_LEAST_P = 0.001
_WIDEST = 44  # characters of a line
_UNNAMED = re.compile(r"v\d+")
_WORDS = {"r_test": "r on held-out data", "r_fit": "r on the data of the fit"}


def words_for(metric: str) -> str:
    """Return what a score is called on an axis."""
    return _WORDS.get(metric, metric)


def count_of(n: int, what: str) -> str:
    """Return a number of things, in words."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def wrap_string(string: str) -> str:
    """Break a model string between keywords, which a narrow figure would cut."""
    lines = [""]
    for part in re.findall(r"[^-]+-?", string):
        if lines[-1] and len(lines[-1]) + len(part) > _WIDEST:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def tell_p(p: float) -> str:
    """Return a p-value after a comma, if there is one."""
    if np.isnan(p):
        return ""
    return ", p < 0.001" if p < _LEAST_P else f", p = {p:.2g}"


def texts_of(results: Results, variable: str, values: list[Any]) -> tuple[str, list[str]]:
    """Return what a variable and its values are called: one without a name by what it writes."""
    words = ["absent" if value is None else str(value) for value in values]
    if not _UNNAMED.fullmatch(variable):
        return variable, words
    table = results.to_pandas(["string", *results.variables]).drop_duplicates()
    others = [name for name in results.variables if name != variable]
    keys = [repr(row) for row in table[others].itertuples(index=False, name=None)]
    for _, rows in table.groupby(keys, sort=False):
        found = dict(zip(rows[variable].astype(object), rows["string"], strict=True))
        texts = [_text_for(found, value) for value in values]
        if len(rows) == len(values) and None not in texts:
            break
    else:
        return variable, words
    known = [str(text) for text in texts]
    begin = _count_common(known)
    end = _count_common([text[begin:][::-1] for text in known])
    parts = [text[begin : len(text) - end] for text in known]
    named = ", ".join(part or "none" for part in parts)
    return (named if len(named) <= MOST_LETTERS else variable), [part or "none" for part in parts]


def _count_common(texts: list[str]) -> int:
    """Return how many characters all texts begin with."""
    same = (len(set(characters)) == 1 for characters in zip(*texts, strict=False))
    return sum(1 for _ in takewhile(bool, same))


def _text_for(found: dict[Any, str], value: Any) -> str | None:
    for key, text in found.items():
        if key == value or (value is None and key is None):
            return text
    return None
