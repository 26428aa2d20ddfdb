"""What a predicate is told of a variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import NemsError
from ..syntax import ModelStringError

if TYPE_CHECKING:
    from .space import Variant

N_PARAMETERS = "n_parameters"


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
