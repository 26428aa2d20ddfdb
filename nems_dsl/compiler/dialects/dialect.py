"""From a tree of another dialect to a native tree, by the tables of `keywords/dialects/`.

Spans keep pointing into the string as it was written.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from ...keywords.dialects import DIALECTS, UNOFFERED, Dialect, HeadThere, Whole
from ...suggestions import ask, suggest
from ...syntax import Diagnostic, Dim, Flag, Keyword, Shape, Span, Text, clip, unparse
from ...syntax.tree import Reference
from ..catalogue import catalogue, commonest_first
from ..flags import FlagFault, GivenFlag, read_flags, usage_there

_LONGEST_PROPOSAL = 200


@dataclass(slots=True)
class Translation:
    """What a string of a dialect says natively.

    Attributes
    ----------
    text : Text
        The native tree. Where something is at fault, as much of it as can be said.
    origins : list of Keyword
        For each native keyword, the one that it was written as.
    names : list of str
        What the program calls each of them.
    faults, notices : list of Diagnostic
        The latter of options that are left out, as they say nothing of the model.
    """

    text: Text
    origins: list[Keyword] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)
    notices: list[Diagnostic] = field(default_factory=list)


def translate(text: Text, dialect: str, n_states: int | None = None) -> Translation:
    """Rewrite a tree of one section as the native tree of the same model.

    Parameters
    ----------
    text : Text
        What `nems_dsl.syntax.read` gives.
    dialect : str
        A name in `DIALECTS`.
    n_states : int, optional
        How many channels the state has, if that is known.

    Examples
    --------
    >>> from nems_dsl.syntax import read, unparse
    >>> unparse(translate(read("wc.18x4.l2:4-fir.15x4"), "nems").text)
    'wc.18x4.l2e-4-fir.4x15'
    """
    translator = _Translator(DIALECTS[dialect], text, n_states)
    for keyword in text.sections[0].keywords:
        translator.add(keyword)
    return translator.result()


class _Translator:
    def __init__(self, dialect: Dialect, text: Text, n_states: int | None) -> None:
        self.dialect = dialect
        self.n_states = n_states
        self.source = text
        self.known = catalogue()
        self.counts: Counter[str] = Counter()
        self.keywords: list[Keyword] = []
        self.places: dict[str, int] = {}
        self.read: set[str] = set()
        self.done = Translation(text)

    def report(self, code: str, message: str, span: Span, hint: str) -> None:
        self.done.faults.append(Diagnostic(code, message, span, hint))

    def add(self, keyword: Keyword) -> None:
        self._check_marks(keyword)
        row = self.dialect.heads.get(keyword.head)
        if row is None or row.refused or (row.native_head not in self.known and not row.wholes):
            self._unknown(keyword, row)
            self._append(keyword, keyword)
        elif row.wholes:
            self._expand(keyword, row)
        else:
            native = self._native(keyword, row)
            if row.cuts and self.keywords and self.keywords[-1].head == row.cuts:
                self.keywords[-1] = _as_bank(self.keywords[-1], native)
            self._append(native, keyword)

    def result(self) -> Translation:
        """Give the native tree, with names for the outputs that are read by name."""
        named = [
            replace(k, name=Reference(name, k.head_span)) if name in self.read else k
            for k, name in zip(self.keywords, self.done.names, strict=True)
        ]
        section = replace(self.source.sections[0], keywords=tuple(named))
        self.done.text = Text((section,), self.source.source)
        return self.done

    def _append(self, native: Keyword, origin: Keyword) -> None:
        self.counts[origin.head] += 1
        name = f"{origin.head}{self.counts[origin.head]}"
        self.places[name] = len(self.keywords)
        self.keywords.append(native)
        self.done.origins.append(origin)
        self.done.names.append(name)

    # ---- heads -------------------------------------------------------------------------------

    def _check_marks(self, keyword: Keyword) -> None:
        marks = [keyword.name, *keyword.inputs]
        span = next((mark.span for mark in marks if mark is not None), None)
        if span is not None:
            message = f"`{self.dialect.name}` names no signals by `=` and `@`"
            hint = 'leave it out, or read the string as native (dialect="native")'
            self.report("E010", message, span, hint)

    def _unknown(self, keyword: Keyword, row: HeadThere | None) -> None:
        head, name = keyword.head, self.dialect.name
        if row is not None and row.refused:
            message = f"`{head}` of `{name}` is not offered: {row.refused}"
            instead = f"write {row.instead} natively" if row.instead else ""
            hint = instead or "the keywords that are offered are listed by `nems-dsl keywords`"
            self.report("E112", message, keyword.head_span, hint)
        elif head in self.known:
            message = f"`{name}` has no keyword `{head}`; it is a native one"
            hint = 'read the string as native (dialect="native")'
            self.report("E101", message, keyword.head_span, hint)
        elif row is not None:
            message = f"`{head}` of `{name}` is not offered"
            hint = "the keywords that are offered are listed by `nems-dsl keywords`"
            self.report("E112", message, keyword.head_span, hint)
        elif head not in UNOFFERED:
            near = suggest(head, commonest_first(self.dialect.heads))
            meant = [unparse(replace(keyword, head=each)) for each in near]
            question = ask([fixed for fixed in meant if len(fixed) <= _LONGEST_PROPOSAL])
            hint = question or f"the keywords there are {', '.join(self.dialect.heads)}"
            message = f"no keyword `{clip(head)}` in `{name}`"
            self.report("E101", message, keyword.head_span, hint)
        # binding refuses the others, and says why

    def _expand(self, keyword: Keyword, row: HeadThere) -> None:
        """Write out a keyword that stands for a whole model."""
        if len(self.source.sections[0].keywords) > 1:
            message = f"`{keyword.head}` stands for a whole model, and stands alone"
            self.report("E303", message, keyword.span, f"write {clip(unparse(keyword))}")
            return
        flags = [o for o in keyword.options if isinstance(o, Flag)]
        outputs = [flag for flag in flags if flag.text in row.chooses]
        given, faults = read_flags(row, [flag for flag in flags if flag not in outputs], 0)
        self._report_flags(keyword, row, faults)
        shape = next((o for o in keyword.options if isinstance(o, Shape)), None)
        whole = _whole(
            row, 0 if shape is None else len(shape.dims), {each.row.there for each in given}
        )
        output = outputs[0].text if outputs else row.default
        if whole is None or shape is None or None in shape.dims or not output or len(outputs) > 1:
            self._misshapen(keyword, row)
            return
        dims = dict(zip(whole.sizes, shape.dims, strict=True))
        for part in whole.parts:
            part_row = self.dialect.heads[part.head or output]
            sizes = [Dim(s) if isinstance(s, int) else dims[s] for s in part.sizes]
            order = part_row.orders.get(len(sizes), range(len(sizes)))
            texts = list(part.flags) if part.head else list(row.chooses[output])
            texts += [
                text for each in given if each.row.there in part.takes for text in each.native
            ]
            native = Keyword(
                part_row.native_head,
                (
                    Shape(tuple(sizes[i] for i in order), shape.span),
                    *(Flag(text, keyword.span) for text in texts),
                ),
                span=keyword.span,
                head_span=keyword.head_span,
            )
            self._append(native, replace(keyword, head=part_row.head))

    def _misshapen(self, keyword: Keyword, row: HeadThere) -> None:
        forms = sorted({" x ".join(whole.sizes) for whole in row.wholes}, key=len)
        outputs = ", ".join(row.chooses)
        message = f"`{keyword.head}` takes a shape of {' or '.join(forms)}, and one of {outputs}"
        sizes = "x".join(["10", "18", "5", "3", "8"][: len(row.wholes[-1].sizes)])
        hint = f"write for example {keyword.head}.{sizes}.{next(iter(row.chooses))}"
        self.report("E104", message, keyword.span, hint)

    # ---- options -----------------------------------------------------------------------------

    def _native(self, keyword: Keyword, row: HeadThere) -> Keyword:
        shapes = [o for o in keyword.options if isinstance(o, Shape)]
        flags = [o for o in keyword.options if isinstance(o, Flag)]
        n_sizes = len(shapes[0].dims) if shapes else 0
        inputs: list[Reference] = []
        if row.names_signals:
            signals = [f for f in flags if FlagFault(f) in read_flags(row, [f], n_sizes)[1]]
            flags = [f for f in flags if f not in signals]
            inputs = [self._signal(flag) for flag in signals]
            if not inputs:
                message = f"`{keyword.head}` names the signals that it reads in its options"
                hint = f"write for example {unparse(keyword)}.input.relu1"
                self.report("E404", message, keyword.head_span, hint)
        given, faults = read_flags(row, flags, n_sizes)
        self._report_flags(keyword, row, faults)
        given = [each for each in given if self._is_offered(keyword, row, each)]
        for each in given:
            if each.row.dropped:
                self._drop(keyword, each)
        removed = {name for each in given for name in each.row.removes}
        options: list[Shape | Flag] = [self._shape(keyword, row, shape) for shape in shapes]
        options += self._constant(row, options)
        options += [Flag(name, keyword.head_span) for name in row.always if name not in removed]
        options += [Flag(text, each.span) for each in given for text in each.native]
        reads = [Reference(each.row.reads, each.span) for each in given if each.row.reads]
        return Keyword(
            row.native_head,
            tuple(options),
            None,
            (*inputs, *reads),
            keyword.span,
            keyword.head_span,
        )

    def _drop(self, keyword: Keyword, given: GivenFlag) -> None:
        """Leave an option out that says something of the fit alone."""
        word = f"`{self.source.source[given.span.start : given.span.stop]}` of `{keyword.head}`"
        message = f"{word} says {given.row.dropped}, which is no part of a model here"
        options = tuple(o for o in keyword.options if o.span != given.span)
        rest = unparse(replace(keyword, options=options))
        hint = f"without it, write {rest}"
        self.done.notices.append(Diagnostic("E113", message, given.span, hint))

    def _is_offered(self, keyword: Keyword, row: HeadThere, given: GivenFlag) -> bool:
        """Refuse an option that the native keyword does not have."""
        signature = self.known[row.native_head].signature
        names = {*(option.name for option in signature.options), *signature.synonyms}
        stems = "|".join(map(re.escape, names))
        declared = re.compile(rf"(?:{stems})[#0-9e-]*")
        if all(declared.fullmatch(option) for option in given.row.native):
            return True
        message = f"the option `{given.row.there}` of `{keyword.head}` is not offered"
        options = tuple(o for o in keyword.options if o.span != given.span)
        rest = unparse(replace(keyword, options=options))
        self.report("E113", message, given.span, f"without it, write {rest}")
        return False

    def _signal(self, flag: Flag) -> Reference:
        if flag.text in self.places:
            self.read.add(flag.text)
        return Reference(flag.text, flag.span)

    def _shape(self, keyword: Keyword, row: HeadThere, shape: Shape) -> Shape:
        n = len(shape.dims)
        if row.n_sizes and n not in row.n_sizes:
            counts = " or ".join(map(str, row.n_sizes))
            message = f"`{keyword.head}` of `{self.dialect.name}` takes a shape of {counts} sizes"
            signature = self.known[row.native_head].signature
            hint = f"natively, `{row.native_head}` takes {signature.describe_shape()}"
            self.report("E104", message, shape.span, hint)
        dims = [*shape.dims, *(Dim(size) for count, size in row.completes.items() if count == n)]
        order = row.orders.get(n, range(len(dims)))
        return Shape(tuple(dims[i] for i in order), shape.span)

    def _constant(self, row: HeadThere, options: list[Shape | Flag]) -> list[Flag]:
        """Give the option that a size of one more than the state's channels stands for."""
        shape = options[0] if options else None
        if not row.constant or self.n_states is None or not isinstance(shape, Shape):
            return []
        if shape.dims[0] != Dim(self.n_states + 1):
            return []
        options[0] = Shape((Dim(self.n_states), *shape.dims[1:]), shape.span)
        return [Flag(row.constant, shape.span)]

    def _report_flags(self, keyword: Keyword, row: HeadThere, faults: list[FlagFault]) -> None:
        name = self.dialect.name
        for fault in faults:
            flag = fault.flag
            without = tuple(o for o in keyword.options if o is not flag)
            rest = unparse(replace(keyword, options=without))
            word = clip(flag.text)
            if fault.reason:
                message = f"the option `{word}` of `{keyword.head}` is not offered: {fault.reason}"
                self.report("E113", message, flag.span, f"without it, write {rest}")
                continue
            message = f"`{keyword.head}` has no option `{word}` in `{name}`"
            known = [each.there for each in row.flags if "#" not in each.there]
            meant = []
            for near in suggest(flag.text, known):
                options = tuple(Flag(near) if o is flag else o for o in keyword.options)
                meant.append(unparse(replace(keyword, options=options)))
            hint = f"{ask(meant)} {usage_there(row)}".lstrip()
            self.report("E102", message, flag.span, hint)


