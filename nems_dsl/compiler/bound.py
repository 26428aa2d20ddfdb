"""The bound tree: every keyword known, every option read, every size complete.

Two strings that build the same model have equal bound trees, and so the same canonical form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..keywords import ShapeForm, Signature
from ..syntax import Span, spell_number, write_keyword
from ..syntax.tree import NOWHERE
from .sizes import Size, Sizes, Symbolic

OptionValue = bool | int | float


@dataclass(frozen=True, slots=True)
class BoundKeyword:
    """A keyword with its signature looked up and its shape complete.

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
    text : str
        The canonical form of head, shape and options.
    """

    head: str
    sizes: tuple[Size | None, ...]
    options: tuple[tuple[str, OptionValue], ...]
    name: str | None
    inputs: tuple[str, ...]
    signature: Signature = field(compare=False, repr=False)
    form: ShapeForm = field(compare=False, repr=False)
    takes: Sizes = field(compare=False, repr=False)
    also: tuple[Sizes, ...] = field(compare=False, repr=False)
    gives: Sizes = field(compare=False, repr=False)
    text: str = field(compare=False, repr=False)
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def dims(self) -> dict[str, Size]:
        """Sizes by the name of the axis; axes that are absent are left out."""
        named = zip(self.form.axes, self.sizes, strict=True)
        return {**self.form.defaults, **{a: size for a, size in named if size is not None}}

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

    @property
    def string(self) -> str:
        """The canonical form."""
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
        return self.string

    def __len__(self) -> int:
        return len(self.keywords)

    def __iter__(self) -> Iterator[BoundKeyword]:
        return iter(self.keywords)


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
    n_shown, defaults = len(sizes), form.defaults
    while n_shown > form.n_required and sizes[n_shown - 1] in (
        None,
        defaults.get(form.axes[n_shown - 1]),
    ):
        n_shown -= 1
    parts = [signature.head]
    if n_shown:
        parts.append("x".join([str(size) for size in sizes[:n_shown]]))
    for name, value in options:
        declared = signature.option(name)
        if value is True or (declared is not None and value == declared.default):
            parts.append(name)
        else:
            parts.append(f"{name}{spell_number(value)}")
    return ".".join(parts)
