"""What is made when it is asked for: results of fits, and models of sets with very many."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .model_like import ModelLike

if TYPE_CHECKING:
    from ..fitting.results import FitResults

Made = TypeVar("Made")
M = TypeVar("M", bound=ModelLike)


class LaterResults:
    """How a fit went, where its parameters are known and the rest is worked out when it is read.

    Copies of a model share it. A pickle has the results.

    Parameters
    ----------
    make : callable
        Gives the results.
    edges : str
        Of the fit.
    """

    def __init__(self, make: Callable[[], FitResults], edges: str):
        self._make: Callable[[], FitResults] | None = make
        self.edges = edges
        self._made: FitResults | None = None
        self._lock = threading.Lock()

    def get(self) -> FitResults:
        """Give the results, which are made at the first call."""
        with self._lock:
            if self._made is None:
                assert self._make is not None
                # the data of the fit are needed no longer
                self._made, self._make = self._make(), None
        return self._made

    def __deepcopy__(self, memo: dict[int, Any]) -> LaterResults:
        return self

    def __reduce__(self) -> tuple[Callable[[FitResults], FitResults], tuple[FitResults]]:
        return _same, (self.get(),)


def _same(made: Made) -> Made:
    return made


class LaterModels(Sequence[M]):
    """Fitted models, each made when it is first asked for, and then kept.

    Parameters
    ----------
    n : int
        How many.
    make : callable
        Gives the model of a number.
    made : mapping of int to Model
        Those that there are.
    """

    def __init__(self, n: int, make: Callable[[int], M], made: Mapping[int, M]):
        self._n, self._make, self._made = n, make, dict(made)
        self._lock = threading.Lock()

    @property
    def n_converged(self) -> int:
        """How many fits have; those that are made later solve a linear problem, and have."""
        results = [model.results for model in self._made.values() if not model.has_later_results]
        return self._n - sum(each is None or not each.converged for each in results)

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, which: int) -> M: ...
    @overload
    def __getitem__(self, which: slice) -> list[M]: ...
    def __getitem__(self, which: int | slice) -> M | list[M]:
        if isinstance(which, slice):
            return [self[number] for number in range(*which.indices(self._n))]
        number = range(self._n)[which]
        with self._lock:
            if number not in self._made:
                self._made[number] = self._make(number)
            return self._made[number]

    def __iter__(self) -> Iterator[M]:
        return (self[number] for number in range(self._n))

    def __reduce__(self) -> tuple[type[tuple[Any, ...]], tuple[list[M]]]:
        return tuple, (list(self),)
