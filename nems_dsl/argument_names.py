"""Arguments by the names that other programs have for them: taken where they mean the same.

One table, `ELSEWHERE`, says of each name what it is called here. The functions that take data go
by it, and so does the page for those who come from NEMS. Nothing is loaded for it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from .fit_choices import LOSSES
from .suggestions import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])

PAGE = "docs/coming_from_nems.md"
_LOSSES_OF_NEMS = {**{name: name for name in LOSSES}, "squared_error": "mse"}
_SIGNALS = "signals go by name: pass a dict, such as {'stim': x, 'state': s}"
_STIMULUS, _RESPONSE = "the stimulus is called x here", "the response is called y here"


@dataclass(frozen=True)
class Elsewhere:
    """An argument of another program.

    Attributes
    ----------
    told : str
        What it is called here, or what to do instead.
    ours : str or None
        The argument here that means the same.
    values : mapping or None
        The values that mean something here, and what is written for them; all, as they are, by
        default. Without an argument of ours these are the values that ask for what is done anyway.
    holds : bool
        It is a dict of further arguments.
    of_nems : bool
        The page tells more.
    """

    told: str
    ours: str | None = None
    values: Mapping[Any, Any] | None = None
    holds: bool = False
    of_nems: bool = True


def _other(told: str) -> Elsewhere:
    return Elsewhere(told, of_nems=False)


#: What other programs call what is here called otherwise.
ELSEWHERE: Mapping[str, Elsewhere] = {
    # data
    "input": Elsewhere(_STIMULUS, "x"),
    "target": Elsewhere(_RESPONSE, "y"),
    "input_name": Elsewhere(_SIGNALS),
    "state_name": Elsewhere(_SIGNALS),
    "target_name": Elsewhere(_SIGNALS + ", and the response by y"),
    "prediction_name": Elsewhere("the prediction is called 'output' in what evaluate gives"),
    "output_name": Elsewhere("the prediction is called 'output' in what evaluate gives"),
    "batch_size": Elsewhere(
        "all trials are fitted together; leave it out", values={None: None, 0: None}
    ),
    "permute_batches": Elsewhere(
        "all trials are fitted together; leave it out", values={False: None}
    ),
    "return_full_data": Elsewhere("evaluate gives all signals", values={False: None}),
    "as_dataset": Elsewhere("evaluate gives a dict", values={False: None}),
    # fits
    "fitter_options": Elsewhere(
        "write its entries as arguments, such as tolerance= and max_iterations=", holds=True
    ),
    "options": Elsewhere(
        "write its entries as arguments, such as tolerance= and max_iterations=", holds=True
    ),
    "backend": Elsewhere(
        "there is one, of compiled code; optimizer= chooses how it searches",
        values={"scipy": None},
    ),
    "backend_options": Elsewhere("there is one backend; leave it out", values={None: None}),
    "method": Elsewhere("write optimizer=", "optimizer", {"L-BFGS-B": "l-bfgs-b"}),
    "cost_function": Elsewhere("write loss=", "loss", _LOSSES_OF_NEMS),
    "maxiter": Elsewhere("write max_iterations=", "max_iterations"),
    "epochs": Elsewhere("searches have no epochs: write max_iterations="),
    "ftol": Elsewhere("write tolerance=, the share of the loss that an iteration must win"),
    "gtol": Elsewhere("write tolerance=, the share of the loss that an iteration must win"),
    "learning_rate": Elsewhere("searches find the length of their steps; leave it out"),
    "early_stopping_tolerance": Elsewhere("write validation= and patience="),
    "early_stopping_patience": Elsewhere("write validation= and patience="),
    "early_stopping_delay": Elsewhere("write validation= and patience="),
    "validation_split": Elsewhere("write validation=", "validation"),
    "in_place": Elsewhere("fit gives a copy: model = model.fit(...)", values={False: None}),
    "freeze_layers": Elsewhere("call model.freeze_layers(...) before the fit", values={None: None}),
    # receptive fields
    "stim": Elsewhere(_STIMULUS, "x"),
    "D": Elsewhere("write lags=", "lags"),
    "t_indexes": Elsewhere("write times=", "times"),
    "out_channels": Elsewhere("all outputs are given: take dstrf(...)[:, channels]"),
    # models
    "n_outputs": Elsewhere("sizes are in the string; R=, N= and S= say what its symbols stand for"),
    "metric_kwargs": Elsewhere("call the function of nems_dsl.metrics", values={None: None}),
    # of other programs
    "X": _other(_STIMULUS),
    "stimulus": _other(_STIMULUS),
    "Y": _other(_RESPONSE),
    "resp": _other(_RESPONSE),
    "response": _other(_RESPONSE),
    "fitter": _other("write optimizer="),
    "max_iter": _other("write max_iterations="),
    "tol": _other("write tolerance="),
    "random_state": _other("write seed="),
    "n_init": _other("write n_starts="),
}


def read_arguments(
    arguments: Mapping[str, Any], known: Sequence[str], whose: str, n_positional: int = 0
) -> dict[str, Any]:
    """Return keyword arguments by the names that they have here.

    Parameters
    ----------
    arguments : mapping
    known : sequence of str
        What the function takes, in its order.
    whose : str
        The function that they were given to, for the message.
    n_positional : int
        How many of `known` were given without their names.

    Raises
    ------
    TypeError
        There is no such argument, nor one that means the same; or both are given.

    Examples
    --------
    >>> known = ("x", "y", "loss", "max_iterations")
    >>> read_arguments({"target": 1, "fitter_options": {"maxiter": 5}}, known, "fit")
    {'y': 1, 'max_iterations': 5}
    >>> read_arguments({"backend": "tf"}, known, "fit")
    Traceback (most recent call last):
    ...
    TypeError: fit has no option 'backend': there is one, of compiled code; optimizer= chooses how
    it searches (see docs/coming_from_nems.md)
    """
    read: dict[str, Any] = {}
    given = dict.fromkeys(known[:n_positional], "an argument without a name")
    for name, value in arguments.items():
        for ours, theirs, found in _read_one(name, value, known, whose):
            if ours in given:
                raise TypeError(
                    f"{whose} is given {given[ours]} and {theirs}=, which both mean {ours}="
                )
            given[ours] = f"{theirs}="
            read[ours] = found
    return read


def _read_one(
    name: str, value: Any, known: Sequence[str], whose: str
) -> Iterable[tuple[str, str, Any]]:
    """Give the arguments that one stands for: name here, name there, value here."""
    if name in known:
        yield name, name, value
        return
    there = ELSEWHERE.get(name)
    if there is not None and there.holds and isinstance(value, Mapping):
        for inner, its in value.items():
            yield from _read_one(inner, its, known, whose)
        return
    is_meant = there is not None and (
        there.values is None or (_is_word(value) and value in there.values)
    )
    if there is not None and is_meant:
        if there.ours in known:
            assert there.ours is not None
            yield there.ours, name, value if there.values is None else there.values[value]
            return
        if there.ours is None and there.values is not None:
            return
    refuse_unknown([name], known, whose)


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int)


def refuse_unknown(arguments: Iterable[str], known: Sequence[str], whose: str) -> None:
    """Refuse an option that there is not: name the nearest, or what it is called here.

    Parameters
    ----------
    arguments : iterable of str
    known : sequence of str
        What there is.
    whose : str
        The function that they were given to.

    Raises
    ------
    TypeError
    """
    for name in arguments:
        if name not in known:
            raise TypeError(f"{whose} has no option {name!r}{_instead(name, known)}")


def _instead(name: str, known: Sequence[str]) -> str:
    there = ELSEWHERE.get(name)
    if there is not None:
        return f": {there.told}" + f" (see {PAGE})" * there.of_nems
    question = did_you_mean(name, known, quote=lambda each: f"{each}=")
    return question or f"; there are {', '.join(each for each in known if each != 'self')}"


def takes_names_of_others(function: F) -> F:
    """Let a function take arguments by the names that other programs have for them.

    Its signature stays as it is: ours are the names to use.

    Examples
    --------
    >>> @takes_names_of_others
    ... def predict(x, state=None):
    ...     return x
    >>> predict(input=3, batch_size=None)
    3
    """
    parameters = list(inspect.signature(function).parameters.values())
    assert all(each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL) for each in parameters)
    known = tuple(each.name for each in parameters)

    @functools.wraps(function)
    def renamed(*args: Any, **arguments: Any) -> Any:
        if all(name in known for name in arguments):
            return function(*args, **arguments)
        read = read_arguments(arguments, known, name_of(function), len(args))
        return function(*args, **read)

    return cast(F, renamed)


def name_of(function: Callable[..., Any]) -> str:
    """Return what users call a function; a class, where it makes one.

    Examples
    --------
    >>> name_of(read_arguments), name_of(Elsewhere.__init__)
    ('read_arguments', 'Elsewhere')
    """
    if function.__name__ != "__init__":
        return function.__name__
    return function.__qualname__.split(".")[-2]
