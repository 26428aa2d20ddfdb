"""Pairs of models that differ in one thing, found from their trees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from ...experiments.bind import known_experiment
from .names import natural

if TYPE_CHECKING:
    from ...compiler import BoundKeyword

Kind = Literal["value", "option added", "keyword added", "keyword replaced"]


@dataclass(frozen=True, slots=True)
class Step:
    """Two models that differ by one keyword or by one value.

    Attributes
    ----------
    a, b : str
        Canonical strings: the simpler model, and the other.
    kind : {"value", "option added", "keyword added", "keyword replaced"}
    change : str
        What b has that a has not, such as ``+ stp.4`` or ``fir taps 10 -> 15``.
    """

    a: str
    b: str
    kind: Kind
    change: str

    def from_simpler(self, sizes: Mapping[str, int]) -> Step:
        """Give the same step from the model with fewer parameters, where a keyword is replaced."""
        if self.kind != "keyword replaced" or sizes.get(self.a, 0) <= sizes.get(self.b, 0):
            return self
        first, _, second = self.change.partition(" -> ")
        return replace(self, a=self.b, b=self.a, change=f"{second} -> {first}")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A keyword without what the chain tells of it: the channels that come in.

    So the rank of ``wc.18x2-fir.2x15`` is one value, although two keywords show it.
    """

    head: str
    wiring: Hashable
    options: frozenset[str]
    values: tuple[tuple[str, Any], ...]
    text: str

    @property
    def frame(self) -> Hashable:
        return self.head, self.wiring, self.options

    @property
    def key(self) -> Hashable:
        return self.frame, self.values


def find_steps(canonicals: Iterable[str]) -> list[Step]:
    """Find pairs of models that differ by one keyword or by one value.

    Parameters
    ----------
    canonicals : iterable of str
        Canonical model strings.

    Returns
    -------
    list of Step
        Of models that differ in the number that one size or option has, those with neighbouring
        numbers. A keyword is replaced by one with another head in the same place. A keyword's
        incoming channels follow from the keyword before it, and count for no difference.

    Examples
    --------
    >>> models = ["wc.18x1-fir.1x10-lvl.1", "wc.18x1-fir.1x15-lvl.1", "wc.18x2-fir.2x10-lvl.1",
    ...           "wc.18x1-fir.1x10-relu.1-lvl.1"]
    >>> for step in find_steps(models):
    ...     print(step.change, "|", step.a, "|", step.b)
    wc out 1 -> 2 | wc.18x1-fir.1x10-lvl.1 | wc.18x2-fir.2x10-lvl.1
    fir taps 10 -> 15 | wc.18x1-fir.1x10-lvl.1 | wc.18x1-fir.1x15-lvl.1
    + relu.1 | wc.18x1-fir.1x10-lvl.1 | wc.18x1-fir.1x10-relu.1-lvl.1
    """
    chains = {text: _read_units(text) for text in sorted(set(canonicals), key=natural)}
    return [*_values(chains), *_additions(chains), *_replacements(chains)]


def _values(chains: dict[str, tuple[_Unit, ...]]) -> Iterator[Step]:
    groups: dict[Hashable, list[tuple[Any, str]]] = defaultdict(list)
    for text, units in chains.items():
        keys = [unit.key for unit in units]
        for place, unit in enumerate(units):
            for number, (name, value) in enumerate(unit.values):
                others = (*unit.values[:number], *unit.values[number + 1 :])
                rest = (*keys[:place], (unit.frame, others), *keys[place + 1 :])
                groups[place, name, rest].append((value, text))
    for (place, name, _), members in groups.items():  # type: ignore[misc]
        ordered = sorted(members, key=lambda member: _by_size(member[0]))
        for (value, a), (larger, b) in pairwise(ordered):
            head = chains[a][place].head
            yield Step(a, b, "value", f"{head} {name} {_spell(value)} -> {_spell(larger)}")


def _additions(chains: dict[str, tuple[_Unit, ...]]) -> Iterator[Step]:
    by_keys = {tuple(unit.key for unit in units): text for text, units in chains.items()}
    for text, units in chains.items():
        keys = tuple(unit.key for unit in units)
        found: dict[str, str] = {}
        for place, unit in enumerate(units):
            smaller = by_keys.get(keys[:place] + keys[place + 1 :])
            if smaller is not None:
                # of two equal neighbours either may be the one that was added
                found.setdefault(smaller, unit.text)
        for smaller, added in found.items():
            yield Step(smaller, text, "keyword added", f"+ {added}")


def _replacements(chains: dict[str, tuple[_Unit, ...]]) -> Iterator[Step]:
    groups: dict[Hashable, list[tuple[_Unit, str]]] = defaultdict(list)
    for text, units in chains.items():
        keys = tuple(unit.key for unit in units)
        for place, unit in enumerate(units[1:], 1):
            groups[place, keys[:place], keys[place + 1 :]].append((unit, text))
    for members in groups.values():
        for number, (unit, text) in enumerate(members):
            for other, another in members[number + 1 :]:
                if unit.head != other.head:
                    change = f"{unit.text} -> {other.text}"
                    yield Step(text, another, "keyword replaced", change)
                elif (step := _option(unit, text, other, another)) is not None:
                    yield step


def _option(unit: _Unit, text: str, other: _Unit, another: str) -> Step | None:
    """Give the step between two forms of a keyword if one has one option more, and no else."""
    if len(unit.options) > len(other.options):
        unit, text, other, another = other, another, unit, text
    added = other.options - unit.options
    if len(added) != 1 or unit.options - other.options or unit.wiring != other.wiring:
        return None
    (option,) = added
    if unit.values != tuple(pair for pair in other.values if pair[0] != option):
        return None
    return Step(text, another, "option added", f"{unit.head} + {option}")


def _read_units(text: str) -> tuple[_Unit, ...]:
    experiment = known_experiment(text)
    tree = experiment.model
    # what the data bring takes part in no difference between models of the same data; nor does
    # what is done to data and how models are fitted, which only equal ones are compared by
    wiring = (tree.keywords[0].takes, experiment.outer)
    data = _Unit("data", wiring, frozenset(), (), "")
    return (data, *map(_read_unit, tree.keywords))


def _read_unit(keyword: BoundKeyword) -> _Unit:
    incoming = _incoming_axes(keyword)
    sizes = [(axis, size) for axis, size in keyword.dims.items() if axis not in incoming]
    numbers = [(name, v) for name, v in keyword.options if not isinstance(v, bool)]
    return _Unit(
        head=keyword.head,
        wiring=(keyword.name, keyword.inputs, tuple(sorted(axis for axis, _ in sizes))),
        options=frozenset(name for name, _ in keyword.options),
        values=(*sorted(sizes), *numbers),
        text=keyword.string,
    )


def _by_size(value: Any) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float)
    return not is_number, value if is_number else 0, str(value)


def _spell(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _incoming_axes(keyword: BoundKeyword) -> frozenset[str]:
    """Give the axes of the shape whose sizes are those of the input."""
    dims, names = keyword.dims, {name for name, _ in keyword.options}
    for flow in keyword.signature.flows:
        if len(flow.takes) != len(keyword.takes) or not flow.options <= names:
            continue
        if any(dims.get(axis) != size for axis, size in flow.sizes.items()):
            continue
        sizes = zip(flow.takes, keyword.takes, strict=True)
        if all(dims.get(axis, size) == size for axis, size in sizes):
            return frozenset(flow.takes)
    return frozenset()
