"""The paragraph of a methods section that an experiment string stands for."""

from __future__ import annotations

from dataclasses import dataclass

from .._version import __version__
from ..compiler import BoundModel
from ..compiler.meaning.equations import to_latex
from ..fit_choices import EDGES, LOSSES, SHRINKAGE
from .bind import BoundExperiment, BoundWord
from .diff import count_parameters
from .fit_words import WORDS, write_word
from .strings import read_experiment

_SIGNALS = {"r": "of the response", "s": "of the state"}


@dataclass(frozen=True)
class _Said:
    """A word or a keyword, what it does, and its equation."""

    name: str
    summary: str
    equation: str


def describe(string: str, dialect: str = "native", *, latex: bool = False) -> str:
    r"""Write the methods paragraph of a model or an experiment.

    Parameters
    ----------
    string : str
    dialect : {"native", "nems", "nems0"}
        The language that it is written in.
    latex : bool
        Set equations and strings in LaTeX.

    Returns
    -------
    str
        How data are prepared and split, the model stage by stage with its equations, and how it is
        fitted; with defaults spelled out, and the string that says it all.

    Raises
    ------
    ModelStringError
        The string is at fault.

    Examples
    --------
    >>> print(describe("zs-kf5_wc.18x1-lvl.1_"))  # doctest: +ELLIPSIS
    The data were prepared as follows: zs makes each channel of mean 0 and standard deviation 1
    (x'[t, c] = (x[t, c] - mean_c) / sd_c). What this estimates was estimated on the data of each
    fit alone. Word kf5 cross-validates in folds, each tested by a fit to the others...
    <BLANKLINE>
    The model has 2 stages and 19 parameters: wc.18x1 weights channels: each output is a weighted
    sum of the inputs (y[t, o] = sum_c x[t, c] w[c, o]); lvl.1 adds a constant to each channel
    (y = x + shift). The output of each stage, y, is the input of the next, x.
    <BLANKLINE>
    ...
    >>> "\\sum_{c} x_{t, c}" in describe("wc.18x1", latex=True)
    True
    """
    experiment = read_experiment(string, dialect)
    paragraphs = [
        _prepared(experiment, latex),
        _modelled(experiment.model, latex),
        _fitted(experiment, latex),
    ]
    return "\n\n".join(paragraphs if latex else map(_wrap, paragraphs))


def _prepared(experiment: BoundExperiment, latex: bool) -> str:
    steps = "; ".join(_tell(_word(each), latex) for each in experiment.prep)
    split = _tell(_word(experiment.split), latex)
    if not steps:
        return f"The data were fitted as they are. Word {split}."
    return (
        f"The data were prepared as follows: {steps}. What this estimates was estimated on the "
        f"data of each fit alone. Word {split}."
    )


def _modelled(tree: BoundModel, latex: bool) -> str:
    stages = []
    for keyword in tree:
        signature = keyword.signature
        options = [
            option.help
            for name, _ in keyword.options
            if (option := signature.option(name)) is not None
        ]
        told = signature.summary + (f" ({', '.join(options)})" if options else "")
        reads = f", reading {', '.join(keyword.inputs)}" if keyword.inputs else ""
        stages.append(_tell(_Said(keyword.string, told + reads, signature.equation), latex))
    n = count_parameters(tree)
    size = "" if n is None else f" and {n:,} parameter{'s' * (n != 1)}"
    chain = "" if len(stages) == 1 else " The output of each stage, y, is the input of the next, x."
    plural = "s" * (len(stages) != 1)
    return f"The model has {len(stages)} stage{plural}{size}: {'; '.join(stages)}.{chain}"


def _fitted(experiment: BoundExperiment, latex: bool) -> str:
    options = experiment.options
    words = []
    for word in WORDS:
        given = word.write(options)
        if given is not None:
            words.append(f"{write_word(word.signature, given)} {word.signature.summary}")
    shrinkage = options.shrinkage
    shrunk = (
        SHRINKAGE.get(shrinkage)
        if isinstance(shrinkage, str)
        else f"ridge penalty of {shrinkage:g}"
    )
    said = [
        f"Minimised was {LOSSES.get(options.loss, options.loss)}",
        f"receptive fields of which the string says nothing were shrunk ({shrunk})",
        f"before a trial the stimulus was taken for {EDGES.get(options.edges, options.edges)}",
        *words,
    ]
    text = f"``{experiment.string}``" if not latex else rf"\texttt{{{_escape(experiment.string)}}}"
    return (
        f"{'; '.join(said)}. Fits were made with nems_dsl {__version__}, in which the string "
        f"{text} (experiment_id {experiment.experiment_id}) stands for all of this."
        if not latex
        else f"{_escape('; '.join(said))}. Fits were made with nems\\_dsl {__version__}, in which "
        f"the string {text} (id {experiment.experiment_id}) stands for all of this."
    )


def _word(word: BoundWord) -> _Said:
    signal = next((told for key, told in _SIGNALS.items() if word.given.get(key)), "")
    signature = word.signature
    return _Said(word.string, f"{signature.summary} {signal}".rstrip(), signature.equation)


def _tell(said: _Said, latex: bool) -> str:
    if latex:
        # what is said in words alone is no formula
        told = f"${to_latex(said.equation)}$" if "=" in said.equation else _escape(said.equation)
        return f"\\texttt{{{_escape(said.name)}}} {_escape(said.summary)} ({told})"
    return f"{said.name} {said.summary} ({said.equation})"


def _escape(text: str) -> str:
    for character in "&%$#_{}":
        text = text.replace(character, f"\\{character}")
    return text


def _wrap(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)
