"""What those who draw, describe, keep or start a model need to know of it."""

from __future__ import annotations

from typing import Any, Protocol, Self

from ..compiler import BoundModel
from ..fitting.results import FitResults
from ..preparation import Preparation
from .layer_list import LayerList


class ModelLike(Protocol):
    """A model as its neighbours see it; `Model` is one, and stands on them."""

    name: str | None
    results: FitResults | None
    preparation: Preparation | None
    _tree: BoundModel | None

    @property
    def has_later_results(self) -> bool:
        """Whether `results` have yet to be worked out."""

    @property
    def meta(self) -> dict[str, Any]:
        """Notes of the user's."""

    @property
    def layers(self) -> LayerList:
        """The layers."""

    @property
    def tree(self) -> BoundModel:
        """The bound tree of the string."""

    @property
    def string(self) -> str:
        """The canonical string."""

    @property
    def parameter_count(self) -> int:
        """Number of parameters that a fit can move."""

    @property
    def model_id(self) -> str:
        """The digest of the string."""

    def copy(self) -> Self:
        """Return an independent copy."""
