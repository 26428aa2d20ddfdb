"""Where a model string meets data: binding symbols, and comparing the chain's two ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..syntax import Diagnostic, ModelStringError
from .bind import with_sizes
from .bound import BoundModel
from .sizes import Sizes, describe

STIMULUS = "stim"


def fit_to_data(
    tree: BoundModel,
    signals: Mapping[str, Sizes],
    response: Sizes | None = None,
    n_bins: int | None = None,
) -> BoundModel:
    """Bind a tree's symbols to the sizes of data, and check that all sizes fit them.

    Parameters
    ----------
    tree : BoundModel
    signals : mapping of str to sizes
        Channels of each signal of the data.
    response : sizes, optional
        Channels of the response, where there is one.
    n_bins : int, optional
        How many bins the longest trial has, to tell data that lie on their side.

    Raises
    ------
    ModelStringError
        Something does not fit; it points into the canonical form.
    """
    bound = tree
    if tree.is_open or any(signals.get(name) != sizes for name, sizes in tree.reads):
        known = {"N": signals.get("stim"), "S": signals.get("state"), "R": response}
        given = ((symbol, sizes[0]) for symbol, sizes in known.items() if sizes is not None)
        values = {symbol: n for symbol, n in given if isinstance(n, int)}
        try:
            bound = with_sizes(tree, values, signals)
        except ModelStringError as fault:
            raise _of_lying_data(fault, signals, n_bins) from None
    last = bound.keywords[-1]
    if response is not None and last.gives != response:
        # whose keywords know their places in the canonical form
        raise _wrong_end(with_sizes(bound, signals=signals), response)
    return bound


def _of_lying_data(
    fault: ModelStringError, signals: Mapping[str, Sizes], n_bins: int | None
) -> ModelStringError:
    """Advise to transpose data that have more channels than bins, and not to change the string."""
    lying = {name: sizes for name, sizes in signals.items() if _is_lying(sizes, n_bins)}
    diagnostics = []
    for each in fault.diagnostics:
        for name, sizes in lying.items():
            if str(sizes[0]) in each.hint:
                called = "the stimulus" if name == "stim" else f"`{name}`"
                hint = (
                    f"time comes first, and {called} has {n_bins} bins of {sizes[0]} channels: "
                    "if it lies on its side, give its transpose"
                )
                each = replace(each, hint=hint)
        diagnostics.append(each)
    return ModelStringError(fault.string, diagnostics)


def _is_lying(sizes: Sizes, n_bins: int | None) -> bool:
    return n_bins is not None and isinstance(sizes[0], int) and sizes[0] > n_bins


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
    if tree.has_one_output and len(response) == 1:
        hint += "; nems_dsl.fit(string, x, y) fits a model to each channel"
    note = f"{steps}; response: {describe(response)}"
    return ModelStringError(tree.text, [Diagnostic("E203", message, last.span, hint, (note,))])


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
