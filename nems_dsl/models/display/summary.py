"""A model in a few lines: for each parameter its shape, and its values or their range."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...layers.base import Layer, Parameter
from ..model_like import ModelLike

RULE = "~" * 64
_MOST_NUMBERS = 4


def summarise(model: ModelLike) -> str:
    """Return what `print(model)` shows.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> model = Model("wc.18x2-fir.2x15-lvl.1")
    >>> model.freeze_layers("lvl")
    >>> print(summarise(model))
    Model(wc.18x2-fir.2x15-lvl.1)
    ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
    wc   coefficients (18, 2)  0.01 to 0.02
    fir  coefficients (2, 15)  -0.06667 to 0.1333
    lvl  shift (1,)            0, frozen
    ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
    """
    tree = model._tree
    known_by = [model.name, None if tree is None else tree.text]
    title = f"Model({', '.join(filter(None, known_by))})"
    if tree is not None and tree.symbols:
        body = [f"(open until the model meets data: {', '.join(sorted(tree.symbols))})"]
    else:
        rows = parameter_rows(model)
        widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
        body = [
            "  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2]]).rstrip()
            for row in rows
        ]
    return "\n".join([title, RULE, *body, RULE])


def parameter_rows(model: ModelLike) -> list[tuple[str, str, str]]:
    """Return layer, parameter with its shape, and values, for all that a fit may move."""
    pairs = zip(model.layers.names, model.layers, strict=True)
    return [row for name, layer in pairs for row in _rows(name, layer)]


def _rows(name: str, layer: Layer) -> Iterator[tuple[str, str, str]]:
    """Give a row for each parameter that is not a part of the formula, and at least one."""
    shown = [each for each in layer.parameters.values() if not each.is_permanent]
    if not shown:
        yield name, "no parameters", ""
    for parameter in shown:
        yield name, f"{parameter.name} {parameter.shape}", _values(parameter)
        name = ""


def _values(parameter: Parameter) -> str:
    values = parameter.values.ravel()
    if values.size <= _MOST_NUMBERS:
        text = ", ".join(f"{value:.4g}" for value in values)
    elif np.ptp(values) == 0:
        text = f"all {values[0]:.4g}"
    else:
        text = f"{values.min():.4g} to {values.max():.4g}"
    return f"{text}, frozen" if parameter.is_frozen else text
