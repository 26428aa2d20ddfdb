"""Looking keywords up, and suggesting the one that was meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from ..keywords import Registry, Signature, registry
from ..suggestions import did_you_mean


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
        question = did_you_mean(head, commonest_first(known), "`{}`".format)
        raise KeyError(f"no keyword `{head}`{question}")
    return known[head].signature


def commonest_first(heads: Iterable[str]) -> list[str]:
    """Return heads in the order of how often they occur in the examples of all keywords.

    Examples
    --------
    >>> commonest_first(["dep", "dexp", "wc"])
    ['wc', 'dexp', 'dep']
    """
    examples = (entry.signature.example for entry in catalogue().values())
    uses = Counter(word for example in examples for word in re.findall(r"\w+", example))
    return sorted(heads, key=lambda head: -uses[head])
