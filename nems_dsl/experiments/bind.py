"""From an experiment string to a bound experiment: words looked up, checked, in canonical order."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..compiler import BoundModel, known_trees
from ..compiler.bind import bind
from ..compiler.catalogue import catalogue
from ..compiler.dialects.oldest import refuse_oldest
from ..compiler.options import bind_options
from ..fit_options import FitOptions
from ..keywords import Signature
from ..preparation import Step, prep_words
from ..suggestions import ask, suggest
from ..syntax import Diagnostic, Flag, Keyword, ModelStringError, Section, Text, clip, read, unparse
from .fit_words import fit_words, write_options, write_word
from .split_words import SYNONYMS, split_words

if TYPE_CHECKING:
    from ..studies.design import Design

_NUMBERED = re.compile(r"([A-Za-z][A-Za-z0-9]*?)([0-9]+)")
PREP, MODEL, FIT = "preparation", "model", "fit"


@dataclass(frozen=True)
class BoundWord:
    """A word of preparation or of the fit, with what it is given.

    Attributes
    ----------
    signature : Signature
    given : dict
        Sizes and options by name.
    string : str
        Canonical.
    """

    signature: Signature
    given: dict[str, Any]
    string: str


@dataclass(frozen=True)
class BoundExperiment:
    """One result's identity: how data are prepared and split, the model, and how it is fitted.

    It prints as the canonical form; a model alone is what default preparation and fit leave of it.

    Attributes
    ----------
    prep : tuple of BoundWord
        Steps, in the order in which they are taken.
    split : BoundWord
    model : BoundModel
    options : FitOptions
    source : str
        As it was written.
    foreign : (loader, fitter) or None
        The outer sections of a string of another program, as they were written.
    """

    prep: tuple[BoundWord, ...]
    split: BoundWord
    model: BoundModel
    options: FitOptions
    source: str = ""
    foreign: tuple[str, ...] | None = None

    @property
    def string(self) -> str:
        """The canonical form."""
        if self.is_plain:
            return self.model.string
        prep, fit = self.outer.split("_")
        return f"{prep}_{self.model.string}_{fit}"

    @property
    def outer(self) -> str:
        """The canonical form without the model: ``preparation_fit``."""
        prep = [word.string for word in self.prep]
        if self.split.string != _default_split().string:
            prep.append(self.split.string)
        return f"{'-'.join(prep)}_{write_options(self.options)}"

    @property
    def is_plain(self) -> bool:
        """Whether preparation, split and fit are those of a model alone."""
        return self.outer == "_"

    @property
    def experiment_id(self) -> str:
        """Twelve hexadecimal digits that stand for the canonical form, as a key."""
        return sha256(self.string.encode()).hexdigest()[:12]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of preparation, without what they estimate."""
        return tuple(Step(word.string, word.signature.head, word.given) for word in self.prep)

    @property
    def method(self) -> str:
        """How folds are scored: ``pooled`` or ``kfold``."""
        return "kfold" if self.split.given.get("each") else "pooled"

    def design(self, groups: Sequence[Hashable] | None = None) -> Design:
        """How data are split."""
        return split_words[self.split.signature.head].design(self.split.given, groups)

    def __str__(self) -> str:
        return self.string

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BoundExperiment):
            return NotImplemented
        return self.string == other.string

    def __hash__(self) -> int:
        return hash(self.string)


def known_experiment(canonical: str) -> BoundExperiment:
    """Give the experiment of a canonical string; each is read once."""
    if "_" not in canonical:
        return plain_experiment(known_trees.of(canonical))
    return _known(canonical, catalogue().version)


@lru_cache(maxsize=4096)
def _known(canonical: str, version: int) -> BoundExperiment:
    return parse_experiment(canonical)


def plain_experiment(model: BoundModel) -> BoundExperiment:
    """Give the experiment that a model alone stands for."""
    return BoundExperiment((), _default_split(), model, FitOptions(), model.source)


def parse_experiment(string: str, **sizes: int) -> BoundExperiment:
    """Read an experiment string, or a model alone, which has default preparation and fit.

    Parameters
    ----------
    string : str
    **sizes
        N, R, S where the string leaves them open.

    Raises
    ------
    ModelStringError
        With every fault of the three sections.

    Examples
    --------
    >>> print(parse_experiment("zs - jk10 _ wc.18x4-fir.x15-dexp _ seed0-start.n5"))
    zs-kf10_wc.18x4-fir.4x15-dexp.1_start.n5
    """
    refuse_oldest(string)
    text = read(string)
    if len(text.sections) == 1:
        return plain_experiment(bind(text, sizes))
    binder = _Binder(text.source)
    prep, split = binder.preparation(text.sections[0])
    options = binder.fit(text.sections[2])
    model = binder.model(text.sections[1], sizes)
    if binder.faults:
        raise ModelStringError(text.source, binder.faults)
    assert model is not None
    return BoundExperiment(tuple(prep), split or _default_split(), model, options, string)


def _default_split() -> BoundWord:
    signature = split_words["est"].signature
    return BoundWord(signature, {"est": 80}, "est80")


