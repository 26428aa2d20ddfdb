"""From a tree to a bound tree: look keywords up, infer shapes, wire signals, report all faults."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum

from ..keywords import HasSignature, Signature
from ..keywords.dialects import UNOFFERED, WHOLE_MODELS
from ..suggestions import ask, suggest
from ..syntax import (
    Diagnostic,
    Keyword,
    ModelStringError,
    Shape,
    Span,
    Text,
    clip,
    lay_out,
    read,
    read_around,
    unparse,
)
from .bound import BoundKeyword, BoundModel
from .bounds import check_bulk, check_length
from .catalogue import catalogue, commonest_first
from .flow import Misfit, Passage, applies, pass_through
from .misfit import describe_misfit, size_span, with_shape
from .options import BoundOptions, Fault, bind_options
from .sizes import LARGEST_DIM, SYMBOLS, Size, Sizes, Symbolic, is_untold, resolve, untold
from .wiring import Scope


class NoKeyword(Enum):
    """What stands in the place of a layer's entry where no keyword declares it."""

    NO_KEYWORD = "no keyword"


NO_KEYWORD = NoKeyword.NO_KEYWORD
Entry = HasSignature | NoKeyword | None

_WORTH_COUNTING = 10_000_000
_WORTH_MEASURING = 100
_LONGEST_PROPOSAL = 200


def read_model(string: str) -> Text:
    """Read a native string, which must be one model, and look nothing up.

    Raises
    ------
    ModelStringError
        It is no sentence of the language, or an experiment.
    """
    text = read(string)
    _check_sections(text)
    return text


def bind(
    text: Text,
    values: Mapping[str, int] | None = None,
    signals: Mapping[str, Sizes] | None = None,
    entries: Sequence[Entry] | None = None,
) -> BoundModel:
    """Bind a tree against the keywords there are.

    Parameters
    ----------
    text : Text
        What `nems_dsl.syntax.read` gives.
    values : mapping of str to int, optional
        What the symbols stand for, as far as is known.
    signals : mapping of str to sizes, optional
        Sizes of the data's signals, as far as they are known.
    entries : sequence of object with a `signature`, None or NO_KEYWORD, optional
        What declares each keyword; None for what the registry has for its head. What stands for
        a layer without a keyword is left out of the tree, and what it gives is not known.
    """
    _check_sections(text)
    keywords = text.sections[0].keywords
    known = catalogue()
    binder = _Binder(known, dict(values or {}), signals or {})
    for keyword, entry in zip(keywords, entries or [None] * len(keywords), strict=True):
        if entry is NO_KEYWORD:
            binder.pass_by(keyword)
        else:
            binder.add(keyword, entry or known.get(keyword.head))
    if binder.faults:
        raise ModelStringError(text.source, binder.faults)
    tree = BoundModel(tuple(binder.bound), text.source, tuple(binder.reads), binder.is_open)
    if binder.is_open and not tree.symbols.isdisjoint(binder.values):
        # what a later keyword taught about a symbol holds for the earlier ones as well
        return bind(text, binder.values, signals, entries)
    if binder.bulk > _WORTH_COUNTING:
        check_bulk(tree)
    if len(tree) > _WORTH_MEASURING:
        check_length(tree)
    return tree


def with_sizes(
    tree: BoundModel,
    values: Mapping[str, int] | None = None,
    signals: Mapping[str, Sizes] | None = None,
) -> BoundModel:
    """Substitute symbols on a tree, and infer its shapes again.

    Parameters
    ----------
    tree : BoundModel
    values : mapping of str to int, optional
        What its symbols stand for.
    signals : mapping of str to sizes, optional
        Sizes of the data's signals.

    Returns
    -------
    BoundModel

    Raises
    ------
    ModelStringError
        The sizes do not go together; it points into the canonical form.

    Examples
    --------
    >>> from nems_dsl import parse
    >>> str(with_sizes(parse("wc.Nx4-fir.4x15"), {"N": 18}))
    'wc.18x4-fir.4x15'
    """
    text = lay_out([keyword.written for keyword in tree])
    return bind(text, values, signals, [keyword.entry for keyword in tree])


def read_sizes(**given: object) -> dict[str, int]:
    """Read numbers of channels by symbol, where they are not None.

    Raises
    ------
    TypeError, ValueError
        One is no number that can be one of channels.
    """
    return {symbol: _channels(symbol, n) for symbol, n in given.items() if n is not None}


