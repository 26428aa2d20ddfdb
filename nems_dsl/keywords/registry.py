"""Which keywords there are, and what each of them builds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar

from .signature import FROM_DATA, Option, Signature

_READS_AS_SHAPE = re.compile(r"(x([0-9]+[A-Z]?|[A-Z]))+")


class HasSignature(Protocol):
    """Anything that declares a keyword: in this package, a class of layers."""

    signature: Signature

    def parameter_shapes(
        self, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> Mapping[str, tuple[int, ...]]:
        """Give the shape of each parameter, without making any."""


T = TypeVar("T", bound=HasSignature)


class Registry(Mapping[str, HasSignature]):
    """Keywords by head.

    Examples
    --------
    >>> from nems_dsl.keywords import registry
    >>> isinstance(registry, Registry)
    True
    """

    def __init__(self) -> None:
        self._entries: dict[str, HasSignature] = {}
        self._spellings: dict[str, str] = {}
        self.version = 0

    def register(self, entry: T, replace: bool = False) -> T:
        """Add a keyword; usable as a decorator of the class that declares it.

        A class that is defined again, as when a notebook's cell is run again, takes the place of
        what it was before: it has the same name in the same module, or both are in ``__main__``.
        Models that were built before go on as they are.

        Parameters
        ----------
        entry : object with a `signature`
            What the keyword builds.
        replace : bool
            Take the place of a keyword of the same head.

        Raises
        ------
        ValueError
            Another class has the head, or the signature contradicts itself.
        """
        signature = entry.signature
        check_signature(signature)
        taken = self._entries.get(signature.head)
        if taken is not None and not (replace or _is_defined_again(taken, entry)):
            raise ValueError(
                f"the keyword `{signature.head}` exists already: {_place(taken)} declares it, and "
                f"now {_place(entry)} does; choose another head, or pass replace=True to take its "
                "place"
            )
        self._entries[signature.head] = entry
        self._spellings |= dict.fromkeys(signature.spellings, signature.head)
        self.version += 1
        return entry

    def __getitem__(self, head: str) -> HasSignature:
        entry = self._entries.get(head)
        return self._entries[self._spellings[head]] if entry is None else entry

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def _is_defined_again(old: object, new: object) -> bool:
    """Tell whether a class was made by the same lines as another, or in the same session."""
    modules = _module(old), _module(new)
    return modules[0] == modules[1] and (modules[0] == "__main__" or _name(old) == _name(new))


def _module(entry: object) -> str:
    return str(getattr(entry, "__module__", ""))


def _name(entry: object) -> str:
    return str(getattr(entry, "__qualname__", repr(entry)))


def _place(entry: object) -> str:
    return f"{_module(entry)}.{_name(entry)}"


def check_signature(signature: Signature) -> None:
    """Refuse a signature that no string could be bound to without doubt.

    Raises
    ------
    ValueError
        Names what is wrong.
    """
    head = signature.head
    names = [option.name for option in signature.options] + list(signature.synonyms)
    for word in [head, *names]:
        if not (word.isascii() and word.isalnum() and word[:1].isalpha()):
            raise ValueError(f"`{word}` is not a letter followed by letters or digits")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"`{head}` declares the option `{name}` twice")
        if (len(name) == 1 and name.isupper()) or _READS_AS_SHAPE.fullmatch(name):
            raise ValueError(f"`{head}` cannot have an option `{name}`: it would read as a shape")
    for synonym, meaning in signature.synonyms.items():
        for name in meaning:
            if signature.option(name) is None:
                raise ValueError(f"`{head}`: `{synonym}` stands for an unknown option `{name}`")
    for option in signature.options:
        _check_option(signature, option)
    _check_shapes(signature)


def _check_option(signature: Signature, option: Option) -> None:
    where = f"the option `{option.name}` of `{signature.head}`"
    for other in option.excludes:
        if signature.option(other) is None or other == option.name:
            raise ValueError(f"{where} cannot exclude `{other}`")
    if option.number is None:
        if option.default is not None:
            raise ValueError(f"{where} takes no number, so it has no default")
        return
    if option.minimum < 0 or option.minimum > option.maximum:
        raise ValueError(f"{where} needs bounds of 0 or above that do not cross")
    is_number = option.default is not None and option.default != FROM_DATA
    if is_number and not option.minimum <= option.default <= option.maximum:  # type: ignore[operator]
        raise ValueError(f"{where} has a default outside its bounds")


def _check_shapes(signature: Signature) -> None:
    head = signature.head
    if not signature.forms or not (signature.flows or signature.join):
        raise ValueError(f"`{head}` needs at least one shape form and one flow, or a join")
    for form in signature.forms:
        if len(set(form.axes)) != len(form.axes) or not 0 <= form.n_required <= len(form.axes):
            raise ValueError(f"`{head}` declares a shape that cannot be: {form.axes}")
        unknown = {*form.defaults, *form.inferred} - set(form.axes)
        for form_of_defaults in signature.forms:
            unknown -= set(form_of_defaults.axes)
        for flow in signature.flows:
            # an output, or a further input, may have a size of its own that no shape tells
            elsewhere = {*flow.gives, *(axis for axes in flow.also for axis in axes)}
            unknown -= elsewhere & set(form.defaults)
        if unknown:
            raise ValueError(f"`{head}` says something of an axis it lacks: {min(unknown)}")
    least, most = signature.n_inputs
    if not 1 <= least <= most:
        raise ValueError(f"`{head}` cannot read {least} to {most} signals")


registry = Registry()
