"""One variant of a model space: what it says, and how variants are read that share most of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..compiler import BoundModel, bind, build_layers, function_form, known_trees, parse
from ..errors import NemsError
from ..experiments.bind import BoundExperiment, plain_experiment
from ..experiments.strings import read_experiment
from ..syntax import Keyword, ModelStringError, Section, Text, read, unparse
from .expansion import Value

N_PARAMETERS = "n_parameters"
_MOST_KEPT = 50_000
_MOST_KEYWORDS = 500
# a hyphen between `e` and a digit is a part of a number; white space belongs to the others
_HYPHEN = re.compile(r"[ \t\r\n\f\v]*(?:-(?![0-9])|(?<!e)-)[ \t\r\n\f\v]*")


class Variant:
    """One variant of a model space.

    Attributes
    ----------
    number : int
        Its place in the space, from 0.
    string : str
        The model or experiment string as the pattern spells it.
    values : dict of str to str, int, float, bool or None
        Of the pattern's variables: a number where the alternative is written as one, the label
        where it has one, its text otherwise; True or False for an optional part; None for a
        variable that this variant does not have.
    """

    __slots__ = ("_bound", "_reader", "number", "string", "values")

    def __init__(self, reader: VariantReader, number: int, string: str, values: dict[str, Value]):
        self.number, self.string, self.values = number, string, values
        self._reader = reader
        self._bound: BoundExperiment | None = None

    @property
    def tree(self) -> BoundModel:
        """The bound tree of the string, of an experiment that of its model.

        Raises
        ------
        ModelStringError
            The variant is not a model; it points into the variant's own string.
        """
        return self._reader.read_anew(self.string).model

    @property
    def experiment(self) -> BoundExperiment:
        """What the string says of preparation and fit, too; raises as `tree` does."""
        return self._read()

    @property
    def canonical(self) -> str:
        """The canonical form of the string; raises as `tree` does."""
        return self._read().string

    @property
    def function(self) -> str:
        """What is computed and how it is fitted, written alike for all that do the same."""
        experiment = self._read()
        form = function_form(experiment.model)
        return form if experiment.is_plain else f"{form} {experiment.outer}"

    @property
    def symbols(self) -> frozenset[str]:
        """Symbols that still stand for numbers: N, R, S."""
        return self._read().model.symbols

    @property
    def model_id(self) -> str:
        """Twelve hexadecimal digits that stand for the canonical form."""
        return self._read().experiment_id

    @property
    def n_parameters(self) -> int:
        """How many numbers a fit can move.

        Raises
        ------
        ValueError
            The string leaves sizes open: give them to `expand`.
        """
        return self._reader.count_parameters(self._read().model)

    def _read(self) -> BoundExperiment:
        if self._bound is None:
            self._bound = self._reader.read(self.string)
        return self._bound

    def __repr__(self) -> str:
        return f"Variant({self.number}, {self.string!r}, {self.values})"


class VariantReader:
    """Reads model strings that resemble each other.

    Parameters
    ----------
    dialect : str
    values : mapping of str to int
        What the symbols N, R and S stand for, as far as is known.
    """

    def __init__(self, dialect: str, values: Mapping[str, int]):
        self.dialect = dialect
        self.values: dict[str, Any] = dict(values)
        self._keywords: dict[str, Keyword] = {}
        self._n_parameters: dict[str, int] = {}

    def read(self, string: str) -> BoundExperiment:
        """Give what `read_anew` gives, but for the keywords' spans; the tree is kept in mind.

        Raises
        ------
        ModelStringError
            The string is not a model, and no experiment.
        """
        if "_" in string:
            return self.read_anew(string)
        return plain_experiment(known_trees.keep(self._read(string)))

    def read_anew(self, string: str) -> BoundExperiment:
        """Read a model or an experiment."""
        return read_experiment(string, self.dialect, **self.values)

    def _read(self, string: str) -> BoundModel:
        keywords = self._keywords_of(string) if self.dialect == "native" else None
        if keywords is not None:
            try:
                return bind(Text((Section(keywords),), string), self.values)
            except ModelStringError:
                # it is raised again below, where each keyword knows its place in this string
                pass
        return parse(string, self.dialect, **self.values)

    def count_parameters(self, tree: BoundModel) -> int:
        """Give what `Model.parameter_count` gives, building each keyword once as it is written.

        Raises
        ------
        ValueError
            A size is open.
        """
        if tree.symbols:
            symbols = sorted(tree.symbols)
            raise ValueError(
                f"how many parameters {tree.string} has depends on {', '.join(symbols)}; "
                f"say how many: expand(..., {symbols[0]}=...)"
            )
        total = 0
        for keyword in tree:
            count = self._n_parameters.get(keyword.text)
            if count is None:
                (layer,) = build_layers(BoundModel((keyword,)))
                count = sum(p.size for p in layer.parameters.values() if not p.is_permanent)
                self._n_parameters[keyword.text] = count
            total += count
        return total

    def _keywords_of(self, string: str) -> tuple[Keyword, ...] | None:
        """Give the keywords, or None where the string must be read as a whole."""
        pieces = _HYPHEN.split(string)
        if len(pieces) > _MOST_KEYWORDS or "" in pieces:
            return None
        unknown = {piece for piece in pieces if piece not in self._keywords}
        # of several keywords that are new, each would cost as much as the whole string
        text = string if len(unknown) > 1 else "".join(unknown)
        if text:
            try:
                (section,) = read(text).sections
            except ValueError:
                # a fault, or an experiment
                return None
            read_as = pieces if len(unknown) > 1 else [text]
            if list(map(unparse, section.keywords)) != read_as:
                # options that are written otherwise than they are read
                return None
            if len(self._keywords) >= _MOST_KEPT:
                self._keywords.clear()
                return None
            self._keywords.update(zip(read_as, section.keywords, strict=True))
        return tuple([self._keywords[piece] for piece in pieces])


class IllFormed(NemsError):
    """Carries the fault of a variant through a predicate of the user's."""

    def __init__(self, fault: ModelStringError):
        self.fault = fault


class Facts(Mapping[str, Any]):
    """The values of a variant's variables, and the number of its parameters if that is asked for.

    Parameters
    ----------
    variant : Variant
    """

    def __init__(self, variant: Variant):
        self._variant = variant

    def __getitem__(self, name: str) -> Any:
        if name == N_PARAMETERS:
            return self._n_parameters()
        if name not in self._variant.values:
            raise KeyError(f"no variable {name!r}; there is {', '.join(self)}")
        return self._variant.values[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._variant.values, N_PARAMETERS))

    def __len__(self) -> int:
        return len(self._variant.values) + 1

    def _n_parameters(self) -> int:
        try:
            self._variant.canonical  # noqa: B018 - its faults are known here to be its own
        except ModelStringError as fault:
            raise IllFormed(fault) from None
        return self._variant.n_parameters
