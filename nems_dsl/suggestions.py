"""Suggestions for a word that is not known, and the messages that make them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

_MOST_SLIPS = 4
_MOST_SHOWN = 12


def suggest(word: object, known: Iterable[str], n: int = 3) -> tuple[str, ...]:
    """Return the known words that a word was most likely meant to be.

    Those with the fewest slips of typing, as `count_slips` has them: at most one slip in a word of
    two to four letters, two in one of up to seven, and so on up to four. Upper case, and marks
    such as hyphens, are no slips. Nothing is returned where no word is as near as that.

    Parameters
    ----------
    word : str
        What was written. Anything else is taken as it prints.
    known : iterable of str
        What could have been meant, the commonest word first: it comes first among words that are
        equally near.
    n : int
        The largest number of suggestions.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> suggest("dxep", ["dexp", "dep", "fir", "lvl"])
    ('dexp', 'dep')
    >>> suggest("lbfgs", ["gauss-newton", "l-bfgs-b"])
    ('l-bfgs-b',)
    >>> suggest("spline", ["dexp", "dep", "fir", "lvl"])
    ()
    """
    written = _fold(str(word))
    nearest: list[str] = []
    fewest = _MOST_SLIPS
    for name in dict.fromkeys(known):
        meant = _fold(name)
        allowed = min(fewest, (max(len(written), len(meant)) + 1) // 3)
        slips = count_slips(written, meant, allowed)
        if slips is None:
            continue
        if slips < fewest or not nearest:
            nearest, fewest = [], slips
        nearest.append(name)
    return tuple(nearest[:n])


def count_slips(written: str, meant: str, most: int) -> int | None:
    """Return how many slips of typing turn one word into another, None if more than `most`.

    A letter too many, a letter missing, a wrong letter, and two neighbours exchanged are one slip
    each, and no letter takes part in two slips: the optimal string alignment distance.

    Parameters
    ----------
    written, meant : str
    most : int
        The count ends where it would pass this, so that long words cost little.

    Returns
    -------
    int or None

    References
    ----------
    F. J. Damerau (1964), A technique for computer detection and correction of spelling errors,
    Communications of the ACM 7, 171-176.

    Examples
    --------
    >>> count_slips("fri", "fir", 2), count_slips("stgain", "stategain", 3)
    (1, 3)
    """
    if abs(len(written) - len(meant)) > most:
        return None
    written, meant = _without_ends(written, meant)
    too_many = most + 1
    before: list[int] = []
    row = [min(place, too_many) for place in range(len(meant) + 1)]
    fewest_before, fewest = 0, 0
    for i, letter in enumerate(written, 1):
        before, last = row, before
        row = [min(i, too_many), *[too_many] * len(meant)]
        fewest_before, fewest = fewest, row[0]
        # further from the diagonal than `most`, the words differ in length by too much
        for j in range(max(1, i - most), min(len(meant), i + most) + 1):
            slips = min(before[j], row[j - 1]) + 1
            slips = min(slips, before[j - 1] + (letter != meant[j - 1]))
            if i > 1 and j > 1 and (letter, written[i - 2]) == (meant[j - 2], meant[j - 1]):
                slips = min(slips, last[j - 2] + 1)
            row[j] = min(slips, too_many)
            fewest = min(fewest, slips)
        if fewest > most and fewest_before > most:
            return None
    return row[-1] if row[-1] <= most else None


def _without_ends(one: str, other: str) -> tuple[str, str]:
    """Return two words without what they begin and end with alike, which holds no slips."""
    n_first = _count_alike(one, other)
    one, other = one[n_first:], other[n_first:]
    n_last = _count_alike(one[::-1], other[::-1])
    return one[: len(one) - n_last], other[: len(other) - n_last]


def _count_alike(one: str, other: str) -> int:
    differ = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))


def ask(proposals: Sequence[str]) -> str:
    """Return the question whether one of several things was meant; nothing asks nothing.

    Examples
    --------
    >>> ask(["`dexp`", "`dep`"])
    'did you mean `dexp`, or `dep`?'
    """
    if not proposals:
        return ""
    *others, last = proposals
    return "did you mean " + (f"{', '.join(others)}, or {last}?" if others else f"{last}?")


def did_you_mean(
    word: object, known: Iterable[str], quote: Callable[[str], str] = repr, lead: str = "; "
) -> str:
    """Return what a message about an unknown word ends with: the question, if there is one.

    Parameters
    ----------
    word, known
        As for `suggest`.
    quote : callable
        How a suggestion is written.
    lead : str
        What joins the question to the message.

    Examples
    --------
    >>> print("no start 'dta'" + did_you_mean("dta", ["data", "model"]))
    no start 'dta'; did you mean 'data'?
    >>> did_you_mean("nothing", ["data", "model"])
    ''
    """
    question = ask([quote(name) for name in suggest(word, known)])
    return lead + question if question else ""


def no_such(what: str, word: object, known: Iterable[str], otherwise: Sequence[str] = ()) -> str:
    """Return the message that there is no thing of a name, which there are, and which was meant.

    Parameters
    ----------
    what : str
        The kind of thing, such as "loss".
    word, known
        As for `suggest`.
    otherwise : sequence of str
        What is suggested where no word is near.

    Examples
    --------
    >>> print(no_such("loss", "nsme", ["nmse", "mse", "poisson"]))
    no loss 'nsme'; there are 'nmse', 'mse', 'poisson'; did you mean 'nmse'?
    """
    names = list(dict.fromkeys(known))
    shown = ", ".join(map(repr, names[:_MOST_SHOWN])) or "none"
    if len(names) > _MOST_SHOWN:
        shown += f", and {len(names) - _MOST_SHOWN} more"
    verb = "is" if len(names) == 1 else "are"
    question = ask([repr(name) for name in suggest(word, names) or otherwise])
    return f"no {what} {word!r}; there {verb} {shown}" + f"; {question}" * bool(question)


def _fold(word: str) -> str:
    return re.sub(r"[^\w]|_", "", word).lower()
