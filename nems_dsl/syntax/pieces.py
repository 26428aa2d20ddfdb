"""Cutting a faulty string into keywords, so that each can be read apart from the others.

Only faulty strings come here: the grammar alone says what a sentence is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .tree import Span

WHITE_SPACE = " \t\r\n\f\v"

# a hyphen after a flag's `e` and before a digit belongs to the flag's number
_PIECE = re.compile(r"(?:\.[A-Za-z](?:[A-Za-z0-9:,+]|(?<=e)-(?=[0-9]))*|[^-_])*")


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two separators, the white space beside them left aside.

    `lead` is the separator before it: ``-``, ``_``, or nothing at the start of the string.
    """

    text: str
    start: int
    lead: str
    section: int

    @property
    def span(self) -> Span:
        """Where it stands; of an empty piece, where it is missing."""
        return Span(self.start, self.start + len(self.text))


def cut(source: str) -> list[Piece]:
    """Cut a string at the separators of keywords and sections."""
    pieces: list[Piece] = []
    place, lead, section = 0, "", 0
    while True:
        match = _PIECE.match(source, place)
        whole = match.group() if match else ""
        bare = whole.lstrip(WHITE_SPACE)
        start = place + len(whole) - len(bare) if bare else place + len(whole)
        # white space at either end of the string stands beside no separator
        if not lead:
            bare, start = whole, place
        stop = place + len(whole)
        if stop < len(source):
            bare = bare.rstrip(WHITE_SPACE)
        pieces.append(Piece(bare, start, lead, section))
        if stop == len(source):
            return pieces
        lead, place = source[stop], stop + 1
        section += lead == "_"


def missing(pieces: Sequence[Piece]) -> list[int]:
    """Give the places of keywords that are not there; of several in a row, the first.

    A section may be empty; a keyword beside a hyphen may not.
    """
    places = []
    for place, piece in enumerate(pieces):
        is_led = piece.lead == "-"
        leads = place + 1 < len(pieces) and pieces[place + 1].lead == "-"
        follows_gap = is_led and not pieces[place - 1].text
        if not piece.text and (is_led or leads) and not follows_gap:
            places.append(place)
    return places
