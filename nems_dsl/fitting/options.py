"""How a model is fitted: every option, its default, its check and its help, told once.

`Model.fit`, `fit`, `cross_validate`, `sweep`, the command line and the page on fits take from here
what options there are.
"""

from __future__ import annotations

import functools
import inspect
import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypedDict, TypeVar, cast

import numpy as np

from ..data.edges import EDGES
from ..data.recording import Recording
from ..suggestions import did_you_mean, no_such
from .losses import LOSSES

F = TypeVar("F", bound=Callable[..., Any])

#: Ways to start, and what they mean.
INITS = {
    "auto": "from data, unless the model's parameters have been set or fitted before",
    "data": "from the regularised receptive field and the scatter of the response",
    "staged": "the linear part from the means of the priors, then the nonlinearity, then all",
    "mean": "at the means of the priors",
    "prior": "drawn from the priors",
    "model": "where the model stands",
}


@dataclass(frozen=True)
class Optimizer:
    """A way to minimise an objective.

    Attributes
    ----------
    name : str
    summary : str
        What it is, in one line.
    tolerance : float
        An iteration that lowers the loss by less than this share of it is as good as none.
    max_iterations : int
    n_flat : int
        So many such iterations on end are the end.
    is_direct : bool
        It ends at the same place from wherever it starts.
    """

    name: str
    summary: str
    tolerance: float
    max_iterations: int
    n_flat: int
    is_direct: bool = False


OPTIMIZERS = {
    each.name: each
    for each in (
        Optimizer(
            "gauss-newton",
            "damped Gauss-Newton steps within bounds; Fisher scoring for poisson",
            tolerance=1e-5,
            max_iterations=100,
            n_flat=3,
        ),
        Optimizer(
            "l-bfgs-b",
            "limited-memory quasi-Newton steps within bounds, by gradients alone",
            tolerance=1e-6,
            max_iterations=2000,
            n_flat=10,
        ),
        Optimizer(
            "closed-form",
            "the solution of a linear least-squares problem",
            tolerance=1e-9,
            max_iterations=20,
            n_flat=1,
            is_direct=True,
        ),
    )
}


def _told(kind: str, help: str) -> dict[str, str]:
    return {"kind": kind, "help": help}


def _named(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"


class FitArguments(TypedDict, total=False):
    """The options of a fit as keyword arguments; `FitOptions` says what each is."""

    loss: str
    regularizers: bool
    priors: float
    channel_weights: Any
    edges: str
    init: Any
    n_starts: int
    seed: int | None
    optimizer: str | None
    tolerance: float | None
    max_iterations: int | None
    max_seconds: float | None
    validation: Any
    patience: int
    dtype: str


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
        default="nmse",
        metadata=_told(
            _named(LOSSES),
            "What is minimised: the root of the mean squared error over the target's standard "
            "deviation, the mean squared error, or ``p - y log p`` for counts.",
        ),
    )
    regularizers: bool = field(
        default=True, metadata=_told("bool", "Add the penalties that the string asks for.")
    )
    priors: float = field(
        default=0.0,
        metadata=_told(
            "float",
            "Add so many times minus the log density of the priors, per sample, to the loss.",
        ),
    )
    channel_weights: Any = field(
        default=None,
        metadata=_told(
            "(channels,) array, optional",
            "How much each channel of the response counts, 0 or above.",
        ),
    )
    edges: str = field(
        default="zeros",
        metadata=_told(
            _named(EDGES),
            "What the stimulus was before a trial began, and is after it has ended: 0; not known, "
            "so that bins which depend on it are left out of fit and score; or the first value, "
            "and the last.",
        ),
    )
    init: Any = field(
        default="auto",
        metadata=_told(
            "str or Model",
            'What a search starts from: ``"auto"``, from data unless parameters have been set or '
            'fitted before; ``"data"``; ``"staged"``; ``"mean"`` or ``"prior"``, means of the '
            'priors or draws from them; ``"model"``, where this model stands; or a fitted model, '
            "whose parameters are taken where keywords match.",
        ),
    )
    n_starts: int = field(
        default=1,
        metadata=_told(
            "int",
            "Searches, of which the best is kept; those after the first start from draws from the "
            "priors.",
        ),
    )
    seed: int | None = field(
        default=0, metadata=_told("int or None", "For these draws. None draws others each time.")
    )
    optimizer: str | None = field(
        default=None,
        metadata=_told(
            f"{_named(OPTIMIZERS)}, optional", "By default the one that should be fastest."
        ),
    )
    tolerance: float | None = field(
        default=None,
        metadata=_told(
            "float, optional",
            "The search ends when an iteration lowers the loss by less than this share of it; by "
            "default "
            + ", ".join(f"{each.tolerance:g} for {name}" for name, each in OPTIMIZERS.items())
            + ".",
        ),
    )
    max_iterations: int | None = field(
        default=None,
        metadata=_told(
            "int, optional",
            "Limit of each search; by default "
            + ", ".join(f"{each.max_iterations} for {name}" for name, each in OPTIMIZERS.items())
            + ".",
        ),
    )
    max_seconds: float | None = field(
        default=None,
        metadata=_told(
            "float, optional", "Limit of all searches of one model together; none by default."
        ),
    )
    validation: Any = field(
        default=None,
        metadata=_told(
            "(x, y) or float, optional",
            "Data held out to end the search by, or the share of the data to hold out for that.",
        ),
    )
    patience: int = field(
        default=10,
        metadata=_told("int", "Iterations that may go by without a lower loss on these."),
    )
    dtype: str = field(
        default="float64",
        metadata=_told('{"float64", "float32"}', "Precision of the signals during the fit."),
    )

    def __post_init__(self) -> None:
        for name, known in (("loss", LOSSES), ("edges", EDGES), ("optimizer", OPTIMIZERS)):
            value = getattr(self, name)
            if value not in known and not (name == "optimizer" and value is None):
                raise ValueError(no_such(name, value, known))
        if isinstance(self.init, str) and self.init not in INITS:
            raise ValueError(no_such("start", self.init, INITS))
        if self.n_starts < 1:
            raise ValueError(f"n_starts must be at least 1, not {self.n_starts}")
        if not 0 <= self.priors < np.inf:
            raise ValueError(f"priors must be a weight of 0 or above, not {self.priors!r}")
        if self.dtype not in ("float64", "float32"):
            raise ValueError(f"dtype must be 'float64' or 'float32', not {self.dtype!r}")
        self._check_limits()

    def _check_limits(self) -> None:
        if self.tolerance is not None and not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be from 0 up to 1, not {self.tolerance}")
        if self.max_iterations is not None and self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, not {self.max_iterations}")
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ValueError(f"max_seconds must be above 0, not {self.max_seconds}")
        if self.patience < 1:
            raise ValueError(f"patience must be at least 1, not {self.patience}")
        share = self.validation
        if isinstance(share, int | float) and not isinstance(share, bool):
            if not 0 < share < 1:
                raise ValueError(f"the share to hold out must lie between 0 and 1, not {share:g}")
        elif isinstance(share, bool) or not (
            share is None
            or isinstance(share, Recording)
            or (isinstance(share, tuple | list) and len(share) == 2)
        ):
            raise ValueError(
                "validation must be a pair (x, y) of data held out, or the share of the data to "
                f"hold out, not {share!r}"
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
        for name in arguments:
            if name not in NAMES:
                raise TypeError(f"{whose} has no option {name!r}{_instead(name, NAMES)}")
        return cls(**arguments)

    def changed(self) -> dict[str, Any]:
        """Return the options that are not at their default."""
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) is not each.default and value != each.default
        }

    @property
    def text(self) -> str:
        """The options that are not at their default, as JSON that is the same for the same ones."""
        return json.dumps(self.changed(), sort_keys=True)


