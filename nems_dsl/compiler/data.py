"""Where a model string meets data: binding symbols, and comparing the chain's two ends."""

from __future__ import annotations

from collections.abc import Mapping

from ..syntax import Diagnostic, ModelStringError, read
from .bind import bind
from .bound import BoundModel
from .sizes import Sizes, describe


def fit_to_data(
    tree: BoundModel, signals: Mapping[str, Sizes], response: Sizes | None = None
) -> BoundModel:
    """Bind a tree's symbols to the sizes of data, and check that all sizes fit them.

    Parameters
    ----------
    tree : BoundModel
    signals : mapping of str to sizes
        Channels of each signal of the data.
    response : sizes, optional
        Channels of the response, where there is one.

    Raises
    ------
    ModelStringError
        Something does not fit; it points into the canonical form.
    """
    known = {"N": signals.get("stim"), "S": signals.get("state"), "R": response}
    values = {s: sizes[0] for s, sizes in known.items() if sizes is not None}
    bound = bind(
        read(tree.string), {s: n for s, n in values.items() if isinstance(n, int)}, signals
    )
    last = bound.keywords[-1]
    if response is not None and last.gives != response:
        raise _wrong_end(bound, response)
    return bound


def _wrong_end(tree: BoundModel, response: Sizes) -> ModelStringError:
    last = tree.keywords[-1]
    steps = " -> ".join(
        [
            describe(tree.keywords[0].takes),
            *(f"{keyword.head} {' x '.join(map(str, keyword.gives))}" for keyword in tree),
        ]
    )
    has = " x ".join(map(str, response))
    message = f"the chain ends with {describe(last.gives)}, but the response has {has}"
    fits = _refitted_end(tree, response)
    hint = f"fit to a response with {describe(last.gives)}"
    if fits:
        hint = f"write {fits}, or {hint}"
    else:
        hint = f"end the chain with a keyword that gives {describe(response)}, or {hint}"
    if last.gives == (1,) and len(response) == 1:
        hint += "; nems_dsl.fit(string, x, y) fits a model to each channel"
    note = f"{steps}; response: {describe(response)}"
    return ModelStringError(tree.string, [Diagnostic("E203", message, last.span, hint, (note,))])


def _refitted_end(tree: BoundModel, response: Sizes) -> str:
    """Write a chain's last keywords such that they give the response's channels, if they can."""
    end: list[str] = []
    for keyword in reversed(tree.keywords):
        if not keyword.signature.flows:
            return ""
        options = {name for name, _ in keyword.options}
        flow = next(f for f in keyword.signature.flows if f.options <= options)
        if len(keyword.gives) != 1 or flow.gives[0] not in keyword.form.axes:
            return ""
        if any(flow.gives[0] in axes for axes in flow.also):
            return ""
        place = keyword.form.axes.index(flow.gives[0])
        sizes = (*keyword.sizes[:place], *response, *keyword.sizes[place + 1 :])
        end.insert(0, keyword.resized(sizes).string)
        if flow.takes != flow.gives:
            return "-".join(end)
        if keyword.inputs:
            return ""
    return ""
