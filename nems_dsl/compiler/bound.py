"""The bound tree: every keyword known, every option read, every size complete.

Two strings that build the same model have equal bound trees, and so the same canonical form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..keywords import HasSignature, ShapeForm, Signature
from ..syntax import Dim, Flag, Keyword, Shape, Span, spell_number, write_keyword
from ..syntax.tree import NOWHERE, Reference
from .sizes import Size, Sizes, Symbolic

OptionValue = bool | int | float

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class BoundKeyword:
    """A keyword that was looked up, with its shape complete.

    Attributes
    ----------
    head : str
    sizes : tuple of (int, Symbolic or None)
        One per axis of the form; None for an axis that is absent.
    options : tuple of (str, value)
        Options that differ from their default, in the signature's order.
    name : str or None
        The name of the output, where the string gives one.
    inputs : tuple of str
        Signals that are read; empty for the previous keyword's output.
    takes, gives : tuple of sizes
        Sizes of the first input and of the output, the time axis left aside.
    also : tuple of sizes
        Sizes of further inputs.
    entry : object with a `signature`
        What declares the keyword: the class of the layer that it builds. It is kept, so that a
        tree goes on meaning the same when the keyword is declared anew.
    text : str
        The canonical form of head, shape and options.
    """

    head: str
    sizes: tuple[Size | None, ...]
    options: tuple[tuple[str, OptionValue], ...]
    name: str | None
    inputs: tuple[str, ...]
    entry: HasSignature = field(compare=False, repr=False)
    form: ShapeForm = field(compare=False, repr=False)
    takes: Sizes = field(compare=False, repr=False)
    also: tuple[Sizes, ...] = field(compare=False, repr=False)
    gives: Sizes = field(compare=False, repr=False)
    text: str = field(compare=False, repr=False)
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def signature(self) -> Signature:
        """What the language knows of the keyword."""
        return self.entry.signature

    @property
    def dims(self) -> dict[str, Size]:
        """Sizes by the name of the axis; axes that are absent are left out."""
        named = zip(self.form.axes, self.sizes, strict=True)
        return {**self.form.defaults, **{a: size for a, size in named if size is not None}}

    @property
    def written(self) -> Keyword:
        """The keyword as a tree that was never bound, in canonical form."""
        sizes, flags = _shown(self.signature, self.form, self.sizes, self.options)
        dims = tuple(None if size is None else _dim(size) for size in sizes)
        return Keyword(
            self.head,
            (*[Shape(dims)] * bool(dims), *map(Flag, flags)),
            None if self.name is None else Reference(self.name),
            tuple(map(Reference, self.inputs)),
        )

    @property
    def string(self) -> str:
        """The keyword in canonical form, with its name and its inputs."""
        if self.name is None and not self.inputs:
            return self.text
        return write_keyword(self.text, [], self.name, list(self.inputs))

    def resized(self, sizes: tuple[Size | None, ...]) -> BoundKeyword:
        """Give the same keyword with other sizes."""
        text = canonical_text(self.signature, self.form, sizes, self.options)
        return replace(self, sizes=sizes, text=text)

    def __str__(self) -> str:
        return self.string


@dataclass(frozen=True, slots=True)
class BoundModel:
    """A model string, read, checked and complete. Prints as its canonical form.

    Attributes
    ----------
    keywords : tuple of BoundKeyword
    source : str
        The string that messages point into.
    reads : tuple of (str, sizes)
        The signals of the data that keywords read, each with the sizes that it must have.
    is_open : bool
        Whether something is left for data to tell: a size of a symbol, or of a signal.

    Examples
    --------
    >>> from nems_dsl import parse
    >>> tree = parse("wc.18x4-fir.x15-dexp")
    >>> str(tree)
    'wc.18x4-fir.4x15-dexp.1'
    >>> tree == parse("wc.18x4-fir.4x15-dexp.1")
    True
    """

    keywords: tuple[BoundKeyword, ...]
    source: str = field(default="", compare=False, repr=False)
    reads: tuple[tuple[str, Sizes], ...] = field(default=(), compare=False, repr=False)
    is_open: bool = field(default=True, compare=False, repr=False)

    @property
    def string(self) -> str:
        """The canonical form.

        Raises
        ------
        ValueError
            A signal or an output has a name that no string can spell.
        """
        for keyword in self.keywords:
            for name in (*filter(None, [keyword.name]), *keyword.inputs):
                if not is_spellable(name):
                    raise ValueError(_unspellable(name, keyword))
        return self.text

    @property
    def text(self) -> str:
        """The canonical form, for people: names are shown that no string could spell."""
        return "-".join([keyword.string for keyword in self.keywords])

    @property
    def model_id(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the canonical form."""
        return model_id(self.string)

    @property
    def symbols(self) -> frozenset[str]:
        """Symbols that still stand for numbers: N, R, S."""
        sizes = (size for keyword in self.keywords for size in keyword.sizes)
        return frozenset(size.symbol for size in sizes if isinstance(size, Symbolic))

    @property
    def has_one_output(self) -> bool:
        """Whether the model predicts one channel, so that each of several needs its own."""
        return bool(self.keywords) and self.keywords[-1].gives == (1,)

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return len(self.keywords)

    def __iter__(self) -> Iterator[BoundKeyword]:
        return iter(self.keywords)

    def __copy__(self) -> BoundModel:
        return self

    def __deepcopy__(self, memo: object) -> BoundModel:
        # nothing in it changes
        return self


def is_spellable(name: str) -> bool:
    """Tell whether a string can spell the name of a signal or of an output."""
    return _NAME.fullmatch(name) is not None


def _unspellable(name: str, keyword: BoundKeyword) -> str:
    letters = re.sub("[^A-Za-z0-9]", "", name).lstrip("0123456789")
    such = f", such as {letters!r}" if letters else ""
    where = "output=" if name == keyword.name else "the data and in input="
    return (
        f"the model has no string: a string cannot spell the name {name!r}, which `{keyword.head}` "
        f"{'gives' if name == keyword.name else 'reads'}; names in strings are a letter, then "
        f"letters or digits. Everything else works without a string; to have one, choose another "
        f"name in {where}{such}"
    )


def model_id(canonical: str) -> str:
    """Give the digest of a canonical form: the same on every machine and Python."""
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:12]


def canonical_text(
    signature: Signature,
    form: ShapeForm,
    sizes: tuple[Size | None, ...],
    options: tuple[tuple[str, OptionValue], ...],
) -> str:
    """Write head, shape and options, with everything left out that is a default."""
    shown, flags = _shown(signature, form, sizes, options)
    shape = ["x".join([str(size) for size in shown])] if shown else []
    return ".".join([signature.head, *shape, *flags])


def _shown(
    signature: Signature,
    form: ShapeForm,
    sizes: tuple[Size | None, ...],
    options: tuple[tuple[str, OptionValue], ...],
) -> tuple[tuple[Size | None, ...], list[str]]:
    """Give the sizes and the options that the canonical form shows."""
    n_shown, defaults = len(sizes), form.defaults
    while n_shown > form.n_required and sizes[n_shown - 1] in (
        None,
        defaults.get(form.axes[n_shown - 1]),
    ):
        n_shown -= 1
    flags = []
    for name, value in options:
        declared = signature.option(name)
        is_plain = value is True or (declared is not None and value == declared.default)
        flags.append(name if is_plain else f"{name}{spell_number(value)}")
    return sizes[:n_shown], flags


def _dim(size: Size) -> Dim:
    if isinstance(size, int):
        return Dim(size)
    return Dim(None if size.factor == 1 else size.factor, size.symbol)
