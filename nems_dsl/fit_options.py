"""How a model is fitted: every option, its default, its check and its help, told once.

`Model.fit`, `fit`, `cross_validate`, `sweep`, the command line and the page on fits take from here
what options there are. The command line has to start at once, so nothing heavy is loaded here.
"""

from __future__ import annotations

import functools
import inspect
import math
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, TypedDict, TypeVar, cast

from ._threads import one_blas_thread
from .argument_names import name_of, read_arguments
from .fit_choices import DTYPES, EDGES, INITS, LOSSES, OPTIMIZERS, SHRINKAGE
from .suggestions import no_such

F = TypeVar("F", bound=Callable[..., Any])

#: How the search goes, where that is not left to the model.
_WAYS = {name: each.summary for name, each in OPTIMIZERS.items()}


def _told(
    kind: str,
    help: str,
    choices: Mapping[str, str] | None = None,
    besides: str = "",
    least: int | None = None,
) -> dict[str, Any]:
    """Return what there is to say of an option.

    Parameters
    ----------
    kind : str
        Its type, as docstrings have it.
    help : str
        What it is, without a full stop.
    choices : mapping of str to str, optional
        The words that it can be, and what each means.
    besides : str
        What else it can be in Python, where it is more than a word or a number.
    least : int, optional
        It is a whole number, and this is the smallest.
    """
    return {"kind": kind, "help": help, "choices": choices, "besides": besides, "least": least}


def _named(names: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


def _each(attribute: str) -> str:
    """Return the default of each optimiser."""
    told = (f"{getattr(each, attribute):g} for {name}" for name, each in OPTIMIZERS.items())
    return ", ".join(told)


class _PlainArguments(TypedDict, total=False):
    loss: str
    regularizers: bool
    shrinkage: str | float
    priors: float
    edges: str
    n_starts: int
    optimizer: str | None
    tolerance: float | None
    max_iterations: int | None
    patience: int
    dtype: str


class FitArguments(_PlainArguments, total=False):
    """The options of a fit as keyword arguments; `FitOptions` says what each is."""

    channel_weights: Any
    init: Any
    seed: int | None
    max_seconds: float | None
    validation: Any


class SweepFitArguments(_PlainArguments, total=False):
    """The options that a sweep passes on to its fits: words and numbers, kept beside the results.

    It has a seed of its own, and a limit of time.
    """

    init: str
    validation: float | None


@dataclass(frozen=True)
class FitOptions:
    """How a model is fitted.

    Parameters
    ----------
    {options}

    Raises
    ------
    ValueError
        An option has a value that means nothing: names it, and says what is possible.

    Examples
    --------
    >>> FitOptions(loss="mse").changed()
    {{'loss': 'mse'}}
    """

    loss: str = field(
        default="nmse", metadata=_told(_named(LOSSES), "What is minimised", choices=LOSSES)
    )
    regularizers: bool = field(
        default=True, metadata=_told("bool", "Add the penalties that the string asks for")
    )
    shrinkage: str | float = field(
        default="auto",
        metadata=_told(
            f"{_named(SHRINKAGE)} or float",
            "How receptive fields are shrunk of which the string says nothing",
            choices=SHRINKAGE,
            besides="or a number, the strength of a ridge penalty as a share of the stimulus' "
            "variance",
        ),
    )
    priors: float = field(
        default=0.0,
        metadata=_told(
            "float",
            "Add so many times minus the log density of the priors, per sample, to the loss",
        ),
    )
    channel_weights: Any = field(
        default=None,
        metadata=_told(
            "(channels,) array, optional",
            "How much each channel of the response counts, 0 or above",
        ),
    )
    edges: str = field(
        default="zeros",
        metadata=_told(
            _named(EDGES),
            "What the stimulus is taken for before a trial begins, and after it has ended",
            choices=EDGES,
        ),
    )
    init: Any = field(
        default="auto",
        metadata=_told(
            "str or Model",
            "What a search starts from",
            choices=INITS,
            besides="or a fitted model, whose parameters are taken where keywords match",
        ),
    )
    n_starts: int = field(
        default=1,
        metadata=_told(
            "int",
            "Searches, of which the best is kept; those after the first start from draws from the "
            "priors",
            least=1,
        ),
    )
    seed: int | None = field(
        default=0,
        metadata=_told(
            "int or None",
            "For what is drawn from the priors",
            besides="None draws something else each time",
            least=0,
        ),
    )
    optimizer: str | None = field(
        default=None,
        metadata=_told(
            f"{_named(OPTIMIZERS)}, optional",
            "How the search goes, by default in the way that should be fastest",
            choices=_WAYS,
        ),
    )
    tolerance: float | None = field(
        default=None,
        metadata=_told(
            "float, optional",
            "The search ends when an iteration lowers the loss by less than this share of it; by "
            f"default {_each('tolerance')}",
        ),
    )
    max_iterations: int | None = field(
        default=None,
        metadata=_told(
            "int, optional",
            f"Limit of each search; by default {_each('max_iterations')}",
            least=1,
        ),
    )
    max_seconds: float | None = field(
        default=None,
        metadata=_told(
            "float, optional", "Limit of all searches of one model together; none by default"
        ),
    )
    validation: Any = field(
        default=None,
        metadata=_told(
            "float or (x, y), optional",
            "The share of the data to hold out, to end the search by",
            besides="or data that are held out",
        ),
    )
    patience: int = field(
        default=10,
        metadata=_told(
            "int",
            "Iterations that may go by without a lower loss on data held out by `validation`",
            least=1,
        ),
    )
    dtype: str = field(
        default="float64",
        metadata=_told(_named(DTYPES), "Precision of the signals during the fit", choices=DTYPES),
    )

    def __post_init__(self) -> None:
        kinds = {"init": "start", "edges": "way to treat edges"}
        for each in fields(self):
            value, choices = getattr(self, each.name), each.metadata["choices"]
            if choices is None or (value is None and each.default is None):
                continue
            # another thing than a word may be one of those that only some options take
            if value not in choices if isinstance(value, str) else not each.metadata["besides"]:
                raise ValueError(no_such(kinds.get(each.name, each.name), value, choices))
        for each in fields(self):
            value = getattr(self, each.name)
            if each.metadata["least"] is not None and not (value is None and "None" in each.type):
                _check_whole(each.name, value, each.metadata["least"])
        if not isinstance(self.shrinkage, str):
            _check_shrinkage(self.shrinkage)
        if not 0 <= self.priors < math.inf:
            raise ValueError(f"priors must be a weight of 0 or above, not {self.priors!r}")
        if self.tolerance is not None and not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be from 0 up to 1, not {self.tolerance}")
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ValueError(f"max_seconds must be above 0, not {self.max_seconds}")
        self._check_validation()

    def _check_validation(self) -> None:
        share = self.validation
        if isinstance(share, int | float) and not isinstance(share, bool):
            if not 0 < share < 1:
                raise ValueError(f"the share to hold out must lie between 0 and 1, not {share:g}")
        elif not (
            share is None
            or (isinstance(share, tuple | list) and len(share) == 2)
            # a recording: its class would bring numpy with it
            or hasattr(share, "response")
        ):
            raise ValueError(
                "validation must be the share of the data to hold out, or a pair (x, y) of data "
                f"held out, not {share!r}"
            )

    @classmethod
    def read(cls, arguments: Mapping[str, Any], whose: str = "fit") -> FitOptions:
        """Return the options that keyword arguments ask for.

        Parameters
        ----------
        arguments : mapping
        whose : str
            The function that they were given to, for the message.

        Raises
        ------
        TypeError
            There is no such option: names the nearest, or what another program's is called here.
        """
        return cls(**read_arguments(arguments, NAMES, whose))

    def changed(self) -> dict[str, Any]:
        """Return the options that are not at their default."""
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) is not each.default and value != each.default
        }


