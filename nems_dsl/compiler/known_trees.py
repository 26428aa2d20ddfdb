"""Trees of canonical strings that this process has met: each string is read once."""

from __future__ import annotations

from .bound import BoundModel
from .catalogue import catalogue
from .strings import parse


class KnownTrees:
    """Trees by canonical string, until there are too many, or a keyword is declared anew.

    Parameters
    ----------
    most : int
        How many are kept.

    Examples
    --------
    >>> trees = KnownTrees()
    >>> trees.of("wc.18x4-lvl.4") is trees.of("wc.18x4-lvl.4")
    True
    """

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._trees: dict[str, BoundModel] = {}
        self._version = -1

    def of(self, canonical: str) -> BoundModel:
        """Return the tree of a canonical string, which is read if it is not known.

        Raises
        ------
        ModelStringError
            The string is not a model.
        """
        self._forget_old_keywords()
        tree = self._trees.get(canonical)
        return self.keep(parse(canonical)) if tree is None else tree

    def keep(self, tree: BoundModel) -> BoundModel:
        """Remember a tree, and return it."""
        self._forget_old_keywords()
        if len(self._trees) >= self._most:
            self._trees.clear()
        self._trees[tree.string] = tree
        return tree

    def _forget_old_keywords(self) -> None:
        version = catalogue().version
        if version != self._version:
            self._trees.clear()
            self._version = version


known_trees = KnownTrees()
