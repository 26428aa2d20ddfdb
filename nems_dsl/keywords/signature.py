"""What a keyword looks like: declared once, next to the layer that it builds.

Parsing, checks, shape inference, canonical form, messages, help, the reference pages and
completion all follow from a `Signature`. Nothing here knows text or arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Join = Callable[
    [Mapping[str, int], Sequence[tuple[int, ...]], Mapping[str, Any]], tuple[int, ...] | None
]

Said = Callable[[Mapping[str, int], Mapping[str, Any]], str | None]


class Number(Enum):
    """What kind of number an option takes."""

    INTEGER = "integer"
    REAL = "real"


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """A flag of a keyword, such as ``g``, or ``l2e-3`` with its number.

    Attributes
    ----------
    name : str
        As it is written, without a number.
    help : str
        What it does, in a few words.
    number : Number, optional
        The kind of number that may follow the name. Without one, the option is on or off.
    default : float or int, optional
        The number meant when the option is written without one. None: a number must follow.
    minimum, maximum : float, optional
        Bounds of the number, inclusive.
    excludes : tuple of str
        Options that contradict this one.
    absent : float or int, optional
        The number that leaving the option out stands for; the canonical form then does so.
    needs : tuple of str
        Options without which this one means nothing.
    axes : tuple of str
        Optional axes of the shape without which this one means nothing, as it does where they
        have their default size.
    """

    name: str
    help: str
    number: Number | None = None
    default: float | int | None = None
    minimum: float = 0.0
    maximum: float = float("inf")
    excludes: tuple[str, ...] = ()
    absent: float | int | None = None
    needs: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()

    @property
    def spelling(self) -> str:
        """How it is written, ``#`` standing for a number, brackets for what may be left out."""
        if self.number is None:
            return self.name
        return f"{self.name}#" if self.default is None else f"{self.name}[#]"


