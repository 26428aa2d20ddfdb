"""Signals: what each keyword reads, and what its output is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

from ..keywords import Signature
from ..syntax import Keyword, Shape, Span, clip, unparse
from ..syntax.tree import Reference
from .sizes import Sizes, Symbolic, may_equal

STIMULUS = "stim"
STATE = "state"
SYNONYMS = {"input": STIMULUS}
RESERVED = (STIMULUS, "input", STATE, "output")

_UNTOLD: Mapping[str, Sizes] = {STIMULUS: (Symbolic("N"),), STATE: (Symbolic("S"),)}

Report = Callable[..., None]


class Scope:
    """The signals that a keyword can read, in the order of the string."""

    def __init__(self, signals: Mapping[str, Sizes]) -> None:
        self._data: dict[str, Sizes] = {**_UNTOLD, **signals}
        self._named: dict[str, Sizes | None] = {}
        self._outputs: list[tuple[Keyword, Sizes | None]] = []
        self._foreign: dict[str, Span] = {}

    # ---- reading -----------------------------------------------------------------------------

    def inputs_of(self, keyword: Keyword, report: Report) -> tuple[str, ...]:
        """Give the signals a keyword names, or nothing where it names what it would read anyway."""
        if not keyword.inputs:
            return ()
        names = tuple(SYNONYMS.get(ref.name, ref.name) for ref in keyword.inputs)
        for reference, name in zip(keyword.inputs, names, strict=True):
            self._check(reference, name, keyword, report)
        return self.usual(names)

    def usual(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Give nothing where `names` are what would be read anyway."""
        return () if names == self._default_input() else names

    def _default_input(self) -> tuple[str, ...]:
        """Name what a keyword reads when it names nothing, if that has a name."""
        if not self._outputs:
            return (STIMULUS,)
        name = self._outputs[-1][0].name
        return () if name is None else (name.name,)

    def sizes(
        self, inputs: tuple[str, ...], signals: tuple[str, ...] = ()
    ) -> tuple[Sizes | None, ...]:
        """Give the sizes of `inputs`, or of what is read where none is named, and of `signals`.

        None where a fault left them unknown.
        """
        names = inputs if len(inputs) > len(signals) > 0 else (*inputs, *signals)
        found = tuple(map(self._sizes_of, names))
        if inputs:
            return found
        return (self._outputs[-1][1] if self._outputs else self._data[STIMULUS], *found)

    def signals(
        self, inputs: tuple[str, ...], signals: tuple[str, ...] = ()
    ) -> tuple[str | None, ...]:
        """Name the inputs that are signals of the data, with None for the others; as `sizes`."""
        names = inputs if len(inputs) > len(signals) > 0 else (*inputs, *signals)
        found = tuple(None if name in self._named else name for name in names)
        if inputs:
            return found
        return (None if self._outputs else STIMULUS, *found)

    def _sizes_of(self, name: str) -> Sizes | None:
        if name in self._named:
            return self._named[name]
        return self._data.get(name, (Symbolic(f"<{name}>"),))

    def origin(self, keyword: Keyword, place: int = 0, signals: tuple[str, ...] = ()) -> str:
        """Say where one of a keyword's inputs comes from."""
        if place < len(keyword.inputs):
            return f"`{clip(keyword.inputs[place].name)}`"
        if place:
            return f"`{signals[place - 1]}`"
        if not self._outputs:
            return "the stimulus"
        return clip(unparse(self._outputs[-1][0]))

    def _check(self, reference: Reference, name: str, keyword: Keyword, report: Report) -> None:
        if name in self._named or name in self._data:
            return
        if name == "output" or (keyword.name is not None and name == keyword.name.name):
            self._too_early(name, reference.span, report)
        # whether the data have a signal of this name is known when the model meets them
        self._foreign[name] = reference.span

    def _too_early(self, name: str, span: Span, report: Report) -> None:
        there_are = ", ".join([*self._data, *self._named])
        message = f"`{clip(name)}` is read before there is such an output"
        report("E401", message, span, f"what can be read here is {there_are}")

    def check_count(
        self, keyword: Keyword, signature: Signature, inputs: tuple[str, ...], report: Report
    ) -> None:
        """Refuse too many or too few inputs."""
        least, most = signature.n_inputs
        n_given = len(inputs) or 1
        if least <= n_given <= most + len(signature.signals):
            return
        wanted = f"{least}" if least == most else f"{least} to {most}"
        span = keyword.inputs[-1].span if keyword.inputs else keyword.head_span
        message = f"`{keyword.head}` reads {wanted} signal{'s' * (most > 1)}, not {n_given}"
        if n_given > most:
            hint = f"write {self._with_fewer(keyword, signature, most)}"
            inferred = _inferred(keyword, signature)
            has_shape = inferred is not keyword
            if most == 1 and inferred is not None and self._may_join(inputs, known=has_shape):
                together = unparse(Keyword("cat", inputs=keyword.inputs))
                hint = f"write {together}-{unparse(replace(inferred, inputs=()))}, or {hint[6:]}"
        else:
            hint = f"name {wanted} signals after `@`, separated by commas"
        report("E404", message, span, hint)

    def _with_fewer(self, keyword: Keyword, signature: Signature, most: int) -> str:
        """Write a keyword with no more inputs than it takes, and with sizes that fit these."""
        fewer = replace(keyword, inputs=keyword.inputs[:most])
        inferred = _inferred(fewer, signature)
        name = fewer.inputs[0].name
        sizes = self._sizes_of(SYNONYMS.get(name, name))
        shape = next((o for o in keyword.options if isinstance(o, Shape)), None)
        n = shape.dims[0].number if shape is not None and shape.dims[0] is not None else None
        fits = n is None or (sizes is not None and len(sizes) == 1 and may_equal(sizes[0], n))
        return unparse(fewer if fits or inferred is None else inferred)

    def _may_join(self, inputs: tuple[str, ...], *, known: bool) -> bool:
        """Tell whether `cat` can put signals together, to a known number of channels if asked."""
        found = [self._sizes_of(name) for name in inputs]
        return all(
            sizes is not None and len(sizes) == 1 and not (known and isinstance(sizes[0], Symbolic))
            for sizes in found
        )

    # ---- giving ------------------------------------------------------------------------------

    def announce(self, keyword: Keyword, report: Report) -> None:
        """Refuse a name that cannot be given to an output."""
        if keyword.name is None:
            return
        name, span = keyword.name.name, keyword.name.span
        if name in RESERVED:
            message = f"`{name}` is a signal of the data, and cannot name an output"
            report("E403", message, span, f"choose another name, such as {name}1")
        elif name in self._named:
            message = f"two outputs are called `{clip(name)}`"
            report("E402", message, span, f"choose another name, such as {self._free(name)}")
        elif name in self._foreign:
            self._too_early(name, self._foreign[name], report)

    def gives(self, keyword: Keyword, sizes: Sizes | None) -> None:
        """Note what a keyword gives."""
        self._outputs.append((keyword, sizes))
        if keyword.name is not None:
            self._named[keyword.name.name] = sizes

    def _free(self, name: str) -> str:
        """Give a name like `name` that no output has."""
        taken = {*self._named, *self._foreign}
        if name not in taken:
            return name
        return next(f"{name}{n}" for n in count(2) if f"{name}{n}" not in taken)


def _inferred(keyword: Keyword, signature: Signature) -> Keyword | None:
    """Give a keyword without the size of its input, which the chain tells; None if it does not."""
    shape = next((o for o in keyword.options if isinstance(o, Shape)), None)
    if shape is None:
        return keyword
    form = signature.form(len(shape.dims))
    if form is None or form.axes[0] not in form.inferred:
        return None
    rest = Shape((None, *shape.dims[1:])) if len(shape.dims) > 1 else None
    options = [rest if option is shape else option for option in keyword.options]
    return replace(keyword, options=tuple(option for option in options if option is not None))
