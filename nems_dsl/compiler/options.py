"""Binding one keyword's options against its signature.

What a keyword's options mean does not depend on where it stands, so the result is kept: sweeps
bind the same few keywords thousands of times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ..keywords import FROM_DATA, Number, Option, ShapeForm, Signature
from ..suggestions import ask, suggest
from ..syntax import (
    Dim,
    Flag,
    Shape,
    clip,
    read,
    read_number,
    spell_number,
    unparse,
    write_keyword,
)
from .bound import OptionValue
from .sizes import LARGEST_DIM, SYMBOLS, Size, Symbolic

# a strength to write as an example
_STRENGTH = 0.1


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in an option.

    Attributes
    ----------
    place : int or None
        The option's number, or None for the whole keyword.
    hint : str
        What to do; ``%1``, ``%2`` stand for the proposals, each a head with its options.
    size : int or None
        Which of the sizes of a shape.
    """

    code: str
    message: str
    place: int | None
    hint: str
    proposals: tuple[str, ...] = ()
    size: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BoundOptions:
    """What a keyword's options say; sizes of None are to be inferred, or absent.

    There is one for each spelling, so that it can be a key without being compared.
    """

    form: ShapeForm
    sizes: tuple[Size | None, ...]
    options: tuple[tuple[str, OptionValue], ...]
    names: frozenset[str]
    has_symbols: bool


class _Options:
    """One keyword's options as they were written, for messages to change and to propose."""

    def __init__(self, signature: Signature, options: tuple[Shape | Flag, ...]) -> None:
        self.signature = signature
        self.given = options
        self.faults: list[Fault] = []

    def report(
        self,
        code: str,
        message: str,
        place: int | None,
        hint: str,
        *proposals: str,
        size: int | None = None,
    ) -> None:
        self.faults.append(Fault(code, message, place, hint, proposals, size))

    def replaced(self, place: int | None, *texts: str) -> str:
        """Write the keyword with one option replaced by others, or left out.

        With a place of None, they come before all options.
        """
        parts = [unparse(option) for option in self.given]
        parts[slice(0, 0) if place is None else slice(place, place + 1)] = texts
        return write_keyword(self.signature.head, parts)


@lru_cache(maxsize=8192)
def bind_options(
    signature: Signature, options: tuple[Shape | Flag, ...]
) -> tuple[BoundOptions | None, tuple[Fault, ...]]:
    """Read shape and flags of one keyword; give what they mean, or what is wrong with them."""
    given = _Options(signature, options)
    values: dict[str, OptionValue] = {}
    shapes: list[tuple[int, Shape]] = []
    for place, option in enumerate(options):
        if isinstance(option, Flag):
            _bind_flag(given, place, option, values)
        else:
            shapes.append((place, option))
    if len(values) > 1:
        _check_exclusions(given, values)
    if len(shapes) > 1:
        _second_shape(given, shapes)
        return None, tuple(given.faults)
    bound = _bind_shape(given, *(shapes[0] if shapes else (None, None)))
    if given.faults or bound is None:
        return None, tuple(given.faults)
    form, sizes = bound
    if values:
        _check_needs(given, values, form, sizes)
        if given.faults:
            return None, tuple(given.faults)
        for declared in signature.options:
            if declared.name in values and _says_nothing(declared, values, form, sizes):
                del values[declared.name]
    ordered: tuple[tuple[str, OptionValue], ...] = ()
    if values:
        ordered = tuple([(o.name, values[o.name]) for o in signature.options if o.name in values])
    has_symbols = any([isinstance(size, Symbolic) for size in sizes])
    return BoundOptions(form, sizes, ordered, frozenset(values), has_symbols), ()


def usage(signature: Signature) -> str:
    """Say in one line what a keyword takes."""
    flags = signature.describe_options()
    takes = signature.describe_shape()
    if not takes:
        options = f"and these options: {flags}" if flags else "and no option"
        return f"`{signature.head}` takes no shape, {options}"
    shape = f"`{signature.head}` takes a shape {takes}"
    return f"{shape}, then {flags}" if flags else f"{shape}, and no other option"


