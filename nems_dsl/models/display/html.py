"""A model as notebooks show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._html import block, folded, heading, notes, table
from ...fitting.results import FitResults
from ..model_like import ModelLike
from .diagram import diagram
from .summary import parameter_rows


def show_model(model: ModelLike) -> str:
    """Return a model as HTML: how it was fitted, the diagram, and its parameters, folded.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> html = show_model(Model("wc.18x4-fir.4x15-dexp.1"))
    >>> "not fitted" in html, "<details>" in html
    (True, True)
    """
    tree = model._tree
    string = " - ".join(layer.label for layer in model.layers) if tree is None else tree.text
    title = string if model.name is None else f"{model.name}: {string}"
    if tree is not None and tree.symbols:
        open_sizes = f"open until the model meets data: {', '.join(sorted(tree.symbols))}"
        return heading(title, open_sizes) + _drawn(model)
    rows = parameter_rows(model)
    n_free = model.parameter_count
    parameters = table(("layer", "parameter", "values"), rows)
    return (
        heading(title, *_outcome(model))
        + notes(_warnings(model))
        + _drawn(model)
        + folded(f"{n_free:,} parameters", parameters)
    )


def _drawn(model: ModelLike) -> str:
    return folded("diagram", block(diagram(model, "text")))


def _outcome(model: ModelLike) -> Iterator[str]:
    if model.has_later_results:
        yield "fitted"
    elif model.results is None:
        yield "not fitted"
    else:
        yield str(model.results).split("\n", maxsplit=1)[0]


def _warnings(model: ModelLike) -> Sequence[str]:
    results: FitResults | None = None if model.has_later_results else model.results
    return [] if results is None else [f"warning: {text}" for text in results.warnings]
