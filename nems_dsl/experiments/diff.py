"""What tells two models, or two experiments, apart: in words and shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from ..compiler import BoundKeyword, BoundModel, function_id
from .bind import BoundExperiment
from .fit_words import write_options
from .strings import read_experiment


def diff(a: str, b: str, dialect: str = "native") -> str:
    """Say what tells two strings apart.

    Parameters
    ----------
    a, b : str
        Model or experiment strings.
    dialect : {"native", "nems", "nems0"}
        The language of both; what is said is said natively.

    Returns
    -------
    str
        A line for each keyword that one of them lacks (``-`` and ``+``) or says otherwise
        (``~``, with the sizes, options and shapes that differ), and what follows from that: the
        shapes and the numbers of parameters. What both say alike is left out.

    Raises
    ------
    ModelStringError
        One of them is at fault.

    Examples
    --------
    >>> print(diff("wc.18x4-fir.4x15-dexp.1", "wc.18x2.g-stp.2-fir.2x15-dexp.1"))
    ~ wc.18x4 -> wc.18x2.g: out 4 -> 2, with g (gaussian)
        (T, 18) -> (T, 4) becomes (T, 18) -> (T, 2)
    + stp.2 depresses each channel by its own recent activity
    ~ fir.4x15 -> fir.2x15: in 4 -> 2
        (T, 4) -> (T, 1) becomes (T, 2) -> (T, 1)
    136 parameters -> 42
    >>> print(diff("wc.18x4-fir.x15", "wc.18x4-fir.4x15"))
    the same model: wc.18x4-fir.4x15
    """
    first, second = read_experiment(a, dialect), read_experiment(b, dialect)
    if first == second:
        what = "model" if first.is_plain else "experiment"
        return f"the same {what}: {first.string}"
    lines = [*_outer(first, second), *_keywords(first.model, second.model)]
    counts = [count_parameters(each.model) for each in (first, second)]
    if None not in counts and counts[0] != counts[1]:
        lines.append(f"{counts[0]:,} parameters -> {counts[1]:,}")
    if first.model != second.model and function_id(first.model) == function_id(second.model):
        lines.append("both compute the same functions")
    return "\n".join(lines)


def _outer(first: BoundExperiment, second: BoundExperiment) -> Iterator[str]:
    before = [word.string for word in (*first.prep, first.split)]
    after = [word.string for word in (*second.prep, second.split)]
    for title, old, new in (
        ("preparation", before, after),
        ("fit", _fit_words(first), _fit_words(second)),
    ):
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield from (f"- {word} ({title})" for word in old[i:j])
                yield from (f"+ {word} ({title})" for word in new[k:m])


def _fit_words(experiment: BoundExperiment) -> list[str]:
    return [word for word in write_options(experiment.options).split("-") if word]


def _keywords(first: BoundModel, second: BoundModel) -> Iterator[str]:
    old, new = first.keywords, second.keywords
    # keywords of one head are one keyword that has changed
    matcher = SequenceMatcher(None, [k.head for k in old], [k.head for k in new], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            for before, after in zip(old[i:j], new[k:m], strict=True):
                yield from _change(before, after)
            continue
        yield from (f"- {each.string} {each.signature.summary}" for each in old[i:j])
        yield from (f"+ {each.string} {each.signature.summary}" for each in new[k:m])


def _change(before: BoundKeyword, after: BoundKeyword) -> Iterator[str]:
    told = [*_sizes(before, after), *_options(before, after)]
    if before.name != after.name:
        told.append(f"output {before.name or 'without a name'} -> {after.name or 'without a name'}")
    if before.inputs != after.inputs:
        was, now = (", ".join(each.inputs) or "the keyword before" for each in (before, after))
        told.append(f"reads {was} -> {now}")
    shapes = [f"{_shape(each.takes)} -> {_shape(each.gives)}" for each in (before, after)]
    if not told and shapes[0] == shapes[1]:
        return
    what = before.string if before.string == after.string else f"{before.string} -> {after.string}"
    yield f"~ {what}: {', '.join(told) or 'other channels come in'}"
    if shapes[0] != shapes[1]:
        yield f"    {shapes[0]} becomes {shapes[1]}"


def _sizes(before: BoundKeyword, after: BoundKeyword) -> Iterator[str]:
    old, new = before.dims, after.dims
    for axis in dict.fromkeys([*old, *new]):
        if old.get(axis) != new.get(axis):
            yield f"{axis} {old.get(axis, 'none')} -> {new.get(axis, 'none')}"


def _options(before: BoundKeyword, after: BoundKeyword) -> Iterator[str]:
    old, new = dict(before.options), dict(after.options)
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) == new.get(name):
            continue
        if name not in old or name not in new:
            option = before.signature.option(name)
            told = f" ({option.help})" if option is not None else ""
            yield f"{'with' if name in new else 'without'} {name}{told}"
        else:
            yield f"{name} {old[name]:g} -> {new[name]:g}"


def _shape(sizes: Sequence[object]) -> str:
    return f"({', '.join(['T', *map(str, sizes)])})"


def count_parameters(tree: BoundModel) -> int | None:
    """Count the parameters, or give None where sizes are open."""
    if tree.symbols:
        return None
    from ..compiler.build import build_layers

    layers = build_layers(tree)
    return sum(p.size for each in layers for p in each.parameters.values() if not p.is_permanent)