# ---- flags -----------------------------------------------------------------------------------


def _bind_flag(given: _Options, place: int, flag: Flag, values: dict[str, OptionValue]) -> None:
    signature = given.signature
    meaning = signature.synonyms.get(flag.text, (flag.text,))
    read: dict[str, OptionValue] = {}
    for name in meaning:
        option, number = _split(signature, name)
        if option is None:
            _unknown(given, place, flag)
            return
        value = _value(given, place, option, number)
        if value is None:
            return
        read[option.name] = value
    again = [name for name in read if name in values]
    if again:
        message = f"`{signature.head}` is given the option `{again[0]}` twice"
        new = [name for name in read if name not in values]
        given.report("E106", message, place, "write %1", given.replaced(place, *new))
    values.update(read)


def _split(signature: Signature, text: str) -> tuple[Option | None, str]:
    """Find the longest declared name that `text` begins with, leaving a number or nothing."""
    option = signature.option(text)
    if option is not None:
        return option, ""
    fits = [o for o in signature.options if text.startswith(o.name)]
    for option in sorted(fits, key=lambda o: -len(o.name)):
        rest = text[len(option.name) :]
        if rest[0].isdigit() or (rest[0] == "e" and rest[1:2] in ("-", *"0123456789")):
            return option, rest
    return None, ""


def _value(given: _Options, place: int, option: Option, text: str) -> OptionValue | None:
    name = option.name
    if option.number is None:
        if not text:
            return True
        message = f"the option `{name}` takes no number"
        given.report("E108", message, place, "write %1", given.replaced(place, name))
        return None
    value = option.default if not text else read_number(text)
    problem = None
    if value is None:
        problem = "needs a number" if not text else f"cannot read `{clip(text)}` as a number"
    elif option.number is Number.INTEGER and not isinstance(value, int):
        problem = f"takes a whole number, not {clip(text)}"
    elif text and not option.minimum <= value <= option.maximum:
        problem = f"must be {_range(option)}, not {clip(text)}"
    if problem is None:
        return value
    hint = f"write for example %1 ({option.help})"
    fixed = given.replaced(place, f"{name}{spell_number(_example(option))}")
    given.report("E108", f"the option `{name}` {problem}", place, hint, fixed)
    return None


def _example(option: Option) -> float | int:
    """Give a number that an option takes."""
    if option.default == FROM_DATA:
        return _STRENGTH
    if option.default is not None:
        return option.default
    if option.minimum == int(option.minimum):
        whole = int(option.minimum) or 1
        return whole if whole <= option.maximum else int(option.minimum)
    return option.minimum


def _range(option: Option) -> str:
    if option.maximum == float("inf"):
        return f"at least {option.minimum:g}"
    return f"between {option.minimum:g} and {option.maximum:g}"


def _unknown(given: _Options, place: int, flag: Flag) -> None:
    signature, text = given.signature, flag.text
    message = f"`{signature.head}` has no option `{clip(text)}`"
    stem = next((o for o in signature.options if re.match(rf"{o.name}[:,+]", text)), None)
    if stem is not None and stem.number is not None:
        number = text[len(stem.name) + 1 :]
        right = number if read_number(number) is not None else spell_number(_example(stem))
        hint = "the number follows the option directly: write %1"
        given.report("E102", message, place, hint, given.replaced(place, stem.name + right))
        return
    apart = _run_together(signature, text)
    names = [option.name for option in signature.options] + list(signature.synonyms)
    meant = [apart] if apart else [[name] for name in suggest(text, names)]
    question = ask([f"%{number}" for number in range(1, len(meant) + 1)])
    hint = f"{question} {usage(signature)}".lstrip()
    given.report("E102", message, place, hint, *(given.replaced(place, *each) for each in meant))