def _channels(symbol: str, number: object) -> int:
    """Read a number of channels that was given for a symbol."""
    message = f"{symbol}, the number of {SYMBOLS[symbol]}, must be a whole number"
    if isinstance(number, bool):
        raise TypeError(f"{message}, not {number!r}")
    try:
        value = operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{message}, not {number!r}") from None
    if not 1 <= value <= LARGEST_DIM:
        raise ValueError(f"{message} from 1 to {LARGEST_DIM:,}, not {value}")
    return value


def with_other_faults(fault: ModelStringError, values: dict[str, int]) -> ModelStringError:
    """Add to faults of syntax those of the keywords that can be read."""
    around = read_around(fault.string)
    if around is None or len(around[0].sections) != 1:
        return fault
    text, holes = around
    known = catalogue()
    binder = _Binder(known, values, {})
    for keyword in text.sections[0].keywords:
        if keyword.span.start in holes:
            binder.skip(keyword)
        else:
            binder.add(keyword, known.get(keyword.head))
    return ModelStringError(fault.string, [*fault.diagnostics, *binder.faults])


def _check_sections(text: Text) -> None:
    """Refuse an experiment where a model is wanted."""
    if len(text.sections) == 1:
        return
    middle = text.sections[1]
    span = middle.span if middle.keywords else Span(0, len(text.source))
    model = unparse(middle)
    hint = "a model stands between the two underscores"
    if 0 < len(model) <= _LONGEST_PROPOSAL:
        hint = f"for the model alone, write {model}"
    message = "this is an experiment string, preprocessing_model_fit; here a model is wanted"
    raise ModelStringError(text.source, [Diagnostic("E005", message, span, hint)])


