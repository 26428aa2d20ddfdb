"""Reading the variants of a space: they share most of their keywords, so each is read once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..compiler import BoundModel, bind, known_trees, parse
from ..syntax import Keyword, ModelStringError, Section, Text, read, unparse

_MOST_KEPT = 50_000
_MOST_KEYWORDS = 500
# a hyphen between `e` and a digit is a part of a number; white space belongs to the others
_HYPHEN = re.compile(r"[ \t\r\n\f\v]*(?:-(?![0-9])|(?<!e)-)[ \t\r\n\f\v]*")


class VariantReader:
    """Reads model strings that resemble each other.

    Parameters
    ----------
    dialect : str
    values : mapping of str to int
        What the symbols N, R and S stand for, as far as is known.
    """

    def __init__(self, dialect: str, values: Mapping[str, int]):
        self.dialect, self.values = dialect, dict(values)
        self._keywords: dict[str, Keyword] = {}

    def read(self, string: str) -> BoundModel:
        """Give what `parse` gives, but for the keywords' spans; the tree is kept in mind.

        Raises
        ------
        ModelStringError
            The string is not a model.
        """
        return known_trees.keep(self._read(string))

    def _read(self, string: str) -> BoundModel:
        keywords = self._keywords_of(string) if self.dialect == "native" else None
        if keywords is not None:
            try:
                return bind(Text((Section(keywords),), string), self.values)
            except ModelStringError:
                # it is raised again below, where each keyword knows its place in this string
                pass
        return parse(string, self.dialect, **self.values)

    def _keywords_of(self, string: str) -> tuple[Keyword, ...] | None:
        """Give the keywords, or None where the string must be read as a whole."""
        pieces = _HYPHEN.split(string)
        if len(pieces) > _MOST_KEYWORDS or "" in pieces:
            return None
        unknown = {piece for piece in pieces if piece not in self._keywords}
        # of several keywords that are new, each would cost as much as the whole string
        text = string if len(unknown) > 1 else "".join(unknown)
        if text:
            try:
                (section,) = read(text).sections
            except ValueError:
                # a fault, or an experiment
                return None
            read_as = pieces if len(unknown) > 1 else [text]
            if list(map(unparse, section.keywords)) != read_as:
                # options that are written otherwise than they are read
                return None
            if len(self._keywords) >= _MOST_KEPT:
                self._keywords.clear()
                return None
            self._keywords.update(zip(read_as, section.keywords, strict=True))
        return tuple([self._keywords[piece] for piece in pieces])