def _run_together(signature: Signature, text: str) -> list[str]:
    """Take options apart that were written without periods: ``gn`` as g and n."""
    names = list(text)
    known = all(signature.option(name) is not None for name in names)
    return names if known and len(set(names)) == len(names) else []


def _check_exclusions(given: _Options, values: dict[str, OptionValue]) -> None:
    signature = given.signature
    for option in signature.options:
        for other in option.excludes:
            if option.name not in values or other not in values:
                continue
            places = {}
            for place, flag in enumerate(given.given):
                if isinstance(flag, Flag):
                    for name in signature.synonyms.get(flag.text, (flag.text,)):
                        declared, _ = _split(signature, name)
                        places[declared.name if declared else name] = place
            first, second = sorted((option.name, other), key=places.__getitem__)
            message = f"the options `{first}` and `{second}` contradict each other"
            without = (given.replaced(places[name]) for name in (second, first))
            given.report("E107", message, places[second], "write %1 or %2", *without)


def _check_needs(
    given: _Options,
    values: dict[str, OptionValue],
    form: ShapeForm,
    sizes: tuple[Size | None, ...],
) -> None:
    """Refuse options that mean nothing without another option, or without an axis of the shape."""
    signature = given.signature
    known = dict(zip(form.axes, sizes, strict=True))
    for option in signature.options:
        if option.name not in values:
            continue
        missing = [name for name in option.needs if name not in values]
        place = _place_of(given, option)
        if missing:
            message = f"the option `{option.name}` means nothing without `{missing[0]}`"
            fixed = given.replaced(place, *missing, unparse(given.given[place]))
            given.report("E107", message, place, "write %1, or %2", fixed, given.replaced(place))
        for axis in option.axes:
            if known.get(axis) is not None:
                continue
            message = f"the option `{option.name}` means nothing without a size of `{axis}`"
            given.report("E107", message, place, "write %1", given.replaced(place))


def _says_nothing(
    option: Option,
    values: dict[str, OptionValue],
    form: ShapeForm,
    sizes: tuple[Size | None, ...],
) -> bool:
    """Tell whether an option stands for what would be without it."""
    if option.absent is not None and values[option.name] == option.absent:
        return True
    known = dict(zip(form.axes, sizes, strict=True))
    return any(known.get(axis) == form.defaults.get(axis) for axis in option.axes)


def _place_of(given: _Options, option: Option) -> int:
    """Give which of the options spells this one."""
    for place, flag in enumerate(given.given):
        if isinstance(flag, Flag):
            names = given.signature.synonyms.get(flag.text, (flag.text,))
            if any(_split(given.signature, name)[0] is option for name in names):
                return place
    raise AssertionError(f"the option {option.name} is nowhere spelled")


# ---- shapes ----------------------------------------------------------------------------------


def _second_shape(given: _Options, shapes: list[tuple[int, Shape]]) -> None:
    signature = given.signature
    (_, first), (place, second) = shapes[:2]
    again = unparse(second)
    head = signature.head
    message = f"`{head}` has a shape already, `{unparse(first)}`; `{again}` is a second one"
    if isinstance(given.given[place - 1], Flag) and again.isdigit():
        hint = "a number has no decimal point: 0.5 is spelled 5e-1"
        given.report("E105", message, place, hint)
    elif signature.option(again.lower()) is not None:
        fixed = given.replaced(place, again.lower())
        given.report("E105", message, place, "did you mean %1?", fixed)
    else:
        fitting = [p for p, shape in shapes if signature.form(len(shape.dims)) is not None]
        kept = fitting[0] if fitting else shapes[0][0]
        dropped = {p for p, _ in shapes if p != kept}
        rest = [unparse(o) for p, o in enumerate(given.given) if p not in dropped]
        given.report("E105", message, place, "write %1", write_keyword(head, rest))


