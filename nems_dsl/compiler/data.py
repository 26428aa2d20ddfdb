"""Where a model string meets data: binding symbols, and comparing the chain's two ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..syntax import Diagnostic, ModelStringError, read
from .bind import bind
from .bound import BoundModel
from .sizes import Sizes, describe

STIMULUS = "stim"


def fit_to_data(
    tree: BoundModel,
    signals: Mapping[str, Sizes],
    response: Sizes | None = None,
    lengths: Sequence[int] = (),
) -> BoundModel:
    """Bind a tree's symbols to the sizes of data, and check that all sizes fit them.

    Parameters
    ----------
    tree : BoundModel
    signals : mapping of str to sizes
        Channels of each signal of the data.
    response : sizes, optional
        Channels of the response, where there is one.
    lengths : sequence of int, optional
        Bins of each trial, by which a stimulus that lies on its side is known.

    Raises
    ------
    ModelStringError
        Something does not fit; it points into the canonical form.
    """
    try:
        return _bind(tree, signals, response)
    except ModelStringError as fault:
        hint = _hint_to_turn(tree, signals, lengths)
        if not hint:
            raise
        first = replace(fault.diagnostics[0], hint=hint)
        raise ModelStringError(fault.string, [first]) from None


def _hint_to_turn(tree: BoundModel, signals: Mapping[str, Sizes], lengths: Sequence[int]) -> str:
    """Say how to turn the stimulus, if the model fits its bins in place of its channels."""
    if len(set(lengths)) != 1 or len(signals.get(STIMULUS, ())) != 1:
        return ""
    if _fits(tree, signals) or not _fits(tree, {**signals, STIMULUS: (lengths[0],)}):
        return ""
    turned = ".T" if len(lengths) == 1 else ".swapaxes(1, 2), or .T of each trial"
    n_channels = signals[STIMULUS][0]
    return (
        f"pass the transpose of the stimulus, {turned}: time comes first, and it is read as "
        f"{lengths[0]} bins of {n_channels} channels"
    )


def _fits(tree: BoundModel, signals: Mapping[str, Sizes]) -> bool:
    try:
        _bind(tree, signals, None)
    except ModelStringError:
        return False
    return True


def _bind(tree: BoundModel, signals: Mapping[str, Sizes], response: Sizes | None) -> BoundModel:
    known = {"N": signals.get(STIMULUS), "S": signals.get("state"), "R": response}
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