#: Names of all options, in their order.
NAMES = tuple(each.name for each in fields(FitOptions))


def document_options(function: F) -> F:
    """Write the options into the signature and the docstring of a function that takes them.

    The docstring has ``{options}`` where they belong; the signature ends with ``**options``, whose
    type says which they are. Names of other programs are taken where they mean the same. One that
    is none is told before Python tells which arguments are missing.
    """
    signature = inspect.signature(function)
    kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    (rest,) = (p for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD)
    of_sweep = "SweepFitArguments" in str(rest.annotation)
    taken = SweepFitArguments if of_sweep else FitArguments
    options = [each for each in fields(FitOptions) if each.name in taken.__annotations__]
    if function.__doc__:
        (line,) = (each for each in function.__doc__.splitlines() if each.strip() == "{options}")
        indent = line.removesuffix("{options}")
        function.__doc__ = function.__doc__.replace(
            line, _describe_options(options, indent, not of_sweep)
        )
    named = [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=each.type
        )
        for each in options
    ]
    documented = signature.replace(parameters=[*kept, *named])
    if of_sweep:
        # it tells as well why it cannot pass on what a fit takes
        function.__signature__ = documented  # type: ignore[attr-defined]
        return function
    known = (*(p.name for p in kept), *(p.name for p in named))

    @functools.wraps(function)
    def checked(*args: Any, **arguments: Any) -> Any:
        read = read_arguments(arguments, known, name_of(function), len(args))
        with one_blas_thread():
            return function(*args, **read)

    checked.__signature__ = documented  # type: ignore[attr-defined]
    return cast(F, checked)


def describe_option(option: Field[Any], any_value: bool = True) -> str:
    """Return what an option is, in a sentence.

    Parameters
    ----------
    option : dataclasses.Field
        Of `FitOptions`.
    any_value : bool
        Say what it can be besides words and numbers.

    Examples
    --------
    >>> (dtype,) = (each for each in fields(FitOptions) if each.name == "dtype")
    >>> print(describe_option(dtype).replace("`", ""))
    Precision of the signals during the fit: "float64", double; "float32", single.
    """
    told: str = option.metadata["help"]
    if option.metadata["choices"]:
        told += ": " + "; ".join(
            f'``"{name}"``, {meaning}' for name, meaning in option.metadata["choices"].items()
        )
    if any_value and option.metadata["besides"]:
        told += f"; {option.metadata['besides']}"
    return told + "."


def _describe_options(options: Iterable[Field[Any]], indent: str, any_value: bool = True) -> str:
    """Return the section of a docstring that describes options."""
    lines = []
    for each in options:
        lines.append(f"{indent}{each.name} : {_kind(each, any_value)}")
        told = describe_option(each, any_value)
        if each.default is not None:
            told += f" By default {each.default!r}."
        lines += textwrap.wrap(
            told,
            96,
            initial_indent=f"{indent}    ",
            subsequent_indent=f"{indent}    ",
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _kind(option: Field[Any], any_value: bool) -> str:
    told: str = option.metadata["kind"]
    return told if any_value else told.replace(" or (x, y)", "").replace(" or Model", "")


def _check_shrinkage(value: object) -> None:
    """Refuse what is no strength."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= float(value) < math.inf:  # type: ignore[arg-type]
        raise ValueError(
            f"shrinkage must be 'auto', 'none' or a strength of 0 or above, not {value!r}"
        )


def _check_whole(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number, or too small a one."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    if int(value) < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")


assert FitOptions.__doc__ is not None
FitOptions.__doc__ = FitOptions.__doc__.format(
    options=_describe_options(fields(FitOptions), "    ").strip()
)