def _bind_shape(
    given: _Options, place: int | None, shape: Shape | None
) -> tuple[ShapeForm, tuple[Size | None, ...]] | None:
    signature = given.signature
    dims = () if shape is None else shape.dims
    form = signature.form(len(dims))
    if form is None:
        _wrong_count(given, place, shape)
        return None
    sizes: list[Size | None] = []
    for number, (axis, dim) in enumerate(zip(form.axes, dims, strict=False)):
        if dim is not None:
            is_plain = dim.symbol is None and dim.number and dim.number <= LARGEST_DIM
            sizes.append(dim.number if is_plain else _size(given, place, number, axis, dim))
            continue
        if axis not in form.inferred:
            message = f"`{signature.head}` must be told its first size, {axis}: no chain tells it"
            hint = f"put it before the `x`: {signature.describe_shape()}"
            given.report("E104", message, place, hint)
        sizes.append(None)
    sizes += [form.defaults.get(axis) for axis in form.axes[len(dims) :]]
    return form, tuple(sizes)


def _wrong_count(given: _Options, place: int | None, shape: Shape | None) -> None:
    """Say that a shape is missing, or has too few or too many sizes."""
    signature = given.signature
    takes = signature.describe_shape()
    example = _example_shape(signature)
    if shape is None:
        if any(fault.code == "E102" for fault in given.faults):
            return  # one of the options was meant to be the shape, and its message shows how
        message = f"`{signature.head}` needs a shape: {takes}"
        proposals = [given.replaced(None, example)] if example else []
        hint = "write for example %1" if example else usage(signature)
        given.report("E103", message, None, hint, *proposals)
        return
    if not takes:
        message = f"`{signature.head}` takes no shape, so `{clip(unparse(shape))}` says nothing"
        given.report("E104", message, place, "write %1", given.replaced(place))
        return
    n_given = len(shape.dims)
    message = f"`{signature.head}` takes a shape of {takes}; `{clip(unparse(shape))}` has "
    message += f"{n_given} size{'s' * (n_given != 1)}"
    text = unparse(shape)
    form = next((f for f in signature.forms if f.n_required == n_given + 1), None)
    if form is not None and form.axes[0] in form.inferred and shape.dims[0] is not None:
        hint = f"write %1 ({form.axes[0]} is what comes in), or for example %2"
        proposals = [given.replaced(place, t) for t in (f"x{text}", example or f"{text}x{text}")]
        given.report("E104", message, place, hint, *proposals)
        return
    fewer = [f.n_required for f in signature.forms if f.n_required < n_given]
    right = "x".join(text.split("x")[: max(fewer)]) if fewer else example
    if right:
        hint = "write for example %1"
        given.report("E104", message, place, hint, given.replaced(place, right))
    else:
        given.report("E104", message, place, usage(signature))


def _example_shape(signature: Signature) -> str:
    """Give the shape that the signature's own example has."""
    if not signature.example:
        return ""
    keywords = read(signature.example).sections[0].keywords
    options = (o for keyword in keywords if keyword.head == signature.head for o in keyword.options)
    return next((unparse(option) for option in options if isinstance(option, Shape)), "")


def _size(given: _Options, place: int | None, number: int, axis: str, dim: Dim) -> Size | None:
    factor = 1 if dim.number is None else dim.number
    head = given.signature.head
    if dim.symbol is not None and dim.symbol not in SYMBOLS:
        known = ", ".join(f"{symbol} ({meaning})" for symbol, meaning in SYMBOLS.items())
        message = f"`{dim.symbol}` stands for no size; the symbols are {known}"
        given.report("E109", message, place, "use one of them, or a number", size=number)
        return None
    if factor == 0:
        message = f"`{head}` cannot have a size of 0 ({axis})"
        given.report("E110", message, place, "sizes start at 1", size=number)
        return None
    if factor > LARGEST_DIM:
        message = f"`{head}` cannot have a size of more than {LARGEST_DIM:,} ({axis})"
        given.report("E011", message, place, f"sizes go up to {LARGEST_DIM:,}", size=number)
        return None
    return factor if dim.symbol is None else Symbolic(dim.symbol, factor)
