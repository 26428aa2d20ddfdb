"""Model spaces: one pattern, and the finite, ordered set of models that it stands for."""

from __future__ import annotations

import math
import operator
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._html import heading, notes, table
from ..compiler import check_dialect, read_sizes
from ..errors import NemsWarning
from ..syntax import LONGEST_STRING, Diagnostic, ModelStringError, Span, read_space
from ..syntax.space_tree import Alternatives, Literal, Pattern
from .condition import read_condition
from .expansion import Draft, Value, check_names, name_variables, place_in_pattern, plan, walk
from .tally import Merge, SpaceFault, Tally
from .variant import N_PARAMETERS, Facts, IllFormed, Variant, VariantReader

Where = Callable[[Mapping[str, Any]], Any]

MOST_VARIANTS = 1_000_000
_MOST_SHOWN = 20


class SpaceWarning(NemsWarning):
    """Some variants of a space are not models."""


class Space:
    """A model space: the models that a pattern stands for, in order.

    Made by `expand`. Iterating gives the *models*: variants that `where` keeps, that are well
    formed, and of those that share a canonical form the first. Nothing is held in memory but a
    digest of each canonical form. ``len(space)`` and ``space[i]`` are about the *variants* that
    the pattern spells, before any of that; neither enumerates them.

    Attributes
    ----------
    pattern : str
    dialect : str
    variables : tuple of str
        From left to right; those without a name of their own are v1, v2, ...
    named : tuple of str
        Those that the pattern names.
    """

    def __init__(
        self,
        tree: Pattern,
        where: Where | str | None,
        dialect: str,
        limit: int | None,
        sizes: dict[str, int],
    ):
        self.pattern, self.dialect = tree.source, dialect
        names = name_variables(tree)
        check_names(tree, names)
        self.variables = tuple(dict.fromkeys(names.values()))
        self._nodes = list(walk(tree.body))
        given = (node.name for node in self._nodes if isinstance(node, Alternatives))
        self.named = tuple(dict.fromkeys(name for name in given if name is not None))
        self._groups = [node.span for node in self._nodes if not isinstance(node, Literal)]
        self._plan = plan(tree, names)
        self._absent: dict[str, Value] = dict.fromkeys(self.variables)
        self._check_size(limit)
        if isinstance(where, str):
            where = read_condition(where, [*self.variables, N_PARAMETERS])
        self._where = where
        self.reader = VariantReader(dialect, sizes)
        self._tally: Tally | None = None

    def __len__(self) -> int:
        return self._plan.count

    @property
    def n_variants(self) -> int:
        """How many variants the pattern spells, however many: `len` ends at 2**63."""
        return self._plan.count

    def __getitem__(self, number: int) -> Variant:
        n_variants, number = self._plan.count, operator.index(number)
        place = number + n_variants if number < 0 else number
        if not 0 <= place < n_variants:
            raise IndexError(f"no variant {number}; the space has {_count(n_variants)}")
        draft = self._draft(place)
        return Variant(self.reader, place, draft.string, draft.values)

    def models(self) -> Iterator[Variant]:
        """Give what iterating gives, and leave it to the caller to look at `faults`."""
        return self._walk(Tally())

    def __iter__(self) -> Iterator[Variant]:
        yield from self.models()
        tally = self._whole()
        if tally.faults and not tally.n_models:
            raise ModelStringError(self.pattern, tally.diagnostics(self.n_variants))
        if tally.faults:
            message = (
                f"{tally.n_faulty:,} of {self.n_variants:,} variants are not models, and are left "
                "out; Space.error says why"
            )
            warnings.warn(message, SpaceWarning, stacklevel=2)

    def __repr__(self) -> str:
        return f"<Space {self.pattern!r}: {_count(self.n_variants)} variants>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the first variants, for a walk through all may be long."""
        shown = [self[number] for number in range(min(self.n_variants, _MOST_SHOWN))]
        rows = [
            (v.number, v.string, *(_spelled(v.values[name]) for name in self.variables))
            for v in shown
        ]
        more = self.n_variants - len(shown)
        return (
            heading(self.pattern, f"{_count(self.n_variants)} variants")
            + table(["", "string", *self.variables], rows)
            + notes([f"{_count(more)} more"] if more else [])
        )

    # ---- what a walk through all variants finds ----------------------------------------------

    @property
    def n_models(self) -> int:
        """How many different models there are, after `where`; enumerates the space once."""
        return self._whole().n_models

    @property
    def n_excluded(self) -> int:
        """How many variants `where` leaves out."""
        return self._whole().n_excluded

    @property
    def n_faulty(self) -> int:
        """How many variants are not models."""
        return self._whole().n_faulty

    @property
    def n_merged(self) -> int:
        """How many variants are the same model as one before them."""
        return sum(map(len, self._whole().doubles.values()))

    @property
    def merged(self) -> tuple[Merge, ...]:
        """Variants that compute the same, in the order of the first of each.

        Their canonical forms are one; or they differ in names of inner signals, in the order of
        branches that commute, or in keywords that say the same.
        """
        doubles = self._whole().doubles
        return tuple(
            Merge(self[first].canonical, tuple(self[n].string for n in (first, *doubles[first])))
            for first in sorted(doubles)
        )

    @property
    def faults(self) -> tuple[SpaceFault, ...]:
        """What is wrong with the variants that are not models, each fault once."""
        return tuple(self._whole().faults.values())

    @property
    def error(self) -> ModelStringError | None:
        """All of `faults` as one error that points into the pattern; None if there are none."""
        tally = self._whole()
        if not tally.faults:
            return None
        return ModelStringError(self.pattern, tally.diagnostics(self.n_variants))

    # ---- inside ------------------------------------------------------------------------------

    def _whole(self) -> Tally:
        if self._tally is None:
            deque(self.models(), maxlen=0)
        assert self._tally is not None
        return self._tally

    def _walk(self, tally: Tally) -> Iterator[Variant]:
        """Give the models one after the other; keep the counts once all were given."""
        for number in range(self.n_variants):
            variant = self[number]
            try:
                if self._where is not None and not self._where(Facts(variant)):
                    tally.n_excluded += 1
                    continue
                try:
                    variant.canonical  # noqa: B018 - asked for its faults
                    function = variant.function
                except ModelStringError as fault:
                    raise IllFormed(fault) from None
            except IllFormed as found:
                self._note(tally, variant, found.fault)
                continue
            if tally.is_new(number, function):
                yield variant
        tally.close()
        self._tally = tally

    def _note(self, tally: Tally, variant: Variant, error: ModelStringError) -> None:
        """Count the faults of a variant, each where it stands in the pattern."""
        pieces = self._draft(variant.number).pieces
        length = len(self.pattern)
        moved = []
        for fault in error.diagnostics:
            span = Span(0, length)
            if error.string == variant.string:
                span = place_in_pattern(fault.span, pieces, self._groups, length)
            moved.append(replace(fault, span=span))
        tally.note(variant.string, moved)

    def _draft(self, number: int) -> Draft:
        draft = Draft(self._absent.copy())
        self._plan.write(number, draft)
        return draft

    def _check_size(self, limit: int | None) -> None:
        longest = self._plan.longest({})
        whole = Span(0, 1)
        if longest > LONGEST_STRING:
            message = f"some variants have more than {LONGEST_STRING:,} characters"
            hint = "use fewer variables whose values are long"
            raise ModelStringError(self.pattern, [Diagnostic("E011", message, whole, hint)])
        if limit is None or self.n_variants <= limit:
            return
        message = f"{_count(self.n_variants)} variants; more than {limit:,} are refused"
        hint = "narrow a range, or leave out alternatives; or allow more by limit= (--limit)"
        raise ModelStringError(self.pattern, [Diagnostic("E507", message, whole, hint)])


