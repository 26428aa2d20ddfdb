"""Looking keywords up, and suggesting the one that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache

from ..keywords import Registry, Signature, registry

_LONGEST_WORD = 100


@cache
def catalogue() -> Registry:
    """Give the registry, with the keywords of this package in it."""
    # each module of layers registers what it declares; importing them here and not at the top
    # keeps `import nems_dsl` light
    from .. import layers

    layers.load_all()
    return registry


def keyword_info(head: str | None = None) -> Signature | dict[str, Signature]:
    """Give what is declared of a keyword, or of all of them.

    Parameters
    ----------
    head : str, optional
        The keyword's head. Without it, all signatures by head.

    Returns
    -------
    Signature, or dict of them

    Raises
    ------
    KeyError
        There is no such keyword.

    Examples
    --------
    >>> keyword_info("fir").describe_shape()
    'in x taps [x out]'
    """
    known = catalogue()
    if head is None:
        return {name: known[name].signature for name in known}
    if head not in known:
        near = suggest(str(head), known)
        raise KeyError(f"no keyword `{head}`" + (f"; did you mean `{near}`?" if near else ""))
    return known[head].signature


def suggest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """Give the known word that is nearest to `word`, or None if none is near."""
    lowered = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word[:_LONGEST_WORD].lower(), lowered, n=1, cutoff=cutoff)
    return lowered[near[0]] if near else None