#: Names of all options, in their order.
NAMES = tuple(each.name for each in fields(FitOptions))

#: What other programs call what is here called otherwise.
_ELSEWHERE = {
    "input": "the stimulus is called x here",
    "X": "the stimulus is called x here",
    "stim": "the stimulus is called x here",
    "stimulus": "the stimulus is called x here",
    "target": "the response is called y here",
    "Y": "the response is called y here",
    "resp": "the response is called y here",
    "response": "the response is called y here",
    "fitter_options": "write tolerance= and max_iterations=",
    "options": "write tolerance= and max_iterations=",
    "backend": "there is one; optimizer= chooses how it searches",
    "fitter": "write optimizer=",
    "cost_function": "write loss=",
    "epochs": "write max_iterations=",
    "maxiter": "write max_iterations=",
    "max_iter": "write max_iterations=",
    "ftol": "write tolerance=",
    "tol": "write tolerance=",
    "random_state": "write seed=",
    "early_stopping_tolerance": "write validation= and patience=",
    "batch_size": "all trials are fitted together; leave it out",
    "n_init": "write n_starts=",
}


def document_options(function: F) -> F:
    """Write the options into the signature and the docstring of a function that takes them.

    The docstring has ``{options}`` where they belong; the signature ends with ``**options``. A
    name that is none is told before Python tells which arguments are missing.
    """
    if function.__doc__:
        (line,) = (each for each in function.__doc__.splitlines() if each.strip() == "{options}")
        indent = line.removesuffix("{options}")
        function.__doc__ = function.__doc__.replace(line, describe_options(indent))
    signature = inspect.signature(function)
    kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    named = [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default)
        for each in fields(FitOptions)
        if each.name not in signature.parameters
    ]
    known = (*(p.name for p in kept), *(p.name for p in named))

    @functools.wraps(function)
    def checked(*args: Any, **arguments: Any) -> Any:
        for name in arguments:
            if name not in known:
                instead = _instead(name, known)
                raise TypeError(f"{function.__name__} has no option {name!r}{instead}")
        return function(*args, **arguments)

    checked.__signature__ = signature.replace(parameters=[*kept, *named])  # type: ignore[attr-defined]
    return cast(F, checked)


def describe_options(indent: str = "    ") -> str:
    """Return the section of a docstring that describes the options."""
    lines = []
    for each in fields(FitOptions):
        lines.append(f"{indent}{each.name} : {each.metadata['kind']}")
        told = each.metadata["help"]
        if each.default is not None:
            told += f" By default {each.default!r}."
        lines += textwrap.wrap(
            told, 96, initial_indent=f"{indent}    ", subsequent_indent=f"{indent}    "
        )
    return "\n".join(lines)


def _instead(name: str, known: Sequence[str]) -> str:
    if name in _ELSEWHERE:
        return f": {_ELSEWHERE[name]}"
    question = did_you_mean(name, known, quote=lambda each: f"{each}=")
    return question or f"; there are {', '.join(NAMES)}"


assert FitOptions.__doc__ is not None
FitOptions.__doc__ = FitOptions.__doc__.format(options=describe_options().strip())