class _Binder:
    """Binds the words of the outer sections, and goes on after a fault to find the next."""

    def __init__(self, source: str):
        self.source = source
        self.faults: list[Diagnostic] = []

    def preparation(self, section: Section) -> tuple[list[BoundWord], BoundWord | None]:
        """Bind the first section: steps, and at most one way to split."""
        signatures = _preparation_signatures()
        words: list[BoundWord] = []
        splits: list[tuple[Keyword, BoundWord]] = []
        for keyword in section.keywords:
            word = self._word(keyword, signatures, PREP)
            if word is None:
                continue
            if word.signature.head in split_words:
                splits.append((keyword, word))
            else:
                words.append(word)
        for keyword, word in splits[1:]:
            first = splits[0][1].string
            message = f"`{word.string}` is a second way to split the data, after `{first}`"
            self._report("E603", message, keyword, f"leave out one of {first} and {word.string}")
        return words, splits[0][1] if splits else None

    def fit(self, section: Section) -> FitOptions:
        """Bind the third section."""
        signatures = _fit_signatures()
        options: dict[str, Any] = {}
        said: dict[str, str] = {}
        for keyword in section.keywords:
            word = self._word(keyword, signatures, FIT)
            if word is None:
                continue
            declared = fit_words[word.signature.head]
            again = next((name for name in declared.gives if name in said), None)
            if again is not None:
                message = f"`{word.string}` says again what `{said[again]}` says: {again}"
                hint = f"leave out one of {said[again]} and {word.string}"
                self._report("E603", message, keyword, hint)
                continue
            said.update(dict.fromkeys(declared.gives, word.string))
            options.update(declared.read(word.given))
        return FitOptions(**options)

    def model(self, section: Section, sizes: Mapping[str, int]) -> BoundModel | None:
        """Bind the second section."""
        try:
            return bind(Text((section,), self.source), dict(sizes))
        except ModelStringError as fault:
            self.faults += fault.diagnostics
        return None

    def _report(self, code: str, message: str, keyword: Keyword, hint: str) -> None:
        self.faults.append(Diagnostic(code, message, keyword.span, hint))

    def _word(
        self, keyword: Keyword, signatures: Mapping[str, Signature], where: str
    ) -> BoundWord | None:
        if keyword.name is not None or keyword.inputs:
            message = "words of preparation and of the fit have no names and no inputs"
            bare = unparse(replace(keyword, name=None, inputs=()))
            self._report("E604", message, keyword, f"write {bare}")
            return None
        found = _find(keyword, signatures)
        if found is None:
            self._unknown(keyword, signatures, where)
            return None
        signature, options = found
        bound, faults = bind_options(signature, options)
        is_glued = len(options) > len(keyword.options)
        for fault in faults:
            place = None if fault.place is None else fault.place - is_glued
            at = keyword.options[place].span if place is not None and place >= 0 else None
            hint = fault.hint
            for number, text in enumerate(fault.proposals, 1):
                hint = hint.replace(f"%{number}", _unglued(signature, text))
            self.faults.append(Diagnostic(fault.code, fault.message, at or keyword.head_span, hint))
        if bound is None:
            return None
        given: dict[str, Any] = {
            axis: size
            for axis, size in zip(bound.form.axes, bound.sizes, strict=True)
            if size is not None
        }
        shape = "x".join(str(given[axis]) for axis in bound.form.axes if axis in given)
        plain = bound.form.defaults
        if given and all(plain.get(axis) == size for axis, size in given.items()):
            shape = ""
        given.update(bound.options)
        head = signature.option(signature.head)
        if head is not None and head.name not in given:
            given[head.name] = head.default
        text = write_word(signature, given)
        if shape:
            first, *rest = text.split(".")
            text = ".".join([first, shape, *rest])
        return BoundWord(signature, given, text)

    def _unknown(self, keyword: Keyword, signatures: Mapping[str, Signature], where: str) -> None:
        head = keyword.head
        elsewhere = {PREP: _preparation_signatures(), FIT: _fit_signatures()}
        for section, others in elsewhere.items():
            if section != where and _find(keyword, others) is not None:
                message = f"`{clip(head)}` is a word of the {section}, and not of the {where}"
                hint = "write it in the first section" if section == PREP else "write it at the end"
                self._report("E602", message, keyword, f"{hint}: {_placed(keyword, section)}")
                return
        if head in catalogue():
            message = f"`{head}` is a keyword of models, and not a word of the {where}"
            self._report("E602", message, keyword, "write it in the second section, the model")
            return
        near = suggest(head, list(signatures))
        told = "; ".join(f"`{name}` {signatures[name].summary}" for name in near)
        hint = f"{ask(near)} ({told})" if near else f"there are {', '.join(signatures)}"
        self._report("E601", f"no word `{clip(head)}` of the {where}", keyword, hint)


def _preparation_signatures() -> dict[str, Signature]:
    steps = {head: word.signature for head, word in prep_words.items()}
    return {**steps, **{head: word.signature for head, word in split_words.items()}}


def _fit_signatures() -> dict[str, Signature]:
    return {head: word.signature for head, word in fit_words.items()}


def _placed(keyword: Keyword, section: str) -> str:
    text = unparse(keyword)
    return f"{text}_wc.18x1-lvl.1_" if section == PREP else f"_wc.18x1-lvl.1_{text}"


def _find(
    keyword: Keyword, signatures: Mapping[str, Signature]
) -> tuple[Signature, tuple[Any, ...]] | None:
    """Find the word of a head, which may end in its number: ``kf10``."""
    head = SYNONYMS.get(keyword.head, keyword.head)
    signature = signatures.get(head)
    if signature is not None:
        if signature.option(head) is None:
            return signature, keyword.options
        return signature, (Flag(head, keyword.head_span), *keyword.options)
    match = _NUMBERED.fullmatch(keyword.head)
    if match is None:
        return None
    stem = SYNONYMS.get(match[1], match[1])
    signature = signatures.get(stem)
    if signature is None or signature.option(stem) is None:
        return None
    return signature, (Flag(f"{stem}{match[2]}", keyword.head_span), *keyword.options)


def _unglued(signature: Signature, text: str) -> str:
    """Write a proposal whose head's number stands as an option as it is written."""
    head = signature.head
    return text.removeprefix(f"{head}.") if text.startswith(f"{head}.{head}") else text
