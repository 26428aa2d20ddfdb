"""Reading the variants of a space: they share most of their keywords, so each is read once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..compiler import BoundModel, bind, parse
from ..syntax import Keyword, ModelStringError, Section, Text, read

_MOST_KEPT = 50_000
_MOST_KEYWORDS = 500
# a hyphen between `e` and a digit is a part of a number
_HYPHEN = re.compile(r"-(?![0-9])|(?<!e)-")


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
        """Give what `parse` gives, but for the keywords' spans.

        Raises
        ------
        ModelStringError
            The string is not a model.
        """
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
        if len(pieces) > _MOST_KEYWORDS:
            return None
        found = []
        for piece in pieces:
            keyword = self._keywords.get(piece)
            if keyword is None:
                try:
                    (section,) = read(piece).sections
                    (keyword,) = section.keywords
                except ValueError:
                    # no keyword on its own: a fault, white space, an experiment
                    return None
                if len(self._keywords) >= _MOST_KEPT:
                    self._keywords.clear()
                self._keywords[piece] = keyword
            found.append(keyword)
        return tuple(found)
