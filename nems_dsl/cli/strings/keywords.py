"""``nems-dsl keywords``: which keywords there are, and all about one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..streams import complain, say
from ..tables import show_table

if TYPE_CHECKING:
    from nems_dsl.keywords import Option, Signature


def _complete(incomplete: str) -> list[tuple[str, str]]:
    from nems_dsl import keyword_info

    known = keyword_info()
    assert isinstance(known, dict)
    return [(name, s.summary) for name, s in known.items() if name.startswith(incomplete)]


def keywords(
    head: Annotated[
        str | None,
        typer.Argument(metavar="[HEAD]", help="A keyword, such as fir.", autocompletion=_complete),
    ] = None,
) -> None:
    """List the keywords, or describe one in full."""
    from nems_dsl import keyword_info

    try:
        known = keyword_info(head)
    except KeyError as fault:
        complain(fault.args[0])
        raise typer.Exit(1) from None
    if isinstance(known, dict):
        _show_all(known)
    else:
        _show_one(known)


def _show_all(known: dict[str, Signature]) -> None:
    show_table(
        ["keyword", "shape", "options", "what it does"],
        [
            [
                head,
                signature.describe_shape(),
                " ".join(option.name for option in signature.options),
                signature.summary,
            ]
            for head, signature in known.items()
        ],
    )


def _show_one(signature: Signature) -> None:
    from nems_dsl import Model

    head = signature.head
    layers = Model(signature.example).layers
    layer = next(layer for layer in layers if layer.signature is signature)
    parts = {
        "equation": [signature.equation],
        "shape": [str(form) for form in signature.forms],
        "options": [_describe(option) for option in signature.options]
        + [
            f"{short}: short for {' and '.join(names)}"
            for short, names in signature.synonyms.items()
        ],
        "flows": [f"({flow})".replace(" -> ", ") -> (") for flow in signature.flows],
        "reads": list(signature.signals),
        "parameters": [
            f"{name} ({', '.join(map(str, parameter.shape))}), {_bounds(parameter)}"
            + (", not fitted" if parameter.is_permanent else "")
            for name, parameter in layer.parameters.items()
        ],
        "facts": [str(layer.facts)],
        "example": [signature.example],
        "source": [signature.source],
    }
    say(f"{head}: {signature.summary}\n")
    for title, lines in parts.items():
        for number, line in enumerate(filter(None, lines)):
            say(f"  {title if not number else '':<10}  {line}")


def _describe(option: Option) -> str:
    if option.number is None:
        return f"{option.name}: {option.help}"
    from nems_dsl.keywords import default_in_words

    usual = "" if option.default is None else f", {default_in_words(option)} if left out"
    return f"{option.name}NUMBER: {option.help} ({option.number.value}{usual})"


def _bounds(parameter: object) -> str:
    low, high = parameter.bound_arrays()  # type: ignore[attr-defined]
    if low.size == 0 or (low.min() == -float("inf") and high.max() == float("inf")):
        return "unbounded"
    return f"from {low.min():g} to {high.max():g}"
