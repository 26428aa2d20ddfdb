"""An experiment string in words."""

from __future__ import annotations

from ..compiler import BoundModel
from ..compiler.meaning.explain import Explanation
from ..compiler.meaning.explain import explain as explain_model
from .bind import BoundWord
from .fit_words import WORDS, write_word
from .strings import read_either


def explain(string: str, dialect: str = "native") -> Explanation:
    """Say what a string means: a model keyword by keyword, and an experiment word by word as well.

    Parameters
    ----------
    string : str
    dialect : {"native", "nems", "nems0"}
        The language that it is written in; what is said of it is said natively.

    Returns
    -------
    Explanation
        A `str`: the canonical form and its digest; for each word or keyword what it does, and its
        equation; of keywords the shapes that come in and go out, and the parameters.

    Raises
    ------
    ModelStringError
        The string is at fault.

    Examples
    --------
    >>> print(explain("zs-kf5_wc.18x1-lvl.1_"))  # doctest: +ELLIPSIS
    zs-kf5_wc.18x1-lvl.1_  (experiment_id ...)
    <BLANKLINE>
    preparation
    zs makes each channel of mean 0 and standard deviation 1
       x'[t, c] = (x[t, c] - mean_c) / sd_c
    kf5 cross-validates in folds, each tested by a fit to the others
       whole trials where there are as many as folds, else blocks of time with gaps
       kf = 5: number of folds
    <BLANKLINE>
    model
    ...
    """
    experiment = read_either(string, dialect)
    if isinstance(experiment, BoundModel):
        return explain_model(string, dialect)
    prep = [_describe(word) for word in (*experiment.prep, experiment.split)]
    fit = []
    for word in WORDS:
        given = word.write(experiment.options)
        if given is not None:
            bound = BoundWord(word.signature, given, write_word(word.signature, given))
            fit.append(_describe(bound))
    blocks = [
        f"{experiment.string}  (experiment_id {experiment.experiment_id})",
        "\n".join(["preparation", *prep]),
        "model\n" + explain_model(experiment.model.string),
        "\n".join(["fit", *(fit or ["by default"])]),
    ]
    return Explanation("\n\n".join(blocks))


def _describe(word: BoundWord) -> str:
    lines = [f"{word.string} {word.signature.summary}", f"   {word.signature.equation}"]
    for option in word.signature.options:
        value = word.given.get(option.name)
        if value is not None and value is not False:
            told = "" if value is True else f" = {value:g}"
            lines.append(f"   {option.name}{told}: {option.help}")
    return "\n".join(lines)
