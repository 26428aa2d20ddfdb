"""Options that commands share: those of a fit, which are told in `FitOptions`, and choices."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from enum import Enum
from typing import Annotated, Any, get_type_hints

import typer

from nems_dsl.fit_options import FitOptions, describe_option

#: What the command line calls otherwise.
_SPELLED = {"n_starts": "--starts", "max_iterations": "--max-iter"}
#: What a command line cannot say, and why.
NOT_SPELLED = {"channel_weights": "an array"}
#: Choices that mean nothing here: a model that is made from a string stands nowhere yet.
_NOT_CHOSEN = {"init": {"model"}}
_UNITS = {"validation": "FRACTION", "tolerance": "FRACTION", "max_seconds": "SECONDS"}


class ModelNames(str, Enum):  # noqa: UP042 - the options of typer before 0.20
    """What models are told apart by."""

    canonical = "canonical"
    string = "string"


class Dialects(str, Enum):  # noqa: UP042 - the options of typer before 0.20
    """Languages that strings are written in."""

    native = "native"
    nems = "nems"
    nems0 = "nems0"

    def __str__(self) -> str:
        return self.value


def complete_string(incomplete: str) -> list[str]:
    """Complete a string in a shell."""
    from nems_dsl.experiments.completion import complete

    return complete(incomplete)


OneString = Annotated[
    str,
    typer.Argument(
        metavar="STRING",
        help="A model or experiment string.",
        autocompletion=complete_string,
    ),
]
Dialect = Annotated[
    Dialects, typer.Option("--dialect", "-d", help="The language that the strings are written in.")
]


def takes_fit_options(
    *but: str,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a fit, as keyword arguments by the names they have in Python.

    They take the place of ``**fit_options`` in its signature.

    Parameters
    ----------
    *but : str
        Options that the command has of its own.
    """

    def add(command: Callable[..., None]) -> Callable[..., None]:
        options = [each for each in fields(FitOptions) if each.name not in {*but, *NOT_SPELLED}]
        signature = inspect.signature(command, eval_str=True)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]

        @functools.wraps(command)
        def plain(*args: Any, **given: Any) -> None:
            for option in options:
                if isinstance(given[option.name], Enum):
                    given[option.name] = given[option.name].value
            command(*args, **given)

        plain.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*own, *map(_parameter, options)]
        )
        return plain

    return add


def _parameter(option: Field[Any]) -> inspect.Parameter:
    """Return what typer makes an option of the command line of."""
    kind: Any = get_type_hints(FitOptions)[option.name]
    told = describe_option(option, any_value=False)
    known: Mapping[str, str] | None = option.metadata["choices"]
    default = option.default
    if known is not None:
        left_out = _NOT_CHOSEN.get(option.name, set())
        names = [name for name in known if name not in left_out]
        for name in left_out:
            told = told.replace(f'; ``"{name}"``, {known[name]}', "")
        # typer knows choices as an Enum, and mypy only those that are spelled out
        make: Any = Enum
        choice = make(option.name, {name: name for name in names}, type=str)
        kind = choice if default is not None else choice | None
        default = choice(default) if default is not None else None
    elif option.name == "validation":
        kind = float | None
    told = re.sub(r"(?<!`)`(\w+)`(?!`)", lambda other: _spell(other[1]), told)
    spelled = _spell(option.name)
    if kind is bool:
        spelled = f"{spelled}/--no-{spelled.removeprefix('--')}"
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[
            kind,
            typer.Option(
                spelled,
                help=told.replace("`", "").replace('"', ""),
                min=option.metadata["least"],
                metavar=_UNITS.get(option.name),
                rich_help_panel="How models are fitted",
            ),
        ],
    )


def _spell(name: str) -> str:
    return _SPELLED.get(name, "--" + name.replace("_", "-"))
