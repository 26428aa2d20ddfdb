"""What may come next in a string that is being typed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..compiler.catalogue import catalogue
from ..keywords import Signature
from ..preparation import prep_words
from .fit_words import fit_words
from .split_words import split_words

# up to the keyword that is being typed, and its name and sign of equality
_BEFORE = re.compile(r"(?:.*[_\-])?(?:[A-Za-z][A-Za-z0-9]*=)?", re.DOTALL)


def complete(text: str) -> list[str]:
    """Give what the last word of a string may become.

    Parameters
    ----------
    text : str
        A model or experiment string, as far as it is typed.

    Returns
    -------
    list of str
        Whole texts: heads of keywords, and after a period the options of a keyword that it does
        not have yet, in the order of its signature. In an experiment string, words of the section.

    Examples
    --------
    >>> complete("wc.18x4-fir.4x15-de")
    ['wc.18x4-fir.4x15-dep', 'wc.18x4-fir.4x15-dexp']
    >>> complete("stp.2.")
    ['stp.2.x', 'stp.2.t', 'stp.2.f', 'stp.2.e', 'stp.2.u', 'stp.2.tau']
    >>> complete("zs-kf5_wc.18x4_see")
    ['zs-kf5_wc.18x4_seed']
    """
    match = _BEFORE.match(text)
    before = match[0] if match is not None else ""
    head, *options = text[len(before) :].split(".")
    for signatures in _words(text.count("_"), "_" in text):
        if not options:
            found = [f"{before}{name}" for name in signatures if name.startswith(head)]
            if found:
                return found
            continue
        signature = signatures.get(head)
        if signature is None or "@" in options[-1]:
            continue
        *given, last = options
        stem = text[: len(text) - len(last)]
        return [
            f"{stem}{option.name}"
            for option in signature.options
            if option.name.startswith(last) and option.name not in given
        ]
    return []


def _words(n_sections: int, is_experiment: bool) -> list[Mapping[str, Signature]]:
    """Give the words that a section may have, the likeliest first."""
    models = {head: entry.signature for head, entry in catalogue().items()}
    prep = {head: word.signature for head, word in prep_words.items()}
    prep |= {head: word.signature for head, word in split_words.items()}
    if n_sections >= 2:
        return [{head: word.signature for head, word in fit_words.items()}]
    # a string without `_` may yet become an experiment
    return [models] if is_experiment else [models, prep]


def load_ipython_extension(shell: object) -> None:
    """Complete strings in IPython: ``%load_ext nems_dsl``."""
    matchers = shell.Completer.custom_matchers  # type: ignore[attr-defined]
    if _match not in matchers:
        matchers.append(_match)


def unload_ipython_extension(shell: object) -> None:
    """Leave strings alone again."""
    matchers = shell.Completer.custom_matchers  # type: ignore[attr-defined]
    if _match in matchers:
        matchers.remove(_match)


def _match(text: str) -> list[str]:
    """Complete a word of a cell if it looks like a string of ours: a keyword and what follows."""
    return complete(text) if re.search(r"[.\-_]", text) and text[:1].isalpha() else []