def _as_bank(weights: Keyword, filters: Keyword) -> Keyword:
    """Let weights give a bank, where there are as many of them as filters with inputs of their own.

    There, input c of filter f is output f * n_inputs + c of the weights.
    """
    shapes = [
        next((o for o in k.options if isinstance(o, Shape)), None) for k in (weights, filters)
    ]
    if any(shape is None or None in shape.dims for shape in shapes):
        return weights
    into, out = [tuple(dim for dim in shape.dims if dim) for shape in shapes if shape is not None]
    if len(into) != 2 or len(out) != 3 or out[0].symbol or into[1].symbol != out[2].symbol:
        return weights
    # a symbol without a number is once the symbol
    n_inputs, n_filters, n_given = (dim.number or 1 for dim in (out[0], out[2], into[1]))
    if n_given != n_inputs * n_filters or n_inputs == 1 or out[2] == Dim(1):
        return weights
    assert shapes[0] is not None
    bank = Shape((into[0], out[0], out[2]), shapes[0].span)
    return replace(weights, options=(bank, *(o for o in weights.options if isinstance(o, Flag))))


def _whole(row: HeadThere, n_sizes: int, flags: set[str]) -> Whole | None:
    fitting = [whole for whole in row.wholes if len(whole.sizes) == n_sizes]
    chosen = [whole for whole in fitting if whole.flag in flags]
    return next(iter(chosen or [whole for whole in fitting if not whole.flag]), None)