def expand(
    pattern: str,
    *,
    where: Where | str | None = None,
    dialect: str = "native",
    limit: int | None = MOST_VARIANTS,
    N: int | None = None,
    R: int | None = None,
    S: int | None = None,
) -> Space:
    """Read a model space.

    Parameters
    ----------
    pattern : str
        A model string with alternatives (``{1,2,4}``), ranges (``{1..4}``), linked variables
        (``{r=1..4} ... {r}``), labels (``{stp=no:,yes:-stp.4}``) and optional parts (``[-stp.4]``).
    where : callable or str, optional
        Which variants to keep: a predicate of a mapping from the names of the variables, and
        ``n_parameters``, to their values; or a condition such as ``"r < 3 and nl != 'relu'"``.
    dialect : str
        The language that the variants are written in.
    limit : int or None
        How many variants are allowed; None for any number.
    N, R, S : int, optional
        Numbers of input, response and state channels, for symbols in the variants.

    Returns
    -------
    Space
        Iterable of `Variant`; nothing is expanded before it is asked for.

    Raises
    ------
    ModelStringError
        The pattern cannot be read, spells more than `limit` variants, or variants of more than
        10,000 characters; or `where` is text that is no condition. That some variants are not
        models is not raised here: see `Space.error`.
    TypeError, ValueError
        `where`, `dialect`, or `limit` is not what it should be.

    Examples
    --------
    >>> from nems_dsl import expand
    >>> space = expand("wc.18x{r=1..3}-fir.{r}x15[-dexp]", where=lambda v: v["r"] > 1)
    >>> len(space)
    6
    >>> for variant in space:
    ...     print(variant.canonical, variant.values, variant.n_parameters)
    wc.18x2-fir.2x15 {'r': 2, 'v1': False} 66
    wc.18x2-fir.2x15-dexp.1 {'r': 2, 'v1': True} 70
    wc.18x3-fir.3x15 {'r': 3, 'v1': False} 99
    wc.18x3-fir.3x15-dexp.1 {'r': 3, 'v1': True} 103
    """
    check_dialect(dialect)
    if where is not None and not isinstance(where, str) and not callable(where):
        raise TypeError(f"where is a function or a condition as text, not {where!r}")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise TypeError(f"limit is a whole number or None, not {limit!r}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit is at least 1, not {limit}")
    # numbers of channels that are none are refused here, and not as a fault of each variant
    sizes = read_sizes(N=N, R=R, S=S)
    return Space(read_space(pattern), where, dialect, limit, sizes)


def _count(number: int) -> str:
    """Write a number of variants, which may be astronomically large."""
    if number <= sys.maxsize:
        return f"{number:,}"
    return f"about 10^{math.log10(number):.0f}"


def _spelled(value: Value) -> str:
    return "absent" if value is None else str(value)
