"""Experiment strings of other programs: their outer sections, as far as words here say the same.

What loads the data of a laboratory, or chooses among backends, has no meaning here. It is kept as
it was written, and named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ..compiler.bind import with_other_faults
from ..compiler.dialects.foreign import bind_foreign, without_lists
from ..compiler.dialects.oldest import refuse_oldest
from ..compiler.strings import check_dialect
from ..syntax import Keyword, ModelStringError, Section, Text, read, unparse
from .bind import BoundExperiment, parse_experiment

# a word's options, and what it is here: words of the preparation, and of the fit
Options = dict[str, str]
Said = tuple[list[str], list[str]]
_SECTIONS = re.compile(r"(?<!\\)_")
_OPTION = re.compile(r"([A-Za-z]+)([0-9][A-Za-z0-9]*)?")


def _norm(given: Options) -> Said | None:
    """Scale both signals, or one: ``norm``, ``norm.ms.s``."""
    if given.keys() - {"mm", "ms", "s", "r"}:
        return None
    word = "zs" if "ms" in given else "mm"
    both = {"s", "r"} <= given.keys() or not given.keys() & {"s", "r"}
    words = [word] * (both or "s" in given) + [f"{word}.r"] * (both or "r" in given)
    return words, []


def _split(given: Options) -> Said | None:
    """Hold out percent at the end: ``tev.v20``."""
    if given.keys() - {"v"}:
        return None
    return [f"est{100 - int(given.get('v') or 10)}"], []


def _all(given: Options) -> Said | None:
    return None if given else (["est100"], [])


def _folds(given: Options) -> Said | None:
    """Cross-validate: ``jk.nf10``."""
    if given.keys() - {"nf", "bt"}:
        return None
    return [f"kf{given.get('nf') or 5}" + ".bl" * ("bt" in given)], []


def _start(given: Options) -> Said | None:
    """Start with the nonlinearity left out, maybe several times: ``init.rb10``."""
    n = given.get("rb") or given.get("r") or ("10" if given.keys() & {"r", "rb"} else "")
    if given.keys() - {"r", "rb", "st", "b"}:
        return None
    return [], ["start.staged" + f".n{n}" * bool(n)]


def _search(given: Options) -> Said | None:
    """Search with SciPy until an iteration gains too little: ``basic.t7.mi1000``."""
    if given.keys() - {"t", "mi", "b"}:
        return None
    limits = [f"te-{given['t']}"] if given.get("t") else []
    limits += [f"i{given['mi']}"] if given.get("mi") else []
    return [], [".".join(["search", *limits])] if limits else []


#: Words of other programs that mean something here.
WORDS: dict[str, Callable[[Options], Said | None]] = {
    "norm": _norm,
    "tev": _split,
    "aev": _all,
    "jk": _folds,
    "init": _start,
    "basic": _search,
}
_LEFT_OUT = {
    "ozgf": "it loads a spectrogram",
    "gtgram": "it loads a spectrogram",
    "env": "it loads envelopes",
    "psth": "it loads responses alone",
    "parm": "it loads parameters of sounds",
    "ld": "it loads a recording",
    "loadpop": "it loads a population",
    "st": "it makes the state of signals of that laboratory",
    "sev": "it splits by how often a stimulus was repeated; pass groups= or hold data out yourself",
    "tf": "it is a search by another library",
    "lite": "it is a search by another library",
    "newtf": "it is a search by another library",
    "tfinit": "it is a start by another library",
}


def parse_foreign(
    string: str, dialect: str, *, strict: bool = False, **sizes: int
) -> tuple[BoundExperiment, list[str]]:
    """Read an experiment string of another program.

    Parameters
    ----------
    string : str
        Of three sections; of two, preparation and model; or a model alone.
    dialect : {"nems", "nems0"}
    strict : bool
        Refuse what has no meaning here.
    **sizes
        N, R, S as far as they are known.

    Returns
    -------
    experiment : BoundExperiment
        Natively; `foreign` has the outer sections as they were written.
    notices : list of str
        What was left out, and why.

    Raises
    ------
    ModelStringError
        The model cannot be read.
    ValueError
        With `strict`: something would be left out.

    Examples
    --------
    >>> string = "ozgf.fs100.ch18-ld-norm-sev_dlog-wc.18x1-fir.1x15-lvl.1_jk.nf10-init-basic.t5"
    >>> experiment, notices = parse_foreign(string, "nems0")
    >>> print(experiment)
    mm-mm.r-kf10_dlog.18-wc.18x1-fir.1x15-lvl.1_start.staged-search.te-5
    >>> notices[0]
    'ozgf.fs100.ch18: it loads a spectrogram'
    """
    check_dialect(dialect)
    if dialect == "native":
        return parse_experiment(string, **sizes), []
    refuse_oldest(string)
    try:
        # of two sections, the first prepares data there
        text = read(f"{string}_" if len(_SECTIONS.findall(string)) == 1 else string)
    except ModelStringError as fault:
        raise without_lists(with_other_faults(fault, {}), dialect) from None
    middle = text.sections[len(text.sections) // 2]
    tree, translation = bind_foreign(Text((middle,), text.source), dialect, sizes, strict=strict)
    notices = [each.message for each in translation.notices]
    prep: list[str] = []
    fit: list[str] = []
    outer = text.sections[::2] if len(text.sections) == 3 else ()
    for section in outer:
        for keyword in section.keywords:
            said = _say(keyword)
            if isinstance(said, str):
                notices.append(said)
                continue
            prep += said[0]
            fit += said[1]
    if strict and notices:
        raise ValueError(f"left out of {string}: {'; '.join(notices)}")
    written = f"{'-'.join(prep)}_{tree.string}_{'-'.join(_once(fit))}"
    found = parse_experiment(written, **sizes)
    foreign = tuple(map(_written, outer)) if outer else None
    return replace(found, source=string, foreign=foreign), notices


def _say(keyword: Keyword) -> Said | str:
    """Say a word natively, or why it is left out."""
    text = unparse(keyword)
    options: Options = {}
    for option in keyword.options:
        match = _OPTION.fullmatch(unparse(option))
        if match is None:
            return f"{text}: it has no meaning here"
        options[match[1]] = match[2] or ""
    word = WORDS.get(keyword.head)
    said = None if word is None else word(options)
    if said is not None:
        return said
    reason = "with these options it has no meaning here" if word else "it has no meaning here"
    return f"{text}: {_LEFT_OUT.get(keyword.head, reason)}"


def _once(words: list[str]) -> list[str]:
    """Keep the last of words that say the same."""
    return list({word.split(".")[0]: word for word in words}.values())


def _written(section: Section) -> str:
    return unparse(section)