class _Binder:
    """Binds keywords one after the other, and goes on after a fault to find the next."""

    def __init__(
        self,
        known: Mapping[str, HasSignature],
        values: dict[str, int],
        signals: Mapping[str, Sizes],
    ) -> None:
        self.known = known
        self.values = values
        self.scope = Scope(signals)
        self.bound: list[BoundKeyword] = []
        self.faults: list[Diagnostic] = []
        self.reads: list[tuple[str, Sizes]] = []
        self.is_open = False
        self.bulk = 0

    def report(self, code: str, message: str, span: Span, hint: str, *notes: str) -> None:
        self.faults.append(Diagnostic(code, message, span, hint, notes))

    def add(self, keyword: Keyword, entry: HasSignature | None) -> None:
        inputs = self.scope.inputs_of(keyword, self.report)
        self.scope.announce(keyword, self.report)
        if entry is None:
            self._unknown_head(keyword)
            self.scope.gives(keyword, None)
            return
        signature = entry.signature
        options, faults = bind_options(signature, keyword.options)
        for fault in faults:
            self._report_option(keyword, fault)
        self.scope.check_count(keyword, signature, inputs, self.report)
        if signature.signals and inputs[1:] == signature.signals:
            inputs = self.scope.usual(inputs[:1])
        if options is None:
            self.scope.gives(keyword, None)
        else:
            self._infer(keyword, entry, options, inputs)

    def pass_by(self, keyword: Keyword) -> None:
        """Pass by a layer that has no keyword: only data can tell what it gives."""
        self.scope.gives(keyword, untold(keyword.head, keyword.span.start))

    def skip(self, keyword: Keyword) -> None:
        """Pass over a keyword that could not be read: what it reads and gives is unknown."""
        self.scope.gives(keyword, None)

    # ---- heads and options -------------------------------------------------------------------

    def _unknown_head(self, keyword: Keyword) -> None:
        head = keyword.head
        if head in UNOFFERED:
            hint = "the keywords that are offered are listed by `nems-dsl keywords`"
            if head in WHOLE_MODELS:
                hint = 'read the string as that: dialect="nems"'
            message = f"the keyword `{head}` of other programs is not offered: {UNOFFERED[head]}"
            self.report("E112", message, keyword.head_span, hint)
            return
        stem = head.rstrip("0123456789xNRS")
        hint = "`nems-dsl keywords` lists those that there are, such as wc, fir and dexp"
        if stem != head and stem in self.known:
            shape = head[len(stem) :]
            fixed = unparse(replace(keyword, head=f"{stem}.{shape}"))
            if len(fixed) <= _LONGEST_PROPOSAL:
                hint = f"options follow a period: write {fixed}"
        else:
            meant = {
                near: fixed
                for near in suggest(head, commonest_first(self.known))
                if len(fixed := unparse(replace(keyword, head=near))) <= _LONGEST_PROPOSAL
            }
            summaries = [f"`{near}` {self.known[near].signature.summary}" for near in meant]
            if meant:
                hint = f"{ask(list(meant.values()))} ({'; '.join(summaries)})"
        self.report("E101", f"no keyword `{clip(head)}`", keyword.head_span, hint)

    def _report_option(self, keyword: Keyword, fault: Fault) -> None:
        span, hint = keyword.head_span, fault.hint
        if fault.place is not None:
            option = keyword.options[fault.place]
            is_sized = isinstance(option, Shape) and fault.size is not None
            span = size_span(option, fault.size) if is_sized else option.span  # type: ignore[arg-type]
        for number, text in enumerate(fault.proposals, 1):
            # head and options come as one, the name and the inputs stay as they are
            whole = unparse(replace(keyword, head=text, options=()))
            hint = hint.replace(f"%{number}", whole)
        self.report(fault.code, fault.message, span, hint)

    # ---- shapes ------------------------------------------------------------------------------

    def _infer(
        self,
        keyword: Keyword,
        entry: HasSignature,
        options: BoundOptions,
        inputs: tuple[str, ...],
    ) -> None:
        signature, sizes = entry.signature, options.sizes
        if options.has_symbols:
            sizes = tuple(None if n is None else resolve(n, self.values) for n in sizes)
        found = self.scope.sizes(inputs, signature.signals)
        if signature.join is None:
            # more than that was reported already
            found = found[: 1 + len(signature.signals)]
        if found[0] is None or is_untold(found[0]):
            found = (_own_intake(signature, options, sizes) or found[0], *found[1:])
        if any(each is None for each in found):
            self.scope.gives(keyword, None)
            return
        incoming: tuple[Sizes, ...] = found  # type: ignore[assignment]
        if self.is_open or inputs or not self.bound or len(found) > 1:
            incoming = self._resolved(incoming)
        passage = pass_through(signature, options, sizes, incoming)
        if isinstance(passage, Misfit):
            origin = self.scope.origin(keyword, passage.place, signature.signals)
            self.faults.append(describe_misfit(keyword, signature, options, passage, origin))
        if isinstance(passage, Misfit) or self._is_unfit(keyword, passage):
            self.scope.gives(keyword, None)
            return
        self.is_open |= passage.is_open
        if passage.learned:
            self.values.update(passage.learned)
            incoming = self._resolved(incoming)
        signals = self.scope.signals(inputs, signature.signals)
        self.reads += [
            (name, each) for name, each in zip(signals, incoming, strict=False) if name is not None
        ]
        self.bulk += passage.bulk
        self.scope.gives(keyword, passage.gives)
        self.bound.append(
            BoundKeyword(
                signature.head,
                passage.sizes,
                options.options,
                None if keyword.name is None else keyword.name.name,
                inputs,
                entry,
                options.form,
                incoming[0],
                incoming[1:],
                passage.gives,
                passage.text,
                keyword.span,
            )
        )

    def _resolved(self, incoming: tuple[Sizes, ...]) -> tuple[Sizes, ...]:
        return tuple(tuple(resolve(size, self.values) for size in each) for each in incoming)

    def _is_unfit(self, keyword: Keyword, passage: Passage) -> bool:
        """Refuse a size that its symbol's value makes too large, or that nothing tells."""
        if passage.is_open and self._is_unknown(keyword, passage):
            return True
        if passage.bulk <= LARGEST_DIM:
            return False
        largest = max(size for size in passage.sizes if isinstance(size, int))
        if largest <= LARGEST_DIM:
            return False
        message = f"`{keyword.head}` cannot have a size of {largest:,}, which its symbol makes it"
        self.report("E011", message, keyword.span, f"sizes go up to {LARGEST_DIM:,}")
        return True

    def _is_unknown(self, keyword: Keyword, passage: Passage) -> bool:
        """Refuse to infer a size from a signal of which nothing is known but its name."""
        for size in passage.sizes:
            if isinstance(size, Symbolic) and size.is_unspoken:
                message = f"the channels of `{clip(size.origin)}` are not known before the data are"
                hint = f"write for example {with_shape(keyword, _complete(passage))}"
                self.report("E205", message, keyword.span, hint)
                return True
        return False


def _complete(passage: Passage) -> str:
    sizes = [s for s in passage.sizes if s is not None]
    return "x".join("4" if isinstance(s, Symbolic) and s.is_unspoken else str(s) for s in sizes)


def _own_intake(
    signature: Signature, options: BoundOptions, sizes: tuple[Size | None, ...]
) -> Sizes | None:
    """Give what a keyword wants, as its own sizes say: where what comes before does not tell."""
    form = options.form
    given = {**form.defaults, **dict(zip(form.axes, sizes, strict=True))}
    for flow in signature.flows:
        takes = tuple(given.get(axis) for axis in flow.takes)
        if all(size is not None for size in takes) and applies(flow, form, given, options.names):
            return takes  # type: ignore[return-value]
    return None
