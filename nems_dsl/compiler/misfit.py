"""What to say where a keyword does not fit what comes in."""

from __future__ import annotations

from dataclasses import replace

from ..keywords import Signature
from ..syntax import Diagnostic, Flag, Keyword, Shape, Span, unparse, write_dim
from .flow import Misfit
from .options import BoundOptions
from .sizes import Size, Sizes, Symbolic, describe

OTHER_ORDER = 'this looks like NEMS order, taps first: pass dialect="nems" if it is that'


def describe_misfit(
    keyword: Keyword, signature: Signature, options: BoundOptions, misfit: Misfit, origin: str
) -> Diagnostic:
    """Say what a keyword expects, what comes in from `origin`, and how it would fit."""
    head, found, axis = keyword.head, misfit.found, misfit.axis
    note = f"{origin} gives {describe(found)}"
    if signature.join is not None:
        message = f"`{head}` cannot put these signals together"
        return Diagnostic("E202", message, keyword.span, _passes(signature), (note,))
    if len(misfit.takes) != len(found):
        takes = ", ".join(("T", *misfit.takes))
        came = ", ".join(("T", *map(str, found)))
        message = f"`{head}` takes ({takes}) here, not ({came})"
        hint = _rank_hint(keyword, signature, found)
        return Diagnostic("E202", message, keyword.head_span, hint, (note,))
    if axis is None:
        message = f"with these options, `{head}` does not pass what comes in"
        return Diagnostic("E202", message, keyword.span, _passes(signature), (note,))
    if misfit.expected is None:
        message = f"nothing tells the size of `{axis}` of `{head}`"
        hint = f"give it in the shape: {signature.describe_shape()}"
        return Diagnostic("E205", message, keyword.head_span, hint, (note,))
    return _wrong_size(keyword, options, misfit, axis, note)


def size_span(shape: Shape, place: int) -> Span:
    """Give where in a shape one size is written."""
    parts = ["" if dim is None else write_dim(dim) for dim in shape.dims]
    if place >= len(parts) or not parts[place]:
        return shape.span
    # a number of more digits than are kept makes the text longer than its parts
    if len("x".join(parts)) != shape.span.stop - shape.span.start:
        return shape.span
    start = shape.span.start + sum(len(part) + 1 for part in parts[:place])
    return Span(start, start + len(parts[place]))


def _wrong_size(
    keyword: Keyword, options: BoundOptions, misfit: Misfit, axis: str, note: str
) -> Diagnostic:
    takes, found = misfit.takes, misfit.found
    place = takes.index(axis)
    comes = tuple(misfit.expected if a == axis else n for a, n in zip(takes, found, strict=True))
    noun = "input channel" if misfit.place == 0 else f"{axis} channel"
    message = (
        f"`{keyword.head}` expects {describe(found, noun)} here, not {' x '.join(map(str, comes))}"
    )
    axes = options.form.axes
    written = options.sizes[axes.index(axis)] if axis in axes else None
    notes = [note]
    if isinstance(written, Symbolic) and isinstance(misfit.expected, int):
        notes.append(f"{written} is {misfit.expected} here")
    shape = next((o for o in keyword.options if isinstance(o, Shape)), None)
    span = keyword.head_span
    if shape is not None:
        span = size_span(shape, axes.index(axis) if axis in axes else 0)
    refitted = _refitted(keyword, options, takes, found)
    hint = f"write {refitted}"
    if axis not in axes or refitted == unparse(keyword):
        # nothing that is written in the keyword has to do with it
        noun = f"{axis} channel" if misfit.place else noun
        message = (
            f"`{keyword.head}` takes {' x '.join(map(str, comes))} {noun}(s), not "
            f"{' x '.join(map(str, found))}"
        )
        hint = f"give it as many as that; no size of `{keyword.head}` changes it"
    taps = dict(zip(axes, options.sizes, strict=True)).get("taps")
    if axis == "in" and taps == found[place]:
        notes.append(OTHER_ORDER)
    return Diagnostic("E201", message, span, hint, tuple(notes))


def _refitted(keyword: Keyword, options: BoundOptions, takes: tuple[str, ...], found: Sizes) -> str:
    """Write the keyword with the sizes that fit."""
    sizes = dict(zip(options.form.axes, options.sizes, strict=True))
    if sizes.get("taps") == found[0] and isinstance(sizes.get("in"), int):
        sizes["taps"] = sizes["in"]
    sizes.update({a: n for a, n in zip(takes, found, strict=True) if a in sizes})
    n_written = next((len(o.dims) for o in keyword.options if isinstance(o, Shape)), 1)
    shown = [_shown(sizes[axis]) for axis in options.form.axes[:n_written]]
    return with_shape(keyword, "x".join(shown))


def _shown(size: Size | None) -> str:
    return "" if size is None else str(size)


def with_shape(keyword: Keyword, shape: str) -> str:
    """Write a keyword with another shape."""
    flags = tuple(option for option in keyword.options if isinstance(option, Flag))
    return unparse(replace(keyword, head=f"{keyword.head}.{shape}", options=flags))


def _rank_hint(keyword: Keyword, signature: Signature, found: Sizes) -> str:
    is_known = not any(isinstance(n, Symbolic) and n.is_unspoken for n in found)
    for flow in signature.flows:
        if flow.takes == flow.gives and len(flow.takes) == len(found) and is_known:
            return f"write {with_shape(keyword, 'x'.join(map(str, found)))}"
    if len(found) > 1:
        return (
            "a bank first passes a filter that gives one output per slice: wc.18x1x70-fir.1x15x70"
        )
    return _passes(signature)


def _passes(signature: Signature) -> str:
    if signature.join is not None:
        return f"`{signature.head}` {signature.summary}; see nems-dsl keywords {signature.head}"
    flows = " or ".join(f"({flow})" for flow in signature.flows)
    return f"`{signature.head}` passes {flows}"