@dataclass(frozen=True, slots=True, eq=False)
class ShapeForm:
    """The axes of a shape, in the order in which they are written.

    Attributes
    ----------
    axes : tuple of str
        Names of all axes, in the field's terms: in, out, taps, rank, bank, channels, state.
    n_required : int
        How many of them must be there; the others may be left out, last first.
    defaults : mapping of str to int
        What an axis left out stands for. An axis without a default is then absent.
    inferred : frozenset of str
        Axes whose size the chain can tell, so that they need not be written.
    """

    axes: tuple[str, ...]
    n_required: int
    defaults: Mapping[str, int] = field(default_factory=dict)
    inferred: frozenset[str] = frozenset()

    def __str__(self) -> str:
        required, optional = self.axes[: self.n_required], self.axes[self.n_required :]
        return " x ".join(required) + "".join(f" [x {axis}]" for axis in optional)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """One way in which channels pass through a keyword.

    Attributes
    ----------
    takes, gives : tuple of str
        Names of the axes that come in and go out, the time axis left aside. A name that is no
        axis of the shape (``*``) passes through unchanged.
    options : frozenset of str
        Options without which this flow does not apply.
    sizes : mapping of str to int
        Axes that must have just this size for the flow to apply.
    also : tuple of tuple of str
        Names of the axes of further inputs, such as that of the state.
    strides : mapping of str to str
        Axes of which an option, named here, keeps one place of so many, and the first.
    """

    takes: tuple[str, ...]
    gives: tuple[str, ...]
    options: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)
    also: tuple[tuple[str, ...], ...] = ()
    strides: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """Names of the axes of every input."""
        return (self.takes, *self.also)

    def __str__(self) -> str:
        inputs = "; ".join(", ".join(("T", *takes)) for takes in self.inputs)
        return f"{inputs} -> {', '.join(('T', *self.gives))}"


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """All that the language knows of a keyword.

    Attributes
    ----------
    head : str
        The keyword's first word.
    summary : str
        What the layer does, in one line that completes "this keyword ...".
    equation : str
        The formula, in plain text.
    forms : tuple of ShapeForm
        The shapes that it may be given; they differ in how many axes they require.
    flows : tuple of Flow
        Tried in order; the first is the one that messages speak of.
    options : tuple of Option
        In canonical order.
    synonyms : mapping of str to tuple of str
        Other spellings, and the options that they stand for (``os`` for ``o`` and ``s``).
    signals : tuple of str
        Data signals that the keyword reads besides its input, such as ``state``.
    n_inputs : tuple of int
        Least and largest number of signals that ``@`` may name.
    join : callable, optional
        For keywords that put any number of signals together, instead of flows: given the sizes
        of the axes, those of every input, and the options, the sizes of the output, or None if
        they do not fit.
    example : str
        A model string with this keyword in it.
    source : str
        Where the formula comes from.
    spellings : tuple of str
        Other heads that mean the same; the canonical form has `head`.
    commutes : bool
        Whether it gives the same in whatever order it reads its inputs.
    stacks : bool
        Whether it gives the channels of its inputs, in the order of these.
    any_order : frozenset of str, optional
        Options without which any order of the channels that come in means the same functions; None
        where their order always matters.
    said_by : callable, optional
        For what other keywords can say: given the sizes of the axes and the options, the string
        of those that compute the same functions, or None if there is none.
    """

    head: str
    summary: str
    equation: str
    forms: tuple[ShapeForm, ...]
    flows: tuple[Flow, ...]
    options: tuple[Option, ...] = ()
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signals: tuple[str, ...] = ()
    n_inputs: tuple[int, int] = (1, 1)
    join: Join | None = None
    example: str = ""
    source: str = ""
    spellings: tuple[str, ...] = ()
    commutes: bool = False
    stacks: bool = False
    any_order: frozenset[str] | None = None
    said_by: Said | None = None

    def __str__(self) -> str:
        lines = [f"{self.head}: {self.summary}", f"  {self.equation}"]
        lines.append(f"  shape    {self.describe_shape()}")
        lines += [f"  passes   {flow}" for flow in self.flows]
        lines += [f"  .{option.spelling:7} {option.help}" for option in self.options]
        for synonym, meaning in self.synonyms.items():
            lines.append(f"  .{synonym:7} the same as .{'.'.join(meaning)}")
        if self.signals:
            lines.append(f"  reads    {', '.join(self.signals)} as well")
        lines += [f"  example  {self.example}"] * bool(self.example)
        lines += [f"  source   {self.source}"] * bool(self.source)
        return "\n".join(lines)

    def option(self, name: str) -> Option | None:
        """Give the option called `name`, or None."""
        return next((option for option in self.options if option.name == name), None)

    def form(self, n_axes: int) -> ShapeForm | None:
        """Give the form that a shape of `n_axes` axes has, or None if none has."""
        for form in self.forms:
            if form.n_required <= n_axes <= len(form.axes):
                return form
        for form in self.forms:
            missing = form.axes[n_axes : form.n_required]
            if missing and all(axis in form.inferred for axis in missing):
                return form
        return None

    def describe_shape(self) -> str:
        """Write the forms of the shape as words: ``in x taps [x out]``."""
        return " or ".join(map(str, self.forms))

    def describe_options(self) -> str:
        """Write the options as words: ``g (gaussian), n (normalised)``."""
        return ", ".join(f"{option.name} ({option.help})" for option in self.options)


POINTWISE_FORMS = (
    ShapeForm(("channels", "bank"), n_required=1, inferred=frozenset({"channels", "bank"})),
)
POINTWISE_FLOWS = (
    Flow(("channels",), ("channels",)),
    Flow(("channels", "bank"), ("channels", "bank")),
)
_WEIGHT = 1e-3
#: What stands for the number of a penalty that is to be chosen from the data.
FROM_DATA = -1.0
PENALTIES = (
    Option("l2", "penalty on the sum of squared parameters", number=Number.REAL, default=FROM_DATA),
    Option("l1", "penalty on the sum of absolute parameters", number=Number.REAL, default=_WEIGHT),
)


def default_in_words(option: Option) -> str:
    """Say what an option means without a number, for one that has a default."""
    return "from the data" if option.default == FROM_DATA else f"{option.default:g}"


def smooth_over_lags(*excludes: str) -> Option:
    """Declare the option ``sl``; `excludes` are those with which there are no taps to fit."""
    return Option(
        "sl",
        "smoothness penalty over lags",
        number=Number.REAL,
        default=FROM_DATA,
        excludes=excludes,
    )


def smooth_over_channels(*excludes: str) -> Option:
    """Declare the option ``sc``; `excludes` are those with which there are no weights to fit."""
    return Option(
        "sc",
        "smoothness penalty over channels",
        number=Number.REAL,
        default=FROM_DATA,
        excludes=excludes,
    )
