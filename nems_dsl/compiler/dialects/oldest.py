"""The oldest spelling of NEMS0: options glued to their keywords, and keywords joined by ``_``."""

from __future__ import annotations

import re
from functools import cache

from ...keywords.dialects import DIALECTS
from ...keywords.dialects.unoffered import UNOFFERED
from ...syntax import Diagnostic, ModelStringError, Span
from ..catalogue import catalogue

_LONGEST = 2000
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z][A-Za-z0-9]*)+")
_GLUED = re.compile(r"([a-z]*)((?:[0-9]+|[NRS])(?:x(?:[0-9]+|[NRS]))*)([a-z]*)")
_FEWEST = 2


def modernise(string: str) -> str | None:
    """Write a string in the oldest spelling as its program writes it today.

    Parameters
    ----------
    string : str

    Returns
    -------
    str or None
        With periods and hyphens, in the dialect ``nems0``; what stands before and after the model
        is a section of its own. None, if the string is not in that spelling.

    Examples
    --------
    >>> modernise("ozgf100ch18_dlog_wcg18x1_fir1x15_lvl1_dexp1_basic")
    'ozgf100ch18_dlog-wc.18x1.g-fir.1x15-lvl.1-dexp.1_basic'
    >>> modernise("zs_wc.18x1-lvl.1_") is None
    True
    """
    if not isinstance(string, str) or len(string) > _LONGEST or not _WORDS.fullmatch(string):
        return None
    words = string.split("_")
    read = [_keyword(word) for word in words]
    if sum(each is not None and "." in each for each in read) < _FEWEST:
        return None
    places = [place for place, each in enumerate(read) if each is not None]
    first, last = places[0], places[-1] + 1
    model = "-".join(read[place] or words[place] for place in range(first, last))
    if first == 0 and last == len(words):
        return model
    return f"{'-'.join(words[:first])}_{model}_{'-'.join(words[last:])}"


def refuse_oldest(string: str) -> None:
    """Refuse the oldest spelling, and say what it is today.

    Raises
    ------
    ModelStringError
        With the string as it is written today.
    """
    today = modernise(string)
    if today is None:
        return
    message = "this is the oldest spelling of NEMS0, with options glued to their keywords"
    hint = (
        f'today that is spelled {today}; read it with dialect="nems0" (in fir, channels come '
        'first) or dialect="nems" (taps come first)'
    )
    raise ModelStringError(string, [Diagnostic("E304", message, Span(0, len(string)), hint)])


def _keyword(word: str) -> str | None:
    """Take a word apart into its head, options and shape, if it begins with a head."""
    if word in _heads():
        return word
    for stop in range(len(word) - 1, 0, -1):
        if word[:stop] not in _heads():
            continue
        glued = _GLUED.fullmatch(word, stop)
        if glued is not None:
            before, shape, after = glued.groups()
            return ".".join([word[:stop], shape, *filter(None, (before, after))])
    return None


@cache
def _heads() -> frozenset[str]:
    return frozenset({*catalogue(), *DIALECTS["nems0"].heads, *UNOFFERED})
