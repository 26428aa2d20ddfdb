"""Words about the fit, each tied to the options of `FitOptions` that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..fit_choices import INITS
from ..fit_options import FitOptions
from ..keywords import Number, Option, Signature
from ..preparation.word import NO_FLOW, NO_SHAPE
from ..syntax import spell_number

Given = Mapping[str, Any]

#: What a string cannot say: it is of the data, of the machine, or a value of Python's.
NOT_SPELLED = {
    "channel_weights": "an array as long as the response has channels",
    "max_seconds": "where a search ends by the clock depends on the machine",
}
_PLAIN = [name for name in INITS if name != "auto"]
_SEARCHES = {"gn": "gauss-newton", "lbfgs": "l-bfgs-b", "direct": "closed-form", "search": None}


@dataclass(frozen=True)
class FitWord:
    """A word about the fit.

    Attributes
    ----------
    signature : Signature
    gives : tuple of str
        The options of a fit that it sets.
    read : callable
        From what it is given to these options.
    write : callable
        From options to the word's own, or None where they are the default.
    """

    signature: Signature
    gives: tuple[str, ...]
    read: Callable[[Given], dict[str, Any]]
    write: Callable[[FitOptions], dict[str, Any] | None]


def _word(
    head: str,
    summary: str,
    gives: str,
    read: Callable[[Given], dict[str, Any]],
    write: Callable[[FitOptions], dict[str, Any] | None],
    *options: Option,
    example: str = "",
) -> FitWord:
    signature = Signature(
        head=head,
        summary=summary,
        equation="fit(" + ", ".join(f"{name}=..." for name in gives.split()) + ")",
        forms=NO_SHAPE,
        flows=NO_FLOW,
        options=options,
        example=f"_wc.18x1-lvl.1_{example or head}",
    )
    return FitWord(signature, tuple(gives.split()), read, write)


def _choice(head: str, summary: str, option: str, value: object) -> FitWord:
    """Declare a word that is one value of one option."""
    return _word(
        head,
        summary,
        option,
        lambda _: {option: value},
        lambda options: {} if getattr(options, option) == value else None,
    )


def _read_start(given: Given) -> dict[str, Any]:
    init = next((name for name in _PLAIN if given.get(name)), "auto")
    return {"init": init, "n_starts": given.get("n", 1)}


def _write_start(options: FitOptions) -> dict[str, Any] | None:
    if options.init == "auto" and options.n_starts == 1:
        return None
    named = {} if options.init == "auto" else {str(options.init): True}
    return {**named, **({} if options.n_starts == 1 else {"n": options.n_starts})}


def _search(head: str) -> FitWord:
    optimizer = _SEARCHES[head]

    def read(given: Given) -> dict[str, Any]:
        return {
            "optimizer": optimizer,
            "tolerance": given.get("t"),
            "max_iterations": given.get("i"),
        }

    def write(options: FitOptions) -> dict[str, Any] | None:
        if options.optimizer != optimizer:
            return None
        limits = {"t": options.tolerance, "i": options.max_iterations}
        found = {name: value for name, value in limits.items() if value is not None}
        return found if found or optimizer is not None else None

    return _word(
        head,
        f"searches by {optimizer}" if optimizer else "says when a search ends",
        "optimizer tolerance max_iterations",
        read,
        write,
        Option("t", "tolerance", number=Number.REAL, minimum=0, maximum=0.99),
        Option("i", "iterations at most", number=Number.INTEGER, minimum=1),
    )


def _write_shrink(options: FitOptions) -> dict[str, Any] | None:
    if options.shrinkage == "auto":
        return None
    return {"none": True} if options.shrinkage == "none" else {"w": options.shrinkage}


def _write_priors(options: FitOptions) -> dict[str, Any] | None:
    if not options.priors:
        return None
    return {} if options.priors == 1 else {"w": options.priors}


def _write_early(options: FitOptions) -> dict[str, Any] | None:
    if options.validation is None:
        return None
    patience = {} if options.patience == 10 else {"p": options.patience}
    return {"es": round(100 * options.validation), **patience}


#: In canonical order.
WORDS = (
    _word(
        "start",
        "says where a search starts, and how many there are",
        "init n_starts",
        _read_start,
        _write_start,
        *(
            Option(name, meaning, excludes=tuple(other for other in _PLAIN if other != name))
            for name, meaning in INITS.items()
            if name != "auto"
        ),
        Option("n", "number of starts", number=Number.INTEGER, minimum=1, absent=1),
    ),
    _choice("mse", "minimises the mean squared error", "loss", "mse"),
    _choice("pois", "minimises the loss of counts, p - y log p", "loss", "poisson"),
    *(_search(head) for head in _SEARCHES),
    _word(
        "shrink",
        "says how strongly receptive fields are shrunk; by default as the data ask",
        "shrinkage",
        lambda given: {"shrinkage": "none" if given.get("none") else given.get("w", "auto")},
        _write_shrink,
        Option("none", "not at all"),
        Option(
            "w",
            "a ridge penalty of this share of the stimulus's variance",
            number=Number.REAL,
            excludes=("none",),
        ),
    ),
    _choice("nopen", "leaves out the penalties that keywords ask for", "regularizers", False),
    _word(
        "map",
        "adds the priors' log densities to the loss",
        "priors",
        lambda given: {"priors": float(given.get("w", 1.0))},
        _write_priors,
        Option("w", "so many times", number=Number.REAL, absent=1.0),
    ),
    _choice("omit", "leaves out bins that depend on what was before a trial", "edges", "omit"),
    _choice("hold", "takes the first value for what was before a trial", "edges", "hold"),
    _word(
        "es",
        "holds out the end of the data of the fit, and ends the search by it",
        "validation patience",
        lambda given: {"validation": given["es"] / 100, "patience": given.get("p", 10)},
        _write_early,
        Option(
            "es",
            "percent that are held out",
            number=Number.INTEGER,
            default=20,
            minimum=1,
            maximum=99,
        ),
        Option(
            "p",
            "iterations without a lower loss there",
            number=Number.INTEGER,
            minimum=1,
            absent=10,
        ),
    ),
    _choice("f32", "computes signals in single precision", "dtype", "float32"),
    _word(
        "seed",
        "seeds what is drawn",
        "seed",
        lambda given: {"seed": int(given["seed"])},
        lambda options: {"seed": options.seed} if options.seed else None,
        Option("seed", "the seed", number=Number.INTEGER, maximum=2**31),
        example="seed1",
    ),
)
#: By head.
fit_words = {word.signature.head: word for word in WORDS}


def write_word(signature: Signature, given: Given) -> str:
    """Write a word with what it is given, in the signature's order.

    Examples
    --------
    >>> write_word(fit_words["es"].signature, {"es": 20, "p": 5})
    'es20.p5'
    """
    text, rest = signature.head, []
    for option in signature.options:
        value = given.get(option.name)
        if value is None or value is False:
            continue
        if option.name == signature.head:
            # digits alone: a head holds no exponent with a sign, and 1e3 would be another word
            text += str(int(value))
        else:
            rest.append(option.name + ("" if value is True else spell_number(value)))
    return ".".join([text, *rest])


def write_options(options: FitOptions) -> str:
    """Write the fit section of options, those at their default left out.

    Raises
    ------
    ValueError
        Some cannot be said in a string; names them, and why.

    Examples
    --------
    >>> write_options(FitOptions(loss="poisson", n_starts=5))
    'start.n5-pois'
    """
    words = []
    for word in WORDS:
        given = word.write(options)
        if given is not None:
            words.append((word, given))
    spelled = {"loss": "nmse"}
    for word, given in words:
        spelled.update(word.read({**given}))
    wrong = [
        name
        for name, value in options.changed().items()
        if spelled.get(name, value) != value or name not in spelled
    ]
    if wrong:
        reasons = "; ".join(
            f"{name}: {NOT_SPELLED.get(name, 'this value has no spelling')}" for name in wrong
        )
        raise ValueError(f"not reproducible by its string ({reasons})")
    return "-".join(write_word(word.signature, given) for word, given in words)
