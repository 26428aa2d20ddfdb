"""Text that a `KeyError` prints as it is."""

from __future__ import annotations


class Plain(str):
    """A message for a `KeyError`, which prints what it is given by its `repr`.

    Examples
    --------
    >>> print(KeyError("no layer 'a'"), KeyError(Plain("no layer 'a'")), sep=" | ")
    "no layer 'a'" | no layer 'a'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
